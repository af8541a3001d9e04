"""Records that are written together with others: nobody who reads can tell."""

from __future__ import annotations

import sqlite3

import anyio
import pytest

from manyeyes.state import database as module
from manyeyes.state.answers import Answers, StoredAnswer
from manyeyes.state.database import Database, StateBusy

PUT = "INSERT INTO breakers (key, state, at) VALUES (?, ?, ?)"
GET = "SELECT key FROM breakers ORDER BY key"


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "state.db")
    made.connect()
    yield made
    made.close()


@pytest.fixture
def other(database):
    made = sqlite3.connect(database.path, isolation_level=None)
    yield made
    made.close()


def there(other) -> list[str]:
    return [key for (key,) in other.execute(GET)]


def soon(database, *keys) -> None:
    for key in keys:
        database.soon(PUT, (key, "{}", 1.0))


def test_without_an_event_loop_it_is_written_at_once(database, other):
    soon(database, "a")
    assert there(other) == ["a"]


@pytest.mark.anyio
async def test_on_a_loop_it_is_written_a_moment_later(database, other):
    soon(database, "a", "b")
    assert there(other) == []
    with anyio.fail_after(5):
        while there(other) != ["a", "b"]:
            await anyio.sleep(module.SOON_S / 2)
    soon(database, "c")  # and again
    with anyio.fail_after(5):
        while there(other) != ["a", "b", "c"]:
            await anyio.sleep(module.SOON_S / 2)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "look",
    [
        lambda database: database.read(GET),
        lambda database: database.view((GET, ())),
        lambda database: database.write(PUT, ("z", "{}", 1.0)),
        lambda database: database.transact(lambda connection: connection.execute(GET).fetchall()),
        lambda database: database.close(),
    ],
)
async def test_whoever_looks_or_writes_has_it_written_first(database, other, look):
    soon(database, "a", "b")
    look(database)
    assert there(other)[:2] == ["a", "b"]


@pytest.mark.anyio
async def test_who_reads_by_key_waits_for_that_key_alone(database, other):
    soon(database, "a")
    assert database.read("SELECT key FROM breakers WHERE key = ?", ("b",), key="b") == []
    assert there(other) == []
    assert database.read("SELECT key FROM breakers WHERE key = ?", ("a",), key="a") == [("a",)]


@pytest.mark.anyio
async def test_a_transaction_sees_what_waits_and_keeps_it_when_it_fails_itself(database, other):
    def fail(connection):
        assert connection.execute(GET).fetchall() == [("a",)]
        raise LookupError("of its own")

    soon(database, "a")
    with pytest.raises(LookupError):
        database.transact(fail)
    assert there(other) == []
    assert database.read(GET) == [("a",)]


@pytest.mark.anyio
async def test_one_record_that_cannot_be_kept_spoils_no_other(database, other):
    soon(database, "a", "lone \ud800", "b")
    assert database.transact(lambda connection: len(connection.execute(GET).fetchall())) == 2
    assert there(other) == ["a", "b"]
    assert "could not be kept" in database.notice


@pytest.mark.anyio
async def test_while_the_file_is_held_it_waits(database, other):
    other.execute("BEGIN IMMEDIATE")
    soon(database, "a", "b")
    with pytest.raises(StateBusy):
        database.transact(lambda connection: connection.execute(GET).fetchall(), wait_s=0.001)
    assert there(other) == []
    other.execute("ROLLBACK")
    assert database.transact(lambda connection: connection.execute(GET).fetchall()) == [("a",), ("b",)]


@pytest.mark.anyio
async def test_an_answer_is_found_before_it_is_in_the_file(database, other):
    answers = Answers(database, ttl_s=60, max_bytes=1_000_000)
    answers.put("k", StoredAnswer(text="yes", served="m"))
    assert other.execute("SELECT count(*) FROM answers").fetchone() == (0,)
    kept = answers.get("k")
    assert kept is not None
    assert kept.text == "yes"


def test_the_log_is_moved_into_the_file_by_a_thread(database, other, monkeypatch):
    monkeypatch.setattr(module, "_CHECKPOINT_EVERY", 3)
    database._until_checkpoint = 3
    for number in range(4):
        database.transact(lambda connection, number=number: connection.execute(PUT, (str(number), "{}", 1.0)))
    assert database._checkpointing is not None
    database._checkpointing.join()
    busy, pages, moved = other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert (busy, pages) == (0, moved)
    assert there(other) == ["0", "1", "2", "3"]
