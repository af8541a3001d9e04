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
    names = PLACEHOLDER.findall(pattern)
    literal = [re.escape(part) for part in PLACEHOLDER.split(pattern)]
    tries = []
    for wild in ("(.+?)", "(.+)"):  # where the shortest and the longest reading agree there is only one
        first: dict[str, int] = {}
        parts = [literal[0]]
        for name, text in zip(names, literal[1:], strict=True):
            parts.append(wild if name not in first else f"\\{first[name]}")
            first.setdefault(name, len(first) + 1)
            parts.append(text)
        match = re.fullmatch("".join(parts), line, re.DOTALL)
        if match is None:
            raise Unclear("a line is not what was masked")
        tries.append({name: match[group] for name, group in first.items()})
    if tries[0] != tries[1]:
        raise Unclear("a line fits its mask in several ways")
    return tries[0]
