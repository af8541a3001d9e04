"""What a step hands on: findings by their ids, in one line each, not prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.merging import worth

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def lines(findings: Iterable[Finding]) -> list[str]:
    """One line for each finding: id, severity, place, title, weakness, how sure, who says so."""
    return [
        f"{one.id} {one.severity} {one.path}:{one.start_line} {' '.join(one.title.split())}"
        + (f" ({one.cwe})" if one.cwe else "")
        + f", {one.confidence:.0%}, {', '.join(one.sources)}"
        + (" — disputed" if one.dissent else "")
        for one in findings
    ]
