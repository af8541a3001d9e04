from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes import errors
from manyeyes.calls.fallback import Fallback, nobody
from manyeyes.calls.hedge import QUIET_S, SAVED, WINDOW, Hedges, Waits
from manyeyes.calls.observed import Caller, Observed
from manyeyes.events import CallEvent, RunEvent
from manyeyes.model import no_pulse
from manyeyes.monitor.quantiles import quantile
from manyeyes.settings import Hedge
from manyeyes.types import Candidate, Completion, Message, ModelRef, Request, Route, Usage

ASK = Request(messages=(Message(role="user", text="hello"),))
A1, A2, B1, C1 = (ModelRef(*name) for name in ("a1", "a2", "b1", "c1"))
USAGE = Usage(input_tokens=10, output_tokens=2)

_spec = importlib.util.spec_from_file_location("bench_hedging", Path(__file__).parents[2] / "bench" / "hedging.py")
assert _spec is not None
assert _spec.loader is not None
bench_hedging = importlib.util.module_from_spec(_spec)
sys.modules["bench_hedging"] = bench_hedging  # dataclasses look their module up
_spec.loader.exec_module(bench_hedging)


@pytest.fixture
def anyio_backend():
    """The clock jumps to whatever is next, so that no test waits."""
    return "asyncio", {"loop_factory": bench_hedging.VirtualTime}


def call(ref=A1, error="", first=1.0, seconds=2.0, at=0.0) -> CallEvent:
    return CallEvent(at=at, run_id="r", tool="t", role="x", ref=ref, error=error, seconds=seconds, first_token_s=first)


def known(*refs: ModelRef, clock=lambda: 0.0, saved: int = 1, **settings) -> Hedges:
    """Hedges that know each model's first token to come after a second, with so many second calls saved up."""
    hedges = Hedges(Hedge(**settings), clock=clock)
    for ref in refs:
        for _ in range(hedges.settings.min_samples):
            hedges.note(call(ref))
    for _ in range(saved * 20):
        hedges.earn()
    return hedges


@dataclass
class Timed:
    """Says nothing for `silence` seconds, then pulses, and ends after `rest` more."""

    ref: ModelRef
    silence: float = 0.1
    rest: float = 0.1
    error: errors.ModelError | None = None
    asked_at: list[float] = field(default_factory=list)
    cancelled: bool = False

    async def complete(self, request, pulse):
        self.asked_at.append(anyio.current_time())
        try:
            await anyio.sleep(self.silence)
            if self.error:
                raise self.error
            pulse()
            await anyio.sleep(self.rest)
        except anyio.get_cancelled_exc_class():
            self.cancelled = True
            raise
        return Completion(ref=self.ref, text="answer", usage=USAGE)


@dataclass
class Told:
    attempts: list = field(default_factory=list)
    failures: list = field(default_factory=list)

    def __call__(self, attempt, failure) -> None:
        self.attempts.append((str(attempt.ref), attempt.error, round(attempt.seconds, 6)))
        self.failures.append(failure)


def chain(hedges: Hedges | None, *models, told=None, hedged=nobody) -> Fallback:
    route = Route(tuple(Candidate(model.ref, taken=True, reason="") for model in models))
    return Fallback(tuple(models), route, told or Told(), hedges=hedges, hedged=hedged)


# --- one request


@pytest.mark.anyio
async def test_a_slow_model_gets_company_and_the_first_answer_wins():
    slow, same, other, told = Timed(A1, 60), Timed(A2), Timed(B1, 0.5, 0.5), Told()
    completion = await chain(known(A1), slow, same, other, told=told).complete(ASK, no_pulse)
    assert completion.ref == B1
    assert anyio.current_time() == pytest.approx(2.0)  # one second of patience, one of the other's work
    assert slow.cancelled
    assert not same.asked_at  # a second call goes to another vendor
    assert told.attempts == [("a:1", "cancelled", 2.0)]
    assert told.failures[0].may_cost  # unknown, not nothing


@pytest.mark.anyio
@pytest.mark.parametrize(("models", "seconds"), [((Timed(A1, 60), Timed(B1, 0.5)), [B1]), ((Timed(A1), Timed(B1)), [])])
async def test_every_second_call_is_told_of_and_no_other(models, seconds):
    told = []
    await chain(known(A1), *models, hedged=told.append).complete(ASK, no_pulse)
    assert told == seconds


@pytest.mark.anyio
async def test_the_slow_one_may_still_be_first():
    slow, other, told = Timed(A1, 1.5, 0.1), Timed(B1, 60), Told()
    completion = await chain(known(A1), slow, other, told=told).complete(ASK, no_pulse)
    assert completion.ref == A1
    assert other.cancelled
    assert told.attempts == [("b:1", "cancelled", 0.6)]


@pytest.mark.anyio
async def test_an_answer_that_comes_at_the_same_moment_as_the_first_is_counted_with_what_it_used():
    one, other, told = Timed(A1, 2.0, 1.0), Timed(B1, 1.0, 1.0), Told()
    await chain(known(A1), one, other, told=told).complete(ASK, no_pulse)
    ((_, error, _),) = told.attempts
    assert error == "cancelled"
    assert told.failures[0].usage == USAGE


@pytest.mark.anyio
@pytest.mark.parametrize(
    "models",
    [
        (Timed(A1, 0.5, 60), Timed(B1)),  # it began in time, however long it goes on
        (Timed(A1, 60),),  # asked for by name: nobody else may be asked
        (Timed(A1, 60), Timed(A2)),  # no other vendor
    ],
)
async def test_no_second_call_is_made(models):
    hedges = known(A1)
    completion = await chain(hedges, *models).complete(ASK, no_pulse)
    assert completion.ref == A1
    assert hedges.started == 0
    assert not any(model.asked_at for model in models[1:])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("hedges", "why"),
    [
        (None, "nobody decides"),
        (known(A1, enabled=False), "it is off"),
        (known(A1, saved=0), "nothing is saved up"),
        (known(B1), "nothing is known of the first"),
        (known(A1, min_samples=5, extra_share=0.0), "no share of calls may be extra"),
    ],
)
async def test_hedging_is_off_where(hedges, why):
    other = Timed(B1)
    completion = await chain(hedges, Timed(A1, 60), other).complete(ASK, no_pulse)
    assert (completion.ref, other.asked_at) == (A1, []), why


@pytest.mark.anyio
async def test_a_tight_budget_stops_hedging():
    hedges = known(A1)
    hedges.tight = lambda: True
    assert (await chain(hedges, Timed(A1, 60), Timed(B1)).complete(ASK, no_pulse)).ref == A1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("limited", "ago", "answered"),
    [(A1, 1, A1), (A2, 1, A1), (B1, 1, A1), (C1, 1, B1), (A1, QUIET_S, B1)],
)
async def test_a_rate_limit_of_either_vendor_stops_hedging_for_a_minute(limited, ago, answered):
    hedges = known(A1, clock=lambda: 1000.0)
    hedges.note(call(limited, "rate_limited", first=None, seconds=0.0, at=1000.0 - ago))
    assert (await chain(hedges, Timed(A1, 60), Timed(B1)).complete(ASK, no_pulse)).ref == answered


@pytest.mark.anyio
async def test_a_vendor_that_is_rate_limited_is_passed_over_for_the_next():
    hedges, limited = known(A1, clock=lambda: 1000.0), Timed(B1)
    hedges.note(call(B1, "rate_limited", first=None, at=990.0))
    assert (await chain(hedges, Timed(A1, 60), limited, Timed(C1)).complete(ASK, no_pulse)).ref == C1
    assert not limited.asked_at


@pytest.mark.anyio
async def test_a_failure_before_the_patience_ends_is_an_ordinary_fallback():
    hedges, told = known(A1), Told()
    first = Timed(A1, 0.5, error=errors.VendorFault(A1, "no"))
    assert (await chain(hedges, first, Timed(B1), told=told).complete(ASK, no_pulse)).ref == B1
    assert told.attempts == [("a:1", "vendor_fault", 0.5)]
    assert hedges.started == 0


@pytest.mark.anyio
async def test_either_side_may_fail_and_the_other_is_waited_for():
    for models, answered, listed in (
        ((Timed(A1, 3, error=errors.VendorFault(A1, "no")), Timed(B1, 4)), B1, ("a:1", "vendor_fault", 3.0)),
        ((Timed(A1, 3), Timed(B1, 0.5, error=errors.VendorFault(B1, "no"))), A1, ("b:1", "vendor_fault", 0.5)),
    ):
        told = Told()
        assert (await chain(known(A1), *models, told=told).complete(ASK, no_pulse)).ref == answered
        assert told.attempts == [listed]


@pytest.mark.anyio
async def test_when_both_sides_fail_the_route_goes_on():
    models = (
        Timed(A1, 3, error=errors.Refused(A1, "no")),
        Timed(B1, 1, error=errors.Refused(B1, "no")),
        Timed(A2),
        Timed(C1),
    )
    told = Told()
    assert (await chain(known(A1), *models, told=told).complete(ASK, no_pulse)).ref == C1
    assert told.attempts == [("b:1", "refused", 1.0), ("a:1", "refused", 3.0)]
    assert not models[2].asked_at


@pytest.mark.anyio
async def test_when_all_fail_with_a_hedge_every_attempt_is_listed():
    models = (Timed(A1, 3, error=errors.Overloaded(A1, "busy")), Timed(B1, 5, error=errors.Overloaded(B1, "busy")))
    with pytest.raises(errors.AllFailed) as caught:
        await chain(known(A1), *models).complete(ASK, no_pulse)
    assert [str(attempt.ref) for attempt in caught.value.attempts] == ["a:1", "b:1"]


@pytest.mark.anyio
async def test_cancellation_from_outside_ends_both_calls_and_passes_through():
    one, other, told = Timed(A1, 60), Timed(B1, 60), Told()
    with anyio.move_on_after(5) as scope:
        await chain(known(A1), one, other, told=told).complete(ASK, no_pulse)
    assert scope.cancelled_caught
    assert one.cancelled
    assert other.cancelled
    assert told.attempts == []


@pytest.mark.anyio
async def test_every_wire_call_of_a_hedge_is_an_event_and_teaches():
    hedges = known(A1)
    heard: list[CallEvent] = []

    class Ear:
        def note(self, event):
            heard.append(event)
            hedges.note(event)

    caller = Caller(run_id="r", tool="t", role="x")
    models = [Observed(one, caller, Ear(), lambda *_: 0.5) for one in (Timed(A1, 60), Timed(B1, 0.5, 0.5))]
    await chain(hedges, *models).complete(ASK, no_pulse)
    assert sorted((str(event.ref), event.error, event.cost_usd) for event in heard) == [
        ("a:1", "cancelled", None),
        ("b:1", "", 0.5),
    ]


@pytest.mark.anyio
async def test_pulses_of_both_sides_reach_whoever_waits():
    seen = []
    await chain(known(A1), Timed(A1, 1.2, 9), Timed(B1, 0.5, 0.5)).complete(ASK, lambda: seen.append(1))
    assert len(seen) == 2


# --- what is known


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=2 * WINDOW), st.floats(0.01, 1.0))
def test_a_quantile_of_the_latest_waits_is_that_of_their_sorted_list(samples, share):
    waits = Waits()
    for sample in samples:
        waits.add(sample)
    assert len(waits) == min(len(samples), WINDOW)
    assert waits.quantile(share) == quantile(sorted(samples[-WINDOW:]), share)


@given(st.lists(st.booleans()), st.floats(0, 1))
def test_second_calls_never_exceed_their_share(asks, share):
    """Whatever the order of calls and wishes, from the first call on."""
    hedges = Hedges(Hedge(extra_share=share), clock=lambda: 0.0)
    for ask in asks:
        if ask:
            hedges.take(A1, B1)
        else:
            hedges.earn()
        assert hedges.started <= hedges.earned * share + 1e-6


def test_calm_times_save_up_no_more_than_a_few():
    hedges = known(saved=100)
    assert sum(hedges.take(A1, B1) for _ in range(100)) == SAVED


@pytest.mark.parametrize(
    ("event", "learned"),
    [
        (call(first=0.2), True),
        (call(error="broken_answer", first=0.2), True),  # it began in time and broke later
        (call(error="cancelled", first=None, seconds=5.0), True),  # slower than it must be: the tail stays in sight
        (call(error="timed_out", first=None, seconds=90.0), True),
        (call(error="cancelled", first=None, seconds=0.5), False),  # the caller left early
        (call(error="overloaded", first=None, seconds=9.0), False),
        (RunEvent(at=0.0, run_id="r", tool="t", status="complete", seconds=1.0), False),
    ],
)
def test_what_is_learned_from_an_event(event, learned):
    hedges = known(A1)
    before = len(hedges._waits[A1])
    hedges.note(event)
    assert len(hedges._waits[A1]) - before == learned


def test_a_model_is_called_slow_only_when_enough_is_known_of_it():
    hedges = Hedges(Hedge(min_samples=5))
    for _ in range(4):
        hedges.note(call())
    assert hedges.wait_s(A1) is None
    hedges.note(call())
    assert hedges.wait_s(A1) == 1.0


def test_a_cancelled_call_of_a_model_nobody_knows_teaches_nothing():
    hedges = Hedges(Hedge())
    hedges.note(call(error="cancelled", first=None))
    assert hedges.wait_s(A1) is None


def test_patience_follows_a_model_that_becomes_slow_or_quick():
    hedges = known(A1)
    for seconds in (9.0, 0.3):
        for _ in range(WINDOW):
            hedges.note(call(first=seconds))
        assert hedges.wait_s(A1) == seconds


# --- the measurement


@pytest.mark.parametrize("seed", range(3))
def test_stragglers_are_overtaken_at_few_extra_calls(seed):
    row = bench_hedging.scenario("stragglers", [(2_000, bench_hedging.straggling)], seed)
    assert row["p99_lower"] >= 0.6
    assert 0 < row["extra_calls"] <= 0.05


@pytest.mark.parametrize("calls", [200, 1_000])
def test_a_total_slowdown_makes_few_extra_calls(calls):
    row = bench_hedging.scenario("slowdown", [(500, bench_hedging.ordinary), (calls, bench_hedging.slow)], 1)
    assert 0 < row["extra_calls"] <= 0.10
