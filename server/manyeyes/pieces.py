"""Searching a large text in small pieces, so that no single search holds up the other threads."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_STEP = 16_000
_TAIL = 2_000
_PAUSE_EVERY = 0.02


def scan(regex: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """What `regex.finditer(text)` gives, found piece by piece.

    A search holds the interpreter's lock until it ends.  Here each one sees at most a few thousand characters, and
    the lock is offered to others about every 20 ms.  Expressions must not depend on more than 2,000 characters
    behind the start of a match, unless they take these in one unbroken run.
    """
    size = len(text)
    if size <= _STEP:
        yield from regex.finditer(text)
        return
    at = 0
    rested = time.perf_counter()
    for start in range(0, size, _STEP):
        stop = start + _STEP
        end = min(size, stop + _TAIL)
        at = max(at, start)
        while at < stop:
            match = regex.search(text, at, end)
            if match is None or match.start() >= stop:
                break
            if match.end() == end < size:  # cut by the piece's end: once more, to where it really ends
                match = regex.match(text, match.start()) or match
            yield match
            at = max(match.end(), match.start() + 1)
        if time.perf_counter() - rested > _PAUSE_EVERY:
            time.sleep(0)
            rested = time.perf_counter()
