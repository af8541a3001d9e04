"""Reading unified diffs, with git's extensions or without.

A parser of our own: those on the package index drop the line number of a fault, leave git's quoted names as they
are, and pass over what they do not understand.  Here a diff that is not whole is an error that names its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from manyeyes.errors import BadCall, NothingChanged

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_GIT = re.compile(r"diff --git (.+)")
_TIME = re.compile(r"\t.*$")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_PREFIXES = ("a/", "b/", "c/", "i/", "w/", "o/")
_HOW = "Send a unified diff, as `git diff` or `diff -u` print it."


@dataclass(frozen=True, slots=True)
class Hunk:
    """A hunk's new side: its first line number, its lines, and which line numbers of it are added or changed.

    Where lines were only taken out, the lines around the gap count as changed: that is where the fault would be.
    """

    start: int
    lines: tuple[str, ...]
    changed: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiff:
    """What a diff does to one file.  `old` or `new` is None where the file does not exist on that side."""

    old: str | None
    new: str | None
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False

    @property
    def changed(self) -> frozenset[int]:
        """The lines of the new file that were added or changed."""
        return frozenset[int]().union(*(hunk.changed for hunk in self.hunks))


@dataclass(slots=True)
class _Header:
    """What was read of one file so far; `line` is where it began."""

    line: int
    old: str | None = None
    new: str | None = None
    seen: bool = False
    binary: bool = False
    plain: bool = True
    gone: bool = False
    born: bool = False
    hunks: list[Hunk] = field(default_factory=list)


def parse(text: str) -> tuple[FileDiff, ...]:
    """The files of a diff, in its order.  Text before, between and behind them (a commit's message) is passed over.

    Raises:
        NothingChanged: it is empty.
        BadCall: it is no diff, is cut off, or contradicts itself; the message names the line.
    """
    if not text.strip():
        raise NothingChanged("The diff is empty: there are no changes to look at.")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if lines and all(line.endswith("\r") for line in lines):
        lines = [line[:-1] for line in lines]  # the whole diff came with CRLF
    return _Parser(lines).files()


class _Parser:
    """One pass over the lines of a diff."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._at = 0
        self._done: list[FileDiff] = []
        self._now: _Header | None = None

    def files(self) -> tuple[FileDiff, ...]:
        while self._at < len(self._lines):
            self._step(self._lines[self._at].rstrip("\r"))
        self._finish()
        if not self._done:
            raise BadCall(f"The diff names no file: there is no `--- a/…` and `+++ b/…` in it. {_HOW}")
        return tuple(self._done)

    def _step(self, line: str) -> None:
        following = self._lines[self._at + 1].rstrip("\r") if self._at + 1 < len(self._lines) else ""
        if match := _GIT.match(line):
            self._finish()
            old, new = _git_names(match[1])
            self._now = _Header(self._at + 1, old=old, new=new, seen=old is not None, plain=False)
        elif line.startswith(("diff --cc ", "diff --combined ", "@@@ ")):
            raise self._bad("a merge's combined diff cannot be read; send the diff against one parent")
        elif line.startswith("--- ") and following.startswith("+++ "):
            self._names(line, following)
            self._at += 1
        elif line.startswith("@@"):
            self._hunk(line)
            return
        elif self._now is not None and not self._now.hunks:
            self._extended(line)
        self._at += 1

    def _names(self, line: str, following: str) -> None:
        if self._now is None or self._now.plain or self._now.hunks:
            self._finish()
            self._now = _Header(self._at + 1)
        now = self._now
        old, new = _side(line[4:]), _side(following[4:])
        if old is None and new is None:
            raise self._bad("both sides are /dev/null")
        if not now.plain or _both_prefixed(old, new):
            old, new = _bare(old), _bare(new)
        now.old, now.new, now.seen = old, new, True

    def _extended(self, line: str) -> None:
        """A line between `diff --git` and the first hunk."""
        now = self._now
        if now is None:
            return
        if line.startswith("deleted file mode"):
            now.gone = True
        elif line.startswith("new file mode"):
            now.born = True
        elif line.startswith(("rename from ", "copy from ")):
            now.old, now.seen = _unquoted(line.split(" from ", 1)[1]), True
        elif line.startswith(("rename to ", "copy to ")):
            now.new, now.seen = _unquoted(line.split(" to ", 1)[1]), True
        elif line.startswith("GIT binary patch") or (line.startswith("Binary files ") and line.endswith(" differ")):
            now.binary = True

    def _hunk(self, header: str) -> None:  # noqa: C901, PLR0912 -- one branch for each mark a line can begin with
        match = _HUNK.match(header)
        if match is None:
            raise self._bad(f"`{_shown(header)}` is no hunk header; it must read `@@ -1,2 +1,3 @@`")
        if self._now is None or not self._now.seen:
            raise self._bad("a hunk without a file: there is no `--- a/…` and `+++ b/…` before it")
        start = int(match[3])
        old_left, new_left = (1 if count is None else int(count) for count in (match[2], match[4]))
        begun = self._at + 1
        side: list[str] = []
        added: set[int] = set()
        gaps: list[int] = []
        after_removal = False
        self._at += 1
        while old_left > 0 or new_left > 0:
            if self._at >= len(self._lines):
                raise self._bad(f"the diff ends within the hunk that begins at line {begun}", self._at)
            line = self._lines[self._at]
            mark = line[:1].rstrip("\r") or " "
            if mark == " ":
                old_left, new_left = old_left - 1, new_left - 1
                side.append(line[1:])
            elif mark == "-":
                old_left -= 1
                if not after_removal:
                    gaps.append(len(side))
            elif mark == "+":
                new_left -= 1
                added.add(len(side))
                side.append(line[1:])
            elif mark != "\\":
                raise self._bad(f"`{_shown(line)}` within a hunk; its lines begin with a space, +, - or \\")
            if old_left < 0 or new_left < 0:
                raise self._bad(f"more lines than the header of the hunk at line {begun} says")
            after_removal = mark == "-" or (after_removal and mark == "\\")
            self._at += 1
        self._after_hunk(begun)
        if not side:
            start += 1  # git counts the line before an empty side
        for gap in gaps:
            if gap not in added:
                added.update(place for place in (gap - 1, gap) if 0 <= place < len(side))
        self._now.hunks.append(Hunk(start, tuple(side), frozenset(start + place for place in added)))

    def _after_hunk(self, begun: int) -> None:
        if self._at < len(self._lines) and self._lines[self._at].startswith("\\"):
            self._at += 1
        line = self._lines[self._at] if self._at < len(self._lines) else ""
        following = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        header = line.startswith("--- ") and following.startswith("+++ ")
        if line[:1] in {"+", "-", " "} and line.strip() and not header and not line.startswith("-- ") and line != "--":
            raise self._bad(f"more lines than the header of the hunk at line {begun} says")

    def _finish(self) -> None:
        now, self._now = self._now, None
        if now is None:
            return
        if not now.seen:
            raise BadCall(f"Line {now.line} of the diff: the file's names cannot be read. {_HOW}")
        if now.plain and not now.hunks:
            raise BadCall(f"Line {now.line} of the diff names a file, but no hunk (`@@ … @@`) follows. {_HOW}")
        old = None if now.born else now.old
        new = None if now.gone else now.new
        self._done.append(FileDiff(old=old, new=new, hunks=tuple(now.hunks), binary=now.binary))

    def _bad(self, what: str, line: int | None = None) -> BadCall:
        return BadCall(f"Line {(self._at if line is None else line - 1) + 1} of the diff: {what}. {_HOW}")


def _git_names(rest: str) -> tuple[str | None, str | None]:
    """The two names of a `diff --git` line; None where they cannot be told apart (later lines then name them)."""
    quoted = re.fullmatch(r'("(?:\\.|[^"\\])*"|\S+) ("(?:\\.|[^"\\])*"|\S+)', rest)
    if quoted:
        return _bare(_unquoted(quoted[1])), _bare(_unquoted(quoted[2]))
    middle = len(rest) // 2  # names with spaces: the same name twice, in two folders of one letter
    left, right = rest[:middle], rest[middle + 1 :]
    if rest[middle : middle + 1] == " " and _bare(left) == _bare(right):
        return _bare(left), _bare(right)
    return None, None


def _side(text: str) -> str | None:
    name = _unquoted(_TIME.sub("", text) if not text.startswith('"') else text)
    return None if name == "/dev/null" else name


def _unquoted(name: str) -> str:
    """A name as git means it: within quotes, bytes above ASCII are octal and signs have a backslash."""
    if len(name) < 2 or not (name.startswith('"') and name.rstrip().endswith('"')):  # noqa: PLR2004 -- two quotes
        return name
    raw = bytearray()
    at = 0
    inner = name.rstrip()[1:-1]
    for match in _ESCAPE.finditer(inner):
        raw += inner[at : match.start()].encode("utf-8", "surrogatepass")
        code = match[1]
        raw += bytes([int(code, 8) & 0xFF]) if len(code) == 3 else _LETTERS.get(code, code).encode()  # noqa: PLR2004
        at = match.end()
    raw += inner[at:].encode("utf-8", "surrogatepass")
    return raw.decode("utf-8", "replace")


def _both_prefixed(old: str | None, new: str | None) -> bool:
    return all(name is None or name.startswith(_PREFIXES) for name in (old, new))


def _bare(name: str | None) -> str | None:
    return name[2:] if name is not None and name.startswith(_PREFIXES) else name


def _shown(line: str) -> str:
    return ascii(line[:40])[1:-1]
