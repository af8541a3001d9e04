"""Conversations in the state: bounded in time, their owner's alone, and really gone."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from manyeyes.state.conversations import Conversations, NotYours, Turn
from manyeyes.state.database import Database


@pytest.fixture
def kept(database):
    return Conversations(database, keep_s=100.0)


def say(kept, clock, key, text="hello", owner="", **more):
    values = {"run_id": f"r-{text}", "personal": {}, "upset": False, **more}
    kept.add(key, owner, Turn(clock(), "general", text, "yes"), **values)


def test_an_old_conversation_is_not_found_and_leaves_the_file(kept, database, clock, tmp_path):
    say(kept, clock, "a", "sesquipedalian")
    clock.now += 99
    assert kept.find("a", "").turns[0].message == "sesquipedalian"
    clock.now += 2
    assert kept.find("a", "") is None
    database.close()
    assert b"sesquipedalian" not in (tmp_path / "state.db").read_bytes()


def test_what_is_never_asked_for_again_is_forgotten_on_opening(kept, database, clock, tmp_path):
    say(kept, clock, "a")
    database.close()
    clock.now += 101
    again = Database(tmp_path / "state.db", clock=clock)
    Conversations(again, keep_s=100.0)
    again.connect()
    again.close()
    connection = sqlite3.connect(tmp_path / "state.db")
    counts = [
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("conversations", "turns", "conversation_runs")
    ]
    connection.close()
    assert counts == [0, 0, 0]


def test_nobody_else_finds_it(kept, clock):
    say(kept, clock, "a", owner="ann")
    with pytest.raises(NotYours):
        kept.find("a", "bob")
    with pytest.raises(NotYours):
        kept.find("a", "")
    assert kept.find("a", "ann").turns


def test_two_messages_at_once_are_both_kept_with_their_personal_data(kept, clock):
    with ThreadPoolExecutor(8) as pool:
        for number in range(40):
            pool.submit(say, kept, clock, "a", str(number), personal={f"<email:{number}>": "x"}, upset=True)
    found = kept.find("a", "")
    assert sorted(int(turn.message) for turn in found.turns) == list(range(40))
    assert len(found.personal) == 40
    assert found.upset == 40


def test_a_summary_takes_the_place_of_the_oldest_once(kept, clock):
    for number in range(6):
        say(kept, clock, "a", str(number))
    before = kept.find("a", "")
    assert kept.shorten(before, 4, "four were said") is True
    assert kept.shorten(before, 4, "once more") is False  # another message has done so
    after = kept.find("a", "")
    assert after.summary == "four were said"
    assert [turn.message for turn in after.turns] == ["4", "5"]


def test_forgetting_takes_the_results_of_its_runs_along(kept, database, clock):
    row = "INSERT INTO runs (id, at, tool, status, seconds, cost_usd, result) VALUES (?, 0, 't', 's', 0, 0, ?)"
    database.write(row, ("r-mine", "the reply"))
    database.write(row, ("r-other", "another"))
    say(kept, clock, "a", "mine")
    assert kept.forget("a") is True
    assert kept.forget("a") is False
    assert [one[0] for one in database.read("SELECT id FROM runs")] == ["r-other"]


def test_ids_cannot_be_guessed(kept):
    made = {kept.new_id() for _ in range(1_000)}
    assert len(made) == 1_000
    assert min(map(len, made)) >= 24
