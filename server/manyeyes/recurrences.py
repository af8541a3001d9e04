"""Where any of many strings appears in a text, in a time that does not multiply the two."""

from __future__ import annotations

import time
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HEAD = 6
_FEW = 40_000_000
_STEP = 100_000


class Recurrences:
    """A fixed set of strings to look for.

    Args:
        strings: What to look for; those shorter than six characters are looked for one by one.
    """

    def __init__(self, strings: Iterable[str]) -> None:
        self._all = sorted(set(strings))
        self._sorted = [string for string in self._all if len(string) >= _HEAD]
        self._short = [string for string in self._all if len(string) < _HEAD]
        self._heads = {string[:_HEAD] for string in self._sorted}
        self._longest = max(map(len, self._sorted), default=0)
        self._inner = list(self._inner_strings())

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """Where the strings stand, and which; they may overlap."""
        if len(self._all) * len(text) <= _FEW:  # one fast search for each of them
            yield from _each(text, self._all)
            return
        yield from _each(text, self._short)
        for start in range(0, len(text), _STEP):
            stop = min(start + _STEP, len(text))
            heads = self._heads
            for at in [at for at in range(start, stop) if text[at : at + _HEAD] in heads]:
                longest = self._longest_at(text, at)
                if longest is not None:
                    yield at, longest
            time.sleep(0)  # lets other threads run

    def _inner_strings(self) -> Iterator[int]:
        """For each string, the place of the longest other one that it begins with, or -1."""
        outer: list[int] = []
        for place, string in enumerate(self._sorted):
            while outer and not string.startswith(self._sorted[outer[-1]]):
                outer.pop()
            yield outer[-1] if outer else -1
            outer.append(place)

    def _longest_at(self, text: str, at: int) -> str | None:
        """The longest string that begins here.

        Whatever the text begins with sorts before it, and is what the last string before it begins with, too.
        """
        place = bisect_right(self._sorted, text[at : at + self._longest]) - 1
        while place >= 0:
            if text.startswith(self._sorted[place], at):
                return self._sorted[place]
            place = self._inner[place]
        return None


def _each(text: str, strings: list[str]) -> Iterator[tuple[int, str]]:
    for string in strings:
        at = text.find(string)
        while at != -1:
            yield at, string
            at = text.find(string, at + len(string))
