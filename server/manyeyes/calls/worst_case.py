"""How many tokens a request can be charged as at most, without any vendor's tokenizer."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from manyeyes.catalog import ModelSpec
    from manyeyes.types import Message, Request

FRAME_TOKENS = 1_024
"""What vendors add of their own: the marks of turns, and some hundred tokens of prompt where tools are offered."""
TURN_TOKENS = 16
"""The marks around one message, tool, call or output."""
MEDIA_TOKENS = 8_192
"""The most that any of the vendors charges for an image, however few bytes it has."""


def most_input(request: Request, spec: ModelSpec | None) -> int:
    """An upper bound of the prompt's tokens: one for each byte that is sent.

    The vendors' tokenizers are made of bytes or fall back to them, so no token stands for less than one byte.  Any
    smaller number (code has three or four bytes a token) is an estimate, which some text exceeds: then the limit
    would not hold.  What a request is charged as is known a moment later, and the rest given back.

    A prompt above a vendor's window is not answered, and not charged.  An endpoint's window is what its operator
    says of it, and bounds nothing.
    """
    if request.search and spec is not None:
        return spec.max_input  # what the vendor's search finds is charged as prompt too, and nobody bounds it
    most = FRAME_TOKENS + sum(TURN_TOKENS + part for part in _parts(request))
    return most if spec is None or spec.endpoint else min(most, spec.max_input)


def most_output(request: Request, spec: ModelSpec | None) -> int:
    """An upper bound of the answer's tokens, reasoning included."""
    return request.max_tokens if spec is None else min(request.max_tokens, spec.max_output)


def _parts(request: Request) -> Iterator[int]:
    yield _bytes(request.system)
    for message in request.messages:
        yield from _message(message)
    for tool in request.tools:
        yield _bytes(tool.name) + _bytes(tool.description) + 2 * _bytes(json.dumps(tool.parameters))
    if request.answer is not None:
        yield _schema(request.answer)


def _message(message: Message) -> Iterator[int]:
    # A vendor is sent its own form of a turn or the neutral one: the sum of both is more than either.
    yield _bytes(message.text) + (_bytes(message.native.blob) if message.native else 0)
    for media in message.media:
        yield MEDIA_TOKENS + len(media.data)
    for call in message.tool_calls:
        yield _bytes(call.id) + _bytes(call.name) + _bytes(json.dumps(dict(call.arguments)))
    for output in message.tool_outputs:
        yield _bytes(output.call_id) + _bytes(output.name) + _bytes(output.text)


@lru_cache(maxsize=64)
def _schema(shape: type[BaseModel]) -> int:
    """The schema's bytes, twice: a vendor's dialect closes objects and wraps references."""
    return 2 * _bytes(json.dumps(shape.model_json_schema()))


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
