"""Which reports of several observers mean the same weakness.

Observers agree on the file, nearly on the line (one names the route, the other the sink) and roughly on the number:
one says CWE-284, the other CWE-862.  What one observer reports twice are two weaknesses, so a group takes at most one
report of each observer, and pairs are made nearest first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING

from manyeyes_tools.weaknesses import family_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from manyeyes_tools.agreement.reports import Report

REACH = 20
"""Lines between two reports that may still mean the same weakness: one names the function, the other its sink."""

KIN = {
    family: kin
    for kin, families in {
        "access": ("authorisation", "authentication", "privileges"),
        "secrets at rest": ("cleartext", "weak-cryptography", "password-storage"),
        "exposure": ("information-exposure", "debug", "sensitive-log", "timing"),
        "query": ("query-injection", "ldap-injection", "xml-injection", "xpath-injection"),
        "code": ("code-injection", "template-injection"),
        "files": ("path-traversal", "upload", "permissions"),
        "settings": ("configuration", "cookie", "cors", "csrf"),
    }.items()
    for family in families
}
"""Families whose borders observers draw differently: a wider group than the family of the CWE number."""


@dataclass(frozen=True, slots=True)
class Group:
    """Reports that mean one weakness, at most one of each observer."""

    path: str
    reports: tuple[Report, ...]

    @property
    def observers(self) -> frozenset[str]:
        """Who reported it."""
        return frozenset(report.observer for report in self.reports)

    @property
    def line(self) -> int:
        """The middle of the lines named."""
        return median_low([report.line for report in self.reports])

    @property
    def spread(self) -> int:
        """Lines between the first and the last line named."""
        lines = [report.line for report in self.reports]
        return max(lines) - min(lines)

    @property
    def kinds(self) -> frozenset[str]:
        """What kinds of weakness were named."""
        return frozenset(kin_of(report.cwe) for report in self.reports)

    def cwe(self, prior: Callable[[str], float]) -> str:
        """The number most observers gave; among equals the one that holds up more often."""
        votes = Counter(report.cwe for report in self.reports)
        return max(sorted(votes), key=lambda cwe: (votes[cwe], prior(cwe)))

    def line_of(self, cwe: str) -> int:
        """The middle of the lines named by those who gave that number."""
        return median_low([report.line for report in self.reports if report.cwe == cwe])


def kin_of(cwe: str) -> str:
    """The wide group that a CWE number belongs to."""
    family = family_of(cwe)
    return KIN.get(family, family)


def align(reports: Iterable[Report], observers: Sequence[str]) -> list[Group]:
    """Group the reports, in the order of path and line.  The order in which they are given does not matter.

    Args:
        reports: What was reported; equal reports of one observer count once.
        observers: Who could have reported, the most trusted first: their lines are what others are compared with.
    """
    by_place: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in sorted(set(reports)):
        by_place[report.path, report.observer].append(report)
    groups = [
        Group(path, tuple(members))
        for path in sorted({path for path, _ in by_place})
        for members in _aligned([by_place[path, observer] for observer in observers if (path, observer) in by_place])
    ]
    return sorted(groups, key=lambda group: (group.path, group.line, group.reports))


def _aligned(columns: list[list[Report]]) -> list[list[Report]]:
    """The reports about one file, one column for each observer."""
    groups: list[list[Report]] = []
    for column in columns:
        pairs = sorted(
            (not exact, abs(median_low([one.line for one in group]) - report.line), number, place)
            for number, report in enumerate(column)
            for place, group in enumerate(groups)
            if (exact := any(one.cwe == report.cwe for one in group))
            or any(kin_of(one.cwe) == kin_of(report.cwe) for one in group)
        )
        placed: set[int] = set()
        full: set[int] = set()
        for _, distance, number, place in pairs:
            if distance <= REACH and number not in placed and place not in full:
                groups[place].append(column[number])
                placed.add(number)
                full.add(place)
        groups += [[report] for number, report in enumerate(column) if number not in placed]
    return groups
