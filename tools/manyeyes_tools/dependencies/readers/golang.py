"""Reads go.mod and go.sum."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.parsing import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\f\v]+)|(?P<comment>//.*)|"(?P<quoted>[^"\\\n]*)"|`(?P<raw>[^`\n]*)`|(?P<mark>[()\[\]{},])"""
    r"""|(?P<word>(?!["`])(?:(?!//|/\*)[^\s()\[\]{},])+)"""
)
_IDLE = frozenset({"module", "go", "toolchain", "godebug", "exclude", "retract", "tool", "ignore"})
"""Statements that name nothing that is built."""
_VERSION = re.compile(r"v\d\S{0,300}")
_SHOWN = 5
_SUM = re.compile(r"^(\S+) (v[^\s/]+) h1:")
_SUM_OF_MOD = re.compile(r"^\S+ v\S+/go\.mod h1:")


def go_mod(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a module requires, with replacements; since Go 1.17 that is all that is built."""
    required: list[tuple[str, str, int, bool]] = []
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    module = False
    odd: list[int] = []
    for one in _statements(text):
        module = module or one.kind == "module"
        if one.kind == "require" and len(one.words) == 2 and one.words[0]:  # noqa: PLR2004  name and version
            required.append((one.words[0], one.words[1], one.line, "indirect" in one.comment))
        elif one.kind == "replace" and (pair := _replacement(one.words)):
            replaced[pair[0]] = pair[1]
        elif one.kind not in _IDLE:
            odd.append(one.line)
    if not module:
        raise Unreadable("it names no module")
    found = []
    for name, version, number, indirect in required:
        origin: Origin = "registry"
        instead = replaced.get((name, version)) or replaced.get((name, ""))
        shown = name
        if instead:
            shown, version = instead[0], instead[1]  # noqa: PLW2901  # what is built in its place
            origin = "registry" if version else "local"
        exact = _VERSION.fullmatch(version) is not None  # a branch may stand there until the file is tidied
        found.append(
            Dependency(
                ecosystem=Ecosystem.GO,
                name=shown if origin == "registry" else name,
                version=version.removeprefix("v") if exact else "",
                asked="" if exact else version,
                line=number,
                origin=origin,
                direct=not indirect,
                locked=True,
            )
        )
    notes = ("Go's own library is built from the toolchain at hand, which go.mod does not fix; it is not checked.",)
    return Reading(dependencies=tuple(found), problems=_problems(odd), notes=notes)


def _problems(lines: list[int]) -> tuple[str, ...]:
    if not lines:
        return ()
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    shown = ", ".join(map(str, lines[:_SHOWN]))
    return (f"not understood, so what is required there was not checked: line {shown}{more}.",)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement, those in brackets each by itself; `kind` is empty where it is not understood."""

    line: int
    kind: str
    words: tuple[str, ...] = ()
    comment: str = ""


def _statements(text: str) -> Iterator[_Statement]:
    """The statements, in tokens as Go's own reader makes them."""
    block, opened = "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        told = _tokens(raw)
        if told is None:
            yield _Statement(number, "")
            continue
        words, comment = told
        if not words:
            continue
        if block and words == (")",):
            block = ""
        elif block:
            yield _Statement(number, block, words, comment)
        elif words[1:] == ("(",):
            block, opened = words[0], number
            if block == "module" or block not in {"require", "replace", *_IDLE}:
                yield _Statement(number, block)
        elif words[1:] != ("(", ")"):
            yield _Statement(number, words[0], words[1:], comment)
    if block:
        yield _Statement(opened, "")


def _tokens(line: str) -> tuple[tuple[str, ...], str] | None:
    """A line's words and its comment; None where it holds what is none of Go's tokens."""
    words: list[str] = []
    at = 0
    while at < len(line):
        match = _TOKEN.match(line, at)
        if match is None:
            return None
        at = match.end()
        if match["comment"] is not None:
            return tuple(words), match["comment"]
        if match["blank"] is None:
            words.append(next(one for one in match.group("quoted", "raw", "mark", "word") if one is not None))
    return tuple(words), ""


def _replacement(words: tuple[str, ...]) -> tuple[tuple[str, str], tuple[str, str]] | None:
    """What is replaced by what, each as name and version; None where it is no replacement."""
    if words.count("=>") != 1:
        return None
    at = words.index("=>")
    old, new = words[:at], words[at + 1 :]
    if not (1 <= len(old) <= 2 and 1 <= len(new) <= 2):  # noqa: PLR2004  a name, and a version or none
        return None
    return (old[0], old[1] if old[1:] else ""), (new[0], new[1] if new[1:] else "")


def go_sum(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What was downloaded, where no go.mod says what of it is built: of each module the latest version."""
    latest: dict[str, tuple[str, int]] = {}
    odd: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := _SUM.match(line):
            latest[match[1]] = (match[2], number)  # the file is sorted by version
        elif line.strip() and not _SUM_OF_MOD.match(line):
            odd.append(number)
    if odd and not latest:
        raise Unreadable("it holds no sums")
    found = tuple(
        Dependency(ecosystem=Ecosystem.GO, name=name, version=version.removeprefix("v"), line=number, locked=True)
        for name, (version, number) in latest.items()
    )
    return Reading(dependencies=found, problems=_problems(odd))
