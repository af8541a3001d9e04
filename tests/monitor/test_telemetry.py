from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
from opentelemetry.trace import SpanKind, StatusCode

from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.monitor.telemetry import Telemetry
from manyeyes.types import ModelRef, Usage

AT = 1_795_000_000.25
USAGE = Usage(input_tokens=100, cached_tokens=40, cache_write_tokens=10, output_tokens=30, reasoning_tokens=20)


def call(provider="anthropic", model="claude-opus-5-5", error="", **values) -> CallEvent:
    ref = ModelRef(provider, model)
    fixed = {"at": AT, "run_id": "r-1", "tool": "code_review", "role": "reviewer"}
    return CallEvent(**fixed, ref=ref, error=error, seconds=1.5, **values)


@dataclass
class Collected:
    telemetry: Telemetry
    tracers: TracerProvider
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader

    @property
    def spans(self):
        return self.exporter.get_finished_spans()

    def points(self) -> dict:
        data = self.reader.get_metrics_data()
        if data is None:
            return {}
        (resource,) = data.resource_metrics
        (scope,) = resource.scope_metrics
        assert scope.scope.name == "manyeyes"
        return {metric.name: (metric.unit, list(metric.data.data_points)) for metric in scope.metrics}


@pytest.fixture
def collected():
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers, meters = TracerProvider(), MeterProvider([reader])
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    yield Collected(Telemetry.open(tracers=tracers, meters=meters), tracers, exporter, reader)
    tracers.shutdown()
    meters.shutdown()


def test_a_call_is_a_span_by_the_conventions(collected):
    collected.telemetry.note(call(first_token_s=0.5, usage=USAGE, cost_usd=0.25))
    (span,) = collected.spans
    assert span.name == "chat claude-opus-5-5"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert abs(span.start_time - 1_795_000_000_250_000_000) < 1_000
    assert span.end_time - span.start_time == 1_500_000_000
    assert dict(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-opus-5-5",
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.cache_creation.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 20,
        "manyeyes.run.id": "r-1",
        "manyeyes.tool": "code_review",
        "manyeyes.role": "reviewer",
        "manyeyes.cost_usd": 0.25,
        "manyeyes.cost.estimated": False,
    }


def test_a_failed_call_names_its_kind_and_nothing_unknown(collected):
    collected.telemetry.note(call(error="rate_limited"))
    (span,) = collected.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert span.attributes["error.type"] == "rate_limited"
    assert not [name for name in span.attributes if "usage" in name or "cost" in name or "chunk" in name]
    assert span.events == ()


@pytest.mark.parametrize(
    ("provider", "name", "operation"),
    [
        ("anthropic", "anthropic", "chat"),
        ("openai", "openai", "chat"),
        ("google", "gcp.gemini", "generate_content"),
        ("ollama", "ollama", "chat"),
    ],
)
def test_vendors_have_the_conventions_names(collected, provider, name, operation):
    collected.telemetry.note(call(provider, "m"))
    (span,) = collected.spans
    assert span.name == f"{operation} m"
    assert span.attributes["gen_ai.provider.name"] == name


def test_calls_are_measured(collected):
    collected.telemetry.note(call(first_token_s=0.5, usage=USAGE, cost_usd=0.25))
    collected.telemetry.note(call(error="timed_out"))
    points = collected.points()
    unit, (answered, failed) = points["gen_ai.client.operation.duration"]
    assert (unit, answered.sum, failed.sum) == ("s", 1.5, 1.5)
    assert failed.attributes["error.type"] == "timed_out"
    assert "error.type" not in answered.attributes
    assert answered.explicit_bounds[0] == 0.01
    assert answered.explicit_bounds[-1] == 81.92
    unit, tokens = points["gen_ai.client.token.usage"]
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in tokens} == {"input": 100, "output": 30}
    assert unit == "{token}"
    assert tokens[0].explicit_bounds[-1] == 67_108_864
    assert points["gen_ai.client.operation.time_to_first_chunk"][1][0].sum == 0.5
    assert points["manyeyes.cost"][1][0].value == 0.25


def test_questions_and_second_calls_are_counted(collected):
    opus, flash = ModelRef("anthropic", "opus"), ModelRef("google", "flash")

    def ask(ref=opus, **values) -> AskEvent:
        fixed = {"at": AT, "run_id": "r-1", "tool": "code_review", "role": "reviewer", "seconds": 1.0}
        return AskEvent(**fixed, first=opus, ref=ref, **values)

    for event in (
        ask(),
        ask(cached=True),
        ask(flash),
        ask(flash, hedge=flash),
        ask(None, error="timed_out", hedge=flash),
    ):
        collected.telemetry.note(event)
    assert collected.spans == ()
    points = collected.points()

    def counted(name, *keys):
        return {tuple(point.attributes.get(key) for key in keys): point.value for point in points[name][1]}

    model = "gen_ai.request.model"
    assert counted("manyeyes.questions", model, "manyeyes.cache", "manyeyes.fallback", "error.type") == {
        ("opus", "miss", False, None): 1,
        ("opus", "hit", False, None): 1,
        ("flash", "miss", True, None): 1,
        ("flash", "miss", False, None): 1,
        (None, None, None, "timed_out"): 1,
    }
    assert counted("manyeyes.hedges", model, "gen_ai.provider.name", "manyeyes.hedge.won", "gen_ai.tool.name") == {
        ("flash", "gcp.gemini", True, "code_review"): 1,
        ("flash", "gcp.gemini", False, "code_review"): 1,
    }


def test_a_run_is_a_span_where_nobody_opened_one(collected):
    collected.telemetry.note(
        RunEvent(at=AT, run_id="r-1", tool="code_review", status="partial", seconds=2.0, cost_usd=0.5)
    )
    collected.telemetry.note(RunEvent(at=AT, run_id="r-2", tool="code_review", status="error", seconds=2.0))
    good, bad = collected.spans
    assert good.name == "execute_tool code_review"
    assert good.attributes["manyeyes.run.status"] == "partial"
    assert good.status.status_code is StatusCode.UNSET
    assert bad.status.status_code is StatusCode.ERROR
    assert bad.attributes["error.type"] == "_OTHER"
    _, points = collected.points()["gen_ai.execute_tool.duration"]
    assert sorted(point.attributes.get("error.type", "") for point in points) == ["", "_OTHER"]


def test_within_the_span_of_a_request_calls_are_its_children_and_the_run_is_told_on_it(collected):
    tracer = collected.tracers.get_tracer("mcp")
    with tracer.start_as_current_span("tools/call code_review", kind=SpanKind.SERVER) as outer:
        collected.telemetry.note(call())
        collected.telemetry.note(RunEvent(at=AT, run_id="r-1", tool="code_review", status="complete", seconds=2.0))
    inner, request = collected.spans
    assert inner.parent.span_id == outer.get_span_context().span_id
    assert request.name == "tools/call code_review"
    assert request.attributes["manyeyes.run.id"] == "r-1"


def test_the_names_are_the_conventions(collected):
    """Against the constants that OpenTelemetry itself publishes."""
    collected.telemetry.note(call(first_token_s=0.5, usage=USAGE))
    (span,) = collected.spans
    published = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI_")}
    newer = {"gen_ai.usage.reasoning.output_tokens", "gen_ai.response.time_to_first_chunk"}
    assert {name for name in span.attributes if name.startswith("gen_ai.")} - newer <= published
    metrics = {value for name, value in vars(gen_ai_metrics).items() if name.startswith("GEN_AI_")}
    ours = {name for name in collected.points() if name.startswith("gen_ai.")}
    assert ours - {"gen_ai.client.operation.time_to_first_chunk"} <= metrics


def test_without_an_sdk_nothing_happens_and_none_is_imported():
    code = """
import sys
from manyeyes.events import CallEvent, RunEvent
from manyeyes.monitor.telemetry import Telemetry
from manyeyes.types import ModelRef, Usage
assert "opentelemetry" not in sys.modules
telemetry = Telemetry.open()
event = dict(at=0.0, run_id="r", tool="t", seconds=1.0)
telemetry.note(CallEvent(role="x", ref=ModelRef("a", "b"), error="timed_out", usage=Usage(), **event))
telemetry.note(RunEvent(status="complete", **event))
assert not [name for name in sys.modules if name.startswith("opentelemetry.sdk")]
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)


def test_without_an_sdk_nothing_is_made_and_with_one_set_later_everything_is():
    code = """
from manyeyes.monitor.telemetry import Telemetry, _names
from manyeyes.monitor import telemetry
from manyeyes.events import RunEvent
import opentelemetry.trace as trace
one = Telemetry.open()
print(one.unheard())
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
print(one.unheard())
one.note(RunEvent(at=1.0, run_id="r-1", tool="ask", status="complete", seconds=1.0))
print(len(exporter.get_finished_spans()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "1"]
