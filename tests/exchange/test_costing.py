"""What an exchange costs: a range before, the sum after."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import pytest

from manyeyes.types import Completion, ModelRef, Task, Usage
from manyeyes_tools.exchange import Point, Trial
from manyeyes_tools.exchange.costing import Bill, estimate, hold
from manyeyes_tools.exchange.weighing import ANSWER_TOKENS, Reader, Readings

pytestmark = pytest.mark.anyio

A, B = "a:one", "b:two"
QUOTE = "total = price * count"
POINTS = [
    Point(id="p1", text="It may overflow.", quote=QUOTE, holders=frozenset({A}), confidence=0.8),
    Point(id="p2", text="It leaks.", quote=QUOTE, holders=frozenset({B}), confidence=0.8),
]
TRIAL = Trial(Point(id="t", text="It divides.", holders=frozenset(), confidence=0.9), true=False)


@dataclass
class FakeBench:
    """Every token costs a millionth of a dollar, a model of `free` has no known price; answers confirm all."""

    unknown: str = ""
    cached: bool = False
    told: list[str] = field(default_factory=list)

    def ceiling_usd(self, task):
        return None if task.model == self.unknown else (task.input_tokens + task.output_tokens) * 1e-6

    def cost_usd(self, ref, usage):
        return None if str(ref) == self.unknown else (usage.input_tokens + usage.output_tokens) * 1e-6

    async def complete(self, task, request, *, role):
        assert self.told, "the estimate is told before anybody is asked"
        labels = re.findall(r"^Claim (C\d+)", request.messages[0].text, re.MULTILINE)
        said = [{"id": one, "stand": "confirm", "reason": "So it says there.", "quote": QUOTE} for one in labels]
        text = json.dumps({"readings": said})
        return Completion(
            ref=ModelRef.parse(task.model),
            text=text,
            parsed=Readings.model_validate_json(text),
            usage=Usage(input_tokens=int(task.input_tokens * 0.8), output_tokens=300),
            cached=self.cached,
        )

    async def tell(self, message):
        self.told.append(message)


def readers(bench):
    return [
        Reader(name=name, bench=bench, task=Task(kind="chat", model=name), role="panel", context=lambda _: "")
        for name in (A, B)
    ]


async def held(bench, rounds=2):
    people = readers(bench)
    return await hold(
        POINTS, people, people, borne=lambda _, quote: quote in QUOTE, trials=[TRIAL], rounds=rounds, tell=bench.tell
    )


async def test_the_range_is_told_before_and_holds_the_sum_told_after():
    bench = FakeBench()
    account = await held(bench)
    before, told = account.before, account.told
    assert bench.told == [f"models judge each other's claims; estimated at {before}"]
    assert 0 < before.low < account.bill.usd < before.high
    assert told == (
        f"The exchange between models cost ${account.bill.usd:.4f} (2 answers, 1 round); before it began, it was "
        f"estimated at ${before.low:.4f} to ${before.high:.4f}."
    )


async def test_the_most_is_for_all_rounds_with_the_longest_answers():
    bench = FakeBench()
    once, twice = [await estimate(POINTS, [TRIAL], readers(bench), rounds) for rounds in (1, 2)]
    assert twice.low == once.low
    assert once.high > 2 * ANSWER_TOKENS * 1e-6
    assert twice.high > 2 * once.high  # what was said against claims is shown in the second


async def test_a_price_that_is_not_known_is_said_before_and_after():
    account = await held(FakeBench(unknown=B))
    assert (account.before.low, account.before.high, account.bill.usd) == (None, None, None)
    assert account.told.count("not known") == 2
    assert "$" not in account.told


async def test_answers_kept_from_before_cost_nothing_and_it_is_said():
    account = await held(FakeBench(cached=True))
    assert account.bill.usd == 0.0
    assert "2 answers, 2 of them kept from before" in account.told


def test_an_answer_without_usage_makes_the_sum_unknown():
    bill = Bill()
    bill.add(Completion(ref=ModelRef.parse(A), text=""), FakeBench())
    assert bill.usd is None
