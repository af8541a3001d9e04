"""Cold start, memory and the size of `tools/list`, beside the smallest server that the MCP SDK allows.

    python bench/startup.py [--runs N] [--json]

The two servers are started in turn.  Cold start is from the spawn to the answer of `tools/list`; memory is the
resident set of the whole process tree right after it.  `ratio` and `extra` compare medians of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import anyio
import psutil
from mcp import ClientSession, StdioServerParameters, stdio_client

HELLO = """
from mcp.server.mcpserver import MCPServer
app = MCPServer("hello")
@app.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
app.run()
"""
MIB = 2**20


async def start_once(command: list[str], cwd: str) -> dict[str, float]:
    parameters = StdioServerParameters(command=command[0], args=command[1:], cwd=cwd)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with Path(os.devnull).open("w") as quiet:
        began = time.perf_counter()
        async with (
            stdio_client(parameters, errlog=quiet) as (incoming, outgoing),
            ClientSession(incoming, outgoing) as client,
        ):
            await client.initialize()
            tools = (await client.list_tools()).tools
            seconds = time.perf_counter() - began
            mine = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
            resident = sum(child.memory_info().rss for child in mine) / MIB
            listed = [tool.model_dump(mode="json", by_alias=True, exclude_unset=True) for tool in tools]
    bare = [{key: value for key, value in tool.items() if key != "outputSchema"} for tool in listed]
    return {"ms": seconds * 1e3, "mib": resident, "chars": size(listed), "chars_bare": size(bare)}


def size(tools: list[dict[str, object]]) -> float:
    return len(json.dumps({"tools": tools}, separators=(",", ":"), ensure_ascii=False))


async def measure(runs: int) -> list[dict[str, object]]:
    servers = {"bare SDK": [sys.executable, "-c", HELLO], "manyeyes": [sys.executable, "-m", "manyeyes", "serve"]}
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in servers}
    with tempfile.TemporaryDirectory() as cwd:
        for number in range(runs + 1):
            for name, command in servers.items():
                once = await start_once(command, cwd)
                if number:  # the first round fills caches
                    seen[name].append(once)
    rows: list[dict[str, object]] = []
    for name, taken in seen.items():
        middle = {key: statistics.median(one[key] for one in taken) for key in taken[0]}
        rows.append(
            {
                "server": name,
                "cold_start_ms": round(middle["ms"]),
                "min_ms": round(min(one["ms"] for one in taken)),
                "max_ms": round(max(one["ms"] for one in taken)),
                "rss_mib": round(middle["mib"], 1),
                "tools_list_chars": int(middle["chars"]),
                "without_output_schemas": int(middle["chars_bare"]),
            }
        )
    base, ours = (statistics.median(one["ms"] for one in seen[name]) for name in servers)
    rows[1]["ratio"] = round(ours / base, 2)
    rows[1]["extra_mib"] = round(float(str(rows[1]["rss_mib"])) - float(str(rows[0]["rss_mib"])), 1)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = anyio.run(measure, options.runs)
    if options.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
