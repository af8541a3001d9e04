"""What this process has done since it began, as Prometheus reads it.

Counted from the events of the process and not from the store: a counter must never fall, and the store forgets.
Labels are names of models and tools and kinds of errors, never anything a caller or a vendor wrote.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from manyeyes.events import AskEvent, CallEvent, RunEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prometheus_client import Metric

    from manyeyes.events import Event

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of `Metrics.text`."""

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
"""Upper bounds of the histograms, in seconds: from a hit in the cache to the longest reasoning."""

_TOKENS = {
    "input": "Tokens of prompts, those from a vendor's cache included.",
    "cached": "The part of the prompts' tokens read from a vendor's cache.",
    "output": "Tokens that models wrote, reasoning included.",
    "reasoning": "The part of the output tokens spent on reasoning.",
}

Labels: TypeAlias = tuple[str, ...]


@dataclass(slots=True)
class Spread:
    """How many samples fell into each of `BUCKETS` and beyond, and their sum in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Take in one more."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total += seconds

    def cumulated(self) -> list[tuple[str, float]]:
        """Each bound as text, and how many samples do not exceed it."""
        bounds = (*map(str, BUCKETS), "+Inf")
        return [(bound, float(count)) for bound, count in zip(bounds, accumulate(self.counts), strict=True)]


@dataclass(slots=True)
class Metrics:
    """Counts every event, as a `Listener`, for `/metrics`.  Safe for use from several threads."""

    _calls: Counter[Labels] = field(default_factory=Counter)
    _call_seconds: dict[Labels, Spread] = field(default_factory=dict)
    _first_token_seconds: dict[Labels, Spread] = field(default_factory=dict)
    _tokens: dict[str, Counter[Labels]] = field(default_factory=lambda: {kind: Counter() for kind in _TOKENS})
    _cost_usd: dict[Labels, float] = field(default_factory=dict)
    _estimated_usd: dict[Labels, float] = field(default_factory=dict)
    _unknown_costs: Counter[Labels] = field(default_factory=Counter)
    _questions: Counter[Labels] = field(default_factory=Counter)
    _hits: Counter[Labels] = field(default_factory=Counter)
    _fallbacks: Counter[Labels] = field(default_factory=Counter)
    _hedges: Counter[Labels] = field(default_factory=Counter)
    _runs: Counter[Labels] = field(default_factory=Counter)
    _run_seconds: dict[Labels, Spread] = field(default_factory=dict)
    _run_cost_usd: dict[Labels, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def note(self, event: Event) -> None:
        """Count it."""
        with self._lock:
            if isinstance(event, CallEvent):
                self._count_call(event)
            elif isinstance(event, AskEvent):
                self._count_ask(event)
            elif isinstance(event, RunEvent):
                self._runs[event.tool, event.status] += 1
                _add(self._run_cost_usd, (event.tool,), event.cost_usd)
                self._run_seconds.setdefault((event.tool,), Spread()).add(event.seconds)

    def text(self, breakers: Mapping[str, str]) -> str:
        """All metrics in Prometheus' text format.  The first time some 0.1 s for the import: call it in a thread.

        Args:
            breakers: The models that are not asked at the moment, by reference, and the vendors, by name.
        """
        from prometheus_client import CollectorRegistry, generate_latest  # only where metrics are read

        registry = CollectorRegistry(auto_describe=False)
        with self._lock:
            registry.register(_Snapshot(tuple(self._families(breakers))))
        return generate_latest(registry).decode()

    def _count_call(self, call: CallEvent) -> None:
        model = (str(call.ref),)
        self._calls[str(call.ref), call.error] += 1
        if not call.error:
            self._call_seconds.setdefault(model, Spread()).add(call.seconds)
        if call.first_token_s is not None:
            self._first_token_seconds.setdefault(model, Spread()).add(call.first_token_s)
        if call.usage is not None:
            for kind, counts in self._tokens.items():
                counts[model] += getattr(call.usage, f"{kind}_tokens")
        if call.cost_usd is None:
            self._unknown_costs[model] += 1
        _add(self._cost_usd, model, call.cost_usd)
        if call.estimated:
            _add(self._estimated_usd, model, call.cost_usd)

    def _count_ask(self, ask: AskEvent) -> None:
        answered = (str(ask.ref) if ask.ref else "", ask.tool)
        self._questions[*answered, ask.error] += 1
        # Counted from 0 on, so that a rate can be taken of the first of them too.
        self._hits[answered] += ask.cached
        self._fallbacks[answered] += ask.fallback
        if ask.hedge is not None:
            self._hedges[str(ask.hedge), ask.tool, str(ask.hedge_won).lower()] += 1

    def _families(self, breakers: Mapping[str, str]) -> Iterator[Metric]:
        yield _counter(
            "calls", "Wire calls to models that ended; error is empty for an answer.", "model error", self._calls
        )
        yield _histogram("call_seconds", "From sending to the end, of answered calls.", "model", self._call_seconds)
        yield _histogram(
            "first_token_seconds", "From sending to the first sign of an answer.", "model", self._first_token_seconds
        )
        for kind, counts in self._tokens.items():
            yield _counter(f"{kind}_tokens", _TOKENS[kind], "model", counts)
        yield _counter("cost_usd", "US dollars, as far as prices are known.", "model", self._cost_usd)
        yield _counter(
            "estimated_usd",
            "The part of the cost that no vendor reported: the most that it can have been.",
            "model",
            self._estimated_usd,
        )
        yield _counter("unknown_costs", "Wire calls whose cost is not known.", "model", self._unknown_costs)
        yield _counter(
            "questions",
            "Questions that ended, whatever wire calls each took, by the model that answered; error is empty for an "
            "answer.",
            "model tool error",
            self._questions,
        )
        yield _counter("cache_hits", "Answers that were there already, and cost nothing.", "model tool", self._hits)
        yield _counter("fallbacks", "Answers in the place of a model that had failed.", "model tool", self._fallbacks)
        yield _counter(
            "hedges",
            "Second calls, to this model beside a slow one; won says which answered.",
            "model tool won",
            self._hedges,
        )
        yield _counter(
            "runs", "Tool calls that ended; status is error for one without a result.", "tool status", self._runs
        )
        yield _histogram("run_seconds", "From the call of a tool to its end.", "tool", self._run_seconds)
        yield _counter("run_cost_usd", "US dollars, of runs whose prices are known.", "tool", self._run_cost_usd)
        yield _breaker_states({model for model, _ in self._calls}, breakers)


def _add(sums: dict[Labels, float], key: Labels, amount: float | None) -> None:
    if amount is not None:
        sums[key] = sums.get(key, 0.0) + amount


@dataclass(frozen=True, slots=True, eq=False)
class _Snapshot:
    """The families as they stand, in the form that the library collects from."""

    families: tuple[Metric, ...]

    def collect(self) -> Iterable[Metric]:
        return self.families


def _counter(name: str, told: str, labels: str, values: Mapping[Labels, float]) -> Metric:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"manyeyes_{name}", told, labels=labels.split())
    for key, value in sorted(values.items()):
        family.add_metric(key, value)
    return family


def _histogram(name: str, told: str, labels: str, values: Mapping[Labels, Spread]) -> Metric:
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(f"manyeyes_{name}", told, labels=labels.split())
    for key, spread in sorted(values.items()):
        family.add_metric(key, spread.cumulated(), spread.total)
    return family


def _breaker_states(models: set[str], breakers: Mapping[str, str]) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily("manyeyes_breaker_open", "1 while a model is not asked, else 0.", labels=["model"])
    for model in sorted({*models, *breakers}):
        family.add_metric((model,), float(model in breakers or model.partition(":")[0] in breakers))
    return family
