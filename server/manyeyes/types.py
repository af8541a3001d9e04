"""The plain values that travel between the layers: references, messages, requests, answers, routes.

Everything here is frozen, slotted and free of I/O.  Token counts are in tokens, sizes in bytes, times in
seconds, money in US dollars.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""Any value that JSON can carry."""

Modality: TypeAlias = Literal["text", "image", "pdf", "audio", "video"]
"""A kind of input that a model can take."""

Effort: TypeAlias = Literal["low", "medium", "high"]
"""How much reasoning a model should spend; vendors map it to their own scale."""

Role: TypeAlias = Literal["user", "assistant"]


class Tier(StrEnum):
    """How capable, and so how expensive, a model is within its vendor's family."""

    FLAGSHIP = "flagship"
    BALANCED = "balanced"
    FAST = "fast"


@dataclass(frozen=True, slots=True, order=True)
class ModelRef:
    """Which model, at which provider; written `provider:model`."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Read `provider:model`.  The model's own name may hold further colons.

        Raises:
            ValueError: a part is missing.
        """
        provider, _, model = text.strip().partition(":")
        if not provider or not model:
            raise ValueError(f"{text!r} is not of the form provider:model")
        return cls(provider, model)


@dataclass(frozen=True, slots=True)
class Media:
    """A piece of input that is not text.  `mime` is its media type, `data` the raw bytes."""

    mime: str
    data: bytes

    @property
    def modality(self) -> Modality:
        """The modality a model needs to take this in."""
        if self.mime == "application/pdf":
            return "pdf"
        kind = self.mime.partition("/")[0]
        if kind == "image":
            return "image"
        if kind == "audio":
            return "audio"
        return "video" if kind == "video" else "text"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool to be run.  `arguments` is a JSON object as the model wrote it, parsed."""

    id: str
    name: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What running a tool gave, on its way back to the model that asked."""

    call_id: str
    name: str
    text: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Native:
    """A vendor's own form of an assistant turn, kept so that the same vendor can be given it back.

    Reasoning models insist on their signed or encrypted reasoning when a tool's output is returned.
    Only the provider named here may read `blob`; any other uses the neutral form of the message.
    """

    provider: str
    blob: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation, in the form that all providers understand."""

    role: Role
    text: str = ""
    media: tuple[Media, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_outputs: tuple[ToolOutput, ...] = ()
    native: Native | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool offered to a model.  `parameters` is the JSON Schema of its arguments, an object schema."""

    name: str
    description: str
    parameters: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a model is asked, whichever vendor it belongs to.

    Attributes:
        system: Instructions that stand above the conversation; the stable prefix, so that vendors can cache it.
        messages: The conversation; the last message is the user's.
        max_tokens: Upper bound of the answer, reasoning included.
        answer: The shape the answer must have; the text of a good completion then validates against it.
        tools: Tools the model may ask for.  Not combined with `answer` on the same turn by every vendor.
        effort: How much to reason; None leaves it to the vendor.
        search: The model may search the web by its vendor's own tool; providers without one refuse the request.
        cache_key: Stands for the messages' text in the cache's key, so that an answer to another text with the same
            key may be given.  It must say everything of the text that changes the answer.  None: the text itself.
        cache_note: Kept with the answer and given back with it: what the caller needs to carry an answer to another
            text with the same `cache_key` over to its own.  It is not part of the key.
        private: The answer is one person's: it is not kept, and given to nobody else who asks the same.
    """

    messages: tuple[Message, ...]
    system: str = ""
    max_tokens: int = 8192
    answer: type[BaseModel] | None = None
    tools: tuple[ToolSpec, ...] = ()
    effort: Effort | None = None
    search: bool = False
    cache_key: str | None = None
    cache_note: str = ""
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one wire call, in one convention for all vendors.

    Attributes:
        input_tokens: All of the prompt, cached parts included.
        cached_tokens: The part of `input_tokens` read from the vendor's cache.
        cache_write_tokens: The part of `input_tokens` written to the vendor's cache.
        output_tokens: All that the model wrote, reasoning included.
        reasoning_tokens: The part of `output_tokens` spent on reasoning.
        searches: Web searches that the vendor made and charges beside the tokens.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    searches: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            searches=self.searches + other.searches,
        )


@dataclass(frozen=True, slots=True)
class Allowance:
    """One of a vendor's rate limits as it stood when the vendor answered.

    Attributes:
        limit: The whole of it.
        remaining: What was left.
        reset_s: Seconds until it is whole again.
    """

    limit: int
    remaining: int
    reset_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What a vendor said of its limits on a model, in the headers of an answer or an error.

    Attributes:
        requests: Of requests.
        tokens: Of tokens; of those of the prompt, where the vendor counts them apart.
        seen_at: When it said so, on the event loop's clock: an answer may go on long after its headers.
    """

    requests: Allowance | None = None
    tokens: Allowance | None = None
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """A page that an answer rests on, as the vendor's search named it.

    `quote` is the page's text that the vendor shows for it, or the part of the answer that rests on it.
    """

    url: str
    title: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A whole and finished answer.  Cut-off, refused and broken answers are errors, never a Completion.

    Attributes:
        ref: The model that was asked.
        served: The model name the vendor says answered, where it says so.
        text: The answer's text; JSON when the request asked for a shape.
        parsed: The validated answer when the request asked for a shape.
        tool_calls: Tools the model wants run before it goes on; empty when it is done.
        native: The vendor's own form of this turn, see `Native`.
        usage: What it used; None when the vendor did not say.
        limits: How much more the vendor said may be asked of it.
        cached: It was there already, or another caller asked and paid for it; `usage` is then all zero.
        cache_note: The `Request.cache_note` of the request that it answered.
        notices: What whoever reads the result should know of how the answer came about, one line each.
        citations: The pages it rests on, where the vendor searched; each page once.
    """

    ref: ModelRef
    text: str
    usage: Usage | None = None
    served: str = ""
    parsed: BaseModel | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    native: Native | None = None
    notices: tuple[str, ...] = ()
    limits: RateLimits | None = None
    cached: bool = False
    cache_note: str = ""
    citations: tuple[Citation, ...] = ()

    def as_message(self) -> Message:
        """This answer as a turn of the conversation that goes on."""
        return Message(role="assistant", text=self.text, tool_calls=self.tool_calls, native=self.native)


TEXT_ONLY: frozenset[Modality] = frozenset({"text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the router needs to know about a piece of work.

    Attributes:
        kind: A row of the routing table (`code_review`, `long_context_analysis`, …); an unknown one takes the default.
        tier: The tier wanted; None takes the row's.
        input_tokens: An upper estimate of the prompt.
        output_tokens: The answer's upper bound.
        modalities: What the input consists of.
        structured: An answer of a given shape is needed.
        tools: The model must be able to ask for tools.
        search: The model must be able to search the web.
        model: A model the caller insists on: reference, name or alias.
        providers: Only these providers come into question; None means any.
        language: The language of what it is about, for what is learned of models; empty where it has none.
    """

    kind: str
    tier: Tier | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    modalities: frozenset[Modality] = TEXT_ONLY
    structured: bool = False
    tools: bool = False
    search: bool = False
    model: str | None = None
    providers: frozenset[str] | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model the router looked at: taken into the route or passed over, and why; its tier, where that is known."""

    ref: ModelRef
    taken: bool
    reason: str
    tier: Tier | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Route:
    """The router's answer: first the models to ask, in order, then those passed over."""

    candidates: tuple[Candidate, ...]

    @property
    def taken(self) -> tuple[ModelRef, ...]:
        """The models to ask, in order; empty when none can be."""
        return tuple(c.ref for c in self.candidates if c.taken)

    def led_by(self, ref: ModelRef) -> Route:
        """The same with one of the models to ask before the others; nothing else where it is none of them."""
        first = [one for one in self.candidates if one.taken and one.ref == ref]
        return Route((*first, *(one for one in self.candidates if one not in first)))

    @property
    def obstacles(self) -> str:
        """Why models were passed over, each reason once, in one line for people."""
        reasons = dict.fromkeys(candidate.reason for candidate in self.candidates if not candidate.taken)
        return "; ".join(reasons) or "no model is configured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One wire call that did not give an answer.

    `error` is the error's kind (`rate_limited`, `truncated`, …), `message` one line for people, without secrets.
    """

    ref: ModelRef
    error: str
    message: str
    seconds: float
    usage: Usage | None = field(default=None)
