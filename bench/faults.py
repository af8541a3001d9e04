"""What does a user get when a vendor fails?  Every fault, every vendor, through the whole server path.

    python bench/faults.py [--faults 'NAME;...'] [--vendors 'NAME;...'] [--json]

`code_review` is called at depth `quick`, so that one model is asked, on a desk of its own for each case, with the
vendors' SDKs against doubles that others wrote: llmock for most faults, aimock (npm, from tests/clients) for what that
one cannot do, and the tests' own double for a 429 that does not say how long to wait, since both of those always say
it.  Each fault is tried with that vendor alone, where one that passes must be survived, and lasting, with a second
vendor that is well.  Where a part of an answer arrives, a question for plain text is asked as well: half a text shows
no broken syntax, so it is the answer that could be taken for a whole one.

Then llmock judges how the client behaved: `llmock report --strict`, for each vendor over all the faults that it had
to survive alone.  Retries and patience are set shorter than they are by default,
and the dice that draw the waits are the same in each case: with full jitter one pair of waits in four does not grow,
which llmock, who sees just that pair, would take for no backoff at all.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import NoAnswer
from manyeyes.events import CallEvent, Listeners
from manyeyes.results import Result
from manyeyes.tool import Arguments
from manyeyes.types import Message, Request, Task, Tier
from wire.doubles import Double
from wire.vendors import VENDORS as WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manyeyes.events import Event
    from manyeyes.tool import Bench

Json = Any
CLIENTS = Path(__file__).resolve().parents[1] / "tests" / "clients" / "node_modules" / ".bin"
KEY = "key-of-the-double"
DEADLINE_S, FIRST_TOKEN_S, STALL_S = 20.0, 1.5, 0.6
HANG_S, SLOW_S = 3.0, 0.7
DICE = 3
"""The seed of the dice: their first two waits are 0.05 and 0.22 s, of at most 0.2 and 0.4."""
SUMMARY = "It hands what callers wrote to the interpreter, from the first word of it to the last."
TEXT = "One two three four five six seven eight nine ten, and that is the whole of it."
SPACED = ("--stream-chunk-delay-ms", "5")
"""Without a pause llmock has sent a whole answer before it sees that nobody reads on, and says that it was read."""
SETTINGS = {
    "MANYEYES_STATE_URL": "sqlite://",
    "MANYEYES_CACHE_ENABLED": "false",
    "MANYEYES_DEADLINE_S": str(DEADLINE_S),
    "MANYEYES_PATIENCE_FIRST_TOKEN_S": str(FIRST_TOKEN_S),
    "MANYEYES_PATIENCE_STALL_S": str(STALL_S),
    "MANYEYES_RETRY_BACKOFF_S": "0.2",
    "MANYEYES_RETRY_LONGEST_BACKOFF_S": "0.5",
}


@dataclass(frozen=True)
class Vendor:
    """One way to a model.

    Attributes:
        name: As in the table.
        provider: The prefix of its models.
        kind: What llmock calls the protocol.
        path: What llmock's address goes on with; aimock's with `aimock_path`.
        base, environ: The variable for the address, and the others that it takes.
        last: How many chunks of llmock's stream make up its end.
    """

    name: str
    provider: str
    kind: str
    path: str
    aimock_path: str
    base: str
    environ: Mapping[str, str]
    last: int


VENDORS = (
    Vendor(
        "anthropic", "anthropic", "anthropic", "/anthropic", "", "ANTHROPIC_BASE_URL", {"ANTHROPIC_API_KEY": KEY}, 2
    ),
    Vendor(
        *("openai", "openai", "openai", "/v1", "/v1", "OPENAI_BASE_URL"),
        {"OPENAI_API_KEY": KEY, "MANYEYES_OPENAI_API": "responses"},
        1,
    ),
    Vendor(
        *("openai-chat", "openai", "openai", "/v1", "/v1", "OPENAI_BASE_URL"),
        {"OPENAI_API_KEY": KEY, "MANYEYES_OPENAI_API": "chat"},
        3,
    ),
    Vendor(
        *("google", "google", "gemini", "/gemini", "", "GOOGLE_GEMINI_BASE_URL"),
        {"GEMINI_API_KEY": KEY, "MANYEYES_GOOGLE_API_VERSION": "v1beta"},
        1,
    ),
    Vendor(
        *("compatible", "local", "openai", "/v1", "/v1", "MANYEYES_ENDPOINTS_LOCAL_URL"),
        {"MANYEYES_ENDPOINTS_LOCAL_MODELS": "gpt-oss"},
        3,
    ),
)


def second(vendor: Vendor) -> Vendor:
    """Who is asked after this one; it speaks another protocol, so that faults can be told to leave it alone."""
    return VENDORS[3] if vendor.provider == "anthropic" else VENDORS[0]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        name: As in the table.
        does: llmock's behaviour, or aimock's fixture.
        kinds: The errors that may come of it.
        times: How often it happens to a vendor that is alone; None for ever, so that it cannot be survived.
        where: Which double does it.
        halves: A part of an answer arrives.
        lengths: How many times as long the answer is.  llmock sees who stops reading only while it still sends.
        end: It strikes just before the end of the stream, where all of the text has come.
    """

    name: str
    does: Mapping[str, Json]
    kinds: frozenset[str]
    times: int | None = 1
    where: str = "llmock"
    halves: bool = False
    end: bool = False
    lengths: int = 1


def _fault(name: str, kinds: str, does: Mapping[str, Json], **more: Any) -> Fault:
    return Fault(name, does, frozenset(kinds.split()), **more)


def _stream(fault: str, after: int = 8, **more: Json) -> dict[str, Json]:
    return {"type": "stream_fault", "kind": fault, "after_chunks": after, **more}


def _status(status: int, **more: Json) -> dict[str, Json]:
    return {"type": "fail", "status": status, **more}


FAULTS = (
    _fault("429, retry-after", "rate_limited", _status(429, retry_after=0.8), times=2),
    _fault("429, without", "rate_limited", {}, times=2, where="own"),
    _fault("500", "vendor_fault", _status(500), times=2),
    _fault("503", "overloaded", _status(503), times=2),
    _fault("529", "overloaded", _status(529), times=2),
    _fault("hang", "timed_out", {"type": "delay", "seconds": HANG_S}),
    _fault("slow first token", "", {"type": "slow_first_token", "seconds": SLOW_S}),
    _fault("cut stream", "broken_answer", _stream("truncate"), halves=True),
    _fault("cut before its end", "broken_answer", _stream("truncate"), halves=True, end=True),
    _fault("dropped stream", "unreachable", _stream("disconnect"), halves=True),
    _fault("stall", "timed_out", _stream("stall", stall_seconds=30), halves=True),
    _fault("corrupt chunk", "broken_answer", _stream("malformed"), halves=True, lengths=10),
    _fault("context overflow", "context_too_long", {}, times=None, where="small window"),
    _fault("refusal", "refused", {"type": "reply", "finish_reason": "content_filter"}, times=None, halves=True),
    _fault("max-token cut", "truncated", {"type": "reply", "finish_reason": "length"}, times=None, halves=True),
    _fault("401", "access_denied", _status(401), times=None),
    _fault(
        "malformed 200 body",
        "broken_answer",
        {"chaos": {"malformedRate": 1}},
        where="aimock",
    ),
    _fault(
        "reset connection",
        "unreachable",
        {"chunkSize": 8, "latency": 20, "disconnectAfterMs": 60},
        where="aimock",
    ),
)
NOT_SHOWN = {("refusal", "openai"): "llmock reports a filtered answer of the Responses API as completed"}


@dataclass(frozen=True)
class Case:
    """A fault that befalls a vendor.  `alone`: nobody else can be asked.  `question` is `review` or `plain`."""

    fault: Fault
    vendor: Vendor
    alone: bool
    question: str = "review"

    @property
    def times(self) -> int | None:
        """How often the fault happens; None for ever."""
        return self.fault.times if self.alone else None

    @property
    def must_recover(self) -> bool:
        """Whether the vendor alone must be enough."""
        return self.alone and self.fault.times is not None

    @property
    def whole(self) -> str:
        """What a summary says that was taken from a whole answer."""
        return (TEXT if self.question == "plain" else SUMMARY) * self.fault.lengths

    @property
    def answer(self) -> str:
        """The whole answer, as the vendor sends it."""
        if self.question == "plain":
            return self.whole
        return json.dumps({"summary": self.whole, "verdict": "request_changes", "findings": [], "disputed": []})

    @property
    def mark(self) -> str:
        """A name that stands in the code under review, and nowhere else."""
        words = (self.fault.name, self.vendor.name, "alone" if self.alone else "helped", self.question)
        return "case_" + "".join(letter if letter.isalnum() else "_" for letter in "_".join(words))


@dataclass
class Row:
    """What the user got.

    `attempts` counts wire calls by how they ended, `answered` among them, `asked` the same by model.  With `larger`
    a model of the second vendor has a larger window than the first one.
    """

    case: Case
    status: str = ""
    answered_by: str = ""
    attempts: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    half: bool = False
    larger: bool = True
    told: str = ""
    verdict: str = ""

    def wrong(self) -> str:  # noqa: PLR0911  # a table: one return a row
        """What is not as it should be; empty when all is."""
        kinds = set(self.attempts) - {"answered"}
        provider = self.answered_by.partition(":")[0]
        case = self.case
        if self.half:
            return "half an answer was taken for a whole one"
        if self.seconds > DEADLINE_S + 1:
            return "it took longer than the deadline"
        if not kinds <= case.fault.kinds:
            return f"it was taken for {', '.join(sorted(kinds - case.fault.kinds))}"
        if case.fault.kinds and not kinds:
            return "the fault was not noticed"
        if self.verdict not in {"", "pass"}:
            return f"llmock's verdict: {self.verdict}"
        if case.must_recover or not case.fault.kinds:
            return "" if provider == case.vendor.provider else "the vendor alone did not recover"
        if case.alone:
            return "answered all the same" if provider else "" if self.told else "the user was not told why"
        if "context_too_long" in kinds and not self.larger:
            said = "not asked, since the window is no larger" in self.told
            return "" if said and not provider else "the user was not told that the second window is no larger"
        return "" if provider == second(case.vendor).provider else "the second vendor did not answer"

    def json(self) -> dict[str, Json]:
        """Everything, for other programs."""
        return {
            "fault": self.case.fault.name,
            "vendor": self.case.vendor.name,
            "configured": "alone" if self.case.alone else "with a second vendor",
            "question": self.case.question,
            "status": self.status,
            "answered_by": self.answered_by,
            "attempts": dict(self.attempts),
            "asked": dict(self.asked),
            "seconds": round(self.seconds, 2),
            "half_taken": self.half,
            "told": self.told,
            "verdict": self.verdict,
            "wrong": self.wrong(),
        }


class _Question(Arguments):
    """What the tool below is asked."""

    code: str


class Tell:
    """A tool that asks for plain text and gives it back as its summary."""

    name, title, description, toolset, open_world = "tell", "Tell", "Tells.", "default", False
    arguments, result, exports = _Question, Result, ()

    async def run(self, arguments: _Question, bench: Bench) -> Result:
        """Ask."""
        request = Request(messages=(Message(role="user", text=arguments.code),), max_tokens=500)
        completion = await bench.complete(Task(kind="code_review", tier=Tier.FAST), request, role="teller")
        return Result(status="complete", summary=completion.text, problems=[], run=bench.run())


@dataclass
class Ear:
    """Hears how each wire call ended."""

    calls: list[CallEvent] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Keep it."""
        if isinstance(event, CallEvent):
            self.calls.append(event)


@dataclass(frozen=True)
class Doubles:
    """Where the doubles listen; `aimock` is empty where there is none."""

    llmock: Mapping[str, str]
    small: str
    aimock: str
    own: Mapping[str, Double]

    def address(self, case: Case) -> str:
        """Where the vendor of this case is to be found."""
        vendor = case.vendor
        if case.fault.where == "aimock":
            return self.aimock + vendor.aimock_path
        if case.fault.where == "own":
            return self.own[vendor.name].url + vendor.aimock_path
        return (self.small if case.fault.where == "small window" else self.llmock[vendor.name]) + vendor.path

    def environ(self, case: Case) -> dict[str, str]:
        """The settings under which a case is run."""
        vendor, other = case.vendor, second(case.vendor)
        values = {**SETTINGS, **vendor.environ, vendor.base: self.address(case)}
        order = [vendor.provider]
        if not case.alone:
            values |= {**other.environ, other.base: self.llmock[vendor.name] + other.path}
            order.append(other.provider)
        return values | {"MANYEYES_ROUTING_CODE_REVIEW_VENDORS": ",".join(order)}


def behaviours(case: Case) -> list[dict[str, Json]]:
    """What llmock is told to do: the fault to the vendor, and a good answer to everybody else."""
    good = {"type": "reply", "text": case.answer, "times": None}
    if case.fault.where != "llmock":
        return [good]
    does: dict[str, Json] = {**case.fault.does, "times": case.times, "match": {"provider": case.vendor.kind}}
    if does["type"] == "reply":
        does["text"] = case.answer[: len(case.answer) // 2]
    if case.fault.end:
        does["after_chunks"] = case.vendor.last
    return [does, good]


async def try_out(case: Case, doubles: Doubles, home: str) -> Row:
    """Run one case."""
    import httpx2

    base = doubles.llmock[case.vendor.name]
    row, ear = Row(case), Ear()
    if case.fault.where == "own":
        words, double = (
            WORDS[{"openai": "openai-responses"}.get(case.vendor.name, case.vendor.name)],
            doubles.own[case.vendor.name],
        )
        double.reset()
        slow = words.error(429, "Slow down, please.", "rate_limit_exceeded")
        double.reply(*[slow] * (case.times or 9), words.says(case.answer))
    environ = {"HOME": home, **doubles.environ(case)}
    async with httpx2.AsyncClient(base_url=base, timeout=10) as control:
        await control.delete("/_llmock/scenario")
        told = behaviours(case)
        if case.fault.end:
            length = await stream_length(case, control)
            told[0]["after_chunks"] = length - case.vendor.last
        (await control.post("/_llmock/scenario", json={"behaviors": told})).raise_for_status()
        async with Desk.open(operator.load(environ, cwd=Path(home)), environ) as desk:
            desk.tools = {**desk.tools, "tell": Tell()}  # type: ignore[dict-item]  # it has what `call` needs
            dice = random.Random(DICE)  # noqa: S311  # no secret
            hears = Listeners((desk.gateway.listener, ear))
            desk.gateway = replace(desk.gateway, listener=hears, uniform=dice.uniform)
            for provider in desk.providers.values():
                await provider.warm()  # importing an SDK is no part of a vendor's silence
            taken = desk.router.choose(Task(kind="code_review", tier=Tier.FAST, structured=True)).taken
            windows = [(ref.provider, spec.window) for ref in taken if (spec := desk.catalog.get(ref))]
            first = next(window for provider, window in windows if provider == case.vendor.provider)
            row.larger = any(window > first for provider, window in windows if provider == second(case.vendor).provider)
            began = time.perf_counter()
            await ask(desk, row)
            row.seconds = time.perf_counter() - began
    row.attempts = Counter(call.error or "answered" for call in ear.calls)
    row.asked = Counter(str(call.ref) for call in ear.calls)
    return row


async def stream_length(case: Case, control: Any) -> int:
    """How many chunks llmock's stream of a good answer has: it is asked for one by hand."""
    model = {"anthropic": "claude", "openai": "gpt", "gemini": "gemini"}[case.vendor.kind]
    hello = [{"role": "user", "content": "hello"}]
    path, body = {
        "anthropic": ("/anthropic/v1/messages", {"model": model, "messages": hello, "max_tokens": 9, "stream": True}),
        "google": (
            f"/gemini/v1beta/models/{model}:streamGenerateContent?alt=sse",
            {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]},
        ),
        "openai": ("/v1/responses", {"model": model, "input": "hello", "stream": True}),
    }.get(
        case.vendor.name,
        (
            "/v1/chat/completions",
            {"model": model, "messages": hello, "stream": True, "stream_options": {"include_usage": True}},
        ),
    )
    good = {"type": "reply", "text": case.answer, "times": 1}
    (await control.post("/_llmock/scenario", json={"behaviors": [good]})).raise_for_status()
    answer = await control.post(path, json=body)
    answer.raise_for_status()
    length: int = answer.text.count("data: ")
    return length


async def ask(desk: Desk, row: Row) -> None:
    """Have the tool called, as a client would, and write down what comes back."""
    code = f"def {row.case.mark}(text):\n    return eval(text)\n"
    try:
        if row.case.question == "plain":
            result = await desk.call("tell", {"code": code})
        else:
            result = await desk.call("code_review", {"code": code, "language": "python", "depth": "quick"})
    except NoAnswer as error:
        row.status, row.told = "error", str(error)
        return
    row.status, row.told = result.status, " ".join(result.problems)
    heard = [use.ref for use in result.run.models]
    row.answered_by = ", ".join(heard)
    row.half = bool(heard) and result.summary != row.case.whole


async def run_vendor(vendor: Vendor, cases: Sequence[Case], doubles: Doubles, home: str) -> tuple[list[Row], str]:
    """All cases of one vendor, in turn, and the report of llmock on those that it had to survive alone."""
    import httpx2

    rows = []
    url = doubles.llmock[vendor.name]
    judged = [case for case in cases if case.must_recover and case.fault.where == "llmock"]
    others = [case for case in cases if case not in judged]
    seen = 0
    async with httpx2.AsyncClient(base_url=url, timeout=10) as control:
        for case in judged:
            row = await try_out(case, doubles, home)
            findings = (await control.get("/_llmock/verdict")).json()["findings"]
            row.verdict = "; ".join(f"{one['severity']} {one['code']}" for one in findings[seen:]) or "pass"
            seen = len(findings)
            rows.append(row)
    report = await report_of(url) if judged else ""
    rows += [await try_out(case, doubles, home) for case in others]
    return rows, report


async def report_of(url: str) -> str:
    """What `llmock report --strict` prints, and whether it passed."""
    done = await anyio.run_process([tool("llmock"), "report", "--strict", "--url", url], check=False)
    words = " ".join(done.stdout.decode().split())
    return f"{'pass' if done.returncode == 0 else 'FAIL'}: {words}"


def tool(name: str) -> str:
    """A program of this virtual environment."""
    return str(Path(sys.executable).with_name(name))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[str]:
    """A program that listens on a port of loopback, until the end."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=dict(os.environ)) as process:
        try:
            for _ in range(600):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if process.poll() is not None:
                        raise
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def all_doubles(cases: Sequence[Case], home: str) -> Iterator[Doubles]:
    """The doubles that these cases need: an llmock for each vendor, so that each has a journal of its own."""
    with ExitStack() as stack:

        def llmock(*more: str) -> str:
            port = free_port()
            return stack.enter_context(serving([tool("llmock"), "serve", "--port", str(port), *SPACED, *more], port))

        aimock = ""
        if any(case.fault.where == "aimock" for case in cases):
            port, script = free_port(), Path(home) / "aimock.json"
            script.write_text(json.dumps({"fixtures": [one for case in cases for one in fixtures(case)]}))
            command = [str(CLIENTS / "node"), str(CLIENTS / "llmock"), "-p", str(port), "-f", str(script)]
            aimock = stack.enter_context(serving(command, port))
        small = llmock("--context-window", "20") if any(case.fault.where == "small window" for case in cases) else ""
        names = dict.fromkeys(case.vendor.name for case in cases)
        own = {case.vendor.name: Double() for case in cases if case.fault.where == "own"}
        for double in own.values():
            stack.enter_context(double)
        yield Doubles({name: llmock() for name in names}, small, aimock, own)


def fixtures(case: Case) -> list[dict[str, Json]]:
    """What aimock is told to do where the code of this case is asked about."""
    if case.fault.where != "aimock":
        return []
    mark = {"userMessage": case.mark}
    once = {} if case.times is None else {"sequenceIndex": 0}
    return [
        {**case.fault.does, "match": {**mark, **once}, "response": {"content": case.answer}},
        {"match": mark, "response": {"content": case.answer}},
    ]


def choose(options: argparse.Namespace) -> tuple[list[Case], list[str]]:
    """The cases to run, and what is left out and why."""
    out = []
    node = (CLIENTS / "llmock").exists() and (CLIENTS / "node").exists()
    cases: list[Case] = []
    for fault in FAULTS:
        if options.faults and fault.name not in options.faults:
            continue
        if fault.where == "aimock" and not node:
            out.append(f"{fault.name}: aimock is not installed (npm ci in tests/clients)")
            continue
        for vendor in VENDORS:
            if options.vendors and vendor.name not in options.vendors:
                continue
            if why := NOT_SHOWN.get((fault.name, vendor.name)):
                out.append(f"{fault.name}, {vendor.name}: {why}")
                continue
            questions = ("review", "plain") if fault.halves else ("review",)
            cases += [Case(fault, vendor, alone, question) for alone in (True, False) for question in questions]
    return cases, out


async def run_all(cases: Sequence[Case], doubles: Doubles, home: str) -> tuple[list[Row], dict[str, str]]:
    """All cases: the vendors side by side, the cases of one in turn."""
    rows: dict[str, list[Row]] = {}
    reports: dict[str, str] = {}

    async def one(vendor: Vendor) -> None:
        mine = [case for case in cases if case.vendor is vendor]
        rows[vendor.name], report = await run_vendor(vendor, mine, doubles, home)
        if report:
            reports[vendor.name] = report

    async with anyio.create_task_group() as group:
        for vendor in VENDORS:
            if any(case.vendor is vendor for case in cases):
                group.start_soon(one, vendor)
    order = {case.mark: place for place, case in enumerate(cases)}
    return sorted((row for some in rows.values() for row in some), key=lambda row: order[row.case.mark]), reports


def table(rows: Sequence[Row]) -> str:
    """The reviews: one line for a fault and a vendor, alone on the left, with the second vendor on the right."""
    head = (
        "fault",
        "vendor",
        "ALONE",
        "answered by",
        "wire calls",
        "s",
        "SECOND",
        "answered by",
        "wire calls",
        "s",
        "",
    )
    lines = [head]
    found = {row.case.mark: row for row in rows}
    for row in rows:
        if row.case.question == "plain" or not row.case.alone:
            continue
        other = found[replace(row.case, alone=False).mark]
        wrong = "; ".join(filter(None, (row.wrong(), other.wrong())))
        lines.append((row.case.fault.name, row.case.vendor.name, *cells(row), *cells(other), wrong))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def cells(row: Row) -> tuple[str, ...]:
    """A row's half of the table."""
    calls = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in row.attempts.items())
    return row.status, row.answered_by or "nobody", calls, f"{row.seconds:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    split = partial(str.split, sep=";")
    parser.add_argument("--faults", type=split, default=[], help="some of them, parted by semicolons")
    parser.add_argument("--vendors", type=split, default=[], help="some of them, parted by semicolons")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    cases, left_out = choose(options)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as home, all_doubles(cases, home) as doubles:
        rows, reports = anyio.run(run_all, cases, doubles, home)
    plain = [row for row in rows if row.case.question == "plain"]
    bad = [row for row in rows if row.wrong()]
    ok = not bad and all(report.startswith("pass") for report in reports.values())
    if options.json:
        result = {"rows": [row.json() for row in rows], "reports": reports, "left_out": left_out, "ok": ok}
        print(json.dumps(result, indent=2))
        return 0 if ok else 1
    print(table(rows))
    halves = sum(row.half for row in rows)
    print(f"\nHalf answers taken for whole ones: {halves} of {sum(row.case.fault.halves for row in rows)} chances, of")
    print(f"which {len(plain)} were asked for plain text.")
    for row in plain:
        if row.wrong():
            print(f"  {row.case.mark}: {row.wrong()}: {row.attempts}")
    print("\nllmock report --strict, over all faults that one vendor had to survive alone:")
    for name, report in reports.items():
        print(f"  {name:12} {report}")
    for line in left_out:
        print(f"left out: {line}")
    print(f"{len(rows)} cases in {time.perf_counter() - began:.0f} s: {'as it should' if ok else 'NOT as it should'}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
