"""A model behind OpenAI's Responses API, streamed."""

from __future__ import annotations

from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.providers.chat import plain
from manyeyes.providers.rate_headers import rate_limits
from manyeyes.providers.responses_request import to_params
from manyeyes.providers.shapes import parsed
from manyeyes.types import Completion

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from manyeyes.model import Pulse
    from manyeyes.providers.openai_client import Wire
    from manyeyes.providers.responses_turn import Turn
    from manyeyes.types import ModelRef, Request

_LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})


@dataclass(frozen=True, slots=True)
class ResponsesModel:
    """One of OpenAI's models."""

    ref: ModelRef
    wire: Wire

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request; see `manyeyes.model.Model`."""
        client = await self.wire.client.get(self.ref)
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            turn = await self._read(client, request, pulse)
            fault = turn.fault()
            if fault is not None:
                raise fault
            calls, text = turn.tool_calls(), turn.text()
        except (OpenAIError, HTTPError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
            # The vendor's error is dropped from the chain: its text may repeat the key, and tracebacks print it.
            raise self.wire.explained(self.ref, error) from None
        text, value = parsed(self.ref, None if calls else request.answer, text, turn.usage)
        return Completion(
            ref=self.ref,
            served=turn.response.model,
            text=text,
            parsed=value,
            tool_calls=calls,
            native=turn.native(),
            usage=turn.usage,
            limits=turn.limits,
        )

    async def _read(self, client: AsyncOpenAI, request: Request, pulse: Pulse) -> Turn:
        from manyeyes.providers.responses_turn import Event, Turn

        faults = self.wire.faults(self.ref)
        last = None
        async with await client.responses.create(**to_params(self.ref, request, vendor=self.wire.vendor)) as stream:
            limits = rate_limits(stream.response.headers)
            async for piece in stream:
                pulse()
                event = Event.model_validate(plain(piece, faults))
                if event.type == "error":
                    raise faults.coded(event.code or "", event.message)
                if event.type in _LAST:
                    last = event.response
        if last is None:
            raise faults.unreadable("the answer ended before it was finished")
        return Turn(faults, last, limits)
