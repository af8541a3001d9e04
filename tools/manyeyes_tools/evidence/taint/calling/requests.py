"""What attributes and methods of a request give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.sites import Site, first_key
from manyeyes_tools.evidence.taint.handling.handlers import HANDLER_CALLS, is_handler
from manyeyes_tools.evidence.taint.marks import OBJECT
from manyeyes_tools.evidence.taint.sources import (
    HARMLESS_PARTS,
    HOST_PARTS,
    JSON_PARTS,
    REQUEST,
    REQUEST_CALLS,
    REQUEST_PARTS,
    UPLOAD,
    UPLOAD_PARTS,
    UPLOADS,
)
from manyeyes_tools.evidence.taint.tables import bits
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, cleaned, extended

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.taint.frames import Frame


def request_attribute(frame: Frame, attr: str, node: ast.expr) -> Value:
    """`request.args`, and the like."""
    if attr in UPLOAD_PARTS:
        return Value(frame.source("request", f"request.{attr}", node).atoms, UPLOADS)
    if attr in REQUEST_PARTS:
        value = frame.source("request", f"request.{attr}", node)
        if attr in HOST_PARTS:
            return Value(cleaned(value.atoms, bits("open-redirect request-forgery")))
        atoms = cleaned(value.atoms, OBJECT) if attr in JSON_PARTS else value.atoms
        if attr in {"host", "headers", "META"}:
            return Value(atoms, f"~{attr}" if attr != "host" else "")
        return Value(atoms)
    if attr in HARMLESS_PARTS:
        return Value(NO_ATOMS, f"{REQUEST}.{attr}")
    return Value(NO_ATOMS, f"{REQUEST}.{attr}", bound=Value(NO_ATOMS, REQUEST))


def of_request(frame: Frame, site: Site) -> Value | None:  # noqa: C901, PLR0911, PLR0912  # one for each kind of object
    """What a method of a request, or of a part of one, returns; None when it is no such method."""
    kind = site.receiver.kind
    method = site.method
    if not method:
        return None
    if site.written == "self" and method in HANDLER_CALLS and is_handler(frame, "tornado"):
        return frame.source("request", f"self.{method}()", site.node, first_key(site))
    if kind == REQUEST:
        if method in REQUEST_CALLS:
            value = frame.source("request", f"request.{method}()", site.node, first_key(site))
            if method in HOST_PARTS:
                return Value(cleaned(value.atoms, bits("open-redirect request-forgery")))
            if method in JSON_PARTS or method == "json":
                return Value(cleaned(value.atoms, OBJECT))
            if method == "form":
                return Value(value.atoms, "~form")
            return value
        return NOTHING
    if kind == UPLOADS or site.full.startswith(f"{UPLOADS}."):
        if method in {"get", "getlist", "values", "pop"}:
            return Value(frame.source("content", "an upload", site.node).atoms, UPLOAD)
        return Value(site.receiver.atoms)
    if kind == UPLOAD:
        if method in {"read", "chunks", "stream", "open"}:
            return Value(frame.source("content", "an upload", site.node).atoms)
        return NOTHING
    if kind == "~handler" or kind.startswith("~handler:"):
        return None
    if kind == "~headers" and method == "get":
        return Value(extended(site.receiver.atoms, first_key(site)))
    return None
