"""Docstrings written in reStructuredText, as the Markdown that they would be."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLE: Final = re.compile(r"(?<![\w:`]):(?:[a-z][\w+.-]*:)*[a-z][\w+.-]*:`([^`]+)`")
_TITLED: Final = re.compile(r"^(.*?)\s*<([^<>]+)>$", re.DOTALL)
_LINK: Final = re.compile(r"(?<!`)`([^`<>]+?)\s*<((?:https?|mailto):[^`<>\s]+)>`__?(?!\w)", re.DOTALL)
_DIRECTIVE: Final = re.compile(r"^(\s*)\.\. ([a-z][\w:-]*)::(?: (.*))?$")
_OPTION: Final = re.compile(r"^\s*:[\w-]+:(?:\s|$)")
_FIELD: Final = re.compile(
    r"^:(?:param|parameter|arg|argument|key|keyword|type|return|returns|rtype|raise|raises|except|exception|var|ivar"
    r"|cvar|vartype|yield|yields)\b[^:]*:"
)
_CHANGES: Final = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
    "deprecated-removed": "Deprecated since version",
}
_REMARKS: Final = frozenset(
    "note warning tip important caution danger attention hint error admonition seealso todo rubric topic".split()  # noqa: SIM905 -- a list of words reads best as words
)
_CODE: Final = frozenset({"code-block", "code", "sourcecode", "testcode", "parsed-literal", "prompt"})
_SILENT: Final = frozenset(
    "image figure currentmodule module py:module highlight contents toctree index testsetup testcleanup include "  # noqa: SIM905 -- likewise
    "literalinclude automodule autoclass autofunction autosummary raw".split()
)
"""Directives that say nothing without the program that they are written for."""


def as_markdown(text: str) -> str:
    """The text with roles as code spans, and directives as paragraphs and blocks of code.

    What changed from version to version stands after the text and before the fields, wherever it was written, so that
    it is no part of what the last field says.
    """
    if ":`" not in text and "::" not in text and ">`_" not in text:
        return text
    lines, changes = _blocks(text.expandtabs().splitlines())
    if changes:
        place = next((number for number, line in enumerate(lines) if _FIELD.match(line)), len(lines))
        lines[place:place] = ["", *(line for change in changes for line in (change, "")), ""]
    return _spans("\n".join(_close(lines))).rstrip("\n")


def _close(lines: list[str]) -> Iterator[str]:
    """The lines with at most one empty one between two, code left as it is."""
    fence = before = ""
    for line in lines:
        if fence or before.strip() or line.strip():
            yield line
        bare = line.strip()
        if bare.startswith("```") and (not fence or bare == fence):
            fence = "" if fence else bare[: len(bare) - len(bare.lstrip("`"))]
        before = line


def _spans(text: str) -> str:
    """Roles and links within the lines."""
    text = _LINK.sub(lambda match: f"{' '.join(match[1].split())} ({match[2]})", text)
    return _ROLE.sub(lambda match: _named(match[1]), text)


def _named(inside: str) -> str:
    """What a role shows: its title, or the last part of a name with a tilde before it."""
    flat = " ".join(inside.split())
    if titled := _TITLED.match(flat):
        return titled[1]
    name = flat.removeprefix("!")
    return f"`{name.rpartition('.')[2]}`" if name.startswith("~") else f"`{name}`"


def _blocks(lines: list[str]) -> tuple[list[str], list[str]]:
    """The lines with directives and literal blocks put as Markdown, and what changed between versions."""
    kept: list[str] = []
    changes: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        found = _DIRECTIVE.match(line)
        if found:
            body, place = _indented(lines, place, len(found[1]))
            _directive(found[1], found[2], (found[3] or "").strip(), body, kept, changes)
        elif line.rstrip().endswith("::") and not line.lstrip().startswith((">>>", "...")):
            body, after = _indented(lines, place, len(line) - len(line.lstrip()))
            if not any(body) or (place < len(lines) and lines[place].strip()):
                kept.append(line)  # what follows is no block of its own
                continue
            if line.strip() != "::":
                kept.append(line.rstrip()[:-1].rstrip())
            kept += _fenced(line[: len(line) - len(line.lstrip())], body, "")
            place = after
        else:
            kept.append(line)
    return kept, changes


def _indented(lines: list[str], place: int, indent: int) -> tuple[list[str], int]:
    """The lines that stand deeper, without their indentation, and where they end."""
    start = place
    while place < len(lines) and (not lines[place].strip() or len(lines[place]) - len(lines[place].lstrip()) > indent):
        place += 1
    while place > start and not lines[place - 1].strip():
        place -= 1
    return textwrap.dedent("\n".join(lines[start:place])).split("\n") if place > start else [], place


def _directive(  # noqa: PLR0917 -- what a directive is made of
    margin: str, name: str, said: str, body: list[str], kept: list[str], changes: list[str]
) -> None:
    while body and _OPTION.match(body[0]):
        del body[0]
    while body and not body[0].strip():
        del body[0]
    if name in _CHANGES:
        version, _, rest = said.partition(" ")
        told = " ".join(" ".join((rest, *body)).split())
        changes.append(f"{_CHANGES[name]} {version}{': ' + told if told else '.'}")
    elif name in _CODE:
        kept += _fenced(margin, body, "text" if name in {"parsed-literal", "prompt"} else said)
    elif name in _REMARKS:
        titled = bool(said) and name in {"admonition", "rubric", "topic"}
        label = said if titled else name.title().replace("Seealso", "See also")
        inner, more = _blocks([said, *body] if said and not titled else body)
        changes += more
        text = textwrap.dedent("\n".join(inner)).strip()
        kept += ["", *(f"{margin}{line}".rstrip() for line in f"**{label}:** {text}".split("\n")), ""]
    elif name not in _SILENT:
        inner, more = _blocks([said, *body])
        changes += more
        kept += ["", *(f"{margin}{line}".rstrip() for line in inner), ""]


def _fenced(margin: str, body: list[str], language: str) -> list[str]:
    """A block of code; a session needs no fence, and code that reads as Python is called so."""
    code = textwrap.dedent("\n".join(body)).strip("\n")
    if not code.strip():
        return []
    if code.lstrip().startswith(">>>"):
        return ["", *(f"{margin}{line}" for line in code.split("\n")), ""]
    if language in {"", "py", "python3", "default"}:
        language = "python" if _is_python(code) else ""
    ticks = "`" * max(3, max((len(run) for run in re.findall(r"`+", code)), default=0) + 1)
    return ["", *(f"{margin}{line}".rstrip() for line in (f"{ticks}{language}", *code.split("\n"), ticks)), ""]


def _is_python(code: str) -> bool:
    if not re.search(r"[=(\[:]", code):
        return False  # words, which would parse too
    try:
        parse_module(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
