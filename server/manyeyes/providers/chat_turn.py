"""One answer of Chat Completions, put together from its stream."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue

from manyeyes.errors import Refused, Truncated
from manyeyes.types import ToolCall, Usage

if TYPE_CHECKING:
    from manyeyes.errors import ModelError
    from manyeyes.providers.faults import Faults
    from manyeyes.types import Json, RateLimits

_FINISHED = frozenset({"stop", "tool_calls", "function_call", "eos", "end_turn", "stop_sequence"})
"""The reasons that mean a whole answer; the last three are what some imitators say."""


class _Wire(BaseModel):
    # Only what is read here is declared; whatever a server adds is left alone.
    model_config = ConfigDict(extra="ignore", defer_build=True)


class _InputDetails(_Wire):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(_Wire):
    reasoning_tokens: int | None = None


class _Usage(_Wire):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Function(_Wire):
    name: str | None = None
    arguments: str | None = None


class _Call(_Wire):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(_Wire):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(_Wire):
    index: int | None = None
    delta: _Delta | None = None
    message: _Delta | None = None
    finish_reason: str | None = None


class Chunk(_Wire):
    """One piece of the stream; or the whole answer, which has a message where a piece has a delta."""

    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: JsonValue = None


@dataclass(slots=True)
class _Asked:
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Turn:
    """What has arrived of an answer so far."""

    faults: Faults
    model: str = ""
    text: str = ""
    refusal: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    limits: RateLimits | None = None
    _asked: dict[int, _Asked] = field(default_factory=dict)

    def add(self, chunk: Chunk) -> None:
        """Take in the next piece.

        Raises:
            ModelError: it is an error.
        """
        if chunk.error:
            raise told(self.faults, chunk.error)
        self.model = chunk.model or self.model
        if chunk.usage is not None:
            self.usage = _usage(chunk.usage)
        for choice in chunk.choices or ():
            if choice.index:
                continue  # one answer was asked for
            self.finish_reason = choice.finish_reason or self.finish_reason
            if (said := choice.delta or choice.message) is not None:
                self.text += said.content or ""
                self.refusal += said.refusal or ""
                for call in said.tool_calls or ():
                    self._extend(call)

    def _extend(self, call: _Call) -> None:
        index = call.index
        if index is None:  # some servers send each call whole and do not number them
            index = len(self._asked) if call.id or not self._asked else max(self._asked)
        asked = self._asked.setdefault(index, _Asked())
        asked.id = call.id or asked.id
        if call.function is not None:
            asked.name = call.function.name or asked.name
            asked.arguments += call.function.arguments or ""

    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for.

        Raises:
            BrokenAnswer: a call has no name, or its arguments are not a JSON object.
        """
        return tuple(self._call(index, asked) for index, asked in sorted(self._asked.items()))

    def _call(self, index: int, asked: _Asked) -> ToolCall:
        arguments = read_arguments(self.faults, asked.name, asked.arguments, self.usage)
        return ToolCall(asked.id or f"call_{index}", asked.name, arguments)

    def fault(self) -> ModelError | None:  # noqa: PLR0911  # a table: one return a row
        """Why this is not a whole answer; None when it is."""
        ref = self.faults.ref
        if self.refusal:
            return Refused(ref, f"declined: {self.faults.line(self.refusal)}", usage=self.usage)
        match self.finish_reason:
            case None:
                return self.faults.unreadable("the answer ended before it was finished", usage=self.usage)
            case "length":
                return Truncated(ref, "the answer hit its length limit", usage=self.usage, partial=self.text)
            case "content_filter":
                return Refused(ref, "declined by the vendor's content filter", usage=self.usage)
            case reason if reason not in _FINISHED:
                return self.faults.unreadable(f"the answer stopped for an unknown reason: {reason}", usage=self.usage)
            case _ if not self.text.strip() and not self._asked:
                return self.faults.unreadable("the answer is empty", usage=self.usage)
            case _:
                return None


def told(faults: Faults, error: JsonValue) -> ModelError:
    """The error for what stands under `error` in a piece of the stream."""
    if not isinstance(error, dict):
        return faults.coded("", error)
    return faults.coded(str(error.get("code") or error.get("type") or ""), error.get("message") or "no reason given")


def read_arguments(faults: Faults, name: str, written: str, usage: Usage | None) -> dict[str, Json]:
    """A tool call's arguments, which OpenAI's protocols carry as a string of JSON.

    Raises:
        BrokenAnswer: the call has no name, or this is not a JSON object.
    """
    try:
        arguments: Json = json.loads(written or "{}")
    except json.JSONDecodeError:
        arguments = None
    if not name or not isinstance(arguments, dict):
        raise faults.unreadable(f"the arguments for tool {name!r} are not a JSON object", usage=usage)
    return arguments


def _usage(told: _Usage) -> Usage:
    read, wrote = told.prompt_tokens_details, told.completion_tokens_details
    return Usage(
        input_tokens=told.prompt_tokens or 0,
        cached_tokens=(read.cached_tokens or 0) if read else 0,
        cache_write_tokens=(read.cache_write_tokens or 0) if read else 0,
        output_tokens=told.completion_tokens or 0,
        reasoning_tokens=(wrote.reasoning_tokens or 0) if wrote else 0,
    )
