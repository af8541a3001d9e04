"""A request in the words of OpenAI's Responses API, with nothing stored at the vendor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from manyeyes.errors import RequestRejected
from manyeyes.providers.chat_request import IMAGES, data_url, prefix_key, reasons
from manyeyes.providers.shapes import strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types.responses import ResponseInputContentParam, ResponseInputItemParam
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

    from manyeyes.types import Media, Message, ModelRef, Request

PROVIDER = "openai"


def to_params(ref: ModelRef, request: Request, *, vendor: bool = False) -> ResponseCreateParamsStreaming:
    """The arguments of a streaming `responses.create`.

    Since nothing is stored, reasoning is asked for in its encrypted form, to be given back with a tool's output.

    Args:
        ref: The model.
        request: What to ask.
        vendor: It goes to OpenAI itself, which is told which calls begin alike.  Others may refuse the parameter.

    Raises:
        RequestRejected: it holds media that the vendor does not take.
    """
    params: ResponseCreateParamsStreaming = {
        "model": ref.model,
        "input": [item for message in request.messages for item in _items(ref, message)],
        "max_output_tokens": request.max_tokens,
        "store": False,
        "stream": True,
    }
    if request.system:
        params["instructions"] = request.system
    if vendor:
        params["prompt_cache_key"] = prefix_key(request)
    if reasons(ref.model):
        params["include"] = ["reasoning.encrypted_content"]
        if request.effort is not None:
            params["reasoning"] = {"effort": request.effort}
    if request.tools:
        params["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
                "strict": False,
            }
            for tool in request.tools
        ]
    if request.search:
        params["tools"] = [{"type": "web_search"}, *params.get("tools", ())]
    if request.answer is not None:
        schema: dict[str, object] = {**strict(request.answer)}
        params["text"] = {
            "format": {"type": "json_schema", "name": request.answer.__name__, "strict": True, "schema": schema}
        }
    return params


def _items(ref: ModelRef, message: Message) -> Iterator[ResponseInputItemParam]:
    if message.role == "assistant":
        yield from _assistant(message)
        return
    for output in message.tool_outputs:
        text = f"The tool failed: {output.text}" if output.failed else output.text
        yield {"type": "function_call_output", "call_id": output.call_id, "output": text}
    parts: list[ResponseInputContentParam] = [_media(ref, media) for media in message.media]
    if message.text:
        parts.append({"type": "input_text", "text": message.text})
    if parts:
        yield {"type": "message", "role": "user", "content": parts}


def _assistant(message: Message) -> Iterator[ResponseInputItemParam]:
    native = message.native
    if native is not None and native.provider == PROVIDER:
        items: list[ResponseInputItemParam] = json.loads(native.blob)
        yield from items
        return
    if message.text:
        yield {"type": "message", "role": "assistant", "content": message.text}
    for call in message.tool_calls:
        arguments = json.dumps(dict(call.arguments), ensure_ascii=False)
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": arguments}


def _media(ref: ModelRef, media: Media) -> ResponseInputContentParam:
    if media.mime in IMAGES:
        return {"type": "input_image", "detail": "auto", "image_url": data_url(media)}
    if media.modality == "pdf":
        return {"type": "input_file", "filename": "document.pdf", "file_data": data_url(media)}
    raise RequestRejected(ref, f"openai does not take {media.mime}; send JPEG, PNG, GIF, WebP or PDF")
