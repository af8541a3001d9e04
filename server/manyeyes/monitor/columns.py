"""Tables in columns: whole where they are kept, fitted where a terminal shows them.

A figure is never cut.  What runs on in the last column is folded, or told beneath its row; then whole columns go, the
least telling first, and the table says which.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_SGR = re.compile(r"\x1b\[[0-9;]*m")
_GAP = "  "
_INDENT = "    "
_NARROWEST, _LONGEST_WORD = 24, 32
"""Characters that a column of words is not made narrower than: as many as its longest word has, between these."""
_NOTHING = frozenset({"", "-"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table set in columns.

    Attributes:
        head: The line of the heads.
        rows: Each row, of several lines where the last column was folded.
        left_out: The heads of the columns that are not there.
    """

    head: str
    rows: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def plain(text: str) -> str:
    """The text without colours."""
    return _SGR.sub("", text)


def left_out(tables: Iterable[Table], width: int | None) -> str:
    """A sentence on the columns that are missing for want of room, folded to it; empty when none is."""
    heads = dict.fromkeys(head for table in tables for head in table.left_out)
    if not heads:
        return ""
    told = f"Left out for want of room: {', '.join(heads)}. A wider terminal, a pipe and --json have all."
    return "\n".join(_wrapped(told, width or len(told)))


def set_in_columns(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    width: int | None = None,
    right: Collection[str] = (),
    least: Sequence[str] = (),
    words: bool = True,
) -> Table:
    """Set a table.

    Args:
        heads: What stands above the columns.
        rows: The cells of each row.
        width: Characters that a line may have; None for as many as it takes.
        right: The heads of the columns that are flush right.
        least: The heads of the columns that may be left out, in this order.
        words: Whether the last column holds words, which may be folded.
    """
    lines = [tuple(heads), *map(tuple, rows)]
    wide = {head: max(len(plain(line[column])) for line in lines) for column, head in enumerate(heads)}
    gone: list[str] = []
    longest = max((len(word) for line in lines for word in plain(line[-1]).split()), default=0)
    narrowest = min(max(longest, _NARROWEST), _LONGEST_WORD)

    def needed() -> int:
        kept = [head for head in heads if head not in gone]
        folded = max(wide[heads[-1]] - narrowest, 0) if words and heads[-1] in kept else 0
        return sum(wide[head] for head in kept) + len(_GAP) * (len(kept) - 1) - folded

    beneath = False
    if width is not None and needed() > width and words and heads[-1] not in least:
        beneath, gone = True, [heads[-1]]
    for head in least:
        if width is None or needed() <= width:
            break
        gone.append(head)
    columns = [(column, wide[head], head in right) for column, head in enumerate(heads) if head not in gone]
    set_rows = [_line(line, columns) for line in lines]
    if beneath:
        told = (_beneath(heads[-1], line[-1], width) for line in lines[1:])
        set_rows[1:] = [row + more for row, more in zip(set_rows[1:], told, strict=True)]
        gone.remove(heads[-1])
    elif words and width is not None and heads[-1] not in gone:
        set_rows = [_folded(line, columns, width) for line in lines]
    return Table(set_rows[0], tuple(set_rows[1:]), tuple(gone))


def _line(cells: Sequence[str], columns: Sequence[tuple[int, int, bool]]) -> str:
    shown = []
    for column, width, flush_right in columns:
        gap = " " * (width - len(plain(cells[column])))
        shown.append(gap + cells[column] if flush_right else cells[column] + gap)
    return _GAP.join(shown).rstrip()


def _folded(cells: Sequence[str], columns: Sequence[tuple[int, int, bool]], width: int) -> str:
    """The row with its last cell folded to the room that is left beside the others."""
    *others, (last, _, _) = columns
    taken = sum(wide + len(_GAP) for _, wide, _ in others)
    first, *more = _wrapped(cells[last], max(width - taken, _NARROWEST)) or [""]
    row = [*cells[:last], first]
    return "\n".join([_line(row, [*others, (last, 0, False)]), *(" " * taken + piece for piece in more)])


def _beneath(head: str, text: str, width: int | None) -> str:
    """What the last column says, on lines of its own under the row; nothing where it says nothing."""
    if text in _NOTHING:
        return ""
    pieces = _wrapped(f"{head}: {text}", max((width or 0) - len(_INDENT), _NARROWEST))
    return "".join(f"\n{_INDENT}{piece}" for piece in pieces)


def _wrapped(text: str, room: int) -> list[str]:
    """The text on lines of so many characters, colours and all where it fits; a longer word is left whole."""
    if len(plain(text)) <= room:
        return [text]
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
