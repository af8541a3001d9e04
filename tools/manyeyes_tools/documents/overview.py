"""What a reference begins with: what the code is for and how it is used, in the words of its README."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.examples import Example, check_example, plain_example

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

    from manyeyes_tools.documents.symbols import Module

_PARAGRAPHS: Final = 3
_EXAMPLES: Final = 3
_LINES: Final = 60
"""A longer example is a program, and stays in the README."""
_CHARACTERS: Final = 1_200
_WORDS: Final = 4
"""A paragraph of fewer words is a row of badges or of links."""
_LANGUAGES: Final = {
    "py": "python", "python3": "python", "pycon": "python", "js": "javascript", "jsx": "javascript",
    "mjs": "javascript", "ts": "typescript", "tsx": "typescript", "golang": "go", "rs": "rust", "kt": "kotlin",
    "rb": "ruby", "c++": "cpp", "cs": "csharp",
}  # fmt: skip
_SCRIPTS: Final = frozenset({"javascript", "typescript"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The beginning of a reference.

    Attributes:
        title: What the code is called; empty when its modules have no common name.
        about: Paragraphs of the README, as plain text with code spans.
        usage: Examples of the README that parse and agree with the signatures, each with its language.
        source: The README.
    """

    title: str = ""
    about: tuple[str, ...] = ()
    usage: tuple[tuple[str, str], ...] = ()
    source: str = ""


def readme(guides: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """The README among Markdown files given by path and text, the one nearest to the root."""
    found = [(path, text) for path, text in guides if path.rpartition("/")[2].partition(".")[0].casefold() == "readme"]
    return min(found, key=lambda one: (one[0].count("/"), one[0]), default=None)


def overview(modules: Sequence[Module], guides: Sequence[tuple[str, str]] = ()) -> Overview:
    """What the README among the guides says of the code; nothing but a title where there is none."""
    title = _common_name(modules)
    found = readme(guides)
    if found is None:
        return Overview(title=title)
    from markdown_it import MarkdownIt

    path, text = found
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    about = tuple(_paragraphs(tokens))
    usage = tuple(_examples(tokens, modules))
    return Overview(title=title or _heading(tokens), about=about, usage=usage, source=path if about or usage else "")


def _common_name(modules: Sequence[Module]) -> str:
    """The package that all Python modules belong to."""
    names = {module.itself.name.partition(".")[0] for module in modules if module.language == "python"}
    return names.pop() if len(names) == 1 and all(module.language == "python" for module in modules) else ""


def _heading(tokens: Sequence[Token]) -> str:
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.tag == "h1":
            text = _plain(tokens[place + 1]).replace("`", "")
            return text if len(text) <= 60 else ""  # noqa: PLR2004 -- a longer one is a sentence, no name
    return ""


def _paragraphs(tokens: Sequence[Token]) -> Iterator[str]:
    """The first paragraphs of prose, up to the heading or the code that follows them."""
    taken = length = 0
    for place, token in enumerate(tokens):
        if token.type in {"heading_open", "fence", "hr"} and taken:
            return
        if token.type != "inline" or tokens[place - 1].type != "paragraph_open" or tokens[place - 1].level:
            continue
        text = _plain(token)
        if len(text.replace("`", " ").split()) < _WORDS or text.endswith(":"):
            continue
        length += len(text)
        if taken == _PARAGRAPHS or (taken and length > _CHARACTERS):
            return
        taken += 1
        yield text


def _plain(token: Token) -> str:
    """The text of a paragraph: links and emphasis as their words, no pictures, no tags."""
    parts: list[str] = []
    for child in token.children or ():
        if child.type == "text":
            parts.append(child.content)
        elif child.type == "code_inline":
            parts.append(f"`{child.content}`")
        elif child.type in {"softbreak", "hardbreak"}:
            parts.append(" ")
    return " ".join("".join(parts).split())


def _examples(tokens: Sequence[Token], modules: Sequence[Module]) -> Iterator[tuple[str, str]]:
    """The first examples in a language of the modules that hold up against them."""
    languages = {module.language for module in modules}
    taken = 0
    for token in tokens:
        if token.type != "fence" or taken == _EXAMPLES:
            continue
        info = token.info.strip().partition(" ")[0].partition("{")[0].lower()
        language = _LANGUAGES.get(info, info)
        code = token.content.strip("\n")
        fits = language in languages or (language in _SCRIPTS and languages & _SCRIPTS)
        if fits and code.count("\n") < _LINES and _holds(code, language, modules):
            taken += 1
            yield code, language


def _holds(code: str, language: str, modules: Sequence[Module]) -> bool:
    """Whether an example parses, and what it calls of these modules can be called so."""
    if language != "python":
        from manyeyes_tools.syntax.parsing import parses

        return parses(code, language) is not False
    from manyeyes_tools.documents.python_symbols import read_module

    home = read_module("", "")
    plain = plain_example(code)
    return bool(plain) and not check_example(Example(plain, home.itself), home, modules, guide=True)
