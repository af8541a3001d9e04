from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes.calls.lane import FIRST_PAUSE_S, Lane, Lanes
from manyeyes.calls.limited import Limited, weigh
from manyeyes.calls.pace import Learned, PerMinute
from manyeyes.errors import ModelError, Overloaded, RateLimited
from manyeyes.model import no_pulse
from manyeyes.providers.rate_headers import rate_limits
from manyeyes.settings import Rate
from manyeyes.settings import load as load_settings
from manyeyes.types import Allowance, Completion, Media, Message, ModelRef, RateLimits, Request, Usage
from virtual_time import BACKEND

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),), max_tokens=100)
REF = ModelRef("a", "one")


@pytest.fixture
def anyio_backend():
    return BACKEND


@dataclass
class Vendor:
    """Takes some time for each answer; fails first with the errors given."""

    takes: float = 0.0
    failures: list[ModelError] = field(default_factory=list)
    limits: RateLimits | None = None
    usage: Usage | None = None
    sent_at: list[float] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    together: int = 0
    most_together: int = 0
    ref: ModelRef = REF

    async def complete(self, request, pulse):
        self.sent_at.append(anyio.current_time())
        self.order.append(request.system)
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        try:
            await anyio.sleep(self.takes)
            if self.failures:
                raise self.failures.pop(0)
        finally:
            self.together -= 1
        return Completion(ref=REF, text="answer", limits=self.limits, usage=self.usage)


async def crowd(vendor, lane, calls, *, within=10_000.0, each=0.0, request=ASK):
    """So many calls, each a moment after the last; how they ended, and when."""
    started, ends = anyio.current_time(), {}

    async def one(number):
        await anyio.sleep(number * each)
        asked = Request(messages=request.messages, system=str(number), max_tokens=request.max_tokens)
        try:
            await Limited(vendor, lane, started + within).complete(asked, no_pulse)
            ends[number] = "answered"
        except ModelError as error:
            ends[number] = str(error)

    async with anyio.create_task_group() as group:
        for number in range(calls):
            group.start_soon(one, number)
    return [ends[number] for number in range(calls)]


async def test_no_more_requests_than_allowed_in_any_minute_and_the_first_come_first():
    vendor, started = Vendor(takes=3), anyio.current_time()
    ends = await crowd(vendor, Lane(Rate(requests_per_minute=10)), 35, each=0.01)
    assert ends == ["answered"] * 35
    assert vendor.order == [str(number) for number in range(35)]
    assert [round(at - started) for at in vendor.sent_at] == [0] * 10 + [60] * 10 + [120] * 10 + [180] * 5


async def test_no_more_at_the_same_time_than_allowed():
    vendor = Vendor(takes=1)
    await crowd(vendor, Lane(Rate(concurrent=3)), 10)
    assert vendor.most_together == 3
    assert vendor.sent_at[-1] - vendor.sent_at[0] == pytest.approx(3)


async def test_tokens_are_counted_at_their_most_and_settled_after():
    vendor = Vendor(usage=Usage(input_tokens=5, output_tokens=5))
    lane = Lane(Rate(tokens_per_minute=200))  # one request takes 101 until it is answered
    assert weigh(REF, ASK).most == 101
    started = anyio.current_time()
    await crowd(vendor, lane, 10, each=1)
    assert vendor.sent_at[-1] - started == pytest.approx(9)  # 10 tokens each after all
    vendor.usage = None
    await crowd(vendor, lane, 3)
    assert vendor.sent_at[-1] - started > 60  # unknown use stays at the most


async def test_a_request_above_the_whole_limit_goes_alone():
    vendor = Vendor()
    assert await crowd(vendor, Lane(Rate(tokens_per_minute=50)), 2) == ["answered"] * 2
    assert vendor.sent_at[1] - vendor.sent_at[0] == pytest.approx(60)


async def test_a_turn_after_the_deadline_is_refused_at_once_and_not_sent():
    vendor, lane, started = Vendor(), Lane(Rate(requests_per_minute=2)), anyio.current_time()
    ends = await crowd(vendor, lane, 6, within=100)
    assert ends[:4] == ["answered"] * 4
    assert ends[4:] == ["not sent: at the rate allowed its turn would come in 120 s"] * 2
    assert len(vendor.sent_at) == 4
    with pytest.raises(RateLimited) as caught:
        await Limited(vendor, lane, anyio.current_time() + 10).complete(ASK, no_pulse)
    assert caught.value.retry_after == pytest.approx(started + 120 - anyio.current_time())


async def test_with_others_left_it_waits_no_longer_than_told():
    vendor, lane = Vendor(takes=60), Lane(Rate(concurrent=1))
    async with anyio.create_task_group() as group:
        group.start_soon(Limited(vendor, lane, anyio.current_time() + 1000).complete, ASK, no_pulse)
        await anyio.sleep(1)
        started = anyio.current_time()
        with pytest.raises(RateLimited, match="too many calls wait"):
            await Limited(vendor, lane, started + 1000, longest_s=10).complete(ASK, no_pulse)
        assert anyio.current_time() - started == pytest.approx(10)


async def test_after_a_429_the_line_pauses_as_long_as_asked():
    vendor = Vendor(takes=1, failures=[RateLimited(REF, "429", retry_after=20)])
    lane = Lane(Rate(concurrent=1))
    started = anyio.current_time()
    ends = await crowd(vendor, lane, 3)
    assert ends == ["429", "answered", "answered"]
    assert [at - started for at in vendor.sent_at] == pytest.approx([0, 21, 22.2], abs=0.3)


async def test_without_a_time_the_pause_doubles_until_an_answer_comes():
    vendor, lane = Vendor(failures=[RateLimited(REF, "429") for _ in range(3)]), Lane(Rate())
    started = anyio.current_time()
    for _ in range(5):
        await crowd(vendor, lane, 1)
    pauses = [later - earlier for earlier, later in pairwise(vendor.sent_at)]
    assert pauses[:3] == pytest.approx([FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S])
    assert pauses[3] < 1 / 0.7 + 0.01
    assert vendor.sent_at[0] == started
    assert lane.paused_s == 0


async def test_after_a_429_they_go_one_by_one_and_faster_again():
    lane = Lane(Rate())
    first = Vendor(takes=1, failures=[RateLimited(REF, "429", retry_after=5)])
    await crowd(first, lane, 20)  # ten a second, as it is measured
    vendor = Vendor()
    await crowd(vendor, lane, 200)
    gaps = [later - earlier for earlier, later in pairwise(vendor.sent_at)]
    assert gaps[0] == pytest.approx(1 / 7, rel=0.2)
    assert all(later < earlier + 1e-5 for earlier, later in pairwise(gaps))
    assert gaps[-1] < 1 / 10
    await anyio.sleep(300)
    vendor.sent_at.clear()
    await crowd(vendor, lane, 20)
    assert len(set(vendor.sent_at)) == 1


async def test_other_errors_do_not_pause():
    vendor = Vendor(failures=[Overloaded(REF, "529")])
    assert await crowd(vendor, Lane(Rate()), 3) == ["529", "answered", "answered"]
    assert len(set(vendor.sent_at)) == 1


async def test_who_gives_up_waiting_lets_the_others_through():
    vendor, lane = Vendor(), Lane(Rate(requests_per_minute=1))
    started = anyio.current_time()

    async def impatient():
        with anyio.move_on_after(30):
            await Limited(vendor, lane, started + 1000).complete(ASK, no_pulse)

    await crowd(vendor, lane, 1)
    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(impatient)
        await anyio.sleep(1)
        await Limited(vendor, lane, started + 1000).complete(ASK, no_pulse)
    assert [at - started for at in vendor.sent_at] == pytest.approx([0, 60])


async def test_what_the_vendor_says_is_left_is_kept_to():
    vendor, lane = Vendor(), Lane(Rate())
    # Half is left, and the other half takes 30 s: one more each second.
    vendor.limits = RateLimits(requests=Allowance(60, 2, 58.0), seen_at=anyio.current_time())
    await crowd(vendor, lane, 1)
    vendor.limits, started = None, anyio.current_time()
    await crowd(vendor, lane, 5)
    assert [at - started for at in vendor.sent_at[1:]] == pytest.approx([0, 0, 1, 2, 3], abs=1e-4)


async def test_limits_are_learned_from_errors_too_and_by_model():
    limits = RateLimits(tokens=Allowance(1000, 0, 100.0), seen_at=anyio.current_time())
    failure = Overloaded(REF, "529")
    failure.limits = limits
    vendor, lane, started = Vendor(failures=[failure]), Lane(Rate()), anyio.current_time()
    await crowd(vendor, lane, 1)
    long = Request(messages=(Message(role="user", text="x" * 300),))
    other = Vendor(ref=ModelRef("a", "two"))
    await Limited(other, lane, started + 1000).complete(long, no_pulse)
    assert other.sent_at == [started]
    await Limited(vendor, lane, started + 1000).complete(long, no_pulse)
    assert vendor.sent_at[-1] - started == pytest.approx(10, abs=1e-3)


async def test_a_call_over_the_limits_of_a_day_is_told_so():
    lane = Lane(Rate())
    lane.learn(REF, RateLimits(requests=Allowance(1000, 0, 86_400.0), seen_at=anyio.current_time()))
    with pytest.raises(RateLimited, match="in 86 s"):
        await Limited(Vendor(), lane, anyio.current_time() + 60).complete(ASK, no_pulse)


async def test_each_vendor_has_its_own_line():
    lanes = Lanes({"a": Rate(requests_per_minute=1)})
    assert lanes.of("a") is lanes.of("a")
    assert lanes.of("a") is not lanes.of("b")
    vendor = Vendor()
    await crowd(vendor, lanes.of("b"), 5)
    assert len(set(vendor.sent_at)) == 1


@settings(deadline=None, max_examples=60)
@given(
    limit=st.integers(1, 8),
    concurrent=st.integers(1, 4),
    steps=st.lists(st.tuples(st.floats(0, 40), st.floats(0, 20), st.floats(0, 90)), min_size=1, max_size=25),
)
def test_in_no_minute_are_there_more_than_allowed_whatever_comes(limit, concurrent, steps):
    """Whatever comes when, takes how long and gives up when: the limits hold, and whoever waits long enough goes."""
    vendor, lane = Vendor(), Lane(Rate(requests_per_minute=limit, concurrent=concurrent))
    left = []

    async def one(takes, patience):
        mine = Vendor(takes=takes, sent_at=vendor.sent_at)
        try:
            with anyio.move_on_after(patience):
                await Limited(mine, lane, anyio.current_time() + 70).complete(ASK, no_pulse)
        except RateLimited:
            left.append(1)

    async def go():
        async with anyio.create_task_group() as group:
            for wait, takes, patience in steps:
                await anyio.sleep(wait)
                group.start_soon(one, takes, patience)
        # Nothing is left behind: after a quiet minute the lane is as new.
        await anyio.sleep(61)
        assert await crowd(Vendor(), lane, 1) == ["answered"]

    anyio.run(go, backend=BACKEND[0], backend_options=BACKEND[1])
    for at in vendor.sent_at:
        assert sum(at <= other < at + 59.99 for other in vendor.sent_at) <= limit


@given(st.lists(st.tuples(st.floats(0, 30), st.floats(0.1, 50)), max_size=30), st.floats(1, 100))
def test_a_delay_is_as_long_as_it_must_be_and_no_longer(steps, limit):
    pace, now = PerMinute(limit), 0.0
    log: list[tuple[float, float]] = []
    for wait, wanted in steps:
        now += wait
        amount = min(wanted, limit)
        delay = pace.delay(amount, now)
        taken = sum(spent for at, spent in log if at > now + delay - 60 - 1e-3)
        assert delay == 0 or taken + amount > limit - 1e-6  # a moment earlier it would be too much
        log.append((now + delay, amount))
        assert 0 <= delay <= 60 + 1e-6
        now += delay
        assert pace.delay(amount, now) <= 1e-6
        pace.take(amount, now)


def test_what_was_sent_after_the_vendor_spoke_is_not_counted_twice():
    learned = Learned()
    assert learned.delay(10**9, 0) == 0
    learned.learn(Allowance(100, 50, 50.0), 0.0)
    learned.take(20, 1.0)
    assert learned.delay(31, 1.0) == pytest.approx(0.0)
    assert learned.delay(41, 1.0) == pytest.approx(10.0)
    learned.learn(Allowance(100, 40, 60.0), 0.5)  # spoken before the 20 went out
    assert learned.delay(20, 0.5) == pytest.approx(0.0)
    assert learned.delay(30, 0.5) == pytest.approx(10.0)
    learned.learn(Allowance(100, 99, 1.0), 0.2)  # older news
    assert learned.delay(30, 0.5) == pytest.approx(10.0)


NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)
ANTHROPIC = {
    "anthropic-ratelimit-requests-limit": "1000",
    "anthropic-ratelimit-requests-remaining": "999",
    "anthropic-ratelimit-requests-reset": "2026-07-01T12:00:30Z",
    "anthropic-ratelimit-tokens-limit": "80000",
    "anthropic-ratelimit-tokens-remaining": "70000",
    "anthropic-ratelimit-tokens-reset": "2026-07-01T11:59:00Z",
}
OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "20ms",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "149984",
    "x-ratelimit-reset-tokens": "6m0.5s",
}


@pytest.mark.parametrize(
    ("headers", "requests", "tokens"),
    [
        (ANTHROPIC, Allowance(1000, 999, 30.0), Allowance(80_000, 70_000, 0.0)),
        (
            {**ANTHROPIC, **{key.replace("tokens", "input-tokens"): "0" for key in ANTHROPIC if "tokens" in key}},
            Allowance(1000, 999, 30.0),
            Allowance(0, 0, 0.0),
        ),
        (OPENAI, Allowance(60, 59, 0.02), Allowance(150_000, 149_984, 360.5)),
        ({**OPENAI, "x-ratelimit-reset-tokens": "soon"}, Allowance(60, 59, 0.02), None),
        ({**OPENAI, "x-ratelimit-remaining-requests": "-1"}, None, Allowance(150_000, 149_984, 360.5)),
        ({**OPENAI, "x-ratelimit-limit-tokens": "many"}, Allowance(60, 59, 0.02), None),
        ({"x-ratelimit-limit": "60"}, None, None),
        ({}, None, None),
    ],
)
async def test_what_the_headers_say(headers, requests, tokens):
    limits = rate_limits(headers, now=lambda: NOW)
    if requests is None and tokens is None:
        assert limits is None
    else:
        assert limits == RateLimits(requests=requests, tokens=tokens, seen_at=anyio.current_time())


def test_media_and_tool_outputs_weigh_too():
    image = Message(role="user", text="abc", media=(Media("image/png", b"x"),))
    assert weigh(REF, Request(messages=(image,), system="def", max_tokens=7)).prompt == 1502


def test_rates_come_from_the_environment_by_vendor(tmp_path):
    environ = {"HOME": str(tmp_path), "MANYEYES_RATES_MY_VLLM_REQUESTS_PER_MINUTE": "7"}
    assert load_settings(environ, cwd=tmp_path).rates == {"my_vllm": Rate(requests_per_minute=7)}
