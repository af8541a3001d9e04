from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from manyeyes.calls.observed import Caller, Observed
from manyeyes.calls.patient import Patient
from manyeyes.calls.ready import Ready
from manyeyes.errors import SdkUnavailable
from manyeyes.model import no_pulse
from manyeyes.providers.scripted import Answer, ScriptedModel
from manyeyes.settings import Patience
from manyeyes.types import Message, ModelRef, Request
from virtual_time import BACKEND

pytestmark = pytest.mark.anyio
ASK = Request(messages=(Message(role="user", text="hello"),))
REF = ModelRef("a", "one")


@pytest.fixture
def anyio_backend():
    return BACKEND


@dataclass
class Importing:
    """A provider whose SDK takes its time."""

    seconds: float = 60.0
    fault: Exception | None = None

    async def warm(self):
        await anyio.sleep(self.seconds)
        if self.fault:
            raise self.fault


@dataclass
class Heard:
    events: list = field(default_factory=list)

    def note(self, event):
        self.events.append(event)


async def test_an_import_is_no_part_of_the_time_to_the_first_token():
    heard = Heard()
    model = Patient(ScriptedModel(REF, (Answer(text="yes"),)), Patience(first_token_s=5), anyio.current_time() + 500)
    model = Observed(model, Caller(run_id="r", tool="t", role="x"), heard, lambda _ref, _usage: None)
    answer = await Ready(model, Importing()).complete(ASK, no_pulse)
    assert answer.text == "yes"
    assert heard.events[0].first_token_s == pytest.approx(0)
    assert heard.events[0].seconds == pytest.approx(0)


async def test_without_an_sdk_nothing_is_asked():
    model = ScriptedModel(REF, (Answer(text="yes"),))
    fault = SdkUnavailable(REF, "the SDK cannot be imported")
    with pytest.raises(SdkUnavailable):
        await Ready(model, Importing(fault=fault)).complete(ASK, no_pulse)
    assert Ready(model, Importing()).ref == REF
    assert model.asked == []
