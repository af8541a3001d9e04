"""One answer of `generate_content`, put together from its stream.

The pieces are read as they came over the wire and not as the SDK's objects: those take most of a call's time, and
nearly nothing of them is read here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

from manyeyes.errors import Refused, Truncated
from manyeyes.providers.citations import cited
from manyeyes.providers.google_request import OUR_ID
from manyeyes.types import Native, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.errors import ModelError
    from manyeyes.providers.faults import Faults
    from manyeyes.types import Citation

_REFUSALS = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "ESCALATION",
        "MODEL_ARMOR",
    }
)
_PLAIN = {"text", "thought"}
_BY_PROMPT = ("gemini-1", "gemini-2")


class _Wire(BaseModel):
    # Only what is read here is declared; whatever the vendor adds is left alone.
    model_config = ConfigDict(extra="ignore", defer_build=True, alias_generator=to_camel)


class _Usage(_Wire):
    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


class _Feedback(_Wire):
    block_reason: str | None = None
    block_reason_message: str | None = None


class _Web(_Wire):
    uri: str | None = None
    title: str | None = None


class _Chunk(_Wire):
    web: _Web | None = None


class _Segment(_Wire):
    text: str | None = None


class _Support(_Wire):
    segment: _Segment | None = None
    grounding_chunk_indices: list[int] | None = None


class _Grounding(_Wire):
    grounding_chunks: list[_Chunk] | None = None
    grounding_supports: list[_Support] | None = None
    web_search_queries: list[str] | None = None


class _Content(_Wire):
    parts: list[dict[str, JsonValue]] | None = None


class _Candidate(_Wire):
    index: int | None = None
    content: _Content | None = None
    finish_reason: str | None = None
    grounding_metadata: _Grounding | None = None


class Piece(_Wire):
    """One server-sent event."""

    model_version: str | None = None
    candidates: list[_Candidate] | None = None
    usage_metadata: _Usage | None = None
    prompt_feedback: _Feedback | None = None
    error: dict[str, JsonValue] | None = None


@dataclass(slots=True)
class Turn:
    """What has arrived of an answer so far.  `turns` is the length of the conversation, for ids that are its own."""

    faults: Faults
    turns: int
    model: str = ""
    parts: list[dict[str, JsonValue]] = field(default_factory=list)
    finish_reason: str | None = None
    blocked: str = ""
    usage: Usage | None = None
    grounding: list[_Grounding] = field(default_factory=list)

    def add(self, piece: Piece) -> None:
        """Take in the next piece, which is no error.

        Raises:
            BrokenAnswer: a part is not of the form that it says it is.
        """
        self.model = piece.model_version or self.model
        told = piece.usage_metadata
        if told is not None:
            thought = told.thoughts_token_count or 0
            self.usage = Usage(
                input_tokens=(told.prompt_token_count or 0) + (told.tool_use_prompt_token_count or 0),
                cached_tokens=told.cached_content_token_count or 0,
                output_tokens=(told.candidates_token_count or 0) + thought,
                reasoning_tokens=thought,
            )
        feedback = piece.prompt_feedback
        if feedback is not None and feedback.block_reason is not None:
            self.blocked = " ".join(filter(None, (feedback.block_reason, feedback.block_reason_message)))
        for candidate in piece.candidates or ():
            if not candidate.index:  # one answer was asked for
                self._extend(candidate)
        if self.usage is not None and self.grounding:
            self.usage = replace(self.usage, searches=self._searches)

    @property
    def _searches(self) -> int:
        """What is charged beside tokens: each query, with older models each prompt that was searched for."""
        queries = {query for told in self.grounding for query in told.web_search_queries or ()}
        count = len(queries) or int(any(told.grounding_chunks for told in self.grounding))
        return min(count, 1) if self.faults.ref.model.startswith(_BY_PROMPT) else count

    def _extend(self, candidate: _Candidate) -> None:
        if candidate.finish_reason is not None:
            self.finish_reason = candidate.finish_reason
        if candidate.grounding_metadata is not None:
            self.grounding.append(candidate.grounding_metadata)
        for part in (candidate.content.parts if candidate.content else None) or ():
            if not _readable(part):
                raise self.faults.unreadable("a part of the answer is of no known form", usage=self.usage)
            last = self.parts[-1] if self.parts else None
            if last is not None and _plain(last) and _plain(part) and last.get("thought") == part.get("thought"):
                last["text"] = f"{last['text']}{part['text']}"
            else:
                self.parts.append(part)

    @property
    def text(self) -> str:
        """The answer's text, without thoughts."""
        return "".join(str(part.get("text") or "") for part in self.parts if not part.get("thought"))

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The pages that the vendor's search found and the answer rests on."""
        return cited(one for told in self.grounding for one in _pages(told))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for; a call that came without an id gets one of ours."""
        asked = [call for part in self.parts if isinstance(call := part.get("functionCall"), dict)]
        return tuple(
            ToolCall(
                str(call.get("id") or f"{OUR_ID}{self.turns}-{index}"),
                str(call.get("name") or ""),
                arguments if isinstance(arguments := call.get("args"), dict) else {},
            )
            for index, call in enumerate(asked)
        )

    @property
    def native(self) -> Native:
        """The parts as they came: signatures must go back in the parts that they were in."""
        return Native("google", json.dumps(self.parts, ensure_ascii=False))

    def fault(self) -> ModelError | None:  # noqa: PLR0911  # a table: one return a row
        """Why this is not a whole answer; None when it is."""
        ref = self.faults.ref
        if self.blocked:
            return Refused(ref, f"the prompt was blocked: {self.faults.line(self.blocked)}", usage=self.usage)
        match self.finish_reason:
            case None:
                return self.faults.unreadable("the answer ended before it was finished", usage=self.usage)
            case "MAX_TOKENS" | "CONTINUATION":
                return Truncated(ref, "the answer hit its length limit", usage=self.usage, partial=self.text)
            case reason if reason in _REFUSALS:
                return Refused(ref, f"declined: {reason}", usage=self.usage)
            case "STOP" if self.text.strip() or self.tool_calls:
                return None
            case "STOP":
                return self.faults.unreadable("the answer is empty", usage=self.usage)
            case other:
                return self.faults.unreadable(f"the answer stopped because of {other}", usage=self.usage)


def _pages(told: _Grounding) -> Iterator[tuple[str, str, str]]:
    """Address, title and the first part of the answer that rests on it, for each page."""
    resting: dict[int, str] = {}
    for support in told.grounding_supports or ():
        text = (support.segment.text if support.segment else None) or ""
        for index in support.grounding_chunk_indices or ():
            resting.setdefault(index, text)
    for index, chunk in enumerate(told.grounding_chunks or ()):
        if chunk.web is not None:
            yield chunk.web.uri or "", chunk.web.title or "", resting.get(index, "")


def _readable(part: dict[str, JsonValue]) -> bool:
    """Whether what is read of a part has the form that it must have."""
    if not isinstance(part.get("text") or "", str):
        return False
    if "functionCall" not in part:
        return True
    call = part["functionCall"]
    return isinstance(call, dict) and isinstance(call.get("args") or {}, dict)


def _plain(part: dict[str, JsonValue]) -> bool:
    """Whether a part is text and nothing else, so that the next piece of text may be joined to it."""
    return "text" in part and part.keys() <= _PLAIN
