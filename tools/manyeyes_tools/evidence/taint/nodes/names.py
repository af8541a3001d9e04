"""What constants and names stand for."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.definitions import Class, Function, Module
from manyeyes_tools.evidence.taint.frames import UNKNOWN, Frame
from manyeyes_tools.evidence.taint.sources import FRAMEWORKS, OBJECTS, REQUEST
from manyeyes_tools.evidence.taint.values import CONSTANT, LONGEST_TEXT, NO_ATOMS, Value

if TYPE_CHECKING:
    import ast

REQUEST_OBJECTS = frozenset(name for one in FRAMEWORKS for name in one.objects.split())
_BUILTINS = frozenset(dir(builtins))


def constant(frame: Frame, node: ast.Constant) -> Value:
    """A constant; text that is met again is the same value."""
    value = node.value
    if value.__class__ is not str:
        return Value(NO_ATOMS, "", (value,), constant=True)
    known = frame.project.texts.get(value)
    if known is None:
        text = value[:LONGEST_TEXT]
        known = frame.project.texts[text] = Value(NO_ATOMS, "", (text,), text, text, constant=True)
    return known


def name(frame: Frame, node: ast.Name) -> Value:
    """A variable, or what the name stands for outside the function."""
    found = frame.env.get(node.id)
    return global_value(frame, node.id) if found is None else found


def global_value(frame: Frame, name: str) -> Value:
    """What a name stands for outside the function."""
    module = frame.module
    found = module.globals.get(name)
    if found is not None:
        return found
    full = module.imports.get(name)
    if full is None:
        if name in module.functions or name in module.classes:
            return Value(NO_ATOMS, f"{module.name}.{name}" if module.name else name, constant=True)
        if name in _BUILTINS:
            return Value(NO_ATOMS, name)
        if name == "request" and frame.project.web:
            return Value(NO_ATOMS, REQUEST)
        return CONSTANT if name.isupper() else UNKNOWN
    return named_value(frame, full)


def named_value(frame: Frame, full: str) -> Value:
    """What a full name stands for."""
    if full in REQUEST_OBJECTS:
        return Value(NO_ATOMS, REQUEST)
    kind = OBJECTS.get(full)
    if kind is not None:
        return Value(frame.source(kind, full, frame.module.tree).atoms, full)
    found = frame.project.find(full, frame.module)
    if isinstance(found, tuple):
        there, name = found
        value = there.globals.get(name)
        if value is not None:
            return value
    if isinstance(found, Function | Class | Module):
        return Value(NO_ATOMS, full, constant=True)
    last = full.rpartition(".")[2]
    return Value(NO_ATOMS, full, constant=last.isupper())
