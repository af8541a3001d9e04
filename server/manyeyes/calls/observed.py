"""One event for each wire call."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from manyeyes.clock import loop_time
from manyeyes.errors import ModelError
from manyeyes.events import CallEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.events import Listener
    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request, Usage

Pricing: TypeAlias = "Callable[[ModelRef, Usage], float | None]"
"""What tokens of a model cost in US dollars; None when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """On whose behalf a model is called."""

    run_id: str
    tool: str
    role: str


@dataclass(frozen=True, slots=True)
class Observed:
    """Tells the listener how each wire call went: what it took, used and cost, or how it failed."""

    inner: Model
    caller: Caller
    listener: Listener
    pricing: Pricing

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer, and have it noted.

        Raises:
            ModelError: the call failed; that is noted too.
        """
        at, started = time.time(), loop_time()
        first: list[float] = []

        def listening() -> None:
            if not first:
                first.append(loop_time() - started)
            pulse()

        error, usage, cost = "cancelled", None, None
        try:
            completion = await self.inner.complete(request, listening)
            error, usage = "", completion.usage
            cost = self.pricing(self.ref, usage) if usage else None
        except ModelError as failure:
            failure.begun = bool(first)
            error, usage = failure.kind, failure.usage
            cost = attempt_cost(failure, self.pricing)
            raise
        else:
            return completion
        finally:
            self.listener.note(
                CallEvent(
                    at=at,
                    run_id=self.caller.run_id,
                    tool=self.caller.tool,
                    role=self.caller.role,
                    ref=self.ref,
                    error=error,
                    seconds=loop_time() - started,
                    first_token_s=first[0] if first else None,
                    usage=usage,
                    cost_usd=cost,
                )
            )


def attempt_cost(failure: ModelError, pricing: Pricing) -> float | None:
    """What a failed call cost: by the usage it reported, nothing where nothing is charged, else unknown."""
    if failure.usage is not None:
        return pricing(failure.ref, failure.usage)
    return None if failure.may_cost or failure.begun or failure.lost else 0.0
