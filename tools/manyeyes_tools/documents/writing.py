"""A model's part in documentation: prose for each symbol, asked for in batches and held against the source."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel

from manyeyes.errors import NoAnswer, NoModel
from manyeyes.types import Message, Request, Task, Tier
from manyeyes_tools.documents.facts import Facts
from manyeyes_tools.documents.prose import Drafts, Prose, ground, identifier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.tool import Bench
    from manyeyes_tools.documents.prose import Removed
    from manyeyes_tools.documents.symbols import Module, Symbol

Depth: TypeAlias = Literal["quick", "standard", "panel"]

BATCH_CHARACTERS = 24_000
"""Source in one request: about 8,000 tokens, so that any catalogued model has room for it."""
BATCH_SYMBOLS = 16
"""Symbols in one request: their prose stays well below the answer's length limit."""
_LISTED = 10
"""Files named as not written about; the others are counted."""
MAX_BATCHES = 60
"""Requests in one call of the tool; what lies beyond is named as not written about."""
BRIEF_LINES = 14
"""Lines shown of each symbol where the model is only told how it begins."""
AT_ONCE = 4
"""Requests under way at the same moment."""
ANSWER_TOKENS = 8192
CHARACTERS_PER_TOKEN = 3
"""A low estimate for code, so that token counts come out rather too high."""

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Dispute(BaseModel):
    """A statement that a second model found the source not to bear out."""

    symbol: str
    part: Literal["summary", "details", "parameter", "returns", "raises", "example"]
    name: str
    reason: str


class Disputes(BaseModel):
    """The second model's answer for one batch."""

    disputes: list[Dispute]


@dataclass(frozen=True, slots=True)
class Batch:
    """The symbols that one request is about; all of one file."""

    module: Module
    symbols: tuple[Symbol, ...]

    @property
    def label(self) -> str:
        """For people: the file and the first and last symbol."""
        first, last = self.symbols[0].name, self.symbols[-1].name
        return f"{self.module.path} ({first})" if first == last else f"{self.module.path} ({first} to {last})"


@dataclass(slots=True)
class Written:
    """What models said, as it comes in.

    Attributes:
        told: What is kept, by the symbol's identifier.
        problems: What could not be written, and why.
        removed: How many claims were removed or corrected, by what was done and why.
        heard: Whether any model answered.
    """

    told: dict[str, Prose] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    removed: Removed = field(default_factory=Counter)
    heard: bool = False

    @property
    def notes(self) -> list[str]:
        """The removed and corrected claims, counted for people."""
        return [
            f"{done} {count} x {reason}"
            for said, count in sorted(self.removed.items())
            for done, _, reason in [said.partition(": ")]
        ]


async def write(
    modules: Sequence[Module],
    wanted: Sequence[Symbol],
    bench: Bench,
    *,
    depth: Depth,
    model: str | None,
    brief: bool = False,
) -> Written:
    """Have a model write about the wanted symbols; failures are told in the result's problems, not raised.

    With `brief` it is shown how each begins and not the rest of the file.
    """
    written = Written()
    facts = Facts(modules)
    batches = _batches(modules, wanted)
    batches, left = batches[:MAX_BATCHES], batches[MAX_BATCHES:]
    limiter = anyio.CapacityLimiter(AT_ONCE)
    done = 0
    refused: list[str] = []
    failed: dict[str, str] = {}

    async def one(batch: Batch) -> None:
        nonlocal done
        async with limiter:
            if refused:
                return  # no model can be asked, and the next batch would hear the same
            try:
                await _write_batch(batch, _source(batch, brief=brief), facts, written, bench, depth=depth, model=model)
            except NoModel as error:
                refused.append(str(error))
            except NoAnswer as error:
                failed[batch.label] = str(error)
            done += 1
            await bench.progress(f"documenting {batch.module.path}", done, len(batches))

    async with anyio.create_task_group() as group:
        for batch in batches:
            group.start_soon(one, batch)
    if refused:
        written.problems.append(f"no model wrote descriptions: {refused[0]}")
    elif left:
        files = list(dict.fromkeys(batch.module.path for batch in left))
        more = f" and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
        written.problems.append(
            f"one call writes at most {MAX_BATCHES} batches, so nothing was written about parts of "
            f"{', '.join(files[:_LISTED])}{more}; document fewer files at once"
        )
    written.problems += [
        f"{batch.label}: no description, {failed[batch.label]}" for batch in batches if batch.label in failed
    ]
    return written


async def _write_batch(
    batch: Batch, source: str, facts: Facts, written: Written, bench: Bench, *, depth: Depth, model: str | None
) -> None:
    tier = {"quick": Tier.FAST, "standard": None, "panel": Tier.FLAGSHIP}[depth]
    listed = "\n".join(f"- {identifier(s)} ({s.kind}): {' '.join(s.signature.split())}" for s in batch.symbols)
    drafts, provider = await _ask(
        bench,
        Drafts,
        "doc_writer",
        f"Symbols to document:\n{listed}\n\n{source}",
        tier=tier,
        model=model,
        role="writer",
    )
    written.heard = True
    kept, removed = await anyio.to_thread.run_sync(ground, drafts.symbols, batch.symbols, facts)
    if depth == "panel":
        kept = await _second_look(batch, kept, source, written, bench, writer=provider)
    written.told.update(kept)
    written.removed.update(removed)
    silent = [symbol.name for symbol in batch.symbols if identifier(symbol) not in kept]
    if silent:
        shown = ", ".join(silent[:5]) + (f" and {len(silent) - 5} more" if len(silent) > 5 else "")  # noqa: PLR2004 -- as many as are read
        written.problems.append(f"{batch.module.path}: the model left out {shown}")


async def _second_look(
    batch: Batch, kept: dict[str, Prose], source: str, written: Written, bench: Bench, *, writer: str
) -> dict[str, Prose]:
    """Have a model of another vendor dispute what was written, and take out what it disputes."""
    route = bench.route(Task(kind="doc_generator", structured=True, input_tokens=len(source) // CHARACTERS_PER_TOKEN))
    others = frozenset(ref.provider for ref in route.taken) - {writer}
    if not others:
        problem = f"panel: no model of a second vendor could check what {writer} wrote"
        if problem not in written.problems:
            written.problems.append(problem)
        return kept
    said = json.dumps({name: _as_json(prose) for name, prose in kept.items()}, indent=1, ensure_ascii=False)
    try:
        answer, _ = await _ask(
            bench,
            Disputes,
            "doc_checker",
            f"Drafts:\n{said}\n\n{source}",
            tier=Tier.FLAGSHIP,
            role="checker",
            only=others,
        )
    except NoAnswer as error:
        written.problems.append(f"{batch.label}: not checked by a second vendor, {error}")
        return kept
    result = dict(kept)
    for dispute in answer.disputes:
        if dispute.symbol in result:
            result[dispute.symbol] = _without(result[dispute.symbol], dispute)
            written.removed[f"removed: statement that the checking model disputed ({dispute.part})"] += 1
    return result


async def _ask(
    bench: Bench,
    answer: type[AnswerT],
    prompt: str,
    text: str,
    *,
    tier: Tier | None,
    role: str,
    model: str | None = None,
    only: frozenset[str] | None = None,
) -> tuple[AnswerT, str]:
    """The answer and the provider that gave it."""
    system = _prompt(prompt)
    task = Task(
        kind="doc_generator",
        tier=tier,
        input_tokens=(len(system) + len(text)) // CHARACTERS_PER_TOKEN,
        output_tokens=ANSWER_TOKENS,
        structured=True,
        model=model,
        providers=only,
    )
    request = Request(
        system=system, messages=(Message(role="user", text=text),), max_tokens=ANSWER_TOKENS, answer=answer
    )
    completion = await bench.complete(task, request, role=role)
    return answer.model_validate(completion.parsed, from_attributes=True), completion.ref.provider


def _batches(modules: Sequence[Module], wanted: Sequence[Symbol]) -> list[Batch]:
    batches: list[Batch] = []
    for module in modules:
        own = [symbol for symbol in wanted if symbol.path == module.path]
        group: list[Symbol] = []
        size = 0
        for symbol in own:
            length = sum(len(line) + 1 for line in _slice(module, symbol))
            if group and (len(group) >= BATCH_SYMBOLS or size + length > BATCH_CHARACTERS):
                batches.append(Batch(module, tuple(group)))
                group, size = [], 0
            group.append(symbol)
            size += length
        if group:
            batches.append(Batch(module, tuple(group)))
    return batches


def _slice(module: Module, symbol: Symbol) -> tuple[str, ...]:
    """A symbol's lines; of a module those before its first definition, of a class those before its first method."""
    last = symbol.end_line
    if symbol.kind in {"module", "class", "interface", "namespace"}:
        inner = [s.line for s in module.symbols if s.kind not in {"attribute", "constant"}]
        last = min((line - 1 for line in inner if line > symbol.line), default=last)
    return module.lines[symbol.line - 1 : min(last, symbol.end_line)]


def _source(batch: Batch, *, brief: bool) -> str:
    """The file when it fits, else an outline and the symbols' own lines; between two lines of the same mark."""
    whole = "\n".join(batch.module.lines)
    if brief:
        whole = "\n\n".join("\n".join(_slice(batch.module, symbol)[:BRIEF_LINES]) for symbol in batch.symbols)
    elif len(whole) > BATCH_CHARACTERS:
        outline = "\n".join(s.signature for s in batch.module.symbols if s.signature)[: BATCH_CHARACTERS // 4]
        pieces = ["\n".join(_slice(batch.module, symbol))[:BATCH_CHARACTERS] for symbol in batch.symbols]
        whole = "\n\n".join(("# outline of the file", outline, "# parts of the file", *pieces))
    mark = hashlib.sha256(whole.encode()).hexdigest()[:24]  # code cannot hold the hash of itself, so cannot end early
    return f"Source of {batch.module.path}:\n<<<{mark}\n{whole}\n{mark}>>>"


def _as_json(prose: Prose) -> dict[str, object]:
    return {
        "summary": prose.summary,
        "details": prose.details,
        "parameters": dict(prose.parameters),
        "returns": prose.returns,
        "raises": dict(prose.raises),
        "example": prose.example,
    }


def _without(prose: Prose, dispute: Dispute) -> Prose:
    def but(said: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name, text in said.items() if name != dispute.name}

    return Prose(
        summary="" if dispute.part == "summary" else prose.summary,
        details="" if dispute.part == "details" else prose.details,
        parameters=but(prose.parameters) if dispute.part == "parameter" else prose.parameters,
        returns="" if dispute.part == "returns" else prose.returns,
        raises=but(prose.raises) if dispute.part == "raises" else prose.raises,
        example="" if dispute.part == "example" else prose.example,
    )


@cache
def _prompt(name: str) -> str:
    return files("manyeyes_tools").joinpath("prompts", f"{name}.txt").read_text("utf-8")
