"""The candidates of a route are asked in turn until one answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from manyeyes.errors import AllFailed, ModelError
from manyeyes.types import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request, Route


@dataclass(frozen=True, slots=True)
class Fallback:
    """Asks each model in turn.  What is passed over after a failure is written on the error's class.

    Attributes:
        models: The candidates, at least one.
        route: The route they come from, for the error when all of them fail.
        failed: Told of every attempt that failed, at once.
    """

    models: tuple[Model, ...]
    route: Route
    failed: Callable[[Attempt, ModelError], None]

    @property
    def ref(self) -> ModelRef:
        """The first choice."""
        return self.models[0].ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """The first answer that comes.

        Raises:
            AllFailed: none came; it lists every attempt.
        """
        attempts: list[Attempt] = []
        out: set[str] = set()
        for model in self.models:
            if model.ref.provider in out:
                continue
            started = anyio.current_time()
            try:
                return await model.complete(request, pulse)
            except ModelError as failure:
                attempt = Attempt(
                    ref=model.ref,
                    error=failure.kind,
                    message=str(failure),
                    seconds=anyio.current_time() - started,
                    usage=failure.usage,
                )
                attempts.append(attempt)
                self.failed(attempt, failure)
                if failure.skips == "route":
                    break
                if failure.skips == "provider":
                    out.add(model.ref.provider)
        raise AllFailed(describe(attempts), route=self.route, attempts=tuple(attempts))


def describe(attempts: list[Attempt]) -> str:
    """All attempts in one line for people."""
    tried = "; ".join(f"{attempt.ref} {attempt.error.replace('_', ' ')} ({attempt.message})" for attempt in attempts)
    return f"No model answered: {tried}"
