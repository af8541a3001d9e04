"""All functions of a project, followed in an order in which what is called is known when it is asked for."""

# ruff: noqa: C901, PLR0912, PLR2004  # the rounds and what ends them stand in one place

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.frames import Frame, meet, weakly
from manyeyes_tools.evidence.taint.handlers import integer_parameters, mark_handlers, parameters
from manyeyes_tools.evidence.taint.pages import unescaped
from manyeyes_tools.evidence.taint.project import Project
from manyeyes_tools.evidence.taint.sources import FRAMEWORKS
from manyeyes_tools.evidence.taint.statements import run
from manyeyes_tools.evidence.taint.values import NOTHING, join
from manyeyes_tools.evidence.watching import Watch

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from manyeyes_tools.evidence.taint.frames import Flow
    from manyeyes_tools.evidence.taint.project import Function, Module, Unescaped

ROUNDS = 3
"""Functions that call one another in circles, or read what others keep, are followed so often at most."""
SECONDS = 60.0
"""After this time no further function is begun."""


@dataclass(slots=True)
class Followed:
    """What came of following a project.

    Attributes:
        flows: The weaknesses found.
        tangled: Functions that were nested too deeply to be followed, each with its file.
        late: Files with functions for which there was no time.
    """

    flows: list[Flow]
    tangled: list[tuple[str, str]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    holes: list[Unescaped] = field(default_factory=list)
    """Places of templates that nothing here was seen to fill."""


def follow_project(
    files: Iterable[tuple[str, ast.Module]],
    seconds: float = SECONDS,
    templates: Iterable[tuple[str, str]] = (),
    watch: Watch | None = None,
) -> Followed:
    """Find where values from outside do harm in some files, taken as one project.

    Blocking, about a second for 10,000 lines: to be called in a worker thread.

    Args:
        files: Each file's path and tree.
        seconds: No function is begun later than this.
        templates: The path and text of each template of the project.
        watch: Counts the functions that were followed.
    """
    project = Project(files)
    for path, text in templates:
        holes = list(unescaped(path, text))
        parts = path.split("/")
        for start in range(len(parts)):
            project.templates.setdefault("/".join(parts[start:]), []).extend(holes)
    mark_handlers(project)
    web = {one.name for one in FRAMEWORKS}
    # A single file may be a piece of one whose imports are not shown.
    project.web = len(project.modules) == 1 or any(not one.frameworks.isdisjoint(web) for one in project.modules)
    project_numbers[id(project)] = integer_parameters(project)
    flows: dict[tuple[str, str, int], Flow] = {}
    result = Followed([])
    until = time.monotonic() + seconds
    try:
        for _ in range(2):
            changed = False
            for module in project.modules:
                if time.monotonic() > until:
                    break
                changed |= _module(project, module, flows, result)
            if not changed:
                break
        _functions(project, flows, result, until, watch or Watch())
        for module in project.modules:
            frame = _frame(project, module, None, flows, 0)
            for function in module.every:
                if not function.called and not function.handler:
                    weakly(frame, function)
    finally:
        project_numbers.pop(id(project), None)
    result.flows = list(flows.values())
    seen: set[tuple[str, int]] = set()
    for holes in project.templates.values():
        for hole in holes:
            if hole.path not in project.rendered and (hole.path, hole.line) not in seen:
                seen.add((hole.path, hole.line))
                result.holes.append(hole)
    project.let_go()
    return result


project_numbers: dict[int, frozenset[str]] = {}
"""For each project under way the names of its routes' numbers."""


def _frame(
    project: Project, module: Module, function: Function | None, flows: dict[tuple[str, str, int], Flow], depth: int
) -> Frame:
    level = 0
    at = function.parent if function is not None else None
    while at is not None:
        level += 1
        at = at.parent
    return Frame(project, module, function, function.owner if function else None, {}, {}, flows, depth, level)


def _module(project: Project, module: Module, flows: dict[tuple[str, str, int], Flow], result: Followed) -> bool:
    frame = _frame(project, module, None, flows, 0)
    try:
        run(frame, module.tree.body)
    except RecursionError:
        result.tangled.append((module.path, ""))
    return frame.changed_globals


def _functions(
    project: Project, flows: dict[tuple[str, str, int], Flow], result: Followed, until: float, watch: Watch
) -> None:
    every = [function for module in project.modules for function in module.every]
    watch.begin("followed values through {done} of {total} functions", len(every), before=0.4, share=0.5)
    pending = every
    for turn in range(ROUNDS):
        again: list[Function] = []
        changed = False
        for function in pending:
            if time.monotonic() > until:
                late = {one.module.path for one in pending if one.state == 0}
                result.late.extend(sorted(late - set(result.late)))
                return
            if function.state == 2 and not function.stale:  # see `Function.state`
                continue
            function.state = 0
            watch.done += 1
            try:
                changed |= follow(project, function, flows, 0)
            except RecursionError:
                function.state = 2
                result.tangled.append((function.module.path, function.name))
            if function.stale:
                again.append(function)
        if changed and turn == 0:
            pending = every
            for one in pending:
                one.stale = True
        else:
            pending = again[::-1]  # what is called often stands below
        if not pending:
            return


def follow(project: Project, function: Function, flows: dict[tuple[str, str, int], Flow], depth: int) -> bool:
    """Follow one function; its summary then says what a call of it means.  True when what is kept changed."""
    function.state = 1
    function.stale = False
    frame = _frame(project, function.module, function, flows, depth)
    frame.handler = function.handler
    frame.env = dict(function.free)
    frame.env.update(parameters(frame, function, project_numbers.get(id(project), frozenset())))
    body = function.node.body
    left = run(frame, body) if isinstance(body, list) else True
    summary = function.summary
    summary.returns = frame.returns if summary.returns is NOTHING else join(summary.returns, frame.returns)
    after = frame.returned_facts if left else meet(frame.returned_facts, frame.facts)
    summary.after = {
        origin: fact for origin, fact in (after or {}).items() if origin.kind == "param" and not origin.path
    }
    summary.when_true = {
        origin: fact for origin, fact in (frame.true_facts or {}).items() if origin.kind == "param" and not origin.path
    }
    function.state = 2
    function.stale = frame.stale
    return frame.changed_globals
