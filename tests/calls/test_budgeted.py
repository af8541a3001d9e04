from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from manyeyes import errors
from manyeyes.calls.budgeted import Budgeted
from manyeyes.calls.observed import Caller, Observed
from manyeyes.calls.worst_case import FRAME_TOKENS, MEDIA_TOKENS, TURN_TOKENS, most_input, most_output
from manyeyes.catalog import Catalog
from manyeyes.model import no_pulse
from manyeyes.prices import Prices
from manyeyes.providers.faults import Faults
from manyeyes.settings import Endpoint
from manyeyes.state.budget import Budget
from manyeyes.state.reservations import entries
from manyeyes.types import Completion, Media, Message, ModelRef, Native, Request, ToolCall, ToolOutput, ToolSpec, Usage

pytestmark = pytest.mark.anyio
DEAR = ModelRef("dear", "m")
ODD = ModelRef("odd", "m")
HERE = ModelRef("here", "m")
CALLER = Caller(run_id="r-1", tool="code_review", role="reviewer")
# A dollar a token makes figures to read: the prompt "" costs 1,040 and every token of the answer 10.
PRICES = Prices(
    {
        "dear": Endpoint(url="https://dear.example/v1", usd_per_mtok_input=1e6, usd_per_mtok_output=1e7),
        "odd": Endpoint(url="https://odd.example/v1"),
        "here": Endpoint(url="http://127.0.0.1:1/v1"),
    }
)
FRAME = FRAME_TOKENS + 2 * TURN_TOKENS
ASK = Request(messages=(Message(role="user", text=""),), max_tokens=10)
MOST = FRAME + 100.0
USAGE = Usage(input_tokens=7, cached_tokens=3, output_tokens=2)


@dataclass
class Fake:
    ref: ModelRef = DEAR
    error: errors.ModelError | None = None
    usage: Usage | None = USAGE
    pulses: bool = False
    hold: anyio.Event | None = None
    begun: anyio.Event = field(default_factory=anyio.Event)
    asked: int = 0

    async def complete(self, request, pulse):
        self.asked += 1
        if self.pulses:
            pulse()
        self.begun.set()
        if self.hold:
            await self.hold.wait()
        if self.error:
            raise self.error
        return Completion(ref=self.ref, text="answer", usage=self.usage)


def budgeted(database, model, *, local=False, told=None, **limits) -> Budgeted:
    budget = Budget(database, PRICES, **limits)
    heard = [].append if told is None else told.append
    watched = Observed(model, CALLER, Deaf(), PRICES.cost_usd)
    return Budgeted(watched, budget, CALLER, local=local, settled=heard)


class Deaf:
    def note(self, event):
        pass


async def ask(model) -> Completion:
    return await model.complete(ASK, no_pulse)


async def test_an_answer_costs_what_was_used(database):
    told = []
    model = budgeted(database, Fake(), told=told, per_day=MOST)
    assert (await ask(model)).text == "answer"
    (entry,) = entries(database)
    assert told == [entry]
    assert (entry.state, entry.nanos) == ("known", 27 * 10**9)
    assert (entry.input_tokens, entry.cached_tokens, entry.output_tokens) == (7, 3, 2)
    assert (entry.run_id, entry.tool, entry.role, entry.ref, entry.day) == (
        *("r-1", "code_review", "reviewer", DEAR),
        "2026-11-23",
    )
    account = model.budget.account("r-1")
    assert (account.cost_usd, account.estimated_usd, account.unknown) == (27.0, 0.0, 0)


async def test_the_worst_case_is_set_aside_while_it_is_under_way(database):
    fake = Fake(hold=anyio.Event())
    model = budgeted(database, fake, per_day=2 * MOST - 1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, model)
        await fake.begun.wait()
        (entry,) = entries(database)
        assert (entry.state, entry.nanos) == ("open", int(MOST) * 10**9)
        with pytest.raises(errors.OverBudget):
            await ask(model)
        fake.hold.set()
    assert fake.asked == 1
    await ask(model)
    assert fake.asked == 2


SENT = [errors.TimedOut, errors.BrokenAnswer, errors.Refused, errors.Truncated, errors.InvalidAnswer]
NOT_CHARGED = [errors.RateLimited, errors.Overloaded, errors.VendorFault, errors.AccessDenied, errors.Unreachable]


@pytest.mark.parametrize("kind", SENT)
async def test_a_lost_call_stays_at_its_worst_case(database, kind):
    model = budgeted(database, Fake(error=kind(DEAR, "so")), per_day=9e9)
    with pytest.raises(kind) as caught:
        await ask(model)
    (entry,) = entries(database)
    assert (entry.state, entry.nanos) == ("estimated", int(MOST) * 10**9)
    assert caught.value.estimated_usd == MOST
    assert model.budget.account("r-1").estimated_usd == MOST


@pytest.mark.parametrize("kind", NOT_CHARGED)
async def test_a_call_that_was_not_served_costs_nothing(database, kind):
    model = budgeted(database, Fake(error=kind(DEAR, "so")), per_day=MOST)
    with pytest.raises(kind) as caught:
        await ask(model)
    (entry,) = entries(database)
    assert (entry.state, entry.nanos) == ("known", 0)
    assert caught.value.estimated_usd is None


@pytest.mark.parametrize("sign", ["a first piece had come", "the request had gone out"])
async def test_a_connection_that_broke_under_way_may_have_been_charged(database, sign):
    error = errors.Unreachable(DEAR, "it broke")
    error.lost = sign == "the request had gone out"
    model = budgeted(database, Fake(error=error, pulses=not error.lost), per_day=MOST)
    with pytest.raises(errors.Unreachable):
        await ask(model)
    assert entries(database)[0].state == "estimated"


@pytest.mark.parametrize(
    ("raised", "lost"),
    [
        (httpx2.ConnectError("refused"), False),
        (httpx2.ConnectTimeout("silent"), False),
        (httpx2.ReadError("reset"), True),
        (httpx2.RemoteProtocolError("disconnected"), True),
    ],
)
def test_whether_the_request_had_gone_out_shows_in_the_transports_error(raised, lost):
    error = Faults(DEAR).transport(raised, 1.0)
    assert isinstance(error, errors.Unreachable)
    assert error.lost is lost


async def test_a_failure_that_tells_what_it_used_costs_that(database):
    model = budgeted(database, Fake(error=errors.Truncated(DEAR, "cut", usage=USAGE)), per_day=MOST)
    with pytest.raises(errors.Truncated):
        await ask(model)
    assert (entries(database)[0].state, entries(database)[0].nanos) == ("known", 27 * 10**9)


async def test_an_answer_without_figures_stays_at_its_worst_case(database):
    await ask(budgeted(database, Fake(usage=None), per_day=MOST))
    assert (entries(database)[0].state, entries(database)[0].nanos) == ("estimated", int(MOST) * 10**9)


async def test_a_cancelled_call_stays_at_its_worst_case(database):
    fake = Fake(hold=anyio.Event())
    model = budgeted(database, fake, per_day=MOST)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, model)
        await fake.begun.wait()
        tasks.cancel_scope.cancel()
    assert (entries(database)[0].state, entries(database)[0].nanos) == ("estimated", int(MOST) * 10**9)


async def test_the_refusal_names_the_figures(database):
    fake = Fake()
    model = budgeted(database, fake, per_day=MOST + 26.994)
    await ask(model)
    with pytest.raises(errors.OverBudget) as caught:
        await ask(budgeted(database, fake, per_day=MOST + 26.994))
    assert str(caught.value) == (
        f"it could cost up to ${MOST:.2f}, and ${MOST - 0.01:.2f} of ${MOST + 26.994:.3f} are left today (UTC)"
    )
    assert fake.asked == 1


async def test_a_limit_that_is_just_enough_is_enough(database):
    fake = Fake()
    for _ in range(3):
        await ask(budgeted(database, fake, per_day=MOST + 2 * 27, per_call=MOST + 2 * 27))
    with pytest.raises(errors.OverBudget):
        await ask(budgeted(database, fake, per_day=MOST + 2 * 27))
    assert fake.asked == 3


async def test_a_limit_for_one_call_is_for_all_its_attempts_together(database):
    fake = Fake()
    model = budgeted(database, fake, per_call=MOST)
    await ask(model)
    with pytest.raises(errors.OverBudget, match="are left for this call"):
        await ask(model)
    other = Budgeted(fake, model.budget, Caller(run_id="r-2", tool="t", role="r"))
    await ask(other)
    assert fake.asked == 2


async def test_a_new_day_has_its_own_limit(database, clock):
    fake = Fake()
    model = budgeted(database, fake, per_day=MOST)
    await ask(model)
    with pytest.raises(errors.OverBudget):
        await ask(model)
    clock.now += 23 * 3_600
    await ask(model)
    assert [entry.day for entry in entries(database)] == ["2026-11-23", "2026-11-24"]


async def test_a_remote_model_without_a_price_is_not_asked_under_a_limit(database):
    fake = Fake(ref=ODD)
    with pytest.raises(errors.OverBudget) as caught:
        await ask(budgeted(database, fake, per_day=1.5))
    assert str(caught.value) == "its price is not known, and $1.50 of $1.50 are left today (UTC)"
    assert fake.asked == 0


async def test_without_a_limit_an_unknown_price_stays_unknown(database):
    model = budgeted(database, Fake(ref=ODD))
    await ask(model)
    assert (entries(database)[0].state, entries(database)[0].nanos) == ("unknown", 0)
    assert model.budget.account("r-1").unknown == 1


@pytest.mark.parametrize("ref", [HERE, ODD])
async def test_what_runs_here_is_asked_whatever_is_left(database, ref):
    await ask(budgeted(database, Fake(ref=ref), local=True, per_day=0.0, per_call=0.0))


async def test_a_first_call_to_a_vendor_finds_its_price(database):
    ref = ModelRef("anthropic", "claude-opus-4-7")
    model = budgeted(database, Fake(ref=ref, usage=Usage(input_tokens=1_000_000)), per_day=1e6)
    await ask(model)
    assert entries(database)[0].nanos == round(PRICES.cost_usd(ref, Usage(input_tokens=1_000_000)) * 10**9) > 0


async def test_while_another_process_holds_the_file_a_reservation_waits(database):
    database.connect()
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    paused = []

    async def sleep(seconds):
        paused.append(seconds)
        other.execute("ROLLBACK")
        other.close()

    fake = Fake()
    budget = Budget(database, PRICES, per_day=MOST, sleep=sleep)
    await ask(Budgeted(fake, budget, CALLER))
    assert len(paused) == fake.asked == 1


async def test_a_file_that_is_held_for_good_ends_in_a_refusal(database, monkeypatch):
    monkeypatch.setattr("manyeyes.state.budget._PATIENCE_S", 0.0)
    database.connect()
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    fake = Fake()
    with pytest.raises(errors.OverBudget, match="in use by another process"):
        await ask(budgeted(database, fake, per_day=MOST))
    other.close()
    assert fake.asked == 0


async def test_a_settlement_that_finds_the_file_held_is_made_later(database, clock):
    fake = Fake(hold=anyio.Event())
    model = budgeted(database, fake, per_day=MOST + 27)
    other = sqlite3.connect(database.path, isolation_level=None)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, model)
        await fake.begun.wait()
        other.execute("BEGIN IMMEDIATE")
        database.write("DELETE FROM breakers WHERE key = ?", ("something else that waits",))
        fake.hold.set()
    assert entries(database)[0].state == "known"  # what waits is seen
    assert other.execute("SELECT state FROM reservations").fetchone() == ("open",)
    other.execute("ROLLBACK")
    await ask(model)
    assert [entry.state for entry in entries(database)] == ["known", "known"]  # who reads has it written first
    assert other.execute("SELECT state FROM reservations").fetchall() == [("known",), ("known",)]
    other.close()


class Shape(BaseModel):
    word: str


TOOL = ToolSpec(name="look", description="looks", parameters={"type": "object"})


@pytest.mark.parametrize(
    ("extra", "least"),
    [
        ({"system": "ä" * 100}, 200),
        ({"system": "\ud800"}, 3),
        ({"tools": (TOOL,)}, len("look looks") + len('{"type": "object"}')),
        ({"answer": Shape}, len(str(Shape.model_json_schema()))),
        ({"messages": (Message(role="user", media=(Media("image/png", b"x"),)),)}, MEDIA_TOKENS),
        ({"messages": (Message(role="user", media=(Media("audio/wav", b"x" * 99_999),)),)}, 99_999),
        ({"messages": (Message(role="assistant", native=Native("openai", "n" * 50)),)}, 50),
        ({"messages": (Message(role="assistant", tool_calls=(ToolCall("c", "look", {"at": "é"}),)),)}, 15),
        ({"messages": (Message(role="user", tool_outputs=(ToolOutput("c", "look", "t" * 70),)),)}, 75),
    ],
)
def test_everything_that_is_sent_counts(extra, least):
    empty = Request(messages=(Message(role="user"),))
    one = Request(**{"messages": empty.messages} | extra)
    assert most_input(one, None) - most_input(empty, None) >= least


@given(st.text(max_size=200))
def test_no_text_has_more_tokens_than_bytes(text):
    request = Request(messages=(Message(role="user", text=text),))
    assert most_input(request, None) == FRAME + len(text.encode("utf-8", "surrogatepass"))


def test_a_vendors_window_bounds_the_prompt_and_an_endpoints_does_not():
    spec = Catalog.load().get(ModelRef("anthropic", "claude-opus-4-7"))
    huge = Request(messages=(Message(role="user", text="x" * 10_000_000),), max_tokens=10**9)
    assert most_input(huge, spec) == spec.max_input
    assert most_output(huge, spec) == spec.max_output
    assert most_output(huge, None) == 10**9
