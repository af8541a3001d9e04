"""What an attribute of a value stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.requests import request_attribute
from manyeyes_tools.evidence.taint.cleaning import PATH_PARTS
from manyeyes_tools.evidence.taint.definitions import Class, Module
from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.marks import HOST, PART, SCHEME, TYPED
from manyeyes_tools.evidence.taint.nodes.members import of_object
from manyeyes_tools.evidence.taint.nodes.names import REQUEST_OBJECTS, named_value
from manyeyes_tools.evidence.taint.sources import OBJECTS, REQUEST, UPLOAD, UPLOADS
from manyeyes_tools.evidence.taint.tables import bits
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, cleaned, extended

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.taint.frames import Frame

_HOST_PARTS = frozenset({"netloc", "hostname", "host", "authority", "raw_host"})


def attribute_read(frame: Frame, node: ast.Attribute) -> Value:
    """`value.name`."""
    base = evaluate(frame, node.value)
    return attribute(frame, base, node.attr, node)


def attribute(frame: Frame, base: Value, attr: str, node: ast.expr) -> Value:  # noqa: C901, PLR0911, PLR0912  # one for each kind of object
    """What an attribute of a value stands for."""
    kind = base.kind
    if base.fields is not None:
        known = base.fields.get(attr)
        if known is not None:
            return known
    if kind == REQUEST:
        return request_attribute(frame, attr, node)
    if kind == UPLOADS:
        return Value(base.atoms, f"{UPLOADS}.{attr}", bound=base)
    if kind == UPLOAD:
        if attr in {"filename", "name"}:
            return frame.source("upload", f"upload.{attr}", node)
        if attr in {"content_type", "mimetype"}:
            return Value(cleaned(frame.source("request", f"upload.{attr}", node).atoms, TYPED))
        if attr == "size":
            return NOTHING
        return Value(base.atoms, f"{UPLOAD}.{attr}", bound=base)
    if attr in _HOST_PARTS and base.atoms:
        return Value(cleaned(base.atoms, HOST), bound=base)
    if attr in {"scheme", "port"} and base.atoms:
        return Value(cleaned(base.atoms, SCHEME), bound=base)
    if attr in PATH_PARTS and base.atoms and kind.startswith("pathlib."):
        clean = bits("path-traversal archive-traversal")
        return Value(cleaned(base.atoms, clean | (PART if attr == "suffix" else 0)))
    if kind:
        cls = frame.project.find(kind, frame.module)
        if isinstance(cls, Class):
            found = of_object(frame, cls, base, attr)
            if found is not None:
                return found
        elif isinstance(cls, Module):
            return named_value(frame, f"{kind}.{attr}")
        else:
            full = f"{kind}.{attr}"
            if base.atoms:
                return Value(extended(base.atoms, attr), full, bound=base)
            special = OBJECTS.get(full)
            if special is not None or full in REQUEST_OBJECTS:
                return named_value(frame, full)
            if isinstance(cls, tuple) or kind.split(".")[0] in frame.project.named:
                return named_value(frame, full)
            return Value(NO_ATOMS, full, bound=base, constant=attr.isupper())
    if base.atoms:
        return Value(extended(base.atoms, attr), bound=base)
    return Value(NO_ATOMS, bound=base, constant=attr.isupper())
