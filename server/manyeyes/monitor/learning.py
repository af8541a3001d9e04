"""What was learned of models, and what choosing by it has saved: a fold over outcomes and posteriors.

What is compared with, "always the best single model", did not happen, so it is estimated (the direct method): for
every outcome the best single model is taken to have cost, and to have been as good as, its posterior mean for the same
kind of work, language and size, or for the kind where that is all there is.  It is no experiment: posteriors rest on
few outcomes at first, and on work that was not dealt out at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from manyeyes.monitor.columns import left_out, set_in_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.learning.account import Outcome
    from manyeyes.learning.record import Record
    from manyeyes.learning.situation import Situation
    from manyeyes.settings import Learning
    from manyeyes.state.posteriors import Explored, Knowledge
    from manyeyes.types import Json

METHOD = (
    "Estimated: the best single model is taken to have been as good, and to have cost, what it was on average in the "
    "same kind of work, language and size. It is no experiment."
)
OFTEN = 20
"""Outcomes of a model from which on it is spoken of as the best single one."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What is known of one model in one kind of work.

    Attributes:
        situation: Kind, language and size; the kind as a whole where those are empty.
        model: Its reference.
        trials: Outcomes that count, faded ones in part.
        quality, spread: Mean of the quality seen and its standard error; None before the first outcome.
        cost_usd, seconds: What an answer took on average; None where none was paid or timed.
    """

    situation: Situation
    model: str
    trials: float
    quality: float | None
    spread: float | None
    cost_usd: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Saved:
    """What was gained against always asking the best single model.

    Attributes:
        best: That model.
        outcomes: How many outcomes are compared.
        quality: By how much the answers were better on average, 0 to 1; negative where they were worse.
        usd: How many dollars less all of them cost together.
        utility: Both, at the operator's rates, on average.
    """

    best: str
    outcomes: int
    quality: float
    usd: float
    utility: float


@dataclass(frozen=True, slots=True)
class Lessons:
    """All there is to show.  `saved` is None while no model has enough outcomes to be called the best."""

    learnt: tuple[Learnt, ...]
    explored: Explored
    saved: Saved | None


def fold_lessons(knowledge: Knowledge, outcomes: Sequence[Outcome], terms: Learning) -> Lessons:
    """Make the view.

    Args:
        knowledge: What was learned.
        outcomes: What single runs showed.
        terms: The operator's exchange rates, and how many outcomes a model needs.
    """
    learnt = tuple(
        _learnt(situation, model, record)
        for situation, records in sorted(knowledge.records.items())
        for model, record in sorted(records.items())
    )
    return Lessons(learnt, knowledge.explored, _saved(knowledge, outcomes, terms))


def lessons_json(lessons: Lessons) -> Json:
    """The view as one JSON object."""
    saved = lessons.saved
    rows: list[Json] = [
        {
            "kind": one.situation.kind,
            "language": one.situation.language or None,
            "size": one.situation.size or None,
            "model": one.model,
            "outcomes": round(one.trials, 2),
            "quality": _rounded(one.quality),
            "spread": _rounded(one.spread),
            "cost_usd": _rounded(one.cost_usd, 6),
            "seconds": _rounded(one.seconds),
        }
        for one in lessons.learnt
    ]
    explored = lessons.explored
    return {
        "learned": rows,
        "choices": explored.choices,
        "explored": explored.explored,
        "explored_usd_today": round(explored.usd_today, 6),
        "saved": None
        if saved is None
        else {
            "against": saved.best,
            "outcomes": saved.outcomes,
            "quality": round(saved.quality, 4),
            "usd": round(saved.usd, 6),
            "utility": round(saved.utility, 4),
            "method": METHOD,
        },
    }


def render_lessons(lessons: Lessons, *, width: int | None = None) -> str:
    """The view for people; `width` fits it to so many characters."""
    if not lessons.learnt:
        return "Nothing was learned yet: no model has answered since learning is on."
    heads = ("kind of work", "model", "outcomes", "quality", "cost", "time")
    table = set_in_columns(heads, map(_row, lessons.learnt), width=width, least=("time", "cost"), words=False)
    missing = left_out([table], width)
    lines = [table.head, *table.rows, *(["", missing] if missing else [])]
    explored, saved = lessons.explored, lessons.saved
    share = explored.explored / explored.choices if explored.choices else 0.0
    lines += ["", f"{explored.choices} choices in the last days, {explored.explored} of them ({share:.0%}) to learn."]
    if saved is None:
        lines.append("No model has been seen often enough to say what choosing has saved.")
        return "\n".join(lines)
    lines += [
        (
            f"Against always {saved.best}, over {saved.outcomes} outcomes: quality {saved.quality:+.3f}, "
            f"{'saved' if saved.usd >= 0 else 'spent'} ${abs(saved.usd):.4f}, utility {saved.utility:+.3f} an answer."
        ),
        METHOD,
    ]
    return "\n".join(lines)


def _learnt(situation: Situation, model: str, record: Record) -> Learnt:
    mean = record.mean
    return Learnt(
        situation,
        model,
        record.trials,
        mean,
        None if mean is None else sqrt(max(mean * (1 - mean), 0.0) / (record.trials + 1)),
        record.cost_usd / record.calls if record.calls else None,
        record.seconds / record.timed if record.timed else None,
    )


def _saved(knowledge: Knowledge, outcomes: Sequence[Outcome], terms: Learning) -> Saved | None:
    counted = [one for one in outcomes if one.quality is not None and one.weight > 0 and one.cost_usd is not None]
    best = _best_single(knowledge, counted, terms)
    if best is None:
        return None
    weight = quality = usd = utility = 0.0
    compared = 0
    for one in counted:
        then = _expected(knowledge, one.situation, best)
        if then is None or one.quality is None or one.cost_usd is None:
            continue
        compared += 1
        weight += one.weight
        quality += one.weight * (one.quality - then[0])
        usd += one.answers * (then[1] - one.cost_usd)
        utility += one.weight * (one.quality - then[0] + terms.usd * (then[1] - one.cost_usd))
    return Saved(best, compared, quality / weight, usd, utility / weight) if weight else None


def _best_single(knowledge: Knowledge, outcomes: Sequence[Outcome], terms: Learning) -> str | None:
    """The model of the highest mean utility in all that was done, of those seen often enough."""
    by_model: dict[str, list[tuple[float, float, float]]] = {}
    models: dict[str, float] = {}
    for situation, records in knowledge.records.items():
        if situation == situation.broader:
            for name, record in records.items():
                models[name] = models.get(name, 0.0) + record.trials
    for one in outcomes:
        for name, trials in models.items():
            then = _expected(knowledge, one.situation, name) if trials >= max(terms.least, OFTEN) else None
            if then is not None:
                by_model.setdefault(name, []).append((one.weight, then[0], then[1]))
    utilities: Mapping[str, float] = {
        name: sum(weight * (quality - terms.usd * usd) for weight, quality, usd in seen)
        / sum(weight for weight, _, _ in seen)
        for name, seen in by_model.items()
    }
    return max(utilities, key=lambda name: (utilities[name], name), default=None)


def _expected(knowledge: Knowledge, situation: Situation, model: str) -> tuple[float, float] | None:
    """Mean quality and cost of a model in a situation, or in its kind; None where it was never seen."""
    for where in (situation, situation.broader):
        record = knowledge.of(where).get(model)
        if record is not None and record.mean is not None and record.calls:
            return record.mean, record.cost_usd / record.calls
    return None


def _row(one: Learnt) -> tuple[str, ...]:
    quality = "-" if one.quality is None else f"{one.quality:.2f} ± {one.spread:.2f}"
    cost = "-" if one.cost_usd is None else f"${one.cost_usd:.4f}"
    took = "-" if one.seconds is None else f"{one.seconds:.1f} s"
    return str(one.situation), one.model, f"{one.trials:.1f}", quality, cost, took


def _rounded(value: float | None, places: int = 4) -> float | None:
    return None if value is None else round(value, places)
