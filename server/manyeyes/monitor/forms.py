"""The dashboard as text for a terminal and as JSON."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from manyeyes.monitor.columns import left_out, set_in_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.monitor.columns import Table
    from manyeyes.monitor.dashboard import Asked, Cost, Dashboard, ModelRow, ToolRow
    from manyeyes.monitor.quantiles import Latency
    from manyeyes.types import Json, Usage

_BOLD, _DIM, _RED, _GREEN, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
_UNKNOWN = "unknown"
_NONE = "-"
_THOUSAND, _MILLION = 1_000, 1_000_000
_TIMES, _TOKENS, _ASKED = (
    ("p50", "p95", "p99", "first"),
    ("tokens in", "cached", "out"),
    ("hits", "fallbacks", "hedges"),
)
_MODEL_HEADS = ("model", "calls", "ok", *_TIMES, *_TOKENS, "cost", *_ASKED, "errors")
_TOOL_HEADS = ("tool", "runs", "ok", *_TIMES, "calls", *_TOKENS, "cost", *_ASKED, "ended")
_LEAST = ("hedges", "fallbacks", "hits", "first", "p99", "cached", "p95", "p50")
"""What a narrow terminal leaves out, the least telling first."""
_CELLS = re.compile(" {2,}")
"""Between two cells: none is empty, and none holds two spaces in a row."""
_ROUGH = "~ Some of it no vendor reported: the most that it can have cost stands for that."


def render_text(dashboard: Dashboard, *, colour: bool, width: int | None = None) -> str:
    """The dashboard as tables; `colour` adds ANSI codes, and `width` fits them to so many characters."""
    tables: list[Table] = []

    def table(heads: Sequence[str], lines: Sequence[Sequence[str]], good: Sequence[bool]) -> str:
        tables.append(_set(heads, lines, width))
        head, rows = tables[-1].head, tables[-1].rows
        body = [_paint(row, _GREEN if fine else _RED, colour=colour) for row, fine in zip(rows, good, strict=True)]
        return "\n".join([_paint(head, _BOLD, colour=colour), *body])

    if dashboard.first_at is None or dashboard.last_at is None:
        parts = ["Nothing has been called yet."]
    else:
        span = f"{_moment(dashboard.first_at)} to {_moment(dashboard.last_at)}"
        parts = [_paint(f"Calls from {span}", _DIM, colour=colour)]
        if dashboard.models:
            models = [*dashboard.models, *([dashboard.total] if len(dashboard.models) > 1 else [])]
            good = [row.answered == row.calls for row in models]
            parts.append(table(_MODEL_HEADS, [_model_cells(row) for row in models], good))
        else:
            parts.append("No model has been called.")
        if dashboard.tools:
            good = [row.succeeded == row.runs for row in dashboard.tools]
            parts.append(table(_TOOL_HEADS, [_tool_cells(row) for row in dashboard.tools], good))
        if dashboard.total.cost.estimated_usd:
            parts.append(_ROUGH)
        if missing := left_out(tables, width):
            parts.append(_paint(missing, _DIM, colour=colour))
    if dashboard.breakers:
        parts.append("\n".join(f"Not asked now: {model} ({why})" for model, why in dashboard.breakers.items()))
    if dashboard.notice:
        parts.append(_paint(dashboard.notice, _RED, colour=colour))
    return "\n\n".join(parts) + "\n"


def refitted(text: str, width: int | None) -> str:
    """What `render_text` gave without a width, as a client got it, fitted to so many characters."""
    parts, tables = [], []
    for part in text.rstrip("\n").split("\n\n"):
        heads, *lines = [tuple(_CELLS.split(line)) for line in part.split("\n")]
        if heads in {_MODEL_HEADS, _TOOL_HEADS}:
            tables.append(_set(heads, lines, width))
            parts.append("\n".join([tables[-1].head, *tables[-1].rows]))
        else:
            parts.append(part)
    return "\n\n".join([*parts, *filter(None, [left_out(tables, width)])]) + "\n"


def as_json(dashboard: Dashboard) -> dict[str, Json]:
    """The dashboard as JSON.  Times in seconds, cost in US dollars; null is what was not measured or not known."""
    return {
        "first_at": dashboard.first_at,
        "last_at": dashboard.last_at,
        "total": _model_json(dashboard.total),
        "models": [
            {"model": row.model, **_model_json(row), "breaker": _breaker(row.model, dashboard.breakers)}
            for row in dashboard.models
        ],
        "tools": [
            {
                "tool": row.tool,
                "runs": row.runs,
                "success_rate": _rate(row.succeeded, row.runs),
                "latency_s": _latency_json(row.latency),
                "calls": row.calls,
                "first_token_s": _latency_json(row.first_token),
                **_usage_json(row.usage, row.untold),
                **_cost_json(row.cost),
                **_asked_json(row.asked),
                "statuses": dict(row.statuses),
            }
            for row in dashboard.tools
        ],
        "breakers": dict(dashboard.breakers),
        "cache_hits": dashboard.total.asked.hits,
        "notice": dashboard.notice,
    }


def _set(heads: Sequence[str], lines: Sequence[Sequence[str]], width: int | None) -> Table:
    least = _LEAST if heads == _MODEL_HEADS else ("calls", *_LEAST)
    return set_in_columns(heads, lines, width=width, right=heads[1:-1], least=least)


def _model_json(row: ModelRow) -> dict[str, Json]:
    return {
        "calls": row.calls,
        "success_rate": _rate(row.answered, row.calls),
        "latency_s": _latency_json(row.latency),
        "first_token_s": _latency_json(row.first_token),
        **_usage_json(row.usage, row.untold),
        **_cost_json(row.cost),
        **_asked_json(row.asked),
        "errors": dict(row.errors),
    }


def _usage_json(usage: Usage, untold: int) -> dict[str, Json]:
    """The tokens that are known, and of how many calls nobody said any."""
    return {
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "unknown_tokens": untold,
    }


def _asked_json(asked: Asked) -> dict[str, Json]:
    """Of a model, `questions` are those that it answered, and `hedges` those for which it was asked second."""
    return {
        "questions": asked.questions,
        "cache_hits": asked.hits,
        "fallbacks": asked.fallbacks,
        "hedges": asked.hedges,
        "hedges_won": asked.hedges_won,
    }


def _breaker(model: str, breakers: Mapping[str, str]) -> str | None:
    """Why the model, or its whole vendor, is not asked now; null when it may be."""
    return breakers.get(model) or breakers.get(model.partition(":")[0])


def _latency_json(latency: Latency | None) -> dict[str, Json] | None:
    return None if latency is None else {"p50": latency.p50, "p95": latency.p95, "p99": latency.p99}


def _cost_json(cost: Cost) -> dict[str, Json]:
    """`cost_usd` is null unless every price is known; what is known stands beside it.

    `estimated_usd` is the part of it that no vendor reported: the worst case stands for it.
    """
    return {
        "cost_usd": None if cost.unknown else cost.known_usd,
        "known_cost_usd": cost.known_usd,
        "estimated_usd": cost.estimated_usd,
        "unknown_costs": cost.unknown,
    }


def _rate(good: int, of: int) -> float | None:
    return good / of if of else None


def _model_cells(row: ModelRow) -> tuple[str, ...]:
    return (
        row.model,
        str(row.calls),
        _percent(row.answered, row.calls),
        *_latency_cells(row.latency),
        _NONE if row.first_token is None else _seconds(row.first_token.p50),
        *_token_cells(row.usage, row.untold),
        _cost(row.cost, row.calls),
        *_asked_cells(row.asked),
        _tally(row.errors),
    )


def _tool_cells(row: ToolRow) -> tuple[str, ...]:
    return (
        row.tool,
        str(row.runs),
        _percent(row.succeeded, row.runs),
        *_latency_cells(row.latency),
        _NONE if row.first_token is None else _seconds(row.first_token.p50),
        str(row.calls),
        *_token_cells(row.usage, row.untold),
        _cost(row.cost, row.runs),
        *_asked_cells(row.asked),
        _tally(row.statuses),
    )


def _latency_cells(latency: Latency | None) -> tuple[str, str, str]:
    if latency is None:
        return (_NONE, _NONE, _NONE)
    return (_seconds(latency.p50), _seconds(latency.p95), _seconds(latency.p99))


def _asked_cells(asked: Asked) -> tuple[str, ...]:
    return tuple(str(count) if count else _NONE for count in (asked.hits, asked.fallbacks, asked.hedges))


def _percent(good: int, of: int) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{100 * good // of}%" if of else _NONE


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _count(tokens: int) -> str:
    if tokens < 10 * _THOUSAND:
        return str(tokens)
    return f"{tokens / _THOUSAND:.0f}k" if tokens < _MILLION else f"{tokens / _MILLION:.1f}M"


def _token_cells(usage: Usage, untold: int) -> tuple[str, ...]:
    """What is known, with a + where there is more that nobody said."""
    counts = (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    if untold and not any(counts):
        return (_UNKNOWN,) * len(counts)
    return tuple(f"{_count(count)}{'+' if untold else ''}" for count in counts)


def _cost(cost: Cost, of: int) -> str:
    known = f"{'~' if cost.estimated_usd else ''}${cost.known_usd:.4f}"
    if not cost.unknown:
        return known
    return _UNKNOWN if cost.unknown == of else f"{known} + {cost.unknown} {_UNKNOWN}"


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or _NONE


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _paint(text: str, code: str, *, colour: bool) -> str:
    return f"{code}{text}{_RESET}" if colour else text
