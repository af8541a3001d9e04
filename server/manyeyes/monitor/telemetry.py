"""Spans and metrics for OpenTelemetry, by its conventions for generative AI.

Without an OpenTelemetry SDK in the process all of this does nothing; `opentelemetry-instrument manyeyes serve` sets
one up.  Names and buckets are those of https://github.com/open-telemetry/semantic-conventions-genai, which replaced
`gen_ai.system` by `gen_ai.provider.name`; what is ours begins with `manyeyes.`.  Neither prompts nor answers nor the
messages of errors are recorded: only names, kinds, numbers and times.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from manyeyes import __version__
from manyeyes.events import AskEvent, CallEvent, RunEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.metrics import Counter, Histogram, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider

    from manyeyes.events import Event
    from manyeyes.types import ModelRef

    Attributes = dict[str, str | int | float]

_PROVIDERS = {"google": "gcp.gemini"}
"""Where the convention's name for a vendor is not ours."""
_OPERATIONS = {"google": "generate_content"}
"""What a call is called, where it is not `chat`."""
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(4**power for power in range(14))
_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Turns each event into a span and measurements, as a `Listener`.  Made by `open`."""

    tracer: Tracer
    call_seconds: Histogram
    first_token_seconds: Histogram
    tokens: Histogram
    run_seconds: Histogram
    cost_usd: Counter
    questions: Counter
    hedges: Counter
    unheard: Callable[[], bool]

    @classmethod
    def open(cls, *, tracers: TracerProvider | None = None, meters: MeterProvider | None = None) -> Self:
        """Telemetry that goes to these providers; by default to those of the process."""
        from opentelemetry import metrics, trace  # slow to import, and needed only where events are heard

        meter = metrics.get_meter("manyeyes", __version__, meters)

        def seconds(name: str, told: str) -> Histogram:
            return meter.create_histogram(name, "s", told, explicit_bucket_boundaries_advisory=_SECONDS)

        return cls(
            tracer=trace.get_tracer("manyeyes", __version__, tracers),
            call_seconds=seconds("gen_ai.client.operation.duration", "GenAI operation duration."),
            first_token_seconds=seconds("gen_ai.client.operation.time_to_first_chunk", "Time to the first chunk."),
            tokens=meter.create_histogram(
                "gen_ai.client.token.usage",
                "{token}",
                "Number of input and output tokens used.",
                explicit_bucket_boundaries_advisory=_TOKENS,
            ),
            run_seconds=seconds("gen_ai.execute_tool.duration", "Duration of a tool call."),
            cost_usd=meter.create_counter("manyeyes.cost", "{USD}", "US dollars, as far as prices are known."),
            questions=meter.create_counter("manyeyes.questions", "{question}", "Questions, by how they were answered."),
            hedges=meter.create_counter("manyeyes.hedges", "{call}", "Second calls, beside a slow one."),
            unheard=_unheard if tracers is None and meters is None else _heard,
        )

    def note(self, event: Event) -> None:
        """Record it, if anybody is there to hear it."""
        if self.unheard():
            return
        if isinstance(event, CallEvent):
            self._measure_call(event)
            self._trace_call(event)
        elif isinstance(event, AskEvent):
            self._count_ask(event)
        elif isinstance(event, RunEvent):
            self._record_run(event)

    def _measure_call(self, call: CallEvent) -> None:
        names = _names(call)
        if call.first_token_s is not None:
            self.first_token_seconds.record(call.first_token_s, names)
        if call.usage is not None:
            self.tokens.record(call.usage.input_tokens, {**names, "gen_ai.token.type": "input"})
            self.tokens.record(call.usage.output_tokens, {**names, "gen_ai.token.type": "output"})
        if call.cost_usd is not None:
            self.cost_usd.add(call.cost_usd, {**names, "manyeyes.cost.estimated": call.estimated})
        self.call_seconds.record(call.seconds, {**names, "error.type": call.error} if call.error else names)

    def _count_ask(self, ask: AskEvent) -> None:
        tool: Attributes = {"gen_ai.tool.name": ask.tool}
        answered: Attributes = {"manyeyes.cache": "hit" if ask.cached else "miss", "manyeyes.fallback": ask.fallback}
        outcome = {**_model(ask.ref), **answered} if ask.ref else {"error.type": ask.error}
        self.questions.add(1, {**tool, **outcome})
        if ask.hedge is not None:
            self.hedges.add(1, {**tool, **_model(ask.hedge), "manyeyes.hedge.won": ask.hedge_won})

    def _trace_call(self, call: CallEvent) -> None:
        from opentelemetry.trace import SpanKind, StatusCode

        names = _names(call)
        start = round(call.at * _NS)
        # The span of the tool call, which the MCP library opens, is the current one: this becomes its child.
        span = self.tracer.start_span(
            f"{names['gen_ai.operation.name']} {call.ref.model}",
            kind=SpanKind.CLIENT,
            attributes={**names, **_details(call)},
            start_time=start,
        )
        if call.error:
            span.set_attribute("error.type", call.error)
            span.set_status(StatusCode.ERROR)
        span.end(start + round(call.seconds * _NS))

    def _record_run(self, run: RunEvent) -> None:
        from opentelemetry import trace

        failed: Attributes = {"error.type": "_OTHER"} if run.status == "error" else {}
        self.run_seconds.record(run.seconds, {"gen_ai.tool.name": run.tool, **failed})
        ours: Attributes = {"manyeyes.run.id": run.run_id, "manyeyes.run.status": run.status}
        if run.cost_usd is not None:
            ours["manyeyes.cost_usd"] = run.cost_usd
        current = trace.get_current_span()
        if current.is_recording():
            current.set_attributes(ours)  # the MCP library's span of this tool call; a second one would double it
            return
        start = round(run.at * _NS)
        span = self.tracer.start_span(
            f"execute_tool {run.tool}",
            attributes={"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": run.tool, **ours, **failed},
            start_time=start,
        )
        if failed:
            span.set_status(trace.StatusCode.ERROR)
        span.end(start + round(run.seconds * _NS))


def _heard() -> bool:
    """That somebody is known to listen."""
    return False


def _unheard() -> bool:
    """Whether nobody has set up an SDK in this process: then what is recorded is dropped, and making it is in vain."""
    from opentelemetry import metrics, trace

    stand_in = type(metrics.get_meter_provider()).__name__ == "_ProxyMeterProvider"
    return stand_in and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _names(call: CallEvent) -> Attributes:
    """What a call is counted by; few values each."""
    return {"gen_ai.operation.name": _OPERATIONS.get(call.ref.provider, "chat"), **_model(call.ref)}


def _model(ref: ModelRef) -> Attributes:
    return {
        "gen_ai.provider.name": _PROVIDERS.get(ref.provider, ref.provider),
        "gen_ai.request.model": ref.model,
    }


def _details(call: CallEvent) -> Attributes:
    """What only a span has room for."""
    found: Attributes = {"manyeyes.run.id": call.run_id, "manyeyes.tool": call.tool, "manyeyes.role": call.role}
    if call.first_token_s is not None:
        found["gen_ai.response.time_to_first_chunk"] = call.first_token_s
    if call.cost_usd is not None:
        found["manyeyes.cost_usd"] = call.cost_usd
        found["manyeyes.cost.estimated"] = call.estimated
    if call.usage is not None:
        found["gen_ai.usage.input_tokens"] = call.usage.input_tokens
        found["gen_ai.usage.output_tokens"] = call.usage.output_tokens
        found["gen_ai.usage.cache_read.input_tokens"] = call.usage.cached_tokens
        found["gen_ai.usage.cache_creation.input_tokens"] = call.usage.cache_write_tokens
        found["gen_ai.usage.reasoning.output_tokens"] = call.usage.reasoning_tokens
    return found
