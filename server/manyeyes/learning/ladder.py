"""In which order to try models when each answer can be checked, cheap ones first.

The check errs: it lets some wrong answers pass and turns some right ones away.  Models fail on the same tasks, so what
a later model solves of what reached it is less than what it solves of all: how hard a task is, is taken to be normally
distributed and to be shared by all models to the degree `ALIKE` (a one-factor Gaussian copula).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ALIKE = 0.8
"""How much of what makes a model fail on a task makes the others fail too, 0 to 1."""
PLANNED = 0.85
"""Share of the budget that is planned with: the best of many estimates is an optimistic one."""
LONGEST = 4
"""Steps of a ladder at most."""
CONSIDERED = 12
"""Models that ladders are made of: those that few others beat in both quality and cost."""
LEVELS = 40
"""Degrees of hardness that are told apart."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Rung:
    """A model on a ladder: the share of tasks it solves, and what one try costs.

    Tries that fail usually cost more, and what reaches a later rung is hard: both costs are needed to tell what a
    ladder costs.
    """

    name: str
    quality: float
    solved_usd: float
    failed_usd: float

    @property
    def cost_usd(self) -> float:
        """What a try costs on average over all tasks."""
        return self.quality * self.solved_usd + (1 - self.quality) * self.failed_usd


@dataclass(frozen=True, slots=True)
class Ladder:
    """Models in the order they are asked; the answer of the last is taken as it is.

    `solved` is the share of tasks and `cost_usd` the dollars a task that are expected of it.
    """

    rungs: tuple[Rung, ...]
    solved: float
    cost_usd: float


def best_ladder(rungs: Iterable[Rung], budget_usd: float, *, miss: float = 0.1, alarm: float = 0.1) -> Ladder | None:
    """The ladder that solves most for no more than the budget on average; None when nothing fits.

    Args:
        rungs: The models there are.
        budget_usd: Expected cost of one task at most, in dollars.
        miss: Share of wrong answers that the check lets pass.
        alarm: Share of right answers that the check turns away.
    """
    fitting = [one for one in _ladders(_promising(rungs), miss, alarm) if one.cost_usd <= PLANNED * budget_usd]
    return max(fitting, key=lambda one: (one.solved, -one.cost_usd), default=None)


def climb(rungs: Sequence[Rung], miss: float, alarm: float) -> Ladder:
    """What a ladder solves and costs on average."""
    reached, solved, cost = [1 / LEVELS] * LEVELS, 0.0, 0.0
    for number, rung in enumerate(rungs, 1):
        by_level = _by_level(rung.quality)
        cost += sum(
            share * (right * rung.solved_usd + (1 - right) * rung.failed_usd)
            for share, right in zip(reached, by_level, strict=True)
        )
        last = number == len(rungs)
        solved += sum(
            share * right * (1 if last else 1 - alarm) for share, right in zip(reached, by_level, strict=True)
        )
        reached = [
            share * (right * alarm + (1 - right) * (1 - miss)) for share, right in zip(reached, by_level, strict=True)
        ]
    return Ladder(tuple(rungs), solved, cost)


@cache
def _by_level(quality: float) -> tuple[float, ...]:
    """The share of tasks a model solves, from the easiest level to the hardest."""
    least = _NORMAL.inv_cdf(min(max(quality, 0.001), 0.999))
    return tuple(
        _NORMAL.cdf((least - sqrt(ALIKE) * _NORMAL.inv_cdf((level + 0.5) / LEVELS)) / sqrt(1 - ALIKE))
        for level in range(LEVELS)
    )


def _ladders(rungs: Sequence[Rung], miss: float, alarm: float) -> Iterator[Ladder]:
    rising = sorted(rungs, key=lambda one: (one.cost_usd, -one.quality, one.name))
    for length in range(1, LONGEST + 1):
        for chosen in combinations(rising, length):
            yield climb(chosen, miss, alarm)


def _promising(rungs: Iterable[Rung]) -> list[Rung]:
    """Those that few others beat in quality and cost at once."""
    every = list(rungs)

    def beaten(one: Rung) -> int:
        return sum(other.quality > one.quality and other.cost_usd < one.cost_usd for other in every)

    return sorted(every, key=lambda one: (beaten(one), -one.quality, one.name))[:CONSIDERED]
