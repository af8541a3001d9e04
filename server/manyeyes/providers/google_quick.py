"""A request in the objects of Google's SDK, made so that the SDK is done with them quickly.

The SDK looks for keys in its own objects as if they were dictionaries, dozens of times a call, before it asks for
attributes.  Never is one there; to find out it goes through all fields.  It tries one type after another for what may
be of several, and copies a configuration to the bottom, schema and all, which nobody else holds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Self

from google.genai.types import Content, GenerateContentConfig

from manyeyes.providers.google_request import system_text, to_config, to_contents
from manyeyes.types import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.genai.types import ContentDict
    from pydantic import BaseModel

    from manyeyes.types import Effort, ModelRef


class QuickConfig(GenerateContentConfig):
    """The SDK's configuration, but quicker to ask."""

    def __contains__(self, _key: object) -> bool:
        return False

    def model_copy(self, *, update: Mapping[str, object] | None = None, deep: bool = False) -> Self:  # noqa: ARG002
        """A copy as deep as it need be."""
        return super().model_copy(update=update)


def quick_contents(ref: ModelRef, request: Request) -> Content | list[ContentDict]:
    """The conversation.

    Raises:
        RequestRejected: it holds media that the vendor does not take.
    """
    contents = to_contents(ref, request)
    # As one of several the SDK tries an object for every form that a turn may have, which takes longer than it saves.
    text = _only_text(contents)
    return contents if text is None else _text(text)


def quick_config(ref: ModelRef, request: Request) -> GenerateContentConfig:
    """Everything else."""
    if request.tools:
        return QuickConfig.model_validate(to_config(ref, request))
    settled = _settled(ref, request.max_tokens, request.answer, request.effort, search=request.search)
    text = system_text(request)
    return settled.model_copy(update={"system_instruction": _text(text) if text else None})


def _only_text(contents: list[ContentDict]) -> str | None:
    """The one text that a conversation consists of; None where there is more to it."""
    parts = contents[0].get("parts") if len(contents) == 1 else None
    return parts[0].get("text") if parts is not None and len(parts) == 1 and parts[0].keys() == {"text"} else None


def _text(text: str) -> Content:
    """A turn of the user's, whose part the SDK takes as it is."""
    return Content.model_construct(role="user", parts=[{"text": text}])


@lru_cache(maxsize=64)
def _settled(
    ref: ModelRef, max_tokens: int, answer: type[BaseModel] | None, effort: Effort | None, *, search: bool
) -> QuickConfig:
    """What is the same for all requests of a kind: not to be changed."""
    kind = Request(messages=(), max_tokens=max_tokens, answer=answer, effort=effort, search=search)
    return QuickConfig.model_validate(to_config(ref, kind))
