"""The routes that FastAPI and Flask code declares, read from decorators; nothing is imported or run."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.documents.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from manyeyes_tools.documents.symbols import FunctionNode, Module

Framework: TypeAlias = Literal["fastapi", "flask"]
Key: TypeAlias = "tuple[str, str]"
"""A variable: the file it is in and its name there."""

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MAKERS: Mapping[str, Framework] = {
    "FastAPI": "fastapi", "APIRouter": "fastapi", "Flask": "flask", "Blueprint": "flask",
}  # fmt: skip
_FASTAPI_PART = re.compile(r"\{(\w+)(?::(\w+))?\}")
_FLASK_PART = re.compile(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path, and the function that answers it.

    Attributes:
        path: As OpenAPI writes it, with all prefixes.
        parts: The parameters in the path and the converter of each, empty where it has none.
        options: The decorator's keyword arguments.
        tags: Those of the routers that hold it and its own.
    """

    method: str
    path: str
    parts: Mapping[str, str]
    module: Module
    handler: FunctionNode
    framework: Framework
    options: Mapping[str, ast.expr]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mount:
    """A place where a router is reached: the path before its own, and the tags it is given there."""

    prefix: str
    tags: tuple[str, ...]


@dataclass(slots=True)
class _Router:
    framework: Framework
    prefix: str = ""
    tags: tuple[str, ...] = ()
    root: bool = False
    within: list[tuple[Key, Mount]] = field(default_factory=list)


def find_routes(modules: Sequence[Module]) -> tuple[tuple[Route, ...], tuple[str, ...]]:
    """The routes in source order, and what could not be read, for people."""
    routers: dict[Key, _Router] = {}
    problems: list[str] = []
    for module in modules:
        for name, call in _calls_assigned(module):
            maker = dotted(call.func).rpartition(".")[2]
            if maker in _MAKERS:
                options = keywords(call)
                prefix = text(options.get("prefix")) or text(options.get("url_prefix")) or ""
                routers[module.path, name] = _Router(
                    _MAKERS[maker], prefix, strings(options.get("tags")), root=maker in {"FastAPI", "Flask"}
                )
    for module in modules:
        _read_mounts(module, modules, routers)
    found = [route for module in modules for route in _routes(module, modules, routers, problems)]
    return tuple(found), tuple(problems)


def application(modules: Sequence[Module]) -> Mapping[str, ast.expr]:
    """The keyword arguments of the first `FastAPI(…)`; none where there is none."""
    for module in modules:
        for _, call in _calls_assigned(module):
            if dotted(call.func).rpartition(".")[2] == "FastAPI":
                return keywords(call)
    return {}


def keywords(call: ast.Call) -> Mapping[str, ast.expr]:
    """A call's keyword arguments."""
    return {word.arg: word.value for word in call.keywords if word.arg}


def text(node: ast.expr | None) -> str | None:
    """The value of a string literal; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def strings(node: ast.expr | None) -> tuple[str, ...]:
    """The string literals of a list, tuple or set."""
    elements = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
    return tuple(value for element in elements if (value := text(element)) is not None)


def _calls_assigned(module: Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield target.id, node.value


def _read_mounts(module: Module, modules: Sequence[Module], routers: dict[Key, _Router]) -> None:
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if node.func.attr not in {"include_router", "register_blueprint"}:
            continue
        inner = routers.get(_variable(node.args[0], module, modules))
        if inner:
            options = keywords(node)
            given = text(options.get("prefix")) or text(options.get("url_prefix")) or ""
            if node.func.attr == "register_blueprint" and given:
                inner.prefix = ""  # Flask: the prefix of the registration replaces the blueprint's own
            outer = _variable(node.func.value, module, modules)
            inner.within.append((outer, Mount(given, strings(options.get("tags")))))


def _variable(node: ast.expr, module: Module, modules: Sequence[Module]) -> Key:
    """Which variable a name stands for, followed through imports as far as the given files go."""
    name = dotted(node)
    head, _, last = name.rpartition(".")
    for statement in ast.walk(module.tree):
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                bound = alias.asname or alias.name
                if bound == name:  # from shop.items import router
                    home = _module(statement.module or "", modules)
                    return (home.path, alias.name) if home else (module.path, name)
                if bound == head:  # from shop import items; items.router
                    home = _module(f"{statement.module or ''}.{alias.name}".strip("."), modules)
                    return (home.path, last) if home else (module.path, name)
        elif isinstance(statement, ast.Import) and any((a.asname or a.name) == head for a in statement.names):
            imported = next(a.name for a in statement.names if (a.asname or a.name) == head)
            home = _module(imported, modules)
            return (home.path, last) if home else (module.path, name)
    return module.path, name


def _module(name: str, modules: Sequence[Module]) -> Module | None:
    """The module of that import name; roots are unknown and imports may be relative, so tails count."""

    def matches(module: Module) -> bool:
        own = module.itself.name
        return own == name or own.endswith(f".{name}") or name.endswith(f".{own}")

    return next((module for module in modules if name and matches(module)), None)


def _mounts(key: Key, routers: Mapping[Key, _Router], seen: frozenset[Key] = frozenset()) -> list[Mount]:
    """Every place a router is reached at.  One that nobody includes is taken to be reached as it is."""
    router = routers.get(key)
    if router is None or key in seen:
        return [Mount("", ())]
    here = Mount(router.prefix, router.tags)
    if router.root or not router.within:
        return [here]
    return [
        Mount(outer.prefix + given.prefix + here.prefix, outer.tags + given.tags + here.tags)
        for parent, given in router.within
        for outer in _mounts(parent, routers, seen | {key})
    ]


def _routes(
    module: Module, modules: Sequence[Module], routers: Mapping[Key, _Router], problems: list[str]
) -> Iterator[Route]:
    imported = _framework(module)
    handlers = [node for node in ast.walk(module.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for handler in sorted(handlers, key=lambda node: node.lineno):
        for decorator in handler.decorator_list:
            if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
                continue
            key = _variable(decorator.func.value, module, modules)
            verb = decorator.func.attr
            framework = routers[key].framework if key in routers else imported
            if framework is None or verb not in {*METHODS, "route", "api_route"}:
                continue
            options = keywords(decorator)
            first = decorator.args[0] if decorator.args else options.get("path") or options.get("rule")
            path = text(first)
            if path is None:
                if key in routers:
                    where = f"{module.path}:{handler.lineno}"
                    problems.append(f"{where}: the path of {handler.name} is not a literal, so it is left out")
                continue
            if key not in routers and not path.startswith("/"):
                continue  # something else that has a `get`
            methods = (verb,) if verb in METHODS else _methods(options)
            for mount in _mounts(key, routers):
                full, parts = _template(mount.prefix + path, framework)
                for method in methods:
                    yield Route(
                        method=method,
                        path=full,
                        parts=parts,
                        module=module,
                        handler=handler,
                        framework=framework,
                        options=options,
                        tags=tuple(dict.fromkeys(mount.tags + strings(options.get("tags")))),
                    )


def _methods(options: Mapping[str, ast.expr]) -> tuple[str, ...]:
    given = tuple(name.lower() for name in strings(options.get("methods")) if name.lower() in METHODS)
    return given or ("get",)


def _framework(module: Module) -> Framework | None:
    """The framework that a file imports: its routers may come from files that were not given."""
    for node in ast.walk(module.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            root = name.partition(".")[0]
            if root == "fastapi":
                return "fastapi"
            if root == "flask":
                return "flask"
    return None


def _template(path: str, framework: Framework) -> tuple[str, dict[str, str]]:
    """A path as OpenAPI writes it, and its parameters with their converters."""
    parts: dict[str, str] = {}

    def fastapi(match: re.Match[str]) -> str:
        parts[match[1]] = match[2] or ""
        return f"{{{match[1]}}}"

    def flask(match: re.Match[str]) -> str:
        parts[match[2]] = match[1] or ""
        return f"{{{match[2]}}}"

    full = _FASTAPI_PART.sub(fastapi, path) if framework == "fastapi" else _FLASK_PART.sub(flask, path)
    return full if full.startswith("/") else f"/{full}", parts
