"""Whether a version lies in an advisory's ranges, by each ecosystem's own ordering."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from manyeyes_tools.dependencies.composer_versions import composer_key
from manyeyes_tools.dependencies.dependency import Ecosystem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EventKind: TypeAlias = Literal["introduced", "fixed", "last_affected", "limit"]

_RELEASE = re.compile(r"[.-](?:RELEASE|Final|GA)$", re.IGNORECASE)
_LONGEST = 200
"""Characters of a version; what is longer is none."""


class NotComparable(Exception):
    """A version that its ecosystem's ordering does not know."""


@dataclass(frozen=True, slots=True)
class Range:
    """Events along the versions of a package, as the advisory lists them."""

    events: tuple[tuple[EventKind, str], ...]

    @property
    def endless(self) -> bool:
        """Whether it holds every version there is."""
        kinds = {kind for kind, _ in self.events}
        return ("introduced", "0") in self.events and not kinds & {"fixed", "last_affected", "limit"}


@lru_cache(maxsize=50_000)
def _parsed(ecosystem: Ecosystem, version: str) -> Any:
    """The version as something that compares.

    Raises:
        NotComparable: it is no version of that ecosystem.
    """
    from univers import versions  # a fifth of a second to load

    kinds: dict[Ecosystem, Any] = {
        Ecosystem.PYPI: versions.PypiVersion,
        Ecosystem.NPM: versions.SemverVersion,
        Ecosystem.GO: versions.GolangVersion,
        Ecosystem.CARGO: versions.SemverVersion,
        Ecosystem.MAVEN: versions.MavenVersion,
        Ecosystem.COMPOSER: composer_key,
        Ecosystem.RUBYGEMS: versions.RubygemsVersion,
        Ecosystem.NUGET: versions.NugetVersion,
    }
    if ecosystem is Ecosystem.MAVEN:
        version = _RELEASE.sub("", version)  # these words mean the release itself
    if not version or len(version) > _LONGEST:
        raise NotComparable(version[:80])
    try:
        return kinds[ecosystem](version)
    except (versions.InvalidVersion, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        raise NotComparable(version[:80]) from None


def is_version(ecosystem: Ecosystem, version: str) -> bool:
    """Whether the ecosystem's ordering knows it; what is none lies in no range, and that says nothing."""
    try:
        _parsed(ecosystem, version)
    except NotComparable:
        return False
    return True


def compare(ecosystem: Ecosystem, one: str, other: str) -> int:
    """-1, 0 or 1 as the first version is older than, the same as or newer than the other.

    Raises:
        NotComparable: one of them is no version.
    """
    if one == other:
        return 0
    first, second = _parsed(ecosystem, one), _parsed(ecosystem, other)
    try:
        return -1 if first < second else 0 if first == second else 1
    except (TypeError, ValueError, AttributeError, IndexError):
        raise NotComparable(f"{one[:80]} with {other[:80]}") from None


def holds(ecosystem: Ecosystem, range_: Range, version: str) -> bool:
    """Whether a range holds a version.

    Raises:
        NotComparable: that cannot be told, as of a range that begins nowhere.
    """
    if not any(kind == "introduced" for kind, _ in range_.events):
        raise NotComparable("a range without a beginning")
    _parsed(ecosystem, version)
    # Of all events at or before the version the latest decides; `last_affected` ends behind itself.
    best: tuple[str, bool] | None = None
    for kind, at in range_.events:
        if kind == "introduced":
            reached = at == "0" or compare(ecosystem, at, version) <= 0
        elif kind == "fixed":
            reached = compare(ecosystem, at, version) <= 0
        elif kind == "last_affected":
            reached = compare(ecosystem, at, version) < 0
        else:
            reached = at != "*" and compare(ecosystem, at, version) <= 0
        if reached and (best is None or _later(ecosystem, at, best[0], begins=kind == "introduced")):
            best = (at, kind == "introduced")
    return best is not None and best[1]


def _later(ecosystem: Ecosystem, at: str, known: str, *, begins: bool) -> bool:
    """Whether an event comes after the one known; at the same version a beginning counts."""
    if at == "0":
        return False
    if known == "0":
        return True
    order = compare(ecosystem, at, known)
    return order > 0 or (order == 0 and begins)


def affects(ecosystem: Ecosystem, ranges: Sequence[Range], versions: Sequence[str], version: str) -> bool:
    """Whether a version is listed or lies in one of the ranges.

    Raises:
        NotComparable: it is not listed, and whether it lies in a range cannot be told; so it is where nothing is
            listed and there is no range.
    """
    if not ranges and not versions:
        raise NotComparable("no versions are named")
    unknown: NotComparable | None = None
    for one in _spellings(ecosystem, version):
        if one in versions:
            return True
        for range_ in ranges:
            try:
                if holds(ecosystem, range_, one):
                    return True
            except NotComparable as error:
                unknown = error
        if any(_same(ecosystem, listed, one) for listed in versions):
            return True
    if unknown is not None:
        raise unknown
    _parsed(ecosystem, version)  # what is no version is unlike all that are listed, and that says nothing
    return False


def _spellings(ecosystem: Ecosystem, version: str) -> tuple[str, ...]:
    """A version, and for a local build of Python's the public one: it is that one's code, with changes nobody lists."""
    public, local, _ = version.partition("+")
    return (version, public) if local and ecosystem is Ecosystem.PYPI else (version,)


def _same(ecosystem: Ecosystem, one: str, other: str) -> bool:
    try:
        return compare(ecosystem, one, other) == 0
    except NotComparable:
        return False


def next_fixed(ecosystem: Ecosystem, ranges: Iterable[Range], version: str) -> str:
    """The lowest fixed version above the one given; empty when there is none."""
    best = ""
    for one in ranges:
        for kind, at in one.events:
            if kind != "fixed":
                continue
            try:
                above = not version or compare(ecosystem, at, version) > 0
                if above and (not best or compare(ecosystem, at, best) < 0):
                    best = at
            except NotComparable:
                continue
    return best


def highest(ecosystem: Ecosystem, versions: Iterable[str]) -> str:
    """The newest of some versions; empty when there are none."""
    best = ""
    for one in versions:
        try:
            if not best or compare(ecosystem, one, best) > 0:
                best = one
        except NotComparable:
            continue
    return best
