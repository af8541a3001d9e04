"""Advisories in OSV's format, and what of them is used here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from manyeyes_tools.dependencies.cvss import severity_of_vector
from manyeyes_tools.dependencies.dependency import Ecosystem, canonical
from manyeyes_tools.dependencies.ranges import Range
from manyeyes_tools.dependencies.readers.parsing import rows, table, text_of
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manyeyes.types import Json
    from manyeyes_tools.dependencies.ranges import EventKind

_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}
_KINDS = ("introduced", "fixed", "last_affected", "limit")
_CWE = re.compile(r"CWE-\d{1,5}")
_MOST_SYMBOLS = 500
_TEXT = 2_000
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One package of an advisory: which versions, and which parts of it, where the advisory says so.

    Attributes:
        ecosystem, package: Whose.
        ranges: Of versions.
        versions: Listed one by one.
        symbols: Functions and the like that must be called for it to matter.
        modules: Parts of the package that must be imported for it to matter.
    """

    ecosystem: Ecosystem
    package: str
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """What is known of one weakness of packages.

    Attributes:
        id: As its database names it.
        aliases: What others call it.
        summary, details: In words, bounded.
        severity: How bad it is; None where nobody says.
        vector: The CVSS vector it was read from; empty where a database said it in words.
        cwe: The kind of weakness; empty where nobody says.
        affected: The packages.
        withdrawn: Whether it was taken back.
        references: Where to read more, a few addresses.
        malicious: Whether it says that the package itself is an attack.
    """

    id: str
    aliases: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    severity: Severity | None = None
    vector: str = ""
    cwe: str = ""
    affected: tuple[Affected, ...] = ()
    withdrawn: bool = False
    references: tuple[str, ...] = ()

    @property
    def malicious(self) -> bool:
        """Whether it says that the package itself is an attack."""
        return any(name.startswith("MAL-") for name in (self.id, *self.aliases))

    @property
    def name(self) -> str:
        """What people know it by: its CVE number where it has one."""
        return next((one for one in (self.id, *self.aliases) if one.startswith("CVE-")), self.id)

    def of(self, ecosystem: Ecosystem, package: str) -> tuple[Affected, ...]:
        """What it says of one package."""
        return tuple(one for one in self.affected if one.ecosystem is ecosystem and one.package == package)


def parse(record: object) -> Advisory | None:
    """An OSV record as an advisory; None when it is none."""
    told = table(record)
    name = text_of(told.get("id"))
    if not name or len(name) > _LONGEST_ID or not name.isprintable():
        return None
    vector, severity = _severity(told)
    specific = table(told.get("database_specific"))
    cwes = [*rows(specific.get("cwe_ids")), *rows(specific.get("cwes"))]
    cwe = next((match[0] for one in cwes if (match := _CWE.search(str(one)[:200]))), "")
    return Advisory(
        id=name,
        aliases=tuple(alias for alias in map(text_of, rows(told.get("aliases"))) if 0 < len(alias) <= _LONGEST_ID),
        summary=_short(text_of(told.get("summary")), 300),
        details=_short(text_of(told.get("details")), _TEXT),
        severity=severity,
        vector=vector,
        cwe=cwe,
        affected=tuple(one for entry in rows(told.get("affected")) if (one := _affected(table(entry)))),
        withdrawn=bool(told.get("withdrawn")),
        references=tuple(
            url
            for one in rows(told.get("references"))[:20]
            if (url := text_of(table(one).get("url"))).startswith("https://")
        )[:3],
    )


def packages(record: object) -> Iterable[tuple[str, str]]:
    """The packages that a record names, as ecosystem and canonical name; quicker than all of `parse`."""
    for entry in rows(table(record).get("affected")):
        package = table(table(entry).get("package"))
        ecosystem = _ecosystem(text_of(package.get("ecosystem")))
        if ecosystem is not None:
            yield ecosystem, canonical(ecosystem, text_of(package.get("name")))


def _ecosystem(text: str) -> Ecosystem | None:
    """`Maven:https://…` is Maven from a place of its own, and counts as it."""
    try:
        return Ecosystem(text.partition(":")[0])
    except ValueError:
        return None


def _affected(entry: Mapping[str, Json]) -> Affected | None:
    package = table(entry.get("package"))
    ecosystem = _ecosystem(text_of(package.get("ecosystem")))
    name = text_of(package.get("name"))
    if ecosystem is None or not name:
        return None
    ranges = [_range(one) for one in map(table, rows(entry.get("ranges"))) if text_of(one.get("type")) != "GIT"]
    versions = [_version(one) for one in rows(entry.get("versions"))]
    if not all(versions) or any(not isinstance(entry.get(key, []), list | None) for key in ("ranges", "versions")):
        ranges.append(Range(()))  # something is there that is not understood, so nothing compares with all of it
    symbols, modules = _parts(table(entry.get("ecosystem_specific")))
    return Affected(
        ecosystem=ecosystem,
        package=canonical(ecosystem, name),
        ranges=tuple(ranges),
        versions=tuple(filter(None, versions)),
        symbols=symbols,
        modules=modules,
    )


def _range(told: Mapping[str, Json]) -> Range:
    """A range; one without events where some of them are not understood, since that compares with nothing."""
    events: list[tuple[EventKind, str]] = []
    for event in map(table, rows(told.get("events"))):
        named = [(kind, _version(event[kind])) for kind in _KINDS if kind in event]
        if not named or not all(version for _, version in named):
            return Range(())
        events += [(cast("EventKind", kind), version) for kind, version in named]
    return Range(tuple(events))


def _version(value: object) -> str:
    """A version as text: some databases write `0` as a number.  Empty for what is none; of 1.10 a number keeps 1.1."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)


def _parts(specific: Mapping[str, Json]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Symbols and modules, in the ways that Go's, Rust's and other databases write them."""
    symbols: list[str] = []
    modules: list[str] = []
    imports = rows(specific.get("imports"))
    for one in map(table, imports):
        path = text_of(one.get("path"))
        named = [text_of(symbol) for symbol in rows(one.get("symbols"))]
        modules.append(path)
        symbols += [f"{path}.{symbol}" for symbol in named if symbol]
        if not named:  # all of that part
            symbols = []
            break
    functions = [
        *rows(specific.get("affected_functions")),
        *rows(table(specific.get("affects")).get("functions")),
        *table(table(specific.get("affects")).get("functions")),
    ]
    symbols += [text_of(one).strip("()") for one in functions if text_of(one)]
    return tuple(dict.fromkeys(symbols))[:_MOST_SYMBOLS], tuple(dict.fromkeys(filter(None, modules)))[:_MOST_SYMBOLS]


def _severity(told: Mapping[str, Json]) -> tuple[str, Severity | None]:
    """From the newest CVSS vector that can be reckoned with, else from the database's own word."""
    entries = [*rows(told.get("severity"))]
    for one in map(table, rows(told.get("affected"))):
        entries += rows(one.get("severity"))
    vectors = [text_of(table(one).get("score"))[:300] for one in entries]
    for start in ("CVSS:4", "CVSS:3", ""):
        for vector in vectors:
            if vector.startswith(start) and (found := severity_of_vector(vector)):
                return vector, found
    words = [table(told.get("database_specific")).get("severity")]
    for one in map(table, rows(told.get("affected"))):
        words += [table(one.get(key)).get("severity") for key in ("database_specific", "ecosystem_specific")]
    said = next((_WORDS[word] for one in words if (word := text_of(one).lower()) in _WORDS), None)
    return "", said


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
