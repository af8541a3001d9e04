"""How code is scanned for weaknesses: read it, let the engines look, put what they found before models, conclude."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools import findings_tool
from manyeyes_tools.conclusion import conclude, describe, unweighed
from manyeyes_tools.evidence.external import scanners
from manyeyes_tools.evidence.remembered import evidence_of
from manyeyes_tools.findings import ScanResult
from manyeyes_tools.investigation import Bounds
from manyeyes_tools.judgement import CaseAnswer, Judgement, Question, judge
from manyeyes_tools.merging import merge
from manyeyes_tools.security.cases import SecurityCases
from manyeyes_tools.security.routes import routes_in
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import ScanArguments
    from manyeyes_tools.evidence import Evidence
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import Material

HUNT = Bounds(steps=10, calls=32)
"""How far a model looks around while it hunts along the routes of one piece."""


async def scan(arguments: ScanArguments, bench: Bench) -> ScanResult:
    """Scan what the arguments name.

    Raises:
        BadCall: there is nothing to scan, or not as asked.
    """
    await bench.progress("reading the code", 0, 3)
    material = await gather(arguments, bench, sealed=True)
    findings_tool.require_files(material)
    evidence = await evidence_of(material, bench, purpose="security", external=scanners(bench))
    await bench.progress(f"looked with {', '.join(evidence.engines) or 'no engine'}", 1, 3)
    wish = await findings_tool.masked(", ".join(material.project.focus), bench)
    apart = {file.path for file in material.sealed}
    candidates = await compute(merge, [one for one in evidence.findings if one.path not in apart])
    judgement = Judgement()
    if material.files:
        judgement = await _judged(material, candidates, arguments, wish, bench)
    if not evidence.engines and not judgement.heard:
        raise BadCall("Nothing could look at the code: " + " ".join([*evidence.problems, *judgement.problems]))
    # All of them: what a scan leaves out a gate would not see.  Long results are read page by page.
    rest = _unasked(evidence, judgement, apart)
    conclusion = await compute(conclude, material, rest, judgement, limit=None)
    return ScanResult(
        status=conclusion.status,
        summary=judgement.summary or describe(conclusion.findings, material, evidence),
        problems=conclusion.problems,
        notes=[*bench.notices, *conclusion.notes, *unweighed(wish, judgement)],
        run=bench.run(),
        findings=conclusion.findings,
        counts=conclusion.counts,
        scan_type=arguments.scan_type,
        rules_run=evidence.rules_run,
        sarif=f"manyeyes://runs/{bench.run_id}/sarif",
        suppressed=conclusion.suppressed,
        dismissed=conclusion.dismissed,
    )


async def _judged(
    material: Material, candidates: Sequence[Finding], arguments: ScanArguments, wish: str, bench: Bench
) -> Judgement:
    """The candidates, and what engines cannot see, before the models: both in one call for each piece."""
    routes = await compute(routes_in, material.files)
    question = Question(
        tool="security_scan",
        role="security engineer",
        prompt="security",
        answer=CaseAnswer,
        depth=arguments.depth,
        model=arguments.model,
        wish=wish,
        bounds=HUNT,
        casework=SecurityCases(tuple(candidates), {file.path: file for file in material.files}, routes),
    )
    return await judge(material, candidates, question, bench)


def _unasked(evidence: Evidence, judgement: Judgement, apart: set[str]) -> Evidence:
    """The evidence that no model was asked about: what lies in files for secrets, or all where none was heard."""
    if not judgement.folded:
        return evidence
    return replace(evidence, findings=tuple(one for one in evidence.findings if one.path in apart))
