"""Do tool calls run at the same time, and is a ping answered meanwhile?

    python bench/concurrency.py [--calls N] [--delay SECONDS] [--json]

A double on loopback answers every model call after the delay.  After a first call, which imports the SDK, one call
is timed as the baseline, then N at once, with pings among them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from statistics import median

import anyio
from chat_double import ChatDouble
from mcp import ClientSession, StdioServerParameters, stdio_client

ANSWER = json.dumps({"summary": "Nothing to report.", "verdict": "approve", "findings": [], "disputed": []})


NUMBERS = count()
PING_EVERY_S = 0.1


def say(_asked: object) -> str:
    """Nothing to report, whatever was asked."""
    return ANSWER


async def measure(calls: int, delay: float) -> dict[str, object]:
    double = ChatDouble(say, delay)
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as quiet:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "manyeyes", "serve"],
            cwd=folder,
            env={
                "HOME": folder,
                "OPENAI_API_KEY": "none",
                "OPENAI_BASE_URL": double.url,
            },
        )
        async with (
            stdio_client(parameters, errlog=quiet) as (incoming, outgoing),
            ClientSession(incoming, outgoing) as client,
        ):
            await client.initialize()
            first, _ = await timed(client, 1)
            one, _ = await timed(client, 1)
            pings: list[float] = []

            async def ping_meanwhile() -> None:
                while True:
                    await anyio.sleep(PING_EVERY_S)
                    began = time.perf_counter()
                    await client.send_ping()
                    pings.append(time.perf_counter() - began)

            async with anyio.create_task_group() as group:
                group.start_soon(ping_meanwhile)
                many, status = await timed(client, calls)
                group.cancel_scope.cancel()
    double.close()
    return {
        "calls": calls,
        "delay_s": delay,
        "status": status,
        "first_s": round(first, 3),
        "one_s": round(one, 3),
        "all_s": round(many, 3),
        "ratio_to_one": round(many / one, 2),
        "pings": len(pings),
        "ping_p50_s": round(median(pings), 4),
        "ping_max_s": round(max(pings), 4),
    }


async def timed(client: ClientSession, calls: int) -> tuple[float, str]:
    """Seconds until all of so many calls have answered, and the status of one."""
    statuses: list[str] = []

    async def call() -> None:
        code = f"x = {next(NUMBERS)}\n"  # another one each time, so that no answer is kept from an earlier call
        result = await client.call_tool("code_review", {"code": code, "language": "python"})
        statuses.append(result.structured_content["status"] if result.structured_content else "error")

    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(calls):
            group.start_soon(call)
    return time.perf_counter() - began, " and ".join(sorted(set(statuses)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--delay", type=float, default=1.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    row = anyio.run(measure, options.calls, options.delay)
    print(json.dumps([row]) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
