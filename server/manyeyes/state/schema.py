"""The tables, and how they came to be as they are.

The statements are plain enough that PostgreSQL takes them too; what only SQLite knows is in `connect`.
"""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            at DOUBLE PRECISION NOT NULL,
            tool TEXT NOT NULL,
            status TEXT NOT NULL,
            seconds DOUBLE PRECISION NOT NULL,
            cost_usd DOUBLE PRECISION,
            result TEXT
        )""",
        "CREATE INDEX runs_at ON runs (at)",
        """CREATE TABLE calls (
            at DOUBLE PRECISION NOT NULL,
            run_id TEXT NOT NULL,
            tool TEXT NOT NULL,
            role TEXT NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            error TEXT NOT NULL,
            seconds DOUBLE PRECISION NOT NULL,
            first_token_s DOUBLE PRECISION,
            input_tokens BIGINT,
            cached_tokens BIGINT,
            cache_write_tokens BIGINT,
            output_tokens BIGINT,
            reasoning_tokens BIGINT,
            cost_usd DOUBLE PRECISION
        )""",
        "CREATE INDEX calls_at ON calls (at)",
    ),
    (
        # One row for each attempt.  `nanos` is what counts against the limits, in billionths of a US dollar: the
        # worst case until the attempt is settled, then what it cost.  `folded` rows are in `spending` already.
        """CREATE TABLE reservations (
            id TEXT PRIMARY KEY,
            at DOUBLE PRECISION NOT NULL,
            until DOUBLE PRECISION NOT NULL,
            day TEXT NOT NULL,
            run_id TEXT NOT NULL,
            tool TEXT NOT NULL,
            role TEXT NOT NULL,
            provider TEXT NOT NULL,
            model TEXT NOT NULL,
            state TEXT NOT NULL,
            nanos BIGINT NOT NULL,
            input_tokens BIGINT,
            cached_tokens BIGINT,
            output_tokens BIGINT,
            folded INTEGER NOT NULL
        )""",
        "CREATE INDEX reservations_run ON reservations (run_id, nanos)",
        "CREATE INDEX reservations_open ON reservations (day, nanos) WHERE folded = 0",
        "CREATE TABLE spending (scope TEXT PRIMARY KEY, nanos BIGINT NOT NULL)",
        """CREATE TABLE breakers (
            key TEXT PRIMARY KEY,
            state TEXT NOT NULL,
            at DOUBLE PRECISION NOT NULL
        )""",
        """CREATE TABLE answers (
            key TEXT PRIMARY KEY,
            at DOUBLE PRECISION NOT NULL,
            used_at DOUBLE PRECISION NOT NULL,
            bytes BIGINT NOT NULL,
            body TEXT NOT NULL
        )""",
        "CREATE INDEX answers_used_at ON answers (used_at)",
    ),
    (
        "ALTER TABLE calls ADD COLUMN estimated INTEGER",
        """CREATE TABLE asks (
            at DOUBLE PRECISION NOT NULL,
            run_id TEXT NOT NULL,
            tool TEXT NOT NULL,
            role TEXT NOT NULL,
            first_provider TEXT NOT NULL,
            first_model TEXT NOT NULL,
            provider TEXT,
            model TEXT,
            seconds DOUBLE PRECISION NOT NULL,
            error TEXT NOT NULL,
            cached INTEGER NOT NULL,
            hedge_provider TEXT,
            hedge_model TEXT
        )""",
        "CREATE INDEX asks_at ON asks (at)",
    ),
    (
        # `id` and `owner` are digests; `personal` is what placeholders stand for.
        """CREATE TABLE conversations (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            at DOUBLE PRECISION NOT NULL,
            used_at DOUBLE PRECISION NOT NULL,
            summary TEXT NOT NULL,
            personal TEXT NOT NULL,
            upset INTEGER NOT NULL
        )""",
        "CREATE INDEX conversations_used_at ON conversations (used_at)",
        """CREATE TABLE turns (
            conversation TEXT NOT NULL,
            seq BIGINT NOT NULL,
            at DOUBLE PRECISION NOT NULL,
            intent TEXT NOT NULL,
            message TEXT NOT NULL,
            reply TEXT NOT NULL,
            PRIMARY KEY (conversation, seq)
        )""",
        # Also of turns that a summary has replaced.
        "CREATE TABLE conversation_runs (conversation TEXT NOT NULL, run_id TEXT NOT NULL)",
        "CREATE INDEX conversation_runs_of ON conversation_runs (conversation)",
    ),
    (
        # What is remembered of a model's work in a situation; language and size are empty for the kind as a whole.
        # `recent` is a JSON list, `changed` when the model was last seen to have changed.
        """CREATE TABLE posteriors (
            kind TEXT NOT NULL,
            language TEXT NOT NULL,
            size TEXT NOT NULL,
            model TEXT NOT NULL,
            at DOUBLE PRECISION NOT NULL,
            changed DOUBLE PRECISION NOT NULL,
            trials DOUBLE PRECISION NOT NULL,
            quality DOUBLE PRECISION NOT NULL,
            calls DOUBLE PRECISION NOT NULL,
            cost_usd DOUBLE PRECISION NOT NULL,
            timed DOUBLE PRECISION NOT NULL,
            seconds DOUBLE PRECISION NOT NULL,
            recent TEXT NOT NULL,
            PRIMARY KEY (kind, language, size, model)
        )""",
        """CREATE TABLE outcomes (
            run_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            language TEXT NOT NULL,
            size TEXT NOT NULL,
            model TEXT NOT NULL,
            at DOUBLE PRECISION NOT NULL,
            quality DOUBLE PRECISION,
            weight DOUBLE PRECISION NOT NULL,
            cost_usd DOUBLE PRECISION,
            seconds DOUBLE PRECISION,
            answers BIGINT NOT NULL,
            explored INTEGER NOT NULL,
            PRIMARY KEY (run_id, kind, language, size, model)
        )""",
        "CREATE INDEX outcomes_at ON outcomes (at)",
        "CREATE TABLE feedback (run_id TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, good INTEGER NOT NULL)",
        """CREATE TABLE exploring (
            day TEXT PRIMARY KEY,
            choices BIGINT NOT NULL,
            explored BIGINT NOT NULL,
            usd DOUBLE PRECISION NOT NULL
        )""",
    ),
    (
        # Findings that are gone since their code was changed: `run_id` is the run in which the model named them.
        """CREATE TABLE resolutions (
            finding TEXT NOT NULL,
            model TEXT NOT NULL,
            run_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            at DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (finding, model)
        )""",
        "CREATE INDEX resolutions_run ON resolutions (run_id)",
    ),
)
"""Each entry brings the schema from its index to the next version.  Entries are added, never changed."""


_LOG_BYTES = 40_000_000
"""When the log is longer, whoever writes moves it into the file."""

OPENING_S = 2.0
"""How long opening waits for another process that is just making the tables."""


class NewerSchemaError(Exception):
    """The store was written by a newer version of this program."""


def connect(path: Path | None, *, busy_s: float) -> sqlite3.Connection:
    """Open the store, in memory for None, and bring its tables up to date.

    Args:
        path: The file, which exists.
        busy_s: How long a statement waits for another process.

    Raises:
        NewerSchemaError: its schema is newer than this program.
        sqlite3.Error: it cannot be read or written.
    """
    import sqlite3  # a server that never calls a tool does without

    # Several threads use the connection, one at a time: the store holds a lock.
    connection = sqlite3.connect(
        ":memory:" if path is None else path, timeout=OPENING_S, isolation_level=None, check_same_thread=False
    )
    try:
        if path is not None:
            _share(connection)
        _migrate(connection)
        connection.execute(f"PRAGMA busy_timeout = {int(busy_s * 1000)}")
    except BaseException:
        connection.close()
        raise
    return connection


def checkpoint(path: Path) -> None:
    """Move the log's pages into the file, as far as that disturbs nobody; the next time tries again."""
    import sqlite3  # loaded by now

    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0.0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def wipe_log(path: Path) -> bool:
    """Move the whole log into the file and empty it, so that what was deleted is in neither.

    Waits a moment for others; False when one of them still reads, and the next checkpoint will do it.
    """
    import sqlite3  # loaded by now

    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=OPENING_S)) as connection:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    return False


def _share(connection: sqlite3.Connection) -> None:
    """Let several processes read and one write at the same time, without waiting for the disk on every row."""
    import sqlite3  # loaded by now

    # Before there are tables, or not at all.  Every page that a transaction touches is written whole, and ours
    # touch some ten of them with a few hundred bytes each.
    connection.execute("PRAGMA page_size = 1024")
    # Switching does not wait: when two processes open a new store at once, the other one does it for both.
    # Any other fault shows at the next statement.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    # In WAL mode a crash of the machine may lose the last rows but cannot damage the file.
    connection.execute("PRAGMA synchronous = NORMAL")
    # `checkpoint` does that in a thread, before the log grows so long: it would hold up whoever happens to write.
    (page,) = connection.execute("PRAGMA page_size").fetchone()  # that of a file made by others may be larger
    connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // page}")


def _migrate(connection: sqlite3.Connection) -> None:
    # Where the table is there already this only reads, and waits for nobody.
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)")
    have = _version(connection)
    if have > len(MIGRATIONS):
        raise NewerSchemaError
    if have == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again: another process may have been here since.
        have = _version(connection)
        for version, statements in enumerate(MIGRATIONS[have:], start=have + 1):
            for statement in statements:
                connection.execute(statement)
            connection.execute("INSERT INTO migrations (version) VALUES (?)", (version,))
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    """How many migrations the store has had; 0 for a new one."""
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchone()[0])
