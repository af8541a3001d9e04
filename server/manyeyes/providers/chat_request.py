"""A request in the words of OpenAI's Chat Completions, which many servers understand."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from manyeyes.errors import RequestRejected
from manyeyes.providers.shapes import in_words, strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types.chat import (
        ChatCompletionContentPartParam,
        ChatCompletionMessageFunctionToolCallParam,
        ChatCompletionMessageParam,
    )
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

    from manyeyes.types import Media, Message, Modality, ModelRef, Request

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""The image formats that OpenAI's protocols carry."""

SOUNDS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
"""The sounds that the protocol carries, and what it calls them."""

_REASONING = re.compile(r"(?:.*/)?(?:o\d|gpt-[5-9])")
_OPENAIS = re.compile(r"(?:.*/)?(?:o\d|gpt-|chatgpt-)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a server understands of the protocol.

    Attributes:
        schema_mode: How it is asked for a shape.
        modalities: What it takes in; a request with anything else is not sent.
        own: It serves OpenAI's models under OpenAI's names, so that their newer parameters may be used.
        vendor: It is OpenAI itself, which is told which calls begin alike.  Others may refuse the parameter.
    """

    schema_mode: Literal["json_schema", "json_object", "prompt"] = "json_schema"
    modalities: frozenset[Modality] = frozenset({"text", "image", "pdf"})
    own: bool = True
    vendor: bool = False


def reasons(model: str) -> bool:
    """Whether OpenAI's model of this name takes a reasoning effort."""
    return _REASONING.match(model) is not None


def prefix_key(request: Request) -> str:
    """A name for how a prompt begins, the same for all calls that begin alike.

    OpenAI sends calls with the same key to the same machine, where the beginning is still in its cache.  The shape of
    the answer stands in the prompt before everything else, so it counts.
    """
    shape = request.answer.__name__ if request.answer is not None else ""
    tools = [[tool.name, tool.description, dict(tool.parameters)] for tool in request.tools]
    begin = json.dumps([shape, tools, request.system], sort_keys=True)
    return f"manyeyes-{sha256(begin.encode()).hexdigest()[:16]}"


def to_params(ref: ModelRef, request: Request, dialect: Dialect) -> CompletionCreateParamsStreaming:
    """The arguments of a streaming `chat.completions.create`.

    Raises:
        RequestRejected: it holds media that the server does not take, or asks for a search, which the protocol has not.
    """
    if request.search:
        raise RequestRejected(ref, f"{ref.provider} has no web search behind Chat Completions")
    params: CompletionCreateParamsStreaming = {
        "model": ref.model,
        "messages": list(_messages(ref, request, dialect)),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if dialect.own and _OPENAIS.match(ref.model):
        params["max_completion_tokens"] = request.max_tokens
    else:
        params["max_tokens"] = request.max_tokens
    if dialect.own and request.effort is not None and reasons(ref.model):
        params["reasoning_effort"] = request.effort
    if dialect.vendor:
        params["prompt_cache_key"] = prefix_key(request)
    if request.tools:
        params["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                },
            }
            for tool in request.tools
        ]
    if request.answer is not None:
        match dialect.schema_mode:
            case "json_schema":
                schema = {"name": request.answer.__name__, "strict": True, "schema": strict(request.answer)}
                params["response_format"] = {"type": "json_schema", "json_schema": schema}  # type: ignore[typeddict-item]  # a JSON Schema is dict[str, object] to the SDK
            case "json_object":
                # Servers of the llama.cpp family enforce the schema given here, others leave it unread.
                params["response_format"] = {"type": "json_object", "schema": strict(request.answer)}  # type: ignore[typeddict-item]  # as said above
            case "prompt":
                pass
    return params


def _messages(ref: ModelRef, request: Request, dialect: Dialect) -> Iterator[ChatCompletionMessageParam]:
    system = request.system
    if request.answer is not None and dialect.schema_mode != "json_schema":
        system = f"{system}\n\n{in_words(request.answer)}".strip()
    if system:
        yield {"role": "system", "content": system}
    for message in request.messages:
        if message.role == "assistant":
            yield _assistant(message)
            continue
        for output in message.tool_outputs:
            text = f"The tool failed: {output.text}" if output.failed else output.text
            yield {"role": "tool", "tool_call_id": output.call_id, "content": text}
        if message.media:
            parts: list[ChatCompletionContentPartParam] = [_media(ref, media, dialect) for media in message.media]
            if message.text:
                parts.append({"type": "text", "text": message.text})
            yield {"role": "user", "content": parts}
        elif message.text:
            yield {"role": "user", "content": message.text}


def _assistant(message: Message) -> ChatCompletionMessageParam:
    calls: list[ChatCompletionMessageFunctionToolCallParam] = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)},
        }
        for call in message.tool_calls
    ]
    if calls:
        return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    return {"role": "assistant", "content": message.text}


def _media(ref: ModelRef, media: Media, dialect: Dialect) -> ChatCompletionContentPartParam:
    if media.modality in dialect.modalities:
        if media.mime in IMAGES:
            return {"type": "image_url", "image_url": {"url": data_url(media)}}
        if media.mime in SOUNDS:
            sound = {"data": b64encode(media.data).decode("ascii"), "format": SOUNDS[media.mime]}
            return {"type": "input_audio", "input_audio": sound}  # type: ignore[typeddict-item]  # of SOUNDS
        if media.modality == "pdf":
            return {"type": "file", "file": {"filename": "document.pdf", "file_data": data_url(media)}}
    raise RequestRejected(ref, f"{ref.provider} does not take {media.mime}; it takes {taken(dialect.modalities)}")


def data_url(media: Media) -> str:
    """The media as a `data:` URL."""
    return f"data:{media.mime};base64,{b64encode(media.data).decode('ascii')}"


def taken(modalities: frozenset[Modality]) -> str:
    """What is taken in, for people."""
    names = {"text": "text", "image": "JPEG, PNG, GIF and WebP", "pdf": "PDF", "audio": "WAV and MP3"}
    return ", ".join(name for modality, name in names.items() if modality in modalities)
