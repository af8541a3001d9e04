"""A copy of OSV's records on this machine: a folder or zip, as OSV offers them for download.

Records are read one by one, each and all of them bounded.  What could not be read may have been about any package,
so the answers are then not whole.  Blocking: to be called in a worker thread.
"""

from __future__ import annotations

import json
import os
import stat
import time
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools.dependencies import advisory as osv
from manyeyes_tools.dependencies.dependency import canonical
from manyeyes_tools.dependencies.lookup import Lookup, Match

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.dependencies.advisory import Advisory
    from manyeyes_tools.dependencies.lookup import Question

LARGEST_RECORD = 8_000_000
MOST_BYTES = 6_000_000_000
MOST_RECORDS = 2_000_000
PATIENCE_S = 120.0
_MOST_BAD = 50
"""So many unreadable records are enough to stop: this is no copy of the database."""


@dataclass(slots=True)
class Database:
    """What was found about the packages asked for.

    Attributes:
        found: Advisories by ecosystem and package.
        ecosystems: Of which ecosystems there were records at all.
        records: How many were read.
        unread: Packages that a record names which is otherwise not understood; their answers are not whole.
        problems: What could not be read; then no answer is whole.
    """

    found: dict[tuple[str, str], list[Advisory]] = field(default_factory=dict)
    ecosystems: set[str] = field(default_factory=set)
    records: int = 0
    unread: set[tuple[str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def answers(self, asked: Sequence[Question]) -> dict[Question, Lookup]:
        """The answer for each question."""
        answers: dict[Question, Lookup] = {}
        for ecosystem, package, version in asked:
            known = self.found.get((ecosystem, canonical(ecosystem, package)), [])
            failure = ""
            if ecosystem not in self.ecosystems:
                failure = f"the copy of the database has no records of {ecosystem}"
            elif self.problems:
                failure = "a part of the database could not be read"
            elif (ecosystem, canonical(ecosystem, package)) in self.unread:
                failure = "a record of the database about it is not understood"
            matches = tuple(Match(one.id, one, told=False) for one in known)
            answers[ecosystem, package, version] = Lookup(matches, failure)
        return answers


class _Enough(Exception):
    """Reading ends here; the message says why."""


def read(path: Path, wanted: set[tuple[str, str]]) -> Database:
    """Read the records about some packages, given as ecosystem and canonical name.

    Raises:
        BadCall: there is nothing at the path, or no record of OSV in it.
    """
    database = Database()
    budget = _Budget(time.monotonic() + PATIENCE_S)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise BadCall(f"The OSV database {path} cannot be read: {error.strerror}.") from None
    try:
        if stat.S_ISDIR(mode):
            _folder(path, wanted, database, budget)
        elif stat.S_ISREG(mode):
            _zip(path, wanted, database, budget)
        else:
            raise BadCall(f"The OSV database {path} is neither a folder nor a zip file.")
    except _Enough as enough:
        database.problems.append(f"The OSV database was not read to its end: {enough}.")
    if budget.bad:
        database.problems.append(
            f"{budget.bad} record{'' if budget.bad == 1 else 's'} of the OSV database could not be read "
            f"(the first: {budget.first})."
        )
    if not database.records:
        why = f" {' '.join(database.problems)}" if database.problems else ""
        raise BadCall(
            f"There is no record of OSV in {path}.{why} Give a folder of JSON records, or a zip as OSV offers them "
            "(one all.zip for each ecosystem)."
        )
    return database


@dataclass(slots=True)
class _Budget:
    until: float
    bytes: int = 0
    seen: int = 0
    bad: int = 0
    first: str = ""

    def spend(self, size: int) -> None:
        self.bytes += size
        self.seen += 1
        if self.bytes > MOST_BYTES:
            raise _Enough(f"more than {MOST_BYTES:,} bytes of records")
        if self.seen > MOST_RECORDS:
            raise _Enough(f"more than {MOST_RECORDS:,} records")
        if time.monotonic() > self.until:
            raise _Enough(f"it took more than {PATIENCE_S:.0f} seconds")

    def fail(self, name: str, why: str) -> None:
        self.bad += 1
        self.first = self.first or f"{ascii(name)[1:-1][-80:]}: {why}"
        if self.bad >= _MOST_BAD:
            raise _Enough(f"{self.bad} records could not be read")


def _folder(path: Path, wanted: set[tuple[str, str]], database: Database, budget: _Budget) -> None:
    """Records, and zips of records, at any depth; links to folders are not followed."""
    for folder, names, files in os.walk(path, followlinks=False):
        names.sort()
        for name in sorted(files):
            file = Path(folder, name)
            if name.endswith(".zip"):
                _zip(file, wanted, database, budget)
            elif name.endswith(".json"):
                try:
                    if not stat.S_ISREG(file.stat().st_mode):
                        budget.fail(name, "no regular file")
                        continue
                    with file.open("rb") as opened:
                        _record(opened, name, wanted, database, budget)
                except OSError as error:
                    budget.fail(name, (error.strerror or "cannot be read").lower())


def _zip(path: Path, wanted: set[tuple[str, str]], database: Database, budget: _Budget) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _entries(archive):
                try:
                    with archive.open(entry) as opened:
                        _record(opened, entry.filename, wanted, database, budget)
                except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
                    budget.fail(entry.filename, str(error)[:60] or "broken")
    except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        budget.fail(path.name, str(error)[:60] or "no zip file")


def _entries(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    return (entry for entry in archive.infolist() if not entry.is_dir() and entry.filename.endswith(".json"))


def _record(opened: IO[bytes], name: str, wanted: set[tuple[str, str]], database: Database, budget: _Budget) -> None:
    """Take in one record.  However large it says it is, no more than the limit is unpacked."""
    data = opened.read(LARGEST_RECORD + 1)
    budget.spend(len(data))
    if len(data) > LARGEST_RECORD:
        budget.fail(name, f"larger than {LARGEST_RECORD:,} bytes unpacked")
        return
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        budget.fail(name, "not JSON")
        return
    named = list(osv.packages(told))
    if not named:
        if isinstance(told, dict) and "id" in told:
            database.records += 1  # of an ecosystem that is not read here
        else:
            budget.fail(name, "no record of OSV")
        return
    database.records += 1
    database.ecosystems.update(ecosystem for ecosystem, _ in named)
    about = wanted.intersection(named)
    if not about:
        return
    parsed = osv.parse(told)
    if parsed is None:
        database.unread |= about
        return
    for key in about:
        database.found.setdefault(key, []).append(parsed)
