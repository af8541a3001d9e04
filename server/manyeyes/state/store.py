"""The store of runs and events, as tables of the state's database.  Nothing here raises; see `Database`."""

from __future__ import annotations

import time
from heapq import merge
from typing import TYPE_CHECKING

from manyeyes.state import rows
from manyeyes.state.database import Database
from manyeyes.state.location import locate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from manyeyes.events import Event
    from manyeyes.settings import Settings
    from manyeyes.state.rows import StoredRun

KEPT_DAYS = 14
KEPT_RESULTS = 500
"""As many whole results are kept; of older runs only the figures."""
KEPT_EVENTS = 50_000
"""As many calls, as many questions, and as many runs' figures, are kept."""

_DAY_S = 86_400.0


class Store:
    """Runs and events.  Opens its file on first use; safe for use from several threads."""

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self.database = Database(path, clock=clock)
        """Where they are kept, shared with whatever else is to be remembered."""
        self.database.tidied_by(self._forget)

    @classmethod
    def open(cls, settings: Settings, environ: Mapping[str, str]) -> Store:
        """The store that the settings name, by default in the user's data folder.  Touches no file yet.

        Raises:
            SettingsError: the address in the settings is not of a kind that can be used.
        """
        return cls(locate(settings, environ))

    @property
    def path(self) -> Path | None:
        """The file; None when the store lives in memory."""
        return self.database.path

    @property
    def notice(self) -> str:
        """What is wrong with the store at the moment, in one line for people; empty when nothing is."""
        return self.database.notice

    def connect(self) -> None:
        """Open the file now.  Takes some milliseconds when it is new; a worker thread is the place for it."""
        self.database.connect()

    def save_run(
        self,
        run_id: str,
        *,
        tool: str,
        at: float,
        status: str,
        seconds: float,
        cost: float | None,
        result_json: str,
    ) -> None:
        """Keep a run and its result.

        Args:
            run_id: As in `manyeyes://runs/{id}`.
            tool: The tool that was called.
            at: When it began, seconds since the epoch.
            status: The result's status.
            seconds: How long it took.
            cost: What it cost in US dollars; None when unknown.
            result_json: The tool's whole result, secrets already masked.
        """
        self.database.write(rows.PUT_RUN, (run_id, at, tool, status, seconds, cost, result_json))

    def note(self, event: Event) -> None:
        """Keep an event."""
        self.database.soon(*rows.put(event))

    def load_run(self, run_id: str) -> StoredRun | None:
        """The run of that id with its result; None when it is not known, or too old to be kept whole."""
        (found,), waiting = self.database.view((rows.GET_RUN, (run_id,)))
        for statement, values in reversed(waiting):
            if statement == rows.PUT_RUN and values[0] == run_id and values[-1] is not None:
                return rows.stored_run(values)
        return rows.stored_run(found[0]) if found else None

    def events(self, since: float = 0.0) -> Iterator[Event]:
        """What happened since a time (seconds since the epoch), in the order of `at`."""
        (calls, asks, runs), waiting = self.database.view(
            (rows.GET_CALLS, (since,)), (rows.GET_ASKS, (since,)), (rows.GET_RUNS, (since,))
        )
        # A record that waits has the columns of the row that it will be.
        late_calls = [rows.call_event(values) for statement, values in waiting if statement == rows.PUT_CALL]
        late_asks = [rows.ask_event(values) for statement, values in waiting if statement == rows.PUT_ASK]
        late_runs = {
            str(run_id): rows.run_event((at, run_id, *figures))
            for statement, (run_id, at, *figures, _) in waiting
            if statement == rows.PUT_RUN
        }
        late: list[Event] = [*late_calls, *late_asks, *late_runs.values()]
        return merge(
            map(rows.call_event, calls),
            map(rows.ask_event, asks),
            (rows.run_event(row) for row in runs if row[1] not in late_runs),
            sorted((event for event in late if event.at >= since), key=_when),
            key=_when,
        )

    def spent_usd(self, since: float) -> float:
        """What the calls since a time have cost, as far as their prices are known; other processes' included."""
        (found,), waiting = self.database.view((rows.SPENT, (since,)))
        late = [rows.call_event(values) for statement, values in waiting if statement == rows.PUT_CALL]
        known = float(found[0][0] or 0.0) if found else 0.0
        return known + sum(event.cost_usd or 0.0 for event in late if event.at >= since)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self.database.close()

    def _forget(self, connection: sqlite3.Connection) -> None:
        oldest = self.database.clock() - KEPT_DAYS * _DAY_S
        for statement in rows.FORGET:
            connection.execute(statement, (oldest,))
        connection.execute(rows.KEEP_CALLS, (KEPT_EVENTS - 1,))
        connection.execute(rows.KEEP_ASKS, (KEPT_EVENTS - 1,))
        connection.execute(rows.KEEP_RUNS, (KEPT_EVENTS - 1,))
        connection.execute(rows.KEEP_RESULTS, (KEPT_RESULTS - 1,))


def _when(event: Event) -> float:
    return event.at
