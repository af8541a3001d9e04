"""Whether the limits on cost hold when many processes push against one, and what holding them takes.

    python bench/budget.py [--json] [--processes N] [--calls N]

Several processes ask scripted models through `Budgeted` until far more was asked than one limit of a day allows; some
calls fail, some are cancelled, some tell no usage.  Then one process is killed in the middle of a call.  Then the time
of a call with its reservation and settlement is taken beside the bare call, in turn.  Everything runs in one new file.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import anyio

from manyeyes.calls.budgeted import Budgeted
from manyeyes.calls.observed import Caller
from manyeyes.calls.worst_case import most_input
from manyeyes.errors import ModelError, OverBudget
from manyeyes.model import no_pulse
from manyeyes.prices import Prices
from manyeyes.providers.scripted import Answer, ScriptedModel
from manyeyes.settings import Endpoint
from manyeyes.state.budget import Budget
from manyeyes.state.database import Database
from manyeyes.state.reservations import entries
from manyeyes.types import Message, ModelRef, Request, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.state.reservations import Entry

REF = ModelRef("scripted", "reviewer")
URL = "https://priced.example/v1"
# 3,000 and 15,000 billionths of a dollar a token: a usual price of a balanced model.
PRICES = Prices({"scripted": Endpoint(url=URL, usd_per_mtok_input=3, usd_per_mtok_output=15)}, free=frozenset())
ASK = Request(messages=(Message(role="user", text="x" * 2_000),), max_tokens=1_000)
MOST = 3_000 * most_input(ASK, None) + 15_000 * ASK.max_tokens
CAP_USD = 2.50
CAP = int(Decimal(str(CAP_USD)) * 10**9)
LEASE_S = 1.0
AIM_US = 300.0
FIGURES = re.compile(r"it could cost up to \$([\d.]+), and \$([\d.]+) of \$2\.50 are left today \(UTC\)")


def caller(name: str) -> Caller:
    return Caller(run_id=name, tool="bench", role="reviewer")


def budget_on(path: Path) -> tuple[Database, Budget]:
    database = Database(path)
    return database, Budget(database, PRICES, per_day=CAP_USD, deadline_s=LEASE_S / 2, margin_s=LEASE_S / 2)


def script(dice: random.Random) -> Iterator[tuple[Answer, int | None]]:
    """Answers without end, and what each has to cost in the account, worked out here anew; None for cancelled."""
    while True:
        asked, said = dice.randrange(400, 900), dice.randrange(10, 1_000)
        usage = Usage(input_tokens=asked, output_tokens=said)
        cost = 3_000 * asked + 15_000 * said
        kind = dice.random()
        pause = dice.uniform(0, 0.004)
        if kind < 0.70:
            yield Answer(text="fine", usage=usage, delay_s=pause), cost
        elif kind < 0.78:
            yield Answer(text="fine", delay_s=pause), MOST
        elif kind < 0.84:
            yield Answer(error="timed_out", delay_s=pause), MOST
        elif kind < 0.90:
            yield Answer(error="truncated", usage=usage, delay_s=pause), cost
        elif kind < 0.95:
            yield Answer(error="rate_limited", usage=Usage(), delay_s=pause), 0
        else:
            yield Answer(text="never", delay_s=60), None


async def hammer(path: Path, seed: int, calls: int) -> dict[str, object]:
    """One process's part: ask on and on, four at a time; what it knows to have been spent and refused."""
    database, budget = budget_on(path)
    answers = script(random.Random(seed))  # noqa: S311  # the same figures in every run
    refusals: list[str] = []
    truth = wrong = sent = unsent = 0

    async def one() -> None:
        nonlocal truth, wrong, sent, unsent
        for _ in range(calls // 4):
            answer, cost = next(answers)
            settled: list[Entry] = []
            model = Budgeted(ScriptedModel(REF, (answer,)), budget, caller(f"r-{seed}"), settled=settled.append)
            try:
                with anyio.move_on_after(0.002 if cost is None else 30):
                    await model.complete(ASK, no_pulse)
            except OverBudget as refused:
                refusals.append(str(refused))
                continue
            except ModelError:
                pass
            unsent += not settled  # it was cancelled while it waited for the file
            for entry in settled:
                expected = MOST if cost is None else cost
                sent += 1
                truth += expected
                wrong += entry.nanos != expected

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(one)
    database.close()
    return {"sent": sent, "unsent": unsent, "truth": truth, "wrong": wrong, "refusals": refusals}


async def hang(path: Path) -> None:
    """Hold a reservation until killed."""
    _, budget = budget_on(path)
    model = Budgeted(ScriptedModel(REF, (Answer(text="never", delay_s=60),)), budget, caller("r-killed"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(model.complete, ASK, no_pulse)
        await anyio.sleep(0.2)
        print("held", flush=True)


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, __file__, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def counted(database: Database) -> int:
    """What counts against the limit, summed anew."""
    found = database.read(
        "SELECT (SELECT coalesce(sum(nanos), 0) FROM spending)"
        " + (SELECT coalesce(sum(nanos), 0) FROM reservations WHERE folded = 0)"
    )
    return int(found[0][0] or 0)


def correct(refusal: str) -> bool:
    """Its figures: the cost rounded up to the cent, and less than that left."""
    figures = FIGURES.fullmatch(refusal)
    cents = -(-MOST // 10**7)
    return bool(figures) and Decimal(figures[1]) * 100 == cents and Decimal(figures[2]) * 100 < cents


def together(path: Path, processes: int, calls: int) -> dict[str, object]:
    database, budget = budget_on(path)
    database.connect()
    began = time.perf_counter()
    workers = [start("--worker", path, "--seed", seed, "--calls", calls) for seed in range(processes)]
    highest = looks = 0
    while any(worker.poll() is None for worker in workers):
        highest = max(highest, counted(database))
        looks += 1
        time.sleep(0.005)
    parts = [json.loads(worker.communicate()[0]) for worker in workers]
    seconds = time.perf_counter() - began
    spent = counted(database)
    refusals = [refusal for part in parts for refusal in part["refusals"]]
    left = CAP - spent

    async def edge() -> tuple[str, bool]:
        """A billionth too much is refused, with the figures; just enough is not."""
        who = {"run_id": "r-edge", "tool": "bench", "role": "r", "local": False}
        try:
            await budget.reserve(REF, most=left + 1, **who)
        except OverBudget as refused:
            told = str(refused)
        fits = await budget.reserve(REF, most=left, **who)
        full = counted(database) == CAP
        budget.settle(fits, 0.0, None)
        return told, full

    told, full = anyio.run(edge)
    last = f"${Decimal(left // 10**7) / 100:.2f} of $2.50 are left" if left >= 10**7 else "of $2.50 are left"
    database.close()
    return {
        "experiment": "one limit",
        "processes": processes,
        "asked": processes * calls // 4 * 4,
        "sent": sum(part["sent"] for part in parts),
        "cancelled_before": sum(part["unsent"] for part in parts),
        "limit_usd": CAP_USD,
        "spent_usd": spent / 10**9,
        "highest_seen_usd": highest / 10**9,
        "looks": looks,
        "overspend_nanos": max(0, highest - CAP, spent - CAP),
        "account_off_by_nanos": spent - sum(part["truth"] for part in parts),
        "settled_wrong": sum(part["wrong"] for part in parts),
        "refusals": len(refusals),
        "refusals_wrong": sum(not correct(refusal) for refusal in refusals),
        "last_cent_right": last in told and full,
        "seconds": round(seconds, 2),
    }


def killed(path: Path) -> dict[str, object]:
    database, _ = budget_on(path)
    before = counted(database)
    worker = start("--hang", path)
    assert worker.stdout is not None
    assert worker.stdout.readline() == "held\n"
    worker.kill()
    worker.communicate()

    def reserved() -> int:
        now = time.time()
        return sum(entry.nanos for entry in entries(database) if entry.seen_at(now) == "open")

    at_once = reserved()
    time.sleep(LEASE_S)
    row = {
        "experiment": "kill -9 in a call",
        "lease_s": LEASE_S,
        "reserved_at_once_usd": at_once / 10**9,
        "reserved_after_lease_usd": reserved() / 10**9,
        "counted_as_spent_in_full": counted(database) - before == MOST == at_once,
    }
    database.close()
    return row


async def speed(path: Path, rounds: int) -> dict[str, object]:
    database = Database(path)
    usage = Usage(input_tokens=500, output_tokens=100)
    bare = ScriptedModel(REF, (Answer(text="fine", usage=usage, times=None),))
    limited = Budgeted(bare, Budget(database, PRICES, per_day=1e6, per_call=1e6), caller("r-speed"))
    free = Budgeted(bare, Budget(database, PRICES), caller("r-free"))
    times: dict[str, list[float]] = {"bare": [], "limited": [], "no limit": []}
    for turn in range(rounds):
        if turn % 50 == 0:  # a tool call has some tens of attempts
            limited = Budgeted(bare, limited.budget, caller(f"r-speed-{turn}"))
        for name, model in (("bare", bare), ("limited", limited), ("no limit", free)):
            begin = time.perf_counter_ns()
            await model.complete(ASK, no_pulse)
            times[name].append((time.perf_counter_ns() - begin) / 1000)
        bare.asked.clear()
    database.close()
    p50 = {name: median(taken) for name, taken in times.items()}
    p95 = {name: sorted(taken)[len(taken) * 95 // 100] for name, taken in times.items()}
    return {
        "experiment": "time of a call",
        "rounds": rounds,
        "bare_p50_us": round(p50["bare"], 1),
        "limited_p50_us": round(p50["limited"], 1),
        "limited_p95_us": round(p95["limited"], 1),
        "no_limit_p50_us": round(p50["no limit"], 1),
        "reserve_and_settle_p50_us": round(p50["limited"] - p50["bare"], 1),
        "within_aim": p50["limited"] - p50["bare"] <= AIM_US,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--calls", type=int, default=100, help="how many calls each process tries")
    parser.add_argument("--rounds", type=int, default=2_000, help="how many calls are timed")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--hang", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(anyio.run(hammer, arguments.worker, arguments.seed, arguments.calls)))
        return
    if arguments.hang:
        anyio.run(hang, arguments.hang)
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            together(Path(folder) / "limit.db", arguments.processes, arguments.calls),
            killed(Path(folder) / "killed.db"),
            anyio.run(speed, Path(folder) / "speed.db", arguments.rounds),
        ]
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print(row.pop("experiment"))
        for name, value in row.items():
            print(f"  {name.replace('_', ' '):<28} {value}")


if __name__ == "__main__":
    main()
