"""What an entry of a value stands for, and what a loop over it gives."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.marks import PART
from manyeyes_tools.evidence.taint.sources import UPLOAD, UPLOADS
from manyeyes_tools.evidence.taint.values import CONSTANT, NO_ATOMS, NOTHING, Value, extended, join

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

LONGEST_DISPLAY = 200
"""Entries of a list or dictionary written out that are looked at."""


def subscript(frame: Frame, node: ast.Subscript) -> Value:
    """`values[key]`."""
    base = evaluate(frame, node.value)
    if not isinstance(node.slice, ast.Slice):
        key = evaluate(frame, node.slice)
        return entry(frame, base, key, node)
    return Value(
        base.atoms,
        base.kind if base.kind == "~parts" else "",
        fields=None,
        prefix=base.prefix if node.slice.lower is None and node.slice.upper is None else "",
    )


def entry(frame: Frame, base: Value, key: Value, node: ast.expr) -> Value:  # noqa: C901, PLR0911  # one for each kind of object
    """What an entry of a value stands for."""
    name = str(key.const[0]) if key.const else "*"
    if base.kind in {"flask.session", "~request.session", "quart.session"}:
        return frame.project.kept.get(name, NOTHING)
    if base.kind in {"globals()", "locals()"}:
        return Value(NO_ATOMS)
    if base.fields is not None:
        known = base.fields.get(name)
        if known is not None:
            return known
        if key.const and base.closed:
            return Value(extended(base.atoms, name)) if base.atoms else NOTHING
        if not key.const and base.fields:
            found = NOTHING
            for one in list(base.fields.values())[:LONGEST_DISPLAY]:
                found = join(found, one)
            if base.closed:
                return Value(found.atoms, found.kind, constant=base.constant)
    if base.kind == UPLOADS:
        return Value(frame.source("content", "an upload", node).atoms, UPLOAD)
    if base.constant and not base.atoms:
        return CONSTANT if base.fields is None else Value(NO_ATOMS)
    if not base.atoms:
        return Value(NO_ATOMS, base.kind.removesuffix("[]") if base.kind.endswith("[]") else "")
    if base.kind in {"~parts", "~split"} or any(atom.clean & PART for atom in base.atoms.values()):
        return Value(base.atoms)
    return Value(extended(base.atoms, name), base.kind.removeprefix("~list:") if base.kind.startswith("~list:") else "")


def element(value: Value) -> Value:
    """What a loop over a value gives."""
    fields = value.fields
    if fields:
        if "*" in fields:
            return fields["*"]
        found = NOTHING
        for one in list(fields.values())[:50]:
            found = join(found, one)
        if value.kind == "~dict":
            return Value(
                NO_ATOMS if value.closed else extended(value.atoms, "~key"), constant=value.constant or value.closed
            )
        return found
    if not value.atoms:
        return Value(
            NO_ATOMS,
            value.kind.removeprefix("~list:") if value.kind.startswith("~list:") else "",
            constant=value.constant,
        )
    if value.kind in {"~list", "~split", "~parts"}:
        return Value(value.atoms)
    return Value(
        extended(value.atoms, "*"),
        value.kind.removeprefix("~list:")
        if value.kind.startswith("~list:")
        else ("~upload" if value.kind == "~uploads" else ""),
    )
