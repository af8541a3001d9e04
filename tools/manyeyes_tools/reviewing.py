"""How code is reviewed: read it, let the engines look, ask the models, conclude."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes.cores import compute, compute_on
from manyeyes.errors import BadCall
from manyeyes_tools import findings_tool
from manyeyes_tools.conclusion import conclude, describe, in_dispute, unweighed
from manyeyes_tools.evidence.remembered import evidence_of
from manyeyes_tools.findings import ReviewResult, Severity, worst
from manyeyes_tools.investigation import Library
from manyeyes_tools.investigation.library import NotThere
from manyeyes_tools.judgement import Judgement, Question, ReviewAnswer, digest_of, judge
from manyeyes_tools.outcomes import tell_resolved
from manyeyes_tools.prompts import load_prompt
from manyeyes_tools.rereading import Memory, Reviewed, credited, renamed, resolved, still_open
from manyeyes_tools.scrutiny import REFUTED, WITHDRAWN
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import Depth, ReviewArguments
    from manyeyes_tools.conclusion import Conclusion
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import Material
    from manyeyes_tools.rereading import Reread

_NAMED = 5

Verdict: TypeAlias = Literal["approve", "comment", "request_changes"]


async def review(arguments: ReviewArguments, bench: Bench) -> ReviewResult:
    """Review what the arguments name.

    Raises:
        BadCall: there is nothing to review, or not as asked.
    """
    await bench.progress("reading the code", 0, 3)
    material = await gather(arguments, bench)
    findings_tool.require_files(material)
    focus = await findings_tool.masked(arguments.focus or "", bench)
    compared = arguments.git or ""
    return await examine(material, bench, depth=arguments.depth, model=arguments.model, focus=focus, compared=compared)


async def examine(
    material: Material,
    bench: Bench,
    *,
    depth: Depth,
    model: str | None,
    focus: str = "",
    prompt: str = "review",
    checked: bool = False,
    frugal: bool = False,
    only: Callable[[Finding], bool] | None = None,
    compared: str = "",
) -> ReviewResult:
    """Review material that has been read.

    Args:
        material: The code, at least one file.
        bench: What to work with.
        depth: How much to spend on it.
        model: The model that the caller insists on.
        focus: What is to be looked at most, masked.
        prompt: Names the instructions.
        checked: Whether somebody else will check what is found, so that it is not put before a second model here.
        frugal: See `Question`.
        only: Which findings of the engines belong to it; all unless given.
        compared: The revisions of git that the material is the difference of.

    Raises:
        BadCall: nothing could look at the code.
    """
    evidence = await evidence_of(material, bench, purpose="review")
    if only is not None:
        evidence = replace(evidence, findings=tuple(filter(only, evidence.findings)))
    question = Question(
        tool="code_review",
        role="reviewer",
        prompt=prompt,
        answer=ReviewAnswer,
        depth=depth,
        model=model,
        focus=focus,
        guided=True,
        wish=await findings_tool.masked(", ".join(material.project.focus), bench),
        checked=checked,
        frugal=frugal,
    )
    await bench.progress(f"looked with {', '.join(evidence.engines) or 'no engine'}", 1, 3)
    earlier = await Earlier.of(material, question, bench, compared)
    again = earlier.reread
    if again is None:
        judgement = await judge(material, evidence.findings, question, bench)
    elif again.material is None:
        judgement = Judgement()
    else:  # what was found in the parts read again is put to the models by its id
        judgement = await judge(again.material, [*evidence.findings, *again.standing], question, bench)
    if not evidence.engines and not judgement.heard and again is None:
        raise BadCall("Nothing could look at the code: " + " ".join([*evidence.problems, *judgement.problems]))
    limit = findings_tool.limit(material, bench)

    def conclude_all() -> tuple[Judgement, Conclusion, set[str], list[tuple[Finding, str]]]:
        whole = earlier.carry_over(judgement)
        conclusion = conclude(material, evidence, whole, limit=limit)
        earlier.keep(material, judgement, whole)
        still = {one.id for one in (*conclusion.findings, *evidence.findings)}
        return whole, conclusion, still, earlier.credited(material, judgement, still)

    whole, conclusion, still, mended = await compute_on(material.size, conclude_all)
    tell_resolved(bench, question.tool, mended)
    return ReviewResult(
        status=conclusion.status,
        summary=whole.summary or describe(conclusion.findings, material, evidence),
        problems=conclusion.problems,
        notes=[
            *bench.notices,
            *earlier.told(judgement, whole),
            *conclusion.notes,
            *unweighed(question.focus or question.wish, whole),
        ],
        run=bench.run(),
        findings=conclusion.findings,
        counts=conclusion.counts,
        verdict=_verdict(whole, conclusion.findings),
        suppressed=conclusion.suppressed,
        resolved=[told for told in earlier.resolved(whole) if told not in still],
    )


@dataclass(slots=True)
class Earlier:
    """What an earlier review of the same files leaves to do, and what is kept for the next."""

    bench: Bench
    key: str = ""
    memory: Memory | None = None
    reread: Reread | None = None

    @classmethod
    async def of(cls, material: Material, question: Question, bench: Bench, compared: str = "") -> Earlier:
        """Look for an earlier review of the same files that was asked the same."""
        if material.origin == "code" or not bench.roots:
            return cls(bench)  # a text has no name to be known by; asked again unchanged it is a hit of the cache
        asked = (
            question.prompt,
            question.depth,
            question.model,
            question.focus,
            question.wish,
            load_prompt(question.prompt),
        )
        files = sorted(file.path for file in material.files)
        roots = sorted(str(root) for root in bench.roots)
        key = sha256(
            repr((asked, files, roots, material.origin, compared)).encode("utf-8", "surrogatepass")
        ).hexdigest()
        before = Reviewed.read(bench.recall(f"review {key}"))
        if before is None or not await compute(_same_beside, before, Library.of(material, bench)):
            return cls(bench, key)
        memory = await compute(Memory.of, material)
        return cls(bench, key, memory, await compute(memory.reread, material, before))

    def carry_over(self, judgement: Judgement) -> Judgement:
        """The judgement with what the earlier review found where nothing has changed."""
        again = self.reread
        if again is None:
            return judgement
        before = again.before
        found = renamed(again, judgement.findings)
        known = {one.id for one in found}
        spoken = {*(one[0] for one in judgement.disputed), *judgement.confirmed}
        carried = [one for one in again.carried if one.id not in known]
        if not self.read_all(judgement):
            # Not all that changed was read.  What still stands there may be a fault; what does not is only told of.
            carried += in_dispute((one for one in again.standing if one.id not in known), judgement)
        else:
            disputed = {one[0] for one in judgement.disputed}
            carried += still_open(again, found, judgement.confirmed, disputed)
        return replace(
            judgement,
            findings=[*found, *carried],
            beside={**before.beside, **judgement.beside},
            disputed=[*judgement.disputed, *(one for one in before.disputed if one[0] not in spoken)],
            verdicts=judgement.verdicts or (list(before.verdicts) if self.read_all(judgement) else []),
            summaries=judgement.summaries or ([before.summary] if self.read_all(judgement) else []),
            heard=judgement.heard or (1 if again.material is None else 0),
        )

    def read_all(self, judgement: Judgement) -> bool:
        """Whether models read all that they were to read."""
        nothing = self.reread is not None and self.reread.material is None
        return nothing or bool(judgement.heard and not judgement.problems)

    def keep(self, material: Material, judgement: Judgement, whole: Judgement) -> None:
        """Keep this review for the next, when models read all that they were to read.  Blocking: may parse."""
        if not self.key or not whole.heard or judgement.problems:
            return
        memory = self.memory or Memory.of(material)
        runs = {one.id: self.bench.run_id for one in whole.findings}
        if self.reread is not None:  # what was not found anew was named in an earlier run
            anew = {one.id for one in renamed(self.reread, judgement.findings)}
            named = self.reread.before.named
            runs = {told: run if told in anew else named.get(told, ("", ""))[0] for told, run in runs.items()}
        kept = memory.reviewed(whole.findings, whole.verdicts, whole.summary, whole.disputed, whole.beside, runs=runs)
        if kept is not None:
            self.bench.keep(f"review {self.key}", kept.model_dump_json())

    def resolved(self, whole: Judgement) -> list[str]:
        """The ids of what the earlier review found and this one does not."""
        return resolved(self.reread, whole.findings) if self.reread and self.read_all(whole) else []

    def credited(self, material: Material, judgement: Judgement, still: Container[str]) -> list[tuple[Finding, str]]:
        """What was found before and is gone because the code was mended, with the runs that named it.

        Args:
            material: All of it, as it is now.
            judgement: What was heard of what was read again.
            still: The ids of what is found now.
        """
        if self.reread is None or self.memory is None or not self.read_all(judgement):
            return []
        found = renamed(self.reread, judgement.findings)
        mended = credited(self.reread, self.memory, found, material.files)
        return [(one, run) for one, run in mended if one.id not in still]

    def told(self, judgement: Judgement, whole: Judgement) -> list[str]:
        """What is different from the earlier review, in one line.

        Args:
            judgement: What was heard of what was read again.
            whole: The same with what was carried over.
        """
        if self.reread is None:
            return []
        if not self.read_all(judgement):
            return self._untold(judgement, whole)
        if not whole.heard:
            return []
        known = {one.id for one in self.reread.before.findings}
        new = sum(one.id not in known for one in whole.findings)
        mended = len(self.resolved(whole))
        if self.reread.material is None:
            return ["Nothing has changed since the last review of these files, so nothing was read again."]
        still = len(whole.findings) - new
        lines = self.reread.lines
        told = f"Since the last review of these files: {mended} fixed, {new} new, {still} still open."
        return [f"{told} Only what changed and what calls it was read again ({lines} lines)."]

    def _untold(self, judgement: Judgement, whole: Judgement) -> list[str]:
        """Where not all that changed was read: what is from the earlier review, and what nobody can say of it."""
        if self.reread is None:
            return []
        known = {one.id for one in self.reread.before.findings}
        anew = {one.id for one in renamed(self.reread, judgement.findings)}
        old = sum(one.id in known - anew for one in whole.findings)
        lines = [f"{old} of the findings are those of the last review, in code that is as it was."] if old else []
        if gone := [one for one in self.reread.gone if one.id not in anew]:
            places = ", ".join(f"{one.path} ({one.title})" for one in gone[:_NAMED])
            more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
            lines.append(
                f"{len(gone)} found by the last review {'is' if len(gone) == 1 else 'are'} not listed, since the code "
                f"there has changed and no model has read it since: {places}{more}."
            )
        return lines


def _same_beside(before: Reviewed, library: Library) -> bool:
    """Whether what models read beside the files is what it was."""
    try:
        return all(digest_of(library.file(path)) == digest for path, digest in before.beside.items())
    except NotThere:  # it is gone, or may not be read any more
        return False


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
