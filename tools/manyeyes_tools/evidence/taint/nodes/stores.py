"""Where values are kept: in attributes and entries, in modules, classes and sessions."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.facts import with_facts
from manyeyes_tools.evidence.taint.sinks import Sink
from manyeyes_tools.evidence.taint.values import NOTHING, Value, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_MOST_FIELDS, _MOST_STORED = 200, 60
"""Entries and attributes of one value, and of one function's parameters; nobody writes more by hand."""


def keep_global(frame: Frame, name: str, value: Value) -> None:
    """Keep the value of a variable of the module, for functions that read it."""
    before = frame.module.globals.get(name)
    joined = value if before is None else join(before, value)
    if before is None or joined.atoms.keys() != before.atoms.keys():
        atoms = {origin: atom for origin, atom in joined.atoms.items() if origin.kind != "param"}
        frame.module.globals[name] = joined if len(atoms) == len(joined.atoms) else joined.with_atoms(atoms)
        if frame.function is not None and any(origin.kind not in {"unknown", "param"} for origin in atoms):
            frame.changed_globals = True
    elif before is not None and not joined.constant:
        frame.module.globals[name] = joined


def store(frame: Frame, target: ast.expr, value: Value, node: ast.AST) -> None:
    """Put a value into an attribute or entry, or in place of a variable."""
    if isinstance(target, ast.Name):
        frame.env[target.id] = value
        if frame.function is None or (target.id in frame.module.globals and target.id not in _local_names(frame)):
            keep_global(frame, target.id, value)
        return
    if isinstance(target, ast.Attribute):
        name = target.attr
    elif isinstance(target, ast.Subscript):
        key = evaluate(frame, target.slice) if not isinstance(target.slice, ast.Slice) else NOTHING
        name = str(key.const[0]) if key.const else "*"
        _kept_in(frame, target, target.value, key, value)
        if key.atoms and not key.const:
            value = Value(join_atoms(value.atoms, key.atoms))
    else:
        return
    base = target.value
    value = with_facts(value, frame.facts)
    if isinstance(base, ast.Name):
        _store_in(frame, base.id, name, value)
    elif isinstance(base, ast.Attribute | ast.Subscript) and value.atoms:
        inner = evaluate(frame, base)
        if inner.kind not in {"~response", "~session"}:
            store(frame, base, replace(inner, atoms=join_atoms(inner.atoms, value.atoms), constant=False), node)


def _store_in(frame: Frame, variable: str, name: str, value: Value) -> None:
    """Put a value into an attribute or entry of what a variable holds."""
    owner = frame.env.get(variable)
    if owner is None:
        common = frame.module.globals.get(variable)
        if common is not None and frame.function is not None and value.atoms:
            atoms = join_atoms(common.atoms, value.atoms)
            keep_global(frame, variable, replace(common, atoms=atoms, constant=False))
        return
    if owner.kind and not owner.kind.startswith("~") and _is_self(frame, variable):
        _keep_field(frame, name, value)
    fields = dict(owner.fields) if owner.fields else {}
    if len(fields) < _MOST_FIELDS:
        fields[name] = value if name != "*" or name not in fields else join(fields[name], value)
    atoms = owner.atoms
    if owner.kind in {"~dict", "~list"} or name == "*":
        atoms = join_atoms(atoms, value.atoms)
    frame.env[variable] = replace(owner, atoms=atoms, fields=fields, constant=owner.constant and value.constant)
    _note_stored(frame, owner, name, value)


def _kept_in(frame: Frame, target: ast.Subscript, base: ast.expr, key: Value, value: Value) -> None:
    """`session[…] = value` and `response.headers[…] = value`."""
    written = dotted(base)
    last = written.rpartition(".")[2]
    if last == "session" and value.atoms:
        frame.reach(_SESSION, value, target)
        _keep_in_session(frame, str(key.const[0]) if key.const else "*", with_facts(value, frame.facts))
    elif (
        last == "headers" or (evaluate(frame, base).kind == "~response" and isinstance(base, ast.Name))
    ) and value.atoms:
        if written.startswith(("request.", "req.")) or not _is_reply(written):
            return
        keep_header(frame, key, value, target)


def keep_header(frame: Frame, key: Value, value: Value, node: ast.AST) -> None:
    """Note what a value does as the value of a header."""
    name = str(key.const[0]).lower() if key.const else ""
    if name == "location":
        frame.reach(_LOCATION, value if value.prefix == "" else NOTHING, node)
    elif name == "access-control-allow-origin":
        frame.reach(_ORIGIN, value, node)
    else:
        frame.reach(_HEADER, value, node)


_SESSION = Sink("session-from-outside", (), "", 1.0)
_LOCATION = Sink("open-redirect", (), "", 1.0)
_ORIGIN = Sink("origin-reflected", (), "", 1.0)
_HEADER = Sink("header-injection", (), "", 1.0)


def _keep_in_session(frame: Frame, key: str, value: Value) -> None:
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind not in {"param", "unknown"}}
    before = frame.project.kept.get(key)
    if atoms and (before is None or not atoms.keys() <= before.atoms.keys()):
        frame.project.kept[key] = Value(atoms if before is None else join_atoms(before.atoms, atoms))
        frame.changed_globals = True


def _is_reply(written: str) -> bool:
    lowered = written.lower()
    return any(
        word in lowered
        for word in ("resp", "reply", "answer", "result", "self", "out", "r.", "res.", "redirect", "http")
    )


def _is_self(frame: Frame, name: str) -> bool:
    function = frame.function
    while function is not None:
        if function.owner is not None and function.parameters and function.parameters[0] == name:
            return True
        function = function.parent
    return False


def _local_names(frame: Frame) -> frozenset[str]:
    return frozenset(frame.function.parameters) if frame.function is not None else frozenset()


def _keep_field(frame: Frame, name: str, value: Value) -> None:
    """What an object keeps is known wherever its class's methods read it; of parameters only those of others."""
    cls = frame.cls
    if cls is None:
        return
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind not in {"param", "unknown"}}
    kept = replace(
        value,
        atoms=atoms,
        const=value.const if not value.atoms else (),
        constant=value.constant and not value.atoms,
        bound=None,
    )
    before = cls.fields.get(name)
    if before is None:
        cls.fields[name] = kept
        if atoms:
            frame.changed_globals = True
    else:
        joined = join(before, kept)
        if joined.atoms.keys() != before.atoms.keys():
            frame.changed_globals = True
        cls.fields[name] = joined


def _note_stored(frame: Frame, owner: Value, name: str, value: Value) -> None:
    """Note that a parameter's attribute now holds a value, for whoever called."""
    function = frame.function
    if function is None:
        return
    for origin in owner.atoms:
        if origin.kind == "param" and not origin.path and frame.owner(origin) is function:
            key = (origin.place % 1000, name)
            before = function.summary.stored.get(key)
            if before is None and len(function.summary.stored) > _MOST_STORED:
                return
            function.summary.stored[key] = value if before is None else join(before, value)
