from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.monitor.dashboard import Asked, Cost, fold
from manyeyes.monitor.forms import as_json, render_text
from manyeyes.monitor.quantiles import Latency, latency, quantile
from manyeyes.state.store import Store
from manyeyes.types import ModelRef, Usage

AT = 1_795_000_000.0
OPUS = ModelRef("anthropic", "claude-opus-5-5")
SOL = ModelRef("openai", "gpt-6.1-sol")


def call(ref=OPUS, error="", seconds=1.0, **values) -> CallEvent:
    fixed = {"at": AT, "run_id": "r", "tool": "code_review", "role": "reviewer"}
    return CallEvent(**fixed, ref=ref, error=error, seconds=seconds, **values)


def ask(ref=OPUS, tool="code_review", **values) -> AskEvent:
    return AskEvent(at=AT, run_id="r", tool=tool, role="reviewer", first=OPUS, ref=ref, seconds=1.0, **values)


def ended(tool="code_review", status="complete", seconds=2.0, cost=0.0) -> RunEvent:
    return RunEvent(at=AT + 60, run_id="r", tool=tool, status=status, seconds=seconds, cost_usd=cost)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], None),
        ([7.0], Latency(7, 7, 7)),
        ([1.0, 2.0], Latency(1, 2, 2)),
        ([3.0, 1.0, 2.0], Latency(2, 3, 3)),
        ([float(n) for n in range(1, 11)], Latency(5, 10, 10)),
        ([float(n) for n in range(1, 21)], Latency(10, 19, 20)),
        ([float(n) for n in range(1, 101)], Latency(50, 95, 99)),
        ([float(n) for n in range(1, 1001)], Latency(500, 950, 990)),
    ],
)
def test_quantiles(samples, expected):
    assert latency(samples) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_the_smallest_sample_that_enough_samples_do_not_exceed(samples, share):
    samples.sort()
    found = quantile(samples, share)
    needed = math.ceil(round(share * len(samples), 9))
    assert found in samples
    assert sum(sample <= found for sample in samples) >= needed
    assert sum(sample < found for sample in samples) < needed


def test_calls_are_folded_by_model():
    board = fold(
        [
            call(seconds=4.0, first_token_s=0.5, usage=Usage(input_tokens=10, output_tokens=5), cost_usd=0.25),
            call(seconds=2.0, usage=Usage(input_tokens=1, cached_tokens=1, output_tokens=1), cost_usd=0.5),
            call(error="truncated", seconds=90.0, usage=Usage(output_tokens=100), cost_usd=0.125),
            call(error="rate_limited", seconds=0.001),
            call(error="rate_limited", seconds=0.001),
            call(SOL, seconds=1.0, usage=Usage(input_tokens=3)),
        ]
    )
    opus, sol = board.models
    assert (opus.model, opus.calls, opus.answered) == ("anthropic:claude-opus-5-5", 5, 2)
    assert opus.latency == Latency(2, 4, 4)  # of answers alone
    assert opus.first_token == Latency(0.5, 0.5, 0.5)
    assert opus.usage == Usage(input_tokens=11, cached_tokens=1, output_tokens=106)  # failed calls use tokens too
    assert opus.cost == Cost(0.875, 0)
    assert list(opus.errors.items()) == [("rate_limited", 2), ("truncated", 1)]
    assert sol.cost == Cost(0.0, 1)
    assert (board.total.calls, board.total.answered, board.total.cost) == (6, 3, Cost(0.875, 1))
    assert (board.first_at, board.last_at) == (AT, AT)


@pytest.mark.parametrize(
    ("event", "unknown"),
    [
        (call(), 1),
        (call(cost_usd=0.0), 0),
        (call(error="timed_out"), 1),  # the vendor may have worked, and charge for it
        (call(error="broken_answer"), 1),
        (call(error="unreachable"), 0),
        (call(error="access_denied"), 0),
        (call(error="overloaded", usage=Usage(input_tokens=1)), 1),
    ],
)
def test_an_unknown_cost_is_counted_and_never_taken_for_nothing(event, unknown):
    assert fold([event]).total.cost == Cost(0.0, unknown)


def test_what_nobody_reported_is_in_the_cost_and_told_apart():
    board = fold([call(cost_usd=0.5), call(error="cancelled", cost_usd=0.25, estimated=True), ended(cost=0.75)])
    assert board.total.cost == Cost(0.75, 0, 0.25)
    assert board.tools[0].cost == Cost(0.75, 0, 0.25)
    told = as_json(board)["total"]
    assert (told["cost_usd"], told["known_cost_usd"], told["estimated_usd"]) == (0.75, 0.75, 0.25)
    shown = render_text(board, colour=False)
    assert "~$0.7500" in shown
    assert "~ Some of it no vendor reported" in shown


def test_questions_are_folded_by_model_and_tool():
    board = fold(
        [
            call(),
            ask(),
            ask(cached=True),
            ask(SOL),
            ask(SOL, hedge=SOL),
            ask(hedge=SOL, tool="ask"),
            ask(None, error="timed_out"),
            ended(),
            ended("ask"),
        ]
    )
    opus, sol = board.models
    assert opus.asked == Asked(questions=3, hits=1, hedges=0)
    assert sol.asked == Asked(questions=2, fallbacks=1, hedges=2, hedges_won=1)
    assert sol.calls == 0
    assert board.total.asked == Asked(questions=6, hits=1, fallbacks=1, hedges=2, hedges_won=1)
    by_tool = {row.tool: row.asked for row in board.tools}
    assert by_tool["code_review"] == Asked(questions=5, hits=1, fallbacks=1, hedges=1, hedges_won=1)
    assert by_tool["ask"] == Asked(questions=1, hedges=1)
    assert as_json(board)["cache_hits"] == 1


def test_a_tool_has_the_tokens_and_first_tokens_of_its_calls():
    board = fold([call(first_token_s=0.5, usage=Usage(input_tokens=7, output_tokens=2)), ended(), ended("ask")])
    review, other = sorted(board.tools, key=lambda row: row.tool, reverse=True)
    assert (review.calls, review.first_token, review.usage.input_tokens) == (1, Latency(0.5, 0.5, 0.5), 7)
    assert (other.calls, other.first_token, other.usage) == (0, None, Usage())


@pytest.mark.parametrize(("out", "told"), [("openai:gpt-6.1-sol", "why"), ("openai", "why"), ("google", None)])
def test_a_models_breaker_is_its_own_or_its_vendors(out, told):
    (row,) = as_json(fold([call(SOL)], breakers={out: "why"}))["models"]
    assert row["breaker"] == told


def test_runs_are_folded_by_tool():
    board = fold(
        [ended(cost=0.5), ended(status="evidence_only", seconds=4.0), ended(status="error", cost=None), ended("ask")]
    )
    review, ask = board.tools
    assert (review.tool, review.runs, review.succeeded, review.cost) == ("code_review", 3, 2, Cost(0.5, 1))
    assert review.latency == Latency(2, 4, 4)
    assert review.statuses == {"complete": 1, "evidence_only": 1, "error": 1}
    assert ask.tool == "ask"


def test_nothing_yet():
    assert render_text(fold([]), colour=False) == "Nothing has been called yet.\n"
    assert as_json(fold([]))["total"]["success_rate"] is None


def test_the_table():
    board = fold(
        [
            call(seconds=0.25, first_token_s=0.05, usage=Usage(input_tokens=12_345, output_tokens=50), cost_usd=0.01),
            call(seconds=12.0, usage=Usage(input_tokens=2_000_000)),
            call(SOL, error="rate_limited"),
            ask(cached=True),
            ask(SOL),
            ended(cost=None),
        ],
        breakers={"openai:gpt-6.1-sol": "5 failures in a row"},
        notice="The store is broken.",
    )
    # Times are shown in the zone of whoever looks.
    shown = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", render_text(board, colour=False))
    assert shown == (
        """\
Calls from TIME to TIME

model                      calls    ok     p50     p95     p99  first  tokens in  cached  out                 cost  hits  fallbacks  hedges  errors
anthropic:claude-opus-5-5      2  100%  250 ms  12.0 s  12.0 s  50 ms       2.0M       0   50  $0.0100 + 1 unknown     1          -       -  -
openai:gpt-6.1-sol             1    0%       -       -       -      -          0       0    0              $0.0000     -          1       -  1 rate_limited
all models                     3   66%  250 ms  12.0 s  12.0 s  50 ms       2.0M       0   50  $0.0100 + 1 unknown     1          1       -  1 rate_limited

tool         runs    ok    p50    p95    p99  first  calls  tokens in  cached  out     cost  hits  fallbacks  hedges  ended
code_review     1  100%  2.0 s  2.0 s  2.0 s  50 ms      3       2.0M       0   50  unknown     1          1       -  1 complete

Not asked now: openai:gpt-6.1-sol (5 failures in a row)

The store is broken.
"""  # noqa: E501  # as wide as the table
    )


def test_colour_changes_nothing_but_colour():
    board = fold([call(), call(SOL, error="timed_out"), ended()], notice="Look.")
    coloured = render_text(board, colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[\d*m", "", coloured) == render_text(board, colour=False)


def test_models_without_any_tool():
    assert "tool " not in render_text(fold([call()]), colour=False)


def test_tools_without_any_model():
    assert "No model has been called." in render_text(fold([ended()]), colour=False)


def test_json():
    board = fold([call(seconds=2.0, usage=Usage(input_tokens=3, output_tokens=1)), ended(cost=0.5)])
    told = json.loads(json.dumps(as_json(board)))
    assert told["models"] == [
        {
            "model": "anthropic:claude-opus-5-5",
            "calls": 1,
            "success_rate": 1.0,
            "latency_s": {"p50": 2.0, "p95": 2.0, "p99": 2.0},
            "first_token_s": None,
            "input_tokens": 3,
            "cached_tokens": 0,
            "output_tokens": 1,
            "reasoning_tokens": 0,
            "unknown_tokens": 0,
            "cost_usd": None,
            "known_cost_usd": 0.0,
            "estimated_usd": 0.0,
            "unknown_costs": 1,
            "questions": 0,
            "cache_hits": 0,
            "fallbacks": 0,
            "hedges": 0,
            "hedges_won": 0,
            "errors": {},
            "breaker": None,
        }
    ]
    assert told["tools"][0]["cost_usd"] == 0.5
    assert told["cache_hits"] == 0


def test_another_process_sees_the_same_through_the_store(tmp_path):
    events = [
        call(usage=Usage(input_tokens=1), cost_usd=0.1),
        call(SOL, error="timed_out", cost_usd=0.2, estimated=True),
        ask(cached=True),
        ask(None, error="timed_out", hedge=SOL),
        ended(),
    ]
    writer = Store(tmp_path / "state.db", clock=lambda: AT)
    for event in events:
        writer.note(event)
    reader = Store(tmp_path / "state.db", clock=lambda: AT)
    assert fold(reader.events()) == fold(events)
    writer.close()
    reader.close()


def test_tokens_of_failed_calls_are_counted_and_those_that_nobody_told_are_not_nothing():
    told = call(error="invalid_answer", usage=Usage(input_tokens=300, output_tokens=20))
    untold = call(error="invalid_answer")
    free = call(error="unreachable")

    def cells(*events):
        return render_text(fold([*events, ended()]), colour=False)

    assert re.search(r" 300 +0 +20 ", cells(told, free))
    assert re.search(r" 300\+ +0\+ +20\+ ", cells(told, untold))
    assert re.search(r" unknown +unknown +unknown ", cells(untold))
    assert re.search(r" 0 +0 +0 ", cells(free))
    board = as_json(fold([told, untold, free, ended()]))
    for row in (board["total"], *board["models"], *board["tools"]):
        assert (row["input_tokens"], row["output_tokens"], row["unknown_tokens"]) == (300, 20, 1)
