"""A PostgreSQL server of one's own for a test, and its connections in the form that the state's code knows."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pg8000.dbapi

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ADMIN = "manyeyes"
LOCK, MAKING = 1, 2
"""What a process holds while it writes in a transaction, and while it makes the tables."""


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None when it is not installed."""
    if (found := shutil.which("initdb")) and shutil.which("postgres"):
        return Path(found).parent
    folders = [found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


def account() -> str | None:
    """Whom the server is to run as: it refuses the administrator; None for whoever runs the test."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


def why_not() -> str:
    """Why there can be no server here; empty when there can."""
    if programs() is None:
        return "PostgreSQL is not installed here: no initdb and postgres in PATH or /usr/lib/postgresql/*/bin"
    if os.getuid() == 0 and account() is None:
        return "PostgreSQL does not run as root, and there is no user postgres or nobody"
    return ""


@contextmanager
def serving() -> Iterator[Path]:
    """Runs a server that listens in a folder of its own; gives the folder."""
    folder, user, found = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp")), account(), programs()
    assert found is not None
    data = folder / "data"
    if user is not None:
        shutil.chown(folder, user)

    def run(name: str, *arguments: str) -> None:
        command = [found / name, *arguments]
        subprocess.run(command, check=True, timeout=60, user=user, cwd=folder, stdout=subprocess.DEVNULL)

    try:
        run("initdb", "-D", str(data), "-U", ADMIN, "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Connection:
    """A connection as `sqlite3` has it.  Only three things are not the same words in both databases.

    The marks for values; settings by PRAGMA, which are SQLite's own; and BEGIN IMMEDIATE, which keeps all others that
    write out from its beginning: here the lock does that.
    """

    inner: Any
    said: list[str] = field(default_factory=list)
    """Every statement that was run, as the state's code has it."""
    in_transaction: bool = False

    @classmethod
    def open(cls, folder: Path, database: str) -> Connection:
        inner = pg8000.dbapi.connect(user=ADMIN, database=database, unix_sock=str(folder / ".s.PGSQL.5432"))
        inner.autocommit = True
        return cls(inner)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        cursor = self.inner.cursor()
        if statement.startswith("PRAGMA"):
            return cursor
        self.said.append(statement)
        match statement:
            case "BEGIN IMMEDIATE":
                cursor.execute("BEGIN")
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
                self.in_transaction = True
            case "COMMIT" | "ROLLBACK":
                cursor.execute(statement)
                self.in_transaction = False
            case _:
                assert "%" not in statement
                cursor.execute(statement.replace("?", "%s"), tuple(values))
        return cursor

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps out whoever else is in here."""
        self.inner.cursor().execute("SELECT pg_advisory_lock(%s)", (MAKING,))
        try:
            yield
        finally:
            self.inner.cursor().execute("SELECT pg_advisory_unlock(%s)", (MAKING,))

    def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        for values in rows:
            self.execute(statement, values)

    def close(self) -> None:
        self.inner.close()
