"""How models are heard about the pieces of a material: asked, checked, asked again, and put before each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute, compute_on
from manyeyes.errors import NoAnswer
from manyeyes.learning.situation import OTHER
from manyeyes.types import Message, Request, Task, Tier
from manyeyes_tools.borrowing import Together, borrowed
from manyeyes_tools.briefing import Briefing
from manyeyes_tools.casework import Dismissed
from manyeyes_tools.chunks import tokens
from manyeyes_tools.claims import CaseAnswer, Heard, ReviewAnswer, Scope, by_path, ground_all
from manyeyes_tools.findings import Severity
from manyeyes_tools.holding import flaw, next_tier
from manyeyes_tools.identity import identify
from manyeyes_tools.investigation import Library, Looks, Purse, investigate
from manyeyes_tools.likeness import Likeness
from manyeyes_tools.merging import is_engine, merge
from manyeyes_tools.outcomes import tell_answer, tell_panel, tell_scrutiny
from manyeyes_tools.prompts import load_prompt
from manyeyes_tools.scrutiny import REFUTED, scrutinise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Completion, ModelRef
    from manyeyes_tools.briefing import Brief
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.investigation import Tools
    from manyeyes_tools.judgement import Judgement, Question
    from manyeyes_tools.material import Material, SourceFile
    from manyeyes_tools.scrutiny import Scrutiny

CHUNK_TOKENS = (60_000, 24_000, 8_000, 3_000)
"""Sizes of a piece, the largest first: the first that some model of the route can take is used."""
ANSWER_TOKENS = 16_000
"""Upper bound of an answer, reasoning included."""
PARALLEL = 4
"""Pieces that are judged at the same time."""
GRACE_S = 40.0
"""Once half of a panel was heard, the others have this long, or as long again as those took if that is longer."""
LATEST = 0.7
"""The part of a tool call's time after which nobody is waited for: the exchange takes time too."""
ROUNDS = 2
"""Rounds of a panel's exchange."""
DOUBTED = 0.5
"""When more than this share of what is high or critical is disputed, a more capable model is asked."""
_PARSING = 4
"""How many times as long as going through a text it takes to parse it and give it a normal form."""
_DOUBTERS = 2
"""So many vendors are tried for the skeptical reading."""
_WITHOUT_TOOLS = frozenset({"request_rejected", "invalid_answer", "context_too_long", "over_budget", "truncated"})
"""Errors after which the plain question may still be answered."""


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
    tools: Tools | None = field(init=False)
    answers: list[Answered] = field(default_factory=list)
    escalated: set[str] = field(default_factory=set)
    purse: Purse = field(default_factory=Purse)
    _lock: anyio.Lock = field(default_factory=anyio.Lock)
    _known: Briefing | None = None

    def __post_init__(self) -> None:
        self.files = by_path(self.material.files)
        self.library = Library.of(self.material, self.bench)
        # Code that came as text has no place in a project, and `quick` is one call.
        around = self.question.depth != "quick" and self.material.origin != "code" and bool(self.bench.roots)
        usual = Looks(self.library, self.evidence) if around else None
        # What tools give, and the tools themselves, take room that a small window does not have.
        self.tools = (self.question.tools or usual) if self.question.depth != "quick" and not self.lean else None

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
                    completion = await self._ask(chunk, task, role or self.question.role)
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
            judgement.findings = await compute_on(size, _united, found, self._whole())
            return
        claims = await compute(_identified, found, self._whole())
        weighed = await compute(casework.weigh, spoken, claims, self._seen(), self.question.depth)
        judgement.findings, judgement.dismissed = list(weighed.findings), list(weighed.dismissed)
        judgement.folded = True

    async def doubt(self, base: Task) -> None:
        """Have what is high or critical read by a model of another vendor, in one call."""
        grave = [one for one in self.judgement.findings if one.severity.at_least(Severity.HIGH)]
        grave += [one.finding for one in self.judgement.dismissed if one.finding.severity.at_least(Severity.HIGH)]
        if not grave:
            return
        authors = {source.partition(":")[0] for one in grave for source in one.sources}
        if self.judgement.folded:  # who was asked about the evidence has spoken to it
            authors |= {one.heard.ref.partition(":")[0] for one in self.answers}
        route = self.bench.route(task_for(self.question, CHUNK_TOKENS[-1]))
        others: dict[str, ModelRef] = {}
        for ref in route.taken:
            if ref.provider not in authors:
                others.setdefault(ref.provider, ref)
        absent = "; ".join(await self._read_by(grave, tuple(others.values()), base))
        if absent:
            self.judgement.notes.append(f"Nobody of another vendor checked what is high or critical: {absent}.")

    async def _read_by(self, grave: Sequence[Finding], others: Sequence[ModelRef], base: Task) -> list[str]:
        """Put findings before the first of these that answers; why none did."""
        await self.tell("having what is grave read by another vendor's model")
        why: list[str] = []
        for ref in others[:_DOUBTERS]:
            readers = {str(ref): replace(base, model=None, providers=frozenset({ref.provider}))}
            looked = await scrutinise(
                grave, readers, self._seen(), self.bench, role="skeptic", rounds=1, tell=self.tell
            )
            self.judgement.notes += [looked.cost] if looked.cost else []
            tell_scrutiny(self.bench, self.question.tool, grave, looked)
            if not looked.heard:
                why += [f"{name}: {reason}" for name, reason in looked.absent.items()]
                continue
            ids = {one.id for one in grave}
            light = [one for one in self.judgement.findings if one.id not in ids]
            self.judgement.findings = [*light, *self._reinstated(looked.findings, str(ref))]
            self.judgement.ungrounded += looked.hidden
            self._dismiss(grave, looked)
            self._tell_unread(looked.unread)
            if len(grave) > 1 and looked.contested > DOUBTED * len(grave):
                await self._again(grave, base, str(ref))
            return []
        return why or ["none can be asked"]

    async def _again(self, grave: Sequence[Finding], base: Task, skeptic: str) -> None:
        """Most of what was grave is in doubt: a more capable model looks at those pieces, once."""
        if self.escalated:
            return
        paths = {one.path for one in grave}
        chunks = [one.chunk for one in self.answers if any(path in paths for path, _, _ in one.chunk.places)]
        self.judgement.notes.append(f"{skeptic} disputes most of what was held to be high or critical.")
        before = len(self.answers)
        await self.escalate(chunks, base)
        late = [finding for one in self.answers[before:] for finding in one.heard.findings]
        for one in self.answers[before:]:
            self.judgement.ungrounded += one.heard.ungrounded
            self.judgement.summaries.append(one.heard.answer.summary.strip())
        whole = [*self.judgement.findings, *await compute(_identified, late, self._whole())]
        self.judgement.findings = list(await compute(merge, whole))

    async def exchange(self, tasks: Sequence[Task]) -> None:
        """Let the members of the panel judge what the others found."""
        speakers: dict[str, Task] = {}
        for task in tasks:
            refs = [one.heard.ref for one in self.answers if one.heard.ref.partition(":")[0] in (task.providers or ())]
            if refs:
                ref, _ = Counter(refs).most_common(1)[0]
                speakers[ref] = replace(task, model=ref, providers=None)
        if len(speakers) < 2:  # noqa: PLR2004  # nobody to speak to
            if speakers:
                self.judgement.notes.append("The panel was one model, so nobody checked what it found.")
            return
        await self.tell("having the panel's members judge each other's findings")
        before = self.judgement.findings
        looked = await scrutinise(
            before, speakers, self._seen(), self.bench, role="panel", rounds=ROUNDS, tell=self.tell
        )
        self.judgement.notes += [looked.cost] if looked.cost else []
        tell_scrutiny(self.bench, self.question.tool, before, looked)
        tell_panel(self.bench, self.question.tool, tuple(speakers), before, looked)
        casework = self.question.casework
        self.judgement.findings = casework.exchanged(before, looked.findings) if casework else looked.findings
        self.judgement.ungrounded += looked.hidden
        self._dismiss(before, looked)
        self._tell_unread(looked.unread)
        self.judgement.problems += [f"{name} left the exchange: {why}" for name, why in sorted(looked.absent.items())]

    def _reinstated(self, read: Sequence[Finding], reader: str) -> list[Finding]:
        """What stands after a second reading: of what was dismissed only that which the reader holds to be real."""
        dismissed = {one.finding.id: one for one in self.judgement.dismissed}
        standing: list[Finding] = []
        for one in read:
            was = dismissed.get(one.id)
            if was is None:
                standing.append(one)
            elif reader in one.sources:
                said = " | ".join(f"{name}: {reason}" for name, reason in was.said)
                standing.append(one.model_copy(update={"dissent": said or None}))
                self.judgement.dismissed.remove(was)
        return standing

    def _dismiss(self, before: Sequence[Finding], looked: Scrutiny) -> None:
        """What engines reported and models refuted together is dismissed, not merely out of sight."""
        if not self.judgement.folded:
            return
        known = {one.finding.id for one in self.judgement.dismissed}
        for one in before:
            if one.id in looked.refuted and one.id not in known and any(map(is_engine, one.sources)):
                self.judgement.dismissed.append(Dismissed(one, looked.refuted[one.id]))
            if one.id in looked.refuted and any(map(is_engine, one.sources)):
                self.judgement.ungrounded[REFUTED] -= 1
        self.judgement.ungrounded += Counter()  # takes out what is none

    def _tell_unread(self, unread: int) -> None:
        if unread:
            self.judgement.notes.append(f"{unread} findings were not put before other models, since others weigh more.")

    def _seen(self) -> dict[str, SourceFile]:
        return {**self.library.fetched, **self.files}

    def _whole(self) -> Material:
        """The material, with what was read beside it: findings may lie there too."""
        return replace(self.material, files=tuple(self._seen().values()))

    def _last(self, chunk: Chunk) -> Answered:
        return next(one for one in reversed(self.answers) if one.chunk is chunk)

    async def _ask(self, chunk: Chunk, base: Task, role: str) -> Completion:
        request, task, like = await self._request(chunk, base)
        look = self.tools is not None and self._can_look(task)
        completion = await self._answer(request, task, like, role, look=look)
        if like is None or completion.cache_note in {"", like.note}:  # said to this very text
            return completion
        answer = completion.parsed
        assert isinstance(answer, ReviewAnswer | CaseAnswer)  # noqa: S101  # the gateway validated it
        carried = await compute(like.carried, answer, completion.cache_note)
        if carried is not None:
            return replace(completion, parsed=carried)
        # Said to another layout, and not all of it can be told of this one: now the text itself is the key.
        return await self._answer(replace(request, cache_key=None, cache_note=""), task, None, role, look=look)

    async def _answer(
        self, request: Request, task: Task, like: Likeness | None, role: str, *, look: bool
    ) -> Completion:
        if like is not None:
            request = replace(request, cache_key=like.key, cache_note=like.note)
        if not look or self.tools is None:
            return await self.bench.complete(task, request, role=role)
        tools, lent = await self._with_lent(self.tools)
        looking = replace(request, system=f"{request.system}\n\n{load_prompt('investigate')}")
        try:
            return await investigate(
                task,
                looking,
                tools,
                self.bench,
                role=role,
                purse=self.purse,
                bounds=self.question.bounds,
                tell=self.tell,
                remember=not lent,  # what other servers say may change, and a call may change things
            )
        except NoAnswer as error:
            if not any(attempt.error in _WITHOUT_TOOLS for attempt in error.attempts):
                raise
            # Some servers say they take tools and do not, and a conversation may outgrow a window or a budget.
            return await self.bench.complete(task, request, role=role)

    async def _with_lent(self, tools: Tools) -> tuple[Tools, bool]:
        """The tools, beside them those of other MCP servers that the operator lends, and whether there are any."""
        lent = await borrowed(self.bench)
        if lent is None:
            return tools, False
        self.judgement.problems += [line for line in lent.problems if line not in self.judgement.problems]
        return (Together(tools, lent), True) if lent.specs else (tools, False)

    def _language(self, chunk: Chunk) -> str:
        """The language of a piece, for what is learned of models; `other` where it has none, or several."""
        named = {self.files[path].language for path, _, _ in chunk.places if path in self.files}
        return named.pop() if len(named) == 1 else OTHER

    def _can_look(self, task: Task) -> bool:
        """Whether the model that would be asked first can ask for tools."""
        plain = self.bench.route(task).taken
        able = self.bench.route(replace(task, tools=True)).taken
        return bool(plain and able) and plain[0] == able[0]

    async def _request(self, chunk: Chunk, base: Task) -> tuple[Request, Task, Likeness | None]:
        system = load_prompt(self.question.prompt)
        if not self.question.frugal:
            system += f"\n\n{load_prompt('material')}"
            if self.question.casework is None:
                system += f"\n\n{load_prompt('reported')}"
        briefing = await self._briefing()
        brief, like = await compute_on(_PARSING * len(chunk.text), self._brief, briefing, chunk)
        request = Request(
            system=system,
            messages=(Message(role="user", text=brief.text),),
            max_tokens=base.output_tokens or ANSWER_TOKENS,
            answer=self.question.answer,
        )
        task = replace(base, input_tokens=tokens(system) + tokens(brief.text), language=self._language(chunk))
        return request, task, like

    def _brief(self, briefing: Briefing, chunk: Chunk) -> tuple[Brief, Likeness | None]:
        """What is said about a piece, and what other questions are like it.  Blocking: for a worker thread."""
        brief = briefing.brief(chunk)
        return brief, Likeness.of(chunk, self.files, brief.told, brief.beside)

    async def _briefing(self) -> Briefing:
        """Made when the first piece is asked about; all pieces and members of a panel share it."""
        async with self._lock:
            if self._known is None:
                if self.material.origin != "code":
                    await self.tell("mapping the project")
                self._known = await Briefing.of(
                    self.material,
                    self.evidence,
                    self.library,
                    focus=self.question.focus,
                    wish=self.question.wish,
                    guided=self.question.guided,
                    casework=self.question.casework,
                    alone=self.lean,
                )
            return self._known


def _united(findings: Sequence[Finding], material: Material) -> list[Finding]:
    """The findings with their ids, those of one fault as one."""
    return list(merge(_identified(findings, material)))


def _identified(findings: Sequence[Finding], material: Material) -> list[Finding]:
    """The findings with their ids, each model's by itself."""
    return [
        named
        for source in sorted({finding.sources[0] for finding in findings})
        for named in identify([one for one in findings if one.sources == [source]], material)
    ]


def task_for(question: Question, size: int, providers: frozenset[str] | None = None) -> Task:
    """The question as the router sees it: `size` tokens of prompt, and only these providers where they are named."""
    return Task(
        kind=question.tool,
        tier=Tier.FAST if question.depth == "quick" else None,
        input_tokens=size,
        output_tokens=ANSWER_TOKENS,
        structured=True,
        model=question.model,
        providers=providers,
    )


def shorten(text: str, limit: int = 120) -> str:
    """The text, cut to so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
