"""A request in the words of Anthropic's Messages API."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from manyeyes.errors import RequestRejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from anthropic.types import ContentBlockParam, MessageParam, ToolParam, ToolUnionParam
    from anthropic.types.message_create_params import MessageCreateParamsStreaming
    from pydantic import BaseModel

    from manyeyes.types import Media, Message, ModelRef, Request

PROVIDER = "anthropic"
SEARCHES = 3
"""Web searches that one request may make: each costs beside the tokens, and many make the vendor pause its turn."""

_WITHOUT_EFFORT = re.compile(r"claude-(?:3|instant|(?:opus|sonnet|haiku)-(?:3|4(?:-[01])?(?:$|-2|@)|4-5))")
"""Models that came before the effort setting and refuse it; Opus 4.5 was the first to take it."""
_FIRST_WITH_EFFORT = "claude-opus-4-5"


def to_params(ref: ModelRef, request: Request) -> MessageCreateParamsStreaming:
    """The arguments of a streaming `messages.create`.

    There is no temperature: the vendor has taken it away.  Tools and system text are marked for the vendor's cache,
    since they are what calls have in common.  The vendor reads tools first, then the system text, then messages: each
    mark keeps all that stands before it, so that the tools stay kept where the system text is another.  A conversation
    with tools goes on, so its end is marked as well: the next turn does not pay for this one again.

    Raises:
        RequestRejected: it holds media that the vendor does not take.
    """
    params: MessageCreateParamsStreaming = {
        "model": ref.model,
        "max_tokens": request.max_tokens,
        "messages": [_message(ref, message) for message in request.messages],
        "stream": True,
    }
    if request.system:
        params["system"] = [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}]
    if request.tools:
        tools: list[ToolParam] = [
            {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
            for tool in request.tools
        ]
        params["tools"] = [*tools[:-1], {**tools[-1], "cache_control": {"type": "ephemeral"}}]
        _mark_end(params["messages"])
    elif used := _tools_used(request.messages):
        # The vendor insists on declarations for tools that the conversation mentions, even where none may be asked for.
        params["tools"] = used
        if not request.search:
            params["tool_choice"] = {"type": "none"}
    if request.search:
        searching: ToolUnionParam = {"type": "web_search_20250305", "name": "web_search", "max_uses": SEARCHES}
        params["tools"] = [searching, *params.get("tools", ())]
    if request.answer is not None:
        params["output_config"] = {"format": {"type": "json_schema", "schema": _schema(request.answer)}}
    if request.effort is not None and takes_effort(ref.model):
        params["output_config"] = {**params.get("output_config", {}), "effort": request.effort}
        params["thinking"] = {"type": "adaptive"}
    return params


@cache
def _schema(shape: type[BaseModel]) -> dict[str, object]:
    """Made once for each shape, since it takes milliseconds: not to be changed."""
    from anthropic import transform_schema

    return transform_schema(shape)


def takes_effort(model: str) -> bool:
    """Whether a model can be told how much to reason; new ones can."""
    return model.startswith(_FIRST_WITH_EFFORT) or not _WITHOUT_EFFORT.match(model)


def _mark_end(messages: Iterable[MessageParam]) -> None:
    """Mark the last block of a conversation, where that is one of ours."""
    *_, last = messages
    if last["role"] == "user" and isinstance(last["content"], list) and last["content"]:
        block = last["content"][-1]
        if isinstance(block, dict) and block["type"] in {"text", "tool_result"}:
            block["cache_control"] = {"type": "ephemeral"}


def _message(ref: ModelRef, message: Message) -> MessageParam:
    if message.role == "user":
        return {"role": "user", "content": list(_blocks(ref, message))}
    native = message.native
    if native is not None and native.provider == PROVIDER:
        blocks: list[ContentBlockParam] = json.loads(native.blob)
        return {"role": "assistant", "content": blocks}
    return {"role": "assistant", "content": list(_blocks(ref, message))}


def _blocks(ref: ModelRef, message: Message) -> Iterator[ContentBlockParam]:
    for output in message.tool_outputs:  # the vendor wants these before anything else
        yield {
            "type": "tool_result",
            "tool_use_id": output.call_id,
            "content": output.text,
            "is_error": output.failed,
        }
    for media in message.media:
        yield _media(ref, media)
    if message.text.strip():  # it refuses blank text
        yield {"type": "text", "text": message.text}
    for call in message.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": dict(call.arguments)}


def _media(ref: ModelRef, media: Media) -> ContentBlockParam:
    data = b64encode(media.data).decode("ascii")
    if media.mime == "application/pdf":
        return {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": data}}
    match media.mime:
        case "image/jpeg" | "image/png" | "image/gif" | "image/webp" as mime:
            return {"type": "image", "source": {"type": "base64", "media_type": mime, "data": data}}
        case _:
            raise RequestRejected(ref, f"Claude does not take {media.mime}; send JPEG, PNG, GIF, WebP or PDF")


def _tools_used(messages: tuple[Message, ...]) -> list[ToolParam]:
    names = {call.name for message in messages for call in message.tool_calls}
    names |= {output.name for message in messages for output in message.tool_outputs}
    return [{"name": name, "input_schema": {"type": "object"}} for name in sorted(names)]
