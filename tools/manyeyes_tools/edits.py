"""Changes to lines of a text, and what becomes of the text with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Lines `start` to `end` (from 0, the end not included) become `new`; lines have their endings with them."""

    start: int
    end: int
    new: tuple[str, ...]


def lines_of(text: str) -> list[str]:
    """The lines with their endings, cut where git cuts them: a carriage return alone ends none."""
    *full, rest = text.split("\n")
    return [*(f"{line}\n" for line in full), *([rest] if rest else [])]


def edited(lines: Sequence[str], edits: Iterable[Edit]) -> list[str]:
    """The lines after all of the edits, which must not touch each other."""
    result = list(lines)
    for edit in sorted(edits, reverse=True):
        result[edit.start : edit.end] = edit.new
    return result


def narrowed(edit: Edit, lines: Sequence[str]) -> Edit | None:
    """The edit without the lines at its ends that stay as they are; None when nothing is left of it."""
    old, new = lines[edit.start : edit.end], edit.new
    least = min(len(old), len(new))
    top = 0
    while top < least and old[top] == new[top]:
        top += 1
    bottom = 0
    while bottom < least - top and old[-1 - bottom] == new[-1 - bottom]:
        bottom += 1
    left = Edit(edit.start + top, edit.end - bottom, new[top : len(new) - bottom])
    return left if left.new or left.start < left.end else None


def collide(one: Iterable[Edit], other: Iterable[Edit]) -> bool:
    """Whether two sets of edits get in each other's way: same lines, or lines put in at the same place.

    The very same edit in both is no collision.
    """
    ours, theirs = set(one), set(other)
    return any(
        (a.start < b.end and b.start < a.end)
        or (a.start == a.end and b.start <= a.start <= b.end)
        or (b.start == b.end and a.start <= b.start <= a.end)
        for a in ours - theirs
        for b in theirs
        if a != b
    )
