"""Equal questions are asked once: later, and at the same time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace

import anyio
import pytest
from pydantic import BaseModel

from manyeyes.calls.cached import Cached, edition, key_of
from manyeyes.calls.flights import Flights
from manyeyes.calls.redacted import Redacted
from manyeyes.errors import DeadlinePassed, ModelError, OverBudget, Truncated, Unreachable, VendorFault
from manyeyes.model import no_pulse
from manyeyes.redaction import Redactor
from manyeyes.settings import Cache, Endpoint, Settings, load
from manyeyes.state.answers import Answers
from manyeyes.state.database import Database
from manyeyes.types import (
    Completion,
    Media,
    Message,
    ModelRef,
    Native,
    Request,
    ToolCall,
    ToolOutput,
    ToolSpec,
    Usage,
)

pytestmark = pytest.mark.anyio
REF = ModelRef("a", "one")
ASK = Request(messages=(Message(role="user", text="hello"),), system="Be brief.")
USAGE = Usage(input_tokens=10, output_tokens=2)
LOOK = ToolSpec(name="look", description="Looks.", parameters={"type": "object"})


class Yes(BaseModel):
    yes: bool


class YesToo(BaseModel):
    yes: bool


@dataclass
class Slow:
    """Answers when it is let go; counts how often it was asked, finished and cancelled."""

    ref: ModelRef = REF
    text: str = "answer"
    error: BaseException | None = None
    calls: tuple[ToolCall, ...] = ()
    go: anyio.Event = field(default_factory=anyio.Event)
    pieces: anyio.Event = field(default_factory=anyio.Event)
    counts: Counter = field(default_factory=Counter)

    async def complete(self, request, pulse):
        self.counts["asked"] += 1
        pulse()
        self.pieces.set()
        try:
            await self.go.wait()
        except anyio.get_cancelled_exc_class():
            self.counts["cancelled"] += 1
            raise
        self.counts["finished"] += 1
        if self.error is not None:
            raise self.error
        parsed = request.answer.model_validate_json(self.text) if request.answer else None
        return Completion(
            ref=self.ref, text=self.text, served="one-x", parsed=parsed, usage=USAGE, tool_calls=self.calls
        )


@pytest.fixture
async def flights():
    async with anyio.create_task_group() as tasks:
        yield Flights(tasks)
        tasks.cancel_scope.cancel()


@pytest.fixture
def answers():
    database = Database(None)
    yield Answers(database, ttl_s=60, max_bytes=1_000_000)
    database.close()


@pytest.fixture
def model():
    slow = Slow()
    slow.go.set()
    return slow


@pytest.fixture
def cached(model, answers, flights):
    return Cached(model, answers, flights)


async def test_the_second_time_nobody_is_asked_and_nothing_is_paid(cached, model):
    first = await cached.complete(ASK, no_pulse)
    again = await cached.complete(ASK, no_pulse)
    assert (first.cached, first.usage) == (False, USAGE)
    assert (again.cached, again.usage) == (True, Usage())
    assert (again.text, again.served, again.ref) == (first.text, first.served, first.ref)
    assert model.counts["asked"] == 1


async def test_a_shape_is_read_again(cached, model):
    model.text = '{"yes": true}'
    request = replace(ASK, answer=Yes)
    await cached.complete(request, no_pulse)
    assert (await cached.complete(request, no_pulse)).parsed == Yes(yes=True)
    assert model.counts["asked"] == 1


async def test_an_answer_that_repeats_a_secret_of_the_run_is_not_kept(model, answers, flights):
    cached = Cached(model, answers, flights, mask=Redactor(known=["hunter2-Xk29dm"]).mask_values)
    model.text = "it is hunter2-Xk29dm"
    assert (await cached.complete(ASK, no_pulse)).text == model.text
    assert answers.get(key_of(REF, ASK)) is None
    model.text = "it is <secret:operator-key:1>"
    await cached.complete(ASK, no_pulse)
    assert answers.get(key_of(REF, ASK)).text == model.text


async def test_what_is_no_longer_of_the_shape_is_asked_anew(cached, model, answers):
    model.text = '{"yes": true}'
    request = replace(ASK, answer=Yes)
    await cached.complete(request, no_pulse)
    key = key_of(REF, request)
    answers.put(key, replace(answers.get(key), text='{"yes": "perhaps"}'))
    assert (await cached.complete(request, no_pulse)).parsed == Yes(yes=True)
    assert model.counts["asked"] == 2
    assert answers.get(key).text == '{"yes": true}'


CHANGES = {
    "messages": (Message(role="user", text="hello!"),),
    "system": "Be long.",
    "max_tokens": 1,
    "answer": Yes,
    "tools": (LOOK,),
    "effort": "low",
    "cache_key": "k",
    "cache_note": "n",
}
NEVER_KEPT = {"search": True, "private": True}
IN_A_MESSAGE = {
    "role": "assistant",
    "text": "bye",
    "media": (Media("image/png", b"x"),),
    "tool_calls": (ToolCall("1", "look", {}),),
    "tool_outputs": (ToolOutput("1", "look", "x"),),
    "native": Native("a", "x"),
}


def test_every_field_is_thought_of():
    assert {*CHANGES, *NEVER_KEPT} == {one.name for one in fields(Request)}
    assert set(IN_A_MESSAGE) == {one.name for one in fields(Message)}


@pytest.mark.parametrize("name", sorted(NEVER_KEPT))
async def test_what_must_not_be_kept_is_asked_each_time(name, cached, model):
    request = replace(ASK, **{name: NEVER_KEPT[name]})
    await cached.complete(request, no_pulse)
    await cached.complete(request, no_pulse)
    assert model.counts["asked"] == 2


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_what_changes_the_answer_changes_the_key(name):
    changed = replace(ASK, **{name: CHANGES[name]})
    assert (key_of(REF, changed) != key_of(REF, ASK)) is (name != "cache_note")


@pytest.mark.parametrize("name", sorted(IN_A_MESSAGE))
def test_everything_in_a_message_counts(name):
    changed = replace(ASK, messages=(replace(ASK.messages[0], **{name: IN_A_MESSAGE[name]}),))
    assert key_of(REF, changed) != key_of(REF, ASK)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (replace(ASK, system="ab"), replace(ASK, system="a", messages=(Message(role="user", text="bhello"),))),
        (replace(ASK, answer=Yes), replace(ASK, answer=YesToo)),
        (replace(ASK, cache_key="hello"), ASK),
        (
            replace(ASK, messages=(Message(role="user", media=(Media("image/png", b"ab"), Media("image/png", b"c"))),)),
            replace(ASK, messages=(Message(role="user", media=(Media("image/png", b"a"), Media("image/png", b"bc"))),)),
        ),
    ],
)
def test_parts_do_not_run_into_each_other(one, other):
    assert key_of(REF, one) != key_of(REF, other)


def test_models_and_editions_have_keys_of_their_own():
    keys = {
        key_of(REF, ASK),
        key_of(ModelRef("a", "two"), ASK),
        key_of(ModelRef("b", "one"), ASK),
        key_of(REF, ASK, "2"),
    }
    assert len(keys) == 4


def test_who_answers_is_part_of_the_edition(tmp_path):
    script = tmp_path / "script.json"
    script.write_text("{}")
    here, there = Endpoint(url="http://127.0.0.1:1/v1"), Endpoint(url="http://127.0.0.1:2/v1")
    assert edition(Settings(endpoints={"x": here}), "x") != edition(Settings(endpoints={"x": there}), "x")
    for name in ("anthropic", "openai", "google"):
        other = Settings.model_validate({name: {"base_url": "http://127.0.0.1:1/v1"}})
        assert edition(other, name) != edition(Settings(), name)
    scripted = Settings.model_validate({"scripted": {"file": script}})
    assert edition(scripted, "scripted") != edition(Settings(), "scripted")
    assert edition(Settings(), "of-a-plug-in") == edition(Settings(), "of-another")


async def test_a_key_of_the_caller_stands_for_the_text(cached, model):
    def asked(text, note):
        return replace(ASK, messages=(Message(role="user", text=text),), cache_key="same code", cache_note=note)

    assert (await cached.complete(asked("x=1", "old"), no_pulse)).cache_note == "old"
    again = await cached.complete(asked("x = 1", "new"), no_pulse)
    assert (again.cached, again.cache_note) == (True, "old")
    assert model.counts["asked"] == 1
    assert not (await cached.complete(replace(asked("x = 1", "new"), cache_key="other"), no_pulse)).cached


async def test_requests_with_tools_are_asked_each_time(cached, model):
    for _ in range(2):
        assert not (await cached.complete(replace(ASK, tools=(LOOK,)), no_pulse)).cached
    assert model.counts["asked"] == 2


@pytest.mark.parametrize("change", [{"text": " "}, {"calls": (ToolCall("1", "look", {}),)}])
async def test_what_is_no_whole_answer_is_not_kept(cached, model, change):
    vars(model).update(change)
    for _ in range(2):
        await cached.complete(ASK, no_pulse)
    assert model.counts["asked"] == 2


async def test_errors_are_not_kept(cached, model):
    model.error = Truncated(REF, "cut", usage=USAGE)
    for _ in range(2):
        with pytest.raises(Truncated):
            await cached.complete(ASK, no_pulse)
    model.error = None
    assert not (await cached.complete(ASK, no_pulse)).cached


async def test_no_secret_is_kept(tmp_path, flights, model):
    secret = "sk-ant-api03-" + "Zx9" * 20
    database = Database(tmp_path / "state.db")
    cached = Cached(model, Answers(database, ttl_s=60, max_bytes=1_000_000), flights)
    request = replace(ASK, messages=(Message(role="user", text=f'KEY = "{secret}"'),))
    for _ in range(2):  # a run numbers its placeholders anew, so equal material gives equal text
        completion = await Redacted(cached, Redactor(known=["an-operators-own-key"])).complete(request, no_pulse)
    assert completion.cached
    database.close()
    assert not [path for path in tmp_path.iterdir() if secret.encode() in path.read_bytes()]


async def gathered(cached, count, request=ASK, heard=None):
    """So many callers at once, each with what it got."""
    got = []

    async def one():
        try:
            got.append(await cached.complete(request, heard or no_pulse))
        except ModelError as error:
            got.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    return got


async def test_a_hundred_callers_make_one_call_and_one_of_them_pays(answers, flights):
    model = Slow()
    cached = Cached(model, answers, flights)
    async with anyio.create_task_group() as group:
        got = []

        async def all_of_them():
            got.extend(await gathered(cached, 100))

        group.start_soon(all_of_them)
        await model.pieces.wait()
        model.go.set()
    assert model.counts == {"asked": 1, "finished": 1}
    assert len(got) == 100
    assert sum(not one.cached for one in got) == 1
    assert sum((one.usage for one in got), Usage()) == USAGE
    assert {one.text for one in got} == {"answer"}
    assert not flights.under_way(key_of(REF, ASK))


async def test_a_cancelled_caller_takes_the_answer_from_nobody(answers, flights):
    model, got, leader = Slow(), [], anyio.CancelScope()
    cached = Cached(model, answers, flights)

    async def lead():
        with leader:
            await cached.complete(ASK, no_pulse)

    async def follow():
        got.append(await cached.complete(ASK, no_pulse))

    async with anyio.create_task_group() as group:
        group.start_soon(lead)
        await model.pieces.wait()
        group.start_soon(follow)
        await anyio.wait_all_tasks_blocked()
        leader.cancel()
        await anyio.wait_all_tasks_blocked()
        model.go.set()
    assert leader.cancelled_caught
    assert model.counts == {"asked": 1, "finished": 1}
    assert [(one.cached, one.usage) for one in got] == [(False, USAGE)]  # somebody accounts for it, if not the leader


async def test_a_call_nobody_waits_for_is_cancelled_and_may_be_made_again(answers, flights):
    model = Slow()
    cached = Cached(model, answers, flights)
    async with anyio.create_task_group() as group:
        group.start_soon(gathered, cached, 3)
        await model.pieces.wait()
        group.cancel_scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert model.counts == {"asked": 1, "cancelled": 1}
    assert not flights.under_way(key_of(REF, ASK))
    model.go.set()
    assert not (await cached.complete(ASK, no_pulse)).cached


@pytest.mark.parametrize("kind", [VendorFault, Truncated])
async def test_when_the_call_fails_everybody_hears_and_one_pays(answers, flights, kind):
    model = Slow(error=kind(REF, "no", status=500, usage=USAGE))
    model.error.begun = True
    model.go.set()
    got = await gathered(Cached(model, answers, flights), 5)
    assert model.counts["asked"] == 1
    assert {(type(one), str(one), one.ref, one.status, one.begun) for one in got} == {(kind, "no", REF, 500, True)}
    assert len({id(one) for one in got}) == 5  # raising writes into an error, so each has its own
    assert sum((one.usage for one in got), Usage()) == USAGE


@pytest.mark.parametrize("kind", [DeadlinePassed, OverBudget])
async def test_a_starter_out_of_time_or_money_spoils_it_for_nobody(answers, flights, kind):
    poor, rich = Slow(error=kind(REF, "mine")), Slow()
    got = []

    async def one(model):
        try:
            got.append((await Cached(model, answers, flights).complete(ASK, no_pulse)).text)
        except kind as error:
            got.append(str(error))

    async with anyio.create_task_group() as group:
        group.start_soon(one, poor)
        await poor.pieces.wait()
        for _ in range(3):
            group.start_soon(one, rich)
        await anyio.wait_all_tasks_blocked()
        assert rich.counts["asked"] == 0
        poor.go.set()
        await rich.pieces.wait()
        rich.go.set()
    assert sorted(got) == ["answer", "answer", "answer", "mine"]
    assert rich.counts["asked"] == 1


async def test_a_bug_reaches_the_caller_and_not_the_server(answers, flights):
    model = Slow(error=ZeroDivisionError("a bug"))
    model.go.set()
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await Cached(model, answers, flights).complete(ASK, no_pulse)
    model.error = None
    assert (await Cached(model, answers, flights).complete(ASK, no_pulse)).text == "answer"


async def test_whoever_comes_late_still_hears_that_the_vendor_is_alive(answers, flights):
    model, heard = Slow(), []
    cached = Cached(model, answers, flights)
    async with anyio.create_task_group() as group:
        group.start_soon(gathered, cached, 1, ASK, lambda: heard.append("first"))
        await model.pieces.wait()
        group.start_soon(gathered, cached, 1, ASK, lambda: heard.append("late"))
        await anyio.wait_all_tasks_blocked()
        model.go.set()
    assert heard == ["first", "late"]


async def test_when_the_server_stops_callers_are_told(answers):
    model, got = Slow(), []
    async with anyio.create_task_group() as callers, anyio.create_task_group() as tasks:
        cached = Cached(model, answers, Flights(tasks))

        async def ask():
            got.extend(await gathered(cached, 2))

        callers.start_soon(ask)
        await model.pieces.wait()
        tasks.cancel_scope.cancel()
    assert [type(one) for one in got] == [Unreachable, Unreachable]


def test_the_settings(tmp_path):
    environ = {"HOME": str(tmp_path), "MANYEYES_CACHE_ENABLED": "false", "MANYEYES_CACHE_TTL_S": "60"}
    assert load(environ, cwd=tmp_path).cache == Cache(enabled=False, ttl_s=60)
    assert Cache().enabled
