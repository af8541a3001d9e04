from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.errors import SettingsError
from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.settings import Settings
from manyeyes.state import schema
from manyeyes.state.store import KEPT_DAYS, KEPT_RESULTS, Store
from manyeyes.types import ModelRef, Usage

NOW = 1_795_000_000.0
DAY = 86_400.0


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def call(at=NOW, **values) -> CallEvent:
    return CallEvent(
        **{"at": at, "run_id": "r", "tool": "t", "role": "reviewer", "ref": ModelRef("openai", "gpt:x"), "error": ""}
        | {"seconds": 1.5}
        | values
    )


def ended(run_id="r", at=NOW, **values) -> RunEvent:
    return RunEvent(**{"at": at, "run_id": run_id, "tool": "t", "status": "complete", "seconds": 2.0} | values)


def save(store, run_id="r", at=NOW, result="{}"):
    store.save_run(run_id, tool="t", at=at, status="complete", seconds=2.0, cost=0.5, result_json=result)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "manyeyes" / "state.db"


@pytest.fixture
def store(path, clock):
    made = Store(path, clock=clock)
    yield made
    made.close()


counts = st.integers(0, 2**40)
usages = st.builds(
    Usage,
    input_tokens=counts,
    cached_tokens=counts,
    cache_write_tokens=counts,
    output_tokens=counts,
    reasoning_tokens=counts,
)
words = st.text(st.characters(exclude_categories=["Cs"]))
refs = st.builds(ModelRef, words, words)
times = st.floats(0, 1e10)
money = st.none() | st.floats(0, 1e6)
events = (
    st.builds(
        CallEvent,
        at=st.floats(NOW - DAY, NOW),
        run_id=words,
        tool=words,
        role=words,
        ref=refs,
        error=words,
        seconds=times,
        first_token_s=st.none() | times,
        usage=st.none() | usages,
        cost_usd=money,
        estimated=st.booleans(),
    )
    | st.builds(
        AskEvent,
        at=st.floats(NOW - DAY, NOW),
        run_id=words,
        tool=words,
        role=words,
        first=refs,
        ref=st.none() | refs,
        seconds=times,
        error=words,
        cached=st.booleans(),
        hedge=st.none() | refs,
    )
    | st.builds(
        RunEvent,
        at=st.floats(NOW - DAY, NOW),
        run_id=st.uuids().map(str),
        tool=words,
        status=words,
        seconds=times,
        cost_usd=money,
    )
)


@given(st.lists(events, max_size=8))
def test_events_come_back_as_they_were_in_order_of_time(given_events):
    store = Store(None, clock=Clock())
    for event in given_events:
        store.note(event)
    assert store.notice == ""
    back = list(store.events())
    assert [event.at for event in back] == sorted(event.at for event in given_events)
    assert sorted(map(repr, back)) == sorted(map(repr, given_events))
    store.close()


def test_only_events_since_a_time_are_given(store):
    for at in (NOW - 3, NOW - 2, NOW - 1):
        store.note(call(at))
        store.note(ended(f"r{at}", at))
    assert [event.at for event in store.events(NOW - 2)] == [NOW - 2, NOW - 2, NOW - 1, NOW - 1]


def test_a_run_is_found_again_by_another_process_or_later_start(store, path):
    save(store, "abc", result='{"status": "complete", "text": "naïve \\u0000 🙂"}')
    store.close()
    again = Store(path, clock=Clock())
    run = again.load_run("abc")
    assert run is not None
    assert (run.id, run.tool, run.at, run.status, run.seconds, run.cost_usd) == ("abc", "t", NOW, "complete", 2.0, 0.5)
    assert run.result == '{"status": "complete", "text": "naïve \\u0000 🙂"}'
    assert again.load_run("abd") is None
    assert again.load_run("\ud800") is None
    again.close()


def test_the_event_of_a_run_and_its_result_make_one_row_in_either_order(store):
    store.note(ended("first", cost_usd=1.0))
    save(store, "first", result='"saved"')
    save(store, "second", result='"saved"')
    store.note(ended("second"))
    assert store.load_run("first").result == store.load_run("second").result == '"saved"'
    assert sorted(event.run_id for event in store.events()) == ["first", "second"]
    store.note(ended("third"))
    assert store.load_run("third") is None


def test_spending_is_summed_as_far_as_it_is_known(store):
    for at, cost in ((NOW - DAY, 8.0), (NOW - 1, 0.25), (NOW, None), (NOW, 0.5)):
        store.note(call(at, cost_usd=cost))
    store.note(ended(cost_usd=100.0))
    assert store.spent_usd(NOW - 1) == 0.75


def test_nothing_is_touched_before_the_first_use(path):
    store = Store(path)
    store.close()
    assert not path.parent.exists()


def test_nobody_else_can_read_it(store, path):
    store.note(call())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    files = sorted(path.parent.iterdir())
    assert path in files
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_an_open_file_is_closed_to_others(path):
    path.parent.mkdir(parents=True)
    path.touch(0o644)
    store = Store(path)
    store.connect()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()


def test_old_runs_and_events_are_forgotten(store, path, clock):
    for at in (NOW - KEPT_DAYS * DAY + 60, NOW):
        store.note(call(at))
        save(store, f"r{at}", at)
    store.close()
    clock.now += 120
    again = Store(path, clock=clock)
    assert [event.at for event in again.events()] == [NOW, NOW]
    assert again.load_run(f"r{NOW}") is not None
    again.close()


def test_as_many_results_are_kept_and_of_older_runs_the_figures(store):
    for n in range(2 * KEPT_RESULTS):
        save(store, f"r{n}", NOW + n)
    assert store.load_run(f"r{KEPT_RESULTS - 1}") is None
    assert store.load_run(f"r{KEPT_RESULTS}") is not None
    assert len(list(store.events())) == 2 * KEPT_RESULTS


def test_the_number_of_events_is_bounded(store, monkeypatch):
    monkeypatch.setattr("manyeyes.state.store.KEPT_EVENTS", 100)
    for n in range(500):
        store.note(call(NOW + n))
    assert [event.at for event in store.events()] == [NOW + n for n in range(400, 500)]


def test_several_threads_write_at_once(store):
    def work(name):
        for n in range(100):
            store.note(call(NOW, run_id=f"{name}-{n}"))

    threads = [Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({event.run_id for event in store.events()}) == 400
    assert store.notice == ""


WRITER = """
import sys
from pathlib import Path
from manyeyes.events import CallEvent
from manyeyes.state.store import Store
from manyeyes.types import ModelRef

store = Store(Path(sys.argv[1]), clock=lambda: 1_795_000_000.0)
for n in range(200):
    store.note(CallEvent(at=1_795_000_000.0, run_id=f"{sys.argv[2]}-{n}", tool="t", role="r",
                         ref=ModelRef("a", "b"), error="", seconds=1.0))
store.close()
sys.exit(store.notice or 0)
"""


def test_several_processes_make_and_fill_one_new_file(path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, str(n)]) for n in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    store = Store(path, clock=Clock())
    assert len({event.run_id for event in store.events()}) == 600
    store.close()


def test_while_another_process_holds_the_file_records_wait(store, path, clock):
    store.note(call(run_id="before", cost_usd=1.0))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.note(call(run_id="during", cost_usd=2.0))
    assert "in use by another process" in store.notice
    asked = {"tool": "t", "role": "x", "first": ModelRef("a", "m"), "ref": None, "seconds": 1.0, "error": "refused"}
    store.note(AskEvent(at=NOW, run_id="during", **asked))
    store.note(ended("during"))
    save(store, "during", result='"kept"')
    # What waits is seen as if it were written.
    assert store.load_run("during").result == '"kept"'
    assert store.load_run("before") is None
    assert [event.run_id for event in store.events()] == ["before", "during", "during", "during"]
    assert store.spent_usd(NOW) == 3.0
    other.execute("ROLLBACK")
    other.close()
    clock.now += 1.5
    store.note(call(run_id="after"))
    assert store.notice == ""
    assert sorted(event.run_id for event in store.events()) == ["after", "before", "during", "during", "during"]
    store.close()
    again = Store(path, clock=clock)
    assert again.load_run("during").result == '"kept"'
    again.close()


def test_a_store_in_use_can_be_opened_and_read_at_once(store, path, clock):
    save(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begin = time.perf_counter()
    reader = Store(path, clock=clock)
    assert reader.load_run("r") is not None
    assert reader.notice == ""
    assert time.perf_counter() - begin < schema.OPENING_S / 2
    reader.close()
    other.close()


def works_in_memory(store) -> bool:
    save(store, "kept", result='"here"')
    store.note(call(run_id="kept"))
    run = store.load_run("kept")
    return run is not None and run.result == '"here"' and len(list(store.events())) == 2


def test_a_damaged_file_is_left_alone_and_memory_takes_its_place(path):
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database " * 500)
    store = Store(path, clock=Clock())
    assert works_in_memory(store)
    assert "file is not a database" in store.notice
    assert "kept in memory" in store.notice
    store.close()
    assert path.read_bytes().startswith(b"this is no database")


@pytest.mark.parametrize("first", ["read", "write"])
def test_a_file_damaged_while_in_use(store, first):
    store.connect()
    store.database._connection.execute("DROP TABLE runs")  # as any other damage, it shows in a statement that fails
    if first == "read":
        assert store.load_run("r") is None
    assert works_in_memory(store)
    assert "cannot be used" in store.notice


def test_a_file_that_cannot_even_be_read_for_a_while(path, clock):
    path.parent.mkdir(parents=True)
    schema.connect(path, busy_s=1).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN IMMEDIATE")
    store = Store(path, clock=clock)
    begin = time.perf_counter()
    store.connect()  # cannot switch the journal now, and goes on without
    assert time.perf_counter() - begin < schema.OPENING_S / 2
    assert store.notice == ""
    other.execute("COMMIT")
    other.execute("BEGIN EXCLUSIVE")
    assert store.load_run("r") is None
    assert "cannot be read at the moment" in store.notice
    other.execute("COMMIT")
    other.close()
    assert store.load_run("r") is None
    assert store.notice == ""
    save(store)
    assert store.load_run("r") is not None
    store.close()


def test_a_full_disk(store):
    store.connect()
    store.database._connection.execute("PRAGMA max_page_count = 1")
    for n in range(200):
        save(store, f"r{n}", result="x" * 5_000)
    assert "full" in store.notice
    assert store.load_run("r199") is not None


def test_a_file_that_cannot_be_written(store):
    store.connect()
    store.database._connection.execute("PRAGMA query_only = ON")
    assert works_in_memory(store)
    assert "readonly" in store.notice


@pytest.mark.parametrize("obstacle", ["a folder is in the place", "a file is in the folder's place"])
def test_a_place_that_cannot_be_used(path, obstacle):
    if obstacle == "a folder is in the place":
        path.mkdir(parents=True)
    else:
        path.parent.parent.mkdir(parents=True)
        path.parent.write_text("in the way")
    store = Store(path, clock=Clock())
    assert works_in_memory(store)
    assert str(path) in store.notice
    store.close()


def test_a_file_of_a_newer_version_is_left_alone(store, path):
    save(store)
    store.database._connection.execute("INSERT INTO migrations (version) VALUES (99)")
    store.close()
    again = Store(path, clock=Clock())
    assert works_in_memory(again)
    assert "newer version" in again.notice
    again.close()


def test_a_record_that_cannot_be_written_costs_nothing_else(store):
    save(store, "broken", result="\ud800")
    assert "could not be kept" in store.notice
    store.note(call(usage=Usage(input_tokens=2**70)))
    save(store, "fine")
    assert store.load_run("fine") is not None


def test_each_migration_starts_from_the_one_before(path, monkeypatch):
    path.parent.mkdir(parents=True)
    schema.connect(path, busy_s=1).close()
    further = (*schema.MIGRATIONS, ("ALTER TABLE runs ADD COLUMN extra TEXT",))
    monkeypatch.setattr(schema, "MIGRATIONS", further)
    connection = schema.connect(path, busy_s=1)
    assert connection.execute("SELECT version FROM migrations ORDER BY version").fetchall() == [
        (version,) for version in range(1, len(further) + 1)
    ]
    connection.execute("SELECT extra FROM runs")
    connection.close()


def test_a_migration_that_fails_leaves_nothing_half_done(path, monkeypatch):
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(schema, "MIGRATIONS", (("CREATE TABLE half (x TEXT)", "CREATE NONSENSE"),))
    with pytest.raises(sqlite3.OperationalError):
        schema.connect(path, busy_s=1)
    bare = sqlite3.connect(path)
    assert bare.execute("SELECT name FROM sqlite_master").fetchall() == [("migrations",)]
    assert bare.execute("SELECT count(*) FROM migrations").fetchone() == (0,)
    bare.close()


def opened(url, home) -> Store:
    return Store.open(Settings.model_validate({"state": {"url": url}}), {"HOME": str(home)})


@pytest.mark.skipif(sys.platform != "linux", reason="each system has its own folder for data")
def test_by_default_it_lies_in_the_users_data_folder(tmp_path):
    assert opened(None, tmp_path).path == tmp_path / ".local" / "share" / "manyeyes" / "state.db"


@pytest.mark.parametrize("slashes", ["///", "////"])
def test_the_address_names_a_file_and_never_one_in_the_working_directory(tmp_path, slashes):
    wanted = tmp_path / "my.db"
    assert opened(f"sqlite:{slashes}{str(wanted).lstrip('/')}", tmp_path).path == wanted


def test_a_home_in_the_address(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert opened("sqlite:///~/my.db", tmp_path).path == tmp_path / "my.db"


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_memory(tmp_path, url):
    store = opened(url, tmp_path)
    assert store.path is None
    assert works_in_memory(store)
    assert store.notice == ""
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["postgresql://app:pass-word@db/state", "postgres://app:pass-word@db"])
def test_a_server_is_refused_in_plain_words_and_without_its_password(tmp_path, url):
    with pytest.raises(SettingsError, match="PostgreSQL server, and this version keeps its state in SQLite") as caught:
        opened(url, tmp_path)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql://app:pass-word@db", "sqlite:state.db", "sqlite:///", "/tmp/x.db", ""])
def test_another_kind_of_address_is_refused(tmp_path, url):
    with pytest.raises(SettingsError, match="sqlite:///PATH") as caught:
        opened(url, tmp_path)
    assert "pass-word" not in str(caught.value)
