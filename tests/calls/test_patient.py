from __future__ import annotations

from dataclasses import dataclass

import anyio
import pytest

from manyeyes.calls.patient import Patient
from manyeyes.errors import TimedOut, VendorFault
from manyeyes.model import no_pulse
from manyeyes.settings import Patience
from manyeyes.types import Completion, Message, ModelRef, Request
from virtual_time import BACKEND

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
REF = ModelRef("a", "one")
RULES = Patience(first_token_s=20, stall_s=5, share=0.5)


@pytest.fixture
def anyio_backend():
    return BACKEND


@dataclass
class Trickling:
    """Gives a sign of life after each of the pauses, then answers."""

    pauses: list[float]
    closed: bool = False
    error: Exception | None = None
    ref: ModelRef = REF

    async def complete(self, request, pulse):
        try:
            for pause in self.pauses:
                await anyio.sleep(pause)
                pulse()
        finally:
            self.closed = True
        if self.error:
            raise self.error
        return Completion(ref=REF, text="answer")


@pytest.mark.parametrize(
    ("pauses", "others", "seconds", "told"),
    [
        ([19, 4, 4, 4], 0, 31, ""),
        ([21], 0, 20, "no first token came within 20 s"),
        ([1, 6], 0, 6, "the answer stalled: nothing more came for 5 s"),
        ([1, 4, 4, 10_000], 0, 14, "stalled"),
        ([0, 10_000], 0, 5, "stalled"),  # the first sign of life comes at once
        ([4] * 20, 0, 80, ""),
        ([4] * 20, 1, 50, "no whole answer within 50 s, its share of the time while other models are left"),
        ([26], 1, 20, "no first token came within 20 s"),
        ([], 1, 0, ""),
    ],
)
async def test_a_pause_that_is_too_long_ends_the_attempt(pauses, others, seconds, told):
    model, started = Trickling(pauses), anyio.current_time()
    call = Patient(model, RULES, started + 100, others)
    if told:
        with pytest.raises(TimedOut, match=told) as caught:
            await call.complete(ASK, no_pulse)
        assert caught.value.begun == (len(pauses) > 1)
    else:
        assert (await call.complete(ASK, no_pulse)).text == "answer"
    assert anyio.current_time() - started == pytest.approx(seconds)
    assert model.closed


async def test_pulses_and_errors_pass_through():
    pulses = []
    call = Patient(Trickling([1, 1], error=VendorFault(REF, "500")), RULES, anyio.current_time() + 100)
    with pytest.raises(VendorFault):
        await call.complete(ASK, lambda: pulses.append(1))
    assert len(pulses) == 2


async def test_cancellation_from_outside_is_not_taken_for_silence():
    with anyio.move_on_after(3) as scope:
        await Patient(Trickling([10]), RULES, anyio.current_time() + 100).complete(ASK, no_pulse)
    assert scope.cancelled_caught


async def test_with_others_left_a_short_deadline_shortens_the_wait_for_the_first_token():
    started = anyio.current_time()
    with pytest.raises(TimedOut, match=r"no first token came within 7\.5 s"):
        await Patient(Trickling([8]), RULES, started + 30, 1).complete(ASK, no_pulse)
    assert (await Patient(Trickling([8]), RULES, started + 30).complete(ASK, no_pulse)).text == "answer"
