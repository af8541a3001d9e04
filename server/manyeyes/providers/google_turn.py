"""One answer of `generate_content`, put together from its stream."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes.errors import Refused, Truncated
from manyeyes.providers.citations import cited
from manyeyes.providers.google_request import OUR_ID
from manyeyes.types import Native, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.genai.types import Candidate, GenerateContentResponse, GroundingMetadata, Part

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


@dataclass(slots=True)
class Turn:
    """What has arrived of an answer so far.  `turns` is the length of the conversation, for ids that are its own."""

    faults: Faults
    turns: int
    model: str = ""
    parts: list[Part] = field(default_factory=list)
    finish_reason: str | None = None
    blocked: str = ""
    usage: Usage | None = None
    grounding: list[GroundingMetadata] = field(default_factory=list)

    def add(self, piece: GenerateContentResponse) -> None:
        """Take in the next piece."""
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
            self.blocked = " ".join(filter(None, (feedback.block_reason.value, feedback.block_reason_message)))
        for candidate in piece.candidates or ():
            if not candidate.index:  # one answer was asked for
                self._extend(candidate)

    def _extend(self, candidate: Candidate) -> None:
        if candidate.finish_reason is not None:
            self.finish_reason = candidate.finish_reason.value
        if candidate.grounding_metadata is not None:
            self.grounding.append(candidate.grounding_metadata)
        for part in (candidate.content.parts if candidate.content else None) or ():
            last = self.parts[-1] if self.parts else None
            if last is not None and _plain(last) and _plain(part) and last.thought == part.thought:
                last.text = (last.text or "") + (part.text or "")
            else:
                self.parts.append(part.model_copy())

    @property
    def text(self) -> str:
        """The answer's text, without thoughts."""
        return "".join(part.text or "" for part in self.parts if not part.thought)

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The pages that the vendor's search found and the answer rests on."""
        return cited(one for told in self.grounding for one in _pages(told))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tools asked for; a call that came without an id gets one of ours."""
        asked = [part.function_call for part in self.parts if part.function_call is not None]
        return tuple(
            ToolCall(call.id or f"{OUR_ID}{self.turns}-{index}", call.name or "", call.args or {})
            for index, call in enumerate(asked)
        )

    @property
    def native(self) -> Native:
        """The parts as they came: signatures must go back in the parts that they were in."""
        kept = [part.model_dump(mode="json", exclude_none=True) for part in self.parts]
        return Native("google", json.dumps(kept, ensure_ascii=False))

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


def _pages(told: GroundingMetadata) -> Iterator[tuple[str, str, str]]:
    """Address, title and the first part of the answer that rests on it, for each page."""
    resting: dict[int, str] = {}
    for support in told.grounding_supports or ():
        text = (support.segment.text if support.segment else None) or ""
        for index in support.grounding_chunk_indices or ():
            resting.setdefault(index, text)
    for index, chunk in enumerate(told.grounding_chunks or ()):
        if chunk.web is not None:
            yield chunk.web.uri or "", chunk.web.title or "", resting.get(index, "")


def _plain(part: Part) -> bool:
    """Whether a part is text and nothing else, so that the next piece of text may be joined to it."""
    return part.text is not None and part.thought_signature is None and part.function_call is None
