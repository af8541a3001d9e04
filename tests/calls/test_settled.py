from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from manyeyes import errors
from manyeyes.calls.budgeted import Budgeted
from manyeyes.calls.observed import Caller, Observed
from manyeyes.calls.settled import Settled
from manyeyes.events import RunEvent
from manyeyes.model import no_pulse
from manyeyes.prices import Prices
from manyeyes.settings import Endpoint
from manyeyes.state.budget import Budget
from manyeyes.state.database import Database
from manyeyes.state.money import dollars
from manyeyes.state.reservations import entries
from manyeyes.types import Completion, Message, ModelRef, Request, Usage

pytestmark = pytest.mark.anyio
DEAR, ODD = ModelRef("dear", "m"), ModelRef("odd", "m")
CALLER = Caller(run_id="r-1", tool="code_review", role="reviewer")
PRICES = Prices(
    {
        "dear": Endpoint(url="https://dear.example/v1", usd_per_mtok_input=1e6, usd_per_mtok_output=1e7),
        "odd": Endpoint(url="https://odd.example/v1"),
    }
)
ASK = Request(messages=(Message(role="user", text="hello"),), max_tokens=10)
USAGE = Usage(input_tokens=7, cached_tokens=3, output_tokens=2)


@dataclass
class Fake:
    ref: ModelRef
    end: Usage | errors.ModelError | None

    async def complete(self, request, pulse):
        if isinstance(self.end, errors.ModelError):
            raise self.end
        return Completion(ref=self.ref, text="answer", usage=self.end)


@dataclass
class Silent:
    """Never answers."""

    ref: ModelRef

    async def complete(self, request, pulse):
        await anyio.sleep_forever()


@dataclass
class Ear:
    events: list = field(default_factory=list)

    def note(self, event):
        self.events.append(event)


def wrapped(model, ear, **limits) -> tuple[Budgeted, Database]:
    database = Database(None)
    settled = Settled(ear)
    watched = Observed(model, CALLER, settled, PRICES.cost_usd)
    return Budgeted(watched, Budget(database, PRICES, **limits), CALLER, settled=settled.settled), database


@pytest.mark.parametrize(
    ("ref", "end", "state"),
    [
        (DEAR, USAGE, "known"),
        (DEAR, None, "estimated"),  # an answer whose vendor does not say what it used
        (DEAR, errors.RateLimited(DEAR, "429"), "known"),
        (DEAR, errors.TimedOut(DEAR, "late"), "estimated"),
        (DEAR, errors.Truncated(DEAR, "cut", usage=USAGE), "known"),
        (ODD, USAGE, "unknown"),
        (ODD, errors.TimedOut(ODD, "late"), "unknown"),
    ],
)
async def test_everybody_hears_the_cost_that_the_account_has(ref, end, state):
    ear = Ear()
    model, database = wrapped(Fake(ref, end), ear)
    if isinstance(end, errors.ModelError):
        with pytest.raises(type(end)):
            await model.complete(ASK, no_pulse)
    else:
        await model.complete(ASK, no_pulse)
    (entry,), (event,) = entries(database), ear.events
    assert entry.state == state
    assert event.cost_usd == (None if state == "unknown" else dollars(entry.nanos))
    assert event.estimated == (state == "estimated")
    database.close()


async def test_a_cancelled_call_is_told_of_with_its_worst_case():
    ear = Ear()
    model, database = wrapped(Silent(DEAR), ear)
    with anyio.move_on_after(0.01):
        await model.complete(ASK, no_pulse)
    (entry,), (event,) = entries(database), ear.events
    assert (event.error, event.estimated) == ("cancelled", True)
    assert event.cost_usd == dollars(entry.nanos) > 0
    database.close()


async def test_each_call_is_told_of_once():
    ear = Ear()
    model, database = wrapped(Fake(DEAR, USAGE), ear)
    for count in (1, 2):
        await model.complete(ASK, no_pulse)
        assert len(ear.events) == count
    database.close()


async def test_what_was_not_sent_is_not_told_of():
    ear = Ear()
    model, database = wrapped(Fake(DEAR, USAGE), ear, per_call=0.01)
    with pytest.raises(errors.OverBudget):
        await model.complete(ASK, no_pulse)
    assert ear.events == []
    database.close()


async def test_other_events_pass():
    ear = Ear()
    run = RunEvent(at=0.0, run_id="r", tool="t", status="complete", seconds=1.0)
    Settled(ear).note(run)
    assert ear.events == [run]
