"""What is remembered of one model's work: how well, how dear, how fast, and whether that has changed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import log

RECENT = 240
"""Outcomes that are kept one by one, to notice a change."""
SETTLED = 10
"""A change must have lasted this many outcomes, and as many must lie before it."""
SURPRISE = 10.5
"""Log likelihood ratio from which on a change is believed, so high because it is asked after every outcome."""
HORIZON = 2000.0
"""Outcomes' worth of memory; beyond that, old ones fade."""


@dataclass(slots=True)
class Record:
    """The outcomes of one model in one kind of situation.

    Attributes:
        trials: Outcomes that count, faded ones in part.
        quality: Sum of their quality, each 0 to 1.
        calls: Calls whose cost is known.
        cost_usd: Sum of their cost.
        seconds: Sum of the time of all calls that were timed.
        timed: How many those are.
        recent: The last qualities, oldest first.
    """

    trials: float = 0.0
    quality: float = 0.0
    calls: float = 0.0
    cost_usd: float = 0.0
    seconds: float = 0.0
    timed: float = 0.0
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))

    @property
    def mean(self) -> float | None:
        """Mean quality; None before the first outcome."""
        return self.quality / self.trials if self.trials else None

    def judge(self, quality: float, weight: float = 1.0) -> bool:
        """Take in one outcome; True when it showed that the model has changed, and what was before is forgotten.

        Args:
            quality: How good the answer turned out to be, 0 to 1.
            weight: How much the outcome counts, 0 to 1.
        """
        self.trials += weight
        self.quality += weight * quality
        if self.trials > HORIZON:
            self.quality *= HORIZON / self.trials
            self.trials = HORIZON
        self.recent.append(quality)
        since = changed_at(tuple(self.recent))
        if since is None:
            return False
        kept = list(self.recent)[since:]
        self.recent.clear()
        self.recent.extend(kept)
        self.trials, self.quality = float(len(kept)), sum(kept)
        return True

    def spend(self, cost_usd: float | None, seconds: float | None = None) -> None:
        """Take in what a call cost and how long it took; what is not known is not counted."""
        if cost_usd is not None:
            self.calls += 1
            self.cost_usd += cost_usd
            if self.calls > HORIZON:
                self.cost_usd *= HORIZON / self.calls
                self.calls = HORIZON
        if seconds is not None:
            self.timed += 1
            self.seconds += seconds
            if self.timed > HORIZON:
                self.seconds *= HORIZON / self.timed
                self.timed = HORIZON


def changed_at(outcomes: tuple[float, ...]) -> int | None:
    """Where a series of outcomes, each 0 to 1, began to be of another kind; None while it did not.

    The generalised likelihood ratio test for one change of a Bernoulli mean: the best split must explain the series
    better than one mean by more than `SURPRISE` (Lai and Xing, "Sequential change-point detection when the pre- and
    post-change parameters are unknown", Sequential Analysis 29, 2010).
    """
    count = len(outcomes)
    if count < 2 * SETTLED:
        return None
    total = sum(outcomes)
    mean = total / count
    before = sum(outcomes[:SETTLED])
    best, split = SURPRISE, None
    for at in range(SETTLED, count - SETTLED + 1):
        after = total - before
        gain = at * _divergence(before / at, mean) + (count - at) * _divergence(after / (count - at), mean)
        if gain > best:
            best, split = gain, at
        before += outcomes[at]
    return split


def _divergence(one: float, other: float) -> float:
    """Kullback-Leibler divergence of two Bernoulli distributions, in nats."""
    one, other = (min(max(value, 1e-6), 1 - 1e-6) for value in (one, other))
    return one * log(one / other) + (1 - one) * log((1 - one) / (1 - other))
