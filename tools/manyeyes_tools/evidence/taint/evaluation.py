"""What gives each expression its value, each statement its course, and each test what it tells.

Expressions hold calls, calls lead to functions, and functions are statements full of expressions: whoever looks at one
kind of node asks here for what lies below it.  `node_kinds` fills the tables.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

from manyeyes_tools.evidence.python_walk import children
from manyeyes_tools.evidence.taint.sources import REQUEST
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, join_atoms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manyeyes_tools.evidence.taint.facts import Facts
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Atom, Origin

Told: TypeAlias = "tuple[Facts, Facts]"
"""What holds where a test is true, and where it is false."""

EXPRESSIONS: dict[type[ast.AST], Callable[..., Value]] = {}
"""What gives a kind of expression its value: called with the frame and the node."""
STATEMENTS: dict[type[ast.AST], Callable[..., bool]] = {}
"""What goes through a kind of statement: called with the frame and the node; true when control never leaves below."""
TESTS: dict[type[ast.AST], Callable[..., Told]] = {}
"""What a kind of test tells: called with the frame, the node and how deep it lies."""

DEEPEST = 90
"""Expressions nested deeper are read for their names alone."""
DEEPEST_TEST = 40
"""Tests nested deeper tell nothing."""
_MOST_NODES = 5_000
"""As many nodes of one expression as anyone would write."""
_UNTOLD: Told = ({}, {})


def evaluate(frame: Frame, node: ast.expr) -> Value:
    """What is known of an expression's value."""
    do = EXPRESSIONS.get(node.__class__)
    if do is None:
        return NOTHING
    if frame.depth > DEEPEST:
        return _shallow(frame, node)
    frame.depth += 1
    value = do(frame, node)
    frame.depth -= 1  # not when it fails: then the frame is given up
    return value


def run(frame: Frame, body: Sequence[ast.stmt]) -> bool:
    """Go through statements; True when control never comes out at their end."""
    for node in body:
        do = STATEMENTS.get(node.__class__)
        if do is not None and do(frame, node):
            return True
    return False


def facts_of(frame: Frame, test: ast.expr, depth: int = 0) -> Told:
    """What holds where a test is true, and where it is false."""
    do = TESTS.get(test.__class__)
    return _UNTOLD if do is None or depth > DEEPEST_TEST else do(frame, test, depth)


def _shallow(frame: Frame, node: ast.expr) -> Value:
    """Of an expression that is nested too deeply, what comes with the variables in it."""
    atoms: dict[Origin, Atom] = NO_ATOMS
    seen = 0
    pending: list[ast.AST] = [node]
    while pending and seen < _MOST_NODES:
        one = pending.pop()
        seen += 1
        if isinstance(one, ast.Name):
            value = frame.env.get(one.id)
            if value is not None:
                atoms = join_atoms(atoms, value.atoms)
                if value.kind == REQUEST:
                    atoms = join_atoms(atoms, frame.source("request", "request", one).atoms)
        else:
            pending.extend(children(one))
    return Value(atoms)
