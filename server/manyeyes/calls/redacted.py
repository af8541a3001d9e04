"""The last door: nothing secret leaves the machine, whatever the layers above have done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse
    from manyeyes.redaction import Redactor
    from manyeyes.types import Completion, Message, ModelRef, Request


INLINE = 4_000
"""Characters that are masked at once: it takes as long as handing them to a thread, a fraction of a millisecond."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """Masks secrets in everything that is sent.  What is masked already stays as it is."""

    inner: Model
    redactor: Redactor

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer a request in which secrets are placeholders.

        Raises:
            ModelError: the call failed.
        """
        size = sum(
            len(message.text) + sum(len(one.text) for one in message.tool_outputs) for message in request.messages
        )
        masked = self._masked(request) if size <= INLINE else await compute(self._masked, request)
        return await self.inner.complete(masked, pulse)

    def _masked(self, request: Request) -> Request:
        return replace(
            request,
            system=self.redactor.mask_values(request.system),
            messages=tuple(self._message(message) for message in request.messages),
        )

    def _message(self, message: Message) -> Message:
        return replace(
            message,
            text=self.redactor.mask(message.text) if message.role == "user" else message.text,
            tool_outputs=tuple(
                replace(output, text=self.redactor.mask(output.text)) for output in message.tool_outputs
            ),
        )
