"""How the pipeline runs: one material read, its steps in order or at the same time, what fails leaves the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from manyeyes.errors import BadCall, ManyEyesError
from manyeyes.results import RouteEntry
from manyeyes.types import Task
from manyeyes_tools import findings_tool
from manyeyes_tools.pipeline import steps
from manyeyes_tools.pipeline.digest import lines, united
from manyeyes_tools.pipeline.result import PipelineResult
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manyeyes.results import Result, Status
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import PipelineArguments
    from manyeyes_tools.findings import Finding

_KINDS = {"review": "code_review", "security": "security_scan", "documentation": "doc_generator"}
"""The steps, and the kind of work that each is to the router."""
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
        used, tried = len(self.bench.run().models), len(self.bench.run().attempts)
        try:
            result = await work()
        except ManyEyesError as error:
            self.failed[name] = str(error)
            return None
        run = result.run
        if (
            self.in_order and name in _KINDS
        ):  # each part tells what it used itself; the whole is told once, by the pipeline
            run = run.model_copy(
                update={"models": run.models[used:], "attempts": run.attempts[tried:], "route": self._route(name)}
            )
        self.results[name] = result.model_copy(update={"run": run})
        await self.bench.progress(f"{name} done", len(self.results), self.total)
        return result

    def _route(self, name: str) -> list[RouteEntry]:
        """Who is asked first in this step: the run's own route is that of all steps together."""
        route = self.bench.route(Task(kind=_KINDS[name], structured=True))
        return [RouteEntry(ref=str(one.ref), taken=one.taken, reason=one.reason) for one in route.candidates]


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
    scanned = await done.take("security", lambda: steps.security(work, known))
    if scanned is not None:
        established = united(established, scanned.findings)
    await done.take("documentation", lambda: steps.documentation(work, established))
    return done


async def _parallel(work: steps.Work, arguments: PipelineArguments) -> Steps:
    done = Steps(work.bench, 3, in_order=False)
    async with anyio.create_task_group() as group:
        group.start_soon(done.take, "review", lambda: steps.review_alone(work))
        group.start_soon(done.take, "security", lambda: steps.security_alone(work, arguments))
        group.start_soon(done.take, "best_practices", lambda: steps.practices(work))
    return done


def _result(arguments: PipelineArguments, done: Steps, bench: Bench) -> PipelineResult:
    found = [done.results[name].findings for name in ("best_practices", "review", "security") if name in done.results]
    every = united(*found)
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
        merged=lines(every),
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
