"""A file with only some of its lines known, which keep their numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from manyeyes_tools.material import SourceFile


def extract(file: SourceFile, kept: Collection[int]) -> SourceFile:
    """The file with only these lines, counted from 1; the others are empty."""

    def left(text: str) -> str:
        return "\n".join(line if number in kept else "" for number, line in enumerate(text.split("\n"), 1))

    total = file.text.count("\n") + 1
    changed = None if file.changed is None else frozenset(file.changed & set(kept))
    parts = tuple(runs(number for number in sorted(kept) if number <= total))
    return replace(file, text=left(file.text), masked=left(file.masked), changed=changed, partial=True, parts=parts)


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Rising numbers as ranges, first and last."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] + 1 == number:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found
