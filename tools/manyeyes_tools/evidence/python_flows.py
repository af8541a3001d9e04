"""Places where values from outside do harm in the Python files at hand, taken as one project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.rules import Hit
from manyeyes_tools.evidence.taint.frames import STEPS
from manyeyes_tools.evidence.taint.tables import ORIGINS, RULES
from manyeyes_tools.evidence.taint.walk import follow_project
from manyeyes_tools.evidence.watching import current_watch
from manyeyes_tools.findings import Step

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from manyeyes_tools.evidence.taint.definitions import Unescaped
    from manyeyes_tools.evidence.taint.frames import Flow
    from manyeyes_tools.fragments import Fragment
    from manyeyes_tools.material import SourceFile

LEAST = 0.1
"""Flows less sure than this are not told."""
_NAMED = 3
_UNFILLED = 0.3


@dataclass(frozen=True, slots=True)
class Flows:
    """What following values gave: places, and a line for each thing that could not be followed."""

    hits: tuple[Hit, ...]
    problems: tuple[str, ...]


def find_flows(parsed: Sequence[tuple[Fragment, ast.Module]], templates: Sequence[SourceFile] = ()) -> Flows:
    """Follow values through the files.  Blocking, about a second for 20,000 lines.

    Args:
        parsed: Python's files with their trees.
        templates: Files that may be templates of pages.
    """
    followed = follow_project(
        ((fragment.file.path, tree) for fragment, tree in parsed),
        templates=((file.path, file.text) for file in templates),
        watch=current_watch(),
    )
    hits = []
    for flow in followed.flows:
        hit = _hit(flow, parsed[flow.module.number][0])
        if hit is not None and flow.confidence >= LEAST:
            hits.append(hit)
    by_path = {file.path: file for file in templates}
    hits.extend(_hole(hole, by_path[hole.path]) for hole in followed.holes)
    problems = [
        f"python tree: {path}: the values in {f'`{name}`' if name else 'the module'} could not be followed to their "
        "end, so findings may be missing there."
        for path, name in followed.tangled[:_NAMED]
    ]
    if len(followed.tangled) > _NAMED:
        problems.append(f"python tree: nor could those in {len(followed.tangled) - _NAMED} more functions.")
    if followed.late:
        more = f" and {len(followed.late) - _NAMED} more" if len(followed.late) > _NAMED else ""
        named = ", ".join(followed.late[:_NAMED])
        problems.append(f"python tree: there was no time to follow all values in {named}{more}.")
    return Flows(tuple(hits), tuple(problems))


def _hit(flow: Flow, fragment: Fragment) -> Hit | None:
    rule = RULES[flow.rule]
    first = fragment.line(getattr(flow.node, "lineno", 0))
    last = fragment.line(_last(flow.node))
    if first < 1:
        return None
    path = fragment.file.path
    trace = _trace(flow, fragment)
    related = {step.line for step in trace if step.path == path}
    run = fragment.line(getattr(flow.run, "lineno", 0)) if flow.run is not None else 0
    if run:
        related.add(run)
    changed = fragment.file.changed
    return Hit(
        file=fragment.file,
        rule=rule,
        source=f"manyeyes:{rule.id}",
        start_line=first,
        end_line=last,
        related=frozenset(related) if changed is None else frozenset(related) & changed,
        detail=_detail(flow, trace, first, run),
        confidence=flow.confidence,
        trace=trace,
    )


def _hole(hole: Unescaped, file: SourceFile) -> Hit:
    """A variable that a template puts into the page as it is, where nobody sees what fills it."""
    return Hit(
        file=file,
        rule=RULES["stored-markup"],
        source="manyeyes:stored-markup",
        start_line=hole.line,
        end_line=hole.line,
        detail=f"It is `{'.'.join(hole.names)}`; what fills it is not known.",
        confidence=_UNFILLED,
    )


def _last(node: ast.AST) -> int:
    """The last line of a place; of a statement with a body its head alone."""
    first: int = getattr(node, "lineno", 0)
    last: int = getattr(node, "end_lineno", None) or first
    body = getattr(node, "body", None)
    if isinstance(body, list) and body:
        return max(first, int(body[0].lineno) - 1)
    return last


def _trace(flow: Flow, fragment: Fragment) -> tuple[Step, ...]:
    steps = []
    for one in flow.way.steps(STEPS) if flow.way is not None else ():
        line = fragment.line(one.line) if one.path == fragment.file.path else one.line
        if line > 0:
            steps.append(Step(path=one.path, line=line, note=one.note))
    return tuple(steps)


def _detail(flow: Flow, trace: tuple[Step, ...], first: int, run: int) -> str:
    said = ORIGINS[flow.origin.kind][0]
    what = f"`{flow.origin.what}`" if flow.origin.kind != "unknown" else "What is put in"
    at = f" (line {trace[0].line})" if trace and trace[0].line != first and flow.origin.kind != "param" else ""
    sentences = [f"{what}{at} {said}."]
    if run and run != first:
        sentences.append(f"It is run in line {run}.")
    return " ".join(sentences)
