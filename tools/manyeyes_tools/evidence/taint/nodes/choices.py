"""What may be either of several values, and what tests give."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import evaluate, facts_of
from manyeyes_tools.evidence.taint.facts import unite, with_facts
from manyeyes_tools.evidence.taint.nodes.entries import LONGEST_DISPLAY
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Value, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame


def either(frame: Frame, node: ast.BoolOp) -> Value:
    """`a or b`, and `a and b`, whose second part sees what the first one told."""
    found = evaluate(frame, node.values[0])
    before = frame.facts
    if isinstance(node.op, ast.And):
        true, _ = facts_of(frame, node.values[0])
        frame.facts = unite(frame.facts, true)
    for one in node.values[1:LONGEST_DISPLAY]:
        value = evaluate(frame, one)
        found = (
            join(found, value)
            if isinstance(node.op, ast.Or)
            else Value(join_atoms(found.atoms, value.atoms), value.kind)
        )
    frame.facts = before
    return found


def choice(frame: Frame, node: ast.IfExp) -> Value:
    """`a if test else b`."""
    evaluate(frame, node.test)
    true, false = facts_of(frame, node.test)
    before = frame.facts
    frame.facts = unite(before, true)
    one = with_facts(evaluate(frame, node.body), frame.facts)
    frame.facts = unite(before, false)
    other = with_facts(evaluate(frame, node.orelse), frame.facts)
    frame.facts = before
    return join(one, other)


def comparison(frame: Frame, node: ast.Compare) -> Value:
    """`a == b`: nothing comes with the result."""
    evaluate(frame, node.left)
    for one in node.comparators[:LONGEST_DISPLAY]:
        evaluate(frame, one)
    return _tested(frame, node)


def _tested(frame: Frame, node: ast.expr) -> Value:
    """The result of a test: nothing comes with it, but what it tells is kept."""
    true, _ = facts_of(frame, node)
    if not true:
        return NOTHING
    told = Value({origin: Atom(clean, doubt, 0, None) for origin, (clean, doubt) in true.items()})
    return Value(NO_ATOMS, fields={"~test": told})


def negation(frame: Frame, node: ast.UnaryOp) -> Value:
    """`not a`, `-a`."""
    value = evaluate(frame, node.operand)
    return NOTHING if isinstance(node.op, ast.Not) else value
