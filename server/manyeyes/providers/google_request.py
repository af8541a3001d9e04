"""A request in the words of Google's `generate_content`."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from functools import cache
from typing import TYPE_CHECKING

from manyeyes.errors import RequestRejected
from manyeyes.providers.shapes import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.genai.types import ContentDict, GenerateContentConfigDict, PartDict, ThinkingConfigDict
    from pydantic import BaseModel

    from manyeyes.types import Effort, Json, Media, Message, ModelRef, Request

PROVIDER = "google"
OUR_ID = "manyeyes-"
"""Begins the ids that we give to calls the vendor left without one; they are not sent back."""

_UNSIGNED = "skip_thought_signature_validator"
"""The vendor's own mark for a call that another model made: it demands a signature on each, and there is none."""

_BUDGETED = re.compile(r"gemini-2\.5")
_LEVELLED = re.compile(r"gemini-(?:[3-9]|\d\d)")
_BUDGETS: Mapping[Effort, int] = {"low": 1_024, "medium": 8_192, "high": 24_576}
"""Thinking tokens for models that take a number; the highest is the least of their maxima."""


def to_contents(ref: ModelRef, request: Request) -> list[ContentDict]:
    """The conversation.

    Raises:
        RequestRejected: it holds media that the vendor does not take.
    """
    return [
        {"role": "user" if message.role == "user" else "model", "parts": list(_parts(ref, message))}
        for message in request.messages
    ]


@cache
def _schema(shape: type[BaseModel]) -> dict[str, Json]:
    """Made once for each shape, since it takes milliseconds: not to be changed."""
    return shape.model_json_schema()


def to_config(ref: ModelRef, request: Request) -> GenerateContentConfigDict:
    """Everything else.

    A shape is asked for in words when tools are offered or a search is: the vendor does not take both.  Beside tools
    of ours it does not search either; who offers tools to a model that is to search gets an answer without citations.
    """
    config: GenerateContentConfigDict = {
        "max_output_tokens": request.max_tokens,
        "automatic_function_calling": {"disable": True},
        "automatic_continuation": False,  # the SDK would resume by itself, which is a retry nobody asked for
    }
    if request.answer is not None and not (request.tools or request.search):
        config["response_mime_type"] = "application/json"
        config["response_json_schema"] = _schema(request.answer)
    if system := system_text(request):
        config["system_instruction"] = system
    if request.tools:
        config["tools"] = [
            {
                "function_declarations": [
                    {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters_json_schema": dict(tool.parameters),
                    }
                    for tool in request.tools
                ]
            }
        ]
    if request.search and not request.tools:  # the vendor does not take both
        config["tools"] = [{"google_search": {}}]
    if request.effort is not None and (thinking := _thinking(ref.model, request.effort)) is not None:
        config["thinking_config"] = thinking
    return config


def system_text(request: Request) -> str:
    """The instructions above the conversation, with the shape where it is asked for in words."""
    if request.answer is not None and (request.tools or request.search):
        return f"{request.system}\n\n{in_words(request.answer)}".strip()
    return request.system


def _thinking(model: str, effort: Effort) -> ThinkingConfigDict | None:
    if _BUDGETED.match(model):
        return {"thinking_budget": _BUDGETS[effort]}
    if not _LEVELLED.match(model):
        return None
    from google.genai.types import ThinkingLevel

    if model.startswith("gemini-3-pro") and effort == "medium":
        return {"thinking_level": ThinkingLevel.HIGH}  # that model has no level between
    return {"thinking_level": ThinkingLevel(effort.upper())}


def _parts(ref: ModelRef, message: Message) -> Iterator[PartDict]:
    native = message.native
    if message.role == "assistant" and native is not None and native.provider == PROVIDER:
        from google.genai.types import Part

        for part in json.loads(native.blob):
            # Through the SDK's type, which reads the signature's base64.
            yield Part.model_validate(part).model_dump(exclude_none=True)  # type: ignore[misc]  # PartDict's twin
        return
    for output in message.tool_outputs:
        answer: PartDict = {
            "function_response": {
                "name": output.name,
                "response": {"error" if output.failed else "result": output.text},
            }
        }
        if not output.call_id.startswith(OUR_ID):
            answer["function_response"]["id"] = output.call_id  # type: ignore[index]  # set in the line above
        yield answer
    for media in message.media:
        yield _media(ref, media)
    if message.text:
        yield {"text": message.text}
    for call in message.tool_calls:
        # As bytes the signature is written in base64, which gives the mark its literal form on the wire.
        mark = urlsafe_b64decode(_UNSIGNED)
        yield {"function_call": {"name": call.name, "args": dict(call.arguments)}, "thought_signature": mark}


def _media(ref: ModelRef, media: Media) -> PartDict:
    if media.modality == "text" or media.mime == "image/svg+xml":
        raise RequestRejected(ref, f"Gemini does not take {media.mime}; send images, PDF, audio or video")
    return {"inline_data": {"mime_type": media.mime, "data": media.data}}
