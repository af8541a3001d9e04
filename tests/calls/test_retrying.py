from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes import errors
from manyeyes.calls.observed import attempt_cost
from manyeyes.calls.retrying import QUICK_S, Retrying
from manyeyes.errors import BrokenAnswer, Overloaded, RateLimited, TimedOut, VendorFault
from manyeyes.model import no_pulse
from manyeyes.settings import Retry
from manyeyes.types import Completion, Message, ModelRef, Request, Usage
from virtual_time import BACKEND

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
REF = ModelRef("a", "one")
USED = Usage(input_tokens=10, output_tokens=2)
EVERY_ERROR = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ModelError) and kind is not errors.ModelError
]


@pytest.fixture
def anyio_backend():
    return BACKEND


@dataclass
class Failing:
    """Fails with each of the errors in turn, then answers."""

    failures: list[errors.ModelError]
    takes: float = 0.0
    asked_at: list[float] = field(default_factory=list)
    ref: ModelRef = REF

    async def complete(self, request, pulse):
        self.asked_at.append(anyio.current_time())
        await anyio.sleep(self.takes)
        if self.failures:
            raise self.failures.pop(0)
        return Completion(ref=REF, text="answer", usage=USED)


def retrying(inner, *, within=300.0, others=0, uniform=lambda _low, high: high, **rules) -> Retrying:
    return Retrying(inner, Retry(**rules), anyio.current_time() + within, others, uniform=uniform)


@pytest.mark.parametrize("kind", EVERY_ERROR)
async def test_only_what_may_pass_is_asked_again(kind):
    model = Failing([kind(REF, "no")])
    if kind.retryable:
        assert (await retrying(model).complete(ASK, no_pulse)).text == "answer"
    else:
        with pytest.raises(kind):
            await retrying(model).complete(ASK, no_pulse)
    assert len(model.asked_at) == (2 if kind.retryable else 1)


@pytest.mark.parametrize(("others", "asked"), [(0, 4), (1, 2)])
async def test_attempts_are_limited_and_fewer_with_others_left(others, asked):
    model = Failing([VendorFault(REF, "500") for _ in range(9)])
    with pytest.raises(VendorFault, match=rf"500; asked {asked} times"):
        await retrying(model, others=others).complete(ASK, no_pulse)
    assert len(model.asked_at) == asked


async def test_the_waits_double_up_to_the_longest():
    model = Failing([Overloaded(REF, "529") for _ in range(5)])
    await retrying(model, attempts=6, backoff_s=0.5, longest_backoff_s=3.0).complete(ASK, no_pulse)
    waits = [later - earlier for earlier, later in pairwise(model.asked_at)]
    assert waits == pytest.approx([0.5, 1.0, 2.0, 3.0, 3.0])


async def test_jitter_is_full():
    drawn = []

    def uniform(low, high):
        drawn.append((low, high))
        return low

    await retrying(Failing([Overloaded(REF, "529")]), uniform=uniform).complete(ASK, no_pulse)
    assert drawn == [(0.0, 0.5)]


@pytest.mark.parametrize("others", [0, 1])
async def test_retry_after_is_honoured(others):
    model = Failing([RateLimited(REF, "429", retry_after=7)])
    await retrying(model, others=others).complete(ASK, no_pulse)
    assert 7 <= model.asked_at[1] - model.asked_at[0] <= 7.5


@pytest.mark.parametrize(("others", "again"), [(0, True), (1, False)])
async def test_beyond_the_cap_the_next_model_is_asked_where_there_is_one(others, again):
    model = Failing([RateLimited(REF, "429", retry_after=30)])
    started = anyio.current_time()
    if again:
        await retrying(model, others=others).complete(ASK, no_pulse)
    else:
        with pytest.raises(RateLimited):
            await retrying(model, others=others).complete(ASK, no_pulse)
        assert anyio.current_time() == started


async def test_a_wait_that_passes_the_deadline_is_not_begun():
    model, started = Failing([RateLimited(REF, "429", retry_after=60)]), anyio.current_time()
    with pytest.raises(RateLimited):
        await retrying(model, within=60).complete(ASK, no_pulse)
    assert anyio.current_time() == started


@pytest.mark.parametrize(("others", "asked"), [(0, 2), (1, 1)])
async def test_who_failed_slowly_is_not_asked_again_while_others_are_left(others, asked):
    model = Failing([TimedOut(REF, "silence")], takes=QUICK_S + 1)
    if asked == 1:
        with pytest.raises(TimedOut):
            await retrying(model, others=others).complete(ASK, no_pulse)
    else:
        await retrying(model, others=others).complete(ASK, no_pulse)
    assert len(model.asked_at) == asked


async def test_cancellation_passes_while_it_waits():
    model = Failing([RateLimited(REF, "429", retry_after=50)])
    with anyio.move_on_after(1) as scope:
        await retrying(model).complete(ASK, no_pulse)
    assert scope.cancelled_caught
    assert len(model.asked_at) == 1


def broken(usage=None):
    return BrokenAnswer(REF, "cut", usage=usage)


@pytest.mark.parametrize(
    ("failures", "sum_"),
    [
        ([Overloaded(REF, "529")], USED),
        ([broken(USED)], USED + USED),
        ([broken(USED), Overloaded(REF, "529")], USED + USED),
        ([broken(USED), broken()], None),
    ],
)
async def test_an_answer_after_retries_counts_them_in(failures, sum_):
    assert (await retrying(Failing(failures)).complete(ASK, no_pulse)).usage == sum_


@pytest.mark.parametrize(
    ("failures", "cost"),
    [
        ([Overloaded(REF, "529"), Overloaded(REF, "529")], 0.0),
        ([broken(USED), Overloaded(REF, "529")], 12.0),
        ([broken(USED), broken(USED)], 24.0),
        ([broken(), Overloaded(REF, "529")], None),
        ([Overloaded(REF, "529"), broken()], None),
    ],
)
async def test_an_error_after_retries_costs_what_all_of_them_cost(failures, cost):
    with pytest.raises(errors.ModelError) as caught:
        await retrying(Failing(failures), attempts=2).complete(ASK, no_pulse)
    assert attempt_cost(caught.value, lambda _, used: float(used.input_tokens + used.output_tokens)) == cost


@given(
    failures=st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=8),
    within=st.floats(0.001, 100),
    others=st.integers(0, 2),
    takes=st.floats(0, 3),
)
def test_no_wait_ever_ends_past_the_deadline(failures, within, others, takes):
    async def go():
        model = Failing([RateLimited(REF, "429", retry_after=after) for after in failures], takes=takes)
        call = retrying(model, within=within, others=others)
        with suppress(RateLimited):
            await call.complete(ASK, no_pulse)
        assert all(at < call.at for at in model.asked_at)

    anyio.run(go, backend=BACKEND[0], backend_options=BACKEND[1])


async def test_a_connection_that_was_lost_may_have_cost_something():
    lost = errors.Unreachable(REF, "reset")
    lost.lost, lost.estimated_usd = True, 0.25
    cut = broken()
    cut.estimated_usd = 0.5
    with pytest.raises(BrokenAnswer) as caught:
        await retrying(Failing([lost, cut]), attempts=2).complete(ASK, no_pulse)
    assert caught.value.estimated_usd == 0.75
    assert caught.value.usage is None
    lost.lost = True
    assert (await retrying(Failing([lost])).complete(ASK, no_pulse)).usage is None
