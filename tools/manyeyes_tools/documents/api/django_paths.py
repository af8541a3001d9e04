"""Paths as Django writes them, with converters or as regular expressions, turned into those of OpenAPI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import CONVERTERS

if TYPE_CHECKING:
    from manyeyes_tools.documents.api.endpoints import Schema

_PART: Final = re.compile(r"<(?:([a-zA-Z_]\w*):)?([a-zA-Z_]\w*)>")
_NUMBERS: Final = frozenset({r"\d+", "[0-9]+", r"\d*", "[0-9]*"})
_CLASSES: Final = {"w", "d", "s", "W", "D", "S"}


def routed(path: str) -> tuple[str, dict[str, Schema]]:
    """The template of `path("items/<int:pk>/")` and its parameters."""
    parts: dict[str, Schema] = {}

    def shown(match: re.Match[str]) -> str:
        parts[match[2]] = dict(CONVERTERS.get(match[1] or "", {"type": "string"}))
        return f"{{{match[2]}}}"

    return _PART.sub(shown, path), parts


def matched(pattern: str) -> tuple[str, dict[str, Schema]] | None:
    r"""The template of `re_path(r"^items/(?P<pk>\d+)/$")`; None for an expression that is no single path."""
    parts: dict[str, Schema] = {}
    shown: list[str] = []
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "(":
            end = _closing(pattern, place)
            if end is None:
                return None
            piece = _group(pattern[place + 1 : end], parts)
            if piece is None:
                return None
            place = end + 1
            if pattern[place : place + 1] in {"?", "*", "+"}:  # a part that may be missing is told with it
                place += 1
            shown.append(piece)
        elif sign == "\\":
            following = pattern[place + 1 : place + 2]
            if following in _CLASSES:
                return None
            shown.append(following if following not in {"A", "Z", "b", "B"} else "")
            place += 2
        elif sign in "[|*+{":
            return None
        elif sign in "^$?":
            place += 1
        else:
            shown.append(sign)
            place += 1
    return "".join(shown), parts


def _group(inside: str, parts: dict[str, Schema]) -> str | None:
    """What a group stands for in a template; None for one that means several paths."""
    named = re.match(r"\?P<([a-zA-Z_]\w*)>(.*)", inside, re.DOTALL)
    if named:
        known: Schema = {"type": "integer"} if named[2] in _NUMBERS else {"type": "string"}
        parts[named[1]] = known
        return f"{{{named[1]}}}"
    if inside.startswith("?:"):
        inner = matched(inside[2:])
        if inner is None:
            return None
        parts.update(inner[1])
        return inner[0]
    if inside.startswith("?"):
        return ""  # looking ahead or behind matches nothing itself
    name = "var" if "var" not in parts else f"var{len(parts)}"
    parts[name] = {"type": "integer"} if inside in _NUMBERS else {"type": "string"}
    return f"{{{name}}}"


def _closing(pattern: str, start: int) -> int | None:
    """Where the group that begins at `start` ends."""
    depth, place, within = 0, start, False
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\":
            place += 1
        elif within:
            within = sign != "]"
        elif sign == "[":
            within = True
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                return place
        place += 1
    return None


def joined(prefix: str, path: str) -> str:
    """Two pieces of a path as one, with a single slash where they meet."""
    return f"{prefix}{path}" if not (prefix.endswith("/") and path.startswith("/")) else prefix + path[1:]
