"""Through whole tool calls: what the dashboard, the metrics and the account say of them, and that they agree."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager

import anyio
import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import BadCall
from manyeyes.monitor.costs import fold_costs
from manyeyes.monitor.dashboard import fold
from manyeyes.resources import read_resource
from manyeyes.state.reservations import entries
from wire.doubles import Double, Reply
from wire.vendors import VENDORS

pytestmark = pytest.mark.anyio
CODE = {"code": "def pay(text):\n    return eval(text)\n", "language": "python"}
ANSWER = json.dumps({"summary": "It runs what it is given.", "verdict": "comment", "findings": [], "disputed": []})
SAYS = VENDORS["compatible"].says(ANSWER)
ENDPOINTS = ("one", "two")


@pytest.fixture
def doubles():
    with Double() as one, Double() as two:
        yield one, two


@pytest.fixture
def opened(doubles, tmp_path):
    """Opens a desk whose two vendors cost a dollar for each million tokens."""

    @asynccontextmanager
    async def desk(**more):
        environ = {"HOME": str(tmp_path / "home"), "MANYEYES_STATE_URL": "sqlite://"}
        for name, double in zip(ENDPOINTS, doubles, strict=True):
            section = f"MANYEYES_ENDPOINTS_{name.upper()}"
            environ |= {f"{section}_URL": f"{double.url}/v1", f"{section}_MODELS": "m"}
            environ |= {f"{section}_USD_PER_MTOK_{kind}": "1" for kind in ("INPUT", "OUTPUT")}
        environ |= {"MANYEYES_ROUTING_CODE_REVIEW_VENDORS": ",".join(ENDPOINTS), **more}
        async with Desk.open(operator.load(environ, cwd=tmp_path), environ) as made:
            yield made

    return desk


def told(desk: Desk):
    return fold(desk.store.events())


def account(desk: Desk):
    return fold_costs(entries(desk.store.database), now=desk.store.database.clock())


def agree(desk: Desk) -> None:
    """The dashboard's costs are those of the account, model by model."""
    costs = {row.name: (round(row.nanos / 1e9, 12), round(row.estimated / 1e9, 12)) for row in account(desk).models}
    board = {row.model: (round(row.cost.known_usd, 12), round(row.cost.estimated_usd, 12)) for row in told(desk).models}
    assert board == costs


async def test_a_hit_is_counted_and_costs_nothing(opened, doubles):
    doubles[0].reply(SAYS)
    async with opened() as desk:
        await desk.call("code_review", CODE)
        first = told(desk)
        assert first.total.asked.hits == 0
        assert first.total.cost.known_usd > 0
        result = await desk.call("code_review", CODE)
        assert [use.cache for use in result.run.models] == ["hit"]
        assert result.run.cost_usd == 0
        board = told(desk)
        assert (board.total.asked.questions, board.total.asked.hits, board.total.calls) == (2, 1, 1)
        assert board.total.cost == first.total.cost
        (tool,) = board.tools
        assert (tool.runs, tool.calls, tool.asked.hits, tool.usage) == (2, 1, 1, first.total.usage)
        agree(desk)
        (page,) = await read_resource(desk, "manyeyes://dashboard")
        lines = page.text.splitlines()
        head, row = (re.split("  +", line) for line in lines if line.startswith(("model ", "one:m ")))
        assert row[head.index("hits")] == "1"
        metrics = desk.metrics.text({})
        assert 'manyeyes_cache_hits_total{model="one:m",tool="code_review"} 1.0' in metrics
        assert 'manyeyes_calls_total{error="",model="one:m"} 1.0' in metrics
    assert len(doubles[0].asked) == 1


async def test_an_answer_in_the_place_of_a_failure_is_a_fallback(opened, doubles):
    doubles[0].reply(VENDORS["compatible"].error(401, "no such key"))
    doubles[1].reply(SAYS)
    async with opened() as desk:
        await desk.call("code_review", CODE)
        board = told(desk)
        rows = {row.model: row for row in board.models}
        assert (rows["one:m"].answered, rows["one:m"].asked.fallbacks) == (0, 0)
        assert (rows["two:m"].answered, rows["two:m"].asked.fallbacks) == (1, 1)
        assert board.tools[0].asked.fallbacks == 1
        agree(desk)


async def test_a_second_call_beside_a_slow_one_is_counted_and_so_is_what_the_loser_may_have_cost(opened, doubles):
    one, two = doubles
    one.reply(SAYS, SAYS, Reply([b": so far\n\n"], then="hold"))
    two.reply(SAYS)
    async with opened(MANYEYES_HEDGE_MIN_SAMPLES="1", MANYEYES_HEDGE_EXTRA_SHARE="1") as desk:
        for number in range(3):  # the first shows how quick it is, the second earns a second call, the third is slow
            await desk.call("code_review", {**CODE, "code": f"{CODE['code']}\nN = {number}\n"})
        board = told(desk)
        assert (board.total.asked.hedges, board.total.asked.hedges_won, board.total.asked.fallbacks) == (1, 1, 0)
        rows = {row.model: row for row in board.models}
        assert (rows["two:m"].asked.hedges, rows["two:m"].asked.hedges_won) == (1, 1)
        assert rows["one:m"].asked.hedges == 0
        assert dict(rows["one:m"].errors) == {"cancelled": 1}
        assert rows["one:m"].cost.estimated_usd > 0
        assert board.total.cost.unknown == 0
        agree(desk)
        assert 'manyeyes_hedges_total{model="two:m",tool="code_review",won="true"} 1.0' in desk.metrics.text({})


async def test_a_cancelled_call_costs_what_the_account_says(opened, doubles):
    doubles[0].reply(Reply([b": so far\n\n"], then="hold"))
    async with opened() as desk:
        async with anyio.create_task_group() as group:
            group.start_soon(desk.call, "code_review", CODE)
            with anyio.fail_after(20):
                while not doubles[0].asked:
                    await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        with anyio.fail_after(5):
            while not told(desk).total.calls:  # the call under way ends in a task of its own
                await anyio.sleep(0.01)
        board = told(desk)
        assert dict(board.total.errors) == {"cancelled": 1}
        assert board.total.cost.unknown == 0
        assert board.total.cost.estimated_usd == board.total.cost.known_usd > 0
        agree(desk)


async def test_a_call_that_is_wrong_in_itself_asks_nobody(opened):
    async with opened() as desk:
        with pytest.raises(BadCall):
            await desk.call("code_review", {})
        assert told(desk).first_at is None
