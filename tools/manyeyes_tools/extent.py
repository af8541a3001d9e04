"""How much of a long material one question shows: all of it at once, or one piece after the other.

Read at once, what lies far apart is seen together, what surrounds the pieces is sent once, and nobody has to guess what
another piece holds.  But one answer can name only so much: of what is very long, or has very much to be spoken to, it
would leave out more than it gains.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.chunks import Chunk

WHOLE_TOKENS = 300_000
"""More than this is never put before a model at once, since one answer would pass over too much of it."""
WHOLE_ANSWER_TOKENS = 32_000
"""Upper bound of an answer to all of it, reasoning included."""


async def at_once(
    chunks: Sequence[Chunk], part_tokens: int, tasks: Sequence[Task], bench: Bench, *, around: int, crowded: bool
) -> tuple[list[Task] | None, str]:
    """How to ask about material of several pieces: the tasks for asking about all of it at once, and why.

    The members of a panel read alike, so that their findings can be held against each other: at once only where that
    is the better way for each of them.

    Args:
        chunks: The pieces.
        part_tokens: How large they may be.
        tasks: Whom to ask about a piece.
        bench: Knows the models and what they cost.
        around: Tokens that stand around a piece in a question.
        crowded: Whether there is more to be spoken to than one answer can.

    Returns:
        None in place of the tasks where the pieces are asked about one by one.
    """
    total = sum(one.tokens for one in chunks)
    pieces = f"it is read in {len(chunks)} parts"
    if crowded:
        return None, _told(
            "parts", f"more findings of the engines are to be spoken to than one answer can, so {pieces}"
        )
    if total > WHOLE_TOKENS:
        return None, _told(
            "parts", f"one answer would pass over too much of {total:,} tokens, more than {WHOLE_TOKENS:,}, so {pieces}"
        )
    whole = [replace(task, input_tokens=total + around, output_tokens=WHOLE_ANSWER_TOKENS) for task in tasks]
    why = ""
    for task, part in zip(whole, tasks, strict=True):
        reading = await bench.reading(task, part_tokens + around, each_tokens=part.output_tokens, parts=len(chunks))
        if reading.way != "whole":
            return None, _told("parts", reading.reason)
        why = why or reading.reason
    return whole, _told("whole", why)


def _told(way: str, why: str) -> str:
    return f"How the material was read: {way}; {why}."
