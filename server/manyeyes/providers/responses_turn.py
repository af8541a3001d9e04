"""One answer of the Responses API.  Its stream ends with the whole response, so only that event is read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from manyeyes.errors import Refused, Truncated
from manyeyes.providers.chat_turn import read_arguments
from manyeyes.providers.citations import cited
from manyeyes.types import Native, ToolCall, Usage

if TYPE_CHECKING:
    from manyeyes.errors import ModelError
    from manyeyes.providers.faults import Faults
    from manyeyes.types import Citation, RateLimits


class _Wire(BaseModel):
    # Only what is read here is declared; whatever the vendor adds is left alone.
    model_config = ConfigDict(extra="ignore", defer_build=True)


class _InputDetails(_Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(_Wire):
    reasoning_tokens: int | None = None


class _Usage(_Wire):
    input_tokens: int = 0
    input_tokens_details: _InputDetails | None = None
    output_tokens: int = 0
    output_tokens_details: _OutputDetails | None = None


class _Incomplete(_Wire):
    reason: str | None = None


class _Error(_Wire):
    code: str | None = None
    message: str | None = None


class _Annotation(_Wire):
    type: str = ""
    url: str = ""
    title: str | None = None


class _Part(_Wire):
    type: str = ""
    text: str = ""
    refusal: str = ""
    annotations: list[_Annotation] | None = None


class _Item(_Wire):
    type: str = ""
    content: list[_Part] | None = None
    call_id: str = ""
    name: str = ""
    arguments: str = ""
    action: JsonValue = None


class Response(_Wire):
    """The whole answer."""

    status: str | None = None
    model: str = ""
    output: list[dict[str, JsonValue]] = Field(default_factory=list)
    error: _Error | None = None
    incomplete_details: _Incomplete | None = None
    usage: _Usage | None = None


class Event(_Wire):
    """One event of the stream, as far as it tells whether it is the last or an error: nothing else is of interest."""

    type: str = ""
    code: str | None = None
    message: str | None = None
    error: JsonValue = None


class Last(_Wire):
    """The event that ends the stream."""

    response: Response


@dataclass(frozen=True, slots=True)
class Turn:
    """A response and what it means."""

    faults: Faults
    response: Response
    limits: RateLimits | None = None
    _items: list[_Item] = field(init=False, repr=False, compare=False)

    @property
    def usage(self) -> Usage | None:
        """Tokens used."""
        told = self.response.usage
        if told is None:
            return None
        read, wrote = told.input_tokens_details, told.output_tokens_details
        return Usage(
            input_tokens=told.input_tokens,
            cached_tokens=(read.cached_tokens or 0) if read else 0,
            cache_write_tokens=(read.cache_write_tokens or 0) if read else 0,
            output_tokens=told.output_tokens,
            reasoning_tokens=(wrote.reasoning_tokens or 0) if wrote else 0,
            searches=sum(map(_is_search, self._items)),
        )

    def __post_init__(self) -> None:
        """Read the items, once."""
        object.__setattr__(self, "_items", [_Item.model_validate(item) for item in self.response.output])

    def text(self) -> str:
        """The answer's text, without reasoning."""
        return "".join(
            part.text
            for item in self._items
            if item.type == "message"
            for part in item.content or ()
            if part.type == "output_text"
        )

    def citations(self) -> tuple[Citation, ...]:
        """The pages that the vendor's search found and the answer cites."""
        return cited(
            (note.url, note.title or "", "")
            for item in self._items
            for part in item.content or ()
            for note in part.annotations or ()
            if note.type == "url_citation"
        )

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for.

        Raises:
            BrokenAnswer: a call has no name, or its arguments are not a JSON object.
        """
        return tuple(
            ToolCall(item.call_id, item.name, read_arguments(self.faults, item.name, item.arguments, self.usage))
            for item in self._items
            if item.type == "function_call"
        )

    def native(self) -> Native:
        """The items as they came: encrypted reasoning must go back with the call that it led to."""
        kept = [{key: value for key, value in item.items() if value is not None} for item in self.response.output]
        return Native("openai", json.dumps(kept, ensure_ascii=False))

    def fault(self) -> ModelError | None:  # noqa: PLR0911  # a table: one return a row
        """Why this is not a whole answer; None when it is."""
        response, ref = self.response, self.faults.ref
        if response.error is not None:
            return self.faults.coded(response.error.code or "", response.error.message, usage=self.usage)
        refusal = " ".join(
            part.refusal for item in self._items for part in item.content or () if part.type == "refusal"
        )
        if refusal:
            return Refused(ref, f"declined: {self.faults.line(refusal)}", usage=self.usage)
        reason = response.incomplete_details.reason if response.incomplete_details else None
        match response.status, reason:
            case "incomplete", "max_output_tokens":
                return Truncated(ref, "the answer hit its length limit", usage=self.usage, partial=self.text())
            case "incomplete", "content_filter":
                return Refused(ref, "declined by the vendor's content filter", usage=self.usage)
            case "completed", _ if self.text().strip() or self.tool_calls():
                return None
            case "completed", _:
                return self.faults.unreadable("the answer is empty", usage=self.usage)
            case status, _:
                return self.faults.unreadable(f"the answer ended as {status}: {reason}", usage=self.usage)


def _is_search(item: _Item) -> bool:
    """Whether an item is a web search that is charged; opening a page that was found, or looking in it, is not."""
    action = item.action
    kind = action.get("type") if isinstance(action, dict) else None
    return item.type == "web_search_call" and kind in {None, "search"}
