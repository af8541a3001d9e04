"""One finding where several observers saw the same fault, and the order in which findings are shown."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from math import prod
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.weaknesses import family_of, owasp_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.findings import Suggestion

ENGINE_PREFIXES = frozenset({"ruff", "manyeyes"})
"""What the sources of engines begin with; all other sources are models."""

SUREST = 0.99
"""No number of observers makes a finding surer than this."""

WEIGHTS = {
    Severity.CRITICAL: 1.0,
    Severity.HIGH: 0.7,
    Severity.MEDIUM: 0.4,
    Severity.LOW: 0.2,
    Severity.INFO: 0.05,
}
"""What a sure finding of each severity is worth to a reader, in comparison."""

_AS_SURE = 0.15
"""Observers so little less sure than the surest also have a say in the severity."""
_SIMILAR = 0.5
_BLOCK = 8
"""Lines that are looked up together."""
_WORDS = re.compile(r"[a-z]{3,}")
_EMPTY_WORDS = frozenset({"the", "and", "for", "with", "from", "this", "that", "are", "not", "can", "may", "possible"})


@dataclass(frozen=True, slots=True)
class _Member:
    """A finding with what is asked of it again and again: its place in the order, and what kind of fault it is."""

    finding: Finding
    order: tuple[str, int, int, bool, str]
    family: str
    category: str
    words: frozenset[str]

    @classmethod
    def of(cls, finding: Finding) -> _Member:
        family = family_of(finding.cwe) if finding.cwe else ""
        return cls(finding, _order(finding), family, finding.category.casefold(), _words(finding.title))


@dataclass(slots=True)
class _Cluster:
    """Findings of one fault.  The first is the narrowest and says where it is."""

    number: int
    members: list[_Member]
    sources: set[str]

    @property
    def core(self) -> Finding:
        return self.members[0].finding

    def akin(self, other: _Member) -> bool:
        return _akin(self.members[0], other)

    def add(self, *members: _Member) -> None:
        self.members = sorted([*self.members, *members], key=lambda one: one.order)
        self.sources.update(source for one in members for source in one.finding.sources)


@dataclass(slots=True)
class _Clusters:
    """The clusters of one file, found by their lines, so that a finding is compared with its neighbours alone."""

    every: list[_Cluster] = field(default_factory=list)
    _by_block: defaultdict[int, list[_Cluster]] = field(default_factory=lambda: defaultdict(list))

    def take(self, member: _Member) -> None:
        """Put a finding into the cluster it shares most with, or into one of its own; narrow findings come first."""
        finding = member.finding
        same = [
            one
            for block in _blocks(finding)
            for one in self._by_block[block]
            if _overlap(one.core, finding) and one.akin(member)
        ]
        if same:
            best = max(same, key=lambda one: (_shared(one.core, finding), -one.core.start_line, -one.number))
            best.members.append(member)  # what comes later is never narrower, so the first stays the first
            best.sources.update(finding.sources)
            return
        cluster = _Cluster(len(self.every), [member], set(finding.sources))
        self.every.append(cluster)
        for block in _blocks(finding):
            self._by_block[block].append(cluster)


def _blocks(finding: Finding) -> range:
    return range(finding.start_line // _BLOCK, finding.end_line // _BLOCK + 1)


def merge(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Make one finding of those that report the same fault: same file, same kind, overlapping or adjacent lines.

    Adjacent lines alone join only what different observers reported, since one observer that names two lines
    means two faults.  The result does not depend on the order given; it is ordered by path and line.

    Blocking, about 50 ms for a thousand findings: to be called in a worker thread.
    """
    by_path: defaultdict[str, _Clusters] = defaultdict(_Clusters)
    for member in sorted(map(_Member.of, findings), key=lambda one: one.order):
        by_path[member.finding.path].take(member)
    united = [_united(cluster) for path in sorted(by_path) for cluster in _join_adjacent(by_path[path].every)]
    return _distinct(sorted(united, key=lambda one: (one.path, one.start_line, one.end_line, one.id)))


def rank(
    findings: Iterable[Finding], limit: int | None, *, floor: float = 0.0
) -> tuple[tuple[Finding, ...], dict[str, int]]:
    """The findings most worth a reader's time, and why how many others are left out.

    What is left out goes by severity and confidence together: a sure fault is worth more than a graver suspicion.  What
    is shown is in the order that readers expect, the worst first and among equals the surest.

    Args:
        findings: Merged findings.
        limit: No more than these are shown; None for all.
        floor: Findings less sure than this are left out.
    """
    every = sorted(findings, key=lambda one: (-worth(one), one.path, one.start_line, one.end_line, one.id))
    sure = [one for one in every if one.confidence >= floor]
    reasons = {
        "it is too unsure": len(every) - len(sure),
        f"there are more than {limit}": 0 if limit is None else max(0, len(sure) - limit),
    }
    shown = sorted(sure[:limit], key=lambda one: (one.severity.rank, -one.confidence))
    return tuple(shown), {reason: count for reason, count in reasons.items() if count}


def worth(finding: Finding) -> float:
    """What showing a finding is worth: its severity's weight by its confidence."""
    return WEIGHTS[finding.severity] * finding.confidence


def is_engine(source: str) -> bool:
    """Whether a finding's source is an engine and not a model."""
    head = source.partition(":")[0]
    return head in ENGINE_PREFIXES or "/" in head  # the operator's scanners: `bandit/B307`


def _order(finding: Finding) -> tuple[str, int, int, bool, str]:
    """Narrow before wide, then by place, then engines before models; the whole content breaks ties."""
    return (
        finding.path,
        finding.end_line - finding.start_line,
        finding.start_line,
        not any(map(is_engine, finding.sources)),
        finding.model_dump_json(),
    )


def _overlap(one: Finding, other: Finding, gap: int = 0) -> bool:
    return one.start_line <= other.end_line + gap and other.start_line <= one.end_line + gap


def _shared(one: Finding, other: Finding) -> float:
    """How much of both their lines two findings share, 0 to 1."""
    common = min(one.end_line, other.end_line) - max(one.start_line, other.start_line) + 1
    whole = max(one.end_line, other.end_line) - min(one.start_line, other.start_line) + 1
    return common / whole


def _akin(one: _Member, other: _Member) -> bool:
    if one.family and other.family:
        return one.finding.cwe == other.finding.cwe or one.family == other.family
    if one.category != other.category:
        return False
    common = len(one.words & other.words)
    return one.finding.title == other.finding.title or common >= _SIMILAR * max(
        min(len(one.words), len(other.words)), 1
    )


def _words(title: str) -> frozenset[str]:
    return frozenset(word[:6] for word in _WORDS.findall(title.casefold())) - _EMPTY_WORDS


def _join_adjacent(clusters: list[_Cluster]) -> list[_Cluster]:
    joined: list[_Cluster] = []
    near: list[_Cluster] = []  # those that reach as far as the lines that are still to come, the last one last
    for cluster in sorted(clusters, key=lambda one: (one.core.start_line, one.core.end_line, one.members[0].order)):
        near = [one for one in near if one.core.end_line >= cluster.core.start_line - 1]
        for before in reversed(near):
            if (
                _overlap(before.core, cluster.core, gap=1)
                and before.sources.isdisjoint(cluster.sources)
                and before.akin(cluster.members[0])
            ):
                before.add(*cluster.members)
                break
        else:
            joined.append(cluster)
            near.append(cluster)
    return joined


def _united(cluster: _Cluster) -> Finding:
    members = [one.finding for one in cluster.members]
    if len(members) == 1:
        return members[0]
    surest = max(one.confidence for one in members)
    voiced = [one for one in members if one.confidence >= surest - _AS_SURE]
    severity = min((one.severity for one in voiced), key=lambda one: one.rank)
    # A model explains the fault at hand, an engine its kind.
    told = max(
        cluster.members,
        key=lambda one: (
            not _by_engine(one.finding), one.finding.confidence, len(one.finding.explanation), one.order
        ),
    ).finding  # fmt: skip
    cwe = _cwe(members)
    named = [one for one in members if _by_engine(one)] or members
    return Finding(
        id=min(named, key=lambda one: (-one.confidence, one.id)).id,
        title=told.title,
        severity=severity,
        category=told.category,
        path=cluster.core.path,
        start_line=cluster.core.start_line,
        end_line=cluster.core.end_line,
        quote=cluster.core.quote,
        explanation=told.explanation,
        cwe=cwe,
        owasp=owasp_of(cwe) or next((one.owasp for one in members if one.owasp and one.cwe == cwe), None),
        confidence=_confidence(members),
        sources=sorted(cluster.sources),
        dissent=" | ".join(sorted({one.dissent for one in members if one.dissent})) or None,
        suggestion=_suggestion(cluster.members),
        trace=max((one.trace for one in members), key=len),
    )


def _by_engine(finding: Finding) -> bool:
    return any(map(is_engine, finding.sources))


def _cwe(members: list[Finding]) -> str | None:
    """The number of the surest who gives one."""
    numbered = [one for one in members if one.cwe]
    return max(numbered, key=lambda one: (one.confidence, one.cwe or "")).cwe if numbered else None


def _confidence(members: list[Finding]) -> float:
    """Noisy-or over independent observers: each model is one, all engines together are one, as they think alike."""
    voices: defaultdict[str, float] = defaultdict(float)
    for one in members:
        for source in one.sources:
            voice = "engines" if is_engine(source) else source
            voices[voice] = max(voices[voice], one.confidence)
    combined = 1 - prod(1 - sure for sure in voices.values())
    highest = max(one.confidence for one in members)
    return round(max(min(combined, SUREST), highest), 3)


def _suggestion(members: list[_Member]) -> Suggestion | None:
    best = max(
        (one for one in members if one.finding.suggestion is not None),
        key=lambda one: (
            one.finding.suggestion is not None and one.finding.suggestion.applies,
            one.finding.suggestion is not None and one.finding.suggestion.patch is not None,
            not _by_engine(one.finding),
            one.finding.confidence,
            one.order,
        ),
        default=None,
    )
    return best.finding.suggestion if best else None


def _distinct(findings: list[Finding]) -> tuple[Finding, ...]:
    """No two findings with one id: a further one at the same place gets its id from the first's and its count."""
    seen: set[str] = set()
    counts: defaultdict[str, int] = defaultdict(int)
    distinct = []
    for finding in findings:
        named = finding.id
        while named and named in seen:
            counts[finding.id] += 1
            named = f"F-{sha256(f'{finding.id}/{counts[finding.id]}'.encode()).hexdigest()[:8]}"
        seen.add(named)
        distinct.append(finding if named == finding.id else finding.model_copy(update={"id": named}))
    return tuple(distinct)
