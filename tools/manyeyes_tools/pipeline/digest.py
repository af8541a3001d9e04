"""What a step hands on: findings by their ids, in one line each, not prose."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from manyeyes_tools.merging import merge, worth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manyeyes_tools.findings import Finding


def united(*steps: Iterable[Finding]) -> list[Finding]:
    """The findings of all steps, each id once: a later step's word on it replaces an earlier one's, sources add up."""
    known: dict[str, Finding] = {}
    for step in steps:
        for finding in step:
            before = known.get(finding.id)
            if before is not None:
                sources = sorted({*before.sources, *finding.sources})
                finding = finding.model_copy(update={"sources": sources})  # noqa: PLW2901  # the same finding, told fully
            known[finding.id] = finding
    return sorted(known.values(), key=lambda one: (-worth(one), one.path, one.start_line, one.id))


def joined(established: Sequence[Finding], further: Iterable[Finding]) -> list[Finding]:
    """What is established, each under its id, and of the rest what is another fault than those.

    What tells of the same fault, by its id or its place and kind, adds its sources, and whatever the other lacks.

    Blocking: to be called in a worker thread.
    """
    whole = {one.id: one for one in established}
    at: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    for one in whole.values():
        for line in range(one.start_line - 1, one.end_line + 2):
            at[one.path, line].append(one.id)
    for other in further:
        near = [name for line in range(other.start_line, other.end_line + 1) for name in at.get((other.path, line), ())]
        same = next((name for name in (other.id, *near) if name in whole and _same(whole[name], other)), None)
        if same is None:
            whole[other.id] = other
        else:
            whole[same] = _told_by_both(whole[same], other)
    return sorted(whole.values(), key=lambda one: (-worth(one), one.path, one.start_line, one.id))


def _same(one: Finding, other: Finding) -> bool:
    return one.id == other.id or len(merge((one, other))) == 1


def _told_by_both(one: Finding, other: Finding) -> Finding:
    return one.model_copy(
        update={
            "sources": sorted({*one.sources, *other.sources}),
            "confidence": max(one.confidence, other.confidence),
            "severity": min(one.severity, other.severity, key=lambda severity: severity.rank),
            "cwe": one.cwe or other.cwe,
            "owasp": one.owasp or (other.owasp if one.cwe in {None, other.cwe} else None),
            "suggestion": one.suggestion or other.suggestion,
            "trace": max(one.trace, other.trace, key=len),
        }
    )


def lines(findings: Iterable[Finding]) -> list[str]:
    """One line for each finding: id, severity, place, title, weakness, how sure, who says so."""
    return [f"{_line(one)}{' — disputed' if one.dissent else ''}" for one in findings]


def dismissed(findings: Iterable[Finding]) -> list[str]:
    """One line for each finding that a later step refuted: the same, and who says so."""
    return [f"{_line(one)} — dismissed: {' '.join((one.dissent or '').split())}" for one in findings]


def _line(one: Finding) -> str:
    weakness = f" ({one.cwe})" if one.cwe else ""
    title = " ".join(one.title.split())
    return (
        f"{one.id} {one.severity} {one.path}:{one.start_line} {title}{weakness}, {one.confidence:.0%}, "
        f"{', '.join(one.sources)}"
    )
