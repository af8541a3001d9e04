"""Which function of the project a call means."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.calling.arguments import bind, is_method
from manyeyes_tools.evidence.taint.calling.sites import Site, site_of
from manyeyes_tools.evidence.taint.definitions import Class, Function
from manyeyes_tools.evidence.taint.evaluation import evaluate

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Value

MOST_BY_NAME = 2
"""A method called on an object of unknown class is looked for by its name if no more classes have it."""
_COMMON = frozenset({
    "get", "set", "run", "save", "load", "open", "close", "read", "write", "update", "delete", "create", "add",
    "remove", "find", "filter", "execute", "send", "start", "stop", "items", "keys", "values", "pop", "append",
    "extend", "join", "split", "format", "strip", "encode", "decode", "copy", "query", "all", "first", "one", "count",
    "commit", "connect", "process", "handle", "call", "apply", "parse", "render", "post", "put", "patch", "info",
    "debug", "error", "warning", "main", "login", "logout", "validate", "check", "search", "fetch", "insert",
    "exists", "list", "show", "index", "put_object", "test", "log", "print", "reset", "clear", "is_valid",
})  # fmt: skip
"""Names of methods that say nothing of the class."""


def class_like(full: str) -> str:
    """The name when it is written like a class's; empty otherwise."""
    last = full.rpartition(".")[2]
    return full if last[:1].isupper() and not last.isupper() else ""


def callee_of(frame: Frame, node: ast.Call) -> Function | None:
    """The function of the project that a call calls."""
    func = node.func
    if isinstance(func, ast.Name):
        known = frame.env.get(func.id)
        found = frame.project.find(known.kind if known is not None else frame.module.full(func.id), frame.module)
        return found if isinstance(found, Function) else None
    if isinstance(func, ast.Attribute):
        receiver = evaluate(frame, func.value)
        if receiver.kind:
            cls = frame.project.find(receiver.kind, frame.module)
            if isinstance(cls, Class):
                return cls.method(func.attr)
            found = frame.project.find(f"{receiver.kind}.{func.attr}", frame.module)
            return found if isinstance(found, Function) else None
        name = dotted(func)
        found = frame.project.find(frame.module.full(name), frame.module) if name else None
        return found if isinstance(found, Function) else None
    return None


def bound_arguments(frame: Frame, node: ast.Call, function: Function) -> dict[int, Value]:
    """The arguments of a call by the positions of the function's parameters."""
    site = site_of(frame, node)
    return bind(site, function, method=is_method(site, function))


def called(frame: Frame, site: Site) -> Function | Class | None:
    """The function or class of the project that a call means; None when it is none of them."""
    if site.full:
        cls = None
        if site.method and site.receiver.kind:
            cls = frame.project.find(site.receiver.kind, frame.module)
            if isinstance(cls, Class):
                return cls.method(site.method)
        found = frame.project.find(site.full, frame.module)
        if isinstance(found, Function | Class):
            return found
        local = frame.env.get(site.full)
        if local is None and site.receiver.kind and not isinstance(cls, Class):
            return None if site.receiver.kind.split(".")[0] in frame.module.imports.values() else _by_name(frame, site)
        return None
    return _by_name(frame, site) if site.method else None


def _by_name(frame: Frame, site: Site) -> Function | None:
    """The only method of that name, where the object's class is not known."""
    if site.method in _COMMON or site.receiver.kind.startswith("~") or site.receiver.const:
        return None
    found = frame.project.methods.get(site.method)
    if not found or len(found) > MOST_BY_NAME:
        return None
    if site.written.split(".")[0] in frame.module.imports and "." not in site.written:
        base = frame.module.full(site.written)
        if frame.project.find(base, frame.module) is None:
            return None
    return found[0]
