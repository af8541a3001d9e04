"""The statements of the state on PostgreSQL, where it goes when one machine is not enough.

Everything is kept and read back through the state's own classes, on connections to a real server.
"""

from __future__ import annotations

import secrets
import threading
from pathlib import Path

import anyio
import pytest

import postgres_server
from manyeyes.errors import BreakerOpen, OverBudget, VendorFault
from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.learning.account import Outcome, Resolved
from manyeyes.learning.situation import Situation
from manyeyes.prices import Prices
from manyeyes.settings import Breaker as Rules
from manyeyes.settings import Endpoint
from manyeyes.state import answers, breakers, budget, database, posteriors, reservations, rows, schema, store
from manyeyes.state.answers import Answers, StoredAnswer
from manyeyes.state.breakers import Breakers
from manyeyes.state.budget import Budget
from manyeyes.state.database import Database
from manyeyes.state.posteriors import Posteriors
from manyeyes.state.reservations import entries, entries_of
from manyeyes.state.store import Store
from manyeyes.types import ModelRef, Usage

pytestmark = [
    pytest.mark.skipif(bool(postgres_server.why_not()), reason=postgres_server.why_not() or "there is a server"),
    pytest.mark.anyio,
]
NOW = 1_795_392_000.0 + 3_600
REF = ModelRef("dear", "m")
PRICES = Prices({"dear": Endpoint(url="https://dear.example/v1", usd_per_mtok_input=1e6, usd_per_mtok_output=1e7)})
USAGE = Usage(input_tokens=7, cached_tokens=3, cache_write_tokens=2, output_tokens=2, reasoning_tokens=1)
FILE = Path("postgresql")
"""What stands for the file's path, of which nothing is made."""


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def server():
    with postgres_server.serving() as folder:
        yield folder


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def connections(server, monkeypatch):
    """Has every `Database` that is given `FILE` connect to a new database of the server; lists the connections."""
    name = f"state_{secrets.token_hex(4)}"
    admin = postgres_server.Connection.open(server, "postgres")
    admin.execute(f"CREATE DATABASE {name}")
    admin.close()
    made = []

    def connect(path, *, busy_s):
        assert path is FILE, "it went on in memory"
        connection = postgres_server.Connection.open(server, name)
        # Of two that make the same table at once one fails there, in spite of IF NOT EXISTS: one after the other.
        with connection.alone():
            schema._migrate(connection)
        made.append(connection)
        return connection

    monkeypatch.setattr(database, "connect", connect)
    monkeypatch.setattr(database, "prepare", lambda path: None)
    yield made
    for connection in made:
        connection.close()


@pytest.fixture
def opened(connections, clock):
    def one() -> Database:
        return Database(FILE, clock=clock)

    return one


def statements() -> set[str]:
    """Every statement that a module of the state has a name for."""
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE")
    named = [
        text
        for module in (answers, breakers, budget, posteriors, reservations, rows, schema, store)
        for value in vars(module).values()
        for text in (value if isinstance(value, tuple) else (value,))
        if isinstance(text, str) and text.startswith(verbs)
    ]
    return set(named)


async def keep_posteriors(opened, clock):
    one, other = Posteriors(opened()), Posteriors(opened())
    here = Situation("code_review", "python", "short")
    told = Outcome(situation=here, model="a:b", quality=1.0, weight=0.5, cost_usd=0.25, seconds=2.0, answers=1)
    one.add("r-learned", [told])
    other.add("r-learned", [told])
    other.add("r-unjudged", [Outcome(situation=here, model="a:b", answers=1)])
    assert one.say("r-learned", good=True) == ("a:b",)
    assert one.say("r-learned", good=False) == ("a:b",)
    record = other.load().of(here)["a:b"]
    assert (record.trials, record.quality, record.calls, record.cost_usd) == (1.5, 0.5, 1.0, 0.25)
    resolved = Resolved("r-learned", here.kind, "a:b", "F-1")
    one.add("r-later", [], [resolved, resolved])
    assert other.load().resolved[here] == {"a:b": 1}
    assert other.outcomes() == [told, Outcome(situation=here, model="a:b", answers=1)]
    one.chose()
    one.load()  # which writes what waits
    assert other.explore(0.25, share=0.5, usd_per_day=1.0)
    assert one.load().explored == posteriors.Explored(2, 1, 0.25)
    clock.now += (posteriors.KEPT_DAYS + 1) * 86_400
    assert Posteriors(opened()).load() == posteriors.Knowledge()


async def keep_events_and_runs(connections, clock):
    events = [
        CallEvent(at=NOW, run_id="r", tool="t", role="x", ref=REF, error="", seconds=1.5, usage=USAGE, cost_usd=0.25),
        CallEvent(at=NOW + 1, run_id="r", tool="t", role="x", ref=REF, error="cancelled", seconds=1.0, estimated=True),
        AskEvent(at=NOW + 2, run_id="r", tool="t", role="x", first=REF, ref=REF, seconds=2.0, cached=True),
        AskEvent(
            at=NOW + 3, run_id="r", tool="t", role="x", first=REF, ref=None, seconds=2.0, error="refused", hedge=REF
        ),
        RunEvent(at=NOW + 4, run_id="r", tool="t", status="complete", seconds=3.0, cost_usd=0.25),
    ]
    kept = Store(FILE, clock=clock)
    for event in events:
        kept.note(event)
    kept.save_run("r", tool="t", at=NOW + 4, status="complete", seconds=3.0, cost=0.25, result_json='{"ä": 1}')
    reader = Store(FILE, clock=clock)
    assert list(reader.events()) == events
    assert reader.load_run("r").result == '{"ä": 1}'
    assert reader.load_run("other") is None
    assert reader.spent_usd(NOW) == 0.25
    clock.now += (store.KEPT_DAYS + 1) * 86_400
    later = Store(FILE, clock=clock)  # tidies up on opening
    later.connect()
    assert list(later.events()) == []


async def test_no_more_than_so_many_runs_are_kept(opened, connections, clock):
    kept = Store(FILE, clock=clock)
    for number in range(5):
        kept.note(RunEvent(at=NOW + number, run_id=f"r{number}", tool="t", status="complete", seconds=1.0))
        kept.save_run(
            f"r{number}", tool="t", at=NOW + number, status="complete", seconds=1.0, cost=0.0, result_json="{}"
        )
    connections[0].execute(rows.KEEP_RESULTS, (2,))
    assert [kept.load_run(f"r{number}") is not None for number in range(5)] == [False, False, True, True, True]
    connections[0].execute(rows.KEEP_RUNS, (1,))
    assert [event.run_id for event in kept.events()] == ["r3", "r4"]


async def keep_answers(opened, clock):
    cache, other = (Answers(opened(), ttl_s=100.0, max_bytes=3_000) for _ in range(2))
    answer = StoredAnswer(text="whole", served="m", note="n")
    cache.put("a", answer)
    assert other.get("a") == answer
    for number in range(30):
        clock.now += 1
        cache.put(f"k{number}", StoredAnswer(text="x" * 200, served="m"))
        assert cache.get(f"k{number}") is not None
    assert cache.get("a") is None  # what was not used for longest went first
    assert cache.get("k29") is not None
    cache.drop("k29")
    assert other.get("k29") is None
    cache.mark()
    clock.now += 200
    assert other.get("k28") is None  # too old, and forgotten


async def keep_breakers(opened, clock):
    one, two = (Breakers(Rules(), opened(), clock=clock) for _ in range(2))
    for _ in range(5):
        one.failed(one.admit(REF), VendorFault(REF, "500"))
    clock.now += 2
    assert "failed 5 times in a row" in two.closed()[REF]
    clock.now += 30
    assert not two.closed()  # both have read it before either tries
    admission = one.admit(REF)
    assert admission.probes == ("dear:m",)
    with pytest.raises(BreakerOpen):
        two.admit(REF)
    one.answered(admission)
    clock.now += 2
    assert two.admit(REF).probes == ()


async def reserve(limits: Budget, run_id: str, most: int):
    return await limits.reserve(REF, run_id=run_id, tool="t", role="x", most=most, local=False)


async def keep_budgets(opened, clock):
    shared = opened()
    limits = Budget(shared, PRICES, per_call=50.0, per_day=100.0)
    first = await reserve(limits, "r-1", 30 * 10**9)
    settled = limits.settle(first, 20.0, USAGE)
    assert (settled.state, settled.nanos) == ("known", 20 * 10**9)
    with pytest.raises(OverBudget, match=r"\$30\.00 of \$50\.00 are left for this call"):
        await reserve(limits, "r-1", 31 * 10**9)
    assert limits.account("r-1").cost_usd == 20
    # Enough attempts that what is settled is put into one sum, which then counts the same.
    for number in range(150):
        limits.settle(await reserve(limits, f"r-{number + 2}", 10**9), 0.1, None)
    other = Budget(opened(), PRICES, per_day=100.0)
    with pytest.raises(OverBudget, match=r"\$65\.00 of \$100\.00 are left today"):
        await reserve(other, "r-x", 66 * 10**9)
    await reserve(other, "r-x", 65 * 10**9)
    assert len(entries(shared)) == 152
    (lost,) = entries_of(shared, "r-x")
    assert lost.seen_at(lost.until + 1) == "estimated"


async def test_several_processes_never_overspend(opened):
    """Each on a connection of its own, all at once."""
    admitted: list[int] = []

    def hammer() -> None:
        async def work() -> None:
            limits = Budget(opened(), PRICES, per_day=20.0)
            for _ in range(10):
                try:
                    await reserve(limits, "r-1", 10**9)
                except OverBudget:
                    continue
                admitted.append(1)

        anyio.run(work)

    threads = [threading.Thread(target=hammer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(admitted) == 20


async def test_every_statement_is_taken(opened, connections, clock):
    """What the state's classes keep they read back, and no statement is left out."""
    for keep in (keep_answers, keep_breakers, keep_budgets, keep_posteriors):
        clock.now = NOW
        await keep(opened, clock)
    clock.now = NOW
    await keep_events_and_runs(connections, clock)
    said = {statement for connection in connections for statement in connection.said}
    assert len(statements()) > 25
    assert statements() - said == set()
