"""Which functions handle requests."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.annotations import annotated
from manyeyes_tools.evidence.taint.handling.routes import mark_registered
from manyeyes_tools.evidence.taint.sources import COMMANDS, FRAMEWORKS

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.definitions import Function, Module
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.project import Project

HANDLER_CLASSES = frozenset(name for one in FRAMEWORKS for name in one.handlers.split())
REQUEST_TYPES = frozenset(name for one in FRAMEWORKS for name in one.types.split())
HANDLER_CALLS = frozenset(name for one in FRAMEWORKS for name in one.methods.split())
_CLASSES = {name: one.name for one in FRAMEWORKS for name in one.handlers.split()}
_VERBS = frozenset({
    "get", "post", "put", "patch", "delete", "head", "options", "trace", "dispatch", "prepare", "list", "create",
    "retrieve", "update", "destroy", "partial_update", "form_valid", "perform_create", "perform_update",
    "get_queryset", "get_object", "get_context_data", "handle", "initial", "view",
})  # fmt: skip
"""Methods of handler classes that handle requests."""
_ENDINGS = ("APIView", "View", "MethodView", "Resource", "HTTPEndpoint", "RequestHandler")
"""Ends of the names of classes that handle requests in any framework."""
_VIEWS = frozenset({
    "django.views.decorators.http.require_POST", "django.views.decorators.http.require_GET",
    "django.views.decorators.http.require_http_methods", "django.views.decorators.csrf.csrf_exempt",
    "django.contrib.auth.decorators.login_required",
})  # fmt: skip
"""Decorators of views."""
_FILTERS = frozenset({"simple_tag", "template_filter", "filter"})
_COMMANDING = frozenset({"click", "typer"})
_WEB = frozenset(one.name for one in FRAMEWORKS)
_ROUTES = {
    last: tuple(one.name for one in FRAMEWORKS if last in one.routes.split())
    for last in {name for one in FRAMEWORKS for name in one.routes.split()}
}
"""The frameworks whose decorators have that name."""
_TYPES = {name: one.name for one in reversed(FRAMEWORKS) for name in one.types.split()}
"""The framework whose requests are of that class."""


def is_handler(frame: Frame, framework: str) -> bool:
    """Whether the code at hand handles requests for a framework."""
    at = frame.function
    while at is not None:
        if at.handler == framework or (
            at.owner is not None and any(_CLASSES.get(name) == framework for name in at.owner.external)
        ):
            return True
        at = at.parent
    return False


def mark_handlers(project: Project) -> None:
    """Say of each function whether a framework calls it with requests."""
    for module in project.modules:
        for function in module.every:
            function.handler = _framework_of(function, module)
            if function.handler:
                function.routed = True
            else:
                function.handler = _by_parameter(function, module)
        mark_registered(project, module)


def _framework_of(function: Function, module: Module) -> str:
    """The framework whose class or decorator makes a function a handler; empty for none."""
    found = _of_class(function, module)
    for decorator in () if found else getattr(function.node, "decorator_list", ()):
        found = _of_decorator(decorator, module)
        if found:
            break
    return found


def _of_class(function: Function, module: Module) -> str:
    owner, name = function.owner, function.name
    if owner is None:
        return ""
    for base in owner.external:
        found = _CLASSES.get(base)
        if found is not None and (name in _VERBS or (found == "tornado" and name == "on_message")):
            return found
    if name in _VERBS and any("ViewSet" in base or base.endswith(_ENDINGS) for base in owner.bases):
        return next((one.name for one in FRAMEWORKS if one.name in module.frameworks and one.handlers), "")
    return ""


def _of_decorator(decorator: ast.expr, module: Module) -> str:
    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    last = name.rpartition(".")[2]
    full = module.full(name)
    if full in _VIEWS:
        return "django"
    if last in _FILTERS and ("register" in name or "template" in last or "environment" in name):
        return "filter"
    if full in COMMANDS or (last == "command" and not module.frameworks.isdisjoint(_COMMANDING)):
        return "cli"
    if not isinstance(decorator, ast.Call) and last not in {"expose", "api_view"}:
        return ""
    return next((one for one in _ROUTES.get(last, ()) if _belongs(one, module, full, decorator)), "")


def _belongs(framework: str, module: Module, full: str, decorator: ast.expr) -> bool:
    if full.startswith(framework) or framework in module.frameworks:
        return True
    if not module.frameworks.isdisjoint(_WEB):
        return False
    # The application object comes from another file: a route's path tells.
    path = decorator.args[0] if isinstance(decorator, ast.Call) and decorator.args else None
    if not (isinstance(path, ast.Constant) and isinstance(path.value, str) and path.value.startswith("/")):
        return False
    return framework == ("flask" if full.rpartition(".")[2] == "route" else "fastapi")


def _by_parameter(function: Function, module: Module) -> str:
    """A view of Django and the like: its first parameter is the request."""
    node = function.node
    given = [*node.args.posonlyargs, *node.args.args]
    if function.owner is not None and not function.static and len(given) > 1:
        del given[0]
    if not given or isinstance(node, ast.Lambda):
        return ""
    first = given[0]
    if first.annotation is None:
        if first.arg != "request":
            return ""
        return next((one.name for one in FRAMEWORKS if one.parameter and one.name in module.frameworks), "")
    found = _TYPES.get(annotated(first.annotation, module), "")
    return found if found != "fastapi" else ""
