"""A model as a participant: the sheet as a request, and its answer as opinions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from manyeyes.cores import compute
from manyeyes.types import Message, Request
from manyeyes_tools.chunks import delimited, tokens
from manyeyes_tools.exchange.costing import Bill
from manyeyes_tools.exchange.points import Opinion, Stand
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.exchange.points import Point, Sheet, Trial
    from manyeyes_tools.exchange.settling import Settlement

ANSWER_TOKENS = 8_000
"""Upper bound of an answer, reasoning included."""


class Reading(BaseModel):
    """What a model thinks of one claim."""

    model_config = ConfigDict(extra="ignore")

    id: Annotated[str, Field(max_length=40)]
    stand: Literal["confirm", "dispute", "withdraw", "unsure"]
    reason: Annotated[str, Field(max_length=800)] = ""
    quote: Annotated[str, Field(max_length=2_000)] = ""


class Readings(BaseModel):
    """What a model is asked for: one reading for each claim."""

    model_config = ConfigDict(extra="ignore")

    readings: Annotated[list[Reading], Field(max_length=80)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A model that judges claims.  See `points.Participant`.

    Attributes:
        name: How it is called in the exchange: its reference.
        bench: Asks it.
        task: Whom to ask: bound to that model or its vendor.
        role: The part it plays, for the run's account.
        context: What surrounds a point, as text of the source; empty where there is nothing.
        prompt: The instructions.
        bill: What its answers have cost so far.
    """

    name: str
    bench: Bench
    task: Task
    role: str
    context: Callable[[Point], str]
    prompt: str = "exchange"
    bill: Bill = field(default_factory=Bill, compare=False)

    @property
    def longest(self) -> int:
        """The upper bound of its answers, in tokens."""
        return ANSWER_TOKENS

    def ceiling_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """The most that one of its answers can cost; None when its price is not known."""
        task = replace(self.task, input_tokens=input_tokens, output_tokens=output_tokens, structured=True)
        return self.bench.ceiling_usd(task)

    async def weigh(self, sheet: Sheet) -> Sequence[Opinion]:
        """Judge the points of the sheet.

        Raises:
            NoAnswer: the model could not be asked, or failed.
        """
        labels = {f"C{number}": point.id for number, point in enumerate(sheet.points, 1)}
        text = await compute(self.text, sheet)
        system = load_prompt(self.prompt)
        request = Request(
            system=system, messages=(Message(role="user", text=text),), max_tokens=ANSWER_TOKENS, answer=Readings
        )
        task = replace(
            self.task, input_tokens=tokens(system) + tokens(text), output_tokens=ANSWER_TOKENS, structured=True
        )
        completion = await self.bench.complete(task, request, role=self.role)
        self.bill.add(completion, self.bench)
        answer = completion.parsed
        assert isinstance(answer, Readings)  # noqa: S101  # the gateway validated it
        return [
            Opinion(labels[one.id.strip()], Stand(one.stand), one.reason.strip(), one.quote)
            for one in answer.readings
            if one.id.strip() in labels
        ]

    def text(self, sheet: Sheet) -> str:
        """A sheet as it is shown: all inside the marks, since claims are other models' words about untrusted code."""
        parts = [f"Round {sheet.round}. Claims to judge: {len(sheet.points)}."]
        for number, point in enumerate(sheet.points, 1):
            lines = [f"Claim C{number}" + (" (one of your own)" if point.id in sheet.own else "")]
            lines += [f"Place: {_one_line(point.where)}"] if point.where else []
            lines.append(f"Claim: {_one_line(point.text)}")
            if point.quote.strip():
                lines += ["Quoted as evidence:", point.quote]
            lines += [f"Said against it: {_one_line(reason)}" for reason in sheet.against.get(point.id, ())]
            surroundings = self.context(point)
            if surroundings.strip():
                lines += ["The source there:", surroundings]
            parts.append("\n".join(lines))
        return delimited("\n\n".join(parts))


def keep_record(bench: Bench, settlement: Settlement, points: Sequence[Point], trials: Sequence[Trial] = ()) -> None:
    """Keep with the run what was said in an exchange, and what each model's judgement was worth.

    Args:
        bench: The run.
        settlement: How the exchange ended.
        points: What was claimed in it.
        trials: What was put among them to try the participants; told as such.
    """
    from manyeyes.results import Remark

    known = {one.id: one for one in (*points, *(trial.point for trial in trials))}
    told = {trial.point.id: f"(a trial, known to be {str(trial.true).lower()}) " for trial in trials}
    bench.note(
        *(
            Remark(
                round=said.round,
                speaker=said.speaker,
                claim=f"{told.get(said.opinion.point, '')}{known[said.opinion.point].text}"[:300],
                where=known[said.opinion.point].where,
                stand=said.opinion.stand,
                reason=said.opinion.reason[:600],
                quote=said.opinion.quote[:600],
                borne=said.borne,
            )
            for said in settlement.said
            if said.opinion.point in known
        )
    )
    bench.trust({name: trust.confirming for name, trust in settlement.trust.items()})


def _one_line(text: str) -> str:
    return " ".join(text.split())
