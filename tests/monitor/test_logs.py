from __future__ import annotations

import io
import json
import logging

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from manyeyes.calls.fallback import Fallback
from manyeyes.calls.observed import Caller, Observed
from manyeyes.calls.redacted import Redacted
from manyeyes.errors import AllFailed
from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.model import no_pulse
from manyeyes.monitor.logs import JsonLines, Logs, log_to_stderr
from manyeyes.monitor.prometheus import Metrics
from manyeyes.monitor.telemetry import Telemetry
from manyeyes.providers import anthropic, compatible, google, openai
from manyeyes.redaction import Redactor
from manyeyes.settings import Endpoint, Google, OpenAI, Settings, Vendor
from manyeyes.types import Candidate, Message, ModelRef, Request, Route, Usage
from wire.doubles import Double, Reply, body

OPUS = ModelRef("anthropic", "claude-opus-5-5")


def call(error="", **values) -> CallEvent:
    fixed = {"at": 0.0, "run_id": "r-1", "tool": "code_review", "role": "reviewer", "seconds": 1.23456}
    return CallEvent(**fixed, ref=OPUS, error=error, **values)


RUN = RunEvent(at=0.0, run_id="r-1", tool="code_review", status="partial", seconds=2.0, cost_usd=0.5)


@pytest.fixture
def written():
    """Sets logging up and reads what was written; puts everything back at the end."""
    root, ours = logging.getLogger(), logging.getLogger("manyeyes")
    before = (root.level, ours.level, root.handlers[:])
    stream = io.StringIO()

    class Written:
        def at(self, level: str, mask=str) -> None:
            log_to_stderr(level, mask, stream=stream)

        @property
        def text(self) -> str:
            return stream.getvalue()

        @property
        def lines(self) -> list[dict]:
            return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield Written()
    root.setLevel(before[0])
    ours.setLevel(before[1])
    root.handlers[:] = before[2]


@pytest.mark.parametrize(("level", "told"), [("info", ["no answer"]), ("debug", ["answer", "no answer"])])
def test_questions_are_logged(written, level, told):
    written.at(level)
    fixed = {"at": 0.0, "run_id": "r-1", "tool": "code_review", "role": "reviewer", "first": OPUS, "seconds": 1.0}
    Logs().note(AskEvent(**fixed, ref=OPUS, cached=True))
    Logs().note(AskEvent(**fixed, ref=None, error="timed_out", hedge=OPUS))
    assert [line["message"] for line in written.lines] == told
    assert [line["cache"] for line in written.lines] == ["hit", "miss"][-len(told) :]
    assert written.lines[-1]["hedge"] == "anthropic:claude-opus-5-5"
    assert written.lines[-1]["model"] is None


def test_a_failed_call_is_one_line(written):
    written.at("info")
    Logs().note(call("rate_limited", usage=Usage(input_tokens=3, output_tokens=1)))
    (line,) = written.lines
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "logger": "manyeyes.events",
        "message": "call failed",
        "run": "r-1",
        "tool": "code_review",
        "role": "reviewer",
        "model": "anthropic:claude-opus-5-5",
        "error": "rate_limited",
        "seconds": 1.235,
        "first_token_s": None,
        "input_tokens": 3,
        "output_tokens": 1,
        "cost_usd": None,
        "estimated": False,
    }


def test_a_run_is_one_line(written):
    written.at("info")
    Logs().note(RUN)
    (line,) = written.lines
    assert (line["message"], line["tool"], line["status"], line["cost_usd"]) == (
        "run ended",
        "code_review",
        "partial",
        0.5,
    )


@pytest.mark.parametrize(
    ("level", "messages"),
    [
        ("debug", ["call failed", "call answered", "run ended"]),
        ("info", ["call failed", "run ended"]),
        ("warning", []),
        ("error", []),
    ],
)
def test_the_level_decides(written, level, messages):
    written.at(level)
    for event in (call("timed_out"), call(), RUN):
        Logs().note(event)
    assert [line["message"] for line in written.lines] == messages


def test_other_libraries_are_heard_from_warning_on_even_at_debug(written):
    """At debug some log the requests they send, with key and prompt."""
    written.at("debug")
    for name in ("openai._base_client", "httpx2", "mcp.server"):
        logging.getLogger(name).debug("Request options: secret prompt")
        logging.getLogger(name).info("HTTP Request")
        logging.getLogger(name).warning("careful")
    assert [line["message"] for line in written.lines] == ["careful"] * 3


def test_setting_it_up_twice_writes_once(written):
    written.at("info")
    written.at("info")
    Logs().note(RUN)
    assert len(written.lines) == 1


def test_nothing_breaks_out_of_its_line(written):
    written.at("info")
    root = logging.getLogger()
    # Only our own handler is to see half a surrogate pair: pytest's would hand it on to where it cannot be encoded.
    root.handlers = [one for one in root.handlers if isinstance(one.formatter, JsonLines)]
    root.warning("two\nlines and \x1b[31mcolour \ud800 \u2028")
    (line,) = written.lines
    assert line["message"].startswith("two\nlines")
    assert "\x1b" not in written.text
    assert written.text.isascii()


def fail() -> None:
    try:
        {}["quoted source code"]
    except KeyError as error:
        raise ValueError("more of it") from error


def logged_failure() -> None:
    try:
        fail()
    except ValueError:
        logging.getLogger("manyeyes.app").exception("code_review failed")


def test_an_exception_is_logged_by_type_and_place_without_what_it_quotes(written):
    written.at("info")
    logged_failure()
    (line,) = written.lines
    kinds = [part for part in line["exception"] if ".py:" not in part]
    assert kinds == ["ValueError", "KeyError"]
    assert any(part.endswith(" fail") for part in line["exception"])
    assert "quoted" not in written.text
    assert "more of it" not in written.text


def test_at_debug_the_messages_of_exceptions_are_logged_and_masked(written):
    written.at("debug", lambda text: text.replace("quoted source", "<masked>"))
    logged_failure()
    assert "ValueError: more of it" in written.text
    assert "<masked> code" in written.text


def test_every_exception_of_a_group_is_named(written):
    written.at("info")
    both = ExceptionGroup("two", [OSError("a"), TypeError("b")])
    logging.getLogger("manyeyes.app").error("failed", exc_info=both)
    assert [part for part in written.lines[0]["exception"] if ".py:" not in part] == [
        "ExceptionGroup",
        "OSError",
        "TypeError",
    ]


def test_texts_in_fields_are_masked():
    record = logging.LogRecord("manyeyes.x", logging.INFO, "", 1, "said %s", ("hush",), None)
    record.manyeyes_fields = {"model": "hush", "seconds": 1.0}
    line = json.loads(JsonLines(lambda text: text.replace("hush", "***"), messages_of_exceptions=False).format(record))
    assert (line["message"], line["model"], line["seconds"]) == ("said ***", "***", 1.0)


# --- nothing secret in logs, metrics and spans

KEY = "sk-ant-api03-" + "Cq7" * 20
SECRET = "ghp_" + "Zk4Lm9" * 6
PROMPT = "the_code_under_review"


class Everything:
    """All that listens at once."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.metrics, self.heard = Metrics(), 0
        self.listeners = (self.metrics, Telemetry.open(tracers=self.tracers, meters=self.meters), Logs())

    def note(self, event) -> None:
        self.heard += 1
        for listener in self.listeners:
            listener.note(event)

    def told(self) -> dict[str, str]:
        data = self.reader.get_metrics_data()
        return {
            "prometheus": self.metrics.text({}),
            "spans": "".join(span.to_json() for span in self.exporter.get_finished_spans()),
            "metrics": data.to_json() if data else "",
        }


def bad_replies() -> list[Reply]:
    """Errors whose bodies repeat the key, the secret and the prompt, as careless servers do."""
    words = f"invalid x-api-key {KEY}; you sent {PROMPT} with {SECRET}"
    error = {"message": words, "type": words, "code": words, "status": words}
    return [
        *(body({"type": "error", "error": error}, status) for status in (400, 401, 404, 429, 500, 529)),
        body(words.encode()),  # a body that is no JSON, with status 200
        Reply([f"data: {{{words}\n\n".encode()]),  # a stream that is none
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("level", "canaries"),
    [("info", (KEY, SECRET, PROMPT)), ("debug", (KEY, SECRET))],  # debug asks for what errors quote, secrets masked
)
async def test_a_canary_in_settings_code_and_error_bodies_appears_nowhere(written, level, canaries):
    everything = Everything()
    redactor = Redactor(known=[KEY])
    written.at(level, redactor.mask)
    with Double() as double:
        settings = Settings(
            anthropic=Vendor(key=KEY, base_url=double.url),
            openai=OpenAI(key=KEY, base_url=f"{double.url}/v1"),
            google=Google(key=KEY, base_url=double.url),
            endpoints={"box": Endpoint(url=f"{double.url}/v1", key=KEY, models=("m",))},
        )
        providers = [
            provider for vendor in (anthropic, openai, google, compatible) for provider in vendor.providers(settings)
        ]
        request = Request(
            system=f"key {KEY}",
            messages=(Message(role="user", text=f'{PROMPT}\ntoken = "{SECRET}"\nkey = "{KEY}"'),),
        )
        caller = Caller(run_id="r-1", tool="code_review", role="reviewer")
        models = [
            Redacted(Observed(provider.model("m"), caller, everything, lambda *_: None), redactor)
            for provider in providers
        ]
        for model in models:
            for reply in bad_replies():
                double.reply(reply)
                chain = Fallback((model,), Route((Candidate(model.ref, taken=True, reason=""),)), lambda *_: None)
                try:
                    await chain.complete(request, no_pulse)
                except AllFailed:
                    logging.getLogger("manyeyes.app").exception("code_review failed")
        everything.note(RUN)
        sent = json.dumps([asked.json for asked in double.asked])
        for provider in providers:
            await provider.aclose()
    assert len(providers) == 4
    assert everything.heard == len(providers) * len(bad_replies()) + 1
    assert PROMPT in sent
    assert len(written.lines) >= everything.heard  # there was something to leak into
    told = {**everything.told(), "logs": written.text, "sent": sent.replace(PROMPT, "")}
    for where, text in told.items():
        assert text, where
        for canary in canaries:
            assert canary not in text, (where, canary)
    everything.tracers.shutdown()
    everything.meters.shutdown()


def test_the_canary_would_be_found():
    """The same search finds what a careless listener tells."""
    everything = Everything()
    everything.note(call(KEY))
    assert all(KEY in text for text in everything.told().values())
    everything.tracers.shutdown()
    everything.meters.shutdown()
