"""The loop in which a model looks around before it answers, whichever vendor it belongs to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from manyeyes import __version__
from manyeyes.calls.tool_loop import run_tools
from manyeyes.errors import NoAnswer
from manyeyes.results import Step
from manyeyes.types import Completion, ModelRef, ToolCall, ToolOutput, Usage
from manyeyes_tools.chunks import tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Request, Task, ToolSpec

    Tell = Callable[[str], Awaitable[None]]

KEPT_CHARS = 400
"""Of what a tool said, so much is kept with the run."""
CACHED_SHARE = 0.1
"""What a token costs that the vendor had in its cache, in comparison with one that it had not."""


TIME_SHARE = 0.4
"""The part of a tool call's time after which nobody looks further: the answer takes time too, and so does its check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far an investigation goes.  After any of these the model answers from what it has.

    Attributes:
        steps: Turns in which it may call tools.
        calls: Calls in all turns together; further ones are refused.
        tokens: Tokens of the prompts, those from the vendor's cache counted by what they cost; for all investigations
            of a run together.
        usd: What the run may have cost by then, in US dollars.
    """

    steps: int = 8
    calls: int = 24
    tokens: int = 400_000
    usd: float = 1.0


@dataclass(slots=True)
class Purse:
    """What the investigations of one run have used together."""

    tokens: float = 0.0

    def pay(self, usage: Usage | None) -> None:
        """Account for a turn."""
        if usage is not None:
            self.tokens += usage.input_tokens - (1 - CACHED_SHARE) * usage.cached_tokens


class Tools(Protocol):
    """What a model may use.  Names must not repeat; outputs are bounded, masked, and marked as data."""

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools, always in the same order, so that vendors can keep them in their caches."""
        ...

    async def run(self, call: ToolCall) -> ToolOutput:
        """Run one call; a failure is an output too."""
        ...


class _Kept(BaseModel):
    """An investigation as it is kept: the answer, and each call with the digest of what it gave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: str
    answer: str
    calls: tuple[tuple[str, str, str], ...]
    note: str


async def investigate(
    task: Task,
    request: Request,
    tools: Tools,
    bench: Bench,
    *,
    role: str,
    purse: Purse,
    bounds: Bounds | None = None,
    tell: Tell | None = None,
    remember: bool = True,
) -> Completion:
    """Let the model that the router chooses look around, and answer.

    An investigation that was made before is not made again as long as everything it looked at is the same: its calls
    are run once more, which costs nothing, and their outputs compared.

    Args:
        task: What is to be done.
        request: The question, with the shape of the answer, and without tools.
        tools: What the model may use.
        bench: Asks; keeps the steps with the run.
        role: The part the model plays in the run.
        purse: What all investigations of the run have used.
        bounds: How far it goes.
        tell: Told what is being looked at.
        remember: Whether an earlier investigation may be given again; not where calls may change things, since they
            are made once more for that.

    Returns:
        The answer, of the shape asked for; its usage is that of the last turn alone.

    Raises:
        NoAnswer: no model answered.
    """
    made = _Investigation(task, tools, bench, role, purse, bounds or Bounds(), tell)
    refs = [str(ref) for ref in bench.by_rules(replace(task, tools=True))]
    key = _key(request, tools, refs)
    if remember and (known := await made.remembered(key, request)) is not None:
        return known
    completion = await run_tools(
        made.ask,
        replace(request, tools=tools.specs, cache_key=None, cache_note=""),
        made.run,
        max_steps=made.bounds.steps,
        enough=made.enough,
    )
    if remember:
        made.keep(key, completion, request)
    return completion


@dataclass(slots=True)
class _Investigation:
    """One investigation under way."""

    task: Task
    tools: Tools
    bench: Bench
    role: str
    purse: Purse
    bounds: Bounds
    tell: Tell | None
    model: str = ""
    home: frozenset[str] | None = None
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    begun: int = 0
    _turn: dict[int, tuple[tuple[str, str, str], Step]] = field(default_factory=dict)

    async def ask(self, request: Request) -> Completion:
        """One turn.  The conversation stays with the vendor that began it, whose cache holds it, while that answers."""
        self._end_turn()
        task = replace(self.task, input_tokens=_size(request), tools=bool(request.tools))
        try:
            at_home = task if self.home is None else replace(task, providers=self.home)
            completion = await self.bench.complete(at_home, request, role=self.role)
        except NoAnswer:
            if self.home is None:
                raise
            completion = await self.bench.complete(task, request, role=self.role)
        self.model, self.home = str(completion.ref), frozenset({completion.ref.provider})
        self.purse.pay(completion.usage)
        return completion

    def enough(self) -> bool:
        """Whether it has to answer now."""
        settings = self.bench.settings
        limit = settings.budget.usd_per_call
        usd = self.bounds.usd if limit is None else min(self.bounds.usd, limit / 2)
        run = self.bench.run()
        cost = run.cost_usd
        return (
            self.begun >= self.bounds.calls
            or run.seconds >= TIME_SHARE * settings.deadline_s
            or self.purse.tokens >= self.bounds.tokens
            or (cost is not None and cost >= usd)
        )

    async def run(self, call: ToolCall) -> ToolOutput:
        """One call, told and kept."""
        self.begun += 1
        number = self.begun
        if number > self.bounds.calls:
            return ToolOutput(call.id, call.name, "No more calls can be made. Answer from what you have.", failed=True)
        written = json.dumps(dict(call.arguments), ensure_ascii=False, sort_keys=True)
        if self.tell is not None:
            await self.tell(_said(call))
        output = await self.tools.run(call)
        self._turn[number] = (call.name, written, _digest(output)), _step(self.model, call, written, output)
        return output

    def _end_turn(self) -> None:
        """Note the calls of a turn in the order in which the model made them; they ended in any."""
        for number in sorted(self._turn):
            call, step = self._turn[number]
            self.calls.append(call)
            self.bench.note(step)
        self._turn.clear()

    async def remembered(self, key: str, request: Request) -> Completion | None:
        """The answer given before, if everything that was looked at is as it was then."""
        text = self.bench.recall(key)
        if text is None:
            return None
        try:
            kept = _Kept.model_validate_json(text)
            parsed = request.answer.model_validate_json(kept.answer) if request.answer else None
        except ValidationError:
            return None
        steps = []
        for number, (name, written, digest) in enumerate(kept.calls):
            call = ToolCall(f"again-{number}", name, json.loads(written))
            output = await self.tools.run(call)
            if _digest(output) != digest:
                return None
            steps.append(_step(kept.ref, call, written, output))
        self.bench.note(*steps)
        ref = ModelRef.parse(kept.ref)
        self.bench.recalled(ref, role=self.role)
        return Completion(ref=ref, text=kept.answer, parsed=parsed, usage=Usage(), cached=True, cache_note=kept.note)

    def keep(self, key: str, completion: Completion, request: Request) -> None:
        """Keep it for the next who asks the same."""
        kept = _Kept(ref=str(completion.ref), answer=completion.text, calls=tuple(self.calls), note=request.cache_note)
        self.bench.keep(key, kept.model_dump_json())


def _step(model: str, call: ToolCall, written: str, output: ToolOutput) -> Step:
    return Step(
        model=model, tool=call.name, arguments=written[:KEPT_CHARS], said=output.text[:KEPT_CHARS], failed=output.failed
    )


def _said(call: ToolCall) -> str:
    """What a call looks at, in a few words."""
    values = [str(value) for value in call.arguments.values() if str(value).strip()]
    return " ".join(f"{call.name} {' '.join(values)}".split())[:100]


def _digest(output: ToolOutput) -> str:
    return sha256(f"{output.failed}\0{output.text}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _size(request: Request) -> int:
    """An upper estimate of a conversation's tokens."""
    sizes = [tokens(request.system)]
    for message in request.messages:
        sizes.append(tokens(message.text))
        sizes += [tokens(output.text) for output in message.tool_outputs]
        sizes += [tokens(json.dumps(dict(call.arguments))) for call in message.tool_calls]
        if message.native is not None:
            sizes.append(tokens(message.native.blob))
    return sum(sizes)


def _key(request: Request, tools: Tools, refs: Sequence[str]) -> str:
    """A name for the question: equal when everything is that the first turn is told."""
    shape = json.dumps(request.answer.model_json_schema(), sort_keys=True) if request.answer else ""
    parts = [
        __version__,
        request.system,
        str(request.max_tokens),
        shape,
        *(
            f"{spec.name} {spec.description} {json.dumps(dict(spec.parameters), sort_keys=True)}"
            for spec in tools.specs
        ),
        "by text" if request.cache_key is None else request.cache_key,
        *(message.text for message in request.messages if request.cache_key is None),
        *refs,
    ]
    digest = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return f"investigation {digest.hexdigest()}"
