"""What the gateway costs beside the vendor's own SDK, called directly.

    python bench/overhead.py [--rounds N] [--calls N] [--litellm] [--json]

A double in a process of its own answers every request at once, in the words of each vendor.  The SDK, as it comes
from its vendor, and the whole gateway (routing, redaction, cache, rate limits, breaker, budgets with limits, events,
all in one new SQLite file) ask it in turn; every question is a new one.  Then 64 callers at once do the same.  The
aims: a median of at most 1.15 times the SDK's, at least 0.9 times its throughput.

The gateway gives back a whole answer from a stream: text, tool calls, tokens used, why it ended.  So it is held against
the SDK's own way to that (`sdk`): `messages.stream` and `get_final_message`, `responses.stream` and
`get_final_response`, `chat.completions.stream` and `get_final_completion`; Google's has none, so its pieces are put
together.  Beside it stand the least that a stream can be read with, joining its text and leaving the rest (`deltas`;
of the Responses API the last event), and the call without a stream (`unstreamed`), which long answers cannot be had by.
`cpu` is the time that this process computes for a call, which a busy machine changes less.

`parts` is what routing, a look-up in the cache, the budget and the event take together, with no wire: at most 300 us.

With `--litellm` LiteLLM is installed into a temporary environment, and asked beside the SDK that it came with.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
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
    """The whole answer of a vendor as a stream, headers and all."""
    return _reply(b"".join(VENDORS[vendor].says(SAID).pieces), "text/event-stream")


def unstreamed(vendor: str) -> bytes:
    """The same as one JSON object."""
    events = [json.loads(line[5:]) for line in wire(vendor).decode().splitlines() if line.startswith("data: {")]
    content: dict[str, Any]
    match vendor:
        case "anthropic":
            blocks = [{"type": "text", "text": SAID}]
            content = {**events[0]["message"], "content": blocks, "stop_reason": "end_turn"}
        case "openai-responses":
            content = events[-1]["response"]
        case "openai-chat":
            message = {"role": "assistant", "content": SAID}
            choices = [{"index": 0, "finish_reason": "stop", "message": message}]
            usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
            content = {**events[0], "object": "chat.completion", "choices": choices, "usage": usage}
        case _:
            parts = {"role": "model", "parts": [{"text": SAID}]}
            content = {**events[-1], "candidates": [{"index": 0, "content": parts, "finishReason": "STOP"}]}
    return _reply(json.dumps(content).encode(), "application/json")


def _reply(content: bytes, kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


class Double(asyncio.Protocol):
    """Answers each request as soon as all of it is there; which vendor is meant shows in the path."""

    answers: tuple[tuple[bytes, bytes, bytes], ...] = ()
    """A part of the path, the answer as a stream, and as one object."""

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
            streaming = b"streamGenerateContent" in line or re.search(rb'"stream": ?true', self.heard[end:size])
            del self.heard[:size]
            assert self.transport is not None
            stream, whole = next((stream, whole) for path, stream, whole in self.answers if path in line)
            self.transport.write(stream if streaming else whole)
            end = self.heard.find(b"\r\n\r\n")


async def double() -> None:
    paths = {
        b"/messages": "anthropic",
        b"/responses": "openai-responses",
        b"/chat/completions": "openai-chat",
        b"enerateContent": "google",
    }
    Double.answers = tuple((path, wire(vendor), unstreamed(vendor)) for path, vendor in paths.items())
    server = await asyncio.get_running_loop().create_server(Double, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# The two ways to ask it.


def sdk(vendor: str, url: str) -> AbstractAsyncContextManager[dict[str, Call]]:
    """The vendor's SDK in three ways, as its documentation has them."""
    match vendor:
        case "anthropic":
            return claude(url)
        case "google":
            return gemini(url)
        case "openai-responses":
            return responses(url)
        case _:
            return chat(url)


@asynccontextmanager
async def claude(url: str) -> AsyncIterator[dict[str, Call]]:
    from anthropic import AsyncAnthropic

    client = AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0)

    def asked(text: str) -> dict[str, Any]:
        messages = [{"role": "user", "content": text}]
        return {"model": VENDORS["anthropic"].model, "max_tokens": 1000, "system": SYSTEM, "messages": messages}

    async def answer(text: str) -> str:
        async with client.messages.stream(**asked(text)) as stream:
            message = await stream.get_final_message()
        assert message.usage.output_tokens
        return "".join(block.text for block in message.content if block.type == "text")

    async def deltas(text: str) -> str:
        stream = await client.messages.create(**asked(text), stream=True)
        return "".join([event.delta.text async for event in stream if event.type == "content_block_delta"])

    async def whole(text: str) -> str:
        message = await client.messages.create(**asked(text))
        return "".join(block.text for block in message.content if block.type == "text")

    yield {"sdk": answer, "deltas": deltas, "unstreamed": whole}
    await client.close()


@asynccontextmanager
async def gemini(url: str) -> AsyncIterator[dict[str, Call]]:
    from google import genai
    from google.genai.types import HttpOptions

    client = genai.Client(api_key=KEY, http_options=HttpOptions(base_url=url, api_version="v1beta"))
    config = {"max_output_tokens": 1000, "system_instruction": SYSTEM}

    def asked(text: str) -> dict[str, Any]:
        return {"model": VENDORS["google"].model, "contents": text, "config": config}

    async def answer(text: str) -> str:
        said, calls, usage, reason = [], [], None, None
        async for piece in await client.aio.models.generate_content_stream(**asked(text)):
            said.append(piece.text or "")
            calls += piece.function_calls or ()
            usage = piece.usage_metadata or usage
            reason = piece.candidates[0].finish_reason if piece.candidates else reason
        assert usage
        assert reason
        assert not calls
        return "".join(said)

    async def deltas(text: str) -> str:
        return "".join([p.text or "" async for p in await client.aio.models.generate_content_stream(**asked(text))])

    async def whole(text: str) -> str:
        return (await client.aio.models.generate_content(**asked(text))).text or ""

    yield {"sdk": answer, "deltas": deltas, "unstreamed": whole}
    await client.aio.aclose()


@asynccontextmanager
async def responses(url: str) -> AsyncIterator[dict[str, Call]]:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)

    def asked(text: str) -> dict[str, Any]:
        model = VENDORS["openai-responses"].model
        return {"model": model, "max_output_tokens": 1000, "instructions": SYSTEM, "input": text}

    async def answer(text: str) -> str:
        async with client.responses.stream(**asked(text)) as stream:
            response = await stream.get_final_response()
        assert response.usage
        return response.output_text

    async def deltas(text: str) -> str:
        stream = await client.responses.create(**asked(text), stream=True)
        last = [event.response async for event in stream if event.type == "response.completed"]
        return last[0].output_text

    async def whole(text: str) -> str:
        return (await client.responses.create(**asked(text))).output_text

    yield {"sdk": answer, "deltas": deltas, "unstreamed": whole}
    await client.close()


@asynccontextmanager
async def chat(url: str) -> AsyncIterator[dict[str, Call]]:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0)
    counted = {"stream_options": {"include_usage": True}}

    def asked(text: str) -> dict[str, Any]:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        return {"model": VENDORS["openai-chat"].model, "max_completion_tokens": 1000, "messages": messages}

    async def answer(text: str) -> str:
        async with client.chat.completions.stream(**asked(text), **counted) as stream:
            completion = await stream.get_final_completion()
        assert completion.usage
        return completion.choices[0].message.content or ""

    async def deltas(text: str) -> str:
        stream = await client.chat.completions.create(**asked(text), **counted, stream=True)
        return "".join([piece.choices[0].delta.content or "" async for piece in stream if piece.choices])

    async def whole(text: str) -> str:
        return (await client.chat.completions.create(**asked(text))).choices[0].message.content or ""

    yield {"sdk": answer, "deltas": deltas, "unstreamed": whole}
    await client.close()


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


async def crowds(ways: tuple[Call, ...], calls: int, *, forwards: bool) -> list[float]:
    """Calls a second of each way; asked from the first to the last or the other way round."""
    order = range(len(ways)) if forwards else reversed(range(len(ways)))
    rates = {which: await crowd(ways[which], calls) for which in order}
    return [rates[which] for which in range(len(ways))]


@dataclass(frozen=True, slots=True)
class Beside:
    """Medians of two ways that were asked in turn: seconds from question to answer, and computing of this process."""

    theirs_s: float
    ours_s: float
    cpu_ratio: float

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours_s / self.theirs_s


async def in_turn(theirs: Call, ours: Call, rounds: int) -> Beside:
    """One and then the other, and the other way round: each finds the processor as the other has left it."""
    ways = (theirs, ours)
    times: tuple[list[float], list[float]] = ([], [])
    busy: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        for which in (0, 1) if turn % 2 else (1, 0):
            began = time.process_time()
            times[which].append(await timed(ways[which]))
            busy[which].append(time.process_time() - began)
    return Beside(*map(median, times), median(busy[1]) / median(busy[0]))


async def compare(vendor: str, url: str, folder: Path, rounds: int, calls: int) -> dict[str, object]:
    async with sdk(vendor, url) as bare, gateway(vendor, url, folder) as whole:
        ways = {**bare, "gateway": whole}
        for _ in range(20):
            for ask in ways.values():
                await timed(ask)
        gc.collect()
        gc.freeze()  # as the server does after its first call; searches for garbage would hit one or the other
        beside = {name: await in_turn(ask, whole, rounds) for name, ask in bare.items()}
        pairs = tuple(ways[name] for name in ("sdk", "deltas", "gateway"))
        for ask in pairs:
            await crowd(ask, CONCURRENT)
        rates = [await crowds(pairs, calls, forwards=bool(turn % 2)) for turn in range(8)]
    per_s = dict(zip(("sdk", "deltas", "gateway"), (median(rate) for rate in zip(*rates, strict=True)), strict=True))
    ratio = beside["sdk"].ratio
    throughput = median(ours / theirs for theirs, _, ours in rates)
    return {
        "vendor": vendor,
        **{f"{name}_p50_ms": round(one.theirs_s * 1000, 2) for name, one in beside.items()},
        "gateway_p50_ms": round(beside["sdk"].ours_s * 1000, 2),
        "ratio": round(ratio, 2),
        "cpu_ratio": round(beside["sdk"].cpu_ratio, 2),
        "ratio_to_deltas": round(beside["deltas"].ratio, 2),
        "ratio_to_unstreamed": round(beside["unstreamed"].ratio, 2),
        **{f"{name}_per_s": round(value) for name, value in per_s.items()},
        "throughput": round(throughput, 2),
        "throughput_to_deltas": round(median(ours / theirs for _, theirs, ours in rates), 2),
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
    parser.add_argument("--calls", type=int, default=320, help="calls in each of eight rounds of 64 callers")
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
