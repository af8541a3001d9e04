"""No call outlives the deadline that the whole tool call shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from manyeyes.clock import loop_time
from manyeyes.errors import DeadlinePassed

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request


@dataclass(frozen=True, slots=True)
class Deadline:
    """Ends a call at a moment of the event loop's clock (`manyeyes.clock.loop_time`), in seconds."""

    inner: Model
    at: float

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer before the deadline.

        Raises:
            DeadlinePassed: it passed first.
            ModelError: the call failed.
        """
        with anyio.CancelScope(deadline=self.at) as scope:
            # Checked first: a scope whose deadline lies in the past still runs up to its first await.
            if loop_time() < self.at:
                return await self.inner.complete(request, pulse)
            scope.cancel()
        raise DeadlinePassed(self.ref, "the time for this call was up; raise MANYEYES_DEADLINE_S to allow more")
