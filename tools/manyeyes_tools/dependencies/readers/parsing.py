"""Parsing what nobody here wrote: bounded in depth, no entities, no references, and the lines where things stand."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import PurePosixPath

    from manyeyes.types import Json

_DEEPEST = 100
_MOST_TOML = 8_000_000
_LONGEST_LINE = 200_000
"""Characters of a line of TOML: its parser takes the square of a longer one's time."""
_MOST_PARTS = 64
"""A key of more parts would cost the parser the square of their number in memory."""
_JOINS_BEFORE, _JOINS_BEHIND = frozenset("_.-"), frozenset("_-")
_NO_KEY = re.compile(r"[^\w \t\"'.-]")
_TABLE = re.compile(r"^\s*\[\[\s*([\w.-]+)\s*\]\]", re.MULTILINE)
_NAME = re.compile(r"""^\s*name\s*=\s*["']([^"'\n]{1,300})["']""")


class Unreadable(Exception):
    """A file is not what its name says, or not safely readable; the message says why in a few words."""


def json_object(text: str) -> Mapping[str, Json]:
    """A JSON file's object.

    Raises:
        Unreadable: it is none, or nested too deep.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except ValueError as error:
        raise Unreadable(f"not JSON: {str(error)[:80]}") from None
    if not isinstance(value, dict):
        raise Unreadable("not a JSON object")
    return cast("Mapping[str, Json]", value)


def toml_table(text: str) -> Mapping[str, Json]:
    """A TOML file's table.

    Raises:
        Unreadable: it is none, nested too deep or too large for its parser.
    """
    if len(text) > _MOST_TOML or any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        raise Unreadable(f"too large a TOML file; at most {_MOST_TOML:,} characters are read")
    if any(map(_long_key, text.split("\n"))):
        raise Unreadable("nested too deep")
    try:
        return cast("Mapping[str, Json]", tomllib.loads(text))
    except RecursionError:
        raise Unreadable("nested too deep") from None
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise Unreadable(f"not TOML: {str(error)[:80]}") from None


def _long_key(line: str) -> bool:
    """Whether a line may hold a key of too many parts; comments hold none."""
    if line.count(".") < _MOST_PARTS or line.lstrip().startswith("#"):
        return False
    return any(part.count(".") >= _MOST_PARTS for part in _NO_KEY.split(line))


def table(value: object) -> Mapping[str, Json]:
    """The value where it is a table; an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Json]:
    """The value where it is a list; an empty one otherwise."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str:
    """The value where it is a text; an empty one otherwise."""
    return value if isinstance(value, str) else ""


def keys_of(value: object) -> tuple[str, ...]:
    """The keys of a table; none of anything else."""
    return tuple(table(value))


def key_lines(text: str, *, opening: bool = False) -> dict[str, int]:
    """The first line on which each quoted text of a JSON file begins a line; with `opening` one that opens a table."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare.startswith('"') and (not opening or bare.endswith("{")):
            end = bare.find('"', 1)
            if end > 0:
                found.setdefault(bare[1:end], number)
    return found


def value_lines(text: str, key: str) -> dict[str, int]:
    """The first line on which `"key": "value"` stands in a JSON file, by value."""
    pattern = re.compile(rf'"{re.escape(key)}"\s{{0,9}}:\s{{0,9}}"([^"\n]{{1,300}})"')
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if key in line and (match := pattern.search(line)):
            found.setdefault(match[1], number)
    return found


def package_lines(text: str) -> list[int]:
    """The lines of the `name = …` of each `[[package]]` of a TOML lock, in order."""
    lines: list[int] = []
    waiting = False
    for number, line in enumerate(text.split("\n"), 1):
        if _TABLE.match(line):
            waiting = "[[package]]" in line.replace(" ", "")
            if waiting:
                lines.append(number)
        elif waiting and _NAME.match(line):
            lines[-1] = number
            waiting = False
    return lines


def line_of(text: str, needle: str, start: int = 1) -> int:
    """The first line, from `start` on, that holds the words as a word of their own; `start` when none does."""
    if not needle:
        return start
    lowered, word = _lowered(text), needle.lower()
    after = 0
    for _ in range(start - 1):
        after = lowered.find("\n", after) + 1
    at = lowered.find(word, after)
    while at >= 0:
        before, behind = lowered[at - 1 : at] if at else "", lowered[at + len(word) : at + len(word) + 1]
        if not (before.isalnum() or before in _JOINS_BEFORE) and not (behind.isalnum() or behind in _JOINS_BEHIND):
            return lowered.count("\n", 0, at) + 1
        at = lowered.find(word, at + 1)
    return start


@lru_cache(maxsize=2)
def _lowered(text: str) -> str:
    """The text in small letters: a manifest of many packages is searched for each of them."""
    return text.lower()


@dataclass(slots=True)
class Block:
    """A line of an indented file with what is indented below it; `joined` where it is of the form of such a line."""

    key: str
    value: str
    line: int
    inner: list[Block] = field(default_factory=list)
    joined: bool = True

    def get(self, key: str) -> Block | None:
        """The first line below with that key."""
        return next((one for one in self.inner if one.key == key), None)

    def value_of(self, key: str) -> str:
        """The value of the first line below with that key; empty when there is none."""
        found = self.get(key)
        return found.value if found else ""


def indented(text: str, joint: str = ":") -> Block:
    """An indented file of `key: value` lines, as locks of pnpm and yarn are, as a tree.

    Not YAML: no anchors, no references, no tags, so nothing in it can grow.  Each line costs the same.

    Args:
        text: The file.
        joint: What stands between key and value; a blank for yarn's first format.

    Raises:
        Unreadable: it is indented too deep.
    """
    root = Block("", "", 0)
    stack: list[tuple[int, Block]] = [(-1, root)]
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#") or bare == "---":
            continue
        depth = len(line) - len(line.lstrip(" "))
        while stack[-1][0] >= depth and len(stack) > 1:
            stack.pop()
        if len(stack) > _DEEPEST:
            raise Unreadable("indented too deep")
        key, value = _split(bare, joint)
        block = Block(key, value, number, joined=bool(value) or bare.endswith(":") or bare.startswith("- "))
        stack[-1][1].inner.append(block)
        stack.append((depth, block))
    return root


def _split(bare: str, joint: str) -> tuple[str, str]:
    """A line as key and value."""
    if bare.startswith("- "):
        return "-", unquote(bare[2:])
    end = bare.find(bare[0], 1) if bare[0] in "\"'" else -1
    if end > 0:
        rest = bare[end + 1 :].lstrip()
        several = joint == " " and rest.startswith(",")  # yarn: several names for one package
        return (bare.rstrip(":"), "") if several else (bare[1:end], unquote(rest.removeprefix(":").strip()))
    if joint == " " and bare.endswith(":"):
        return bare[:-1], ""
    key, found, value = bare.partition(": " if joint == ":" else joint)
    return (key, unquote(value.strip())) if found else (bare.removesuffix(":"), "")


def unquote(value: str) -> str:
    """A value without the marks around it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def flow(value: str) -> dict[str, str]:
    """`{a: b, c: 'd'}` as a table of texts; an empty one of anything else."""
    inner = value.strip()
    if not (inner.startswith("{") and inner.endswith("}")):
        return {}
    found = {}
    for part in inner[1:-1].split(","):
        key, _, said = part.partition(":")
        found[unquote(key.strip())] = unquote(said.strip())
    return found


@dataclass(slots=True)
class Element:
    """An XML element: its name without namespace, attributes, text, line, and what is in it."""

    name: str
    attributes: Mapping[str, str]
    line: int
    text: str = ""
    inner: list[Element] = field(default_factory=list)

    def child(self, *path: str) -> Element | None:
        """The first element down a path of names."""
        at: Element | None = self
        for name in path:
            at = next((one for one in at.inner if one.name == name), None) if at else None
        return at

    def said(self, *path: str) -> str:
        """The text of that element, without blanks around it; empty when there is none."""
        found = self.child(*path)
        return found.text.strip() if found else ""

    def every(self, name: str) -> Iterator[Element]:
        """All elements of that name, at any depth."""
        waiting: list[Element] = [self]
        while waiting:
            one = waiting.pop()
            if one.name == name:
                yield one
            waiting.extend(reversed(one.inner))


def xml_tree(text: str) -> Element:
    """An XML file as a tree.  A document type is refused before anything is parsed, so no entity is ever expanded.

    Raises:
        Unreadable: it is none, declares a document type, or is nested too deep.
    """
    from xml.parsers import expat  # no entity can be declared without a document type, and that is refused

    if re.search(r"<!\s*(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise Unreadable("it declares a document type, which may hold entities; such a file is not parsed")
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    root = Element("", {}, 0)
    stack = [root]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > _DEEPEST:
            raise Unreadable("nested too deep")
        element = Element(name.rpartition(" ")[2], attributes, parser.CurrentLineNumber)
        stack[-1].inner.append(element)
        stack.append(element)

    def end(_name: str) -> None:
        stack.pop()

    def data(said: str) -> None:
        stack[-1].text += said

    def doctype(*_arguments: object) -> None:
        raise Unreadable("it declares a document type, which may hold entities; such a file is not parsed")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8", "replace") if "encoding=" not in text[:200] else _utf8(text), True)  # noqa: FBT003  # expat's own signature
    except expat.ExpatError as error:
        raise Unreadable(f"not XML: {str(error)[:80]}") from None
    if not root.inner:
        raise Unreadable("an empty XML file")
    return root.inner[0]


def _utf8(text: str) -> bytes:
    """The text as UTF-8, with its declaration saying so."""
    return re.sub(r"encoding=([\"'])[^\"']*\1", 'encoding="utf-8"', text, count=1).encode("utf-8", "replace")


def normal(path: PurePosixPath) -> str | None:
    """The path without `..`; None when it leads out."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {".", "/"}:
            parts.append(part)
    return "/".join(parts)


def first_line(lines: Sequence[int], index: int) -> int:
    """The line at an index; 1 where the file has fewer."""
    return lines[index] if index < len(lines) else 1
