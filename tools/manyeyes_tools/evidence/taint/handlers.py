"""Which functions handle requests, and what their parameters are then."""

# ruff: noqa: C901, PLR0911, PLR0912, PLR0917  # a branch for each framework's way

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS, TEXT_KINDS
from manyeyes_tools.evidence.taint.frames import NESTED
from manyeyes_tools.evidence.taint.marks import OBJECT
from manyeyes_tools.evidence.taint.project import Class, Function, Module, annotated
from manyeyes_tools.evidence.taint.sources import COMMANDS, FRAMEWORKS, REQUEST, UPLOAD
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, cleaned

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.project import Project

HANDLER_CLASSES = frozenset(name for one in FRAMEWORKS for name in one.handlers.split())
REQUEST_TYPES = frozenset(name for one in FRAMEWORKS for name in one.types.split())
HANDLER_CALLS = frozenset(name for one in FRAMEWORKS for name in one.methods.split())
_CLASSES = {name: one.name for one in FRAMEWORKS for name in one.handlers.split()}
_VERBS = frozenset(
    [
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
        "trace",
        "dispatch",
        "prepare",
        "list",
        "create",
        "retrieve",
        "update",
        "destroy",
        "partial_update",
        "form_valid",
        "perform_create",
        "perform_update",
        "get_queryset",
        "get_object",
        "get_context_data",
        "handle",
        "initial",
        "view",
    ]
)
_INTEGER = re.compile(
    r"<\s*(?:int|float|uuid)(?:\([^)]*\))?:\s*(\w+)|<(\w+):(?:int|float|uuid|re:\\d\+|re:\[0-9\]\+)>|<(\w+):int>|\{(\w+):(?:int|uuid|float|\\d\+)\}"
)
_SIMPLE = frozenset(
    {
        "",
        "str",
        "bytes",
        "dict",
        "list",
        "Any",
        "typing.Any",
        "Dict",
        "typing.Dict",
        "object",
        "List",
        "Mapping",
        "EmailStr",
        "pydantic.EmailStr",
        "pydantic.HttpUrl",
        "HttpUrl",
        "pydantic.AnyUrl",
        "pydantic.AnyHttpUrl",
        "AnyUrl",
    }
)
_INJECTED = frozenset({"Depends", "Security", "BackgroundTasks", "Response", "Inject", "Provide"})
_UPLOADS = frozenset(
    {"fastapi.UploadFile", "starlette.datastructures.UploadFile", "UploadFile", "fastapi.datastructures.UploadFile"}
)


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
        _mark_registered(project, module)


def _framework_of(function: Function, module: Module) -> str:
    node = function.node
    owner = function.owner
    if owner is not None:
        for name in owner.external:
            found = _CLASSES.get(name)
            if found is not None and (
                function.name in _VERBS
                or (
                    found == "tornado"
                    and function.name in {"get", "post", "put", "delete", "patch", "prepare", "on_message"}
                )
            ):
                return found
        if (
            any(
                "ViewSet" in name
                or name.endswith(("APIView", "View", "MethodView", "Resource", "HTTPEndpoint", "RequestHandler"))
                for name in owner.bases
            )
            and function.name in _VERBS
        ):
            for one in FRAMEWORKS:
                if one.name in module.frameworks and one.handlers:
                    return one.name
    for decorator in getattr(node, "decorator_list", ()):
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = dotted(called)
        last = name.rpartition(".")[2]
        full = module.full(name)
        if full in {
            "django.views.decorators.http.require_POST",
            "django.views.decorators.http.require_GET",
            "django.views.decorators.http.require_http_methods",
            "django.views.decorators.csrf.csrf_exempt",
            "django.contrib.auth.decorators.login_required",
        }:
            return "django"
        if last in {"simple_tag", "template_filter", "filter"} and (
            "register" in name or "template" in last or "environment" in name
        ):
            return "filter"
        if full in COMMANDS or (last == "command" and module.frameworks & {"click", "typer"}):
            return "cli"
        if not isinstance(decorator, ast.Call) and last not in {"expose", "api_view"}:
            continue
        for one in FRAMEWORKS:
            if last in one.routes.split() and _belongs(one.name, module, full, decorator):
                return one.name
    return ""


def _belongs(framework: str, module: Module, full: str, decorator: ast.expr) -> bool:
    if full.startswith(framework):
        return True
    if framework in module.frameworks:
        return True
    known = module.frameworks & {one.name for one in FRAMEWORKS}
    if known:
        return False
    # The application object comes from another file: a route's path tells.
    path = decorator.args[0] if isinstance(decorator, ast.Call) and decorator.args else None
    if not (isinstance(path, ast.Constant) and isinstance(path.value, str) and path.value.startswith("/")):
        return False
    return framework == ("flask" if full.rpartition(".")[2] == "route" else "fastapi")


def _by_parameter(function: Function, module: Module) -> str:
    """A view of Django and the like: its first parameter is the request."""
    node = function.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    given = [*node.args.posonlyargs, *node.args.args]
    first = (
        given[1]
        if function.owner is not None and not function.static and len(given) > 1
        else given[0]
        if given
        else None
    )
    if first is None:
        return ""
    kind = annotated(first.annotation, module)
    if kind in REQUEST_TYPES:
        for one in FRAMEWORKS:
            if kind in one.types.split():
                return one.name if one.name != "fastapi" else ""
    if first.arg == "request" and first.annotation is None:
        for one in FRAMEWORKS:
            if one.parameter and one.name in module.frameworks:
                return one.name
    return ""


def _mark_registered(project: Project, module: Module) -> None:
    """Functions that are given to a router by a call, such as `Route("/x", show)`."""
    if not module.frameworks & {
        "starlette",
        "aiohttp",
        "flask",
        "fastapi",
        "sanic",
        "django",
        "bottle",
        "falcon",
        "quart",
        "litestar",
        "pyramid",
    }:
        return
    for node in walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        last = (dotted(node.func) or getattr(node.func, "attr", "")).rpartition(".")[2]
        if last not in {
            "Route",
            "add_route",
            "add_url_rule",
            "add_api_route",
            "add_get",
            "add_post",
            "add_put",
            "add_delete",
            "add_patch",
            "path",
            "re_path",
            "url",
            "get",
            "post",
            "put",
            "delete",
            "WebSocketRoute",
            "add_view",
        }:
            continue
        for argument in (*node.args, *(word.value for word in node.keywords)):
            name = dotted(argument)
            if not name:
                continue
            found = project.find(module.full(name), module)
            if isinstance(found, Function) and not found.handler:
                framework = next(
                    (one.name for one in FRAMEWORKS if one.name in module.frameworks and one.name != "rest_framework"),
                    "",
                )
                if framework == "django" and last not in {"path", "re_path", "url"}:
                    continue
                found.handler = framework
                found.routed = True
            elif isinstance(found, Function):
                found.routed = True


_PASSED = frozenset(
    {"form", "serializer", "queryset", "context", "obj", "instance", "exception", "exc", "view", "response"}
)
"""Parameters of a handler class's methods that hold objects of the framework."""


def integer_parameters(project: Project) -> frozenset[str]:
    """Names of parameters that Django's routes give as numbers wherever they are named."""
    numbers: set[str] = set()
    others: set[str] = set()
    for module in project.modules:
        if "django" not in module.frameworks:
            continue
        for node in walk(module.tree):
            if (
                isinstance(node, ast.Call)
                and dotted(node.func).rpartition(".")[2] in {"path", "re_path", "url"}
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                text = str(node.args[0].value)
                for found in re.finditer(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>(\\d\+|\[0-9\]\+)?", text):
                    name = found.group(2) or found.group(3)
                    (numbers if found.group(1) in {"int", "uuid"} or found.group(4) else others).add(name)
    project.path_names = frozenset(numbers | others)
    return frozenset(numbers - others)


def parameters(frame: Frame, function: Function, numbers: frozenset[str]) -> dict[str, Value]:
    """What the parameters of a function stand for when it is followed."""
    node = function.node
    given = node.args
    env: dict[str, Value] = {}
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    defaults: dict[str, ast.expr] = {}
    placed = [*given.posonlyargs, *given.args]
    for one, default in zip(placed[len(placed) - len(given.defaults) :], given.defaults, strict=True):
        defaults[one.arg] = default
    for one, default_or_none in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        if default_or_none is not None:
            defaults[one.arg] = default_or_none
    integers = _integers(function)
    is_method = function.owner is not None and not function.static
    for number, one in enumerate(every):
        kind = annotated(one.annotation, function.module)
        if number == 0 and is_method:
            owner = function.owner
            name = (
                f"{owner.module.name}.{owner.name}"
                if owner is not None and owner.module.name
                else owner.name
                if owner
                else ""
            )
            env[one.arg] = Value(
                {Origin("param", one.arg, (), number + NESTED * frame.level): Atom(0, 0, 0, None)}, name
            )
            continue
        if (
            kind in REQUEST_TYPES
            or (
                one.arg in {"request", "req"}
                and (
                    function.handler or _takes_request(function, is_method=is_method, project_is_web=frame.project.web)
                )
                and one.annotation is None
            )
            or (
                one.arg == "request"
                and kind.rpartition(".")[2] in {"Request", "HttpRequest", "WSGIRequest", "AuthenticatedHttpRequest"}
            )
        ):
            env[one.arg] = Value(NO_ATOMS, REQUEST)
            continue
        if function.handler and function.handler not in {"", "cli", "filter"}:
            if (one.arg in _PASSED and function.owner is not None) or (
                not function.routed
                and one.arg not in frame.project.path_names
                and (frame.project.path_names or function.owner is not None or one.arg in _PASSED)
            ):
                env[one.arg] = Value(
                    {Origin("param", one.arg, (), number + NESTED * frame.level): Atom(0, 0, 0, None)},
                    kind if kind not in _SIMPLE else "",
                )
                continue
            env[one.arg] = _of_handler(frame, function, one, kind, defaults.get(one.arg), integers | numbers)
            continue
        if function.handler == "filter":
            env[one.arg] = frame.source("store", one.arg, one)
            continue
        if function.handler == "cli":
            harmless = kind in HARMLESS_KINDS or kind == "typing.Literal" or _is_enum(frame, kind, function.module)
            env[one.arg] = NOTHING if harmless else frame.source("cli", one.arg, one)
            continue
        if kind in HARMLESS_KINDS or _is_enum(frame, kind, function.module) or kind == "typing.Literal":
            env[one.arg] = NOTHING
            continue
        origin = Origin("param", one.arg, (), number + NESTED * frame.level)
        value = Value(
            {origin: Atom(0, 0, 0, None)},
            kind if kind not in TEXT_KINDS and "~list" not in kind and kind not in _SIMPLE else "",
        )
        env[one.arg] = value
    position = len(every)
    for star in (given.vararg, given.kwarg):
        if star is not None:
            origin = Origin("param", star.arg, (), position + NESTED * frame.level)
            atoms = {origin: Atom(0, 0, 0, None)}
            if function.handler and function.handler != "cli":
                atoms = frame.source("request", f"**{star.arg}", star).atoms if star is given.kwarg else NO_ATOMS
            env[star.arg] = Value(atoms, "~list" if star is given.vararg else "~dict")
            position += 1
    return env


def _takes_request(function: Function, *, is_method: bool, project_is_web: bool) -> bool:
    web = {one.name for one in FRAMEWORKS}
    position = 1 if is_method else 0
    return len(function.parameters) > position and (
        bool(function.module.frameworks & web) or (function.parameters[position] == "request" and project_is_web)
    )


def _is_enum(frame: Frame, kind: str, module: Module) -> bool:
    from manyeyes_tools.evidence.taint.expressions import is_enum

    return bool(kind) and kind not in _SIMPLE and is_enum(frame, kind.removeprefix("~list:"), module)


def _integers(function: Function) -> frozenset[str]:
    """Parameters that the route itself makes numbers."""
    found: set[str] = set()
    for decorator in getattr(function.node, "decorator_list", ()):
        if isinstance(decorator, ast.Call) and decorator.args and isinstance(decorator.args[0], ast.Constant):
            for match in _INTEGER.finditer(str(decorator.args[0].value)):
                found.update(filter(None, match.groups()))
    return frozenset(found)


def _of_handler(
    frame: Frame, function: Function, one: ast.arg, kind: str, default: ast.expr | None, integers: frozenset[str]
) -> Value:
    last = kind.rpartition(".")[2]
    text = ast.dump(one.annotation) if one.annotation is not None else ""
    if (
        one.arg in integers
        or kind in HARMLESS_KINDS
        or kind.removeprefix("~list:") in HARMLESS_KINDS
        or kind == "typing.Literal"
    ):
        return NOTHING
    called = dotted(default.func).rpartition(".")[2] if isinstance(default, ast.Call) else ""
    if called in _INJECTED or any(f"'{word}'" in text for word in _INJECTED):
        return _injected(frame, function, one, kind, default)
    if kind in _UPLOADS or kind.removeprefix("~list:") in _UPLOADS:
        return Value(
            frame.source("content", one.arg, one).atoms, UPLOAD if not kind.startswith("~list:") else "~uploads"
        )
    if last in {"Request", "HttpRequest", "WebSocket"}:
        return Value(NO_ATOMS, REQUEST)
    if _is_enum(frame, kind, function.module):
        return NOTHING
    if called == "File" or (
        one.arg
        in {"self", "cls", "info", "db", "session", "response", "resp", "background_tasks", "user", "current_user"}
        and kind not in _SIMPLE - {""}
        and not called
        and function.handler != "flask"
    ):
        return Value(frame.source("content", one.arg, one).atoms) if called == "File" else Value(NO_ATOMS, kind)
    value = frame.source("request", one.arg, one)
    if kind in _SIMPLE or kind.startswith("~list:") or not kind:
        atoms = value.atoms
        if kind in {"dict", "Dict", "typing.Dict", "Any", "typing.Any", "list", "object"}:
            atoms = cleaned(atoms, OBJECT)
        if isinstance(default, ast.Call) and any(word.arg in {"regex", "pattern"} for word in default.keywords):
            from manyeyes_tools.evidence.taint.guards import expression_mask

            pattern = next((word.value for word in default.keywords if word.arg in {"regex", "pattern"}), None)
            if isinstance(pattern, ast.Constant):
                atoms = cleaned(atoms, expression_mask(str(pattern.value), "search"))
        return Value(atoms, "~list" if kind.startswith("~list:") else "")
    found = frame.project.find(kind, function.module)
    if isinstance(found, Class):
        if (
            found.external & {"pydantic.BaseModel", "sqlmodel.SQLModel", "msgspec.Struct", "ninja.Schema"}
            or found.annotations
        ):
            return Value(value.atoms, kind)
        return Value(NO_ATOMS, kind)
    if function.handler in {"flask", "django", "tornado", "bottle", "aiohttp", "rest_framework"}:
        return Value(value.atoms, "")
    return Value(NO_ATOMS, kind)


def _injected(frame: Frame, function: Function, one: ast.arg, kind: str, default: ast.expr | None) -> Value:
    """What a dependency gives: the result of its function."""
    from manyeyes_tools.evidence.taint.substitution import call_function

    target: ast.expr | None = default.args[0] if isinstance(default, ast.Call) and default.args else None
    if target is None and isinstance(one.annotation, ast.Subscript):
        for part in walk(one.annotation):
            if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] in _INJECTED and part.args:
                target = part.args[0]
                break
    name = dotted(target) if target is not None else ""
    found = frame.project.find(function.module.full(name), function.module) if name else None
    if isinstance(found, Function):
        if not found.handler:
            found.handler = "fastapi"
            found.state = 0
        return call_function(frame, found, {}, one)
    return Value(NO_ATOMS, kind)
