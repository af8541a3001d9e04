"""How the pipeline runs: one material read, its steps in order or at the same time, what fails leaves the rest."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from manyeyes.errors import BadCall, ManyEyesError
from manyeyes.results import RouteEntry
from manyeyes.types import Task
from manyeyes_tools import findings_tool
from manyeyes_tools.merging import is_engine
from manyeyes_tools.pipeline import steps
from manyeyes_tools.pipeline.digest import dismissed, joined, lines, united
from manyeyes_tools.pipeline.result import PipelineResult
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from manyeyes.results import Result, Run, Status
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import PipelineArguments
    from manyeyes_tools.findings import Finding, ReviewResult, ScanResult

_KINDS = {"review": "code_review", "security": "security_scan", "documentation": "doc_generator"}
"""The steps, and the kind of work that each is to the router."""
DISMISSED = "the security step dismissed it"
"""Why a review shows no longer what it reported."""
ResultT = TypeVar("ResultT", bound="Result")


@dataclass(slots=True)
class Steps:
    """The steps of one run: their results by name, and why others have none."""

    bench: Bench
    total: int
    in_order: bool
    results: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    async def take(self, name: str, work: Callable[[], Awaitable[ResultT]]) -> ResultT | None:
        """Do one step; when it cannot be done the others go on, and the result says why."""
        await self.bench.progress(f"{name} …", len(self.results), self.total)
        before = self.bench.run()
        try:
            result = await work()
        except ManyEyesError as error:
            self.failed[name] = str(error)
            return None
        run = result.run
        if self.in_order and name in _KINDS:  # each part tells what it used itself; the whole is told by the pipeline
            run = _since(before, run).model_copy(update={"route": self._route(name)})
        self.results[name] = result.model_copy(update={"run": run})
        await self.bench.progress(f"{name} done", len(self.results), self.total)
        return result

    def _route(self, name: str) -> list[RouteEntry]:
        """Who is asked first in this step: the run's own route is that of all steps together."""
        route = self.bench.route(Task(kind=_KINDS[name], structured=True))
        return [RouteEntry(ref=str(one.ref), taken=one.taken, reason=one.reason) for one in route.candidates]


def _since(before: Run, run: Run) -> Run:
    """What a run used since it stood at `before`."""
    cost = None if before.cost_usd is None or run.cost_usd is None else round(run.cost_usd - before.cost_usd, 6)
    return run.model_copy(
        update={
            "models": run.models[len(before.models) :],
            "attempts": run.attempts[len(before.attempts) :],
            "cost_usd": cost,
            "seconds": round(run.seconds - before.seconds, 3),
        }
    )


async def pipe(arguments: PipelineArguments, bench: Bench) -> PipelineResult:
    """Review, scan and document what the arguments name.

    Raises:
        BadCall: there is nothing to look at, or no step could be done.
    """
    material = await gather(arguments, bench)
    findings_tool.require_files(material)
    work = steps.Work(material, arguments.depth, arguments.model, bench)
    if arguments.mode == "parallel":
        done = await _parallel(work, arguments)
    else:
        done = await _sequential(work)
    if not done.results:
        raise BadCall("No step could be done. " + " ".join(f"{name}: {why}" for name, why in done.failed.items()))
    return _result(arguments, done, bench)


async def _sequential(work: steps.Work) -> Steps:
    done = Steps(work.bench, 3, in_order=True)
    established: list[Finding] = []
    reviewed = await done.take("review", lambda: steps.review(work))
    if reviewed is not None:
        established = reviewed.findings
    known = established
    faults: list[Finding] = []
    scanned = await done.take("security", lambda: steps.security(work, known, None if reviewed is None else faults))
    if scanned is not None:
        gone = {one.id for one in scanned.dismissed}
        established = united((one for one in established if one.id not in gone), scanned.findings, faults)
        _withdraw(done, gone)
        _weighed(done, faults)
    await done.take("documentation", lambda: steps.documentation(work, established))
    return done


async def _parallel(work: steps.Work, arguments: PipelineArguments) -> Steps:
    done = Steps(work.bench, 3, in_order=False)
    async with anyio.create_task_group() as group:
        group.start_soon(done.take, "review", lambda: steps.review_alone(work))
        group.start_soon(done.take, "security", lambda: steps.security_alone(work, arguments))
        group.start_soon(done.take, "best_practices", lambda: steps.practices(work))
    scanned: ScanResult | None = done.results.get("security")
    if scanned is not None:  # what a model of the other parts reports by itself stays: they do not agree
        gone = {one.id for one in scanned.dismissed if all(map(is_engine, one.sources))}
        for name in ("review", "best_practices"):
            part = done.results.get(name)
            if part is not None:
                own = {one.id for one in part.findings if one.id in gone and all(map(is_engine, one.sources))}
                _withdraw(done, own, name)
    _told_once(done)
    return done


def _told_once(done: Steps) -> None:
    """Tell what review and best practices both found under best practices alone, with the sources of both."""
    review: ReviewResult | None = done.results.get("review")
    practices: ReviewResult | None = done.results.get("best_practices")
    if review is None or practices is None:
        return
    reviewed = {one.id: one for one in review.findings}
    shared = [one for one in practices.findings if one.id in reviewed]
    if not shared:
        return
    both = {one.id: joined([one], [reviewed[one.id]])[0] for one in shared}
    findings = [both.get(one.id, one) for one in practices.findings]
    done.results["best_practices"] = practices.model_copy(update={"findings": findings})
    left = _without(review, set(both))
    told = f"{len(both)} more {'is' if len(both) == 1 else 'are'} told under best practices."
    done.results["review"] = left.model_copy(update={"notes": [*left.notes, told]})


def _withdraw(done: Steps, gone: set[str], name: str = "review") -> None:
    """Take out of a part what the security step dismissed: one result does not say both."""
    review: ReviewResult | None = done.results.get(name)
    if review is None or not any(one.id in gone for one in review.findings):
        return
    left = _without(review, gone)
    count = len(review.findings) - len(left.findings)
    held = review.suppressed
    reasons = {**held.reasons, DISMISSED: count}
    suppressed = held.model_copy(update={"count": held.count + count, "reasons": reasons})
    done.results[name] = left.model_copy(update={"suppressed": suppressed})


def _weighed(done: Steps, faults: Sequence[Finding]) -> None:
    """Tell faults that are no matter of security where they belong, as the security step has weighed them."""
    review: ReviewResult | None = done.results.get("review")
    if review is None or not faults:
        return
    shown = {one.id: one for one in (*review.findings, *faults)}
    before = Counter(str(one.severity) for one in review.findings)
    after = Counter(str(one.severity) for one in shown.values())
    findings = sorted(shown.values(), key=lambda one: (one.severity.rank, -one.confidence, one.path, one.start_line))
    counts = dict(Counter(review.counts) - before + after)
    done.results["review"] = review.model_copy(update={"findings": findings, "counts": counts})


def _without(review: ReviewResult, ids: set[str]) -> ReviewResult:
    taken = Counter(str(one.severity) for one in review.findings if one.id in ids)
    return review.model_copy(
        update={
            "findings": [one for one in review.findings if one.id not in ids],
            "counts": dict(Counter(review.counts) - taken),
        }
    )


def _result(arguments: PipelineArguments, done: Steps, bench: Bench) -> PipelineResult:
    found = [done.results[name].findings for name in ("best_practices", "review", "security") if name in done.results]
    every = united(*found)
    scanned: ScanResult | None = done.results.get("security")
    gone, standing = scanned.dismissed if scanned else [], {one.id for one in every}
    # Documentation that had nothing left to write, since all has its docstring, is whole without a model.
    whole = {name for name, result in done.results.items() if name == "documentation" and not result.problems}
    statuses = {result.status for name, result in done.results.items() if name not in whole} or {"complete"}
    status: Status = (
        "partial"
        if done.failed or "partial" in statuses or len(statuses) > 1
        else "evidence_only"
        if statuses == {"evidence_only"}
        else "complete"
    )
    problems = [f"{name} could not be done: {why}" for name, why in done.failed.items()]
    problems += _told(done)
    if done.failed:
        problems.append(
            "Call again with the same arguments to resume: what models answered is remembered and not paid again."
        )
    return PipelineResult(
        status=status,
        summary=" ".join(
            f"{name.replace('_', ' ').capitalize()}: {result.summary}" for name, result in done.results.items()
        ),
        problems=problems,
        run=bench.run(),
        mode=arguments.mode,
        merged=[*lines(every), *dismissed(one for one in gone if one.id not in standing)],
        **done.results,
    )


def _told(done: Steps) -> list[str]:
    """What the steps could not do, each line once."""
    by_line: dict[str, list[str]] = {}
    for name, result in done.results.items():
        for line in result.problems:
            # Whom a step would have asked first differs; that nobody could be asked is one thing.
            known = "No model was asked" if "No model was asked" in line else line
            by_line.setdefault(known, []).append(f"{name}\0{line}")
    told = []
    for entries in by_line.values():
        names, lines_ = zip(*(entry.split("\0", 1) for entry in entries), strict=True)
        told.append(lines_[0] if len(names) == len(done.results) > 1 else f"{', '.join(names)}: {lines_[0]}")
    return told
