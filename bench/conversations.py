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
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import anyio.to_thread

from manyeyes import settings as operator
from manyeyes.desk import Desk

ASK = "How much does the premium plan cost, and is there a discount for students?"


class Echo:
    """Chat Completions on loopback, which answers every reply with the names it was told."""

    def __init__(self) -> None:
        self.asked = 0
        double, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["content-length"])).decode()
                with lock:
                    double.asked += 1
                said = " ".join(sorted(set(re.findall(r"customer-\d{5}", text))))
                answer = {"reply": said, "citations": [], "confidence": 1.0, "needs_human": False, "reason": ""}
                common = {"id": "c", "created": 1, "model": "m", "object": "chat.completion.chunk"}
                delta = {"role": "assistant", "content": json.dumps(answer)}
                usage = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
                chunks = [
                    {**common, "choices": [{"index": 0, "delta": delta, "finish_reason": "stop"}]},
                    {**common, "choices": [], "usage": usage},
                ]
                body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def resident_mb() -> float:
    """Memory of this process at the moment, the double included."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * 4096 / 1e6


async def measure(conversations: int, turns: int, folder: Path) -> dict[str, object]:
    double = Echo()
    environ = {
        "HOME": str(folder),
        "MANYEYES_TOOLSETS": "support",
        "MANYEYES_STATE_URL": f"sqlite:///{folder}/state/state.db",
        "MANYEYES_ENDPOINTS_LOCAL_URL": f"http://127.0.0.1:{double.server.server_port}/v1",
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
    double.server.shutdown()
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
