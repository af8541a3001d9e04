"""The last door: nothing secret leaves the machine, whatever the layers above have done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse
    from manyeyes.redaction import Redactor
    from manyeyes.types import Completion, Message, ModelRef, Request, ToolOutput


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
        system = self.redactor.mask_values(request.system)
        messages = tuple(self._message(message) for message in request.messages)
        if system == request.system and messages == request.messages:
            return request
        return replace(request, system=system, messages=messages)

    def _message(self, message: Message) -> Message:
        text = self.redactor.mask(message.text) if message.role == "user" else message.text
        outputs = tuple(self._output(output) for output in message.tool_outputs)
        if text == message.text and outputs == message.tool_outputs:
            return message
        return replace(message, text=text, tool_outputs=outputs)

    def _output(self, output: ToolOutput) -> ToolOutput:
        return replace(output, text=self.redactor.mask(output.text))
