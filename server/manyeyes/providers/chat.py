"""A model behind OpenAI's Chat Completions, streamed: OpenAI's own or any server's that speaks it."""

from __future__ import annotations

from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.providers.chat_request import Dialect, to_params
from manyeyes.providers.rate_headers import rate_limits
from manyeyes.providers.shapes import parsed
from manyeyes.types import Completion

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from manyeyes.model import Pulse
    from manyeyes.providers.chat_turn import Turn
    from manyeyes.providers.faults import Faults
    from manyeyes.providers.openai_client import Wire
    from manyeyes.types import ModelRef, Request


@dataclass(frozen=True, slots=True)
class ChatModel:
    """One model of one server."""

    ref: ModelRef
    wire: Wire
    dialect: Dialect

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Answer the request; see `manyeyes.model.Model`."""
        client = await self.wire.client.get(self.ref)
        from httpx2 import HTTPError
        from openai import OpenAIError

        try:
            turn = await self._read(client, request, pulse)
        except (OpenAIError, HTTPError, JSONDecodeError, UnicodeDecodeError, ValidationError) as error:
            # The vendor's error is dropped from the chain: its text may repeat the key, and tracebacks print it.
            raise self.wire.explained(self.ref, error) from None
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

    async def _read(self, client: AsyncOpenAI, request: Request, pulse: Pulse) -> Turn:
        from manyeyes.providers.chat_turn import Chunk, Turn

        turn = Turn(self.wire.faults(self.ref))
        async with await client.chat.completions.create(**to_params(self.ref, request, self.dialect)) as stream:
            turn.limits = rate_limits(stream.response.headers)
            async for piece in stream:
                pulse()
                turn.add(Chunk.model_validate(plain(piece, turn.faults)))
        return turn


def plain(piece: object, faults: Faults) -> object:
    """A piece of the SDK's as plain data.  The SDK builds its types unchecked, so what they hold is still unknown.

    Raises:
        BrokenAnswer: the server sent something that is not a JSON object.
    """
    from openai import BaseModel

    if not isinstance(piece, BaseModel):
        raise faults.unreadable("a part of the answer is not a JSON object")
    return piece.to_dict(mode="json", warnings=False)
