"""How code is scanned for weaknesses: read it, let the engines look, ask the models, conclude."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools import findings_tool
from manyeyes_tools.conclusion import conclude, describe, unweighed
from manyeyes_tools.evidence.remembered import remembered
from manyeyes_tools.findings import ScanResult
from manyeyes_tools.judgement import Question, SecurityAnswer, judge
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import ScanArguments


async def scan(arguments: ScanArguments, bench: Bench) -> ScanResult:
    """Scan what the arguments name.

    Raises:
        BadCall: there is nothing to scan, or not as asked.
    """
    await bench.progress("reading the code", 0, 3)
    material = await gather(arguments, bench)
    findings_tool.require_files(material)
    evidence = await remembered.of(material, purpose="security")
    question = Question(
        tool="security_scan",
        role="security engineer",
        prompt="security",
        answer=SecurityAnswer,
        depth=arguments.depth,
        model=arguments.model,
        wish=await findings_tool.masked(", ".join(material.project.focus), bench),
    )
    await bench.progress(f"looked with {', '.join(evidence.engines) or 'no engine'}", 1, 3)
    judgement = await judge(material, evidence.findings, question, bench)
    if not evidence.engines and not judgement.heard:
        raise BadCall("Nothing could look at the code: " + " ".join([*evidence.problems, *judgement.problems]))
    limit = findings_tool.limit(material, bench)
    conclusion = await compute(conclude, material, evidence, judgement, limit=limit)
    return ScanResult(
        status=conclusion.status,
        summary=judgement.summary or describe(conclusion.findings, material, evidence),
        problems=conclusion.problems,
        notes=[*bench.notices, *conclusion.notes, *unweighed(question.wish, judgement)],
        run=bench.run(),
        findings=conclusion.findings,
        counts=conclusion.counts,
        scan_type=arguments.scan_type,
        rules_run=evidence.rules_run,
        sarif=f"manyeyes://runs/{bench.run_id}/sarif",
        suppressed=conclusion.suppressed,
    )
