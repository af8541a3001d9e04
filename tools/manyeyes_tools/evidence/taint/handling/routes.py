"""Functions that routes name, and what routes say of their parameters."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.definitions import Function, Module
from manyeyes_tools.evidence.taint.sources import FRAMEWORKS

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.project import Project


_ROUTED = frozenset({
    "starlette", "aiohttp", "flask", "fastapi", "sanic", "django", "bottle", "falcon", "quart", "litestar", "pyramid",
})  # fmt: skip
"""Frameworks whose routers are given functions by calls."""
_REGISTERING = frozenset({
    "Route", "add_route", "add_url_rule", "add_api_route", "add_get", "add_post", "add_put", "add_delete",
    "add_patch", "path", "re_path", "url", "get", "post", "put", "delete", "WebSocketRoute", "add_view",
})  # fmt: skip
_PATHS = frozenset({"path", "re_path", "url"})
"""What Django's routes are called."""
_INTEGER = re.compile(
    r"<\s*(?:int|float|uuid)(?:\([^)]*\))?:\s*(\w+)|<(\w+):(?:int|float|uuid|re:\\d\+|re:\[0-9\]\+)>|<(\w+):int>"
    r"|\{(\w+):(?:int|uuid|float|\\d\+)\}"
)
"""A parameter that a route's path makes a number, as the frameworks write it."""
_PLACE = re.compile(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>(\\d\+|\[0-9\]\+)?")
"""A parameter in a path of Django's, old and new."""


def mark_registered(project: Project, module: Module) -> None:
    """Mark functions that are given to a router by a call, such as `Route("/x", show)`."""
    if module.frameworks.isdisjoint(_ROUTED):
        return
    names = (one.name for one in FRAMEWORKS if one.name != "rest_framework")
    framework = next((name for name in names if name in module.frameworks), "")
    for node in walk(module.tree):
        if node.__class__ is not ast.Call:
            continue
        last = _last(node)
        if last not in _REGISTERING:
            continue
        for argument in (*node.args, *(word.value for word in node.keywords)):
            name = dotted(argument)
            found = project.find(module.full(name), module) if name else None
            if not isinstance(found, Function) or (not found.handler and framework == "django" and last not in _PATHS):
                continue
            found.handler = found.handler or framework
            found.routed = True


def _last(call: ast.Call) -> str:
    """The last part of the name of what is called."""
    func = call.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def path_parameters(project: Project) -> tuple[frozenset[str], frozenset[str]]:
    """Names of parameters that Django's routes give, and those that are numbers wherever they are named."""
    numbers: set[str] = set()
    others: set[str] = set()
    for module in project.modules:
        if "django" not in module.frameworks:
            continue
        for node in walk(module.tree):
            if not isinstance(node, ast.Call) or dotted(node.func).rpartition(".")[2] not in _PATHS:
                continue
            for found in _PLACE.finditer(_path(node)):
                kind, name, named, digits = found.groups()
                (numbers if kind in {"int", "uuid"} or digits else others).add(name or named)
    return frozenset(numbers | others), frozenset(numbers - others)


def _path(call: ast.Call) -> str:
    """The path that a route is given first."""
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""


def route_integers(function: Function) -> frozenset[str]:
    """Parameters that the route itself makes numbers."""
    return frozenset(
        name
        for decorator in getattr(function.node, "decorator_list", ())
        if isinstance(decorator, ast.Call)
        for match in _INTEGER.finditer(_path(decorator))
        for name in match.groups()
        if name
    )
