"""All functions of a project, followed in an order in which what is called is known when it is asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.definitions import FOLLOWED, NEW
from manyeyes_tools.evidence.taint.evaluation import run
from manyeyes_tools.evidence.taint.following import follow, frame_of
from manyeyes_tools.evidence.taint.handling.handlers import mark_handlers
from manyeyes_tools.evidence.taint.handling.routes import path_parameters
from manyeyes_tools.evidence.taint.nodes import node_kinds  # noqa: F401  # fills the tables of `evaluation`
from manyeyes_tools.evidence.taint.pages import unescaped
from manyeyes_tools.evidence.taint.project import Project
from manyeyes_tools.evidence.taint.sources import FRAMEWORKS
from manyeyes_tools.evidence.taint.uncalled import weakly
from manyeyes_tools.evidence.watching import Watch

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable

    from manyeyes_tools.evidence.taint.definitions import Function, Module, Unescaped
    from manyeyes_tools.evidence.taint.frames import Flow

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
    project = _prepared(files, templates)
    flows: dict[tuple[str, str, int], Flow] = {}
    result = Followed([])
    until = time.monotonic() + seconds
    _modules(project, flows, result, until)
    _functions(project, flows, result, until, watch or Watch())
    for module in project.modules:
        frame = frame_of(project, module, None, flows, 0)
        for function in module.every:
            if not function.called and not function.handler:
                weakly(frame, function)
    result.flows = list(flows.values())
    result.holes = _unfilled(project)
    project.let_go()
    return result


def _prepared(files: Iterable[tuple[str, ast.Module]], templates: Iterable[tuple[str, str]]) -> Project:
    """The project with its templates, and with all that is known of its functions before one is followed."""
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
    project.path_names, project.numbers = path_parameters(project)
    return project


def _unfilled(project: Project) -> list[Unescaped]:
    """Each place once of templates that no code was seen to fill."""
    found: dict[tuple[str, int], Unescaped] = {}
    for holes in project.templates.values():
        for hole in holes:
            if hole.path not in project.rendered:
                found.setdefault((hole.path, hole.line), hole)
    return list(found.values())


def _modules(project: Project, flows: dict[tuple[str, str, int], Flow], result: Followed, until: float) -> None:
    """Follow the modules' own code, twice when one reads what another keeps."""
    for _ in range(2):
        changed = False
        for module in project.modules:
            if time.monotonic() > until:
                break
            changed |= _module(project, module, flows, result)
        if not changed:
            break


def _module(project: Project, module: Module, flows: dict[tuple[str, str, int], Flow], result: Followed) -> bool:
    frame = frame_of(project, module, None, flows, 0)
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
                late = {one.module.path for one in pending if one.state == NEW}
                result.late.extend(sorted(late - set(result.late)))
                return
            if function.state == FOLLOWED and not function.stale:
                continue
            function.state = NEW
            watch.done += 1
            try:
                changed |= follow(project, function, flows, 0)
            except RecursionError:
                function.state = FOLLOWED
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
