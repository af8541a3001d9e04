"""A model behind OpenAI's Chat Completions, streamed: OpenAI's own or any server's that speaks it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from json import JSONDecodeError
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.errors import RequestRejected
from manyeyes.providers.chat_request import Dialect, to_params
from manyeyes.providers.rate_headers import rate_limits
from manyeyes.providers.shapes import parsed
from manyeyes.providers.sse import events, read_on, streamed
from manyeyes.types import Completion

if TYPE_CHECKING:
    from manyeyes.errors import ModelError
    from manyeyes.model import Pulse
    from manyeyes.providers.chat_turn import Turn
    from manyeyes.providers.openai_client import Wire
    from manyeyes.types import ModelRef, Request

_ABOUT_SHAPE = re.compile(r"response_format|json_schema|json_object|schema|grammar", re.IGNORECASE)
"""What a server speaks of that cannot give an answer a shape."""

LAST = b"[DONE]"
"""The last event of OpenAI's streams, which is no JSON."""


@dataclass(frozen=True, slots=True)
class ChatModel:
    """One model of one server."""

    ref: ModelRef
    wire: Wire
    dialect: Dialect

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request; see `manyeyes.model.Model`."""
        await self.wire.client.get(self.ref)  # the SDK's import, before its errors are named
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            turn = await self._read(request, pulse)
        except (OpenAIError, HTTPError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
            # The vendor's error is dropped from the chain: its text may repeat the key, and tracebacks print it.
            failure = self.wire.explained(self.ref, error)
            if not self._in_words_instead(request, failure):
                raise failure from None
            in_words = replace(self, dialect=replace(self.dialect, schema_mode="prompt"))
            return await in_words.complete(request, pulse)
        fault = turn.fault()
        if fault is not None:
            raise fault
        calls = turn.tool_calls()
        text, value = parsed(self.ref, None if calls else request.answer, turn.text, turn.usage)
        return Completion(
            ref=self.ref,
            served=turn.model,
            text=text,
            parsed=value,
            tool_calls=calls,
            usage=turn.usage,
            limits=turn.limits,
        )

    def _in_words_instead(self, request: Request, failure: ModelError) -> bool:
        """Whether a server refused only how it was asked for a shape: then the shape is asked for in words."""
        return (
            request.answer is not None
            and not self.dialect.own
            and self.dialect.schema_mode != "prompt"
            and isinstance(failure, RequestRejected)
            and _ABOUT_SHAPE.search(str(failure)) is not None
        )

    async def _read(self, request: Request, pulse: Pulse) -> Turn:
        from manyeyes.providers.chat_turn import Chunk, Turn

        turn = Turn(self.wire.faults(self.ref))
        params = to_params(self.ref, request, self.dialect)
        async with self.wire.post(self.ref, "/chat/completions", params) as response:
            turn.limits = rate_limits(response.headers)
            if not streamed(response):
                body = await response.aread()
                pulse()
                turn.add(Chunk.model_validate_json(body))
                return turn
            pieces = events(response)
            async for data in pieces:
                pulse()
                if data.startswith(LAST):
                    break
                turn.add(Chunk.model_validate_json(data))
            await read_on(pieces)
        return turn
