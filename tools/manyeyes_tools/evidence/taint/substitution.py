"""What a function of the project does with what a call gives it: its summary, with values for its parameters."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.expressions import attribute
from manyeyes_tools.evidence.taint.frames import NESTED, PIECED, ruled_out
from manyeyes_tools.evidence.taint.project import Class, Reach
from manyeyes_tools.evidence.taint.sources import REQUEST
from manyeyes_tools.evidence.taint.tables import BITS, NOT_FROM_SETS, ORIGINS, RULES
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Value, Way, extended, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.project import Function
    from manyeyes_tools.evidence.taint.values import Origin

MOST_REACHES = 200
"""No more ways of its parameters to harm are kept of a function."""
DEEP = 45
"""From this depth on functions that were not yet followed are left for later."""


_SURE_AFTER = 0.5


def call_function(frame: Frame, function: Function, given: dict[int, Value], node: ast.AST) -> Value:
    """What a call of a function of the project returns; what its parameters reach is told for what was given."""
    from manyeyes_tools.evidence.taint.walk import follow

    function.called = True
    if function.state == 0:
        if frame.depth < DEEP and function.module is not None:
            follow(frame.project, function, frame.flows, frame.depth + 6)
        else:
            frame.stale = True
    elif function.state == 1:
        frame.stale = True
    if function.stale:  # what is not yet known of it is not yet known of whoever calls it
        frame.stale = True
    summary = function.summary
    level = _level(function)
    if summary.reaches:
        _instantiate(frame, function, given, node, level)
    for (position, name), value in summary.stored.items():
        target = given.get(position)
        if target is not None and position:
            _store_into(frame, node, function, position, name, substituted(frame, value, given, node, level))
    return substituted(frame, summary.returns, given, node, level)


def _level(function: Function) -> int:
    level = 0
    at = function.parent
    while at is not None:
        level += 1
        at = at.parent
    return level


def _instantiate(frame: Frame, function: Function, given: dict[int, Value], node: ast.AST, level: int) -> None:  # noqa: C901, PLR0912  # each reason why a value does no harm in there
    """Tell what the arguments reach inside the function."""
    for (origin, rule, _, _), reach in list(function.summary.reaches.items()):
        if origin.place // NESTED != level:
            continue
        value = given.get(origin.place % NESTED)
        if value is None:
            continue
        value = at_path(frame, value, origin.path)
        if not value.atoms:
            continue
        bit = BITS[rule]
        excluded = NOT_FROM_SETS.get(rule, frozenset())
        built = None
        module, place = reach.module, reach.node
        run: ast.AST | None = reach.run
        if reach.run is None and rule in PIECED:
            built = value.built
            if (
                rule != "ldap-injection"
                and built is None
                and not any(o.kind in {"request", "param", "cli"} for o in value.atoms)
            ):
                continue
            if built is not None:
                from manyeyes_tools.evidence.taint.conditions import is_statement

                if rule == "sql-injection" and not is_statement(value.text):
                    continue
                if rule == "sql-injection":
                    module, place, run = frame.module, built, reach.node
        for source, atom in value.atoms.items():
            clean, doubt = atom.clean | reach.clean, atom.doubt | reach.doubt
            fact = frame.facts.get(source)
            if fact is not None:
                clean |= fact[0]
                doubt |= fact[1]
            if clean & bit or (source.kind != "param" and ruled_out(rule, source, clean)):
                continue
            way = Way(atom.way, frame.module.path, getattr(node, "lineno", 0), f"it is given to `{function.name}`")
            way = _continued(way, reach.way)
            if source.kind == "param":
                owner = frame.owner(source)
                if owner is None or owner is function:
                    continue
                key = (source, rule, getattr(place, "lineno", 0), getattr(place, "col_offset", 0))
                if key not in owner.summary.reaches and len(owner.summary.reaches) <= MOST_REACHES:  # see `frames`
                    owner.summary.reaches[key] = Reach(
                        rule, clean, doubt, atom.hops + reach.hops, reach.factor, module, place, run, way
                    )
                continue
            if source.kind in excluded or (source.kind == "unknown" and built is None and reach.run is None):
                continue
            sure = RULES[rule].confidence * reach.factor * ORIGINS[source.kind][1] * 0.88 ** (atom.hops + reach.hops)
            if doubt & bit:
                sure *= _SURE_AFTER
            frame.tell(rule, module, place, run, sure, source, way)


def _continued(way: Way, inner: Way | None) -> Way:
    if inner is None:
        return way
    steps = inner.steps(8)
    for one in steps:
        way = Way(way, one.path, one.line, one.note)
    return way


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
            value = attribute(frame, value, name, ast.Constant(value="", lineno=0, col_offset=0))
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
