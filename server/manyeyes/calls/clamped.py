"""No model is asked for a longer answer than it can give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse
    from manyeyes.types import Completion, ModelRef, Request


@dataclass(frozen=True, slots=True)
class Clamped:
    """Bounds the answer's length, in tokens, by what the model inside is known to give."""

    inner: Model
    max_output: int

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer within the bound.

        Raises:
            ModelError: the call failed.
        """
        if request.max_tokens > self.max_output:
            request = replace(request, max_tokens=self.max_output)
        return await self.inner.complete(request, pulse)
