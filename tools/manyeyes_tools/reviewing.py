"""How code is reviewed: read it, let the engines look, ask the models, conclude."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools import findings_tool
from manyeyes_tools.conclusion import conclude, describe, unweighed
from manyeyes_tools.evidence.remembered import remembered
from manyeyes_tools.findings import ReviewResult, Severity, worst
from manyeyes_tools.judgement import Question, ReviewAnswer, judge
from manyeyes_tools.scrutiny import REFUTED, WITHDRAWN
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import ReviewArguments
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.judgement import Judgement

Verdict: TypeAlias = Literal["approve", "comment", "request_changes"]


async def review(arguments: ReviewArguments, bench: Bench) -> ReviewResult:
    """Review what the arguments name.

    Raises:
        BadCall: there is nothing to review, or not as asked.
    """
    await bench.progress("reading the code", 0, 3)
    material = await gather(arguments, bench)
    findings_tool.require_files(material)
    evidence = await remembered.of(material, purpose="review")
    question = Question(
        tool="code_review",
        role="reviewer",
        prompt="review",
        answer=ReviewAnswer,
        depth=arguments.depth,
        model=arguments.model,
        focus=await findings_tool.masked(arguments.focus or "", bench),
        guided=True,
        wish=await findings_tool.masked(", ".join(material.project.focus), bench),
    )
    await bench.progress(f"looked with {', '.join(evidence.engines) or 'no engine'}", 1, 3)
    judgement = await judge(material, evidence.findings, question, bench)
    if not evidence.engines and not judgement.heard:
        raise BadCall("Nothing could look at the code: " + " ".join([*evidence.problems, *judgement.problems]))
    limit = findings_tool.limit(material, bench)
    conclusion = await compute(conclude, material, evidence, judgement, limit=limit)
    return ReviewResult(
        status=conclusion.status,
        summary=judgement.summary or describe(conclusion.findings, material, evidence),
        problems=conclusion.problems,
        notes=[*bench.notices, *conclusion.notes, *unweighed(question.focus or question.wish, judgement)],
        run=bench.run(),
        findings=conclusion.findings,
        counts=conclusion.counts,
        verdict=_verdict(judgement, conclusion.findings),
        suppressed=conclusion.suppressed,
    )


def _verdict(judgement: Judgement, findings: list[Finding]) -> Verdict | None:
    """The strictest of the verdicts, and never an approval beside a finding that must be mended.

    Where other models refuted what a model reported, its verdict alone stops nothing: something that was found must.
    """
    verdicts = judgement.verdicts
    if not verdicts:
        return None
    bad = worst(finding for finding in findings if finding.confidence >= 0.5)  # noqa: PLR2004  # more likely than not
    if bad is not None and bad.at_least(Severity.HIGH):
        return "request_changes"
    refuted = any(judgement.ungrounded[reason] for reason in (REFUTED, WITHDRAWN)) or any(
        finding.dissent for finding in findings
    )
    if "request_changes" in verdicts and (not refuted or (bad is not None and bad.at_least(Severity.MEDIUM))):
        return "request_changes"
    return "approve" if set(verdicts) == {"approve"} and not findings else "comment"
