"""What variables hold after an assignment."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.facts import with_facts
from manyeyes_tools.evidence.taint.nodes.operators import combined
from manyeyes_tools.evidence.taint.nodes.stores import keep_global, store
from manyeyes_tools.evidence.taint.values import Atom, Value, Way

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Origin


def assign(frame: Frame, target: ast.expr, value: Value, source: ast.expr) -> None:
    """Give a value to a target."""
    match target:
        case ast.Name(id=name):
            if value.atoms:
                value = _stepped(frame, value, target, name)
            frame.env[name] = value
            if frame.function is None or name in frame.global_names:
                keep_global(frame, name, value)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for number, part in enumerate(parts):
                inner = part.value if isinstance(part, ast.Starred) else part
                known = value.fields.get(str(number)) if value.fields and value.kind != "~dict" else None
                if known is None and value.fields and "*" in value.fields:
                    known = value.fields["*"]
                assign(
                    frame,
                    inner,
                    known if known is not None else Value(value.atoms, "", constant=value.constant),
                    source,
                )
        case ast.Attribute() | ast.Subscript():
            store(frame, target, value, target)
        case _:
            pass


def _stepped(frame: Frame, value: Value, node: ast.expr, name: str) -> Value:
    """The same with the variable as a step of each way that does not end in this line."""
    line, path = node.lineno, frame.module.path
    changed: dict[Origin, Atom] = {}
    for origin, atom in value.atoms.items():
        way = atom.way
        if way is not None and way.line != line and (way.before is None or way.before.line != line):
            changed[origin] = Atom(atom.clean, atom.doubt, atom.hops, Way(way, path, line, f"it is kept in `{name}`"))
    return value.with_atoms({**value.atoms, **changed}) if changed else value


def assignment(frame: Frame, node: ast.Assign) -> bool:
    """`a = b = value`."""
    value = with_facts(evaluate(frame, node.value), frame.facts)
    for target in node.targets:
        assign(frame, target, value, node.value)
    return False


def annotated_assignment(frame: Frame, node: ast.AnnAssign) -> bool:
    """`a: int = value`."""
    if node.value is not None:
        assign(frame, node.target, with_facts(evaluate(frame, node.value), frame.facts), node.value)
    return False


def augmented_assignment(frame: Frame, node: ast.AugAssign) -> bool:
    """`a += value`."""
    left = evaluate(frame, node.target)
    right = with_facts(evaluate(frame, node.value), frame.facts)
    made = ast.copy_location(ast.BinOp(left=node.target, op=node.op, right=node.value), node)
    assign(frame, node.target, combined(frame, left, right, made), node.value)
    return False
