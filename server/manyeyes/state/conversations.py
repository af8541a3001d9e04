"""Conversations with customers, each known by a secret: the tables `conversations` and `turns`.

Only a digest of a conversation's id is kept, so that nobody who reads the file can go on with one, and there is no
way to list them.  Whoever began a conversation is its owner; to anybody else it does not exist.  What is deleted is
overwritten in the file.  Losing this table loses a customer's thread, so unlike other state reading it can fail.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from manyeyes.state.database import Database, Row, Value

FIND = "SELECT owner, used_at, summary, personal, upset FROM conversations WHERE id = ?"
TURNS = "SELECT at, intent, message, reply FROM turns WHERE conversation = ? ORDER BY seq"
PUT = """INSERT INTO conversations (id, owner, at, used_at, summary, personal, upset) VALUES (?, ?, ?, ?, '', ?, ?)
    ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at, personal = excluded.personal,
        upset = conversations.upset + excluded.upset"""
NEXT = "SELECT coalesce(max(seq), 0) + 1 FROM turns WHERE conversation = ?"
PUT_TURN = "INSERT INTO turns (conversation, seq, at, intent, message, reply) VALUES (?, ?, ?, ?, ?, ?)"
SHORTEN = "UPDATE conversations SET summary = ? WHERE id = ? AND summary = ?"
DROP_OLDEST = """DELETE FROM turns WHERE conversation = ? AND seq IN (
    SELECT seq FROM turns WHERE conversation = ? ORDER BY seq LIMIT ?)"""
RUNS = "SELECT run_id FROM conversation_runs WHERE conversation = ?"
PUT_RUN = "INSERT INTO conversation_runs (conversation, run_id) VALUES (?, ?)"
OLD = "SELECT id FROM conversations WHERE used_at < ?"

_ID_BYTES = 18
_WAIT_S = 5.0
"""How long a turn waits, in seconds, for another process that writes: a customer's words must not be lost."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a customer wrote, and the answer; personal data and secrets are placeholders in both."""

    at: float
    intent: str
    message: str
    reply: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What is known of a conversation.

    Attributes:
        id: Its secret, as the caller gives it.
        turns: The latest turns, the oldest first.
        summary: What went before them, in short.
        personal: The personal data that placeholders stand for.
        upset: How many messages were angry so far.
    """

    id: str
    turns: tuple[Turn, ...] = ()
    summary: str = ""
    personal: Mapping[str, str]
    upset: int = 0


class NotYours(Exception):
    """The conversation belongs to somebody else."""


class Conversations:
    """The conversations kept.  Safe for use from several threads.

    Args:
        database: Where they are.
        keep_s: How long one is kept after its last message, in seconds.
    """

    def __init__(self, database: Database, *, keep_s: float) -> None:
        self._database = database
        self._keep_s = keep_s
        database.tidied_by(self._tidy)

    @property
    def folder(self) -> Path | None:
        """The folder of the file they are in; None when they live in memory."""
        return None if self._database.path is None else self._database.path.parent

    @staticmethod
    def new_id() -> str:
        """The secret of a new conversation, which nobody can guess."""
        return f"c-{secrets.token_urlsafe(_ID_BYTES)}"

    def find(self, conversation_id: str, owner: str) -> Conversation | None:
        """The conversation; None when there is none of that id, or no longer.

        Raises:
            NotYours: it belongs to another owner.
            StateBusy: another process holds the file.
        """
        key = _key(conversation_id)

        def work(connection: sqlite3.Connection) -> tuple[Row | None, list[Row]]:
            found: Row | None = connection.execute(FIND, (key,)).fetchone()
            return found, connection.execute(TURNS, (key,)).fetchall() if found else []

        row, turns = self._database.transact(work, wait_s=_WAIT_S)
        if row is None:
            return None
        owned_by, used_at, summary, personal, upset = row
        if owned_by != _key(owner):
            raise NotYours
        if float(used_at or 0) < self._oldest():
            self.forget(conversation_id)
            return None
        return Conversation(
            id=conversation_id,
            turns=tuple(_turn(row) for row in turns),
            summary=str(summary),
            personal=json.loads(str(personal)),
            upset=int(upset or 0),
        )

    def add(
        self, conversation_id: str, owner: str, turn: Turn, *, run_id: str, personal: Mapping[str, str], upset: bool
    ) -> None:
        """Keep a turn, and begin the conversation with it where it is the first.

        Args:
            conversation_id: The conversation's secret.
            owner: Who may go on with it.
            turn: What was said.
            run_id: The run whose kept result holds the answer; forgotten together with the conversation.
            personal: All that its placeholders stand for by now.
            upset: Whether the message was angry.

        Raises:
            StateBusy: another process holds the file.
        """
        key = _key(conversation_id)

        def work(connection: sqlite3.Connection) -> None:
            known = connection.execute(FIND, (key,)).fetchone()
            both = {**(json.loads(known[3]) if known else {}), **personal}  # two messages may come at once
            first: tuple[Value, ...] = (key, _key(owner), turn.at, turn.at, json.dumps(both), int(upset))
            connection.execute(PUT, first)
            number = connection.execute(NEXT, (key,)).fetchone()[0]
            connection.execute(PUT_TURN, (key, number, turn.at, turn.intent, turn.message, turn.reply))
            connection.execute(PUT_RUN, (key, run_id))

        self._database.transact(work, wait_s=_WAIT_S)

    def shorten(self, conversation: Conversation, turns: int, summary: str) -> bool:
        """Put a summary in the place of the oldest turns.  False when another message has done so meanwhile.

        Raises:
            StateBusy: another process holds the file.
        """
        key = _key(conversation.id)

        def work(connection: sqlite3.Connection) -> bool:
            if connection.execute(SHORTEN, (summary, key, conversation.summary)).rowcount != 1:
                return False
            connection.execute(DROP_OLDEST, (key, key, turns))
            return True

        return self._database.transact(work, wait_s=_WAIT_S)

    def forget(self, conversation_id: str) -> bool:
        """Delete a conversation, whoever owns it, and the kept results of its runs.  False when there is none.

        Raises:
            StateBusy: another process holds the file.
        """
        key = _key(conversation_id)

        there = self._database.transact(lambda connection: _forget(connection, key), wait_s=_WAIT_S)
        if there:
            self._database.wipe_log()
        return there

    def _oldest(self) -> float:
        return self._database.clock() - self._keep_s

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Called by the database on opening and once in a while, under its lock."""
        connection.execute("PRAGMA secure_delete = ON")
        for (key,) in connection.execute(OLD, (self._oldest(),)).fetchall():
            _forget(connection, key)


def _forget(connection: sqlite3.Connection, key: str) -> bool:
    for (run_id,) in connection.execute(RUNS, (key,)).fetchall():
        connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
    connection.execute("DELETE FROM conversation_runs WHERE conversation = ?", (key,))
    connection.execute("DELETE FROM turns WHERE conversation = ?", (key,))
    return connection.execute("DELETE FROM conversations WHERE id = ?", (key,)).rowcount > 0


def _turn(row: Row) -> Turn:
    at, intent, message, reply = row
    return Turn(float(at or 0.0), str(intent), str(message), str(reply))


def _key(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
