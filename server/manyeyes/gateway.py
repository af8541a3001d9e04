"""How one request reaches a model: the only file that knows the order of the wrappers."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from manyeyes.calls.breaker import Breaker
from manyeyes.calls.budgeted import Budgeted
from manyeyes.calls.cached import Cached
from manyeyes.calls.clamped import Clamped
from manyeyes.calls.deadline import Deadline
from manyeyes.calls.fallback import Fallback, nobody
from manyeyes.calls.limited import Limited
from manyeyes.calls.observed import Observed
from manyeyes.calls.patient import Patient
from manyeyes.calls.ready import Ready
from manyeyes.calls.redacted import Redacted
from manyeyes.calls.repairing import Repairing
from manyeyes.calls.retrying import Retrying
from manyeyes.calls.settled import Settled
from manyeyes.errors import NoModel
from manyeyes.model import no_pulse
from manyeyes.types import ModelRef

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.calls.flights import Flights
    from manyeyes.calls.hedge import Hedges
    from manyeyes.calls.lane import Lanes
    from manyeyes.calls.observed import Caller, Pricing
    from manyeyes.catalog import Catalog
    from manyeyes.errors import ModelError
    from manyeyes.events import Listener
    from manyeyes.model import Model, Provider
    from manyeyes.redaction import Redactor
    from manyeyes.settings import Settings
    from manyeyes.state.answers import Answers
    from manyeyes.state.breakers import Breakers
    from manyeyes.state.budget import Budget
    from manyeyes.types import Attempt, Completion, Request, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Asks the models of a route.

    Attributes:
        settings: The operator's.
        providers: The providers that can be reached, by name.
        catalog: What each model can do.
        pricing: What tokens cost.
        listener: Hears of every wire call.
        breakers: Which models are not asked for now, since they failed too often.
        lanes: The vendors' rate limits.
        budget: What may be spent, and what has been.
        hedges: When a slow model gets company.
        flights: What is being asked right now, so that equal questions are asked once.
        answers: Answers kept for equal questions; None when none are to be.
        editions: What else an answer depends on, by provider: the program's version, the endpoint's address.
        uniform: Draws a number between two, for the waits between retries.
    """

    settings: Settings
    providers: Mapping[str, Provider]
    catalog: Catalog
    pricing: Pricing
    listener: Listener
    breakers: Breakers
    lanes: Lanes
    budget: Budget
    hedges: Hedges
    flights: Flights
    answers: Answers | None
    editions: Mapping[str, str]
    uniform: Callable[[float, float], float] = random.uniform

    async def complete(
        self,
        route: Route,
        request: Request,
        *,
        caller: Caller,
        redactor: Redactor,
        deadline: float,
        failed: Callable[[Attempt, ModelError], None],
        hedged: Callable[[ModelRef], None] = nobody,
    ) -> Completion:
        """The first answer that the models of the route give, in turn.

        Args:
            route: Whom to ask, from the router.
            request: What to ask.
            caller: On whose behalf.
            redactor: Masks what must not leave the machine.
            deadline: When to give up, on the event loop's clock in seconds.
            failed: Told of every attempt that failed.
            hedged: Told of a model that is asked beside a slow one.

        Raises:
            NoModel: the route is empty.
            AllFailed: every model failed.
        """
        if not route.taken:
            raise NoModel(f"No model was asked: {route.obstacles}.", route=route)
        build = partial(self._wrapped, caller=caller, redactor=redactor, deadline=deadline)
        last = len(route.taken) - 1
        models = tuple(build(ref, others=last - place) for place, ref in enumerate(route.taken))

        def successor(ref: ModelRef) -> Model | None:
            spec = self.catalog.get(ref)
            return build(ModelRef(ref.provider, spec.successor), others=0) if spec and spec.successor else None

        def window(ref: ModelRef) -> int | None:
            spec = self.catalog.get(ref)
            return spec.window if spec else None

        ladder = Fallback(
            models, route, failed, window_of=window, successor_of=successor, hedges=self.hedges, hedged=hedged
        )
        return await ladder.complete(request, no_pulse)

    def _wrapped(self, ref: ModelRef, *, others: int, caller: Caller, redactor: Redactor, deadline: float) -> Model:
        """A model with everything around it; `others` candidates come after it, and with some, waiting is short."""
        provider, spec, rules = self.providers[ref.provider], self.catalog.get(ref), self.settings
        model: Model = provider.model(ref.model)
        if spec:
            model = Clamped(model, spec.max_output)
        model = Patient(model, rules.patience, deadline, others)
        settled = Settled(self.listener)
        model = Observed(model, caller, settled, self.pricing)
        model = Budgeted(model, self.budget, caller, spec, provider.local, settled.settled)
        longest = rules.retry.retry_after_cap_s if others else float("inf")
        model = Ready(model, provider)
        model = Limited(model, self.lanes.of(ref.provider), deadline, longest)
        model = Breaker(model, self.breakers)
        model = Retrying(model, rules.retry, deadline, others, uniform=self.uniform)
        model = Repairing(model)
        if self.answers is not None:
            model = Cached(model, self.answers, self.flights, self.editions[ref.provider], redactor.mask_values)
        return Deadline(Redacted(model, redactor), deadline)
