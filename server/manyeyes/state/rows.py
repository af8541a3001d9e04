"""Events and runs as rows of the tables, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.types import ModelRef, Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.events import Event
    from manyeyes.state.database import Value

PUT_RUN = """INSERT INTO runs (id, at, tool, status, seconds, cost_usd, result) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, tool = excluded.tool, status = excluded.status,
        seconds = excluded.seconds, cost_usd = excluded.cost_usd, result = coalesce(excluded.result, runs.result)"""
"""An event of a run and its saved result come in either order and make one row."""

PUT_CALL = """INSERT INTO calls (at, run_id, tool, role, provider, model, error, seconds, first_token_s,
    input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, estimated)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

PUT_ASK = """INSERT INTO asks (at, run_id, tool, role, first_provider, first_model, provider, model,
    hedge_provider, hedge_model, seconds, error, cached) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

GET_RUN = "SELECT id, at, tool, status, seconds, cost_usd, result FROM runs WHERE id = ? AND result IS NOT NULL"

GET_RUNS = "SELECT at, id, tool, status, seconds, cost_usd FROM runs WHERE at >= ? ORDER BY at"

GET_CALLS = """SELECT at, run_id, tool, role, provider, model, error, seconds, first_token_s,
    input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_usd, estimated
    FROM calls WHERE at >= ? ORDER BY at"""

GET_ASKS = """SELECT at, run_id, tool, role, first_provider, first_model, provider, model,
    hedge_provider, hedge_model, seconds, error, cached FROM asks WHERE at >= ? ORDER BY at"""

SPENT = "SELECT coalesce(sum(cost_usd), 0) FROM calls WHERE at >= ?"

FORGET = (
    "DELETE FROM calls WHERE at < ?",
    "DELETE FROM asks WHERE at < ?",
    "DELETE FROM runs WHERE at < ?",
)
"""All that is older than a moment."""

KEEP_CALLS = "DELETE FROM calls WHERE at < (SELECT at FROM calls ORDER BY at DESC LIMIT 1 OFFSET ?)"
KEEP_ASKS = "DELETE FROM asks WHERE at < (SELECT at FROM asks ORDER BY at DESC LIMIT 1 OFFSET ?)"
KEEP_RUNS = "DELETE FROM runs WHERE at < (SELECT at FROM runs ORDER BY at DESC LIMIT 1 OFFSET ?)"
KEEP_RESULTS = """UPDATE runs SET result = NULL WHERE result IS NOT NULL AND at <
    (SELECT at FROM runs WHERE result IS NOT NULL ORDER BY at DESC LIMIT 1 OFFSET ?)"""
"""No more than so many, given one less: the newest stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as it was saved.  `result` is the tool's whole result as JSON, secrets already masked."""

    id: str
    at: float
    tool: str
    status: str
    seconds: float
    cost_usd: float | None
    result: str


def put(event: Event) -> tuple[str, tuple[Value, ...]]:
    """The statement that writes an event, and its values."""
    if isinstance(event, RunEvent):
        return PUT_RUN, (event.run_id, event.at, event.tool, event.status, event.seconds, event.cost_usd, None)
    if isinstance(event, AskEvent):
        who: tuple[Value, ...] = (event.run_id, event.tool, event.role)
        models = (*_parts(event.first), *_parts(event.ref), *_parts(event.hedge))
        return PUT_ASK, (event.at, *who, *models, event.seconds, event.error, int(event.cached))
    used = event.usage
    tokens: tuple[Value, ...] = (
        (None,) * 5
        if used is None
        else (
            used.input_tokens,
            used.cached_tokens,
            used.cache_write_tokens,
            used.output_tokens,
            used.reasoning_tokens,
        )
    )
    return PUT_CALL, (
        event.at,
        event.run_id,
        event.tool,
        event.role,
        event.ref.provider,
        event.ref.model,
        event.error,
        event.seconds,
        event.first_token_s,
        *tokens,
        event.cost_usd,
        int(event.estimated),
    )


def call_event(row: Sequence[Value]) -> CallEvent:
    """A row of `GET_CALLS` as the event it was."""
    *told, rough = row
    at, run_id, tool, role, provider, model, error, seconds, first, asked, cached, stored, said, thought, cost = told
    usage = None
    if asked is not None:
        usage = Usage(
            input_tokens=_int(asked),
            cached_tokens=_int(cached),
            cache_write_tokens=_int(stored),
            output_tokens=_int(said),
            reasoning_tokens=_int(thought),
        )
    return CallEvent(
        at=_float(at),
        run_id=str(run_id),
        tool=str(tool),
        role=str(role),
        ref=ModelRef(str(provider), str(model)),
        error=str(error),
        seconds=_float(seconds),
        first_token_s=None if first is None else _float(first),
        usage=usage,
        cost_usd=None if cost is None else _float(cost),
        estimated=bool(rough),
    )


def ask_event(row: Sequence[Value]) -> AskEvent:
    """A row of `GET_ASKS` as the event it was."""
    at, run_id, tool, role, *models, seconds, error, cached = row
    return AskEvent(
        at=_float(at),
        run_id=str(run_id),
        tool=str(tool),
        role=str(role),
        first=ModelRef(str(models[0]), str(models[1])),
        ref=_ref(models[2], models[3]),
        seconds=_float(seconds),
        error=str(error),
        cached=bool(cached),
        hedge=_ref(models[4], models[5]),
    )


def run_event(row: Sequence[Value]) -> RunEvent:
    """A row of `GET_RUNS` as the event it was."""
    at, run_id, tool, status, seconds, cost = row
    return RunEvent(
        at=_float(at),
        run_id=str(run_id),
        tool=str(tool),
        status=str(status),
        seconds=_float(seconds),
        cost_usd=None if cost is None else _float(cost),
    )


def stored_run(row: Sequence[Value]) -> StoredRun:
    """A row of `GET_RUN`."""
    run_id, at, tool, status, seconds, cost, result = row
    return StoredRun(
        id=str(run_id),
        at=_float(at),
        tool=str(tool),
        status=str(status),
        seconds=_float(seconds),
        cost_usd=None if cost is None else _float(cost),
        result=str(result),
    )


def _parts(ref: ModelRef | None) -> tuple[Value, Value]:
    return (None, None) if ref is None else (ref.provider, ref.model)


def _ref(provider: Value, model: Value) -> ModelRef | None:
    return None if provider is None else ModelRef(str(provider), str(model))


def _int(value: Value) -> int:
    return int(value or 0)


def _float(value: Value) -> float:
    return float(value or 0.0)
