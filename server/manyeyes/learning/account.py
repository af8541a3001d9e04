"""What one run showed of the models that worked in it: signals while it goes on, one outcome of each at its end.

A run counts once for a model and a situation, however many pieces it had, so that one large call does not outweigh
many small ones.  A signal that cannot be had (no claim was made, nobody checked) is left out, not taken for good.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.learning.situation import Situation


class Signal(StrEnum):
    """What tells how good an answer was; each between 0 (bad) and 1 (good)."""

    ANCHORED = "anchored"
    """The share of its claims whose quote stands in the source."""
    HELD_UP = "held up"
    """Whether it spoke to what was to be spoken to, so that nobody had to be asked again."""
    UPHELD = "upheld"
    """What became of its claims before other models: 1 confirmed, less when disputed, 0 refuted or withdrawn."""
    FOUND = "found"
    """The share of what a panel stands by in the end that it had found by itself."""
    PATCHES = "patches"
    """The share of its patches that apply."""
    ANSWERED = "answered"
    """The share of its tries that gave a usable answer, where not all did."""


WEIGHTS: Mapping[Signal, float] = {
    Signal.ANCHORED: 0.4,
    Signal.HELD_UP: 0.4,
    Signal.UPHELD: 0.6,
    Signal.FOUND: 0.4,
    Signal.PATCHES: 0.3,
    Signal.ANSWERED: 0.6,
}
"""How much each says of the answer.  What others make of a claim says most; a patch can apply and mend nothing.  The
sum, at most 1, is how much the run counts as an outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one model did in one situation of one run.

    Attributes:
        situation: What kind of work it was.
        model: The model's reference.
        quality: How good it was, 0 to 1; None when nothing told.
        weight: How much that counts, 0 to 1.
        cost_usd: What an answer cost on average, in US dollars; None when that is not known or nothing was paid.
        seconds: How long an answer took; None when it was there already.
        answers: How many it gave.
        explored: Whether it was asked to learn of it, and not because it was thought best.
    """

    situation: Situation
    model: str
    quality: float | None = None
    weight: float = 0.0
    cost_usd: float | None = None
    seconds: float | None = None
    answers: int = 0
    explored: bool = False

    @property
    def teaches(self) -> bool:
        """Whether anything is learned from it; of an answer that was there already nothing is."""
        return self.weight > 0 or self.cost_usd is not None or self.seconds is not None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A finding that a model had named, and that is gone since the code there was changed.

    Attributes:
        run_id: The run in which it was named.
        kind: The kind of work of that run.
        model: Who named it.
        finding: Its id.
    """

    run_id: str
    kind: str
    model: str
    finding: str


@dataclass(slots=True)
class _Use:
    answers: int = 0
    failures: int = 0
    paid: int = 0
    cost_usd: float | None = 0.0
    seconds: float = 0.0
    explored: bool = False


@dataclass(slots=True)
class Account:
    """The account of one run."""

    _uses: dict[tuple[Situation, str], _Use] = field(default_factory=dict)
    _signals: dict[tuple[str, str], dict[Signal, list[float]]] = field(default_factory=dict)
    resolved: list[Resolved] = field(default_factory=list)
    """What this run showed of earlier ones."""

    def used(
        self,
        situation: Situation,
        model: str,
        *,
        cost_usd: float | None,
        seconds: float,
        cached: bool = False,
        done: bool = True,
        explored: bool = False,
    ) -> None:
        """A model was asked.

        Args:
            situation: What it was asked for.
            model: Its reference.
            cost_usd: What that cost; None when the price is not known.
            seconds: How long it took.
            cached: Whether the answer was there already: it then says nothing of cost and time.
            done: Whether it gave its answer; else it asked for a tool and will go on.
            explored: Whether it was asked to learn of it.
        """
        use = self._uses.setdefault((situation, model), _Use())
        use.answers += done
        use.explored |= explored
        if not cached:
            use.paid += done
            use.cost_usd = None if use.cost_usd is None or cost_usd is None else use.cost_usd + cost_usd
            use.seconds += seconds

    def signal(self, kind: str, model: str, signal: Signal, quality: float) -> None:
        """Something showed how good a model's answers to a kind of work were, 0 to 1."""
        told = self._signals.setdefault((kind, model), {})
        told.setdefault(signal, []).append(min(max(quality, 0.0), 1.0))

    def failed(self, situation: Situation, model: str) -> None:
        """A model gave no usable answer."""
        self._uses.setdefault((situation, model), _Use()).failures += 1

    @property
    def told(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self._uses or self.resolved)

    def outcomes(self) -> list[Outcome]:
        """One outcome for each model and situation.

        What was learned of a kind of work as a whole is shared out among its situations in proportion to answers.
        """
        answers: dict[tuple[str, str], int] = {}
        for (situation, model), use in self._uses.items():
            answers[situation.kind, model] = answers.get((situation.kind, model), 0) + max(use.answers, 1)
        found: list[Outcome] = []
        for (situation, model), use in self._uses.items():
            signals = dict(self._signals.get((situation.kind, model), {}))
            if use.failures:
                signals[Signal.ANSWERED] = [use.answers / (use.answers + use.failures)]
            # An answer that was there already was judged when it was given.
            quality, weight = judged(signals if use.paid or use.failures else {})
            share = max(use.answers, 1) / answers[situation.kind, model]
            paid = use.paid > 0
            found.append(
                Outcome(
                    situation=situation,
                    model=model,
                    quality=quality,
                    weight=weight * share,
                    cost_usd=use.cost_usd / use.paid if paid and use.cost_usd is not None else None,
                    seconds=use.seconds / use.paid if paid else None,
                    answers=use.answers,
                    explored=use.explored,
                )
            )
        return found


def judged(signals: Mapping[Signal, list[float]]) -> tuple[float | None, float]:
    """The quality that signals tell of together, and how much that counts; None and 0 when there are none."""
    total = sum(WEIGHTS[signal] for signal in signals)
    if not total:
        return None, 0.0
    quality = sum(WEIGHTS[signal] * sum(told) / len(told) for signal, told in signals.items()) / total
    return quality, min(total, 1.0)
