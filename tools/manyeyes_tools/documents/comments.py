"""What a documentation comment says: JSDoc, Javadoc, PHPDoc, Doxygen, Rust's and C#'s, as one docstring."""

from __future__ import annotations

import re

from manyeyes_tools.documents.docstrings import Docstring

_MARKS = re.compile(r"^\s*(?:/\*+!?|\*+/|\*(?!\*)|///?!?|#+!?|--)?[ ]?|\s*\*+/\s*$")
_TAG = re.compile(r"^\s*[@\\](?P<tag>[A-Za-z]+)\b[ \t]*(?P<rest>.*)$")
_NAMED = re.compile(
    r"^(?:\{(?P<type>[^}]*)\}\s*)?(?P<name>\[?[$&.\w\[\]]+(?:=[^\]]*)?\]?)\s*(?:-\s+)?(?P<text>.*)$", re.DOTALL
)
_TYPED = re.compile(r"^\{[^}]*\}\s*")
_INLINE = re.compile(r"\{@(?:link|code|linkcode|linkplain|literal)\s+([^}]*)\}")
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
    for tag, said in _blocks(_INLINE.sub(lambda match: f"`{match[1].strip()}`", text)):
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
            texts.append(f"**{tag.title()}:** {_line(said)}")
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
