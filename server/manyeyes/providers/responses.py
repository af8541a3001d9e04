"""A model behind OpenAI's Responses API, streamed."""

from __future__ import annotations

from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.providers.chat import LAST
from manyeyes.providers.chat_turn import told
from manyeyes.providers.rate_headers import rate_limits
from manyeyes.providers.responses_request import to_params
from manyeyes.providers.shapes import parsed
from manyeyes.providers.sse import events, read_on, streamed
from manyeyes.types import Completion

if TYPE_CHECKING:
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
        await self.wire.client.get(self.ref)  # the SDK's import, before its errors are named
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            turn = await self._read(request, pulse)
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
            citations=turn.citations(),
        )

    async def _read(self, request: Request, pulse: Pulse) -> Turn:
        from manyeyes.providers.responses_turn import Event, Last, Response, Turn

        faults = self.wire.faults(self.ref)
        params = to_params(self.ref, request, vendor=self.wire.vendor)
        async with self.wire.post(self.ref, "/responses", params) as response:
            limits = rate_limits(response.headers)
            if not streamed(response):
                body = await response.aread()
                pulse()
                return Turn(faults, Response.model_validate_json(body), limits)
            pieces = events(response)
            async for data in pieces:
                pulse()
                if data.startswith(LAST):
                    break
                event = Event.model_validate_json(data)
                if event.error:
                    raise told(faults, event.error)
                if event.type == "error":
                    raise faults.coded(event.code or "", event.message)
                if event.type in _LAST:
                    last = Last.model_validate_json(data).response
                    await read_on(pieces)
                    return Turn(faults, last, limits)
        raise faults.unreadable("the answer ended before it was finished")
