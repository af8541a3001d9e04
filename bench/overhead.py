"""What the gateway costs beside the vendor's own SDK, called directly.

    python bench/overhead.py [--rounds N] [--calls N] [--litellm] [--json]

A double in a process of its own answers every streamed request at once, in the words of each vendor.  The SDK, as it
comes from its vendor, and the whole gateway (routing, redaction, cache, rate limits, breaker, budgets with limits,
events, all in one new SQLite file) ask it in turn, pair by pair; every question is a new one.  Then 64 callers at once
do the same.  The aims: a median of at most 1.15 times the SDK's, at least 0.9 times its throughput.

`parts` is what routing, a look-up in the cache, the budget and the event take together, with no wire: at most 300 us.

With `--litellm` LiteLLM is installed into a temporary environment, and asked beside the SDK that it came with.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import anyio

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # the doubles speak every vendor's words already

from manyeyes.calls.budgeted import Budgeted
from manyeyes.calls.cached import key_of
from manyeyes.calls.observed import Caller, Observed
from manyeyes.desk import Desk
from manyeyes.model import no_pulse
from manyeyes.providers.scripted import Answer, ScriptedModel
from manyeyes.settings import Budget, Cache, Settings, State
from manyeyes.types import Message, ModelRef, Request, Task, Usage
from wire.vendors import KEY, VENDORS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Call = Callable[[str], Awaitable[str]]

MEDIAN_AIM, THROUGHPUT_AIM, PARTS_AIM_US = 1.15, 0.9, 300.0
CONCURRENT = 64
SYSTEM = "You review code. " * 60
CODE = "\n".join(f"def step_{n}(state, amount):\n    return state[{n}] + amount * {n}" for n in range(30))
SAID = "The code adds to the state. " * 20
NUMBERS = count()
WAYS = {"anthropic": "anthropic", "openai-responses": "openai", "openai-chat": "openai", "google": "google"}
"""Each vendor as the doubles name it, and its provider."""


# The double.


def wire(vendor: str) -> bytes:
    """The whole answer of a vendor, headers and all."""
    content = b"".join(VENDORS[vendor].says(SAID).pieces)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Double(asyncio.Protocol):
    """Answers each request as soon as all of it is there; which vendor is meant shows in the path."""

    answers: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(self) -> None:
        self.heard = bytearray()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """Keep it to answer on."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is complete; several requests may come one after another."""
        self.heard += data
        end = self.heard.find(b"\r\n\r\n")
        while end >= 0:
            length = re.search(rb"content-length: *(\d+)", self.heard[:end], re.IGNORECASE)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self.heard) < size:
                return
            line = bytes(self.heard[: self.heard.find(b"\r\n")])
            del self.heard[:size]
            assert self.transport is not None
            self.transport.write(next(answer for path, answer in self.answers if path in line))
            end = self.heard.find(b"\r\n\r\n")


async def double() -> None:
    Double.answers = (
        (b"/messages", wire("anthropic")),
        (b"/responses", wire("openai-responses")),
        (b"/chat/completions", wire("openai-chat")),
        (b"GenerateContent", wire("google")),
    )
    server = await asyncio.get_running_loop().create_server(Double, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# The two ways to ask it.


@asynccontextmanager
async def sdk(vendor: str, url: str) -> AsyncIterator[Call]:
    """The vendor's SDK as its documentation has it, streamed, since long answers come no other way."""
    model = VENDORS[vendor].model
    if vendor == "anthropic":
        from anthropic import AsyncAnthropic

        claude = AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0)

        async def ask(text: str) -> str:
            stream = await claude.messages.create(
                model=model, max_tokens=1000, system=SYSTEM, messages=[{"role": "user", "content": text}], stream=True
            )
            return "".join([event.delta.text async for event in stream if event.type == "content_block_delta"])

        yield ask
        await claude.close()
    elif vendor == "google":
        from google import genai
        from google.genai.types import HttpOptions

        gemini = genai.Client(api_key=KEY, http_options=HttpOptions(base_url=url, api_version="v1beta"))

        async def ask(text: str) -> str:
            stream = await gemini.aio.models.generate_content_stream(
                model=model, contents=text, config={"max_output_tokens": 1000, "system_instruction": SYSTEM}
            )
            return "".join([piece.text or "" async for piece in stream])

        yield ask
        await gemini.aio.aclose()
    else:
        from openai import AsyncOpenAI

        gpt = AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)

        async def ask_responses(text: str) -> str:
            stream = await gpt.responses.create(
                model=model, max_output_tokens=1000, instructions=SYSTEM, input=text, stream=True
            )
            last = [event.response async for event in stream if event.type == "response.completed"]
            return last[0].output_text

        async def ask_chat(text: str) -> str:
            stream = await gpt.chat.completions.create(
                model=model,
                max_completion_tokens=1000,
                messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}],
                stream=True,
                stream_options={"include_usage": True},
            )
            return "".join([piece.choices[0].delta.content or "" async for piece in stream if piece.choices])

        yield ask_responses if vendor == "openai-responses" else ask_chat
        await gpt.close()


@asynccontextmanager
async def gateway(vendor: str, url: str, folder: Path) -> AsyncIterator[Call]:
    """All that a tool's call to a model goes through."""
    chosen = VENDORS[vendor].settings(url)
    settings = chosen.model_copy(
        update={
            "state": State(url=f"sqlite:///{folder / f'{vendor}.db'}"),
            "budget": Budget(usd_per_call=1e6, usd_per_day=1e6),
            "cache": Cache(enabled=True),
        }
    )
    task = Task(kind="code_review", model=f"{WAYS[vendor]}:{VENDORS[vendor].model}")
    async with Desk.open(settings, {"HOME": str(folder)}) as desk:
        desk.prices.warm()

        async def ask(text: str) -> str:
            route = desk.router.choose(task, closed=desk.gateway.breakers.closed())
            completion = await desk.gateway.complete(
                route,
                Request(system=SYSTEM, messages=(Message(role="user", text=text),), max_tokens=1000),
                caller=Caller(run_id=f"r-{next(NUMBERS) // 20}", tool="code_review", role="reviewer"),
                redactor=desk.redactor(),
                deadline=anyio.current_time() + 60,
                failed=failed,
            )
            return completion.text

        yield ask


def failed(attempt: object, failure: Exception) -> None:
    raise SystemExit(f"{attempt}: {failure}")


# The measurements.


def question() -> str:
    """A new one: nobody has an answer to it."""
    return f"# {next(NUMBERS)}\n{CODE}"


async def timed(ask: Call) -> float:
    text = question()
    began = time.perf_counter()
    said = await ask(text)
    taken = time.perf_counter() - began
    assert said.strip() == SAID.strip(), said
    return taken


async def crowd(ask: Call, calls: int) -> float:
    """Calls a second, with so many callers at once."""
    texts = deque(question() for _ in range(calls))

    async def one() -> None:
        while texts:
            await ask(texts.popleft())

    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(CONCURRENT):
            group.start_soon(one)
    return calls / (time.perf_counter() - began)


async def compare(vendor: str, url: str, folder: Path, rounds: int, calls: int) -> dict[str, object]:
    async with sdk(vendor, url) as bare, gateway(vendor, url, folder) as whole:
        for _ in range(20):
            await timed(bare)
            await timed(whole)
        pairs = []
        for turn in range(rounds):
            if turn % 2:
                ours = await timed(whole)
                pairs.append((await timed(bare), ours))
            else:
                pairs.append((await timed(bare), await timed(whole)))
        await crowd(bare, CONCURRENT)
        await crowd(whole, CONCURRENT)
        rates = [(await crowd(bare, calls), await crowd(whole, calls)) for _ in range(5)]
    theirs, ours = (median(column) for column in zip(*pairs, strict=True))
    ratio, throughput = ours / theirs, median(mine / their for their, mine in rates)
    return {
        "vendor": vendor,
        "sdk_p50_ms": round(theirs * 1000, 2),
        "gateway_p50_ms": round(ours * 1000, 2),
        "added_p50_ms": round(median(mine - their for their, mine in pairs) * 1000, 2),
        "ratio": round(ratio, 2),
        "sdk_per_s": round(median(their for their, _ in rates)),
        "gateway_per_s": round(median(mine for _, mine in rates)),
        "throughput": round(throughput, 2),
        "within_aims": ratio <= MEDIAN_AIM and throughput >= THROUGHPUT_AIM,
    }


async def parts(folder: Path, rounds: int) -> dict[str, object]:
    """Route, look up, reserve and settle, note: in turn with the bare answer of a model that takes no time."""
    settings = Settings(
        anthropic=VENDORS["anthropic"].settings("http://127.0.0.1:1").anthropic,
        state=State(url=f"sqlite:///{folder / 'parts.db'}"),
        budget=Budget(usd_per_call=1e6, usd_per_day=1e6),
    )
    ref = ModelRef("anthropic", VENDORS["anthropic"].model)
    usage = Usage(input_tokens=700, output_tokens=150)
    model = ScriptedModel(ref, (Answer(text=SAID, usage=usage, times=None),))
    times: list[tuple[float, float]] = []
    async with Desk.open(settings, {"HOME": str(folder)}) as desk:
        desk.prices.warm()
        inside, spec = desk.gateway, desk.catalog.get(ref)
        assert inside.answers is not None
        task = Task(kind="code_review", structured=True)
        for turn in range(rounds + 50):
            asked = Request(system=SYSTEM, messages=(Message(role="user", text=question()),), max_tokens=1000)
            began = time.perf_counter()
            await model.complete(asked, no_pulse)
            bare = time.perf_counter() - began
            caller = Caller(run_id=f"r-{turn // 20}", tool="code_review", role="reviewer")
            began = time.perf_counter()
            route = desk.router.choose(task, closed=inside.breakers.closed())
            kept = inside.answers.get(key_of(ref, asked, inside.editions["anthropic"]))
            observed = Observed(model, caller, inside.listener, inside.pricing)
            await Budgeted(observed, inside.budget, caller, spec, local=False).complete(asked, no_pulse)
            times.append((bare, time.perf_counter() - began))
            assert route.taken
            assert kept is None
            model.asked.clear()
    added = sorted((whole - bare) * 1e6 for bare, whole in times[50:])
    return {
        "parts": "route, cache look-up, budget, event",
        "p50_us": round(median(added), 1),
        "p95_us": round(added[len(added) * 95 // 100], 1),
        "within_aim": median(added) <= PARTS_AIM_US,
    }


LITELLM = """
import asyncio, json, sys, time
from statistics import median
import litellm
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
url, key, rounds, system, code = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
litellm.suppress_debug_info = True

async def main():
    gpt = AsyncOpenAI(api_key=key, base_url=url + "/v1", max_retries=0)
    claude = AsyncAnthropic(api_key=key, base_url=url, max_retries=0)
    talk = lambda text: [{"role": "system", "content": system}, {"role": "user", "content": text}]

    async def chat(text):
        stream = await gpt.chat.completions.create(
            model="gpt-5.5", messages=talk(text), stream=True, stream_options={"include_usage": True})
        return "".join([p.choices[0].delta.content or "" async for p in stream if p.choices])

    async def messages(text):
        stream = await claude.messages.create(model="claude-opus-4-7", max_tokens=1000, system=system,
            messages=[{"role": "user", "content": text}], stream=True)
        return "".join([e.delta.text async for e in stream if e.type == "content_block_delta"])

    def lite(model, base):
        async def ask(text):
            stream = await litellm.acompletion(model=model, messages=talk(text), stream=True, max_retries=0,
                max_tokens=1000, api_key=key, api_base=base, stream_options={"include_usage": True})
            return "".join([p.choices[0].delta.content or "" async for p in stream if p.choices])
        return ask

    async def timed(ask, n):
        began = time.perf_counter()
        assert await ask(f"# {n}\\n{code}")
        return time.perf_counter() - began

    rows = []
    for vendor, bare, whole in (("openai-chat", chat, lite("openai/gpt-5.5", url + "/v1")),
                                ("anthropic", messages, lite("anthropic/claude-opus-4-7", url))):
        pairs = []
        for n in range(rounds + 20):
            pairs.append((await timed(bare, n), await timed(whole, n)))
        theirs, ours = (median(column) * 1000 for column in zip(*pairs[20:]))
        rows.append({"litellm": vendor, "sdk_p50_ms": round(theirs, 2), "litellm_p50_ms": round(ours, 2),
                     "added_p50_ms": round(median(b - a for a, b in pairs[20:]) * 1000, 2),
                     "ratio": round(ours / theirs, 2)})
    print(json.dumps(rows))

asyncio.run(main())
"""


def litellm(url: str, folder: Path, rounds: int) -> list[dict[str, object]]:
    venv = folder / "litellm"
    python = venv / "bin" / "python"
    subprocess.run(["uv", "venv", "-q", "-p", sys.executable, venv], check=True)
    subprocess.run(["uv", "pip", "install", "-q", "-p", python, "litellm", "anthropic"], check=True)
    (folder / "beside.py").write_text(LITELLM)
    environ = {"HOME": str(folder), "PATH": os.environ["PATH"], "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run(
        [python, folder / "beside.py", url, KEY, str(rounds), SYSTEM, CODE],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows: list[dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="pairs of calls for each vendor")
    parser.add_argument("--calls", type=int, default=320, help="calls in each of five rounds of 64 callers")
    parser.add_argument("--litellm", action="store_true", help="install LiteLLM into a temporary environment as well")
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--double", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.double:
        asyncio.run(double())
        return
    server = subprocess.Popen([sys.executable, __file__, "--double"], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            rows = [anyio.run(compare, one, url, folder, options.rounds, options.calls) for one in WAYS]
            rows.append(anyio.run(parts, folder, options.rounds * 5))
            if options.litellm:
                rows += litellm(url, folder, options.rounds)
    finally:
        server.kill()
        server.wait()
    load = round(os.getloadavg()[0], 2)
    if options.json:
        print(json.dumps([{**row, "load": load} for row in rows], indent=2))
        return
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    print(f"load of the machine {load} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
