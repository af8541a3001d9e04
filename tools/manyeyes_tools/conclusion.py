"""Evidence and judgement together: one list of findings, what was left out, and how far it can be trusted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Finding, Severity, Suppressed
from manyeyes_tools.merging import merge, rank

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes.results import Status
    from manyeyes_tools.evidence import Evidence
    from manyeyes_tools.judgement import Judgement
    from manyeyes_tools.material import Material

DISPUTED = 0.5
"""What is left of an engine's confidence when a model that read the code disagrees with reasons."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What goes into a result."""

    findings: list[Finding]
    suppressed: Suppressed
    status: Status
    problems: list[str]
    notes: list[str]


def conclude(material: Material, evidence: Evidence, judgement: Judgement, *, limit: int) -> Conclusion:
    """Merge what engines and models reported and keep the `limit` findings most worth a reader's time."""
    merged = merge([*_disputed(evidence.findings, judgement), *judgement.findings])
    shown, reasons = rank(_severities(merged, material), limit)
    reasons = Counter(reasons) + judgement.ungrounded
    if evidence.unchanged:
        reasons["it lies outside the change"] += evidence.unchanged
    # What engines have no rules for is covered where a model was heard; otherwise nobody has looked at it.
    unruled = [] if judgement.heard else evidence.notes
    problems = [*judgement.problems, *evidence.problems, *unruled, *material.missing()]
    return Conclusion(
        findings=list(shown),
        suppressed=Suppressed(count=sum(reasons.values()), reasons=dict(sorted(reasons.items()))),
        status="evidence_only" if not judgement.heard else "partial" if problems else "complete",
        problems=problems,
        notes=[*material.left_alone(), *(evidence.notes if judgement.heard else ())],
    )


def describe(findings: Iterable[Finding], material: Material, evidence: Evidence) -> str:
    """What the engines found, in one sentence."""
    counts = Counter(finding.severity for finding in findings)
    files = len(material.files)
    where = f"{files} file{'' if files == 1 else 's'}"
    by = ", ".join(evidence.engines)
    if not counts and evidence.notes:
        return f"Nothing was found in {where}, and not everything was looked for. {' '.join(evidence.notes)}"
    if not counts:
        return f"{by} looked at {where} and found nothing."
    listed = ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])
    total = sum(counts.values())
    return f"{total} finding{'' if total == 1 else 's'} in {where} ({listed})."


def _disputed(findings: Iterable[Finding], judgement: Judgement) -> list[Finding]:
    """Evidence with what models said against it: the dissent stays visible and lowers the confidence."""
    dissent: dict[str, list[str]] = {}
    for finding_id, ref, reason in judgement.disputed:
        dissent.setdefault(finding_id, []).append(f"{ref}: {reason}")
    return [
        finding.model_copy(
            update={"dissent": " | ".join(dissent[finding.id]), "confidence": round(finding.confidence * DISPUTED, 3)}
        )
        if finding.id in dissent
        else finding
        for finding in findings
    ]


def _severities(findings: Iterable[Finding], material: Material) -> list[Finding]:
    """The project's own weights, by category, CWE or rule."""
    weights = material.project.severities if material.project else {}
    if not weights:
        return list(findings)
    weighed = []
    for finding in findings:
        keys = [*finding.sources, finding.cwe or "", finding.category]
        severity = next((weights[key] for key in keys if key in weights), None)
        weighed.append(finding.model_copy(update={"severity": Severity(severity)}) if severity else finding)
    return weighed
