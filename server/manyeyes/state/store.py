"""The store of runs and events: one SQL file that several threads and processes share.

Losing statistics must never cost a caller an answer.  So nothing here raises: while another process holds the
file, records wait in memory; when the file cannot be used at all, memory takes its place.  `notice` tells.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from heapq import merge
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from manyeyes.state import rows
from manyeyes.state.location import locate, prepare
from manyeyes.state.schema import NewerSchemaError, connect

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from manyeyes.events import Event
    from manyeyes.settings import Settings
    from manyeyes.state.rows import StoredRun, Value

    Record: TypeAlias = tuple[str, tuple[Value, ...]]

KEPT_DAYS = 14
KEPT_RESULTS = 500
"""As many whole results are kept; of older runs only the figures."""
KEPT_EVENTS = 50_000
"""As many calls, and as many runs' figures, are kept."""

_PRUNED_EVERY = 500
_WAITING = 10_000
_BUSY_S = 0.05
"""How long a statement may hold its caller while another process writes; the writes of ours take microseconds."""
_RETRY_S = 1.0
_DAY_S = 86_400.0


class Store:
    """Runs and events.  Opens its file on first use; safe for use from several threads."""

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        """The file; None when the store lives in memory."""
        self._clock = clock
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._waiting: deque[Record] = deque(maxlen=_WAITING)
        self._retry_at = 0.0
        self._until_pruning = _PRUNED_EVERY
        self._broken = ""
        self._held = ""

    @classmethod
    def open(cls, settings: Settings, environ: Mapping[str, str]) -> Store:
        """The store that the settings name, by default in the user's data folder.  Touches no file yet.

        Raises:
            SettingsError: the address in the settings is not of a kind that can be used.
        """
        return cls(locate(settings, environ))

    @property
    def notice(self) -> str:
        """What is wrong with the store at the moment, in one line for people; empty when nothing is."""
        return self._broken or self._held

    def connect(self) -> None:
        """Open the file now.  Takes some milliseconds when it is new; a worker thread is the place for it."""
        with self._lock:
            self._connected()

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
        self._write(rows.PUT_RUN, (run_id, at, tool, status, seconds, cost, result_json))

    def note(self, event: Event) -> None:
        """Keep an event."""
        self._write(*rows.put(event))

    def load_run(self, run_id: str) -> StoredRun | None:
        """The run of that id with its result; None when it is not known, or too old to be kept whole."""
        with self._lock:
            self._flush()
            for statement, values in reversed(self._waiting):
                if statement == rows.PUT_RUN and values[0] == run_id and values[-1] is not None:
                    return rows.stored_run(values)
            found = self._read(rows.GET_RUN, run_id)
        return rows.stored_run(found[0]) if found else None

    def events(self, since: float = 0.0) -> Iterator[Event]:
        """What happened since a time (seconds since the epoch), in the order of `at`."""
        with self._lock:
            self._flush()
            waiting = list(self._waiting)
            calls = self._read(rows.GET_CALLS, since)
            runs = self._read(rows.GET_RUNS, since)
        # A record that waits has the columns of the row that it will be.
        late_calls = [rows.call_event(values) for statement, values in waiting if statement == rows.PUT_CALL]
        late_runs = {
            str(run_id): rows.run_event((at, run_id, *figures))
            for statement, (run_id, at, *figures, _) in waiting
            if statement == rows.PUT_RUN
        }
        late: list[Event] = [*late_calls, *late_runs.values()]
        return merge(
            map(rows.call_event, calls),
            (rows.run_event(row) for row in runs if row[1] not in late_runs),
            sorted((event for event in late if event.at >= since), key=_when),
            key=_when,
        )

    def spent_usd(self, since: float) -> float:
        """What the calls since a time have cost, as far as their prices are known; other processes' included."""
        with self._lock:
            self._flush()
            late = [rows.call_event(values) for statement, values in self._waiting if statement == rows.PUT_CALL]
            found = self._read(rows.SPENT, since)
        known = float(found[0][0] or 0.0) if found else 0.0
        return known + sum(event.cost_usd or 0.0 for event in late if event.at >= since)

    def close(self) -> None:
        """Write what waits, and close the file."""
        with self._lock:
            self._retry_at = 0.0
            self._flush()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _write(self, statement: str, values: tuple[Value, ...]) -> None:
        with self._lock:
            self._waiting.append((statement, values))
            self._flush()

    def _flush(self) -> None:
        """Write what waits, oldest first.  Under the lock."""
        import sqlite3  # a server that never calls a tool does without

        if not self._waiting or 0 < self._retry_at - self._clock() <= _RETRY_S:
            return
        connection = self._connected()
        while self._waiting:
            try:
                connection.execute(*self._waiting[0])
            except (ValueError, OverflowError) as error:
                self._broken = self._broken or f"A record could not be kept: {error}"
            except sqlite3.Error as error:
                if _busy(error):
                    self._retry_at = self._clock() + _RETRY_S
                    self._held = f"{self.path} is in use by another process: {len(self._waiting)} records wait."
                    return
                connection = self._give_up(connection, error)
                continue
            self._waiting.popleft()
            self._until_pruning -= 1
        self._retry_at, self._held = 0.0, ""
        if self._until_pruning <= 0:
            self._prune(connection)

    def _read(self, statement: str, value: Value) -> Sequence[Sequence[Value]]:
        """The rows, none when they cannot be read.  Under the lock."""
        import sqlite3  # as above

        connection = self._connected()
        try:
            found = connection.execute(statement, (value,)).fetchall()
        except sqlite3.Error as error:
            if _busy(error):
                self._held = f"{self.path} is in use by another process: it cannot be read at the moment."
            else:
                self._give_up(connection, error)
            return ()
        except ValueError:
            # An id that is not text (a lone surrogate) is the id of nothing.
            return ()
        if not self._waiting:
            self._held = ""
        return found

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
            self._prune(self._connection)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        import sqlite3  # as above

        if self.path is not None:
            try:
                prepare(self.path)
                return connect(self.path, busy_s=_BUSY_S)
            except NewerSchemaError:
                self._blame("it was written by a newer version")
            except (OSError, sqlite3.Error) as error:
                self._blame(str(error))
        return connect(None, busy_s=_BUSY_S)

    def _give_up(self, connection: sqlite3.Connection, error: sqlite3.Error) -> sqlite3.Connection:
        """Go on in memory, since the file cannot be used."""
        self._blame(str(error))
        connection.close()
        self._connection = connect(None, busy_s=_BUSY_S)
        return self._connection

    def _blame(self, reason: str) -> None:
        self._broken = (
            f"{self.path} cannot be used ({reason}): runs and statistics are kept in memory and end with the process."
        )

    def _prune(self, connection: sqlite3.Connection) -> None:
        """Forget what is too old or too much."""
        import sqlite3  # as above

        self._until_pruning = _PRUNED_EVERY
        oldest = self._clock() - KEPT_DAYS * _DAY_S
        # What cannot be forgotten now will be the next time; a file that is broken shows at the next write.
        with suppress(sqlite3.Error):
            for statement in rows.FORGET:
                connection.execute(statement, (oldest,))
            connection.execute(rows.KEEP_CALLS, (KEPT_EVENTS - 1,))
            connection.execute(rows.KEEP_RUNS, (KEPT_EVENTS - 1,))
            connection.execute(rows.KEEP_RESULTS, (KEPT_RESULTS - 1,))


def _busy(error: sqlite3.Error) -> bool:
    """Whether another process holds the file: SQLITE_BUSY, or SQLITE_LOCKED, and their kinds."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in {5, 6}


def _when(event: Event) -> float:
    return event.at
