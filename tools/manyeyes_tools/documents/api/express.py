"""The routes of Express applications in JavaScript and TypeScript, read from their syntax trees."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import BODILESS, METHODS, Endpoint, Operation, Parameter
from manyeyes_tools.languages import language_of
from manyeyes_tools.syntax.parsing import NotParsed, syntax_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tree_sitter import Node

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.scopes import Project
    from manyeyes_tools.documents.symbols import Module

_LANGUAGES: Final = frozenset({"javascript", "typescript"})
_PART = re.compile(r":(\w+)(?:\([^)]*\))?\??")
_NEAR: Final = 12


@dataclass(slots=True, eq=False)
class _Router:
    """An application or router: its routes, and what holds it at which path."""

    routes: list[tuple[str, str, Module, Node]] = field(default_factory=list)
    within: list[tuple[_Router, str]] = field(default_factory=list)


class _File:
    """What one file binds: routers by name, imports by name, and what it exports."""

    def __init__(self, module: Module, root: Node) -> None:
        self.module = module
        self.root = root
        self.routers: dict[str, _Router] = {}
        self.imported: dict[str, str] = {}
        self.exported: str = ""
        for node in _all(root):
            if node.type == "variable_declarator":
                self._declared(node)
            elif node.type == "import_statement":
                source = _text(node.child_by_field_name("source"))
                for name in _all(node):
                    if name.type == "identifier":
                        self.imported[_raw(name)] = source or ""
            elif node.type == "assignment_expression" and _raw(node.child_by_field_name("left")) == "module.exports":
                self.exported = _raw(node.child_by_field_name("right"))
            elif node.type == "export_statement" and node.child_by_field_name("value") is not None:
                self.exported = _raw(node.child_by_field_name("value"))

    def _declared(self, node: Node) -> None:
        name, value = _raw(node.child_by_field_name("name")), node.child_by_field_name("value")
        if value is None or value.type != "call_expression":
            return
        called = _raw(value.child_by_field_name("function"))
        if called in {"express", "express.Router", "Router"}:
            self.routers[name] = _Router()
        elif called == "require":
            arguments = _arguments(value)
            self.imported[name] = (_text(arguments[0]) or "") if arguments else ""


def operations(
    modules: Sequence[Module], project: Project, problems: list[str]
) -> Iterator[tuple[Endpoint, Operation]]:
    """Every endpoint with what it takes, in the order they are declared."""
    files: dict[str, _File] = {}
    for module in modules:
        language = language_of(module.path)
        if language not in _LANGUAGES:
            continue
        text = "\n".join(module.lines)
        if "express" not in text and "Router" not in text:
            continue
        try:
            files[module.path] = _File(module, syntax_tree(text, language).tree.root_node)
        except NotParsed as error:
            problems.append(f"{module.path}: not read for routes, {error}")
    for one in files.values():
        _read(one, files, problems)
    scope = project.scope
    for one in files.values():
        for router in one.routers.values():
            for prefix in dict.fromkeys(_prefixes(router)):
                for method, path, module, node in router.routes:
                    full, parts = _template(prefix + path)
                    line = node.start_point[0] + 1
                    endpoint = Endpoint(
                        method=method, path=full, parts=parts, framework="express", module=module, line=line,
                        name=f"{method}_{re.sub(r'[^a-zA-Z0-9]+', '_', full).strip('_')}", scope=scope(module),
                    )  # fmt: skip
                    yield endpoint, _operation(endpoint, node)


def _read(one: _File, files: dict[str, _File], problems: list[str]) -> None:  # noqa: C901, PLR0912 -- one case for each form of what is read
    for node in _all(one.root):
        if node.type != "call_expression":
            continue
        called = node.child_by_field_name("function")
        if called is None or called.type != "member_expression":
            continue
        owner, verb = called.child_by_field_name("object"), _raw(called.child_by_field_name("property"))
        arguments = _arguments(node)
        path: str | None = _text(arguments[0]) if arguments else None
        if owner is not None and owner.type == "call_expression":  # app.route("/x").get(…).post(…)
            while owner is not None and owner.type == "call_expression":
                inner = owner.child_by_field_name("function")
                if _raw(inner.child_by_field_name("property") if inner is not None else None) == "route":
                    routed = _arguments(owner)
                    path = _text(routed[0]) if routed else None
                owner = inner.child_by_field_name("object") if inner is not None else None
        router = one.routers.get(_raw(owner))
        if router is None or not arguments:
            continue
        where = f"{one.module.path}:{node.start_point[0] + 1}"
        if verb in METHODS:
            if path is None:
                if verb != "get" or len(arguments) > 1:  # `app.get("x")` alone reads a setting
                    problems.append(f"{where}: the path of a route is not a literal, so it is left out")
            elif path.startswith(("/", "*")) and (len(arguments) > 1 or _text(arguments[0]) is None):
                router.routes.append((verb, path, one.module, node))
        elif verb == "use":
            for inner_node in arguments[1:] if path is not None else arguments:
                inner_router = _found(inner_node, one, files)
                if inner_router is not None:
                    inner_router.within.append((router, (path or "").rstrip("/")))


def _found(node: Node, one: _File, files: dict[str, _File]) -> _Router | None:
    """The router that a name or a `require(…)` stands for, in this file or another."""
    name = _raw(node)
    if name in one.routers:
        return one.routers[name]
    source = one.imported.get(name, "")
    if node.type == "call_expression" and _raw(node.child_by_field_name("function")) == "require":
        arguments = _arguments(node)
        source = (_text(arguments[0]) or "") if arguments else ""
    if not source.startswith("."):
        return None
    import posixpath

    base = posixpath.normpath(posixpath.join(posixpath.dirname(one.module.path), source))
    stem = re.sub(r"\.(?:[cm]?[jt]sx?)$", "", base)
    for path, file in files.items():
        own = re.sub(r"\.(?:[cm]?[jt]sx?)$", "", path)
        if own in {stem, f"{stem}/index"}:
            return file.routers.get(file.exported) or (
                next(iter(file.routers.values())) if len(file.routers) == 1 else None
            )
    return None


def _prefixes(router: _Router, seen: frozenset[int] = frozenset()) -> list[str]:
    if not router.within or id(router) in seen or len(seen) > _NEAR:
        return [""]
    return [above + given for outer, given in router.within for above in _prefixes(outer, seen | {id(router)})]


def _operation(endpoint: Endpoint, node: Node) -> Operation:  # noqa: C901, PLR0912 -- one case for each form of what is read
    """What the functions given to a route read from the request."""
    result = Operation()
    for name, schema in endpoint.parts.items():
        result.add(Parameter(name, "path", schema, required=True))
    properties: dict[str, Schema] = {}
    reads_body = False
    for one in _all(node):
        if one.type == "member_expression":
            source, name = _raw(one.child_by_field_name("object")), _raw(one.child_by_field_name("property"))
            if source == "req.query":
                result.add(Parameter(name, "query", {"type": "string"}, required=False))
            elif source == "req.cookies":
                result.add(Parameter(name, "cookie", {"type": "string"}, required=False))
            elif source == "req.body":
                properties[name] = {}
            elif (source, name) == ("req", "body"):
                reads_body = True
        elif one.type == "variable_declarator":
            taken = [
                _raw(part)
                for part in _all(one.child_by_field_name("name"))
                if part.type == "shorthand_property_identifier_pattern"
            ]
            source = _raw(one.child_by_field_name("value"))
            for name in taken:
                if source == "req.query":
                    result.add(Parameter(name, "query", {"type": "string"}, required=False))
                elif source == "req.body":
                    properties[name] = {}
        elif one.type == "call_expression":
            called, arguments = _raw(one.child_by_field_name("function")), _arguments(one)
            told = _text(arguments[0]) if arguments else None
            if called in {"req.get", "req.header"} and told:
                result.add(Parameter(told, "header", {"type": "string"}, required=False))
            elif (
                called in {"res.status", "res.sendStatus"}
                and arguments
                and re.fullmatch("[1-5][0-9][0-9]", _raw(arguments[0]))
            ):
                result.responses.setdefault(_raw(arguments[0]), {"description": "Answer"})
            elif called in {"res.json", "res.send"}:
                result.responses.setdefault("200", {"description": "Answer"})
    if (reads_body or properties) and endpoint.method not in BODILESS:
        result.body = {"application/json": {"type": "object", "properties": dict(properties)} if properties else {}}
    if not result.responses:
        result.responses["default"] = {"description": "Answer"}
    return result


def _template(path: str) -> tuple[str, dict[str, Schema]]:
    parts: dict[str, Schema] = {}

    def shown(match: re.Match[str]) -> str:
        parts[match[1]] = {"type": "string"}
        return f"{{{match[1]}}}"

    full = _PART.sub(shown, path)
    return full if full.startswith("/") else f"/{full}", parts


def _all(node: Node | None) -> Iterator[Node]:
    """A node and all inside it, in source order."""
    waiting = [node] if node is not None else []
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.named_children[::-1])


def _arguments(call: Node) -> list[Node]:
    given = call.child_by_field_name("arguments")
    return [one for one in given.named_children if one.type != "comment"] if given is not None else []


def _raw(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def _text(node: Node | None) -> str | None:
    """The text of a string literal without parts to fill in; None for anything else."""
    if node is None or node.type not in {"string", "template_string"}:
        return None
    if any(one.type == "template_substitution" for one in node.named_children):
        return None
    return _raw(node)[1:-1]
