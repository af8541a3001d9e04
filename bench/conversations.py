"""Do a thousand customers at once stay within memory, read nothing of each other, and leave nothing when deleted?

    python bench/conversations.py [--conversations N] [--turns N] [--json]

Every customer has a name and tells it in the first message alone.  A model on loopback says back every name that it
was told.  All customers write at the same time, turn after turn, to one desk, as a server has it; before the last turn
the desk is closed and opened anew on the same file.  A reply with another name, or without the customer's own, counts
as wrong.  Then every conversation is deleted, and all files of the state are searched for the names.  The baseline of
memory is the same desk after one conversation.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from chat_double import ChatDouble

from manyeyes import settings as operator
from manyeyes.desk import Desk

ASK = "How much does the premium plan cost, and is there a discount for students?"


def say(asked: Any) -> str:
    """All names that a request holds."""
    names = sorted(set(re.findall(r"customer-\d{5}", json.dumps(asked))))
    answer = {"reply": " ".join(names), "citations": [], "confidence": 1.0, "needs_human": False, "reason": ""}
    return json.dumps(answer)


def resident_mb() -> float:
    """Memory of this process at the moment, the double included."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096 / 1e6


async def measure(conversations: int, turns: int, folder: Path) -> dict[str, object]:
    double = ChatDouble(say)
    environ = {
        "HOME": str(folder),
        "MANYEYES_TOOLSETS": "support",
        "MANYEYES_STATE_URL": f"sqlite:///{folder}/state/state.db",
        "MANYEYES_ENDPOINTS_LOCAL_URL": double.url,
        "MANYEYES_ENDPOINTS_LOCAL_MODELS": "echo",
        "MANYEYES_HEDGE_ENABLED": "false",
    }
    settings = operator.load(environ, cwd=folder)
    ids: dict[int, str] = {}
    wrong: list[str] = []
    waited: list[float] = []
    most = 0.0

    async def talk(desk: Desk, number: int) -> None:
        name = f"customer-{number:05}"
        first = number not in ids
        values = {"message": f"{ASK} I am {name}." if first else ASK}
        if not first:
            values["conversation_id"] = ids[number]
        began = time.perf_counter()
        result = await desk.call("customer_service", values)
        waited.append(time.perf_counter() - began)
        told = result.model_dump()
        ids[number] = told["conversation_id"]
        if told["reply"] != name:
            wrong.append(f"{name}: {told['reply'][:200]} {told['problems']}")

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, resident_mb())
            await anyio.sleep(0.05)

    async def turn(desk: Desk) -> None:
        async with anyio.create_task_group() as watching:
            watching.start_soon(watch)
            async with anyio.create_task_group() as group:
                for number in range(conversations):
                    group.start_soon(talk, desk, number)
            watching.cancel_scope.cancel()

    began = time.perf_counter()
    async with Desk.open(settings, environ) as desk:
        await talk(desk, conversations)  # imports the SDK
        before = resident_mb()
        for _ in range(turns - 1):
            await turn(desk)
    async with Desk.open(settings, environ) as desk:
        await turn(desk)
        took = time.perf_counter() - began
        for one in ids.values():
            assert await anyio.to_thread.run_sync(desk.conversations.forget, one)
    double.close()
    left = sum(len(re.findall(rb"customer-\d{5}", file.read_bytes())) for file in (folder / "state").iterdir())
    return {
        "conversations": conversations,
        "turns": turns,
        "wrong_or_foreign_replies": len(wrong),
        "first_wrong": wrong[0] if wrong else "",
        "names_left_after_deletion": left,
        "model_calls": double.asked,
        "memory_before_mb": round(before, 1),
        "memory_most_mb": round(most, 1),
        "turn_s_p50": round(statistics.median(waited), 3),
        "turn_s_p99": round(statistics.quantiles(waited, n=100)[-1], 3),
        "turns_per_s": round(conversations * turns / took, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=1_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        row = anyio.run(measure, options.conversations, options.turns, Path(folder))
    print(json.dumps([row]) if options.json else "\n".join(f"{key:28} {value}" for key, value in row.items()))


if __name__ == "__main__":
    sys.exit(main())
