"""Secrets put back into text that was masked, from the lines that the masks were laid over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PLACEHOLDER = re.compile(r"<secret:[a-z0-9-]+:\d+>")


class Unclear(Exception):  # named after what it means
    """Masked lines do not fit the lines they should come from, or fit them in several ways."""


def values(masked: Sequence[str], real: Sequence[str]) -> dict[str, str]:
    """What each placeholder in masked lines stands for.

    A placeholder that the real line holds too, as its own words, stands for itself and is not named.

    Raises:
        Unclear: the lines do not fit each other, or in more than one way.
    """
    if len(masked) != len(real):
        raise Unclear("there are not as many lines")
    found: dict[str, str] = {}
    for pattern, line in zip(masked, real, strict=True):
        if pattern == line:
            continue
        for name, value in _values_in(pattern, line).items():
            if found.setdefault(name, value) != value:
                raise Unclear("a placeholder stands for two values")
    return found


def restored(lines: Iterable[str], known: Mapping[str, str]) -> tuple[str, ...]:
    """The lines with the values that are known in place of their placeholders."""
    return tuple(PLACEHOLDER.sub(lambda match: known.get(match[0], match[0]), line) for line in lines)


def placeholders(lines: Iterable[str]) -> frozenset[str]:
    """The placeholders that stand in the lines."""
    return frozenset(name for line in lines for name in PLACEHOLDER.findall(line))


def _values_in(pattern: str, line: str) -> dict[str, str]:
    """What the placeholders of one line stand for.

    The words between them are sought from the left and from the right, each as early as can be: where both ways give
    the same there is only one reading.  No expression is tried, which a line could make take for ever.
    """
    names = PLACEHOLDER.findall(pattern)
    words = PLACEHOLDER.split(pattern)
    if not names:
        raise Unclear("a line is not what was masked")
    shortest = _gaps(words, line)
    backwards = _gaps([word[::-1] for word in reversed(words)], line[::-1])
    longest = [gap[::-1] for gap in reversed(backwards)]
    if shortest != longest:
        raise Unclear("a line fits its mask in several ways")
    found: dict[str, str] = {}
    for name, value in zip(names, shortest, strict=True):
        if found.setdefault(name, value) != value:
            raise Unclear("a placeholder stands for two values")
    return found


def _gaps(words: Sequence[str], line: str) -> list[str]:
    """What stands between the words, of which the first begins the line and the last ends it; never nothing."""
    first, *others = words
    last = others.pop()
    end = len(line) - len(last)
    if not (line.startswith(first) and line.endswith(last) and len(first) < end):
        raise Unclear("a line is not what was masked")
    gaps: list[str] = []
    at = len(first)
    for word in others:
        here = line.find(word, at + 1, end)
        if here < 0:
            raise Unclear("a line is not what was masked")
        gaps.append(line[at:here])
        at = here + len(word)
    if at >= end:
        raise Unclear("a line is not what was masked")
    return [*gaps, line[at:end]]
