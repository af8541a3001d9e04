"""What values become by operators."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.marks import JOINED
from manyeyes_tools.evidence.taint.nodes.texts import behind, put_into_text
from manyeyes_tools.evidence.taint.values import (
    CONSTANT,
    LONGEST_TEXT,
    NO_ATOMS,
    NOTHING,
    Atom,
    Origin,
    Value,
    cleaned,
    join,
    join_atoms,
)

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame


def operation(frame: Frame, node: ast.BinOp) -> Value:
    """`a + b + …`; sums lean to the left and can be long, so they are taken apart without recursion."""
    # Sums lean to the left and can be long; they are taken apart without recursion.
    parts: list[ast.BinOp] = []
    at: ast.expr = node
    while isinstance(at, ast.BinOp):
        parts.append(at)
        at = at.left
    value = evaluate(frame, at)
    for one in reversed(parts):
        value = combined(frame, value, evaluate(frame, one.right), one)
    return value


def combined(frame: Frame, left: Value, right: Value, node: ast.BinOp) -> Value:  # noqa: C901, PLR0911  # one for each operator
    """What two values become by an operator."""
    if isinstance(node.op, ast.Add):
        if left.constant and right.constant:
            if left.const and right.const and isinstance(left.const[0], str) and isinstance(right.const[0], str):
                text = (left.const[0] + right.const[0])[:LONGEST_TEXT]
                return Value(NO_ATOMS, "", (text,), text, text, constant=True)
            return Value(
                NO_ATOMS,
                "",
                (),
                left.prefix or right.prefix,
                f"{left.text}{right.text}"[: 2 * LONGEST_TEXT],
                constant=True,
            )
        atoms = join_atoms(left.atoms, behind(right.atoms, left.prefix))
        if left.kind == "~list" or right.kind == "~list":
            return Value(atoms, "~list", fields=left.fields if left.fields is not None else None)
        prefix = left.prefix + (right.prefix if left.constant else "")
        built = left.built or right.built or (node if atoms and (left.text or right.text or left.prefix) else None)
        return Value(
            put_into_text(frame, atoms, node) if atoms else atoms,
            "",
            (),
            prefix[:LONGEST_TEXT],
            f"{left.text} {right.text}"[: 2 * LONGEST_TEXT],
            built,
        )
    if isinstance(node.op, ast.Mod):
        if isinstance(node.left, ast.Constant) and not isinstance(node.left.value, str | bytes):
            return NOTHING
        if left.constant and right.constant:
            return Value(NO_ATOMS, "", (), left.prefix, left.text, constant=True)
        prefix = left.prefix.split("%", 1)[0]
        atoms = join_atoms(
            left.atoms, behind(right.atoms if right.atoms or right.fields is None else _all(right), prefix)
        )
        if (
            left.text
            and "%" in left.text
            and not any(f"%{one}" in left.text or ")" + one in left.text for one in "sra")
        ):
            atoms = left.atoms
        built = left.built or (node if atoms and (left.text or right.text) else None)
        return Value(
            put_into_text(frame, atoms, node) if atoms else atoms,
            "",
            (),
            prefix,
            f"{left.text} {right.text}"[: 2 * LONGEST_TEXT],
            built,
        )
    if isinstance(node.op, ast.Div):
        if right.atoms or left.atoms:
            kind = (
                left.kind
                if left.kind.startswith("pathlib.")
                else "pathlib.Path"
                if right.kind.startswith("pathlib.") or not left.atoms
                else left.kind
            )
            return Value(
                join_atoms(left.atoms, cleaned(right.atoms, JOINED)),
                kind,
                built=node if left.constant or left.kind else None,
            )
        return Value(NO_ATOMS, left.kind)
    if isinstance(node.op, ast.BitOr):
        return join(left, right)
    if isinstance(node.op, ast.Mult) and left.constant:
        return CONSTANT
    return Value(join_atoms(left.atoms, right.atoms), left.kind)


def _all(value: Value) -> dict[Origin, Atom]:
    atoms = value.atoms
    for one in (value.fields or {}).values():
        atoms = join_atoms(atoms, one.atoms)
    return atoms
