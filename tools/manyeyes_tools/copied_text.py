"""What models put around text that they copy: fences, line numbers, a diff's marks, dots for what they left out."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FENCE = re.compile(r"^\s*(?:```|~~~)")
_NUMBERED = re.compile(r"^\s*>?\s*[Ll]?(\d+)\s*[+-]?(?:\s*[|│] ?|:(?: |$)|[→\t])")
_ELIDED = re.compile(
    r"^\s*(?:#|//|/\*|--|\(|\[|<!--)?\s*(?:\.{3,}|…)\s*(?:\*/|\)|\]|-->)?\s*$"
    r"|^\s*(?:#|//|/\*|--)\s*(?:\.{3,}|…).*(?:\.{3,}|…)\s*(?:\*/)?\s*$"
)
_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
        "\u00a0": " ", "\u2007": " ", "\u202f": " ", "\u200b": None, "\ufeff": None,
    }
)  # fmt: skip


def lines_in(text: str) -> list[str]:
    """The lines of copied text, without a fence around them.  A line end behind the last line makes no further line."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n")]
    body = trimmed(lines)
    fences = [index for index, line in enumerate(body) if _FENCE.match(line)]
    if not fences:
        return lines
    first, last = fences[0], fences[-1]
    if first == last:  # half a fence, at the beginning or the end
        return body[1:] if first == 0 else body[:-1] if first == len(body) - 1 else lines
    if first == 0 and last == len(body) - 1:
        return body[1:-1]
    return body[first + 1 : fences[1]] if len(fences) == 2 else lines  # noqa: PLR2004  # prose around a fence


def trimmed(lines: Sequence[str]) -> list[str]:
    """The lines without the empty ones at both ends."""
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return list(lines[start:end])


def elided(line: str) -> bool:
    """Whether a line only says that something was left out."""
    return bool(_ELIDED.match(line))


def unnumbered(lines: Sequence[str]) -> tuple[list[str], int | None]:
    """The lines without the numbers copied in before them, and the first number; as they are when some have none.

    A number before an empty line is often copied without what follows it.
    """
    full = [line for line in lines if line.strip() and not elided(line)]
    numbers = [match for match in map(_NUMBERED.match, full) if match]
    if not full or len(numbers) != len(full):
        return list(lines), None
    counted = [int(match[1]) for match in numbers]
    if any(later <= earlier for earlier, later in pairwise(counted)):
        return list(lines), None
    return [line if elided(line) else _NUMBERED.sub("", line, count=1) for line in lines], counted[0]


def unmarked(lines: Sequence[str], keep: str) -> list[str] | None:
    """The lines that a diff leaves on one side, without their marks; None when the lines are no part of a diff.

    Args:
        lines: Copied lines.
        keep: `-` for the lines before the change, `+` for those after it.
    """
    body = [line for line in lines if not line.startswith(("--- ", "+++ ", "@@ ", "diff --git ", "index "))]
    full = [line for line in body if line.strip()]
    if not any(line[0] in "+-" for line in full) or any(line[0] not in "+- \t" for line in full):
        return None
    drop = "+" if keep == "-" else "-"
    kept = [line for line in body if not line.startswith(drop)]
    return [line[1:] if line[:1] in {"+", "-", " "} else line for line in kept]


def straight(text: str) -> str:
    """The text with typographic quotes, dashes and spaces as a keyboard types them."""
    return text.translate(_TYPOGRAPHIC)
