"""The steps of a pipeline over one material: each makes its own tool's result, from what was established before."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.arguments import DocArguments, MaterialArguments, ScanArguments
from manyeyes_tools.casework import Dismissed
from manyeyes_tools.chunks import tokens
from manyeyes_tools.conclusion import conclude, describe
from manyeyes_tools.evidence.external import scanners
from manyeyes_tools.evidence.remembered import remembered
from manyeyes_tools.findings import ScanResult, Severity
from manyeyes_tools.judgement import CaseAnswer, Judgement, Question, judge
from manyeyes_tools.merging import merge
from manyeyes_tools.pipeline.digest import joined
from manyeyes_tools.pipeline.excerpts import excerpts
from manyeyes_tools.pipeline.practices import is_practice
from manyeyes_tools.pipeline.suspicions import Suspicions, worth_asking
from manyeyes_tools.reports.markdown import inline, span
from manyeyes_tools.reviewing import examine
from manyeyes_tools.scrutiny import WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.documents.result import DocResult
    from manyeyes_tools.findings import Finding, ReviewResult
    from manyeyes_tools.material import Material
    from manyeyes_tools.pipeline.excerpts import Excerpts

EXCERPTS = 0.12
"""The part of the material's tokens that the security step is shown again."""
LEAST_TOKENS = 800
"""So much is shown however small the material is."""
WARNED = 0.5
"""Documentation warns of what is at least this sure."""


@dataclass(frozen=True, slots=True)
class Work:
    """What all steps share."""

    material: Material
    depth: Depth
    model: str | None
    bench: Bench


async def review(work: Work) -> ReviewResult:
    """The first reader, who reads everything and is checked by the next step."""
    return await examine(
        work.material,
        work.bench,
        depth=work.depth,
        model=work.model,
        prompt="first_reader",
        checked=True,
        frugal=True,
    )


async def review_alone(work: Work) -> ReviewResult:
    """A review that no step follows, and that leaves to `practices` what is theirs."""
    return await examine(
        work.material, work.bench, depth=work.depth, model=work.model, only=lambda one: not is_practice(one)
    )


async def practices(work: Work) -> ReviewResult:
    """How the code is built, beside whether it works."""
    return await examine(
        work.material,
        work.bench,
        depth=work.depth,
        model=work.model,
        prompt="practices",
        checked=True,
        only=is_practice,
    )


async def security(work: Work, earlier: Sequence[Finding], aside: list[Finding] | None) -> ScanResult:
    """Security engineers who answer for each place that was named before whether it is real, and look for more.

    One of another vendor than the reviewer's where there is one; with `panel` one of each vendor.

    Args:
        work: What the steps share.
        earlier: What the review found.
        aside: Takes what is no matter of security, as they have weighed it; None where no other part could tell it.
    """
    evidence = await remembered.of(work.material, purpose="security", external=scanners(work.bench))
    known = await compute(joined, earlier, await compute(merge, evidence.findings))
    shown = await compute(excerpts, work.material, list(filter(worth_asking, known)), _room(work.material))
    judgement = Judgement()
    if shown is not None:
        question = Question(
            tool="security_scan",
            role="security engineer",
            prompt="second_reader",
            answer=CaseAnswer,
            depth=work.depth,
            model=work.model,
            checked=True,
            casework=Suspicions(shown.findings, {file.path: file for file in work.material.files}),
            frugal=True,
        )
        # Text, so that the model judges what it is shown and does not read the rest again for itself.
        judgement = await judge(replace(shown.material, origin="code"), shown.findings, question, work.bench)
        _withdraw(judgement, shown.findings)
    asked = {one.id for one in shown.findings} if shown is not None and judgement.folded else set()
    # Each under its id, which the other steps speak of: nothing more is merged.
    judgement.findings += [one for one in known if one.id not in asked]
    judgement.folded = True
    notes = _reread(shown, judgement, work.depth)
    security, faults = _told_apart(judgement.findings, evidence.findings, apart=aside is not None)
    # What the review had told was weighed there; what is told for the first time is weighed here, whatever it is.
    told = {one.id for one in earlier}
    judgement.findings = [*security, *(one for one in faults if one.id not in told)]
    conclusion = await compute(conclude, work.material, replace(evidence, findings=()), judgement, limit=None)
    findings, new = _told_apart(conclusion.findings, evidence.findings, apart=aside is not None)
    if aside is not None:
        aside += [*(one for one in faults if one.id in told), *new]
    return ScanResult(
        status=conclusion.status,
        summary=judgement.summary or describe(findings, work.material, evidence),
        problems=conclusion.problems,
        notes=[*work.bench.notices, *conclusion.notes, *notes],
        run=work.bench.run(),
        findings=findings,
        counts=dict(Counter(conclusion.counts) - Counter(str(one.severity) for one in new)),
        scan_type="sast",
        rules_run=evidence.rules_run,
        sarif=f"manyeyes://runs/{work.bench.run_id}/sarif",
        suppressed=conclusion.suppressed,
        dismissed=conclusion.dismissed,
    )


def _told_apart(
    findings: Sequence[Finding], evidence: Sequence[Finding], *, apart: bool
) -> tuple[list[Finding], list[Finding]]:
    """Matters of security, as all is that the engines looked for on their behalf, and other faults where asked."""
    weak = {one.id for one in evidence}
    faults = [one for one in findings if apart and one.id not in weak and not _is_weakness(one)]
    others = {one.id for one in faults}
    return [one for one in findings if one.id not in others], faults


def _is_weakness(finding: Finding) -> bool:
    return finding.cwe is not None or "secur" in finding.category.casefold()


def _room(material: Material) -> int:
    """Tokens of the material that the security step is shown again."""
    return max(int(sum(tokens(file.masked) for file in material.files) * EXCERPTS), LEAST_TOKENS)


def _withdraw(judgement: Judgement, asked: Sequence[Finding]) -> None:
    """Dismiss what a panel's member had reported in the step before and takes back: no step goes on holding it up."""
    known = {one.id for one in judgement.findings} | {one.finding.id for one in judgement.dismissed}
    gone = [one for one in asked if one.id not in known] if judgement.folded else []
    judgement.dismissed += [Dismissed(one, tuple((name, "withdrew it") for name in one.sources)) for one in gone]
    judgement.ungrounded[WITHDRAWN] -= len(gone)
    judgement.ungrounded += Counter()  # takes out what is none


def _reread(shown: Excerpts | None, judgement: Judgement, depth: Depth) -> list[str]:
    """Who was asked, and what they made of it, in two lines."""
    if shown is None:
        return ["Neither the review nor the engines named a place, so no model was asked to read one again."]
    if not judgement.heard:
        return []
    places = sum(len(file.parts) for file in shown.material.files)
    disputed = {one.id for one in judgement.findings if one.dissent}
    ids = {one.id for one in shown.findings}
    who = "a panel's models" if depth == "panel" else "a second model"
    return [
        f"Read again by {who}: {places} places that the review or the engines named, not all.",
        f"Of {len(ids)} suspicions there {len(judgement.dismissed)} were dismissed and {len(disputed & ids)} disputed.",
    ]


async def security_alone(work: Work, arguments: MaterialArguments) -> ScanResult:
    """A scan that no review went before, read anew: what it looks at may be more than the review is shown."""
    from manyeyes_tools.scanning import scan

    same = {name: getattr(arguments, name) for name in MaterialArguments.model_fields}
    return await scan(ScanArguments(**same), work.bench)


async def documentation(work: Work, earlier: Sequence[Finding]) -> DocResult:
    """Documentation that warns of what was found."""
    from manyeyes_tools.documenting import document

    arguments = DocArguments(depth="quick" if work.depth == "quick" else "standard", model=work.model)
    written = await document(work.material, arguments, work.bench, brief=True)
    return written.model_copy(update={"document": warned(written.document, earlier)})


def warned(document: str, findings: Sequence[Finding]) -> str:
    """The document with a chapter that warns of what is wrong with the code as it stands."""
    told = [
        f"- {finding.severity}: {inline(finding.title)}, {span(f'{finding.path}:{finding.start_line}')} ({finding.id})"
        for finding in findings
        if finding.severity.at_least(Severity.MEDIUM) and finding.confidence >= WARNED
    ]
    if not told:
        return document
    chapter = "\n".join(("## Known problems", "", "Found when this was written, and not mended since:", "", *told))
    return f"{document.rstrip()}\n\n{chapter}\n"
