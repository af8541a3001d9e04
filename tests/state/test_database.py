from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

from manyeyes.settings import Settings
from manyeyes.state import schema
from manyeyes.state.database import Database, StateBusy
from manyeyes.state.store import Store

PUT = "INSERT INTO breakers (key, state, at) VALUES (?, ?, ?)"
GET = "SELECT key FROM breakers ORDER BY key"


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path / "state.db")
    yield made
    made.close()


@pytest.fixture
def other(database):
    database.connect()
    made = sqlite3.connect(database.path, isolation_level=None)
    yield made
    made.close()


def keys(database) -> list[str]:
    return [key for (key,) in database.read(GET)]


def put(key):
    def work(connection) -> str:
        connection.execute(PUT, (key, "{}", 1.0))
        return key

    return work


def test_a_transaction_returns_what_its_work_does(database):
    assert database.transact(put("a")) == "a"
    assert keys(database) == ["a"]


def test_an_error_of_the_work_undoes_it(database):
    def work(connection):
        put("a")(connection)
        raise LookupError("of its own")

    with pytest.raises(LookupError):
        database.transact(work)
    assert keys(database) == []
    database.transact(put("b"))
    with pytest.raises(sqlite3.IntegrityError):
        database.transact(put("b"))
    with pytest.raises(sqlite3.ProgrammingError):
        database.transact(lambda connection: connection.execute(PUT, ()))
    assert keys(database) == ["b"]
    assert database.notice == ""


def test_nothing_is_done_while_another_process_holds_the_file(database, other):
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateBusy, match="in use by another process"):
        database.transact(put("a"), wait_s=0.0)
    other.execute("ROLLBACK")
    assert keys(database) == []
    database.transact(put("a"))
    assert keys(database) == ["a"]


def test_others_need_not_wait_with_a_transaction_that_waits_long(database, other):
    database.transact(put("a"))
    other.execute("BEGIN IMMEDIATE")
    done = []
    waiting = threading.Thread(target=lambda: done.append(database.transact(put("b"), wait_s=10.0)))
    waiting.start()
    time.sleep(0.05)
    longest = 0.0
    for _ in range(20):
        began = time.monotonic()
        assert keys(database) == ["a"]
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.005)
    other.execute("ROLLBACK")
    waiting.join()
    assert longest < 1.0
    assert (done, keys(database)) == (["b"], ["a", "b"])


def test_what_waits_is_written_before_a_transaction(database, other):
    other.execute("BEGIN IMMEDIATE")
    database.write(PUT, ("first", "{}", 1.0))
    with pytest.raises(StateBusy):
        database.transact(put("second"))
    assert database.view((GET, ())) == ([[]], [(PUT, ("first", "{}", 1.0))])
    other.execute("ROLLBACK")
    seen = database.transact(lambda connection: connection.execute(GET).fetchall())
    assert seen == [("first",)]
    assert database.notice == ""


def test_work_on_a_file_that_turns_out_unusable_is_done_in_memory(database):
    database.transact(put("in the file"))
    database._connection.execute("DROP TABLE breakers")
    assert database.lasting
    assert database.transact(put("in memory")) == "in memory"
    assert keys(database) == ["in memory"]
    assert not database.lasting
    assert "kept in memory" in database.notice


def test_a_transaction_on_a_full_disk_is_done_in_memory(database):
    database.connect()
    (pages,) = database._connection.execute("PRAGMA page_count").fetchone()
    database._connection.execute(f"PRAGMA max_page_count = {pages}")
    database.transact(lambda connection: connection.execute(PUT, ("large", "x" * 1_000_000, 1.0)))
    assert keys(database) == ["large"]
    assert "full" in database.notice


@pytest.mark.parametrize("page", [1024, 4096])
def test_the_log_grows_as_long_whatever_the_size_of_pages(tmp_path, page):
    path = tmp_path / "state.db"
    if page != 1024:  # as an earlier version made it
        with closing(sqlite3.connect(path)) as made:
            made.execute(f"PRAGMA page_size = {page}")
            made.execute("CREATE TABLE earlier (one)")
    database = Database(path)
    assert database.read("PRAGMA page_size") == [(page,)]
    ((most,),) = database.read("PRAGMA wal_autocheckpoint")
    assert most * page == pytest.approx(40_000_000, rel=0.01)
    database.close()


def test_memory_lasts_no_longer_than_the_process(tmp_path):
    database = Database.open(Settings.model_validate({"state": {"url": "sqlite://"}}), {"HOME": str(tmp_path)})
    assert not database.lasting
    assert database.notice == ""
    database.transact(put("a"))
    assert keys(database) == ["a"]
    database.close()


def test_tidying_is_done_on_opening_and_once_in_a_while(database):
    calls = []

    def work(connection):
        calls.append(connection.in_transaction)
        raise sqlite3.OperationalError("passed over")

    database.tidied_by(work)
    assert calls == []
    database.connect()
    assert calls == [False]
    database.tidied_by(work)
    assert len(calls) == 3
    for n in range(500):
        database.write(PUT, (str(n), "{}", 1.0))
    assert len(calls) == 5
    assert database.notice == ""


def test_the_store_shares_its_database(tmp_path):
    store = Store(tmp_path / "state.db")
    assert store.database.path == store.path
    store.database.transact(put("a"))
    store.save_run("r", tool="t", at=1.0, status="s", seconds=1.0, cost=None, result_json="{}")
    store.close()
    again = Store(tmp_path / "state.db")
    assert keys(again.database) == ["a"]
    again.close()


def test_a_file_of_the_first_version_keeps_its_runs(tmp_path, monkeypatch):
    path = tmp_path / "state.db"
    with monkeypatch.context() as before:
        before.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:1])
        old = Store(path)
        old.save_run("r", tool="t", at=time.time(), status="s", seconds=1.0, cost=None, result_json="{}")
        old.close()
    new = Store(path)
    assert new.load_run("r") is not None
    new.database.transact(put("a"))
    assert keys(new.database) == ["a"]
    assert new.notice == ""
    new.close()


COUNTER = """
import sys, time
from pathlib import Path
from manyeyes.state.database import Database, StateBusy

database = Database(Path(sys.argv[1]))
database.connect()

def add(connection):
    (found,) = connection.execute("SELECT state FROM breakers WHERE key = 'n'").fetchone()
    connection.execute("UPDATE breakers SET state = ? WHERE key = 'n'", (str(int(found) + 1),))

done = 0
while done < 100:
    try:
        database.transact(add)
        done += 1
    except StateBusy:
        time.sleep(0.001)
database.close()
"""


def test_conditional_updates_of_several_processes_lose_nothing(database):
    database.write(PUT, ("n", "0", 1.0))
    writers = [subprocess.Popen([sys.executable, "-c", COUNTER, database.path]) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert database.read("SELECT state FROM breakers") == [("300",)]
