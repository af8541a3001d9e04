"""Statements with a body that is gone through once, and those that leave it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.evaluation import evaluate, facts_of, run
from manyeyes_tools.evidence.taint.facts import Facts, unite
from manyeyes_tools.evidence.taint.following import follow_inside
from manyeyes_tools.evidence.taint.nodes.assignments import assign
from manyeyes_tools.evidence.taint.nodes.branches import joined_ways, merged
from manyeyes_tools.evidence.taint.values import NOTHING, Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_TELLING = frozenset({
    "Exception", "BaseException", "DatabaseError", "OperationalError", "IntegrityError", "SQLAlchemyError", "Error",
    "ProgrammingError", "OSError", "IOError", "DBAPIError", "PyMongoError", "CalledProcessError", "RuntimeError",
    "ClientError", "ConnectionError", "RequestException",
})  # fmt: skip
"""Errors whose text may tell of the program's insides."""


def with_block(frame: Frame, node: ast.With | ast.AsyncWith) -> bool:
    """`with value as name:`."""
    for item in node.items:
        value = evaluate(frame, item.context_expr)
        if item.optional_vars is not None:
            assign(frame, item.optional_vars, value, item.context_expr)
    return run(frame, node.body)


def try_block(frame: Frame, node: ast.Try | ast.TryStar) -> bool:
    """`try:`; a handler may begin anywhere in the body."""
    env, facts = dict(frame.env), frame.facts
    ends: list[tuple[dict[str, Value], Facts]] = []
    left = run(frame, node.body)
    middle = merged(env, frame.env)
    if not left and node.orelse:
        left = run(frame, node.orelse)
    if not left:
        ends.append((frame.env, frame.facts))
    for handler in node.handlers:
        frame.env, frame.facts = dict(middle), facts
        if handler.type is not None:
            evaluate(frame, handler.type)
        if handler.name:
            frame.env[handler.name] = frame.source("error", handler.name, handler) if _tells(handler.type) else NOTHING
        if not run(frame, handler.body):
            ends.append((frame.env, frame.facts))
    left = joined_ways(frame, ends)
    if left:
        frame.env, frame.facts = middle, facts
    return run(frame, node.finalbody) or left


def _tells(kind: ast.expr | None) -> bool:
    """Whether an error's text may tell of the program's insides: those that a program raises on purpose do not."""
    if kind is None:
        return False
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(dotted(one).rpartition(".")[2] in _TELLING for one in kinds)


def assertion(frame: Frame, node: ast.Assert) -> bool:
    """`assert test`; it is left out when Python optimises, so it only raises doubt."""
    evaluate(frame, node.test)
    true, _ = facts_of(frame, node.test)
    frame.facts = unite(frame.facts, {origin: (0, clean | doubt) for origin, (clean, doubt) in true.items()})
    return False


def raised(frame: Frame, node: ast.Raise) -> bool:
    """`raise`."""
    if node.exc is not None:
        evaluate(frame, node.exc)
    return True


def leave(_frame: Frame, _node: ast.stmt) -> bool:
    """`break` and `continue`."""
    return True


def inner_function(frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A function within a function, which sees the variables around it."""
    for one in node.decorator_list:
        evaluate(frame, one)
    function = frame.project.definitions.get(id(node))
    if function is None:
        return False
    if frame.function is not None:
        frame.env[node.name] = follow_inside(frame, function)
    return False


def class_body(frame: Frame, node: ast.ClassDef) -> bool:
    """A class, whose fields are read by its methods."""
    owned = frame.project.class_nodes.get(id(node))
    if owned is None:
        return False
    env = frame.env
    frame.env = dict(env)
    before, frame.cls = frame.cls, owned
    for one in node.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            function = frame.project.definitions.get(id(one))
            if function is not None and frame.function is not None:
                function.free = dict(env)
        elif isinstance(one, ast.Assign | ast.AnnAssign):
            value = evaluate(frame, one.value) if one.value is not None else NOTHING
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                if isinstance(target, ast.Name) and one.value is not None:
                    frame.env[target.id] = value
                    owned.fields.setdefault(target.id, value)
        elif isinstance(one, ast.ClassDef):
            class_body(frame, one)
    frame.env, frame.cls = env, before
    return False


def global_names(frame: Frame, node: ast.Global | ast.Nonlocal) -> bool:
    """`global` and `nonlocal`."""
    if isinstance(node, ast.Global):
        frame.global_names = frame.global_names | frozenset(node.names)
    return False


def deletion(_frame: Frame, _node: ast.Delete) -> bool:
    """`del`: nothing comes or goes by it."""
    return False
