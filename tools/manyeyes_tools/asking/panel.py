"""Several models answer by themselves, judge each other's claims, and one brings together what is left."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

import anyio
from pydantic import BaseModel, ConfigDict, Field

from manyeyes.errors import NoAnswer
from manyeyes.types import TEXT_ONLY, Message, Request
from manyeyes_tools.asking.result import MemberOpinion, PanelClaim
from manyeyes_tools.chunks import delimited, tokens
from manyeyes_tools.exchange import Opinion, Outcome, Point, Sheet, Trial
from manyeyes_tools.exchange.costing import hold
from manyeyes_tools.exchange.weighing import ANSWER_TOKENS, Reader, keep_record
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Completion, Task
    from manyeyes_tools.asking.question import Question
    from manyeyes_tools.exchange import Settlement

    Hear = Callable[[Task, Request, str], Awaitable[Completion]]

VENDORS = ("anthropic", "openai", "google")
CLAIMS = 8
"""Claims of one member that are put before the others."""
SHEET_TOKENS = 1_000
"""What stands around the claims when they are judged."""
ROUNDS = 2
LATEST = 0.5
"""The part of a tool call's time after which no member is waited for: judging and writing take time too."""
_TEXT_CHARS = 1_200
_AROUND_CHARS = 800
_SURE = 0.7


class Stated(BaseModel):
    """A statement that an answer rests on."""

    model_config = ConfigDict(extra="ignore")

    text: Annotated[str, Field(max_length=2_000)]
    quote: Annotated[str, Field(max_length=2_000)] = ""


class PanelAnswer(BaseModel):
    """What a member is asked for."""

    model_config = ConfigDict(extra="ignore")

    answer: str
    claims: Annotated[list[Stated], Field(max_length=40)] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Member:
    """What one member said, and how it is asked again."""

    completion: Completion
    task: Task
    answer: str
    claims: tuple[Stated, ...]

    @property
    def name(self) -> str:
        """Its model's reference."""
        return str(self.completion.ref)


@dataclass(slots=True)
class Heard:
    """What the panel made of a question.

    Attributes:
        answer: The synthesis.
        members: What each said before it saw the others.
        claims: What became of their claims.
        dissent: What members hold against each other's claims, by name.
        problems: Who could not be heard, and why.
        notes: What is worth knowing of how the answer came about.
    """

    answer: str = ""
    members: list[Member] = field(default_factory=list)
    claims: list[PanelClaim] = field(default_factory=list)
    dissent: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def opinions(self) -> list[MemberOpinion]:
        """The members' answers, as they are shown."""
        return [MemberOpinion(model=one.name, answer=one.answer) for one in self.members]


async def convene(question: Question, bench: Bench, hear: Hear) -> Heard:
    """Ask one model of each vendor, let them judge each other's claims, and bring it together.

    Args:
        question: What is asked.
        bench: Asks.
        hear: Asks a member, with the tools that it may use.

    Raises:
        NoAnswer: no member answered.
    """
    heard = Heard()
    seats = _seats(question.task(), bench)
    cost = _ceiling(question, seats, bench)
    heard.notes.append(f"Before it was held, the panel could cost {cost}; `run` has what it cost.")
    await bench.progress(f"asking {len(seats)} models, for {cost}", 0, len(seats) + 2)
    await _hear_all(question, seats, bench, hear, heard)
    if len(heard.members) == 1:
        heard.notes.append("The panel was one model, so nobody judged what it claims.")
        heard.answer = heard.members[0].answer
        return heard
    settlement = await _exchange(question, heard, bench)
    _take_over(settlement, heard)
    await bench.progress("bringing the answers together", len(heard.members) + 1, len(heard.members) + 2)
    await _bring_together(question, heard, bench)
    return heard


def _seats(task: Task, bench: Bench) -> list[Task]:
    """One task for each vendor that can be asked; the endpoints count as one more."""
    everybody = {ref.provider for ref in bench.route(task).taken}
    seats = [frozenset({vendor}) for vendor in VENDORS if vendor in everybody]
    if rest := everybody - set(VENDORS):
        seats.append(frozenset(rest))
    return [replace(task, providers=seat) for seat in seats] or [task]


def _ceiling(question: Question, seats: Sequence[Task], bench: Bench) -> str:
    """The most that the panel can cost if nobody is asked twice and no tool called, in words."""
    judging = SHEET_TOKENS + len(seats) * CLAIMS * tokens("x" * _TEXT_CHARS)
    asked = [
        *seats,
        *(replace(seat, input_tokens=judging, output_tokens=ANSWER_TOKENS) for seat in seats for _ in range(ROUNDS)),
        replace(question.task(), input_tokens=len(seats) * question.max_tokens, modalities=TEXT_ONLY, search=False),
    ]
    sums = [bench.ceiling_usd(task) for task in asked]
    known = [one for one in sums if one is not None]
    if len(known) < len(sums):
        return "more than is known, since prices are missing"
    return f"at most ${sum(known):.4f}{', beside what vendors charge for searches' if question.search else ''}"


async def _hear_all(question: Question, seats: Sequence[Task], bench: Bench, hear: Hear, heard: Heard) -> None:
    answers: dict[int, Member] = {}
    failures: list[NoAnswer] = []
    shape = None if question.search else PanelAnswer  # vendors cite pages in plain text alone
    request = question.request(extra="" if question.search else "ask_panel", answer=shape)

    async def one(number: int, task: Task) -> None:
        task = replace(task, structured=shape is not None)
        try:
            completion = await hear(task, request, "panel")
        except NoAnswer as error:
            failures.append(error)
            heard.problems.append(f"{', '.join(sorted(task.providers or ()))} was not heard: {error}")
            return
        parsed = completion.parsed
        if isinstance(parsed, PanelAnswer):
            answers[number] = Member(completion, task, parsed.answer.strip(), tuple(parsed.claims[:CLAIMS]))
        else:
            text = completion.text.strip()
            answers[number] = Member(completion, task, text, (Stated(text=text[:_TEXT_CHARS]),))

    with anyio.move_on_after(LATEST * bench.settings.deadline_s) as limit:
        async with anyio.create_task_group() as group:
            for number, seat in enumerate(seats):
                group.start_soon(one, number, seat)
    heard.members = [answers[number] for number in sorted(answers)]
    if limit.cancelled_caught:
        there = {one.completion.ref.provider for one in heard.members}
        late = [provider for seat in seats for provider in sorted(seat.providers or ()) if provider not in there]
        heard.problems.append(f"{', '.join(late)} had not answered in time and was left out of the panel.")
    if not heard.members:
        if failures:
            raise failures[0]
        raise NoAnswer("No member of the panel answered in time.", route=bench.route(question.task()))


async def _exchange(question: Question, heard: Heard, bench: Bench) -> Settlement:
    known = _squeezed(f"{question.material}\n{question.prompt}")
    points = _points(heard.members, question.prompt)
    trials = _trials(question.prompt)
    readers = [
        _Speaker(
            Reader(
                name=one.name,
                bench=bench,
                task=replace(one.task, model=one.name, providers=None, modalities=TEXT_ONLY, search=False, tools=False),
                role="panel",
                context=lambda point: _around(point.quote, question.material),
                prompt="ask_exchange",
            ),
            quotes=bool(question.material),
        )
        for one in heard.members
    ]

    async def tell(message: str) -> None:
        await bench.progress(message, len(heard.members), len(heard.members) + 2)

    account = await hold(
        points,
        readers,
        [one.reader for one in readers],
        borne=lambda _, quote: _squeezed(quote) in known,
        trials=trials,
        rounds=ROUNDS,
        tell=tell,
    )
    settlement = account.settlement
    heard.notes.append(account.told)
    keep_record(bench, settlement, points, trials)
    heard.problems += [f"{name} left the exchange: {why}" for name, why in sorted(settlement.absent.items())]
    return settlement


@dataclass(frozen=True, slots=True)
class _Speaker:
    """A reader whose quotes count only where there is something to quote from."""

    reader: Reader
    quotes: bool

    @property
    def name(self) -> str:
        """The reader's name."""
        return self.reader.name

    async def weigh(self, sheet: Sheet) -> Sequence[Opinion]:
        """Judge the points of the sheet.

        Raises:
            NoAnswer: the model could not be asked, or failed.
        """
        said = await self.reader.weigh(sheet)
        return said if self.quotes else [replace(one, quote="") for one in said]


def _points(members: Sequence[Member], prompt: str) -> list[Point]:
    """Every claim once; who makes the same in the same words holds it together."""
    holders: dict[str, set[str]] = {}
    first: dict[str, Stated] = {}
    for member in members:
        for claim in member.claims:
            key = _squeezed(claim.text).casefold()
            if key:
                holders.setdefault(key, set()).add(member.name)
                first.setdefault(key, claim)
    return [
        Point(
            id=f"claim-{number}",
            text=first[key].text[:_TEXT_CHARS],
            where=f"an answer to: {prompt[:_TEXT_CHARS]}",
            quote=first[key].quote,
            holders=frozenset(names),
            confidence=_SURE,
        )
        for number, (key, names) in enumerate(holders.items(), 1)
    ]


def _trials(prompt: str) -> list[Trial]:
    """A sum that is right and one that is wrong: who confirms both agrees with everything."""
    digest = sha256(prompt.encode("utf-8", "surrogatepass")).digest()
    trials = []
    for number, true in enumerate((True, False)):
        a, b = 13 + digest[2 * number] % 80, 17 + digest[2 * number + 1] % 80
        told = a * b if true else a * b + 10
        point = Point(
            id=f"trial-{number}",
            text=f"Multiplying {a} by {b} gives {told}.",
            where="an answer to a sum",
            holders=frozenset(),
            confidence=_SURE,
        )
        trials.append(Trial(point, true))
    return trials


def _take_over(settlement: Settlement, heard: Heard) -> None:
    for settled in settlement.settled.values():
        heard.claims.append(
            PanelClaim(
                text=settled.point.text,
                outcome=settled.outcome.value,
                confidence=round(settled.confidence, 3),
                held_by=sorted(settled.point.holders),
            )
        )
        said = [*settled.disputed_by, *((name, f"withdraws it. {why}") for name, why in settled.withdrawn_by)]
        heard.dissent += [f"{name} on “{settled.point.text[:200]}”: {reason}" for name, reason in said]


async def _bring_together(question: Question, heard: Heard, bench: Bench) -> None:
    """One answer of all; where nobody can write it, that of the member whose claims fared best."""
    outcomes = "\n".join(f"- {one.outcome}: {' '.join(one.text.split())}" for one in heard.claims) or "- none"
    answers = "\n\n".join(f"Answer {number}:\n{one.answer}" for number, one in enumerate(heard.members, 1))
    text = delimited(
        f"The question:\n{question.prompt}\n\n{answers}\n\nWhat became of the claims:\n{outcomes}\n\n"
        f"What is said against some:\n" + ("\n".join(f"- {one}" for one in heard.dissent) or "- nothing")
    )
    system = load_prompt("ask_synthesis")
    request = Request(system=system, messages=(Message(role="user", text=text),), max_tokens=question.max_tokens)
    task = replace(
        question.task(), input_tokens=tokens(system) + tokens(text), modalities=TEXT_ONLY, search=False, tools=False
    )
    try:
        heard.answer = (await bench.complete(task, request, role="synthesis")).text.strip()
    except NoAnswer as error:
        best = max(heard.members, key=lambda one: _worth(one.name, heard.claims))
        heard.answer = best.answer
        heard.problems.append(f"The answers could not be brought together, so this is that of {best.name}: {error}")


def _worth(name: str, claims: Sequence[PanelClaim]) -> float:
    """How well a member's claims fared."""
    worth = {Outcome.CONFIRMED: 2.0, Outcome.HELD: 0.5, Outcome.DISPUTED: -0.5, Outcome.REFUTED: -2.0}
    return sum(worth.get(Outcome(one.outcome), -1.0) for one in claims if name in one.held_by)


def _around(quote: str, material: str) -> str:
    """The material around a quote; its beginning where the quote is not in it."""
    at = material.find(quote.strip()) if quote.strip() else -1
    start = max(0, at - _AROUND_CHARS)
    return material[start : max(at, 0) + len(quote) + _AROUND_CHARS]


def _squeezed(text: str) -> str:
    return " ".join(text.split())
