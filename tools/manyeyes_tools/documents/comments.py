"""What a documentation comment says: JSDoc, Javadoc, PHPDoc, Doxygen, Rust's and C#'s, as one docstring."""

from __future__ import annotations

import re
import textwrap
from html import unescape

from manyeyes_tools.documents.docstrings import Docstring

_MARKS = re.compile(r"^\s*(?:/\*+!?|\*+/|\*(?!\*)|///?!?|#+!?|--)?[ ]?|\s*\*+/\s*$")
_TAG = re.compile(r"^\s*[@\\](?P<tag>[A-Za-z]+)\b[ \t]*(?P<rest>.*)$")
_NAMED = re.compile(
    r"^(?:\{(?P<type>[^}]*)\}\s*)?(?P<name>\[?[$&.\w\[\]]+(?:=[^\]]*)?\]?)\s*(?:-\s+)?(?P<text>.*)$", re.DOTALL
)
_TYPED = re.compile(r"^\{[^}]*\}\s*")
_INLINE = re.compile(r"\{@(link|code|linkcode|linkplain|literal)\s+([^}]*)\}")
_HTML = re.compile(r"</?(?:p|ul|ol|li|pre|code|tt|b|i|em|strong|a|br|h[1-6]|dl|dt|dd)\b[^<>]*>", re.IGNORECASE)
_PRE = re.compile(r"<pre\b[^>]*>(.*?)</pre>", re.IGNORECASE | re.DOTALL)
_HTML_CODE = re.compile(r"<(?:code|tt)>([^<]*)</(?:code|tt)>", re.IGNORECASE)
_HTML_LINK = re.compile(r"<a\b[^>]*href=[\"'](https?:[^\"']+)[\"'][^>]*>([^<]*)</a>", re.IGNORECASE)
_HTML_MARKS = tuple(
    (re.compile(pattern, re.IGNORECASE), mark)
    for pattern, mark in (
        (r"[ \t]*</?(?:p|ul|ol|dl)\b[^<>]*>\n?", "\n\n"),
        (r"[ \t]*<(?:li|dt|dd)\b[^<>]*>\s*", "\n- "),
        (r"</(?:li|dt|dd)>", ""),
        (r"<br\s*/?>", "\n"),
        (r"<h[1-6]\b[^<>]*>(.*?)</h[1-6]>", r"\n\n**\1**\n\n"),
        (r"</?(?:b|strong)>", "**"),
        (r"</?(?:i|em)>", "*"),
        (r"</?a\b[^<>]*>", ""),
    )
)
_XML = re.compile(
    r"<(?P<tag>summary|remarks|returns|value|param|exception|example)\b(?P<attributes>[^>]*)>(?P<text>.*?)</(?P=tag)>",
    re.DOTALL,
)
_XML_NAME = re.compile(r'(?:name|cref)="([^"]*)"')
_XML_REFERENCE = re.compile(
    r'<(?:see|paramref|typeparamref|c)\b[^>]*?(?:(?:cref|name|langword)="(?:T:|M:|P:)?([^"]*)")[^>]*/?>'
)
_ANY_TAG = re.compile(r"</?[a-z][^>]*>")
_RUST_HEADING = re.compile(r"^#+\s+(Examples?|Errors|Panics|Safety|Returns|Arguments)\s*$", re.MULTILINE)
_PARAMETERS = frozenset({"param", "arg", "argument", "parameter"})
_RETURNS = frozenset({"return", "returns", "result"})
_RAISES = frozenset({"throws", "throw", "exception", "raises"})
_TOLD = frozenset({"deprecated", "remarks", "note", "see", "since"})
_FENCE = re.compile(r"```[^\n]*\n(.*?)\n?```", re.DOTALL)


def plain(lines: tuple[str, ...] | list[str]) -> str:
    """The words of a comment, without its marks and without the space they share."""
    inner = [line.strip() for line in lines[1:-1] if line.strip()]
    if len(lines) > 1 and lines[0].lstrip().startswith("/*") and not all(line.startswith("*") for line in inner):
        whole = "\n".join(line.rstrip() for line in lines).strip()  # its lines have no marks of their own
        return textwrap.dedent(re.sub(r"\A/\*+!?[ ]?|\s*\*+/\Z", "", whole)).strip("\n ")
    return "\n".join(_MARKS.sub("", line).rstrip() for line in lines).strip("\n ")


def read_comment(text: str) -> Docstring:  # noqa: C901 -- one flat branch for each tag
    """Take a documentation comment apart; one without tags is all text."""
    if not text.strip():
        return Docstring()
    if _XML.search(text):
        return _xml(text)
    texts: list[str] = []
    parameters: dict[str, str] = {}
    raises: dict[str, str] = {}
    returned: list[str] = []
    examples: list[str] = []
    for tag, said in _blocks(without_tags(_INLINE.sub(_inline, text))):
        if tag in _PARAMETERS:
            if named := _NAMED.match(said.strip()):
                parameters[named["name"].strip("[]$&").partition("=")[0].lstrip(".")] = _line(named["text"])
        elif tag in _RETURNS:
            returned.append(_line(_TYPED.sub("", said.strip())))
        elif tag in _RAISES:
            name, _, rest = _line(said.strip().lstrip("{").replace("}", " ", 1)).partition(" ")
            if name:
                raises[name.lstrip("\\")] = rest.removeprefix("- ")
        elif tag in {"example", "code"}:
            examples.append(_code(said))
        elif tag in _TOLD and said.strip():
            texts.append(f"**{tag.title()}:** {_see(_line(said)) if tag == 'see' else _line(said)}")
        elif not tag or tag in {"brief", "description", "details", "summary"}:
            texts.append(said.strip())
    whole = "\n\n".join(part for part in texts if part)
    if "```" in whole and _RUST_HEADING.search(whole):
        examples += [_code(part) for part in _FENCE.findall(whole)]
        whole = _FENCE.sub("", whole)
    whole = _RUST_HEADING.sub(lambda match: "" if match[1].startswith("Example") else f"**{match[1]}:**", whole)
    return Docstring(
        text=whole.strip(),
        parameters=parameters,
        returns=" ".join(filter(None, returned)),
        raises=raises,
        examples=tuple(filter(None, examples)),
    )


def _see(said: str) -> str:
    """Where a comment refers to, as code where it is a name."""
    plain_name = said.removeprefix("#")
    return f"`{plain_name}`" if re.fullmatch(r"[\w.#$]+(?:\([^()]*\))?", plain_name) else said


def _inline(match: re.Match[str]) -> str:
    """`{@link #add(Item)}` and `{@code x}` as code; a link with a label of its own shows that."""
    said = " ".join(match[2].split())
    if match[1].startswith("link"):
        target, _, label = said.partition(" ") if "(" not in said else (said[: said.find(")") + 1], "", "")
        said = label.strip() or target
    return f"`{said.removeprefix('#')}`"


def without_tags(text: str) -> str:
    """The HTML of a comment as Markdown; code, and what only looks like a tag, stays as it is."""
    if not _HTML.search(text):
        return text
    text = _PRE.sub(lambda match: "\n```\n" + unescape(_ANY_TAG.sub("", match[1])).strip("\n") + "\n```\n", text)
    parts = re.split(r"(```.*?```|`[^`]+`)", text, flags=re.DOTALL)
    return "".join(part if part.startswith("`") else _marked(part) for part in parts)


def _marked(text: str) -> str:
    text = _HTML_CODE.sub(lambda match: f"`{unescape(match[1])}`", text)
    text = _HTML_LINK.sub(lambda match: f"{match[2]} ({match[1]})", text)
    for pattern, mark in _HTML_MARKS:
        text = pattern.sub(mark, text)
    return unescape(text)


def _blocks(text: str) -> list[tuple[str, str]]:
    """The text before the first tag, then each tag with what follows it; none inside a fence is one."""
    blocks: list[tuple[str, list[str]]] = [("", [])]
    fenced = False
    for line in text.split("\n"):
        fenced = fenced != line.lstrip().startswith("```")
        found = None if fenced else _TAG.match(line)
        if found:
            blocks.append((found["tag"].lower(), [found["rest"]]))
        else:
            blocks[-1][1].append(line)
    return [(tag, "\n".join(lines)) for tag, lines in blocks]


def _xml(text: str) -> Docstring:
    texts: list[str] = []
    parameters: dict[str, str] = {}
    raises: dict[str, str] = {}
    returned = ""
    examples: list[str] = []
    for found in _XML.finditer(text):
        name = _XML_NAME.search(found["attributes"])
        said = _ANY_TAG.sub("", _XML_REFERENCE.sub(lambda match: f"`{match[1]}`", found["text"])).strip()
        if found["tag"] == "param" and name:
            parameters[name[1]] = _line(said)
        elif found["tag"] == "exception" and name:
            raises[name[1].rpartition(":")[2]] = _line(said)
        elif found["tag"] in {"returns", "value"}:
            returned = _line(said)
        elif found["tag"] == "example":
            examples.append(said)
        else:
            texts.append(said)
    return Docstring(
        text="\n\n".join(texts), parameters=parameters, returns=returned, raises=raises, examples=tuple(examples)
    )


def _code(text: str) -> str:
    fenced = _FENCE.search(text)
    return (fenced[1] if fenced else text).strip("\n").rstrip()


def _line(text: str) -> str:
    return " ".join(text.split())
