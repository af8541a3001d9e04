"""Puts the model first that is expected to be worth most, among those that the rules allow.

Pure: a function of what is known, of the operator's terms and of the task.  Chance is drawn from the terms' seed, the
situation and the number of outcomes known, so that a dry run shows what a call would do, equal knowledge gives equal
choices, and asking the same question twice asks the same model, whose answer is then there already.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.learning.choice import Arm, Rates, draw
from manyeyes.learning.situation import Situation
from manyeyes.types import Candidate, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from manyeyes.learning.choice import Draw
    from manyeyes.learning.record import Record
    from manyeyes.settings import Learning
    from manyeyes.state.posteriors import Knowledge
    from manyeyes.types import ModelRef, Task

PRIORS: Mapping[Tier | None, float | None] = {Tier.FLAGSHIP: 0.8, Tier.BALANCED: 0.7, Tier.FAST: 0.55, None: None}
"""The quality expected of a tier before anything was seen, worth `choice.PRIOR_TRIALS` outcomes."""
CAREFUL_LEAST = 20
"""Outcomes that a model needs to lead where nothing is tried out: a few good ones may be luck."""
ANSWER_TOKENS = 2_000
"""How long an answer is thought to be before any was seen; the price of a call follows from it and the prompt."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Whom to ask first in a situation, as long as it can be asked.

    Attributes:
        situation: What it is for.
        drawn: Every model by what was drawn for it, the highest first.
        proven: Those that may lead, because of what was seen of them or as the rules' first, the best on average first.
        explores: Whether chance has put another model first than the best, which may be granted.
    """

    situation: Situation
    drawn: tuple[Draw, ...]
    proven: tuple[Draw, ...]
    explores: bool

    @property
    def first(self) -> Draw:
        """The model to ask first."""
        return self.drawn[0] if self.explores else self.proven[0]

    def without_exploring(self) -> Plan:
        """The same, with the best first."""
        return replace(self, explores=False)


def make_plan(
    task: Task,
    candidates: Sequence[Candidate],
    knowledge: Knowledge,
    terms: Learning,
    price: Callable[[ModelRef, int, int], float | None],
) -> Plan | None:
    """The plan for a task; None while too little is known, so that the rules decide.

    Args:
        task: What is to be done.
        candidates: The models that the rules name, of the tiers that come into question, in their order.
        knowledge: What was learned.
        terms: The operator's.
        price: What a call of so many tokens of prompt and answer costs at most, in US dollars.
    """
    situation = Situation.of(task.kind, task.language, task.input_tokens)
    of_kind = knowledge.of(situation.broader)
    careful = task.kind in terms.careful
    least = max(terms.least, CAREFUL_LEAST) if careful else terms.least
    known = {name for name, record in of_kind.items() if record.trials >= least}
    if not any(str(one.ref) in known for one in candidates):
        return None
    known.add(str(candidates[0].ref))  # else what is known of a poor model would put it before one nobody has seen fail
    draws = posterior(task, candidates, knowledge, terms, price)
    proven = tuple(sorted((one for one in draws if one.name in known), key=lambda one: -one.utility))
    explores = (
        draws[0].name != proven[0].name
        and not careful
        and knowledge.explored.may(
            draws[0].cost_usd,
            share=terms.explore_share,
            usd_per_day=terms.explore_usd_per_day,
            first=terms.explore_first,
        )
    )
    return Plan(situation, tuple(draws), proven, explores)


def posterior(
    task: Task,
    candidates: Sequence[Candidate],
    knowledge: Knowledge,
    terms: Learning,
    price: Callable[[ModelRef, int, int], float | None],
) -> list[Draw]:
    """What is expected of each model for a task, the highest draw first.  Arguments as for `make_plan`."""
    situation = Situation.of(task.kind, task.language, task.input_tokens)
    here, broader = knowledge.of(situation), knowledge.of(situation.broader)
    answer = min(task.output_tokens or ANSWER_TOKENS, ANSWER_TOKENS)
    arms = [
        _arm(one, price(one.ref, task.input_tokens, answer), broader.get(str(one.ref)))
        for one in sorted(candidates, key=lambda one: one.ref)
    ]
    dice = random.Random(f"{terms.seed} {situation} {_outcomes(broader):.3f}")  # noqa: S311  # chance, not secrecy
    return draw(
        arms, here, Rates(terms.usd, terms.second), dice, broader=None if situation.broader == situation else broader
    )


def _arm(one: Candidate, price: float | None, known: Record | None) -> Arm:
    """What is expected of a model before anything was seen of it in the very situation.

    What it took in other languages and sizes tells how much it writes, the price of this prompt how long that is: the
    higher counts.
    """
    took = known.cost_usd / known.calls if known is not None and known.calls else None
    return Arm(
        str(one.ref),
        PRIORS[one.tier],
        max(took, price) if took is not None and price is not None else price if took is None else took,
        known.seconds / known.timed if known is not None and known.timed else None,
    )


def put_first(plan: Plan, taken: Sequence[Candidate], wanted: Tier | None) -> list[Candidate]:
    """The models of a route, the plan's first before the others, which keep the order of the rules.

    Args:
        plan: From `make_plan`.
        taken: The models that can be asked, in the order of the rules.
        wanted: The only tier that may be put first, where the caller or the operator has named one.
    """
    free = {str(one.ref): one for one in taken if wanted is None or one.tier is wanted}
    first = plan.first if plan.first.name in free else next((one for one in plan.proven if one.name in free), None)
    if first is None:
        return list(taken)
    lead = free[first.name]
    explored = plan.explores and first.name == plan.drawn[0].name
    why = "tried out, to learn of it: " if explored else "" if lead is taken[0] else "learned to be worth most: "
    ordered = [_told(lead, f"{why}{explain(first)}")]
    seen = {one.name: one for one in plan.drawn if one.trials}
    for one in taken:
        if one is not lead:
            drawn = seen.get(str(one.ref))
            ordered.append(one if drawn is None else _told(one, explain(drawn)))
    return ordered


def _told(one: Candidate, more: str) -> Candidate:
    return Candidate(one.ref, one.taken, f"{one.reason}; {more}", one.tier)


def explain(one: Draw) -> str:
    """What is expected of a model, in one line."""
    seen = f"{one.trials:.0f} outcome{'' if round(one.trials) == 1 else 's'}" if one.trials else "no outcome yet"
    return f"expected quality {one.quality:.2f} ± {one.spread:.2f} from {seen}, ${one.cost_usd:.3g} a call"


def _outcomes(records: Mapping[str, Record]) -> float:
    return sum(record.trials + record.calls for record in records.values())
