"""SQL injection by time: found where the database waits, and nowhere else, however slow or uneven the server."""

from __future__ import annotations

import itertools
import random
import re
import sqlite3
import time
from contextlib import suppress
from types import SimpleNamespace

import pg8000.dbapi
import pytest

import postgres_server
from manyeyes_tools.probing.client import Answer, Asked
from manyeyes_tools.probing.entries import Entry, Parameter, Point
from manyeyes_tools.probing.probes.sql import WEAKNESS
from manyeyes_tools.probing.probes.sql_time import by_time

ENTRY = Entry("GET", "/x", (Parameter("q", "query", "a"),))
POINT = Point(ENTRY, ENTRY.parameters[0])


class Server:
    """Answers after as many seconds as it is told to need; nobody waits for them."""

    client = SimpleNamespace(limits=SimpleNamespace(timeout_s=10.0))

    def __init__(self, seconds):
        self.seconds, self.asked = seconds, 0

    async def ask(self, point, payload):
        self.asked += 1
        took = self.seconds(payload)
        return Answer(Asked("GET", f"/x?q={payload}"), 200 if took < 10 else 0, seconds=min(took, 10.0))


async def shown(seconds):
    server = Server(seconds)
    usual = [await server.ask(POINT, "a") for _ in range(3)]
    return await by_time(POINT, server, WEAKNESS, usual)


def waits(payload):
    """As MySQL would, in a text."""
    found = re.search(r"SLEEP\(([\d.]+)\)", payload)
    return float(found[1]) if found and not payload.startswith("a/*") else 0.0


draw = random.Random(5)
TURNS = itertools.count()
SOUND = {
    "even": lambda _: 0.01 + draw.random() / 100,
    "0 to 3 s": lambda _: draw.random() * 3,
    "mostly quick, at times very late": lambda _: draw.lognormvariate(-1, 1.2),
    "a second on average": lambda _: draw.expovariate(1),
    "late by just such waits": lambda _: 0.02 + (draw.random() < 0.3) * draw.choice([0.5, 0.75, 1, 1.25, 1.5]),
    "slow at the sight of the word": lambda payload: 0.02 + ("SLEEP" in payload or "pg_sleep" in payload),
    "counts digits": lambda payload: 0.02 + sum(map(int, re.findall(r"\d", payload))) / 10,
    "waits as long as any number says": lambda payload: max([0.02, *map(float, re.findall(r"\d+\.\d+", payload))]),
    "slower and slower": lambda _: 0.02 + (next(TURNS) % 20) / 8,
    "silent": lambda _: 11.0,
}


@pytest.mark.anyio
@pytest.mark.parametrize("kind", SOUND)
async def test_no_sound_server_is_suspected_however_uneven(kind):
    assert [one for one in [await shown(SOUND[kind]) for _ in range(300)] if one] == []


@pytest.mark.anyio
@pytest.mark.parametrize(("unrest", "least"), [(0.01, 30), (0.2, 30), (0.4, 20)])
async def test_a_weak_one_is_found_though_it_is_uneven(unrest, least):
    proofs = [await shown(lambda payload: draw.random() * unrest + waits(payload)) for _ in range(30)]
    found = [one for one in proofs if one]
    assert len(found) >= least
    assert all(len(one.steps) == 12 and "MySQL" in one.shown for one in found)


@pytest.mark.anyio
@pytest.mark.parametrize("statement", ["SELECT 1 WHERE 'q' <> '{}'", "SELECT 1 WHERE 5 <> {}"])
async def test_a_database_that_cannot_wait_is_kept_busy(statement, monkeypatch):
    """The payload in a real SQLite, its work counted instead of timed: each step of the database is so long."""
    database = sqlite3.connect(":memory:")
    steps = 0

    def step():
        nonlocal steps
        steps += 1
        return steps > 20_000

    database.set_progress_handler(step, 10_000)

    def seconds(payload):
        nonlocal steps
        steps = 0
        with suppress(sqlite3.Error):
            database.execute(statement.format(payload)).fetchall()
        return 0.01 + steps * 0.0003

    monkeypatch.setattr("manyeyes_tools.probing.probes.sql_time._WORK", 200_000)
    monkeypatch.setattr("manyeyes_tools.probing.probes.sql_time._FELT_S", 0.02)
    server_value = "1" if "{}'" not in statement else "a"
    entry = Entry("GET", "/x", (Parameter("q", "query", server_value),))
    server = Server(seconds)
    point = Point(entry, entry.parameters[0])
    usual = [await server.ask(point, server_value) for _ in range(3)]
    began = time.monotonic()
    proof = await by_time(point, server, WEAKNESS, usual)
    assert proof is not None
    assert "SQLite" in proof.shown
    assert time.monotonic() - began < 30


def test_what_is_sent_widens_no_statement():
    """Whatever the wait gives back, no row is met that was not meant: in a statement that deletes it would be lost."""
    from manyeyes_tools.probing.probes.sql_time import _ways

    database = sqlite3.connect(":memory:", isolation_level=None)
    for name in ("SLEEP", "pg_sleep"):
        database.create_function(name, 1, lambda _: 0)
    database.execute("CREATE TABLE t (id INTEGER, name TEXT)")
    database.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    ways = _ways("POST")
    assert ways
    for way in ways:
        for statement, value in (("SELECT id FROM t WHERE id = {}", "1"), ("SELECT id FROM t WHERE name = '{}'", "a")):
            for control in (False, True):
                rows = database.execute(statement.format(way.payload(value, 0.5, control=control))).fetchall()
                assert set(rows) <= {(1,)}
    assert not any("WAITFOR" in way.waits for way in ways)  # it cuts off the WHERE that stands behind the value
    assert any("WAITFOR" in way.waits for way in _ways("GET"))


@pytest.mark.anyio
@pytest.mark.skipif(bool(postgres_server.why_not()), reason=postgres_server.why_not())
async def test_a_real_postgresql_waits():
    with postgres_server.serving() as folder:
        options = {"user": postgres_server.ADMIN, "database": "postgres", "unix_sock": str(folder / ".s.PGSQL.5432")}
        connection = pg8000.dbapi.connect(**options)
        connection.autocommit = True
        for statement, value in (("SELECT 1 WHERE 'q' <> '{}'", "a"), ("SELECT 1 WHERE (5 <> {})", "1")):

            def seconds(payload, statement=statement):
                began = time.monotonic()
                with suppress(pg8000.dbapi.Error):
                    connection.cursor().execute(statement.format(payload).replace("%", "%%"))
                return time.monotonic() - began

            entry = Entry("GET", "/x", (Parameter("q", "query", value),))
            server = Server(seconds)
            usual = [await server.ask(Point(entry, entry.parameters[0]), value) for _ in range(3)]
            proof = await by_time(Point(entry, entry.parameters[0]), server, WEAKNESS, usual)
            assert proof is not None
            assert "PostgreSQL" in proof.shown
        connection.close()
