"""What templates put into pages as it is: `|safe`, blocks without escaping, and templates whose kind escapes nothing."""

# ruff: noqa: E501, PLR2004  # a pattern stays on its line; numbers explained beside them

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.definitions import Unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKENS = re.compile(r"\{\{(.{1,400}?)\}\}|\{%-?\s*(.{1,400}?)\s*-?%\}|\n", re.DOTALL)
_FOR = re.compile(r"for\s+([\w\s,()]{1,80}?)\s+in\s+([\w.]{1,80})")
_WITH = re.compile(r"(?:with|set)\s+(\w{1,60})\s*=\s*([\w.]{1,80})")
_OFF = re.compile(r"autoescape\s+(?:off|false|False|None)\b")
_VARIABLE = re.compile(r"^\s*-?\s*(?:raw\s+|mark_safe\()?([A-Za-z_][\w.]{0,100})(?:\[['\"]?(\w{1,60})['\"]?\])?")
_SAFE = re.compile(r"\|\s*(?:safe|safeseq)\b")
_ESCAPED = re.compile(
    r"\|\s*(?:escape|e|force_escape|forceescape|escapejs|striptags|tojson|json_script|urlencode|length|int|float|date|bleach|sanitize|clean\w*)\b"
)
_LONGEST = 400_000
ENDINGS = (".html", ".htm", ".jinja", ".jinja2", ".j2", ".xhtml", ".tmpl", ".djhtml")


def unescaped(path: str, text: str) -> Iterator[Unescaped]:
    """The places of a template where a variable stands in the page as it came.  Blocking, and quick."""
    text = text[:_LONGEST]
    bare = "{%" in text and bool(re.search(r"\{%\s*autoescape\s+None\s*%\}", text))
    off = [bare]
    loops: dict[str, tuple[str, ...]] = {}
    line = 1
    for found in _TOKENS.finditer(text):
        if found.group(0) == "\n":
            line += 1
            continue
        expression, tag = found.group(1), found.group(2)
        if tag is not None:
            _of_tag(tag, off, loops)
            if tag.startswith("raw "):
                yield from _of_variable(path, line, tag[4:], loops)
        elif expression is not None and (_SAFE.search(expression) or off[-1]) and not _ESCAPED.search(expression):
            yield from _of_variable(path, line, expression, loops)
        line += found.group(0).count("\n")


def _of_tag(tag: str, off: list[bool], loops: dict[str, tuple[str, ...]]) -> None:
    if tag.startswith("autoescape"):
        if not re.search(r"autoescape\s+None", tag) and len(off) < 100:  # nobody nests so deep
            off.append(bool(_OFF.search(tag)))
    elif tag.startswith("endautoescape"):
        if len(off) > 1:
            off.pop()
    else:
        loop = _FOR.search(tag)
        if loop is not None:
            names = re.findall(r"\w+", loop.group(1))
            base = _resolved(loop.group(2), loops)
            for name in names:
                loops[name] = (*base, "*")
        given = _WITH.search(tag)
        if given is not None:
            loops[given.group(1)] = _resolved(given.group(2), loops)


def _resolved(name: str, loops: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    parts = tuple(part for part in name.split(".") if part not in {"items", "all"})
    return (*loops[parts[0]], *parts[1:]) if parts and parts[0] in loops else parts


def _of_variable(path: str, line: int, expression: str, loops: dict[str, tuple[str, ...]]) -> Iterator[Unescaped]:
    found = _VARIABLE.match(expression)
    if found is None or found.group(1) in {
        "block",
        "super",
        "self",
        "csrf_token",
        "_",
        "url_for",
        "static",
        "true",
        "false",
    }:
        return
    if found.group(1).startswith(("form.", "block.", "forloop.", "request.static", "messages.")):
        return
    names = _resolved(found.group(1), loops)
    yield Unescaped(path, line, (*names, found.group(2)) if found.group(2) else names)
