"""Patches from what a model wants replaced: found, applied in memory, parsed again, written as a unified diff."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Suggestion
from manyeyes_tools.fragments import Unparsable, parse, parses_alone

if TYPE_CHECKING:
    from manyeyes_tools.anchors import Anchor
    from manyeyes_tools.material import SourceFile

_CONTEXT = 3
_NEAR = 40
"""A text that stands in a file several times is meant where the finding is, at most so many lines away."""
_PLACEHOLDER = re.compile(r"<secret:[^:<>\s]+:\d+>")
_FENCED = re.compile(r"\A\s*(?:```|~~~)[^\n]*\n(.*?)\n?(?:```|~~~)\s*\Z", re.DOTALL)
_QUOTED = re.compile(r'[\x00-\x1f"\\\x7f]')


class NoPatch(Exception):  # named after what it means
    """No patch can be offered; its text says why."""


@dataclass(frozen=True, slots=True)
class _Edit:
    """Lines `start` to `end` (from 0, the end not included) become `new`; lines keep their endings."""

    start: int
    end: int
    new: tuple[str, ...]


def make_patch(file: SourceFile, search: str, replace: str, near: Anchor, *, explanation: str = "") -> Suggestion:
    """A suggestion with a patch that was seen to apply, or without one and with the reason in its explanation.

    Args:
        file: The file to be mended.
        search: The text to be replaced, as the model copied it from the masked source.
        replace: What it is to become.
        near: Where the finding is; decides when the text stands there more than once.
        explanation: What the change is for.
    """
    try:
        patch = diff(file, search, replace, near)
    except NoPatch as reason:
        return Suggestion(explanation=" ".join(filter(None, (explanation, f"(No patch: {reason}.)"))))
    return Suggestion(explanation=explanation, patch=patch, applies=True)


def diff(file: SourceFile, search: str, replace: str, near: Anchor) -> str:
    """The change as a unified diff that `git apply` takes.

    Raises:
        NoPatch: the text is not there, or not clearly there; nothing would change; a secret or an unknown line is
            touched; or the file would no longer parse.
    """
    if not file.plain:
        raise NoPatch("the file is not plain UTF-8, so a patch of its text would not fit its bytes")
    search, replace = _unfenced(search), _unfenced(replace)
    old, masked = _lines(file.text), _lines(file.masked)
    edit = _narrowed(_locate(masked, search, replace, near), masked)
    if edit.start == edit.end and not edit.new:
        raise NoPatch("it would change nothing")
    if old[edit.start : edit.end] != masked[edit.start : edit.end] or any(map(_PLACEHOLDER.search, edit.new)):
        raise NoPatch("it touches a masked secret")
    first, last = _bounds(file, edit, len(old))
    new = [*old[: edit.start], *edit.new, *old[edit.end :]]
    _still_parses(file, old, new, edit, (first, last))
    return _unified(file, old, masked, edit, (first, last))


def _lines(text: str) -> list[str]:
    """The lines with their endings, cut where git cuts them."""
    return [f"{line}\n" for line in text.split("\n")[:-1]] + [last for last in (text.rpartition("\n")[2],) if last]


def _unfenced(text: str) -> str:
    fenced = _FENCED.match(text)
    return (fenced.group(1) if fenced else text).replace("\r\n", "\n")


def _locate(lines: list[str], search: str, replace: str, near: Anchor) -> _Edit:
    """Where the text stands: as whole lines, as whole lines indented otherwise, or within one line."""
    wanted = search.strip("\n").split("\n")
    offered = replace.strip("\n").split("\n") if replace.strip() else []
    if not any(line.strip() for line in wanted):
        raise NoPatch("it does not say what to replace")
    plain = [line.rstrip() for line in lines]
    quote = [line.rstrip() for line in wanted]
    places = [at for at in range(len(lines)) if plain[at : at + len(quote)] == quote]
    shift = ""
    if not places:
        bare = [line.strip() for line in quote]
        stripped = [line.strip() for line in plain]
        places = [at for at in range(len(lines)) if stripped[at : at + len(bare)] == bare and _shift(plain[at:], quote)]
        if places:
            places = [_nearest(places, near)]
            shift = _shift(plain[places[0] :], quote) or ""
    if places:
        at = _nearest(places, near)
        return _Edit(at, at + len(quote), _with_endings(_shifted(offered, shift), lines, at, at + len(quote)))
    if len(wanted) == 1:
        found = [at for at, line in enumerate(lines) if search.strip() in line]
        at = _nearest(found, near)
        if lines[at].count(search.strip()) > 1:
            raise NoPatch("the text to replace stands several times in its line")
        body = plain[at].replace(search.strip(), replace.strip())
        return _Edit(at, at + 1, _with_endings(body.split("\n") if body.strip() else [], lines, at, at + 1))
    raise NoPatch("the text to replace is not in the file")


def _nearest(places: list[int], near: Anchor) -> int:
    if not places:
        raise NoPatch("the text to replace is not in the file")
    if len(places) == 1:
        return places[0]

    def distance(at: int) -> int:
        line = at + 1
        return max(near.start_line - line, line - near.end_line, 0)

    best, second = sorted(places, key=distance)[:2]
    if distance(best) == distance(second) or distance(best) > _NEAR:
        raise NoPatch("the text to replace stands in the file several times")
    return best


def _shift(lines: list[str], quote: list[str]) -> str | None:
    """By how much all lines of the quote are indented less (`+` and spacing) or more (`-` and spacing) than there."""
    shifts = set()
    for there, here in zip(lines, quote, strict=False):
        if not here.strip():
            continue
        ours, theirs = here[: len(here) - len(here.lstrip())], there[: len(there) - len(there.lstrip())]
        if theirs.endswith(ours):
            shifts.add("+" + theirs[: len(theirs) - len(ours)])
        elif ours.endswith(theirs):
            shifts.add("-" + ours[: len(ours) - len(theirs)])
        else:
            return None
    return shifts.pop() if len(shifts) == 1 else None


def _shifted(lines: list[str], shift: str) -> list[str]:
    if not shift:
        return lines
    if shift.startswith("+"):
        return [shift[1:] + line if line.strip() else line for line in lines]
    return [line.removeprefix(shift[1:]) for line in lines]


def _with_endings(new: list[str], lines: list[str], start: int, end: int) -> tuple[str, ...]:
    """New lines with the endings of those they replace; a missing one at the end of the file stays missing."""
    ending = "\r\n" if any(line.endswith("\r\n") for line in lines[start:end]) else "\n"
    done = [line.rstrip("\r\n") + ending for line in new]
    if done and end == len(lines) and not lines[-1].endswith("\n"):
        done[-1] = done[-1].rstrip("\r\n")
    return tuple(done)


def _narrowed(edit: _Edit, lines: list[str]) -> _Edit:
    """The edit without the lines at its ends that stay as they are."""
    old, new = lines[edit.start : edit.end], list(edit.new)
    top = 0
    while top < min(len(old), len(new)) and old[top] == new[top]:
        top += 1
    bottom = 0
    while bottom < min(len(old), len(new)) - top and old[-1 - bottom] == new[-1 - bottom]:
        bottom += 1
    return _Edit(edit.start + top, edit.end - bottom, tuple(new[top : len(new) - bottom]))


def _bounds(file: SourceFile, edit: _Edit, count: int) -> tuple[int, int]:
    """The known lines around the edit, from 0, the end not included."""
    if not file.partial:
        return 0, count
    for first, last in file.parts:
        if first - 1 <= edit.start and edit.end <= last:
            return first - 1, min(last, count)
    raise NoPatch("it reaches into lines that the diff does not show")


def _still_parses(file: SourceFile, old: list[str], new: list[str], edit: _Edit, bounds: tuple[int, int]) -> None:
    """Python must parse afterwards.  Other languages have no parser here, and parts of a file cannot be judged."""
    if file.language != "python":
        return
    if file.partial:
        _part_still_parses(file, old, edit, bounds)
        return
    try:
        parse("".join(new))
    except Unparsable as error:
        try:
            parse("".join(old))
        except Unparsable:
            raise NoPatch("the file does not parse, before or after") from None
        raise NoPatch(f"the file would no longer parse ({error}, line {error.line})") from None
    if _compiles("".join(old)) and not _compiles("".join(new)):
        raise NoPatch("the file would no longer compile")


def _compiles(text: str) -> bool:
    """Whether Python takes it: `return` outside a function parses and does not compile.  Nothing of it is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, "<patched>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
            return False
    return True


def _part_still_parses(file: SourceFile, old: list[str], edit: _Edit, bounds: tuple[int, int]) -> None:
    first, last = bounds
    after = [*old[first : edit.start], *edit.new, *old[edit.end : last]]
    if not parses_alone("".join(after).split("\n")):
        raise NoPatch(f"the part of {file.path} that is known does not parse by itself afterwards")


def _unified(file: SourceFile, old: list[str], masked: list[str], edit: _Edit, bounds: tuple[int, int]) -> str:
    """One hunk.  Its context stops short of masked and unknown lines."""
    start = edit.start
    while start > bounds[0] and edit.start - start < _CONTEXT and old[start - 1] == masked[start - 1]:
        start -= 1
    end = edit.end
    while end < bounds[1] and end - edit.end < _CONTEXT and old[end] == masked[end]:
        end += 1
    if end == edit.end and (end < len(old) or file.partial):
        raise NoPatch("a masked secret or an unknown line follows at once")  # git then takes it for the file's end
    before, removed, after = old[start : edit.start], old[edit.start : edit.end], old[edit.end : end]
    was, becomes = end - start, len(before) + len(edit.new) + len(after)
    body = [
        *(_marked(" ", line) for line in before),
        *(_marked("-", line) for line in removed),
        *(_marked("+", line) for line in edit.new),
        *(_marked(" ", line) for line in after),
    ]
    head = f"@@ -{_range(start, was)} +{_range(start, becomes)} @@\n"
    return f"--- {_name('a', file.path)}\n+++ {_name('b', file.path)}\n{head}{''.join(body)}"


def _marked(mark: str, line: str) -> str:
    return f"{mark}{line}" if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


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
