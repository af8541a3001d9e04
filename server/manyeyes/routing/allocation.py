"""What is learned of models while the program runs: read before a tool call, used during it, added to after it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import anyio.to_thread

from manyeyes.errors import BadCall
from manyeyes.learning.account import Account
from manyeyes.learning.situation import Situation
from manyeyes.routing.learned import make_plan, posterior, put_first
from manyeyes.state.database import StateBusy
from manyeyes.state.posteriors import KEPT_DAYS, Knowledge, UnknownRun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manyeyes.learning.account import Resolved, Signal
    from manyeyes.learning.choice import Draw
    from manyeyes.prices import Prices
    from manyeyes.routing.learned import Plan
    from manyeyes.settings import Learning
    from manyeyes.state.posteriors import Posteriors
    from manyeyes.types import Candidate, Completion, ModelRef, Route, Task, Tier

OFF = "Nothing is learned, since that is switched off. Set MANYEYES_LEARNING_ENABLED=true."
"""Said to whoever asks what was learned, or has something to say of a run."""
FRESH_S = 10.0
"""What other processes have learned is seen after so many seconds at the latest; what this one has, at once."""

_Key: TypeAlias = "tuple[str, str, Tier | None]"


@dataclass(slots=True)
class Allocation:
    """What this process knows of models, shared by all of its runs.

    Attributes:
        terms: The operator's.
        posteriors: Where it is kept.
        prices: What models cost.
        knowledge: What was known when it was last read.
    """

    terms: Learning
    posteriors: Posteriors
    prices: Prices
    clock: Callable[[], float] = time.monotonic
    knowledge: Knowledge = field(default_factory=Knowledge)
    _read_at: float | None = None

    @property
    def stale(self) -> bool:
        """Whether what is known should be read again."""
        return self._read_at is None or self.clock() - self._read_at > FRESH_S

    def refresh(self) -> None:
        """Read what is known.  Blocking: for a worker thread."""
        self._read_at = self.clock()
        self.knowledge = self.posteriors.load()
        if any(
            record.trials >= self.terms.least for known in self.knowledge.records.values() for record in known.values()
        ):
            self.prices.warm()  # 0.4 s the first time, and a choice is to take microseconds

    def explain(self, task: Task, route: Route, lesson: Lesson) -> list[Draw]:
        """What is expected of each model of a route, the highest draw first.  Blocking: it may load the price list.

        Args:
            task: What was to be done.
            route: What was chosen for it.
            lesson: By which it was.
        """
        plan = lesson.plan(task)
        if plan is not None:
            return list(plan.drawn)
        taken = [one for one in route.candidates if one.taken]
        return posterior(task, taken, self.knowledge, self.terms, self.prices.ceiling_usd) if taken else []

    def lesson(self) -> Lesson:
        """What one run makes of it."""
        return Lesson(self)

    async def feedback(self, run_id: str, *, good: bool) -> tuple[str, ...]:
        """Keep what somebody says of a run, in place of what was said of it before; the models it is about.

        Raises:
            BadCall: no model is known to have worked in it, or it cannot be kept at the moment.
        """
        try:
            models = await anyio.to_thread.run_sync(partial(self.posteriors.say, run_id, good=good))
        except UnknownRun:
            raise BadCall(
                f"No model is known to have worked in a run {run_id[:60]!r}. A result names its run in `run.id`; "
                f"a run of evidence alone has no model, and after {KEPT_DAYS} days it is forgotten."
            ) from None
        except StateBusy as error:
            raise BadCall(f"It could not be kept: {error} Try again.") from None
        self._read_at = None
        return models

    def keep(self, run_id: str, lesson: Lesson) -> None:
        """Keep what a run has shown, and know it from now on.  Blocking: for a worker thread."""
        outcomes, resolved = lesson.account.outcomes(), lesson.account.resolved
        if outcomes or resolved:
            self.posteriors.add(run_id, outcomes, resolved)
        if resolved or any(one.teaches for one in outcomes):
            self.refresh()


@dataclass(slots=True)
class Lesson:
    """What one run makes of what is known, and what it adds.

    A run keeps to one plan for each kind of work, language and tier, whatever else is learned meanwhile: its pieces
    are then read by one model, and a conversation stays with the model that began it.
    """

    allocation: Allocation
    account: Account = field(default_factory=Account)
    _plans: dict[_Key, Plan | None] = field(default_factory=dict)
    _counted: set[_Key] = field(default_factory=set)
    _situations: dict[tuple[str, str], Situation] = field(default_factory=dict)

    @property
    def told(self) -> bool:
        """Whether the run has anything to add."""
        return self.account.told

    def order(
        self, task: Task, candidates: Sequence[Candidate], taken: list[Candidate], wanted: Tier | None
    ) -> list[Candidate]:
        """The models of a route with the one first that is expected to be worth most.

        Args:
            task: What is to be done.
            candidates: All models that the rules name and that are configured, whether they can do this task or not.
            taken: Those that can, in the order of the rules.
            wanted: The tier that the caller or the operator has named.
        """
        key = (task.kind, task.language, wanted)
        if key not in self._plans:
            # A seat of a panel, or a second reader, is one of a certain vendor: that is for the rules.
            if task.providers is not None:
                return taken
            known = self.allocation
            arms = [one for one in candidates if wanted is None or one.tier is wanted]
            self._plans[key] = make_plan(task, arms, known.knowledge, known.terms, known.prices.ceiling_usd)
        plan = self._plans[key]
        if plan is None:
            return taken
        # A conversation that went on with another vendor stays with the model that the rules gave it there.
        if task.providers is not None and all(str(one.ref) != plan.first.name for one in taken):
            return taken
        return put_first(plan, taken, wanted)

    def ask(self, task: Task, wanted: Tier | None) -> bool:
        """A question is about to be asked: the first time, have exploring granted, or give it up.

        True when it was given up, so that the route is another now.
        """
        key = (task.kind, task.language, wanted)
        plan = self._plans.get(key)
        if plan is None or key in self._counted or task.providers is not None or task.model is not None:
            return False
        self._counted.add(key)
        terms, posteriors = self.allocation.terms, self.allocation.posteriors
        if not plan.explores:
            posteriors.chose()
            return False
        granted = posteriors.explore(
            plan.first.cost_usd,
            share=terms.explore_share,
            usd_per_day=terms.explore_usd_per_day,
            first=terms.explore_first,
        )
        if not granted:
            self._plans[key] = plan.without_exploring()
        return not granted

    def plan(self, task: Task) -> Plan | None:
        """The plan that was made for such work; None where the rules decide."""
        return next((one for key, one in self._plans.items() if key[:2] == (task.kind, task.language)), None)

    def answered(self, task: Task, completion: Completion, *, cost_usd: float | None, seconds: float) -> None:
        """A model has answered."""
        name = str(completion.ref)
        plan = self.plan(task)
        self.account.used(
            self._situation(task),
            name,
            cost_usd=cost_usd,
            seconds=seconds,
            cached=completion.cached,
            done=not completion.tool_calls,
            explored=plan is not None and plan.explores and plan.first.name == name,
        )

    def recalled(self, kind: str, ref: ModelRef) -> None:
        """A model's answer was recalled; that it worked in the run is all there is to it."""
        self.account.used(Situation(kind), str(ref), cost_usd=None, seconds=0.0, cached=True)

    def failed(self, task: Task, ref: ModelRef) -> None:
        """A model gave an answer that was of no use."""
        self.account.failed(self._situation(task), str(ref))

    def signal(self, kind: str, model: str, signal: Signal, quality: float) -> None:
        """Something showed how good a model's answers were."""
        self.account.signal(kind, model, signal, quality)

    def resolved(self, one: Resolved) -> None:
        """A finding of an earlier run is gone since its code was changed."""
        self.account.resolved.append(one)

    def _situation(self, task: Task) -> Situation:
        """The situation of a run's work of one kind and language: a conversation grows and is still one work."""
        now = Situation.of(task.kind, task.language, task.input_tokens)
        return self._situations.setdefault((task.kind, task.language), now)
