"""The state's one SQL file, which several threads and processes share.

Losing state must never cost a caller an answer.  So reading and writing do not raise: while another process holds
the file, what is to be written waits in memory; when the file cannot be used at all, memory takes its place.
`notice` tells.  Only `transact`, which must know whether it was done, can say that the file is held.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from functools import partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from manyeyes.state.location import locate, prepare
from manyeyes.state.schema import NewerSchemaError, checkpoint, connect, wipe_log

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from manyeyes.settings import Settings

Value: TypeAlias = "str | int | float | None"
Row: TypeAlias = "Sequence[Value]"
Record: TypeAlias = "tuple[str, tuple[Value, ...]]"
"""A statement and its values."""

Done = TypeVar("Done")

BUSY_S = 0.05
"""How long a statement may hold its caller while another process writes; the writes of ours take microseconds."""

_PAUSE_S = 0.01
"""How long whoever waits for another process leaves the database to other threads before it tries again."""

SOON_S = 0.01
"""How long a record that may wait does, in seconds."""

_TIDIED_EVERY = 500
_CHECKPOINT_EVERY = 400
"""After so many transactions, some five megabytes, the log is moved into the file.  After that the next one that
writes waits for the disk once."""
_WAITING = 10_000
_RETRY_S = 1.0


class StateBusy(Exception):
    """Another process holds the file for longer than was to be waited.  Nothing was done."""


class Database:
    """One connection to the file.  Opens it on first use; safe for use from several threads."""

    def __init__(self, path: Path | None, *, clock: Callable[[], float] = time.time) -> None:
        self.path = path
        """The file; None when the state lives in memory."""
        self.clock = clock
        """Seconds since the epoch."""
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._busy_s = BUSY_S
        self._waiting: deque[Record] = deque(maxlen=_WAITING)
        self._due_on: asyncio.AbstractEventLoop | None = None
        self._checkpointing: Thread | None = None
        self._until_checkpoint = _CHECKPOINT_EVERY
        self._retry_at = 0.0
        self._tidying: list[Callable[[sqlite3.Connection], None]] = []
        self._until_tidying = _TIDIED_EVERY
        self._broken = ""
        self._held = ""

    @classmethod
    def open(cls, settings: Settings, environ: Mapping[str, str]) -> Database:
        """The file that the settings name, by default in the user's data folder.  Touches nothing yet.

        Raises:
            SettingsError: the address in the settings is not of a kind that can be used.
        """
        return cls(locate(settings, environ))

    @property
    def notice(self) -> str:
        """What is wrong with the state at the moment, in one line for people; empty when nothing is."""
        return self._broken or self._held

    @property
    def lasting(self) -> bool:
        """Whether what is written is seen by other processes and by the next start."""
        return self.path is not None and not self._broken

    def connect(self) -> None:
        """Open the file now.  Takes some milliseconds when it is new; a worker thread is the place for it."""
        with self._lock:
            self._connected()

    def tidied_by(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Have this called on opening and once in a while, to forget what is too old or too much.

        It is given the connection, under the lock and outside any transaction.  What it cannot do now it can do
        the next time: its `sqlite3.Error` is passed over.
        """
        with self._lock:
            self._tidying.append(work)
            if self._connection is not None:
                self._tidy(self._connection)

    def read(self, statement: str, values: tuple[Value, ...] = (), *, key: str | None = None) -> Sequence[Row]:
        """The rows, none when they cannot be read; `notice` says why.

        With a `key` only records that begin with it are written before, since no other can be among the rows.
        """
        with self._lock:
            if key is None or any(record[0] == key for _, record in self._waiting):
                self._flush()
            return self._read(statement, values)

    def view(self, *queries: Record) -> tuple[list[Sequence[Row]], list[Record]]:
        """The rows of each query, and the records that are not in the file yet, at one moment."""
        with self._lock:
            self._flush()
            waiting = list(self._waiting)
            return [self._read(*query) for query in queries], waiting

    def write(self, statement: str, values: tuple[Value, ...]) -> None:
        """Write a record at once where that is possible; else it waits in memory, in order, and is tried again."""
        with self._lock:
            self._waiting.append((statement, values))
            self._flush()

    def soon(self, statement: str, values: tuple[Value, ...]) -> None:
        """Write a record together with others, which costs as much as one: within `SOON_S`, on an event loop.

        Whatever is read, written or done in a transaction before that has it written first, so that within the
        process the order is kept, and no tool's result leaves before what it rests on is in the file.  What a process
        leaves that is killed within this time is what it leaves when it is killed a moment earlier.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.write(statement, values)
            return
        with self._lock:
            self._waiting.append((statement, values))
            if self._due_on is loop:
                return
            self._due_on = loop
        loop.call_later(SOON_S, self._write_due)

    def _write_due(self) -> None:
        with self._lock:
            self._due_on = None
            self._flush()

    def transact(self, work: Callable[[sqlite3.Connection], Done], *, wait_s: float = BUSY_S) -> Done:
        """Do several things as one, with every other process kept out: for updates that depend on what is there.

        What `write` left waiting is written before.  When the file cannot be used, the work is done in memory.

        Args:
            work: Is given the connection, inside the transaction.  May be called again: in memory, after the file has
                turned out to be unusable.  An error of its own undoes what it did.
            wait_s: How long to wait, in seconds and in this thread, for a process that holds the file.  Other threads
                need not wait with it: the event loop may be among them.

        Raises:
            StateBusy: the file is held for longer; nothing was done.
            sqlite3.Error: the work violates a constraint or is no SQL.
        """
        until = time.monotonic() + wait_s
        while True:
            try:
                with self._lock:
                    return self._transact(work, min(wait_s, BUSY_S))
            except StateBusy:
                if time.monotonic() + BUSY_S > until:
                    raise
            time.sleep(_PAUSE_S)

    def wipe_log(self) -> bool:
        """Empty the log, so that what was deleted is not in it either.  False when another process still reads it."""
        with self._lock:
            return self.path is None or wipe_log(self.path)

    def close(self) -> None:
        """Write what waits, and close the file."""
        with self._lock:
            self._retry_at = 0.0
            self._flush()
            if self._checkpointing is not None:
                self._checkpointing.join()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # The following are called under the lock.

    def _transact(self, work: Callable[[sqlite3.Connection], Done], wait_s: float) -> Done:
        import sqlite3  # a server that never calls a tool does without

        connection = self._connected()
        if self._waiting:
            try:
                done = self._transacted(connection, partial(self._work_after_waiting, work), wait_s)
            except (sqlite3.Error, ValueError, OverflowError) as error:
                if isinstance(error, sqlite3.Error) and is_busy(error):
                    raise StateBusy(f"{self.path} is in use by another process.") from None
                # One after the other shows which is at fault.
            else:
                self._written(connection)
                return done
            self._retry_at = 0.0
            self._flush()
            connection = self._connected()
            if self._waiting:
                raise StateBusy(self.notice)
        try:
            return self._transacted(connection, work, wait_s)
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise
        except sqlite3.Error as error:
            if is_busy(error):
                raise StateBusy(f"{self.path} is in use by another process.") from None
            return self._transacted(self._give_up(connection, error), work, wait_s)

    def _transacted(
        self, connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Done], wait_s: float
    ) -> Done:
        self._wait_at_most(connection, wait_s)
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # SQLite has rolled back by itself after some faults
                connection.execute("ROLLBACK")
            raise
        self._held = ""
        self._until_checkpoint -= 1
        if self._until_checkpoint <= 0:
            self._checkpoint()
        return done

    def _checkpoint(self) -> None:
        """Have the log moved into the file by a thread: that waits for the disk, tens of milliseconds at times."""
        self._until_checkpoint = _CHECKPOINT_EVERY
        if self.path is not None and (self._checkpointing is None or not self._checkpointing.is_alive()):
            self._checkpointing = Thread(target=checkpoint, args=(self.path,), name="checkpoint", daemon=True)
            self._checkpointing.start()

    def _work_after_waiting(self, work: Callable[[sqlite3.Connection], Done], connection: sqlite3.Connection) -> Done:
        for record in self._waiting:
            connection.execute(*record)
        return work(connection)

    def _written(self, connection: sqlite3.Connection) -> None:
        """What waited has been written, all of it."""
        self._until_tidying -= len(self._waiting)
        self._waiting.clear()
        self._retry_at, self._held = 0.0, ""
        if self._until_tidying <= 0:
            self._tidy(connection)

    def _wait_at_most(self, connection: sqlite3.Connection, seconds: float) -> None:
        if seconds != self._busy_s:
            connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
            self._busy_s = seconds

    def _flush(self) -> None:
        """Write what waits, oldest first."""
        import sqlite3  # as above

        if not self._waiting or 0 < self._retry_at - self.clock() <= _RETRY_S:
            return
        connection = self._connected()
        self._wait_at_most(connection, BUSY_S)
        if len(self._waiting) > 1:
            with suppress(sqlite3.Error, ValueError, OverflowError):
                self._transacted(connection, partial(self._work_after_waiting, _nothing), BUSY_S)
                self._written(connection)
                return
        while self._waiting:
            try:
                connection.execute(*self._waiting[0])
            except (ValueError, OverflowError) as error:
                self._broken = self._broken or f"A record could not be kept: {error}"
            except sqlite3.Error as error:
                if is_busy(error):
                    self._retry_at = self.clock() + _RETRY_S
                    self._held = f"{self.path} is in use by another process: {len(self._waiting)} records wait."
                    return
                connection = self._give_up(connection, error)
                continue
            self._waiting.popleft()
            self._until_tidying -= 1
        self._retry_at, self._held = 0.0, ""
        if self._until_tidying <= 0:
            self._tidy(connection)

    def _read(self, statement: str, values: tuple[Value, ...]) -> Sequence[Row]:
        import sqlite3  # as above

        connection = self._connected()
        try:
            found: list[Row] = connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            if is_busy(error):
                self._held = f"{self.path} is in use by another process: it cannot be read at the moment."
            else:
                self._give_up(connection, error)
            return ()
        except ValueError:
            # A value that is not text (a lone surrogate) is found nowhere.
            return ()
        if not self._waiting:
            self._held = ""
        return found

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
            self._tidy(self._connection)
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        import sqlite3  # as above

        self._busy_s = BUSY_S
        if self.path is not None:
            try:
                prepare(self.path)
                return connect(self.path, busy_s=BUSY_S)
            except NewerSchemaError:
                self._blame("it was written by a newer version")
            except (OSError, sqlite3.Error) as error:
                self._blame(str(error))
        return connect(None, busy_s=BUSY_S)

    def _give_up(self, connection: sqlite3.Connection, error: sqlite3.Error) -> sqlite3.Connection:
        """Go on in memory, since the file cannot be used."""
        self._blame(str(error))
        connection.close()
        self._busy_s = BUSY_S
        self._connection = connect(None, busy_s=BUSY_S)
        return self._connection

    def _blame(self, reason: str) -> None:
        self._broken = (
            f"{self.path} cannot be used ({reason}): runs, statistics, budgets and cached answers are kept in memory "
            "and end with the process."
        )

    def _tidy(self, connection: sqlite3.Connection) -> None:
        import sqlite3  # as above

        self._until_tidying = _TIDIED_EVERY
        # A file that is broken shows at the next write.
        for work in self._tidying:
            with suppress(sqlite3.Error):
                work(connection)


def _nothing(_connection: sqlite3.Connection) -> None:
    """The work that is none."""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process holds the file: SQLITE_BUSY, or SQLITE_LOCKED, and their kinds."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF in {5, 6}
