from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes import errors
from manyeyes.calls.breaker import Breaker
from manyeyes.errors import AccessDenied, BreakerOpen, ModelGone, RateLimited, RequestRejected, VendorFault
from manyeyes.model import no_pulse
from manyeyes.settings import Breaker as Rules
from manyeyes.state.breakers import PROBE_S, Breakers, Outage, read
from manyeyes.state.database import Database
from manyeyes.types import Completion, Message, ModelRef, Request

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
A1, A2, A3, B1 = (ModelRef(*text) for text in (("a", "one"), ("a", "two"), ("a", "three"), ("b", "one")))


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Vendor:
    """Fails as long as it has an error."""

    ref: ModelRef = A1
    error: type[errors.ModelError] | None = VendorFault
    status: int | None = None
    asked: int = 0
    wait: float = 0

    async def complete(self, request, pulse):
        self.asked += 1
        await anyio.sleep(self.wait)
        if self.error:
            raise self.error(self.ref, "no", status=self.status)
        return Completion(ref=self.ref, text="answer")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breakers(clock):
    return Breakers(Rules(), clock=clock)


async def ask(vendor: Vendor, breakers: Breakers, times: int = 1) -> list[str]:
    """How each of the calls ended."""
    ends = []
    for _ in range(times):
        try:
            await Breaker(vendor, breakers).complete(ASK, no_pulse)
            ends.append("answered")
        except errors.ModelError as error:
            ends.append(error.kind)
    return ends


async def test_it_opens_after_five_failures_and_closes_after_one_good_probe(clock, breakers):
    vendor = Vendor()
    assert await ask(vendor, breakers, 7) == ["vendor_fault"] * 5 + ["breaker_open"] * 2
    assert breakers.closed() == {A1: "passed over: failed 5 times in a row, asked again in 30 s"}
    assert B1 not in breakers.closed()
    clock.now += 6
    assert breakers.reasons() == {"a:one": "failed 5 times in a row, asked again in 24 s"}
    clock.now += 24
    vendor.error = None
    assert not breakers.closed()
    assert await ask(vendor, breakers, 3) == ["answered"] * 3
    assert breakers.reasons() == {}


async def waits_of(vendor, breakers, clock, *, probe_s: float) -> list[float]:
    """How long it is out before each of six probes that fail after so many seconds."""
    waits = []
    await ask(vendor, breakers, 5)
    for _ in range(6):
        with pytest.raises(BreakerOpen) as caught:
            await Breaker(vendor, breakers).complete(ASK, no_pulse)
        waits.append(caught.value.retry_after)
        clock.now += caught.value.retry_after
        admission = breakers.admit(vendor.ref)
        clock.now += probe_s
        breakers.failed(admission, VendorFault(vendor.ref, "500"))
    return waits


async def test_a_probe_that_fails_doubles_the_time_up_to_the_longest(clock, breakers):
    assert await waits_of(Vendor(), breakers, clock, probe_s=10) == [30, 60, 120, 120, 120, 120]


async def test_a_probe_that_fails_quickly_is_repeated_once_before_the_time_doubles(clock, breakers):
    assert await waits_of(Vendor(), breakers, clock, probe_s=0) == [30, 2, 60, 2, 120, 2]


async def test_a_vendor_that_is_well_again_is_not_out_for_one_bad_moment(clock, breakers):
    vendor = Vendor()
    await ask(vendor, breakers, 5)
    clock.now += 30
    assert await ask(vendor, breakers, 2) == ["vendor_fault", "breaker_open"]  # one call tries, not a crowd
    clock.now += 2
    vendor.error = None
    assert await ask(vendor, breakers) == ["answered"]
    assert breakers.reasons() == {}


async def test_only_one_call_tries(clock, breakers):
    vendor = Vendor()
    await ask(vendor, breakers, 5)
    clock.now += 30
    vendor.error, vendor.wait = None, 0.01
    ends = []

    async def one():
        ends.extend(await ask(vendor, breakers))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(one)
    assert sorted(ends) == ["answered"] + ["breaker_open"] * 9


async def test_a_cancelled_probe_leaves_it_to_the_next(clock, breakers):
    vendor = Vendor()
    await ask(vendor, breakers, 5)
    clock.now += 30
    vendor.error, vendor.wait = None, 60
    with anyio.move_on_after(0.01):
        await ask(vendor, breakers)
    vendor.wait = 0
    assert await ask(vendor, breakers) == ["answered"]


async def test_an_answer_that_was_under_way_before_the_failures_does_not_excuse_them(clock, breakers):
    early = [breakers.admit(A1) for _ in range(5)]
    clock.now += 1
    for admission in early:
        assert await ask(Vendor(), breakers) == ["vendor_fault"]
        breakers.answered(admission)
    assert "failed 5 times in a row" in breakers.closed()[A1]


async def test_failures_of_calls_under_way_do_not_prolong_it(clock, breakers):
    early = [breakers.admit(A1) for _ in range(9)]
    for admission in early:
        clock.now += 1
        breakers.failed(admission, VendorFault(A1, "500"))
    assert "asked again in 26 s" in breakers.closed()[A1]


async def test_a_probe_lost_with_its_process_is_replaced(clock, breakers):
    await ask(Vendor(), breakers, 5)
    clock.now += 30
    breakers.admit(A1)
    assert "just now" in breakers.closed()[A1]
    clock.now += PROBE_S
    assert breakers.admit(A1).probes == ("a:one",)


async def test_it_opens_on_the_share_of_failures(breakers):
    vendor = Vendor()
    for call in range(10):
        vendor.error = VendorFault if call % 2 else None
        assert "breaker_open" not in await ask(vendor, breakers)
    assert "failed 5 of 10 times within 60 s" in breakers.closed()[A1]


async def test_old_calls_do_not_count_for_the_share(clock, breakers):
    vendor = Vendor()
    for call in range(40):
        vendor.error = VendorFault if call % 2 else None
        clock.now += 10
        assert "breaker_open" not in await ask(vendor, breakers)


EVERY_ERROR = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.ModelError) and kind is not errors.ModelError
]


@pytest.mark.parametrize("kind", EVERY_ERROR)
async def test_each_error_counts_as_its_class_says(kind, clock, breakers):
    after = {"ill": 5, "out": 1}.get(kind.health, 10)
    assert await ask(Vendor(error=kind), breakers, after) == [kind(A1, "").kind] * after
    assert (A1 in breakers.closed()) == (kind.health in {"ill", "out"})


def test_what_each_error_says_of_a_model():
    said = {kind.__name__: kind.health for kind in EVERY_ERROR}
    assert {name for name, health in said.items() if health == "ill"} >= {
        "Unreachable", "TimedOut", "Overloaded", "VendorFault", "BrokenAnswer",
    }  # fmt: skip
    assert {name for name, health in said.items() if health == "out"} == {"AccessDenied", "ModelGone"}
    assert said["RateLimited"] == said["DeadlinePassed"] == said["OverBudget"] == "unknown"


async def test_a_refusal_in_between_shows_that_the_vendor_is_there(breakers):
    vendor = Vendor()
    for _ in range(3):  # twelve failures, never five in a row
        await ask(vendor, breakers, 4)
        vendor.error = RequestRejected
        await ask(vendor, breakers, 12)
        vendor.error = VendorFault
    assert not breakers.closed()


async def test_a_rate_limit_leaves_the_probe_to_the_next(clock, breakers):
    vendor = Vendor()
    await ask(vendor, breakers, 5)
    clock.now += 30
    vendor.error = RateLimited
    assert await ask(vendor, breakers, 2) == ["rate_limited"] * 2
    vendor.error = None
    assert await ask(vendor, breakers) == ["answered"]


async def test_one_bad_model_does_not_close_the_vendor_and_two_do(breakers):
    await ask(Vendor(A1), breakers, 5)
    assert A2 not in breakers.closed()
    assert await ask(Vendor(A2), breakers, 2) == ["vendor_fault", "breaker_open"]
    assert "failed 6 times in a row" in breakers.closed()[A3]
    assert B1 not in breakers.closed()


async def test_a_vendor_that_comes_back_takes_one_probe(clock, breakers):
    await ask(Vendor(A1), breakers, 5)
    await ask(Vendor(A2), breakers, 1)
    clock.now += 30
    assert await ask(Vendor(A1, error=None), breakers) == ["answered"]
    assert await ask(Vendor(A3, error=None), breakers) == ["answered"]
    assert breakers.reasons() == {}


async def test_a_refused_key_closes_the_vendor_for_longer(clock, breakers):
    await ask(Vendor(A1, AccessDenied, 401), breakers)
    assert "refused the key, asked again in 300 s" in breakers.closed()[A2]
    clock.now += 300
    assert await ask(Vendor(A2, error=None), breakers) == ["answered"]
    assert not breakers.reasons()


@pytest.mark.parametrize(("kind", "status"), [(AccessDenied, 403), (ModelGone, 404)])
async def test_what_concerns_one_model_closes_that_one(kind, status, breakers):
    await ask(Vendor(A1, kind, status), breakers)
    assert A1 in breakers.closed()
    assert A2 not in breakers.closed()


@pytest.fixture
def two(tmp_path, clock):
    """The breakers of two processes that share a file."""
    files = [Database(tmp_path / "state.db") for _ in range(2)]
    yield [Breakers(Rules(), file, clock=clock) for file in files]
    for file in files:
        file.close()


async def test_another_process_learns_of_it_and_of_its_end(two, clock):
    one, other = two
    await ask(Vendor(), one, 5)
    clock.now += 1
    assert "failed 5 times in a row, asked again in 29 s" in other.closed()[A1]
    assert await ask(Vendor(), other) == ["breaker_open"]
    clock.now += 29
    assert await ask(Vendor(error=None), other) == ["answered"]
    clock.now += 1
    assert await ask(Vendor(), one) == ["vendor_fault"]  # it is asked again here too


async def test_of_two_processes_one_tries(two, clock):
    one, other = two
    await ask(Vendor(), one, 5)
    clock.now += 30
    other.closed()  # both have read it before either tries
    assert one.admit(A1).probes == ("a:one",)
    with pytest.raises(BreakerOpen):
        other.admit(A1)


async def test_a_refused_key_is_the_matter_of_one_process(two, clock):
    one, other = two
    await ask(Vendor(A1, AccessDenied, 401), one)
    clock.now += 2
    assert not other.closed()


async def test_it_outlives_the_process(tmp_path, clock):
    file = Database(tmp_path / "state.db")
    await ask(Vendor(), Breakers(Rules(), file, clock=clock), 5)
    file.close()
    file = Database(tmp_path / "state.db")
    assert A1 in Breakers(Rules(), file, clock=clock).closed()
    file.close()


async def test_a_file_that_cannot_be_used_leaves_it_in_memory(tmp_path, clock):
    (tmp_path / "state.db").write_bytes(b"this is no database" * 100)
    file = Database(tmp_path / "state.db")
    breakers = Breakers(Rules(), file, clock=clock)
    assert await ask(Vendor(), breakers, 6) == ["vendor_fault"] * 5 + ["breaker_open"]
    clock.now += 30
    assert await ask(Vendor(error=None), breakers, 2) == ["answered"] * 2
    file.close()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"why": "x"}', '{"why":"x","until":"y","lasts":1}'])
def test_a_row_that_cannot_be_read_is_no_outage(text):
    assert read(text) is None


@given(st.builds(Outage, why=st.text(), until=st.floats(0, 1e10), lasts=st.floats(0, 1e5)))
def test_an_outage_is_read_as_it_was_written(outage):
    assert read(outage.text()) == outage
