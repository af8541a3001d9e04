"""A vendor's SDK is imported before the clock of a call starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes.model import Model, Provider, Pulse
    from manyeyes.types import Completion, ModelRef, Request


@dataclass(frozen=True, slots=True)
class Ready:
    """Has the provider ready before it is asked.

    The import takes a second or more of the first call.  It is no sign of a slow model, so it must count neither as
    time to the first token nor among the times that a model is known by.
    """

    inner: Model
    provider: Provider

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer, once there is an SDK to ask by.

        Raises:
            SdkUnavailable: it cannot be imported; nothing was sent.
            ModelError: the call failed.
        """
        await self.provider.warm()
        return await self.inner.complete(request, pulse)
