"""Does memory stay flat over many tool calls in one process?

    python bench/soak.py [--calls N] [--seconds S] [--json]

Whole tool calls, a few at a time, as a server makes them: evidence, router, gateway with cache and budget, grounding,
state in one SQLite file, the answer cut to size.  The model is scripted.  One call in fifty is about new code; the
others come back to what evidence and cache remember.  Once everything that is bounded has had the chance to fill, the
resident memory and the blocks that Python holds are noted, and again at the end.  When the time is up before the calls
are made, the row says how many were.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import anyio

from manyeyes.answers import fit
from manyeyes.desk import Desk
from manyeyes.settings import Budget, Scripted, Settings, State

TOOLS = ("code_review", "security_scan")
KNOWN = 16
NEW_EVERY = 50
AT_ONCE = 8
WARM = 0.3
"""The part of the calls after which memory has to be flat."""
BYTES_PER_CALL = 512
"""More growth than this for each call is a leak; the state's figures and SQLite's pages move by less."""

CODE = "def pay_{n}(account, amount):\n    account.balance -= amount\n    return account.balance\n"


def script(folder: Path) -> Path:
    """One answer for reviews and scans alike, given any number of times."""
    claim = {
        "path": "code.py",
        "quote": "    account.balance -= amount",
        "line": 2,
        "title": "No check of the balance",
        "severity": "medium",
        "category": "logic",
        "explanation": "The balance may become negative.",
        "confidence": 0.7,
    }
    answer = {"summary": "Pays.", "verdict": "comment", "findings": [claim], "disputed": []}
    usage = {"input_tokens": 900, "output_tokens": 90}
    path = folder / "answers.json"
    path.write_text(json.dumps({"models": {"scripted": [{"text": json.dumps(answer), "usage": usage, "times": None}]}}))
    return path


def resident() -> int:
    """Bytes of this process that lie in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def held() -> tuple[int, int]:
    gc.collect()
    return resident(), sys.getallocatedblocks()


async def soak(calls: int, seconds: float, folder: Path) -> dict[str, object]:
    settings = Settings(
        scripted=Scripted(file=script(folder)),
        state=State(url=f"sqlite:///{folder / 'state.db'}"),
        budget=Budget(usd_per_call=1.0, usd_per_day=1e6),
        roots=(folder,),
    )
    done, hits, statuses = 0, 0, set[str]()
    started = time.monotonic()

    async with Desk.open(settings, {"HOME": str(folder)}) as desk:
        heard = desk.providers["scripted"].model("scripted").asked

        async def some(numbers: range) -> None:
            nonlocal done, hits
            for number in numbers:
                if time.monotonic() - started > seconds:
                    return
                code = CODE.format(n=number if number % NEW_EVERY == 0 else f"again_{number % KNOWN}")
                name = TOOLS[number // KNOWN % 2]
                result = await desk.call(name, {"code": code, "language": "python"})
                fit(desk.tool(name), result)
                statuses.add(result.status)
                heard.clear()  # the double remembers what it was asked
                hits += any(use.cache == "hit" for use in result.run.models)
                done += 1

        async def until(first: int, last: int) -> None:
            async with anyio.create_task_group() as group:
                for worker in range(AT_ONCE):
                    group.start_soon(some, range(first + worker, last, AT_ONCE))

        warm_calls = int(calls * WARM)
        await until(0, warm_calls)
        warm_done, (warm_rss, warm_blocks) = done, held()
        marks = [round(warm_rss / 2**20, 1)]
        step = max(1, (calls - warm_calls) // 4)
        for first in range(warm_calls, calls, step):
            await until(first, min(calls, first + step))
            marks.append(round(held()[0] / 2**20, 1))
        rss, blocks = held()
    later = max(1, done - warm_done)
    per_call = (rss - warm_rss) / later
    return {
        "calls": done,
        "seconds": round(time.monotonic() - started, 1),
        "statuses": sorted(statuses),
        "cache_hits": hits,
        "resident_mib": marks,
        "growth_mib": round((rss - warm_rss) / 2**20, 2),
        "growth_bytes_per_call": round(per_call),
        "blocks_per_call": round((blocks - warm_blocks) / later, 3),
        "flat": per_call <= BYTES_PER_CALL and warm_done < done,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0, help="stop after that time at the latest")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        row = anyio.run(soak, options.calls, options.seconds, Path(name))
    print(json.dumps([row]) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
