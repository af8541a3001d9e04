"""One answer of Anthropic's Messages API, put together from its stream.

The events are read as they came over the wire and not through the SDK's own iterator: that one skips a piece that
it cannot read, and an answer with a hole in it must not pass for a whole one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue

from manyeyes.errors import ContextTooLong, Refused, Truncated
from manyeyes.providers.citations import cited
from manyeyes.types import Native, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.errors import ModelError
    from manyeyes.providers.faults import Faults
    from manyeyes.types import Citation, RateLimits


class _Wire(BaseModel):
    # Only what is read here is declared; whatever the vendor adds is left alone.
    model_config = ConfigDict(extra="ignore", defer_build=True)


class _OutputDetails(_Wire):
    thinking_tokens: int | None = None


class _ServerTools(_Wire):
    web_search_requests: int | None = None


class _Usage(_Wire):
    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None


class _Message(_Wire):
    model: str = ""
    usage: _Usage = _Usage.model_construct()


class _StopDetails(_Wire):
    category: str | None = None
    explanation: str | None = None


class _Delta(_Wire):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    thinking: str = ""
    signature: str = ""
    citation: JsonValue = None
    stop_reason: str | None = None
    stop_details: _StopDetails | None = None


class _Error(_Wire):
    type: str = ""
    message: str = ""


class Event(_Wire):
    """One server-sent event, of whatever type."""

    type: str
    index: int = 0
    message: _Message | None = None
    content_block: dict[str, JsonValue] | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | None = None


@dataclass(slots=True)
class Turn:
    """What has arrived of an answer so far."""

    faults: Faults
    model: str = ""
    blocks: dict[int, dict[str, JsonValue]] = field(default_factory=dict)
    inputs: dict[int, str] = field(default_factory=dict)
    unfinished: set[int] = field(default_factory=set)
    stop_reason: str | None = None
    stop_details: _StopDetails | None = None
    done: bool = False
    limits: RateLimits | None = None
    _usage: dict[str, int] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take in the next event.

        Raises:
            ModelError: it is an error, or does not follow from what came before.
        """
        match event.type:
            case "message_start" if event.message is not None:
                self.model = event.message.model
                self._count(event.message.usage)
            case "content_block_start" if event.content_block is not None:
                self.blocks[event.index] = event.content_block
                self.unfinished.add(event.index)
            case "content_block_delta" if event.delta is not None:
                self._extend(event.index, event.delta)
            case "content_block_stop":
                self._close(event.index)
            case "message_delta" if event.delta is not None:
                self.stop_reason = event.delta.stop_reason or self.stop_reason
                self.stop_details = event.delta.stop_details or self.stop_details
                if event.usage is not None:
                    self._count(event.usage)
            case "message_stop":
                self.done = True
            case "error" if event.error is not None:
                raise self.faults.coded(event.error.type, event.error.message, usage=self.usage)
            case "message_start" | "content_block_start" | "content_block_delta" | "message_delta" | "error":
                raise self.faults.unreadable(f"a {event.type} without its content", usage=self.usage)
            case _:
                pass  # `ping`, and types to come that carry no content

    def _extend(self, index: int, delta: _Delta) -> None:
        block = self.blocks.get(index)
        if block is None:
            raise self.faults.unreadable("a piece of the answer is missing", usage=self.usage)
        match delta.type:
            case "text_delta":
                _append(block, "text", delta.text)
            case "thinking_delta":
                _append(block, "thinking", delta.thinking)
            case "signature_delta":
                block["signature"] = delta.signature
            case "input_json_delta":
                self.inputs[index] = self.inputs.get(index, "") + delta.partial_json
            case "citations_delta":
                citations = block.get("citations")
                block["citations"] = [*(citations if isinstance(citations, list) else []), delta.citation]
            case _:
                # What cannot be read cannot be left out either: the turn may have to be given back whole.
                raise self.faults.unreadable(f"a piece of unknown kind {delta.type!r}", usage=self.usage)

    def _close(self, index: int) -> None:
        if index not in self.unfinished:
            raise self.faults.unreadable("a piece of the answer is missing", usage=self.usage)
        self.unfinished.remove(index)
        written = self.inputs.get(index)
        if written:
            try:
                self.blocks[index]["input"] = json.loads(written)
            except json.JSONDecodeError:
                raise self.faults.unreadable("a tool's arguments are not JSON", usage=self.usage) from None

    def _count(self, usage: _Usage) -> None:
        # The counts of later events are totals so far; one that is not mentioned keeps its value.
        for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens"):
            value: int | None = getattr(usage, name)
            if value is not None:
                self._usage[name] = value
        if usage.output_tokens_details is not None and usage.output_tokens_details.thinking_tokens is not None:
            self._usage["thinking_tokens"] = usage.output_tokens_details.thinking_tokens
        if usage.server_tool_use is not None and usage.server_tool_use.web_search_requests is not None:
            self._usage["searches"] = usage.server_tool_use.web_search_requests

    @property
    def usage(self) -> Usage | None:
        """Tokens so far; the vendor's `input_tokens` leave out what the cache read and wrote, ours do not."""
        if not self._usage:
            return None
        read = self._usage.get("cache_read_input_tokens", 0)
        written = self._usage.get("cache_creation_input_tokens", 0)
        return Usage(
            input_tokens=self._usage.get("input_tokens", 0) + read + written,
            cached_tokens=read,
            cache_write_tokens=written,
            output_tokens=self._usage.get("output_tokens", 0),
            reasoning_tokens=self._usage.get("thinking_tokens", 0),
            searches=self._usage.get("searches", self._searched),
        )

    @property
    def _searched(self) -> int:
        """Searches that show in the answer, for where the vendor has not counted them."""
        return sum(
            block.get("type") == "server_tool_use" and block.get("name") == "web_search"
            for block in self.blocks.values()
        )

    @property
    def text(self) -> str:
        """The answer's text, without reasoning."""
        return "".join(str(block.get("text", "")) for block in self._in_order if block.get("type") == "text")

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for."""
        return tuple(self._calls())

    def _calls(self) -> list[ToolCall]:
        calls = []
        for block in self._in_order:
            arguments = block.get("input")
            if block.get("type") == "tool_use":
                if not isinstance(arguments, dict):
                    raise self.faults.unreadable("a tool's arguments are not an object", usage=self.usage)
                calls.append(ToolCall(str(block.get("id", "")), str(block.get("name", "")), arguments))
        return calls

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The pages that the vendor's search found and the answer cites."""
        return cited(self._cited())

    def _cited(self) -> Iterator[tuple[str, str, str]]:
        for block in self._in_order:
            told = block.get("citations")
            for one in told if isinstance(told, list) else ():
                if isinstance(one, dict) and one.get("url"):
                    yield str(one["url"]), str(one.get("title") or ""), str(one.get("cited_text") or "")

    @property
    def native(self) -> Native:
        """The blocks as they came: thinking must go back with its signature."""
        return Native("anthropic", json.dumps(self._in_order, ensure_ascii=False))

    @property
    def _in_order(self) -> list[dict[str, JsonValue]]:
        return [self.blocks[index] for index in sorted(self.blocks)]

    def fault(self) -> ModelError | None:  # noqa: PLR0911  # a table: one return a row
        """Why this is not a whole answer; None when it is."""
        if not self.done or self.stop_reason is None or self.unfinished:
            return self.faults.unreadable("the answer ended before it was finished", usage=self.usage)
        ref = self.faults.ref
        match self.stop_reason:
            case "end_turn" | "stop_sequence" | "tool_use":
                if not self.text.strip() and not self.tool_calls:
                    return self.faults.unreadable("the answer is empty", usage=self.usage)
                return None
            case "max_tokens":
                return Truncated(ref, "the answer hit its length limit", usage=self.usage, partial=self.text)
            case "model_context_window_exceeded":
                return ContextTooLong(ref, "prompt and answer do not fit the model's window", usage=self.usage)
            case "pause_turn":
                return self.faults.unreadable("the vendor paused the answer after many searches", usage=self.usage)
            case "refusal":
                details = self.stop_details
                why = " ".join(filter(None, (details.category, details.explanation))) if details else ""
                return Refused(ref, f"declined: {self.faults.line(why)}" if why else "declined", usage=self.usage)
            case other:
                return self.faults.unreadable(f"the answer stopped for an unknown reason: {other}", usage=self.usage)


def _append(block: dict[str, JsonValue], key: str, piece: str) -> None:
    before = block.get(key)
    block[key] = (before if isinstance(before, str) else "") + piece
