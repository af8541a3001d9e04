"""What does an answer cost that was given before, and is anything ever asked or lost twice?

    python bench/cache.py [--pairs N] [--callers N] [--json]

The whole tool is called by an MCP client in memory, against a double on loopback that answers at once.  Each code is
reviewed twice, so that a miss and a hit stand side by side; then once more in another layout.  Then many callers ask
the same at the same time of a double that takes its time.  Then a process that keeps answers is killed while it
writes, and what it had kept before is looked for.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from chat_double import ChatDouble
from mcp import Client

from manyeyes import settings as operator
from manyeyes.app import build
from manyeyes.desk import Desk
from manyeyes.state.answers import Answers, StoredAnswer
from manyeyes.state.database import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SLOW_S = 0.5
"""How long the double takes while many ask at once."""
KILLED_AFTER = 200
"""Answers kept before the writer is killed."""

CODE = """\
def transfer_{n}(accounts, source, target, amount):
    # move money
    if accounts[source] < amount:
        return None
    accounts[source] -= amount
    accounts[target] += amount
    return accounts[target]
"""
LAID_OUT = """\
def transfer_{n}(
  accounts, source,
  target, amount,
):

  if (accounts[source] < amount):
    return None
  accounts[source] -= amount  # take it


  accounts[target] += amount
  return accounts[target]
"""
QUOTE, LINE, LINE_LAID_OUT = "    accounts[target] += amount", 6, 11


CLAIM = {
    "path": "code.py",
    "quote": QUOTE,
    "line": LINE,
    "title": "Not atomic",
    "severity": "high",
    "category": "race",
    "explanation": "Two transfers at once lose money.",
    "confidence": 0.8,
}
ANSWER = json.dumps({"summary": "Moves money.", "verdict": "comment", "findings": [CLAIM], "disputed": []})


def finds_one(_asked: object) -> str:
    """The one fault, whatever was asked."""
    return ANSWER


@asynccontextmanager
async def connected(double: ChatDouble, folder: str) -> AsyncIterator[Client]:
    environ = {
        "HOME": folder,
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": double.url,
        "MANYEYES_STATE_URL": f"sqlite:///{folder}/state.db",
    }
    settings = operator.load(environ, cwd=Path(folder))
    async with Desk.open(settings, environ) as desk, Client(build(desk)) as client:
        yield client


async def review(client: Client, code: str) -> tuple[float, dict[str, Any]]:
    """Milliseconds, and what came."""
    began = time.perf_counter()
    result = await client.call_tool("code_review", {"code": code, "language": "python"})
    elapsed = time.perf_counter() - began
    assert result.structured_content is not None
    return 1000 * elapsed, result.structured_content


def caches(result: dict[str, Any]) -> str:
    return "".join(used["cache"] for used in result["run"]["models"])


def place(result: dict[str, Any]) -> int:
    return next(found["start_line"] for found in result["findings"] if found["title"] == "Not atomic")


async def hits_and_misses(pairs: int) -> dict[str, object]:
    double = ChatDouble(finds_one)
    with tempfile.TemporaryDirectory() as folder:
        async with connected(double, folder) as client:
            await review(client, "x = 1\n")  # imports the SDK
            double.asked = 0
            missed, hit, laid_out = [], [], []
            for number in range(pairs):
                taken, result = await review(client, CODE.format(n=number))
                assert (caches(result), place(result)) == ("miss", LINE), result
                missed.append(taken)
                taken, result = await review(client, CODE.format(n=number))
                assert (caches(result), place(result), result["run"]["cost_usd"]) == ("hit", LINE, 0.0), result
                hit.append(taken)
                taken, result = await review(client, LAID_OUT.format(n=number))
                assert (caches(result), place(result)) == ("hit", LINE_LAID_OUT), result
                laid_out.append(taken)
            asked = double.asked
        async with connected(double, folder) as client:  # the same file, another start
            _, result = await review(client, CODE.format(n=0))
            assert caches(result) == "hit", result
    double.close()
    return {
        "pairs": pairs,
        "miss_ms_p50": round(statistics.median(missed), 2),
        "hit_ms_p50": round(statistics.median(hit), 2),
        "hit_ms_p95": round(statistics.quantiles(hit, n=20)[-1], 2),
        "other_layout_ms_p50": round(statistics.median(laid_out), 2),
        "calls_made": asked,
        "hit_after_restart": True,
    }


async def at_once(callers: int) -> dict[str, object]:
    double = ChatDouble(finds_one)
    with tempfile.TemporaryDirectory() as folder:
        async with connected(double, folder) as client:
            await review(client, "x = 1\n")
            double.asked, double.delay = 0, SLOW_S
            results: list[dict[str, Any]] = []

            async def one() -> None:
                results.append((await review(client, CODE.format(n=0)))[1])

            began = time.perf_counter()
            async with anyio.create_task_group() as group:
                for _ in range(callers):
                    group.start_soon(one)
            elapsed = time.perf_counter() - began
    double.close()
    assert [place(result) for result in results] == [LINE] * callers
    paid = sum(caches(result) == "miss" for result in results)
    return {"callers": callers, "calls_made": double.asked, "paid": paid, "all_s": round(elapsed, 2)}


def killed() -> dict[str, object]:
    """The answers that a writer had said it kept before it was killed in the middle of the next, and those found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        command = [sys.executable, __file__, "--write", str(path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        said = 0
        for line in writer.stdout:
            said = int(line)
            if said == KILLED_AFTER:
                os.kill(writer.pid, signal.SIGKILL)
        writer.stdout.close()
        writer.wait()
        database = Database(path)
        answers = Answers(database, ttl_s=3600, max_bytes=10**9)
        found = sum(answers.get(str(number)) == kept(number) for number in range(1, said + 1))
        database.close()
        return {"kept_before_kill": said, "found_after": found, "notice": database.notice}


def kept(number: int) -> StoredAnswer:
    return StoredAnswer(text=f"{number} " * 2_000, served="m")


def write(path: Path) -> None:
    """Keep answers until killed, and say of each when it is kept."""
    answers = Answers(Database(path), ttl_s=3600, max_bytes=10**9)
    for number in range(1, 10**6):
        answers.put(str(number), kept(number))
        print(number, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--callers", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write(options.write)
        return
    rows = [anyio.run(hits_and_misses, options.pairs), anyio.run(at_once, options.callers), killed()]
    assert rows[0]["calls_made"] == options.pairs
    assert rows[1]["calls_made"] == rows[1]["paid"] == 1
    assert rows[2]["kept_before_kill"] == rows[2]["found_after"]
    print(
        json.dumps(rows) if options.json else "\n".join("  ".join(f"{k} {v}" for k, v in row.items()) for row in rows)
    )


if __name__ == "__main__":
    main()
