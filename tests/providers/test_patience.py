"""Silence of a vendor, through its real SDK: the call ends in time and its connection with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from manyeyes.calls.patient import Patient
from manyeyes.errors import TimedOut
from manyeyes.model import no_pulse
from manyeyes.settings import Patience
from manyeyes.types import Message, Request

if TYPE_CHECKING:
    from manyeyes.model import Provider
    from wire.doubles import Double
    from wire.vendors import VendorWords

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
RULES = Patience(first_token_s=0.3, stall_s=0.2)


@pytest.mark.parametrize(("pieces", "told"), [(0, "no first token"), (1, "stalled")])
async def test_a_vendor_that_falls_silent_is_not_waited_for(
    provider: Provider, vendor: VendorWords, double: Double, pieces: int, told: str
) -> None:
    model = provider.model(vendor.model)
    double.reply(vendor.says("warm"))
    await model.complete(ASK, no_pulse)  # the SDK is imported and connected now
    said = vendor.says("Good morning.")
    double.reply(replace(said, pieces=said.pieces[:pieces], then="hold"))
    started = anyio.current_time()
    with pytest.raises(TimedOut, match=told):
        await Patient(model, RULES, started + 60).complete(ASK, no_pulse)
    assert anyio.current_time() - started < 2
    double.reply(vendor.says("Good morning."))
    assert (await model.complete(ASK, no_pulse)).text == "Good morning."
