"""How models are heard about the pieces of a material: asked, checked, asked again, and brought together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute, compute_on
from manyeyes.errors import NoAnswer
from manyeyes.types import Tier
from manyeyes_tools.claims import Heard, ReviewAnswer, Scope, by_path, ground_all
from manyeyes_tools.holding import flaw, next_tier
from manyeyes_tools.identity import identify
from manyeyes_tools.inquiry import shorten
from manyeyes_tools.interview import Interview
from manyeyes_tools.investigation import Library
from manyeyes_tools.merging import merge
from manyeyes_tools.outcomes import tell_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.inquiry import Judgement, Question
    from manyeyes_tools.material import Material, SourceFile

PARALLEL = 4
"""Pieces that are judged at the same time."""
GRACE_S = 40.0
"""Once half of a panel was heard, the others have this long, or as long again as those took if that is longer."""
LATEST = 0.7
"""The part of a tool call's time after which nobody is waited for: the exchange takes time too."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A piece, and what was said to it."""

    chunk: Chunk
    heard: Heard


@dataclass(slots=True)
class Court:
    """One judgement under way."""

    material: Material
    evidence: tuple[Finding, ...]
    question: Question
    bench: Bench
    judgement: Judgement
    total: int
    lean: bool = False
    files: dict[str, SourceFile] = field(init=False)
    library: Library = field(init=False)
    interview: Interview = field(init=False)
    answers: list[Answered] = field(default_factory=list)
    escalated: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.files = by_path(self.material.files)
        self.library = Library.of(self.material, self.bench)
        self.interview = Interview(
            material=self.material,
            evidence=self.evidence,
            question=self.question,
            bench=self.bench,
            judgement=self.judgement,
            library=self.library,
            files=self.files,
            lean=self.lean,
        )

    @property
    def scope(self) -> Scope:
        """What claims may be about by now."""
        return Scope(self.files, self.library.fetched)

    async def tell(self, message: str) -> None:
        """Say what is being done; nothing more is done by it."""
        await self.bench.progress(message, 1 + self.judgement.asked, self.total + 2)

    async def hear(self, chunks: Sequence[Chunk], task: Task, *, role: str = "") -> list[Answered]:
        """Ask one task's models about pieces, several at a time."""
        limiter = anyio.CapacityLimiter(PARALLEL)
        answered: dict[int, Answered] = {}

        async def one(number: int, chunk: Chunk) -> None:
            async with limiter:
                places = ", ".join(dict.fromkeys(path for path, _, _ in chunk.places))
                try:
                    completion = await self.interview.ask(chunk, task, role or self.question.role, self.tell)
                except NoAnswer as error:
                    whom = f" by {', '.join(sorted(task.providers))}" if task.providers else ""
                    self.judgement.problems.append(f"Not judged{whom}: {shorten(places)}. {error}")
                else:
                    # Matching quotes and parsing patched files would hold the event loop.
                    size = self.material.size + len(completion.text)
                    heard = await compute_on(size, ground_all, completion, self.scope)
                    tell_answer(self.bench, self.question.tool, heard, chunk, self.evidence)
                    answered[number] = Answered(chunk, heard)
                    self.judgement.heard += 1
                    self.answers.append(answered[number])
                self.judgement.asked += 1
                await self.tell(f"judged {shorten(places)}")

        async with anyio.create_task_group() as group:
            for number, chunk in enumerate(chunks):
                group.start_soon(one, number, chunk)
        return [answered[number] for number in sorted(answered)]

    async def hear_one(self, chunks: Sequence[Chunk], tasks: Sequence[Task]) -> None:
        """Ask whom the first task leads to, and nobody beside."""
        await self.hear(chunks, tasks[0])

    def start_anew(self, more: int, why: str) -> None:
        """Nobody was heard, and as many questions more are put in another way: that makes nothing partial yet."""
        said = "; ".join(dict.fromkeys(self.judgement.problems))
        self.judgement.problems.clear()
        self.judgement.notes.append(f"{why}: {shorten(said, 600)}")
        self.total += more

    async def hear_panel(self, chunks: Sequence[Chunk], tasks: Sequence[Task]) -> None:
        """Ask every seat at the same time; who is much slower than the others is left out, by name."""
        began = anyio.current_time()
        latest = LATEST * self.bench.settings.deadline_s
        scopes = [anyio.CancelScope() for _ in tasks]
        ended: dict[int, bool] = {}  # whether the seat was heard

        async def seat(number: int, task: Task) -> None:
            with scopes[number]:
                ended[number] = bool(await self.hear(chunks, task))
                heard, open_ = sum(ended.values()), len(tasks) - len(ended)
                if heard and heard >= open_:
                    took = anyio.current_time() - began
                    for other, scope in enumerate(scopes):
                        if other not in ended and scope.deadline == float("inf"):
                            scope.deadline = began + min(took + max(GRACE_S, took), latest)
            if number not in ended:
                who = ", ".join(sorted(task.providers or ()))
                after = anyio.current_time() - began
                self.judgement.problems.append(
                    f"{who} was left out of the panel: it was much slower than the others and had not answered after "
                    f"{after:.0f} s."
                )

        async with anyio.create_task_group() as group:
            for number, task in enumerate(tasks):
                group.start_soon(seat, number, task)

    def weak(self) -> list[Chunk]:
        """The pieces whose answer does not hold up; each with a note why."""
        weak: list[Chunk] = []
        for one in self.answers:
            why = flaw(one.heard, one.chunk, self.evidence)
            if why:
                weak.append(one.chunk)
                self.judgement.notes.append(f"The answer of {one.heard.ref} did not hold up: {why}.")
        return weak

    async def escalate(self, chunks: Sequence[Chunk], base: Task) -> None:
        """Ask a more capable model about pieces; where none can be asked the first answer stays."""
        if not chunks:
            return
        asked = {one.heard.ref for one in self.answers}
        ref = next_tier(self.bench.route(replace(base, tier=Tier.FLAGSHIP)), asked)
        if ref is None:
            self.judgement.notes.append("No more capable model, and none as capable of another vendor, could be asked.")
            return
        problems = len(self.judgement.problems)
        self.total += len(chunks)
        again = await self.hear(chunks, replace(base, model=str(ref)), role=f"second {self.question.role}")
        # Its failing leaves what was there before, so it is worth a note and makes nothing partial.
        failed = self.judgement.problems[problems:]
        del self.judgement.problems[problems:]
        self.judgement.notes += [f"It was not asked again: {line}" for line in failed]
        for one in again:
            self.escalated.add(one.chunk.text)

    async def gather_findings(self) -> None:
        """Bring together what was said.  Of a piece that was judged again the later words count, and all findings."""
        judgement = self.judgement
        # Who answered first is chance; of one piece's answers the order says which is the later.
        panel = self.question.depth == "panel"
        spoken: list[Heard] = []
        self.answers.sort(key=lambda one: (one.chunk.places, one.heard.ref if panel else ""))
        for one in self.answers:
            answer = one.heard.answer
            superseded = one.chunk.text in self.escalated and one is not self._last(one.chunk)
            if not superseded:
                spoken.append(one.heard)
                judgement.summaries.append(answer.summary.strip())
                if isinstance(answer, ReviewAnswer):
                    judgement.verdicts.append(answer.verdict)
            if self.question.casework is None:
                judgement.disputed += [(say.id, one.heard.ref, say.reason.strip()) for say in answer.disputed]
            for told in dict.fromkeys(answer.confirmed):
                judgement.confirmed.setdefault(told, []).append(one.heard.ref)
            judgement.ungrounded += one.heard.ungrounded
        found = [finding for one in self.answers for finding in one.heard.findings]
        casework = self.question.casework
        if casework is None or not self.answers:
            size = self.material.size if found else 0
            judgement.findings = await compute_on(size, _united, found, self.whole())
            return
        claims = await compute(identified, found, self.whole())
        weighed = await compute(casework.weigh, spoken, claims, self.seen(), self.question.depth)
        judgement.findings, judgement.dismissed = list(weighed.findings), list(weighed.dismissed)
        judgement.folded = True

    def seen(self) -> dict[str, SourceFile]:
        """The material's files, and those that were read beside it."""
        return {**self.library.fetched, **self.files}

    def whole(self) -> Material:
        """The material, with what was read beside it: findings may lie there too."""
        return replace(self.material, files=tuple(self.seen().values()))

    def _last(self, chunk: Chunk) -> Answered:
        return next(one for one in reversed(self.answers) if one.chunk is chunk)


def _united(findings: Sequence[Finding], material: Material) -> list[Finding]:
    """The findings with their ids, those of one fault as one."""
    return list(merge(identified(findings, material)))


def identified(findings: Sequence[Finding], material: Material) -> list[Finding]:
    """The findings with their ids, each model's by itself."""
    return [
        named
        for source in sorted({finding.sources[0] for finding in findings})
        for named in identify([one for one in findings if one.sources == [source]], material)
    ]
