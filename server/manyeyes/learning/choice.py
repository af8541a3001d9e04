"""Which of several models to ask: Thompson sampling over what is remembered of them.

Each model's quality is drawn from its posterior and its expected cost and time are taken off at the operator's rates;
the highest draw is asked.  Two things make it lose less on the way than the textbook's form.  The models share a prior
that is learned from all of them (empirical Bayes), so that one failure of a newcomer does not count as proof.  And the
posterior is drawn narrower than it is (`TEMPER`), which explores less: with many models that are nearly as good as
each other, finding the very best costs more than it brings.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from manyeyes.learning.record import Record

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

TEMPER = 0.5
"""Width of the draws, in posterior standard deviations."""
PRIOR_TRIALS = 4.0
"""Outcomes' worth of trust in what is expected of a model before it has shown anything."""
LOUDEST = 10.0
"""One model counts for the shared prior with no more outcomes than this, so that a favourite does not speak for all."""
EVEN = 0.5
"""Where nothing at all is known of quality."""
UNKNOWN = Record()


@dataclass(frozen=True, slots=True)
class Rates:
    """What a dollar and a second are worth, in units of quality: 0.2 means that 5 dollars outweigh a perfect answer."""

    usd: float = 0.2
    second: float = 0.0


@dataclass(frozen=True, slots=True)
class Arm:
    """What is expected of a model that could be asked.

    `quality` is the prior mean, 0 to 1, None when nothing sets it apart from the others; `cost_usd` and `seconds` are
    what a call is thought to take before any was made, None when nothing is known.
    """

    name: str
    quality: float | None = None
    cost_usd: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """One model's place in a choice, with all that led to it.

    `quality` and `spread` are mean and standard deviation of the posterior, `utility` the mean quality less cost and
    time, `drawn` the utility with the quality as it was drawn.
    """

    name: str
    quality: float
    spread: float
    trials: float
    cost_usd: float
    seconds: float
    utility: float
    drawn: float


def draw(
    arms: Sequence[Arm],
    records: Mapping[str, Record],
    rates: Rates,
    dice: random.Random,
    *,
    broader: Mapping[str, Record] | None = None,
    temper: float = TEMPER,
) -> list[Draw]:
    """All models, the one to ask first.

    Args:
        arms: The models that could be asked; at least one.
        records: What is remembered of them in this situation.
        rates: The operator's exchange rates.
        dice: Where chance comes from; equal dice give equal choices.
        broader: What is remembered in a wider situation (the same kind of work, any language): it is the prior.
        temper: Width of the draws; 0 for none, so that the best mean wins.
    """
    shared = _shared(arms, records)
    cost, time = _typical(arms, records)
    drawn = []
    for arm in arms:
        record = records.get(arm.name, UNKNOWN)
        wide = (broader or {}).get(arm.name, UNKNOWN)
        expected = shared if arm.quality is None else (arm.quality + shared) / 2
        if wide.mean is not None:
            trust = min(wide.trials, LOUDEST)
            expected = (trust * wide.mean + PRIOR_TRIALS * expected) / (trust + PRIOR_TRIALS)
        trials = record.trials + PRIOR_TRIALS
        quality = (record.quality + PRIOR_TRIALS * expected) / trials
        spread = sqrt(quality * (1 - quality) / (trials + 1))
        usd = _expected(record.cost_usd, record.calls, arm.cost_usd, cost)
        seconds = _expected(record.seconds, record.timed, arm.seconds, time)
        price = rates.usd * usd + rates.second * seconds
        # One number is drawn for each model, whatever its place, so that a choice can be repeated.
        luck = dice.gauss(0.0, 1.0)
        drawn.append(
            Draw(
                arm.name,
                quality,
                spread,
                record.trials,
                usd,
                seconds,
                quality - price,
                quality + temper * spread * luck - price,
            )
        )
    return sorted(drawn, key=lambda one: -one.drawn)


def _shared(arms: Sequence[Arm], records: Mapping[str, Record]) -> float:
    """What the models at hand show on average, beginning with what is expected of them."""
    stated = [arm.quality for arm in arms if arm.quality is not None]
    prior = sum(stated) / len(stated) if stated else EVEN
    shown = [
        (min(record.trials, LOUDEST), record.mean)
        for arm in arms
        if (record := records.get(arm.name)) is not None and record.mean is not None
    ]
    weight = sum(trials for trials, _ in shown)
    return (sum(trials * mean for trials, mean in shown) + PRIOR_TRIALS * prior) / (weight + PRIOR_TRIALS)


def _typical(arms: Sequence[Arm], records: Mapping[str, Record]) -> tuple[float, float]:
    """What a call of a model takes of which nothing is known: the mean over all, in dollars and seconds."""
    known = [record for arm in arms if (record := records.get(arm.name)) is not None]
    calls, timed = sum(one.calls for one in known), sum(one.timed for one in known)
    return (
        sum(one.cost_usd for one in known) / calls if calls else 0.0,
        sum(one.seconds for one in known) / timed if timed else 0.0,
    )


def _expected(total: float, count: float, stated: float | None, typical: float) -> float:
    """The mean, with one call's worth of what was stated beforehand, or of what is typical."""
    return (total + (typical if stated is None else stated)) / (count + 1)
