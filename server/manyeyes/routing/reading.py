"""How material that is longer than one piece is best read: whole, by a model whose window holds it, or in parts.

A pure function over two routes and the prices.  Read in parts, the material is asked about piece by piece, and one
more call makes one answer of what was noted; whatever only shows when two distant places are seen together is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.types import ModelRef, Route, Task

NOTE_TOKENS = 4_000
"""What is noted of each part, at most; reasoning included."""
FRAME_TOKENS = 1_000
"""What stands around a part in its question."""
WORTH = 2.0
"""Reading whole may cost so many times as much as reading in parts: nothing between distant places is lost then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The choice, and why.

    Attributes:
        way: `once` where it fits one piece anyway, `whole`, `parts`, or `none` where nobody can be asked.
        ref: Who is asked first.
        reason: In one line, for people.
        parts: How many pieces there would be.
        whole_usd, parts_usd: The most that either way can cost, in US dollars; None when the price is not known or
            nobody can do it.
    """

    way: Literal["once", "whole", "parts", "none"]
    ref: ModelRef | None
    reason: str
    parts: int
    whole_usd: float | None = None
    parts_usd: float | None = None


def choose_reading(
    task: Task,
    part_tokens: int,
    *,
    whole: Route,
    parts: Route,
    price: Callable[[ModelRef, int, int], float | None],
    each_tokens: int | None = None,
    count: int | None = None,
) -> Reading:
    """Choose how to read.

    Args:
        task: What is to be done; its `input_tokens` are those of all the material.
        part_tokens: The size of a piece.
        whole: The route for all of it at once.
        parts: The route for one piece.
        price: The most that a model can cost for so many tokens of prompt and answer.
        each_tokens: The longest answer to a piece, where the answers to all of them stand by themselves; None where
            notes are made of each piece, and one more call answers from them.
        count: How many pieces there are; None for as many as it takes.
    """
    size, answer = task.input_tokens, task.output_tokens
    count = count or max(1, -(-size // part_tokens))
    one, many = _first(whole), _first(parts)
    if size <= part_tokens:
        return Reading(way="once" if one else "none", ref=one, reason="it fits one piece", parts=1)
    whole_usd = price(one, size + FRAME_TOKENS, answer) if one else None
    parts_usd = _in_parts(many, count, part_tokens, answer, each_tokens, price) if many else None
    if one is None and many is None:
        return Reading(way="none", ref=None, reason=f"nobody can be asked: {parts.obstacles}", parts=count)
    if one is None:
        reason = f"no window holds {size:,} tokens, so it is read in {count} parts by {many}"
        return Reading(way="parts", ref=many, reason=reason, parts=count, parts_usd=parts_usd)
    if many is None or whole_usd is None or parts_usd is None:
        reason = f"{one} holds all {size:,} tokens, and what {count} parts would cost is not known"
        return Reading(way="whole", ref=one, reason=reason, parts=count, whole_usd=whole_usd, parts_usd=parts_usd)
    sums = f"at most ${whole_usd:.4f} whole by {one}, ${parts_usd:.4f} in {count} parts by {many}"
    if whole_usd <= parts_usd:
        less = "is cheaper" if whole_usd < parts_usd else "costs no more"
        way, why = "whole", f"whole {less}, and nothing between the parts is lost"
    elif whole_usd <= WORTH * parts_usd:
        way, why = "whole", f"whole costs less than {WORTH:g} times as much, and nothing between the parts is lost"
    else:
        way, why = "parts", f"whole would cost more than {WORTH:g} times as much"
    if way == "whole":
        return Reading(
            way="whole", ref=one, reason=f"{why}: {sums}", parts=count, whole_usd=whole_usd, parts_usd=parts_usd
        )
    return Reading(
        way="parts", ref=many, reason=f"{why}: {sums}", parts=count, whole_usd=whole_usd, parts_usd=parts_usd
    )


def _in_parts(  # noqa: PLR0917  # the parts of one sum
    ref: ModelRef,
    count: int,
    part_tokens: int,
    answer: int,
    each_tokens: int | None,
    price: Callable[[ModelRef, int, int], float | None],
) -> float | None:
    """The most that an answer to each part can cost, or notes on each and one answer from them."""
    if each_tokens is not None:
        each = price(ref, part_tokens, each_tokens)
        return None if each is None else count * each
    noted = price(ref, part_tokens + FRAME_TOKENS, NOTE_TOKENS)
    joined = price(ref, count * NOTE_TOKENS + FRAME_TOKENS, answer)
    return None if noted is None or joined is None else count * noted + joined


def _first(route: Route) -> ModelRef | None:
    return route.taken[0] if route.taken else None
