"""What an exchange between models costs: a range before it begins, and the sum once it is over."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.chunks import tokens
from manyeyes_tools.exchange.points import Sheet
from manyeyes_tools.exchange.settling import settle
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Completion
    from manyeyes_tools.exchange.points import Participant, Point, Trial
    from manyeyes_tools.exchange.settling import Borne, Settlement
    from manyeyes_tools.exchange.weighing import Reader

LEAST_TOKENS = 40
"""A short reading of one claim: its name, a stand and a sentence."""
REASON_TOKENS = 270
"""The longest reason against a claim that is shown in a later round."""
SPARING = 0.6
"""The part of the estimated tokens of a prompt that there are at least: the estimate is an upper one."""


@dataclass(slots=True)
class Bill:
    """What the answers of an exchange cost so far, in US dollars; None as soon as a price is not known."""

    usd: float | None = 0.0
    answers: int = 0
    kept: int = 0
    """Answers that were there already and cost nothing."""

    def add(self, completion: Completion, bench: Bench) -> None:
        """Take in what an answer cost."""
        self.answers += 1
        if completion.cached:
            self.kept += 1
            return
        cost = bench.cost_usd(completion.ref, completion.usage) if completion.usage is not None else None
        self.usd = None if self.usd is None or cost is None else self.usd + cost

    def __str__(self) -> str:
        return "a sum that is not known, since a price is missing" if self.usd is None else f"${self.usd:.4f}"


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an exchange will cost, in US dollars; None where a price is not known.

    `low` is for one round of short answers, `high` for all rounds with the longest answers that are allowed.
    """

    low: float | None
    high: float | None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return "a sum that is not known beforehand, since a price is missing"
        return f"${self.low:.4f} to ${self.high:.4f}"


@dataclass(frozen=True, slots=True)
class Account:
    """An exchange's cost, before and after."""

    before: Estimate
    bill: Bill
    settlement: Settlement = field(repr=False)

    @property
    def told(self) -> str:
        """Both, in one line."""
        bill, rounds = self.bill, self.settlement.rounds
        parts = [f"{bill.answers} answer{'' if bill.answers == 1 else 's'}"]
        parts += [f"{bill.kept} of them kept from before"] if bill.kept else []
        parts.append(f"{rounds} round{'' if rounds == 1 else 's'}")
        failed = "; what failed calls cost is in `run.attempts`" if self.settlement.absent else ""
        return (
            f"The exchange between models cost {bill} ({', '.join(parts)}); before it began, it was estimated at "
            f"{self.before}{failed}."
        )


async def estimate(
    points: Sequence[Point], trials: Sequence[Trial], readers: Sequence[Reader], rounds: int
) -> Estimate:
    """What an exchange will cost.

    Args:
        points: What is to be judged.
        trials: What is put among it.
        readers: The models that judge.
        rounds: How often at most.
    """
    everything = (*points, *(one.point for one in trials))
    reasons = REASON_TOKENS * max(len(readers) - 1, 1) * len(points)
    lows, highs = [], []
    for one in readers:
        own = frozenset(point.id for point in points if one.name in point.holders)
        sheet = await compute(one.text, Sheet(1, everything, own, {}))
        size = tokens(load_prompt(one.prompt)) + tokens(sheet)
        short = LEAST_TOKENS * len(everything)
        lows.append(one.ceiling_usd(round(SPARING * size), short))
        highs.append(one.ceiling_usd(size, one.longest))
        highs += [one.ceiling_usd(size + reasons, one.longest) for _ in range(rounds - 1)]
    return Estimate(_sum(lows), _sum(highs))


async def hold(
    points: Sequence[Point],
    participants: Sequence[Participant],
    readers: Sequence[Reader],
    *,
    borne: Borne,
    trials: Sequence[Trial],
    rounds: int,
    tell: Callable[[str], Awaitable[None]],
) -> Account:
    """Hold an exchange, and say before and after what it costs.

    Args:
        points: What is claimed, with who holds it.
        participants: Those who take part, in the order of `readers`, whose answers they give.
        readers: The models behind them.
        borne: Whether a quote is found in the source.
        trials: Points known to be true or false, put among the others.
        rounds: At most so many.
        tell: Is told the estimate before anybody is asked.
    """
    before = await estimate(points, trials, readers, rounds)
    await tell(f"models judge each other's claims; estimated at {before}")
    settlement = await settle(points, participants, borne=borne, trials=trials, rounds=rounds)
    bill = Bill()
    for one in readers:
        bill = _joined(bill, one.bill)
    return Account(before, bill, settlement)


def _joined(one: Bill, other: Bill) -> Bill:
    usd = None if one.usd is None or other.usd is None else one.usd + other.usd
    return replace(one, usd=usd, answers=one.answers + other.answers, kept=one.kept + other.kept)


def _sum(values: Sequence[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if len(known) == len(values) else None
