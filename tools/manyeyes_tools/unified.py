"""Unified diffs of one file: written so that git takes them, and read again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

CONTEXT = 3
_QUOTED = re.compile(r'[\x00-\x1f"\\\x7f]')
_ESCAPED = re.compile(r'\\([0-7]{3}|["\\])')
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NO_END = "\\ No newline at end of file"


class Unreadable(Exception):  # named after what it means
    """A text is no diff such as this module writes."""


class NoContext(Exception):  # named after what it means
    """A change has no line after it that may be shown, and without one git takes it for the file's end."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines `old`, the first of them at `start` (from 0), become `new`; `edits` are the changes alone."""

    start: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """The changes to one file."""

    path: str
    hunks: tuple[Hunk, ...]

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All of its changes, in order."""
        return tuple(edit for hunk in self.hunks for edit in hunk.edits)


def write(
    path: str, lines: Sequence[str], edits: Sequence[Edit], *, hidden: Collection[int] = (), goes_on: bool = False
) -> str:
    """The edits as a unified diff.

    Args:
        path: The file's name.
        lines: Its lines before, with their endings.
        edits: Edits that do not touch each other.
        hidden: Numbers of lines, from 0, that must not be shown as context.
        goes_on: Whether the file may have more lines than are given.

    Raises:
        NoContext: the line after an edit is hidden.
    """
    groups: list[list[Edit]] = []
    for edit in sorted(edits):
        last = groups[-1][-1] if groups else None
        near = last is not None and edit.start - last.end <= 2 * CONTEXT
        if last is not None and near and hidden_free(last.end, edit.start, hidden):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    parts, grown, low = [], 0, 0
    for number, group in enumerate(groups):
        high = groups[number + 1][0].start if number + 1 < len(groups) else len(lines)
        text, more, low = _hunk(lines, group, (low, high), hidden, grown=grown, goes_on=goes_on)
        grown += more
        parts.append(text)
    return f"--- {_name('a', path)}\n+++ {_name('b', path)}\n{''.join(parts)}"


def hidden_free(start: int, end: int, hidden: Collection[int]) -> bool:
    """Whether all lines from `start` up to `end` may be shown."""
    return not any(number in hidden for number in range(start, end))


def _hunk(
    lines: Sequence[str],
    group: Sequence[Edit],
    bounds: tuple[int, int],
    hidden: Collection[int],
    *,
    grown: int,
    goes_on: bool,
) -> tuple[str, int, int]:
    """The hunk's text, by how many lines it makes the file longer, and where its context ends."""
    start, end = group[0].start, group[-1].end
    while start > bounds[0] and group[0].start - start < CONTEXT and start - 1 not in hidden:
        start -= 1
    while end < bounds[1] and end - group[-1].end < CONTEXT and end not in hidden:
        end += 1
    if end == group[-1].end and (end < len(lines) or goes_on):
        raise NoContext
    body: list[str] = []
    at = start
    for edit in group:
        body += (_marked(" ", line) for line in lines[at : edit.start])
        body += (_marked("-", line) for line in lines[edit.start : edit.end])
        body += (_marked("+", line) for line in edit.new)
        at = edit.end
    body += (_marked(" ", line) for line in lines[at:end])
    more = sum(len(edit.new) - (edit.end - edit.start) for edit in group)
    head = f"@@ -{_range(start, end - start)} +{_range(start + grown, end - start + more)} @@\n"
    return head + "".join(body), more, end


def _marked(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n{_NO_END}\n"


def _range(start: int, count: int) -> str:
    first = start + 1 if count else start
    return f"{first},{count}" if count != 1 else str(first)


def _name(side: str, path: str) -> str:
    """The file's name as git writes it in a diff's header."""
    name = f"{side}/{path}"
    if _QUOTED.search(name):
        escaped = _QUOTED.sub(lambda match: "\\" + (match[0] if match[0] in '"\\' else f"{ord(match[0]):03o}"), name)
        return f'"{escaped}"'
    return f"{name}\t" if " " in name else name


def read(patch: str) -> tuple[FilePatch, ...]:
    """The changes in a diff that `write` wrote, or several of them one after the other.

    Raises:
        Unreadable: it is something else.
    """
    lines = patch.split("\n")
    files: list[tuple[str, list[Hunk]]] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            files.append((_path(lines[at + 1].removeprefix("+++ ")), []))
            at += 2
        elif (head := _HUNK.match(line)) and files:
            hunk, at = _read_hunk(head, lines, at + 1)
            files[-1][1].append(hunk)
        elif line:
            raise Unreadable(f"line {at + 1} belongs to no hunk")
        else:
            at += 1
    return tuple(FilePatch(path, tuple(hunks)) for path, hunks in files)


def _read_hunk(head: re.Match[str], lines: Sequence[str], at: int) -> tuple[Hunk, int]:
    old_count, new_count = int(head[2] or 1), int(head[4] or 1)
    start = int(head[1]) - (1 if old_count else 0)
    old: list[str] = []
    new: list[str] = []
    changes: list[tuple[str, str]] = []
    while len(old) < old_count or len(new) < new_count:
        if at >= len(lines) or lines[at][:1] not in {" ", "-", "+"}:
            raise Unreadable(f"line {at + 1} is none of a hunk")
        mark, line = lines[at][0], lines[at][1:]
        at += 1
        open_end = at < len(lines) and lines[at] == _NO_END
        at += open_end
        line += "" if open_end else "\n"
        if mark != "+":
            old.append(line)
        if mark != "-":
            new.append(line)
        changes.append((mark, line))
    return Hunk(start, tuple(old), tuple(new), tuple(_runs(start, changes))), at


def _runs(start: int, changes: Sequence[tuple[str, str]]) -> Iterator[Edit]:
    at = first = start
    added: list[str] = []
    for mark, line in (*changes, (" ", "")):
        if mark == "+":
            added.append(line)
            continue
        if mark == " " and (added or at > first):
            yield Edit(first, at, tuple(added))
            added = []
        at += 1
        if mark == " ":
            first = at


def _path(name: str) -> str:
    name = name.removesuffix("\t")
    if name.startswith('"') and name.endswith('"'):
        name = _ESCAPED.sub(lambda match: match[1] if match[1] in '"\\' else chr(int(match[1], 8)), name[1:-1])
    side, slash, path = name.partition("/")
    if side != "b" or not slash:
        raise Unreadable("a file's name does not begin with b/")
    return path
