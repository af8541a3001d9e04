"""What answers may rest on: a folder of Markdown and text, split into passages and searched by their words.

The index is a file of SQLite's full-text search.  A file of the folder is read anew when its time or size has changed,
and indexed anew when its content has; what is gone from the folder is gone from the index.
"""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import TYPE_CHECKING

from manyeyes.state.location import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIXES = frozenset({".md", ".markdown", ".txt", ".rst"})
PASSAGES = 5
"""As many are told to a model, and at most shown without one."""

_LONGEST = 1_200
_LARGEST = 2_000_000
_MOST_FILES = 5_000
_FRESH_S = 2.0
"""For so long the folder is not looked at again."""
_TERMS = 40
_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_WORD = re.compile(r"\w+")
_STEM = 5
_COVERED = 0.5
_COMMON_WORDS = """
a about after all also am an and any are as at be because been but by can could did do does for from get had has
have hello hi how i if in into is it its just me my need no not of on or our out please she should so some than
thank thanks that the their them then there they this to up us want was we were what when where which who why will
with would you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_TABLES = (
    "CREATE TABLE IF NOT EXISTS files (path TEXT PRIMARY KEY, changed INTEGER, size INTEGER, digest TEXT)",
    """CREATE VIRTUAL TABLE IF NOT EXISTS passages USING fts5(
        heading, body, path UNINDEXED, line UNINDEXED, tokenize = 'porter unicode61 remove_diacritics 2')""",
)
_FIND = """SELECT path, line, heading, body FROM passages WHERE passages MATCH ?
    ORDER BY bm25(passages, 3.0, 1.0), path, line LIMIT ?"""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a file: its path in the folder, the line (from 1) of its beginning, the heading above it."""

    path: str
    line: int
    heading: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.path}:{self.line}" + (f" ({self.heading})" if self.heading else "")


class KnowledgeError(Exception):
    """The folder cannot be searched; the text says why."""


class Knowledge:
    """A folder and its index.  Safe for use from several threads.

    Args:
        folder: What is searched.
        index: The index's file; None keeps it in memory.
    """

    def __init__(self, folder: Path, index: Path | None) -> None:
        self._folder = folder
        self._index = index
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._looked = float("-inf")

    def search(self, question: str, *, fresh: bool = False) -> tuple[Passage, ...]:
        """The passages that answer best, the best first; none when none shares the question's words.

        Args:
            question: In plain words.
            fresh: Look at the folder in any case.

        Raises:
            KnowledgeError: the folder cannot be read, or the index not be used.
        """
        words = [word for word in _WORD.findall(question.lower()) if word not in _COMMON and len(word) > 1]
        terms = list(dict.fromkeys(words))[:_TERMS]
        with self._lock:
            try:
                connection = self._connected()
                if fresh or time.monotonic() - self._looked > _FRESH_S:
                    self._refresh(connection)
                    self._looked = time.monotonic()
                if not terms:
                    return ()
                query = " OR ".join(f'"{term}"' for term in terms)
                rows = connection.execute(_FIND, (query, PASSAGES)).fetchall()
            except (sqlite3.Error, OSError) as error:
                raise KnowledgeError(f"{self._folder} cannot be searched: {error}") from None
        return tuple(Passage(path, int(line), heading, body) for path, line, heading, body in rows)

    def close(self) -> None:
        """Close the index."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            if self._index is not None:
                prepare(self._index)
            connection = sqlite3.connect(self._index or ":memory:", check_same_thread=False, timeout=10.0)
            connection.execute("PRAGMA secure_delete = ON")
            for statement in _TABLES:
                connection.execute(statement)
            with suppress(sqlite3.Error):  # an older SQLite keeps deleted words until the next merge
                connection.execute("INSERT INTO passages (passages, rank) VALUES ('secure-delete', 1)")
            connection.commit()
            self._connection = connection
        return self._connection

    def _refresh(self, connection: sqlite3.Connection) -> None:
        if not self._folder.is_dir():
            raise KnowledgeError(f"The folder of knowledge {self._folder} does not exist.")
        known = {path: rest for path, *rest in connection.execute("SELECT path, changed, size, digest FROM files")}
        with connection:
            for path in _files(self._folder):
                name = path.relative_to(self._folder).as_posix()
                seen = path.stat()
                before = known.pop(name, None)
                if before is not None and before[:2] == [seen.st_mtime_ns, seen.st_size]:
                    continue
                text = path.read_bytes().decode("utf-8", "replace")
                digest = sha256(text.encode("utf-8", "replace")).hexdigest()
                if before is None or before[2] != digest:
                    connection.execute("DELETE FROM passages WHERE path = ?", (name,))
                    connection.executemany(
                        "INSERT INTO passages (heading, body, path, line) VALUES (?, ?, ?, ?)",
                        [(one.heading, one.text, name, one.line) for one in split(name, text)],
                    )
                connection.execute(
                    "INSERT OR REPLACE INTO files (path, changed, size, digest) VALUES (?, ?, ?, ?)",
                    (name, seen.st_mtime_ns, seen.st_size, digest),
                )
            for name in known:
                connection.execute("DELETE FROM passages WHERE path = ?", (name,))
                connection.execute("DELETE FROM files WHERE path = ?", (name,))


@lru_cache(maxsize=4)
def opened(folder: Path, index: Path | None) -> Knowledge:
    """The knowledge of a folder, one for all who ask."""
    return Knowledge(folder, index)


def index_file(folder: Path, beside: Path | None) -> Path | None:
    """Where a folder's index lies: in the folder of the state; None where that is kept in memory."""
    if beside is None:
        return None
    return beside / f"knowledge-{sha256(str(folder).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.db"


def answers(question: str, passage: Passage) -> bool:
    """Whether a passage has enough of the question's words to stand as an answer by itself."""
    asked = {word[:_STEM] for word in _WORD.findall(question.lower()) if word not in _COMMON and len(word) > 1}
    told = {word[:_STEM] for word in _WORD.findall(f"{passage.heading} {passage.text}".lower())}
    return bool(asked) and len(asked & told) >= max(_COVERED * len(asked), min(2, len(asked)))


def holds(passage: Passage, quote: str) -> int | None:
    """The line at which a quote begins in a passage's file, however its spaces and lines are set; None when nowhere."""
    words = quote.split()
    if not words:
        return None
    found = re.search(r"\s+".join(map(re.escape, words)), passage.text, re.IGNORECASE)
    return None if found is None else passage.line + passage.text.count("\n", 0, found.start())


def split(path: str, text: str) -> Iterator[Passage]:
    """The passages of a file: what stands under one heading, parted at empty lines where it is long."""
    heading = ""
    held: list[str] = []
    start = 1
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        title = None if fenced else _HEADING.match(line)
        full = sum(map(len, held)) > _LONGEST and (not line.strip() or sum(map(len, held)) > 2 * _LONGEST)
        if title is not None or full:
            yield from _passage(path, start, heading, held)
            held = []
            start = number + 1 if title is not None else number
            if title is not None:
                heading = title[2]
                continue
        held.append(line)
    yield from _passage(path, start, heading, held)


def _passage(path: str, start: int, heading: str, lines: list[str]) -> Iterator[Passage]:
    empty = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    text = "\n".join(lines[empty:]).rstrip()
    if text:
        yield Passage(path, start + empty, heading, text)


def _files(folder: Path) -> Iterator[Path]:
    """The files to index: no hidden ones, none too large, and none that a link takes from elsewhere."""
    real = folder.resolve()
    found = 0
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or path.suffix.lower() not in SUFFIXES or not path.is_file():
            continue
        if not path.resolve().is_relative_to(real) or path.stat().st_size > _LARGEST:
            continue
        found += 1
        if found > _MOST_FILES:
            return
        yield path
