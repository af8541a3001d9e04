"""A canary key and a canary secret, in settings, in the code under review and in vendors' errors, appear nowhere.

The whole server is a process of its own here, over HTTP, with a state file and logs at debug; OpenTelemetry is heard
in a second server, in this process.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest
from mcp import Client
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from manyeyes.monitor.telemetry import Telemetry
from wire.doubles import Double, Reply, body
from wire.vendors import VENDORS

pytestmark = pytest.mark.anyio

KEYS = {name: f"canary-{name}-{'Vx7Qm2' * 5}" for name in ("anthropic", "openai", "google", "box")}
SECRET = "ghp_" + "Zk4Lm9" * 6
PASSWORD = "T7r!cky-Canary-9931"
CODE = f"""
import requests

TOKEN = "{SECRET}"
password = "{PASSWORD}"
API_KEY = "{KEYS["anthropic"]}"


def pay(db, user_id):
    requests.post("https://example.com/{KEYS["google"]}", headers={{"Authorization": "Bearer {SECRET}"}})
    return db.execute(f"SELECT * FROM users WHERE id = {{user_id}} -- {KEYS["openai"]}")
"""
CANARIES = (*KEYS.values(), SECRET, PASSWORD)
ANSWER = json.dumps(
    {
        "summary": "It sends <secret:github-token:1> away.",
        "verdict": "request_changes",
        "findings": [],
        "disputed": [],
    }
)


def environ(double, home, state):
    return {
        "HOME": str(home),
        "MANYEYES_STATE_URL": state,
        "MANYEYES_LOG_LEVEL": "debug",
        "MANYEYES_RETRY_ATTEMPTS": "1",
        "MANYEYES_RETRY_ATTEMPTS_WITH_OTHERS": "1",
        "MANYEYES_BREAKER_FAILURES": "100",
        "MANYEYES_BREAKER_CALLS": "1000",
        "MANYEYES_BREAKER_DENIED_S": "0.001",
        "MANYEYES_DEADLINE_S": "20",
        "ANTHROPIC_API_KEY": KEYS["anthropic"],
        "ANTHROPIC_BASE_URL": double.url,
        "OPENAI_API_KEY": KEYS["openai"],
        "OPENAI_BASE_URL": f"{double.url}/v1",
        "GEMINI_API_KEY": KEYS["google"],
        "GOOGLE_GEMINI_BASE_URL": double.url,
        "MANYEYES_ENDPOINTS_BOX_URL": f"{double.url}/v1",
        "MANYEYES_ENDPOINTS_BOX_KEY": KEYS["box"],
        "MANYEYES_ENDPOINTS_BOX_MODELS": "m",
    }


def bad_replies():
    """Errors that quote all there is to quote, as careless servers do."""
    words = f"invalid key {' '.join(KEYS.values())}; you sent {SECRET} and {PASSWORD}: {CODE}"
    error = {"message": words, "type": words, "code": words, "status": words}
    for status in (400, 401, 500):
        yield body({"type": "error", "error": error}, status)
    yield body(words.encode())  # a body that is no JSON, with status 200
    yield Reply([f"data: {{{words}\n\n".encode()])  # a stream that is none


MODELS = {
    "anthropic": "claude-opus-5-5",
    "openai-chat": "gpt-6.1-sol",
    "google": "gemini-4-argon",
    "compatible": "box:m",
}


async def use_everything(client, double):
    """Call the tools while vendors fail, then while they answer; gives all that a client was told."""

    async def call(tool, **arguments):
        told.append((await client.call_tool(tool, arguments)).model_dump_json())

    async def read(uri):
        told.append((await client.read_resource(uri)).model_dump_json())

    def replies(*some):
        double.queue.clear()
        double.reply(*some)

    told = []
    for name, model in MODELS.items():
        asked = {"code": CODE, "language": "python", "model": model}
        for bad in bad_replies():
            for tool in ("code_review", "security_scan"):
                replies(*[bad] * 20)
                await call(tool, **asked)
        await call("doc_generator", **asked)
        replies(VENDORS[name].says(ANSWER))
        await call("code_review", **asked)
        replies(*[VENDORS[name].says(ANSWER)] * 2)
        await call("doc_generator", **asked, format="openapi")
    await call("code_review", code=CODE, **{KEYS["openai"]: SECRET})
    await call("code_review", code=CODE, model=KEYS["openai"])
    for run_id in sorted(set(re.findall(r"r-[0-9a-f]{12}", "".join(told)))):
        await read(f"manyeyes://runs/{run_id}")
    await read("manyeyes://dashboard")
    await read("manyeyes://models")
    return told


def leaks(text):
    """The canaries in a text or in bytes, written plainly or as JSON writes them."""
    data = text if isinstance(text, bytes) else text.encode()
    return [canary for canary in CANARIES if canary.encode() in data]


@contextmanager
def serving(environment, home, log):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "manyeyes", "serve", "--http", f"127.0.0.1:{port}"]
    with log.open("wb") as stderr, subprocess.Popen(command, cwd=home, env=environment, stderr=stderr) as process:
        try:
            for _ in range(400):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


async def test_in_a_server_of_its_own(tmp_path):
    home, state, log = tmp_path / "home", tmp_path / "state", tmp_path / "stderr"
    home.mkdir()
    state.mkdir()
    with Double() as double:
        settings = {**environ(double, home, f"sqlite:///{state}/m.db"), "PATH": os.environ["PATH"]}
        with serving(settings, home, log) as url:
            async with Client(f"{url}/mcp") as client:
                told = await use_everything(client, double)
            with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
                metrics = answer.read()
            # While it runs: the write-ahead log is folded into the file when the last connection closes.
            files = {path.name: path.read_bytes() for path in state.iterdir()}
        sent = json.dumps([asked.json for asked in double.asked])
        keys_sent = json.dumps([asked.headers for asked in double.asked])
    after = {path.name: path.read_bytes() for path in state.iterdir()}
    written = log.read_bytes()
    # There was something to leak, everywhere.
    assert all(key in keys_sent for key in KEYS.values())
    assert "<secret:" in sent
    assert b"run ended" in written
    assert b"access_denied" in written
    assert b"manyeyes_calls_total" in metrics
    assert {"m.db", "m.db-wal"} <= set(files)
    assert sum(map(len, files.values())) > 50_000
    assert sum("complete" in one for one in told) >= len(MODELS)
    for name, data in {"log": written, "metrics": metrics, "sent": sent, **files, **after}.items():
        assert not leaks(data), name
    for number, one in enumerate(told):
        assert not leaks(one), (number, one[:300])


async def test_in_spans_and_metrics_of_opentelemetry(connect, monkeypatch, tmp_path):
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    opened = Telemetry.open
    monkeypatch.setattr(Telemetry, "open", lambda: opened(tracers=tracers, meters=meters))
    # The MCP library's own spans too: it takes its tracer from the process.
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    with Double() as double:
        async with connect(**environ(double, tmp_path, "sqlite://")) as client:
            await use_everything(client, double)
    spans = "".join(span.to_json() for span in exporter.get_finished_spans())
    data = reader.get_metrics_data()
    assert "access_denied" in spans
    assert "execute_tool" in spans
    assert data is not None
    for span in exporter.get_finished_spans():
        assert not leaks(span.to_json()), span.to_json()[:3000]
    assert not leaks(data.to_json())
    tracers.shutdown()
    meters.shutdown()


def test_the_search_finds_what_is_there():
    assert leaks(json.dumps({"error": f"{SECRET} and {PASSWORD}"})) == [SECRET, PASSWORD]
    assert leaks(CODE.encode())
