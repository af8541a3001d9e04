"""What models have cost, by day, tool and model: a fold over the account that the limits are held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.monitor.columns import left_out, set_in_columns
from manyeyes.state.money import dollars, exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from manyeyes.state.reservations import Entry
    from manyeyes.types import Json

_HEADS = ("calls", "tokens in", "cached", "out", "cost", "estimated", "price unknown", "set aside")
_LEAST = ("cached", "set aside", "estimated", "out", "price unknown")
"""What a narrow terminal leaves out, the least telling first."""
_PLACES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """What a share of the attempts has cost.  Money in billionths of a US dollar, so that the rows add up.

    Attributes:
        name: The day, tool or model.
        attempts: How many there were, those included that failed or were cancelled.
        input_tokens, cached_tokens, output_tokens: What the vendors said was used.
        untold: How many attempts may have used tokens and their vendors did not say.
        nanos: What it cost, as far as a price is known.
        estimated: The part of `nanos` that no vendor reported: the worst case stands for it.
        unknown: How many attempts have no known price, and are in no sum.
        reserved: What is set aside for attempts under way, and not in `nanos`.
    """

    name: str
    attempts: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    untold: int
    nanos: int
    estimated: int
    unknown: int
    reserved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The account.  Days are those of UTC, the latest last; tools and models are in the order of their cost.

    `limit` is the limit of a day in billionths of a US dollar, where there is one, and `today` what counts against
    it: what was spent and what is set aside.
    """

    days: tuple[CostRow, ...]
    tools: tuple[CostRow, ...]
    models: tuple[CostRow, ...]
    total: CostRow
    limit: int | None = None
    today: int = 0


def fold_costs(
    entries: Iterable[Entry], *, now: float, since: float = 0.0, today: str = "", limit: int | None = None
) -> Costs:
    """The account of these attempts.

    Args:
        entries: In any order.
        now: The time, in seconds since the epoch: what was not settled within its lease is spent.
        since: Only attempts since then are shown; all of today's count against the limit.
        today: The day that `limit` is held against, as `2026-11-22`.
        limit: The limit of a day in billionths of a US dollar.
    """
    known = list(entries)
    every = [entry for entry in known if entry.at >= since]
    return Costs(
        days=tuple(sorted(_rows(every, lambda entry: entry.day, now), key=lambda row: row.name)),
        tools=tuple(sorted(_rows(every, lambda entry: entry.tool, now), key=_dearest)),
        models=tuple(sorted(_rows(every, lambda entry: str(entry.ref), now), key=_dearest)),
        total=_row("total", every, now),
        limit=limit,
        today=sum(entry.nanos for entry in known if entry.day == today),
    )


def render_costs(costs: Costs, *, width: int | None = None) -> str:
    """The account as tables; `width` fits them to so many characters."""
    if not costs.total.attempts:
        return "No model has been asked yet.\n"
    tables = [
        set_in_columns((title, *_HEADS), map(_cells, rows), width=width, right=_HEADS, least=_LEAST, words=False)
        for title, rows in (
            ("day (UTC)", (*costs.days, *([costs.total] if len(costs.days) > 1 else []))),
            ("tool", costs.tools),
            ("model", costs.models),
        )
    ]
    parts = ["\n".join([table.head, *table.rows]) for table in tables]
    if missing := left_out(tables, width):
        parts.append(missing)
    if costs.limit is not None:
        parts.append(f"Today {exactly(costs.today)} of {exactly(costs.limit)} are spent or set aside.")
    return "\n\n".join(parts) + "\n"


def costs_json(costs: Costs) -> dict[str, Json]:
    """The account as JSON, in US dollars.

    `calls` counts every attempt.  `cost_usd` is null where a part of it has no known price; `known_cost_usd` is
    what has one, `estimated_usd` the part of that which no vendor reported, and `reserved_usd` is set aside for what
    is under way.
    """
    return {
        "days": [{"day": row.name, **_json(row)} for row in costs.days],
        "tools": [{"tool": row.name, **_json(row)} for row in costs.tools],
        "models": [{"model": row.name, **_json(row)} for row in costs.models],
        "total": _json(costs.total),
        "usd_per_day": None if costs.limit is None else dollars(costs.limit),
        "today_usd": dollars(costs.today),
    }


def _rows(entries: Iterable[Entry], key: Callable[[Entry], str], now: float) -> list[CostRow]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return [_row(name, group, now) for name, group in groups.items()]


def _row(name: str, entries: Sequence[Entry], now: float) -> CostRow:
    seen = [(entry, entry.seen_at(now)) for entry in entries]
    return CostRow(
        name=name,
        attempts=len(entries),
        input_tokens=sum(entry.input_tokens or 0 for entry in entries),
        cached_tokens=sum(entry.cached_tokens or 0 for entry in entries),
        output_tokens=sum(entry.output_tokens or 0 for entry in entries),
        untold=sum(entry.input_tokens is None and state in {"estimated", "unknown"} for entry, state in seen),
        nanos=sum(entry.nanos for entry, state in seen if state != "open"),
        estimated=sum(entry.nanos for entry, state in seen if state == "estimated"),
        unknown=sum(state == "unknown" for _, state in seen),
        reserved=sum(entry.nanos for entry, state in seen if state == "open"),
    )


def _dearest(row: CostRow) -> tuple[int, int, str]:
    return (-row.nanos, -row.attempts, row.name)


def _json(row: CostRow) -> dict[str, Json]:
    return {
        "calls": row.attempts,
        "input_tokens": row.input_tokens,
        "cached_tokens": row.cached_tokens,
        "output_tokens": row.output_tokens,
        "unknown_tokens": row.untold,
        "cost_usd": None if row.unknown else dollars(row.nanos),
        "known_cost_usd": dollars(row.nanos),
        "estimated_usd": dollars(row.estimated),
        "unknown_costs": row.unknown,
        "reserved_usd": dollars(row.reserved),
    }


def _cells(row: CostRow) -> tuple[str, ...]:
    known = (row.input_tokens, row.cached_tokens, row.output_tokens)
    all_untold = row.untold and not any(known)
    tokens = ["unknown" if all_untold else f"{count}{'+' if row.untold else ''}" for count in known]
    cost = "unknown" if row.unknown == row.attempts else _usd(row.nanos)
    unknown = str(row.unknown) if row.unknown else "-"
    return (row.name, str(row.attempts), *tokens, cost, _part(row.estimated), unknown, _part(row.reserved))


def _part(amount: int) -> str:
    return _usd(amount) if amount else "-"


def _usd(amount: int) -> str:
    return f"${dollars(amount):.{_PLACES}f}"
