"""What a panel of several vendors reports, as one list whose confidence is a fitted probability."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from manyeyes_tools.agreement.alignment import REACH, kin_of
from manyeyes_tools.agreement.belief import shipped
from manyeyes_tools.agreement.reports import Level, Report
from manyeyes_tools.findings import Severity
from manyeyes_tools.merging import is_engine, merge
from manyeyes_tools.weaknesses import owasp_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.agreement.belief import Settled
    from manyeyes_tools.findings import Finding

_LEVELS: dict[Severity, Level] = {
    Severity.CRITICAL: "high",
    Severity.HIGH: "high",
    Severity.MEDIUM: "medium",
    Severity.LOW: "low",
    Severity.INFO: "low",
}


def agreed(engines: Sequence[Finding], models: Sequence[Finding], heard: Sequence[str]) -> tuple[Finding, ...]:
    """One finding for each weakness.

    What models report has the probability of the fitted merger, in which engines count as support.  What engines alone
    report keeps their own confidence: the merger knows nothing of it.  The order of what is given does not matter.

    Blocking: to be called in a worker thread.

    Args:
        engines: What engines report, one finding for each weakness and place.
        models: What models report, a model's "true" to a candidate included; each has one source.
        heard: Who answered, those who reported nothing included.
    """
    numbered: defaultdict[Report, list[Finding]] = defaultdict(list)
    rest = [one for one in models if one.cwe is None]
    for one in models:
        if one.cwe is not None:
            numbered[_report(one, one.sources[0])].append(one)
    support = [_report(one, source) for one in engines if one.cwe for source in one.sources]
    settled = shipped().settle(numbered, sorted(set(heard)), support)
    free = sorted(engines, key=lambda one: (one.path, one.start_line, one.id))
    united: list[Finding] = []
    for weakness in settled:
        members = [finding for report in weakness.group.reports for finding in numbered[report]]
        beside = _beside(weakness, free)
        free = [finding for finding in free if finding not in beside]
        united.append(_united(weakness, members, beside))
    return _distinct([*united, *merge([*free, *rest])])


def _report(finding: Finding, observer: str) -> Report:
    return Report(
        observer=observer,
        path=finding.path,
        line=finding.start_line,
        cwe=finding.cwe or "",
        level=_LEVELS[finding.severity],
    )


def _beside(settled: Settled, engines: Sequence[Finding]) -> list[Finding]:
    """The engines' findings that mean the same: those that its members name, or else the nearest of its kind."""
    kinds = settled.group.kinds
    lines = {report.line for report in settled.group.reports}
    akin = [one for one in engines if one.path == settled.path and one.cwe and kin_of(one.cwe) in kinds]
    same = [one for one in akin if any(one.start_line <= line <= one.end_line for line in lines)]
    if same:
        return same
    near = [one for one in akin if min(abs(one.start_line - line) for line in lines) <= REACH]
    return sorted(near, key=lambda one: (abs(one.start_line - settled.line), one.start_line, one.id))[:1]


def _united(settled: Settled, members: Sequence[Finding], beside: Sequence[Finding]) -> Finding:
    """The finding that a group is shown as: its number, its place, the words of the surest who agrees with both."""
    ordered = sorted(members, key=lambda one: (one.cwe != settled.cwe, -one.confidence, one.model_dump_json()))
    told = ordered[0]
    place = min(
        (one for one in ordered if one.cwe == settled.cwe),
        key=lambda one: (one.start_line != settled.line, one.end_line - one.start_line, one.model_dump_json()),
    )
    named = beside[0] if beside else place
    severity = sorted((one.severity for one in members), key=lambda one: one.rank)[(len(members) - 1) // 2]
    suggestions = [one for one in (*ordered, *beside) if one.suggestion is not None]
    best = max(
        suggestions,
        key=lambda one: (
            one.suggestion is not None and one.suggestion.applies,
            one.suggestion is not None and one.suggestion.patch is not None,
            not is_engine(one.sources[0]),
            one.model_dump_json(),
        ),
        default=None,
    )
    dissent = sorted({one.dissent for one in (*members, *beside) if one.dissent})
    return place.model_copy(
        update={
            "id": named.id,
            "title": told.title,
            "category": told.category,
            "explanation": told.explanation,
            "severity": severity,
            "cwe": settled.cwe,
            "owasp": owasp_of(settled.cwe) or place.owasp,
            "confidence": round(settled.probability, 3),
            "sources": sorted({source for one in (*members, *beside) for source in one.sources}),
            "dissent": " | ".join(dissent) or None,
            "suggestion": best.suggestion if best else None,
            "trace": max((one.trace for one in (*beside, *members)), key=len),
        }
    )


def _distinct(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings by place, the surer of two that name the same weakness at the same line or by the same id."""
    best: dict[tuple[object, ...], Finding] = {}
    ids: set[str] = set()
    for one in sorted(findings, key=lambda one: (-one.confidence, one.path, one.start_line, one.id)):
        key = (one.path, one.start_line, kin_of(one.cwe) if one.cwe else one.category.casefold())
        if key not in best and one.id not in ids:
            best[key] = one
            ids.add(one.id)
    return tuple(sorted(best.values(), key=lambda one: (one.path, one.start_line, one.end_line, one.id)))
