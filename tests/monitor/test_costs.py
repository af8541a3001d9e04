from __future__ import annotations

import asyncio
import json

import pytest

from manyeyes.cli import main
from manyeyes.monitor.costs import costs_json, fold_costs, render_costs
from manyeyes.prices import Prices
from manyeyes.state.budget import Budget
from manyeyes.state.database import Database
from manyeyes.state.reservations import Entry
from manyeyes.types import ModelRef, Usage

NOW = 1_795_400_000.0
GPT, OPUS, BOX = ModelRef("openai", "gpt"), ModelRef("anthropic", "opus"), ModelRef("box", "small")


def entry(**values) -> Entry:
    base = {"id": "e", "at": NOW, "until": NOW + 60, "day": "2026-11-23", "run_id": "r", "tool": "code_review"}
    return Entry(**base | {"role": "r", "ref": GPT, "state": "known", "nanos": 0} | values)


ENTRIES = [
    entry(nanos=100_000_000, input_tokens=1_000, cached_tokens=400, output_tokens=50),
    entry(nanos=200_000_000, tool="security_scan", ref=OPUS, input_tokens=10, cached_tokens=0, output_tokens=1),
    entry(nanos=5_000_000, state="estimated"),
    entry(nanos=0, state="unknown", ref=BOX, input_tokens=7, cached_tokens=0, output_tokens=7),
    entry(nanos=40_000_000, state="open"),
    entry(nanos=3_000_000, state="open", until=NOW - 1),
    entry(nanos=1_000, day="2026-11-22", at=NOW - 86_400),
]


def folded(**values):
    return fold_costs(ENTRIES, **{"now": NOW, "today": "2026-11-23", "limit": 10**9} | values)


def test_the_account_by_day_tool_and_model():
    costs = folded()
    assert [(row.name, row.attempts, row.nanos) for row in costs.days] == [
        ("2026-11-22", 1, 1_000),
        ("2026-11-23", 6, 308_000_000),
    ]
    assert [(row.name, row.nanos) for row in costs.tools] == [
        ("security_scan", 200_000_000),
        ("code_review", 108_001_000),
    ]
    assert [(row.name, row.nanos, row.unknown) for row in costs.models] == [
        ("anthropic:opus", 200_000_000, 0),
        ("openai:gpt", 108_001_000, 0),
        ("box:small", 0, 1),
    ]
    total = costs.total
    assert (total.input_tokens, total.cached_tokens, total.output_tokens) == (1_017, 400, 58)
    assert (total.nanos, total.estimated, total.reserved, total.unknown) == (308_001_000, 8_000_000, 40_000_000, 1)
    for rows in (costs.days, costs.tools, costs.models):
        assert sum(row.nanos for row in rows) == total.nanos
    assert costs.today == 348_000_000


def test_what_is_older_is_left_out_and_the_present_day_is_counted_whole():
    costs = folded(since=NOW + 1)
    assert costs.total.attempts == 0
    assert costs.today == 348_000_000
    assert render_costs(costs) == "No model has been asked yet.\n"


def test_a_cost_that_is_not_known_is_not_nothing():
    told = costs_json(folded())
    (box,) = (row for row in told["models"] if row["model"] == "box:small")
    assert (box["cost_usd"], box["known_cost_usd"], box["unknown_costs"]) == (None, 0.0, 1)
    (opus,) = (row for row in told["models"] if row["model"] == "anthropic:opus")
    assert (opus["calls"], opus["cost_usd"], opus["unknown_costs"]) == (1, 0.2, 0)
    assert (told["total"]["cost_usd"], told["total"]["estimated_usd"], told["total"]["reserved_usd"]) == (
        *(None, 0.008),
        0.04,
    )
    assert (told["usd_per_day"], told["today_usd"]) == (1.0, 0.348)
    assert costs_json(folded(limit=None))["usd_per_day"] is None
    assert "Today" not in render_costs(folded(limit=None))


def test_tokens_that_nobody_told_are_not_nothing():
    failed = [entry(state="estimated", nanos=5), entry(state="unknown", nanos=0)]
    told = entry(nanos=7, input_tokens=300, cached_tokens=0, output_tokens=20)
    rows = {
        many: fold_costs(group, now=NOW, today="2026-11-23", limit=None)
        for many, group in (("untold", failed), ("both", [*failed, told]), ("told", [told]))
    }
    shown = {many: render_costs(costs).splitlines()[-1].split()[2:5] for many, costs in rows.items()}
    assert shown == {"untold": ["unknown"] * 3, "both": ["300+", "0+", "20+"], "told": ["300", "0", "20"]}
    assert [costs_json(costs)["total"]["unknown_tokens"] for costs in rows.values()] == [2, 2, 0]


def test_the_account_for_a_terminal():
    text = render_costs(folded())
    days, tools, models, today = text.split("\n\n")
    assert days.splitlines()[-1].split() == (
        "total 7 1017+ 400+ 58+ $0.308001 $0.008000 1 $0.040000".split()  # noqa: SIM905  # as it is read
    )
    assert "unknown" in models.splitlines()[-1]
    assert tools.splitlines()[1].startswith("security_scan")
    assert today == "Today $0.348 of $1.00 are spent or set aside.\n"
    assert len({len(line) for line in models.splitlines()}) == 1


@pytest.fixture
def filled(tmp_path, monkeypatch):
    path = tmp_path / "state.db"
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{path}")
    monkeypatch.setenv("MANYEYES_BUDGET_USD_PER_DAY", "2")
    monkeypatch.chdir(tmp_path)
    database = Database(path)
    budget = Budget(database, Prices({}), per_day=2.0)
    held = asyncio.run(budget.reserve(GPT, run_id="r", tool="code_review", role="r", most=5 * 10**8, local=False))
    budget.settle(held, 0.25, Usage(input_tokens=11, cached_tokens=2, output_tokens=3))
    database.close()
    return path


def test_the_command_prints_it(filled, capsys):
    assert main(["stats", "--costs"]) == 0
    text = capsys.readouterr().out
    assert "openai:gpt" in text
    assert "Today $0.25 of $2.00 are spent" in text
    assert main(["stats", "--costs", "--json", "--days", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["total"]["cost_usd"] == told["today_usd"] == 0.25
    assert told["models"][0]["model"] == "openai:gpt"
    assert told["models"][0]["cached_tokens"] == 2


def test_a_state_that_cannot_be_read_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / "state.db").write_bytes(b"no database " * 500)
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{tmp_path / 'state.db'}")
    monkeypatch.chdir(tmp_path)
    assert main(["stats", "--costs"]) == 0
    assert "kept in memory" in capsys.readouterr().err
