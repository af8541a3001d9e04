"""Answers are kept within bounds, the latest used longest, and never given when they are not what was written."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes.state.answers import ROW, SLACK, Answers, StoredAnswer
from manyeyes.state.database import Database

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def opened(tmp_path: Path, clock: Clock):
    databases = []

    def open_(path: Path | None = tmp_path / "state.db", max_bytes: int = 1_000_000) -> Answers:
        databases.append(Database(path, clock=clock))
        return Answers(databases[-1], ttl_s=HOUR, max_bytes=max_bytes)

    yield open_
    for database in databases:
        database.close()


def said(text: str = "answer") -> StoredAnswer:
    return StoredAnswer(text=text, served="m", note="n")


def kept(answers: Answers, *keys: str) -> list[str]:
    return [key for key in keys if answers.get(key) is not None]


def changed(path: Path, statement: str) -> None:
    """Somebody else writes into the file."""
    with sqlite3.connect(path) as connection:
        connection.execute(statement)
    connection.close()


@given(text=st.text(), note=st.text(), served=st.text())
@settings(max_examples=50)
def test_what_comes_out_is_what_went_in(text: str, note: str, served: str) -> None:
    database = Database(None)
    answers = Answers(database, ttl_s=HOUR, max_bytes=1_000_000)
    answer = StoredAnswer(text=text, served=served, note=note)
    answers.put("k", answer)
    assert answers.get("k") == answer
    database.close()


def test_answers_survive_a_restart(opened) -> None:
    opened().put("k", said())
    assert opened().get("k") == said()


def test_an_answer_is_replaced_and_dropped(opened) -> None:
    answers = opened()
    answers.put("k", said("one"))
    answers.put("k", said("two"))
    assert answers.get("k") == said("two")
    answers.drop("k")
    assert answers.get("k") is None


def test_what_is_too_old_is_not_given_and_forgotten(opened, clock, tmp_path: Path) -> None:
    answers = opened()
    answers.put("k", said())
    clock.now += HOUR - 1
    assert answers.get("k") == said()  # use makes nothing younger
    clock.now += 2
    assert answers.get("k") is None
    assert rows(tmp_path / "state.db") == []


def rows(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [key for (key,) in connection.execute("SELECT key FROM answers ORDER BY key")]
    connection.close()
    return found


CORRUPT = [
    "UPDATE answers SET body = substr(body, 1, length(body) - 1)",
    "UPDATE answers SET body = substr(body, 1, 10)",
    "UPDATE answers SET body = ''",
    "UPDATE answers SET body = replace(body, 'answer', 'ANSWER')",
    "UPDATE answers SET body = x'00ff00'",
    "UPDATE answers SET body = 7",
]


@pytest.mark.parametrize("statement", CORRUPT)
def test_a_corrupt_entry_is_a_miss_and_gone(opened, tmp_path: Path, statement: str) -> None:
    answers = opened()
    answers.put("k", said())
    changed(tmp_path / "state.db", statement)
    assert answers.get("k") is None
    assert rows(tmp_path / "state.db") == []
    answers.put("k", said())
    assert answers.get("k") == said()


ONE = 1000 + ROW


def of_size() -> StoredAnswer:
    """An answer that takes `ONE` bytes."""
    return StoredAnswer(text="x" * (1000 - 32 - len('["","",""]')), served="", note="")


def test_the_latest_used_stay(opened) -> None:
    answers = opened(max_bytes=4 * ONE)
    for key in "abcd":
        answers.put(key, of_size())
    answers.get("a")
    answers.put("e", of_size())
    # Brought down to nine tenths of the bound: three fit.
    assert kept(answers, *"abcde") == ["a", "d", "e"]


def test_uses_are_remembered_over_a_restart(opened) -> None:
    answers = opened(max_bytes=4 * ONE)
    for key in "abcd":
        answers.put(key, of_size())
    answers.get("a")
    answers.mark()
    later = opened(max_bytes=4 * ONE)
    later.put("e", of_size())
    assert kept(later, *"abcde") == ["a", "d", "e"]


def test_many_uses_are_written_down_by_themselves(opened, tmp_path: Path) -> None:
    answers = opened()
    for number in range(64):
        answers.put(f"k{number}", said())
    assert uses(tmp_path / "state.db") == 0
    for number in range(64):
        answers.get(f"k{number}")
    assert uses(tmp_path / "state.db") == 64


def uses(path: Path) -> int:
    """How many answers are known to have been used since they were kept."""
    connection = sqlite3.connect(path)
    ((count,),) = connection.execute("SELECT count(*) FROM answers WHERE used_at > at")
    connection.close()
    return int(count)


def test_one_that_is_larger_than_all_room_is_not_kept(opened) -> None:
    answers = opened(max_bytes=ONE - 1)
    answers.put("k", of_size())
    assert answers.get("k") is None


@given(sizes=st.lists(st.integers(0, 3000), max_size=60))
@settings(max_examples=30, deadline=None)
def test_the_bound_holds_after_every_answer(sizes: list[int]) -> None:
    database = Database(None)
    answers = Answers(database, ttl_s=HOUR, max_bytes=10_000)
    for number, size in enumerate(sizes):
        answers.put(str(number), StoredAnswer(text="x" * size, served=""))
        ((total,),) = database.read("SELECT coalesce(sum(bytes), 0) FROM answers")
        assert total <= 10_000
        assert answers.get(str(number)) is not None  # the newest is never the one to go
    database.close()


def test_what_other_processes_keep_counts_before_long(opened, tmp_path: Path) -> None:
    mine, theirs = opened(max_bytes=50 * ONE), opened(max_bytes=50 * ONE)
    for number in range(200):
        (mine if number % 2 else theirs).put(f"k{number:03}", of_size())
    assert len(rows(tmp_path / "state.db")) <= 50 * 2


def test_a_smaller_bound_is_kept_from_the_start(opened, tmp_path: Path) -> None:
    answers = opened()
    for number in range(10):
        answers.put(f"k{number}", of_size())
    opened(max_bytes=5 * ONE).get("k0")
    assert rows(tmp_path / "state.db") == ["k6", "k7", "k8", "k9"]
    assert SLACK == 0.9


def test_while_another_process_writes_answers_wait(opened, tmp_path: Path, clock: Clock) -> None:
    answers = opened()
    answers.put("a", said())
    other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers.put("b", said())
    assert answers.get("a") == said()
    other.execute("COMMIT")
    other.close()
    clock.now += 10
    assert answers.get("b") == said()


WRITER = """
import sys
from pathlib import Path
from manyeyes.state.answers import Answers, StoredAnswer
from manyeyes.state.database import Database
answers = Answers(Database(Path(sys.argv[1])), ttl_s=3600, max_bytes=10**9)
for number in range(10**6):
    answers.put(str(number), StoredAnswer(text=str(number) * 2000, served=""))
    print(number, flush=True)
"""


def test_killing_a_writer_loses_no_earlier_answer(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    last = -1
    for line in writer.stdout:
        last = int(line)
        if last == 60:
            os.kill(writer.pid, signal.SIGKILL)
    writer.stdout.close()
    assert writer.wait() == -signal.SIGKILL
    database = Database(path)
    answers = Answers(database, ttl_s=3600, max_bytes=10**9)
    for number in range(last + 1):
        assert answers.get(str(number)) == StoredAnswer(text=str(number) * 2000, served="")
    assert database.notice == ""
    database.close()
