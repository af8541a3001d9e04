"""Answers that were paid for, kept to be given again: the table `answers` of the state's database.

The size is bounded: what was not used for longest goes first, and what is too old counts as not there.  Nothing
here raises, see `Database`; an entry that cannot be read back as it was written is forgotten, and a miss.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from manyeyes.state.database import StateBusy

if TYPE_CHECKING:
    import sqlite3

    from manyeyes.state.database import Database, Value

GET = "SELECT at, body FROM answers WHERE key = ?"
PUT = """INSERT INTO answers (key, at, used_at, bytes, body) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET at = excluded.at, used_at = excluded.used_at, bytes = excluded.bytes,
        body = excluded.body"""
USED = "UPDATE answers SET used_at = ? WHERE key = ? AND used_at < ?"
DROP = "DELETE FROM answers WHERE key = ? AND at = ?"
FORGET = "DELETE FROM answers WHERE at < ?"
SIZE = "SELECT coalesce(sum(bytes), 0) FROM answers"
EVICT = """DELETE FROM answers WHERE key IN (
    SELECT key FROM (SELECT key, sum(bytes) OVER (ORDER BY used_at DESC, key) AS newer FROM answers) AS sizes
    WHERE newer > ?)"""
"""Keeps the latest used as long as all of them fit."""

ROW = 200
"""Bytes that a row takes beside its body: key, times and indexes, measured generously."""

SLACK = 0.9
"""When there is too much, it is brought down to this part of the bound, so that not every new answer counts anew."""

_COUNTED_EVERY = 100
"""So many answers are kept before all are counted again: other processes keep theirs in the same table."""
_MARKS = 64
"""As many uses are remembered before they are written down: looking up writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer as it was given.  `note` is the `cache_note` of the request that it answered."""

    text: str
    served: str
    note: str = ""


class Answers:
    """The answers kept, by key.  Safe for use from several threads.

    Args:
        database: Where they are.
        ttl_s: How old one may be, in seconds.
        max_bytes: How much may be kept.
    """

    def __init__(self, database: Database, *, ttl_s: float, max_bytes: int) -> None:
        self._database = database
        self._ttl_s = ttl_s
        self._max_bytes = max_bytes
        self._lock = Lock()
        self._used: dict[str, float] = {}
        self._room = 0
        self._until_counted = 0
        database.tidied_by(self._tidy)

    def get(self, key: str) -> StoredAnswer | None:
        """The answer of that key; None when there is none, or none that may still be given."""
        rows = self._database.read(GET, (key,), key=key)
        if not rows:
            return None
        at, body = rows[0]
        now = self._database.clock()
        answer = _unpacked(body)
        if answer is None or now - float(at or 0.0) > self._ttl_s:
            self._database.write(DROP, (key, at))
            return None
        with self._lock:
            self._used[key] = now
            full = len(self._used) >= _MARKS
        if full:
            self.mark()
        return answer

    def put(self, key: str, answer: StoredAnswer) -> None:
        """Keep an answer.  One that alone is larger than all that may be kept is not.

        Takes a fraction of a millisecond for a short one; while another process writes, up to the time that the
        database waits.
        """
        body = _packed(answer)
        size = len(body.encode()) + ROW
        if size > self._max_bytes:
            return
        now = self._database.clock()
        if self._room >= size and self._until_counted > 0:
            self._room -= size
            self._until_counted -= 1
            self._database.soon(PUT, (key, now, now, size, body))
            return
        used = self._taken()

        def work(connection: sqlite3.Connection) -> None:
            _mark(connection, used)
            connection.execute(PUT, (key, now, now, size, body))
            self._room -= size
            self._until_counted -= 1
            if self._room < 0 or self._until_counted < 0:
                self._bound(connection)

        try:
            self._database.transact(work)
        except StateBusy:
            self._database.write(PUT, (key, now, now, size, body))

    def drop(self, key: str) -> None:
        """Forget an answer that turned out to be of no use."""
        self._database.write("DELETE FROM answers WHERE key = ?", (key,))

    def mark(self) -> None:
        """Write down which answers were used when, so that the latest used stay."""
        for key, at in self._taken().items():
            self._database.write(USED, (at, key, at))

    def _taken(self) -> dict[str, float]:
        with self._lock:
            used, self._used = self._used, {}
        return used

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Called by the database on opening and once in a while, under its lock."""
        _mark(connection, self._taken())
        self._bound(connection)

    def _bound(self, connection: sqlite3.Connection) -> None:
        """Forget what is too old or too much.  Reads the whole table, some milliseconds when it is full."""
        connection.execute(FORGET, (self._database.clock() - self._ttl_s,))
        kept = connection.execute(SIZE).fetchone()[0]
        if kept > self._max_bytes:
            connection.execute(EVICT, (int(self._max_bytes * SLACK),))
            kept = connection.execute(SIZE).fetchone()[0]
        self._room, self._until_counted = self._max_bytes - kept, _COUNTED_EVERY


def _mark(connection: sqlite3.Connection, used: dict[str, float]) -> None:
    connection.executemany(USED, [(at, key, at) for key, at in used.items()])


def _packed(answer: StoredAnswer) -> str:
    """The answer behind a digest of itself: what was written by halves or changed afterwards shows."""
    body = json.dumps([answer.text, answer.served, answer.note], separators=(",", ":"))
    return f"{_digest(body)}{body}"


def _unpacked(packed: Value) -> StoredAnswer | None:
    """The answer, or None when this is not what was written."""
    if not isinstance(packed, str):
        return None
    digest, body = packed[:_DIGITS], packed[_DIGITS:]
    if digest != _digest(body):
        return None
    text, served, note = json.loads(body)
    return StoredAnswer(text=text, served=served, note=note)


_DIGITS = 32


def _digest(body: str) -> str:
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
