"""What every attempt to ask a model may cost, and cost in the end, as rows of the state's database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes.types import ModelRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.state.database import Database, Row, Value

Settlement: TypeAlias = Literal["open", "known", "estimated", "unknown"]
"""Under way; settled at what it cost; settled at its worst case, since nobody said; price not known."""

_COLUMNS = (
    "id, at, until, day, run_id, tool, role, provider, model, state, nanos,"
    " input_tokens, cached_tokens, output_tokens, folded"
)

PUT = f"INSERT INTO reservations ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"  # noqa: S608  # a constant

SETTLE = f"""{PUT}
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, nanos = excluded.nanos,
        input_tokens = excluded.input_tokens, cached_tokens = excluded.cached_tokens,
        output_tokens = excluded.output_tokens
    WHERE reservations.folded = 0"""
"""A row that is not there is made: memory may have taken the file's place meanwhile.  One that outlived its lease
and was folded stays as it was counted."""

COUNTED = """SELECT
    (SELECT coalesce(sum(nanos), 0) FROM reservations WHERE day = ? AND folded = 0)
        + coalesce((SELECT nanos FROM spending WHERE scope = ?), 0),
    (SELECT coalesce(sum(nanos), 0) FROM reservations WHERE run_id = ?)
        + coalesce((SELECT nanos FROM spending WHERE scope = ?), 0)"""
"""What counts for a day, given twice, and for a run, given twice.  A run's rows are never folded away from it."""
SPEND = """INSERT INTO spending (scope, nanos) VALUES (?, ?)
    ON CONFLICT (scope) DO UPDATE SET nanos = spending.nanos + excluded.nanos"""

_DONE = "day = ? AND folded = 0 AND (state <> 'open' OR until < ?)"
DONE = f"SELECT coalesce(sum(nanos), 0) FROM reservations WHERE {_DONE}"  # noqa: S608  # a constant
FOLD = f"""UPDATE reservations SET folded = 1, state = CASE WHEN state = 'open' THEN 'estimated' ELSE state END
    WHERE {_DONE}"""  # noqa: S608  # a constant

FORGET = ("DELETE FROM reservations WHERE at < ?", "DELETE FROM spending WHERE scope < ?")
"""Older than a moment, and than a day; the scopes are days as `2026-11-22`, then runs as `r-…`."""

KEEP = """DELETE FROM reservations WHERE day < ? AND at <
    (SELECT at FROM reservations ORDER BY at DESC LIMIT 1 OFFSET ?)"""
"""All but so many, given one less, and but the present day's, which are still to be summed up."""

_SINCE = f"SELECT {_COLUMNS} FROM reservations WHERE at >= ? ORDER BY at"  # noqa: S608  # a constant
_OF_RUN = f"SELECT {_COLUMNS} FROM reservations WHERE run_id = ? ORDER BY at"  # noqa: S608  # a constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One attempt in the account.

    Attributes:
        id: Its own.
        at: When it was reserved, seconds since the epoch.
        until: When a reservation that nobody settled stops being one: it then counts as spent, at its worst case.
        day: The day (UTC) it counts for, as `2026-11-22`.
        run_id, tool, role: On whose behalf.
        ref: The model asked.
        state: How far it is settled.
        nanos: What counts against the limits, in billionths of a US dollar; 0 when the price is not known.
        input_tokens, cached_tokens, output_tokens: What was used, where the vendor said.
    """

    id: str
    at: float
    until: float
    day: str
    run_id: str
    tool: str
    role: str
    ref: ModelRef
    state: Settlement
    nanos: int
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def values(self) -> tuple[Value, ...]:
        """The values of `PUT` and `SETTLE`."""
        ref = self.ref
        who = (self.run_id, self.tool, self.role, ref.provider, ref.model)
        used = (self.input_tokens, self.cached_tokens, self.output_tokens)
        return (self.id, self.at, self.until, self.day, *who, self.state, self.nanos, *used)

    def seen_at(self, now: float) -> Settlement:
        """Its state at a time: what nobody settled within its lease was lost, and counts as it was estimated."""
        return "estimated" if self.state == "open" and self.until < now else self.state


def entries(database: Database, *, since: float = 0.0) -> list[Entry]:
    """The account since a time (seconds since the epoch), in the order of `at`."""
    return _with_waiting(*database.view((_SINCE, (since,))), since=since)


def entries_of(database: Database, run_id: str) -> list[Entry]:
    """The account of one run."""
    rows, waiting = database.view((_OF_RUN, (run_id,)))
    return [entry for entry in _with_waiting(rows, waiting, since=0.0) if entry.run_id == run_id]


def _with_waiting(
    found: list[Sequence[Row]], waiting: list[tuple[str, tuple[Value, ...]]], *, since: float
) -> list[Entry]:
    """The rows as they will be once what waits is written."""
    known = {entry.id: entry for entry in map(_entry, found[0])}
    for statement, values in waiting:
        if statement in {PUT, SETTLE} and (entry := _entry((*values, 0))).at >= since:
            known[entry.id] = entry
    return sorted(known.values(), key=lambda entry: entry.at)


def _entry(row: Row) -> Entry:
    key, at, until, day, run_id, tool, role, provider, model, state, nanos, asked, cached, said, _ = row
    return Entry(
        id=str(key),
        at=float(at or 0.0),
        until=float(until or 0.0),
        day=str(day),
        run_id=str(run_id),
        tool=str(tool),
        role=str(role),
        ref=ModelRef(str(provider), str(model)),
        state=_STATES[str(state)],
        nanos=int(nanos or 0),
        input_tokens=_count(asked),
        cached_tokens=_count(cached),
        output_tokens=_count(said),
    )


_STATES: dict[str, Settlement] = {
    "open": "open",
    "known": "known",
    "estimated": "estimated",
    "unknown": "unknown",
}


def _count(value: Value) -> int | None:
    return None if value is None else int(value)
