"""The dashboard: a fold over events.  The same numbers, whoever asks: terminal, resource or JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes.events import RunEvent
from manyeyes.monitor.quantiles import Latency, latency
from manyeyes.types import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manyeyes.events import CallEvent, Event

_NOT_BILLED = frozenset(
    {
        "unreachable",
        "sdk_unavailable",
        "access_denied",
        "model_gone",
        "rate_limited",
        "overloaded",
        "request_rejected",
        "context_too_long",
    }
)
"""Errors before any token is made.  After any other a vendor may charge, so its cost is unknown, not nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Money in US dollars: what is known, and how many calls or runs there are whose cost is not."""

    known_usd: float
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model's calls.

    Attributes:
        model: Its reference.
        calls: Wire calls that ended.
        answered: Those that gave an answer.
        latency: Of the answered calls; a refusal within a millisecond says nothing about speed.
        first_token: Until the first sign of an answer, of the streamed ones.
        usage: Tokens, of all calls whose vendor said.
        cost: Of all calls.
        errors: How many failed with each kind of error, the most frequent first.
    """

    model: str
    calls: int
    answered: int
    latency: Latency | None
    first_token: Latency | None
    usage: Usage
    cost: Cost
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRow:
    """One tool's runs.

    Attributes:
        tool: Its name.
        runs: Calls of the tool that ended.
        succeeded: Those that gave a result.
        latency: Of all its runs.
        cost: Of all its runs.
        statuses: How many ended with each status, the most frequent first.
    """

    tool: str
    runs: int
    succeeded: int
    latency: Latency | None
    cost: Cost
    statuses: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What happened from `first_at` to `last_at` (seconds since the epoch; None when nothing did).

    `total` sums all models, under the name `all models`.
    """

    models: tuple[ModelRow, ...]
    tools: tuple[ToolRow, ...]
    total: ModelRow
    first_at: float | None = None
    last_at: float | None = None
    breakers: Mapping[str, str] = field(default_factory=dict)
    """Models that are not asked at the moment, and why; known only inside the server that watches them."""
    notice: str = ""
    """What is wrong with the figures themselves, as the store says it."""


def fold(events: Iterable[Event], *, breakers: Mapping[str, str] | None = None, notice: str = "") -> Dashboard:
    """The dashboard of these events.

    Args:
        events: In any order.
        breakers: Models that are not asked at the moment, by reference, and why.
        notice: What is wrong with the store that the events come from.
    """
    calls: dict[str, list[CallEvent]] = {}
    runs: dict[str, list[RunEvent]] = {}
    times: list[float] = []
    for event in events:
        times.append(event.at)
        if isinstance(event, RunEvent):
            runs.setdefault(event.tool, []).append(event)
        else:
            calls.setdefault(str(event.ref), []).append(event)
    return Dashboard(
        models=tuple(sorted((_model_row(*item) for item in calls.items()), key=lambda row: (-row.calls, row.model))),
        tools=tuple(sorted((_tool_row(*item) for item in runs.items()), key=lambda row: (-row.runs, row.tool))),
        total=_model_row("all models", [call for group in calls.values() for call in group]),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        breakers=breakers or {},
        notice=notice,
    )


def _model_row(model: str, calls: Sequence[CallEvent]) -> ModelRow:
    answered = [call for call in calls if not call.error]
    return ModelRow(
        model=model,
        calls=len(calls),
        answered=len(answered),
        latency=latency(call.seconds for call in answered),
        first_token=latency(call.first_token_s for call in answered if call.first_token_s is not None),
        usage=sum((call.usage for call in calls if call.usage is not None), start=Usage()),
        cost=Cost(
            sum(call.cost_usd or 0.0 for call in calls),
            sum(call.cost_usd is None and (call.usage is not None or call.error not in _NOT_BILLED) for call in calls),
        ),
        errors=dict(Counter(call.error for call in calls if call.error).most_common()),
    )


def _tool_row(tool: str, runs: Sequence[RunEvent]) -> ToolRow:
    return ToolRow(
        tool=tool,
        runs=len(runs),
        succeeded=sum(run.status != "error" for run in runs),
        latency=latency(run.seconds for run in runs),
        cost=Cost(sum(run.cost_usd or 0.0 for run in runs), sum(run.cost_usd is None for run in runs)),
        statuses=dict(Counter(run.status for run in runs).most_common()),
    )
