"""Evidence and judgement together: one list of findings, what was left out, and how far it can be trusted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.combining import with_conflicts
from manyeyes_tools.evidence import PER_RULE
from manyeyes_tools.findings import Finding, Severity, Suppressed
from manyeyes_tools.merging import merge, rank

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes.results import Status
    from manyeyes_tools.evidence import Evidence
    from manyeyes_tools.inquiry import Judgement
    from manyeyes_tools.material import Material

DISMISSED = "models that read the code hold it to be none"
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
    counts: dict[str, int]
    dismissed: list[Finding]


def conclude(material: Material, evidence: Evidence, judgement: Judgement, *, limit: int | None) -> Conclusion:
    """Merge what engines and models reported and keep the `limit` findings most worth a reader's time; None for all.

    Where the judgement has folded in the evidence, `evidence` holds only what no model was asked about.
    """
    engines = in_dispute(evidence.findings, judgement)
    merged = (*judgement.findings, *merge(engines)) if judgement.folded else merge([*engines, *judgement.findings])
    weighed, lowered = _severities(merged, material)
    shown, reasons = rank(weighed, limit)
    reasons = Counter(reasons) + judgement.ungrounded
    if judgement.dismissed:
        reasons[DISMISSED] += len(judgement.dismissed)
    if evidence.repeated:
        reasons[f"there are more than {PER_RULE} of its rule in its file"] += evidence.repeated
    if evidence.unchanged:
        reasons["it lies outside the change"] += evidence.unchanged
    problems = [*judgement.problems, *evidence.problems, *material.missing()]
    return Conclusion(
        findings=with_conflicts(shown, material.files),
        suppressed=Suppressed(count=sum(reasons.values()), reasons=dict(sorted(reasons.items()))),
        status="evidence_only" if not judgement.heard else "partial" if problems else "complete",
        problems=problems,
        notes=[*judgement.notes, *lowered, *material.left_alone(), *evidence.notes],
        counts=dict(Counter(str(finding.severity) for finding in weighed)),
        dismissed=[
            one.finding.model_copy(update={"dissent": " | ".join(f"{who}: {why}" for who, why in one.said) or None})
            for one in sorted(judgement.dismissed, key=lambda one: (one.finding.path, one.finding.start_line))
        ],
    )


def unweighed(focus: str, judgement: Judgement) -> list[str]:
    """A note where a focus was given and no model was heard: engines go by their rules alone."""
    if not focus or judgement.heard:
        return []
    return [f"The focus ({focus}) had no effect: only a model can weigh it, and none was heard."]


def describe(findings: Iterable[Finding], material: Material, evidence: Evidence) -> str:
    """What the engines found, in one sentence, and what none of them looked for."""
    counts = Counter(finding.severity for finding in findings)
    files = len(material.files) + len(material.sealed)
    where = f"{files} file{'' if files == 1 else 's'}"
    if counts:
        listed = ", ".join(f"{counts[severity]} {severity}" for severity in Severity if counts[severity])
        total = sum(counts.values())
        return " ".join((f"{total} finding{'' if total == 1 else 's'} in {where} ({listed}).", *evidence.notes))
    if evidence.notes:
        return f"Nothing was found in {where}, and not everything was looked for. {' '.join(evidence.notes)}"
    return f"Nothing was found in {where} by {', '.join(evidence.engines)}."


def in_dispute(findings: Iterable[Finding], judgement: Judgement) -> list[Finding]:
    """Findings with what models said against it: the dissent stays visible and lowers the confidence."""
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


def _severities(findings: Iterable[Finding], material: Material) -> tuple[list[Finding], list[str]]:
    """The project's own weights, by category, CWE or rule; and a word where it made light of something."""
    weights = material.project.severities
    weighed, lowered = [], 0
    for finding in findings:
        keys = [*finding.sources, finding.cwe or "", finding.category]
        severity = next((weights[key] for key in keys if key in weights), finding.severity)
        lowered += severity.rank > finding.severity.rank
        weighed.append(finding.model_copy(update={"severity": severity}))
    note = f"The project's manyeyes.toml lowered the severity of {lowered} finding{'' if lowered == 1 else 's'}."
    return weighed, [note] if lowered else []
