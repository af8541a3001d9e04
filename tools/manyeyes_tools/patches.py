"""Patches from what a model wants replaced: found, applied in memory, parsed again, written as a unified diff."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from manyeyes_tools import unified
from manyeyes_tools.edits import Edit, edited, lines_of
from manyeyes_tools.findings import Suggestion
from manyeyes_tools.formatting import settled
from manyeyes_tools.search_replace import NoPatch, readings
from manyeyes_tools.soundness import Unsound, check_part, check_whole
from manyeyes_tools.unmasking import Unclear, placeholders, restored, values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.anchors import Anchor
    from manyeyes_tools.material import SourceFile

__all__ = ["MASKED", "NoPatch", "diff", "make_patch"]

MASKED = "It touches a masked secret: git cannot apply it, `manyeyes review --apply` can."
"""Said of a patch that is true, and holds placeholders."""


def make_patch(file: SourceFile, search: str, replace: str, near: Anchor, *, explanation: str = "") -> Suggestion:
    """A suggestion with a patch that was seen to apply, or without one and with the reason in its explanation.

    A patch that touches a masked secret was seen to apply to the file as it is; as it shows placeholders, `applies`
    is false, and only the local command can write it.

    Blocking: to be called in a worker thread.

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
    if placeholders(_lines_of_the_file(patch)) - placeholders([file.text]):
        return Suggestion(explanation=" ".join(filter(None, (explanation, f"({MASKED})"))), patch=patch)
    return Suggestion(explanation=explanation, patch=patch, applies=True)


def diff(file: SourceFile, search: str, replace: str, near: Anchor) -> str:
    """The change as a unified diff, secrets masked; `git apply` takes it unless it holds placeholders.

    Raises:
        NoPatch: the text is not there, or not clearly there; nothing would change; a secret would go where it did not
            stand; an unknown line is touched; or the file would no longer parse.
    """
    if not file.plain:
        raise NoPatch("the file is not plain UTF-8, so a patch of its text would not fit its bytes")
    old, masked = lines_of(file.text), lines_of(file.masked)
    refused: NoPatch | None = None
    for reading in readings(masked, search, replace, near, file.language):
        edits = _complete(reading, masked)
        try:
            real = _unmasked(edits, old, masked)
            _check(file, old, real)
        except NoPatch as reason:
            refused = refused or reason
            continue
        return _written(file, old, masked, _formatted(file, old, edits))
    raise refused or NoPatch("it would change nothing")


def _formatted(file: SourceFile, old: list[str], edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """The edits as the file's formatter would leave them, where it left the rest as it is."""
    if file.language != "python" or file.partial or file.text != file.masked:
        return edits
    after = edited(old, edits)
    text = settled(file.text, "".join(after))
    if text == "".join(after):
        return edits
    new = lines_of(text)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    made = tuple(
        Edit(first, last, tuple(new[begin:end]))
        for tag, first, last, begin, end in matcher.get_opcodes()
        if tag != "equal"
    )
    return made or edits


def _complete(edits: tuple[Edit, ...], lines: Sequence[str]) -> tuple[Edit, ...]:
    """With the line before it, where the last edit is at the end of a file whose last line has no end.

    What is added behind such a line needs its end; and where it is taken out, the line before it has none.
    """
    last = edits[-1]
    if not lines or lines[-1].endswith("\n") or last.end < len(lines) or last.start == 0:
        return edits
    if last.start == len(lines):
        ending = "\r\n" if last.new[0].endswith("\r\n") else "\n"
        *more, end = last.new
        return (*edits[:-1], Edit(last.start - 1, last.end, (lines[-1] + ending, *more, end.rstrip("\r\n"))))
    if not last.new and all(edit.end < last.start for edit in edits[:-1]):
        return (*edits[:-1], Edit(last.start - 1, last.end, (lines[last.start - 1].rstrip("\r\n"),)))
    return edits


def _unmasked(edits: Sequence[Edit], old: Sequence[str], masked: Sequence[str]) -> tuple[Edit, ...]:
    """The edits to the lines as they are.  A secret may be kept or dropped, and not put where another line stood."""
    own = placeholders(old)
    real: list[Edit] = []
    for edit in edits:
        try:
            known = values(masked[edit.start : edit.end], old[edit.start : edit.end])
        except Unclear:
            raise NoPatch("it touches a masked secret that cannot be told from what stands around it") from None
        new = restored(edit.new, known)
        if placeholders(new) - own:
            raise NoPatch("it puts a masked secret where it did not stand")
        real.append(Edit(edit.start, edit.end, new))
    return tuple(real)


def _check(file: SourceFile, old: list[str], edits: tuple[Edit, ...]) -> None:
    """Raise `NoPatch` when unknown lines are touched or the file is not right afterwards."""
    try:
        if not file.partial:
            check_whole(file.text, "".join(edited(old, edits)), file.language)
            return
        for first, last in _parts(file, edits, len(old)):
            inner = [edit for edit in edits if first <= edit.start and edit.end <= last]
            after = edited(old, inner)[first : last + len(edited(old, inner)) - len(old)]
            check_part(old[first:last], after, file.language)
    except Unsound as reason:
        raise NoPatch(str(reason)) from None


def _parts(file: SourceFile, edits: tuple[Edit, ...], count: int) -> list[tuple[int, int]]:
    """The known lines that the edits lie in, from 0, the end not included."""
    touched = []
    for edit in edits:
        holder = next(((a - 1, min(b, count)) for a, b in file.parts if a - 1 <= edit.start and edit.end <= b), None)
        if holder is None:
            raise NoPatch("it reaches into lines that the diff does not show")
        touched.append(holder)
    return list(dict.fromkeys(touched))


def _written(file: SourceFile, old: Sequence[str], masked: Sequence[str], edits: tuple[Edit, ...]) -> str:
    unknown = _unknown(file, len(old))
    secret = {at for at, (one, other) in enumerate(zip(old, masked, strict=True)) if one != other}
    try:
        return unified.write(file.path, masked, edits, hidden=unknown | secret, goes_on=file.partial)
    except unified.NoContext:
        pass
    try:  # with a masked line shown, since nothing else stands there
        return unified.write(file.path, masked, edits, hidden=unknown, goes_on=file.partial)
    except unified.NoContext:
        raise NoPatch("an unknown line follows at once") from None


def _unknown(file: SourceFile, count: int) -> set[int]:
    if not file.partial:
        return set()
    known = {number for first, last in file.parts for number in range(first - 1, last)}
    return set(range(count)) - known


def _lines_of_the_file(patch: str) -> list[str]:
    return [line for one in unified.read(patch) for hunk in one.hunks for line in (*hunk.old, *hunk.new)]
