"""A model that failed too often is not asked for a while."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.errors import ModelError

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse
    from manyeyes.state.breakers import Breakers
    from manyeyes.types import Completion, ModelRef, Request


@dataclass(frozen=True, slots=True)
class Breaker:
    """Asks only when the model and its vendor are not out, and reports how it went.

    `breakers` is the process's one record of who is out.
    """

    inner: Model
    breakers: Breakers

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer, when the model may be asked.

        Raises:
            BreakerOpen: it was not asked.
            ModelError: the call failed.
        """
        admission = self.breakers.admit(self.ref)
        reported = False
        try:
            completion = await self.inner.complete(request, pulse)
        except ModelError as failure:
            reported = True
            self.breakers.failed(admission, failure)
            raise
        else:
            reported = True
            self.breakers.answered(admission)
            return completion
        finally:
            # Whoever cancelled the call knows why; it says nothing of the model.
            if not reported:
                self.breakers.release(admission)
