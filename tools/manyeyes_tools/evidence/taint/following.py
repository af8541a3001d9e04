"""A function is followed, or called: its summary says what a call of it means."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.reaches import tell_reaches
from manyeyes_tools.evidence.taint.calling.substitution import substituted
from manyeyes_tools.evidence.taint.definitions import FOLLOWED, NEW, UNDER_WAY
from manyeyes_tools.evidence.taint.evaluation import run
from manyeyes_tools.evidence.taint.facts import meet
from manyeyes_tools.evidence.taint.frames import Flow, Frame
from manyeyes_tools.evidence.taint.parameters import parameters
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, join

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.definitions import Function, Module
    from manyeyes_tools.evidence.taint.project import Project

_DEEPEST = 40
"""Functions within functions that lie deeper are followed later."""
DEEP = 45
"""From this depth on functions that were not yet followed are left for later."""


def call_function(frame: Frame, function: Function, given: dict[int, Value], node: ast.AST) -> Value:
    """What a call of a function of the project returns; what its parameters reach is told for what was given."""
    function.called = True
    if function.state == NEW:
        if frame.depth < DEEP and function.module is not None:
            follow(frame.project, function, frame.flows, frame.depth + 6)
        else:
            frame.stale = True
    elif function.state == UNDER_WAY:
        frame.stale = True
    if function.stale:  # what is not yet known of it is not yet known of whoever calls it
        frame.stale = True
    summary = function.summary
    level = _level(function)
    if summary.reaches:
        tell_reaches(frame, function, given, node, level)
    for (position, name), value in summary.stored.items():
        target = given.get(position)
        if target is not None and position:
            _store_into(frame, node, function, position, name, substituted(frame, value, given, node, level))
    return substituted(frame, summary.returns, given, node, level)


def frame_of(
    project: Project, module: Module, function: Function | None, flows: dict[tuple[str, str, int], Flow], depth: int
) -> Frame:
    """The state in which a function, or a module's own code, is begun."""
    return Frame(
        project, module, function, function.owner if function else None, {}, {}, flows, depth, _level(function)
    )


def follow(project: Project, function: Function, flows: dict[tuple[str, str, int], Flow], depth: int) -> bool:
    """Follow one function; its summary then says what a call of it means.  True when what is kept changed."""
    function.state = UNDER_WAY
    function.stale = False
    frame = frame_of(project, function.module, function, flows, depth)
    frame.handler = function.handler
    frame.env = dict(function.free)
    frame.env.update(parameters(frame, function, call_function))
    body = function.node.body
    if not isinstance(body, list):  # what a lambda gives
        body = [ast.copy_location(ast.Return(value=body), body)]
    left = run(frame, body)
    summary = function.summary
    summary.returns = frame.returns if summary.returns is NOTHING else join(summary.returns, frame.returns)
    after = frame.returned_facts if left else meet(frame.returned_facts, frame.facts)
    summary.after = {
        origin: fact for origin, fact in (after or {}).items() if origin.kind == "param" and not origin.path
    }
    summary.when_true = {
        origin: fact for origin, fact in (frame.true_facts or {}).items() if origin.kind == "param" and not origin.path
    }
    function.state = FOLLOWED
    function.stale = frame.stale
    return frame.changed_globals


def follow_inside(frame: Frame, function: Function) -> Value:
    """A function within a function is followed with the variables around it; what its name then stands for."""
    function.free = dict(frame.env)
    if function.state != UNDER_WAY and frame.depth < _DEEPEST:
        function.state = NEW
        follow(frame.project, function, frame.flows, frame.depth + 6)
    name = f"~local:{function.name}:{id(function.node)}"
    frame.project.name_local(name, function)
    return Value(NO_ATOMS, name)


def _level(function: Function | None) -> int:
    """In how many functions one lies."""
    level = 0
    at = function.parent if function is not None else None
    while at is not None:
        level += 1
        at = at.parent
    return level


def _store_into(  # noqa: PLR0917  # where, and what
    frame: Frame, node: ast.AST, function: Function, position: int, name: str, value: Value
) -> None:
    """What a function puts into an argument's attributes or entries stays there."""
    if not isinstance(node, ast.Call) or not value.atoms:
        return
    at = position - (1 if function.owner is not None and not function.static else 0)
    if 0 <= at < len(node.args):
        target = node.args[at]
        if isinstance(target, ast.Name) and target.id in frame.env:
            before = frame.env[target.id]
            frame.env[target.id] = replace(before, fields={**(before.fields or {}), name: value})
