"""How a piece of a material is put to models: what they are shown beside it, what they may look up, what is kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.cores import compute, compute_on
from manyeyes.errors import NoAnswer
from manyeyes.learning.situation import OTHER
from manyeyes.types import Message, Request, Task, Tier
from manyeyes_tools.borrowing import Together, borrowed
from manyeyes_tools.briefing import Briefing
from manyeyes_tools.chunks import tokens
from manyeyes_tools.claims import CaseAnswer, ReviewAnswer
from manyeyes_tools.investigation import Looks, Purse, investigate
from manyeyes_tools.likeness import Likeness
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from manyeyes.tool import Bench
    from manyeyes.types import Completion
    from manyeyes_tools.briefing import Brief
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.inquiry import Judgement, Question
    from manyeyes_tools.investigation import Library, Tools
    from manyeyes_tools.material import Material, SourceFile

    Tell = Callable[[str], Awaitable[None]]

CHUNK_TOKENS = (60_000, 24_000, 8_000, 3_000)
"""Sizes of a piece, the largest first: the first that some model of the route can take is used."""
ANSWER_TOKENS = 16_000
"""Upper bound of an answer, reasoning included."""
_TOLD = 120
_PARSING = 4
"""How many times as long as going through a text it takes to parse it and give it a normal form."""
_WITHOUT_TOOLS = frozenset({"request_rejected", "invalid_answer", "context_too_long", "over_budget", "truncated"})
"""Errors after which the plain question may still be answered."""


@dataclass(slots=True, kw_only=True)
class Interview:
    """One question, ready to be asked about any piece.

    Attributes:
        material: What is asked about.
        evidence: What is known of it without a model.
        question: What is asked.
        bench: Reaches the models.
        judgement: Hears of what went wrong on the way.
        library: What models read for themselves besides the material.
        files: The material's files by path.
        lean: Whether a piece is shown with nothing beside it, and nobody looks around.
        tools: What models may look around with; None where they may not.
        purse: What looking around may still cost.
    """

    material: Material
    evidence: tuple[Finding, ...]
    question: Question
    bench: Bench
    judgement: Judgement
    library: Library
    files: Mapping[str, SourceFile]
    lean: bool
    tools: Tools | None = field(init=False)
    purse: Purse = field(default_factory=Purse)
    _once: anyio.Lock = field(default_factory=anyio.Lock)
    _known: Briefing | None = None

    def __post_init__(self) -> None:
        # Code that came as text has no place in a project, and `quick` is one call.
        around = self.question.depth != "quick" and self.material.origin != "code" and bool(self.bench.roots)
        usual = Looks(self.library, self.evidence) if around else None
        # What tools give, and the tools themselves, take room that a small window does not have.
        self.tools = (self.question.tools or usual) if self.question.depth != "quick" and not self.lean else None

    async def ask(self, chunk: Chunk, base: Task, role: str, tell: Tell) -> Completion:
        """Put a piece to those whom a task leads to; `tell` says what is being done.

        Raises:
            NoAnswer: nobody answered.
        """
        request, task, like = await self._request(chunk, base, tell)
        look = self.tools is not None and self._can_look(task)
        if whom := self.bench.route(task).taken:
            await tell(
                f"asking {whom[0]} about {', '.join(dict.fromkeys(path for path, _, _ in chunk.places))}"[:_TOLD]
            )
        completion = await self._answer(request, task, like, role, tell, look=look)
        if like is None or completion.cache_note in {"", like.note}:  # said to this very text
            return completion
        answer = completion.parsed
        assert isinstance(answer, ReviewAnswer | CaseAnswer)  # noqa: S101  # the gateway validated it
        carried = await compute(like.carried, answer, completion.cache_note)
        if carried is not None:
            return replace(completion, parsed=carried)
        # Said to another layout, and not all of it can be told of this one: now the text itself is the key.
        return await self._answer(replace(request, cache_key=None, cache_note=""), task, None, role, tell, look=look)

    async def _answer(
        self, request: Request, task: Task, like: Likeness | None, role: str, tell: Tell, *, look: bool
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
                tell=tell,
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

    async def _request(self, chunk: Chunk, base: Task, tell: Tell) -> tuple[Request, Task, Likeness | None]:
        system = load_prompt(self.question.prompt)
        if not self.question.frugal:
            system += f"\n\n{load_prompt('material')}"
            if self.question.casework is None:
                system += f"\n\n{load_prompt('reported')}"
        briefing = await self._briefing(tell)
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

    async def _briefing(self, tell: Tell) -> Briefing:
        """Made when the first piece is asked about; all pieces and members of a panel share it."""
        async with self._once:
            if self._known is None:
                if self.material.origin != "code":
                    await tell("mapping the project")
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
