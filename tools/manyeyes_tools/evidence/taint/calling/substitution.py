"""What a function returned, with what it was given in the places of its parameters."""

from __future__ import annotations

import ast
from dataclasses import replace

from manyeyes_tools.evidence.taint.calling.requests import request_attribute
from manyeyes_tools.evidence.taint.definitions import Class
from manyeyes_tools.evidence.taint.frames import NESTED, Frame
from manyeyes_tools.evidence.taint.sources import REQUEST
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, Way, extended, join, join_atoms


def at_path(frame: Frame, value: Value, path: tuple[str, ...]) -> Value:
    """What lies in a value at the end of a path of attributes and entries."""
    for name in path:
        if name == "~content":
            outside = any(origin.kind in {"cli", "request", "upload"} for origin in value.atoms)
            params = {origin: atom for origin, atom in extended(value.atoms, name).items() if origin.kind == "param"}
            value = Value(
                frame.source("file", "a file that the caller names", frame.module.tree).atoms if outside else params
            )
            continue
        if name == "*" and value.fields and name not in value.fields:
            found = Value(extended(value.atoms, name)) if not value.closed and value.kind != "~dict" else NOTHING
            for one in list(value.fields.values())[:50]:
                found = join(found, one)
            value = found
            continue
        if value.fields is not None and name in value.fields:
            value = value.fields[name]
            continue
        cls = frame.project.find(value.kind, frame.module) if value.kind and not value.kind.startswith("~") else None
        if isinstance(cls, Class):
            common = cls.field(name)
            atoms = extended(value.atoms, name)
            value = Value(join_atoms(atoms, common.atoms)) if common is not None else Value(atoms)
        elif value.closed:
            return NOTHING
        elif value.kind == REQUEST:
            value = request_attribute(frame, name, ast.Constant(value="", lineno=0, col_offset=0))
        else:
            value = (
                Value(extended(value.atoms, name))
                if name != "*" or not value.fields
                else join(Value(extended(value.atoms, name)), next(iter(value.fields.values())))
            )
    return value


def substituted(frame: Frame, value: Value, given: dict[int, Value], node: ast.AST, level: int = 0) -> Value:
    """What a function returned, with what it was given in the places of its parameters."""
    fields = value.fields
    if fields:
        fields = {name: _substituted_once(frame, one, given, node, level) for name, one in list(fields.items())[:60]}
    if not value.atoms and fields is value.fields:
        return value
    atoms, result = _atoms_for(frame, value, given, node, level)
    if result is not None and len(value.atoms) == 1 and not value.built:
        return result
    return value.with_atoms(atoms) if fields is value.fields else replace(value, atoms=atoms, fields=fields)


def _substituted_once(frame: Frame, value: Value, given: dict[int, Value], node: ast.AST, level: int) -> Value:
    if not value.atoms:
        return value
    atoms, _ = _atoms_for(frame, value, given, node, level)
    kept = value if value.fields is None else replace(value, fields=None)
    return kept.with_atoms(atoms)


def _atoms_for(
    frame: Frame, value: Value, given: dict[int, Value], node: ast.AST, level: int
) -> tuple[dict[Origin, Atom], Value | None]:
    atoms: dict[Origin, Atom] = NO_ATOMS
    same: Value | None = None
    for origin, atom in value.atoms.items():
        if origin.kind != "param" or origin.place // NESTED != level:
            atoms = join_atoms(atoms, {origin: atom})
            continue
        there = given.get(origin.place % NESTED)
        if there is None:
            continue
        there = at_path(frame, there, origin.path)
        path, line = frame.module.path, getattr(node, "lineno", 0)
        changed = {
            source: Atom(
                inner.clean | atom.clean,
                inner.doubt | atom.doubt,
                inner.hops + atom.hops,
                inner.way if inner.way is None else Way(inner.way, path, line, "it goes through a call"),
            )
            for source, inner in there.atoms.items()
        }
        atoms = join_atoms(atoms, changed)
        same = there.with_atoms(changed)
        if value.built and not there.built:
            same = replace(same, built=value.built)
    return atoms, same
