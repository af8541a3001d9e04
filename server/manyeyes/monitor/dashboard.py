"""The dashboard: a fold over events.  The same numbers, whoever asks: terminal, resource or JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.monitor.quantiles import Latency, latency
from manyeyes.types import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from manyeyes.events import Event

Happened = TypeVar("Happened")
Key = TypeVar("Key", bound="Hashable")

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
    """Money in US dollars: what is known, and how many calls or runs there are whose cost is not.

    `estimated_usd` is the part of `known_usd` that no vendor reported, so that the worst case stands for it.
    """

    known_usd: float
    unknown: int
    estimated_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How questions came to their answers.

    Attributes:
        questions: Requests to the models of a route, whatever wire calls each took.
        hits: Those answered from the cache, or by a call that another caller paid for.
        fallbacks: Those answered by a model in the place of one that had failed.
        hedges: Those for which a second model was asked beside a slow one.
        hedges_won: Those of them that the second one answered.
    """

    questions: int = 0
    hits: int = 0
    fallbacks: int = 0
    hedges: int = 0
    hedges_won: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """One model's calls.

    Attributes:
        model: Its reference.
        calls: Wire calls that ended.
        answered: Those that gave an answer.
        latency: Of the answered calls; a refusal within a millisecond says nothing about speed.
        first_token: Until the first sign of an answer, of the streamed ones.
        usage: Tokens, of all calls whose vendor said, failed ones too.
        untold: Calls that may have used tokens and whose vendor did not say.
        cost: Of all calls.
        errors: How many failed with each kind of error, the most frequent first.
        asked: Of the questions that it answered, or that it was asked beside a slow one.
    """

    model: str
    calls: int
    answered: int
    latency: Latency | None
    first_token: Latency | None
    usage: Usage
    untold: int
    cost: Cost
    errors: Mapping[str, int]
    asked: Asked


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
        calls: Wire calls that it made.
        first_token: Until the first sign of an answer, of those that were streamed.
        usage: Tokens of its calls, as far as vendors said.
        untold: Its calls that may have used tokens and whose vendor did not say.
        asked: Of all its questions.
    """

    tool: str
    runs: int
    succeeded: int
    latency: Latency | None
    cost: Cost
    statuses: Mapping[str, int]
    calls: int
    first_token: Latency | None
    usage: Usage
    untold: int
    asked: Asked


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
    """Vendors and models that are not asked at the moment, and why."""
    notice: str = ""
    """What is wrong with the figures themselves, as the store says it."""


def fold(events: Iterable[Event], *, breakers: Mapping[str, str] | None = None, notice: str = "") -> Dashboard:
    """The dashboard of these events.

    Args:
        events: In any order.
        breakers: Why a model, by reference, or a vendor, by name, is not asked at the moment.
        notice: What is wrong with the store that the events come from.
    """
    calls: list[CallEvent] = []
    asks: list[AskEvent] = []
    runs: list[RunEvent] = []
    for event in events:
        if isinstance(event, RunEvent):
            runs.append(event)
        elif isinstance(event, AskEvent):
            asks.append(event)
        else:
            calls.append(event)
    called, calls_of = _grouped(calls, lambda call: call.ref), _grouped(calls, lambda call: call.tool)
    answers, seconds = _grouped(asks, lambda ask: ask.ref), _grouped(asks, lambda ask: ask.hedge)
    asks_of, runs_of = _grouped(asks, lambda ask: ask.tool), _grouped(runs, lambda run: run.tool)
    times = [*(call.at for call in calls), *(ask.at for ask in asks), *(run.at for run in runs)]
    rows = [
        _model_row(str(ref), called.get(ref, ()), _of_model(answers.get(ref, ()), seconds.get(ref, ())))
        for ref in {*called, *answers, *seconds}
        if ref is not None
    ]
    tools = [_tool_row(tool, group, calls_of.get(tool, ()), asks_of.get(tool, ())) for tool, group in runs_of.items()]
    return Dashboard(
        models=tuple(sorted(rows, key=lambda row: (-row.calls, row.model))),
        tools=tuple(sorted(tools, key=lambda row: (-row.runs, row.tool))),
        total=_model_row("all models", calls, _asked(asks)),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        breakers=breakers or {},
        notice=notice,
    )


def _grouped(events: Iterable[Happened], key: Callable[[Happened], Key]) -> dict[Key, list[Happened]]:
    groups: dict[Key, list[Happened]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return groups


def _asked(asks: Sequence[AskEvent]) -> Asked:
    return Asked(
        questions=len(asks),
        hits=sum(ask.cached for ask in asks),
        fallbacks=sum(ask.fallback for ask in asks),
        hedges=sum(ask.hedge is not None for ask in asks),
        hedges_won=sum(ask.hedge_won for ask in asks),
    )


def _of_model(answers: Sequence[AskEvent], seconds: Sequence[AskEvent]) -> Asked:
    """Of the questions that one model answered, and of those for which it was the second to be asked."""
    return replace(_asked(answers), hedges=len(seconds), hedges_won=sum(ask.hedge_won for ask in seconds))


def _model_row(model: str, calls: Sequence[CallEvent], asked: Asked) -> ModelRow:
    answered = [call for call in calls if not call.error]
    return ModelRow(
        model=model,
        calls=len(calls),
        answered=len(answered),
        latency=latency(call.seconds for call in answered),
        first_token=_first_token(calls),
        usage=_usage(calls),
        untold=_untold(calls),
        cost=Cost(
            sum(call.cost_usd or 0.0 for call in calls),
            sum(call.cost_usd is None and (call.usage is not None or call.error not in _NOT_BILLED) for call in calls),
            sum(call.cost_usd or 0.0 for call in calls if call.estimated),
        ),
        errors=dict(Counter(call.error for call in calls if call.error).most_common()),
        asked=asked,
    )


def _tool_row(tool: str, runs: Sequence[RunEvent], calls: Sequence[CallEvent], asks: Sequence[AskEvent]) -> ToolRow:
    return ToolRow(
        tool=tool,
        runs=len(runs),
        succeeded=sum(run.status != "error" for run in runs),
        latency=latency(run.seconds for run in runs),
        cost=Cost(
            sum(run.cost_usd or 0.0 for run in runs),
            sum(run.cost_usd is None for run in runs),
            sum(call.cost_usd or 0.0 for call in calls if call.estimated),
        ),
        statuses=dict(Counter(run.status for run in runs).most_common()),
        calls=len(calls),
        first_token=_first_token(calls),
        usage=_usage(calls),
        untold=_untold(calls),
        asked=_asked(asks),
    )


def _first_token(calls: Sequence[CallEvent]) -> Latency | None:
    return latency(call.first_token_s for call in calls if not call.error and call.first_token_s is not None)


def _usage(calls: Sequence[CallEvent]) -> Usage:
    return sum((call.usage for call in calls if call.usage is not None), start=Usage())


def _untold(calls: Sequence[CallEvent]) -> int:
    return sum(call.usage is None and call.error not in _NOT_BILLED for call in calls)
