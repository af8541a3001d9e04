from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from manyeyes.errors import OverBudget
from manyeyes.prices import Prices
from manyeyes.settings import Settings
from manyeyes.state import budget as module
from manyeyes.state.budget import KEPT_DAYS, Budget
from manyeyes.state.database import Database
from manyeyes.state.reservations import entries
from manyeyes.types import ModelRef, Usage
from stopped_clock import Clock

REF = ModelRef("a", "m")
NOW = Clock().now
DAY_S = 86_400.0
NANO = 1e-9


def reserve(budget, most, run_id="r", **values):
    return asyncio.run(
        budget.reserve(REF, **{"run_id": run_id, "tool": "t", "role": "r", "most": most, "local": False} | values)
    )


def counted(database) -> int:
    """What counts today, by a sum of its own."""
    (moved, fresh), waiting = database.view(
        ("SELECT coalesce(sum(nanos), 0) FROM spending WHERE scope NOT LIKE 'r%'", ()),
        ("SELECT coalesce(sum(nanos), 0) FROM reservations WHERE folded = 0", ()),
    )
    assert waiting == []
    return moved[0][0] + fresh[0][0]


class Interleaved(RuleBasedStateMachine):
    """Several budgets on one file, as of several processes, in any order."""

    CAP, RUN_CAP = 1_000, 400
    held = Bundle("held")

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.database = Database(None, clock=self.clock)
        self.budgets = [
            Budget(self.database, Prices({}), per_day=self.CAP * NANO, per_call=self.RUN_CAP * NANO, deadline_s=100)
            for _ in range(2)
        ]
        self.truth: dict[str, int] = {}
        self.runs: dict[str, str] = {}

    def sums(self, run_id) -> tuple[int, int]:
        return sum(self.truth.values()), sum(n for key, n in self.truth.items() if self.runs[key] == run_id)

    @rule(target=held, most=st.integers(0, 500), who=st.integers(0, 1), run_id=st.sampled_from(["r-1", "r-2", "r-3"]))
    def reserve(self, most, who, run_id):
        today, run = self.sums(run_id)
        fits = most == 0 or (today + most <= self.CAP and run + most <= self.RUN_CAP)
        try:
            entry = reserve(self.budgets[who], most, run_id)
        except OverBudget:
            assert not fits, "refused although it fits"
            return None
        assert fits, "taken although it does not fit"
        self.truth[entry.id], self.runs[entry.id] = most, run_id
        return entry

    @rule(entry=consumes(held), share=st.floats(0, 1), who=st.integers(0, 1))
    def settle(self, entry, share, who):
        if entry is None:
            return
        cost = int(entry.nanos * share)
        self.budgets[who].settle(entry, cost * NANO, Usage(input_tokens=1))
        self.truth[entry.id] = cost

    @rule(entry=consumes(held), who=st.integers(0, 1))
    def cancel(self, entry, who):
        if entry is not None:
            assert self.budgets[who].settle(entry, None, None).state == "estimated"

    @rule(entry=consumes(held))
    def kill(self, entry):
        """Nobody ever settles it."""

    @rule(seconds=st.sampled_from([1.0, 200.0]))
    def wait(self, seconds):
        self.clock.now += seconds

    @invariant()
    def never_above_the_limit(self):
        assert counted(self.database) == sum(self.truth.values()) <= self.CAP

    def teardown(self):
        self.database.close()


Interleaved.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_spent_and_reserved_never_exceed_the_limit = Interleaved.TestCase


def test_what_is_done_is_folded_and_counts_as_before(database, clock, monkeypatch):
    monkeypatch.setattr(module, "_FOLDED_EVERY", 10)
    budget = Budget(database, Prices({}), per_day=1.0, per_call=1.0, deadline_s=100)
    lost = reserve(budget, 7)
    under_way = [reserve(budget, 1_000) for _ in range(5)]
    clock.now += 200.0
    for _ in range(30):
        budget.settle(reserve(budget, 100), 40 * NANO, None)
    (rows,) = database.read("SELECT count(*) FROM reservations WHERE folded = 1")
    assert rows[0] >= 20
    assert counted(database) == 7 + 5 * 1_000 + 30 * 40
    budget.settle(lost, 1 * NANO, None)  # after its lease, and folded: it stays as it was counted
    budget.settle(under_way[0], 1 * NANO, None)
    assert counted(database) == 7 + 5 * 1_000 + 30 * 40
    assert [entry.state for entry in entries(database)[:6]] == ["estimated"] * 6
    with pytest.raises(OverBudget):
        reserve(budget, 10**9 - 6_206)
    reserve(budget, 10**9 - 6_207)


def test_a_reservation_beyond_its_lease_is_spent(database, clock):
    budget = Budget(database, Prices({}), per_day=1.0, deadline_s=100)
    reserve(budget, 10**9)
    (entry,) = entries(database)
    assert (entry.seen_at(clock.now), entry.seen_at(clock.now + 159), entry.seen_at(clock.now + 161)) == (
        *("open", "open"),
        "estimated",
    )
    clock.now += 161
    with pytest.raises(OverBudget, match=r"\$0\.00 of \$1\.00 are left"):
        reserve(budget, 1)


def test_when_the_file_fails_the_account_goes_on_from_what_was_seen(database):
    budget = Budget(database, Prices({}), per_day=1.0, per_call=0.7)
    assert budget.notice == ""
    first = reserve(budget, 600_000_000, "r-1")
    database._connection.execute("DROP TABLE reservations")
    with pytest.raises(OverBudget, match=r"\$0\.40 of \$1\.00 are left today"):
        reserve(budget, 410_000_000, "r-2")
    assert "kept in memory" in budget.notice
    with pytest.raises(OverBudget, match=r"\$0\.10 of \$0\.70 are left for this call"):
        reserve(budget, 110_000_000, "r-1")
    reserve(budget, 400_000_000, "r-2")
    with pytest.raises(OverBudget, match=r"\$0\.00 of \$1\.00"):
        reserve(budget, 1_000_000_000, "r-3")
    budget.settle(first, 0.1, None)
    assert {entry.run_id: entry.state for entry in entries(database)} == {"r-1": "known", "r-2": "open"}
    # On the safe side: the share of the attempt that was under way counts twice.
    assert counted(database) == 1_100_000_000


def test_in_memory_the_limits_are_said_to_hold_for_this_process(tmp_path):
    database = Database(None)
    assert "this process alone" in Budget(database, Prices({}), per_day=1.0).notice
    assert Budget(database, Prices({})).notice == ""
    database.close()


def test_the_sums_remembered_are_bounded(database, monkeypatch):
    monkeypatch.setattr(module, "_SCOPES", 10)
    budget = Budget(database, Prices({}), per_call=1.0)
    for n in range(30):
        reserve(budget, 1, f"r-{n}")
    assert len(budget._seen) == 10


def test_the_account_is_forgotten_after_a_time(tmp_path, clock):
    database = Database(tmp_path / "state.db", clock=clock)
    budget = Budget(database, Prices({}), per_day=1.0)
    budget.settle(reserve(budget, 5), 5 * NANO, None)
    database.write("INSERT INTO spending (scope, nanos) VALUES (?, ?)", ("2026-11-23", 1))
    database.close()
    clock.now += (KEPT_DAYS + 2) * DAY_S
    again = Database(tmp_path / "state.db", clock=clock)
    Budget(again, Prices({}))
    assert entries(again) == []
    assert again.read("SELECT * FROM spending") == []
    again.close()


def test_the_number_of_attempts_is_bounded_but_not_the_present_days(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(module, "KEPT_ATTEMPTS", 3)
    database = Database(tmp_path / "state.db", clock=clock)
    budget = Budget(database, Prices({}), per_day=1.0)
    for _ in range(8):
        clock.now += 1
        reserve(budget, 1)
    Budget(database, Prices({}))
    assert len(entries(database)) == 8
    clock.now += DAY_S
    reserve(budget, 1)
    Budget(database, Prices({}))
    assert len(entries(database)) == 3
    database.close()


def test_the_operators_limits(database):
    made = Settings.model_validate({"budget": {"usd_per_day": 0.5, "usd_per_call": 0.2}, "deadline_s": 10})
    budget = Budget.of(made, database, Prices({}))
    with pytest.raises(OverBudget, match=r"up to \$0\.21, and \$0\.20 of \$0\.20 are left for this call"):
        reserve(budget, 200_000_001)
    entry = reserve(budget, 200_000_000)
    assert entry.until == NOW + 70
    assert Budget.of(Settings(), database, Prices({})).limited is False


HAMMER = """
import asyncio, sys
from pathlib import Path
from manyeyes.errors import OverBudget
from manyeyes.prices import Prices
from manyeyes.state.budget import Budget
from manyeyes.state.database import Database
from manyeyes.types import ModelRef

database = Database(Path(sys.argv[1]))
budget = Budget(database, Prices({}), per_day=1e-6)

async def main():
    taken = 0
    for _ in range(40):
        try:
            entry = await budget.reserve(ModelRef("a", "m"), run_id="r", tool="t", role="r", most=37, local=False)
        except OverBudget:
            continue
        taken += 1
        if sys.argv[2] == "hang":
            print("held", flush=True)
            await asyncio.sleep(60)
        budget.settle(entry, 23e-9, None)
    print(taken)

asyncio.run(main())
database.close()
"""


def start(path, way):
    return subprocess.Popen([sys.executable, "-c", HAMMER, path, way], stdout=subprocess.PIPE, text=True)


def test_several_processes_keep_to_one_limit(database):
    database.connect()
    workers = [start(database.path, "settle") for _ in range(3)]
    taken = sum(int(worker.communicate(timeout=60)[0]) for worker in workers)
    total = counted(database)
    assert total == taken * 23 <= 1_000
    # No more fits: they stopped at the limit, not before it.
    assert total + 37 > 1_000


def test_what_a_killed_process_left_is_spent_in_full(database):
    database.connect()
    worker = start(database.path, "hang")
    assert worker.stdout.readline() == "held\n"
    worker.send_signal(signal.SIGKILL)
    worker.communicate(timeout=60)
    (entry,) = entries(database)
    assert (entry.state, entry.nanos) == ("open", 37)
    assert entry.seen_at(entry.until + 1) == "estimated"
    assert counted(database) == 37
