"""What models say about code, held against the code: the part that code_review and security_scan share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

import anyio
from pydantic import BaseModel, ConfigDict, Field

from manyeyes.cores import compute
from manyeyes.errors import NoAnswer
from manyeyes.types import Message, Request, Task, Tier
from manyeyes_tools.anchors import anchor
from manyeyes_tools.chunks import delimited, make_chunks, tokens
from manyeyes_tools.findings import Finding, Severity, Suggestion
from manyeyes_tools.identity import identify
from manyeyes_tools.likeness import Likeness
from manyeyes_tools.patches import make_patch
from manyeyes_tools.prompts import load_prompt
from manyeyes_tools.weaknesses import canonical_cwe, owasp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Completion
    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.material import Material, SourceFile

CHUNK_TOKENS = (60_000, 24_000, 8_000, 3_000)
"""Sizes of a piece, the largest first: the first that some model of the route can take is used."""
ANSWER_TOKENS = 16_000
"""Upper bound of an answer, reasoning included."""
PARALLEL = 4
"""Pieces that are judged at the same time."""
VENDORS = ("anthropic", "openai", "google")

Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=4_000)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Claim(_Answer):
    """A finding as a model states it, before anything of it was checked."""

    path: Annotated[str, Field(max_length=1_000)]
    quote: Long
    line: int
    title: Short
    severity: Literal["critical", "high", "medium", "low", "info"]
    category: Annotated[str, Field(max_length=60)]
    cwe: Annotated[str | None, Field(max_length=12)] = None
    explanation: Long
    remedy: Annotated[str, Field(max_length=2_000)] = ""
    search: Long = ""
    replace: Long = ""
    confidence: Annotated[float, Field(ge=0, le=1)]


class Dispute(_Answer):
    """A finding of the evidence that the model holds to be wrong."""

    id: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=600)]


class ReviewAnswer(_Answer):
    """What a reviewer is asked for."""

    summary: Annotated[str, Field(max_length=1_200)]
    verdict: Literal["approve", "comment", "request_changes"]
    findings: Annotated[list[Claim], Field(max_length=40)]
    disputed: Annotated[list[Dispute], Field(max_length=40)] = Field(default_factory=list)


class SecurityAnswer(_Answer):
    """What a security engineer is asked for."""

    summary: Annotated[str, Field(max_length=1_200)]
    findings: Annotated[list[Claim], Field(max_length=40)]
    disputed: Annotated[list[Dispute], Field(max_length=40)] = Field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the models are asked about the material.

    `prompt` names the instructions, `answer` the shape wanted.  `focus` is what the caller wants looked at most,
    `wish` what the repository under review asks for: it is shown to the models as data, like the code.
    """

    tool: str
    role: str
    prompt: str
    answer: type[ReviewAnswer | SecurityAnswer]
    depth: Depth
    model: str | None
    focus: str = ""
    wish: str = ""


@dataclass(slots=True)
class Judgement:
    """What was heard, grounded in the source.

    Attributes:
        findings: Claims whose quote was found.
        summaries: The models' own words, one for each piece and model.
        verdicts: Their verdicts, where they were asked for one.
        disputed: Evidence that models hold to be wrong: id, who says so and why.
        ungrounded: Claims thrown away, by reason.
        problems: What could not be done, and why.
        heard: How many answers came.
        asked: How many were asked for.
        keyless: True when nobody could be asked at all.
    """

    findings: list[Finding] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    disputed: list[tuple[str, str, str]] = field(default_factory=list)
    ungrounded: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    heard: int = 0
    asked: int = 0
    keyless: bool = False

    @property
    def summary(self) -> str:
        """The models' words, bounded; empty when none was heard."""
        return _shorten(" ".join(dict.fromkeys(self.summaries)), 2_000)


async def judge(material: Material, evidence: Sequence[Finding], question: Question, bench: Bench) -> Judgement:
    """Ask the models that the router chooses about all of the material.

    Models that fail are named in `problems`; nothing raises but cancellation and a bad `model` argument.

    Raises:
        BadCall: `question.model` is not known.
    """
    judgement = Judgement()
    tasks = _panel(question, bench) if question.depth == "panel" else [_task(question, CHUNK_TOKENS[-1])]
    chunk_tokens = next((size for size in CHUNK_TOKENS if _fits(tasks, size, bench)), 0)
    if not chunk_tokens:
        judgement.problems.append(f"No model was asked: {bench.route(tasks[0]).obstacles}.")
        judgement.keyless = True
        return judgement
    chunks = make_chunks(material.files, chunk_tokens)
    total = len(chunks) * len(tasks)
    limiter = anyio.CapacityLimiter(PARALLEL * len(tasks))
    files = {file.path: file for file in material.files}

    async def one(chunk: Chunk, base: Task) -> None:
        async with limiter:
            places = ", ".join(dict.fromkeys(path for path, _, _ in chunk.places))
            try:
                completion = await _ask(chunk, base, evidence, question, bench, files=files)
            except NoAnswer as error:
                whom = f" by {', '.join(sorted(base.providers))}" if base.providers else ""
                judgement.problems.append(f"Not judged{whom}: {_shorten(places)}. {error}")
            else:
                judgement.heard += 1
                # In a thread: matching quotes and parsing patched files would hold the event loop.
                heard = await compute(_ground_all, completion, files)
                heard.into(judgement)
            judgement.asked += 1
            await bench.progress(f"judged {_shorten(places)}", 1 + judgement.asked, total + 2)

    async with anyio.create_task_group() as group:
        for chunk in chunks:
            for base in tasks:
                group.start_soon(one, chunk, base)
    judgement.findings = await compute(_identified, judgement.findings, material)
    return judgement


def _identified(findings: Sequence[Finding], material: Material) -> list[Finding]:
    """The findings with their ids, each model's by itself."""
    return [
        named
        for source in sorted({finding.sources[0] for finding in findings})
        for named in identify([one for one in findings if one.sources == [source]], material)
    ]


def _task(question: Question, size: int, providers: frozenset[str] | None = None) -> Task:
    return Task(
        kind=question.tool,
        tier=Tier.FAST if question.depth == "quick" else None,
        input_tokens=size,
        output_tokens=ANSWER_TOKENS,
        structured=True,
        model=question.model,
        providers=providers,
    )


def _panel(question: Question, bench: Bench) -> list[Task]:
    """One task for each vendor that can be asked; the endpoints count as one more."""
    everybody = {ref.provider for ref in bench.route(_task(question, CHUNK_TOKENS[-1])).taken}
    seats = [frozenset({vendor}) for vendor in VENDORS if vendor in everybody]
    if rest := everybody - set(VENDORS):
        seats.append(frozenset(rest))
    return [_task(question, CHUNK_TOKENS[-1], seat) for seat in seats] or [_task(question, CHUNK_TOKENS[-1])]


def _fits(tasks: Sequence[Task], size: int, bench: Bench) -> bool:
    return all(bench.route(replace(task, input_tokens=size + 6_000)).taken for task in tasks)


async def _ask(
    chunk: Chunk,
    base: Task,
    evidence: Sequence[Finding],
    question: Question,
    bench: Bench,
    *,
    files: dict[str, SourceFile],
) -> Completion:
    system = f"{load_prompt(question.prompt)}\n\n{load_prompt('material')}"
    shown = {path for path, _, _ in chunk.places}
    told = [finding for finding in evidence if finding.path in shown][:100]
    listed = [
        f"- {finding.id} {_one_line(finding.path)}:{finding.start_line} {finding.severity} {_one_line(finding.title)} "
        f"({', '.join(finding.sources)})"
        for finding in told
    ]
    # Names of files, titles and wishes come from the repository too, so they stand inside the marks.
    inside = [chunk.text, "Reported by deterministic tools:\n" + ("\n".join(listed) or "- nothing")]
    if question.wish:
        inside.append(f"What this repository's manyeyes.toml asks reviewers to look at: {_one_line(question.wish)}")
    text = delimited("\n\n".join(inside))
    if question.focus:
        text += f"\n\nLook most of all at: {_one_line(question.focus)}"
    request = Request(
        system=system, messages=(Message(role="user", text=text),), max_tokens=ANSWER_TOKENS, answer=question.answer
    )
    task = replace(base, input_tokens=tokens(system) + tokens(text))
    rest = f"{question.focus}\0{question.wish}"
    # In a thread: parsing would hold the event loop.
    like = await compute(Likeness.of, chunk, files, told, rest)
    if like is None:
        return await bench.complete(task, request, role=question.role)
    alike = replace(request, cache_key=like.key, cache_note=like.note)
    completion = await bench.complete(task, alike, role=question.role)
    if completion.cache_note in {"", like.note}:  # said to this very text
        return completion
    answer = completion.parsed
    assert isinstance(answer, ReviewAnswer | SecurityAnswer)  # noqa: S101  # the gateway validated it
    carried = await compute(like.carried, answer, completion.cache_note)
    if carried is not None:
        return replace(completion, parsed=carried)
    # Said to another layout, and not all of it can be told of this one: now the text itself is the key.
    return await bench.complete(task, request, role=question.role)


@dataclass(frozen=True, slots=True)
class _Heard:
    """One answer, grounded."""

    ref: str
    answer: ReviewAnswer | SecurityAnswer
    findings: tuple[Finding, ...]
    ungrounded: Counter[str]

    def into(self, judgement: Judgement) -> None:
        """Add it to what was heard before."""
        judgement.summaries.append(self.answer.summary.strip())
        if isinstance(self.answer, ReviewAnswer):
            judgement.verdicts.append(self.answer.verdict)
        judgement.disputed += [(one.id, self.ref, one.reason.strip()) for one in self.answer.disputed]
        judgement.findings += self.findings
        judgement.ungrounded += self.ungrounded


def _ground_all(completion: Completion, files: dict[str, SourceFile]) -> _Heard:
    answer = completion.parsed
    assert isinstance(answer, ReviewAnswer | SecurityAnswer)  # noqa: S101  # the gateway validated it
    ref, ungrounded = str(completion.ref), Counter[str]()
    grounded = (_ground(claim, ref, files, ungrounded) for claim in answer.findings)
    return _Heard(ref, answer, tuple(finding for finding in grounded if finding), ungrounded)


def _ground(claim: Claim, ref: str, files: dict[str, SourceFile], ungrounded: Counter[str]) -> Finding | None:
    """A claim as a finding, with the lines where its quote stands; None, and counted, when it stands nowhere."""
    file = files.get(claim.path) or _same_file(claim.path, files)
    if file is None:
        ungrounded["it names a file that was not shown"] += 1
        return None
    place = anchor(file, claim.quote, claim.line or None)
    if place is None:
        ungrounded["its quote is not in the code"] += 1
        return None
    cwe = canonical_cwe(claim.cwe)
    suggestion: Suggestion | None = None
    if claim.search.strip() and claim.search != claim.replace:
        suggestion = make_patch(file, claim.search, claim.replace, place, explanation=claim.remedy.strip())
    elif claim.remedy.strip():
        suggestion = Suggestion(explanation=claim.remedy.strip())
    return Finding(
        id="",
        title=claim.title.strip(),
        severity=Severity(claim.severity),
        category=claim.category.strip() or "bug",
        path=file.path,
        start_line=place.start_line,
        end_line=place.end_line,
        quote=place.quote,
        explanation=claim.explanation.strip(),
        cwe=cwe,
        owasp=owasp_of(cwe),
        confidence=round(min(claim.confidence, 0.95) * place.exactness, 3),
        sources=[ref],
        suggestion=suggestion,
    )


def _same_file(path: str, files: dict[str, SourceFile]) -> SourceFile | None:
    """The file a model most likely means: the only one whose path ends as it says."""
    tail = path.removeprefix("./").removeprefix("a/").removeprefix("b/")
    matching = [file for name, file in files.items() if name == tail or name.endswith(f"/{tail}")]
    if not matching and len(files) == 1 and "/" not in tail:
        return next(iter(files.values()))
    return matching[0] if len(matching) == 1 else None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _shorten(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
