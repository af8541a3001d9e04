"""Nothing is sent that could cost more than is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.calls.observed import attempt_cost
from manyeyes.calls.worst_case import most_input, most_output
from manyeyes.errors import ModelError
from manyeyes.state.money import dollars

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.calls.observed import Caller
    from manyeyes.catalog import ModelSpec
    from manyeyes.model import Model, Pulse
    from manyeyes.state.budget import Budget
    from manyeyes.state.reservations import Entry
    from manyeyes.types import Completion, ModelRef, Request


def nobody(_entry: Entry) -> None:
    """The listener where nobody listens."""


@dataclass(frozen=True, slots=True)
class Budgeted:
    """Sets aside what an attempt can cost at most before it is sent, and settles it at what it cost.

    An attempt that was cancelled or lost, or whose vendor did not say what it used, stays at its worst case: the
    error then carries it as `estimated_usd`.

    Attributes:
        inner: The model.
        budget: The limits and the account, one for all models of the process.
        caller: On whose behalf it is asked.
        spec: Its window and longest answer, where they are known.
        local: It runs on this machine, so that an unknown price is none.
        settled: Told how each attempt was settled.
    """

    inner: Model
    budget: Budget
    caller: Caller
    spec: ModelSpec | None = None
    local: bool = False
    settled: Callable[[Entry], None] = nobody

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer, if that fits.

        Raises:
            OverBudget: it could cost more than is left, or its price is not known where there is a limit.
            ModelError: the call failed.
        """
        most = await self.budget.worst_case(self.ref, most_input(request, self.spec), most_output(request, self.spec))
        who = self.caller
        entry = await self.budget.reserve(
            self.ref, run_id=who.run_id, tool=who.tool, role=who.role, most=most, local=self.local
        )
        usage, cost, failed = None, None, None
        pricing = self.budget.prices.cost_usd
        try:
            completion = await self.inner.complete(request, pulse)
            usage = completion.usage
            cost = None if usage is None else pricing(self.ref, usage)
        except ModelError as failure:
            failed = failure
            usage, cost = failure.usage, attempt_cost(failure, pricing)
            raise
        else:
            return completion
        finally:
            # No await in here: a cancelled attempt is settled too.
            entry = self.budget.settle(entry, cost, usage, priced=most is not None)
            if failed is not None and entry.state == "estimated":
                failed.estimated_usd = dollars(entry.nanos)
            self.settled(entry)
