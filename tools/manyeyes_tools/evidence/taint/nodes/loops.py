"""Statements that are gone through again and again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.evaluation import evaluate, facts_of, run
from manyeyes_tools.evidence.taint.facts import unite
from manyeyes_tools.evidence.taint.nodes.assignments import assign
from manyeyes_tools.evidence.taint.nodes.branches import merged
from manyeyes_tools.evidence.taint.nodes.entries import element

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Value

DEEPEST_LOOPS = 2
"""Bodies of loops nested deeper are gone through once."""


def loop(frame: Frame, node: ast.For | ast.AsyncFor | ast.While) -> bool:
    """`for` and `while`: gone through twice, since what a round does the next one sees."""
    before_facts = frame.facts
    frame.loops += 1
    rounds = 2 if frame.loops <= DEEPEST_LOOPS else 1
    start = frame.env
    known: dict[str, Value] = dict(start)
    for turn in range(rounds):
        frame.env, frame.facts = dict(known), before_facts
        if isinstance(node, ast.While):
            evaluate(frame, node.test)
            true, _ = facts_of(frame, node.test)
            frame.facts = unite(frame.facts, true)
        else:
            assign(frame, node.target, element(evaluate(frame, node.iter)), node.iter)
        run(frame, node.body)
        after = merged(known, frame.env)
        grown = any(
            name not in known or (value is not known[name] and value.atoms.keys() != known[name].atoms.keys())
            for name, value in after.items()
        )
        known = after
        if not grown or turn == rounds - 1:
            break
    frame.loops -= 1
    frame.env, frame.facts = known, before_facts
    if isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
        _, false = facts_of(frame, node.test)
        if not any(isinstance(one, ast.Break) for one in walk(node)):
            frame.facts = unite(frame.facts, false)
    if node.orelse:
        run(frame, node.orelse)
    return (
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and bool(node.test.value)
        and not any(isinstance(one, ast.Break) for one in walk(node))
    )
