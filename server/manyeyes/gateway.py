"""How one request reaches a model: the only file that knows the order of the wrappers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.calls.clamped import Clamped
from manyeyes.calls.deadline import Deadline
from manyeyes.calls.fallback import Fallback
from manyeyes.calls.observed import Caller, Observed, Pricing
from manyeyes.calls.redacted import Redacted
from manyeyes.calls.repairing import Repairing
from manyeyes.errors import NoModel
from manyeyes.model import no_pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.catalog import Catalog
    from manyeyes.errors import ModelError
    from manyeyes.events import Listener
    from manyeyes.model import Model, Provider
    from manyeyes.redaction import Redactor
    from manyeyes.types import Attempt, Completion, ModelRef, Request, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Asks the models of a route.

    Attributes:
        providers: The providers that can be reached, by name.
        catalog: What each model can do.
        pricing: What tokens cost.
        listener: Hears of every wire call.
    """

    providers: Mapping[str, Provider]
    catalog: Catalog
    pricing: Pricing
    listener: Listener

    async def complete(
        self,
        route: Route,
        request: Request,
        *,
        caller: Caller,
        redactor: Redactor,
        deadline: float,
        failed: Callable[[Attempt, ModelError], None],
    ) -> Completion:
        """The first answer that the models of the route give, in turn.

        Args:
            route: Whom to ask, from the router.
            request: What to ask.
            caller: On whose behalf.
            redactor: Masks what must not leave the machine.
            deadline: When to give up, on the event loop's clock in seconds.
            failed: Told of every attempt that failed.

        Raises:
            NoModel: the route is empty.
            AllFailed: every model failed.
        """
        if not route.taken:
            raise NoModel(f"No model was asked: {route.obstacles}.", route=route)
        models = tuple(Deadline(self._wrapped(ref, caller, redactor), deadline) for ref in route.taken)
        return await Fallback(models, route, failed).complete(request, no_pulse)

    def _wrapped(self, ref: ModelRef, caller: Caller, redactor: Redactor) -> Model:
        model = Observed(self.providers[ref.provider].model(ref.model), caller, self.listener, self.pricing)
        spec = self.catalog.get(ref)
        sized = Clamped(model, spec.max_output) if spec else model
        return Redacted(Repairing(sized), redactor)
