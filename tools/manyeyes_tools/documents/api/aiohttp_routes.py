"""The routes of aiohttp's web applications: `add_get`, `add_routes`, route tables and applications within others."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import METHODS, Endpoint, Operation, Parameter, last
from manyeyes_tools.documents.api.fastapi_endpoints import template
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.values import Closure, Expression, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Given, Value

MAKERS: Final = frozenset({"Application", "RouteTableDef"})
_BODY: Final = {"json": "application/json", "post": "application/x-www-form-urlencoded"}


@dataclass(slots=True, eq=False)
class _Table:
    """An application or a route table."""

    routes: list[tuple[str | None, str, Closure | None, Scope, int, str]] = field(default_factory=list)
    within: list[tuple[_Table, str]] = field(default_factory=list)


class AiohttpRoutes:
    """Collects what a walk meets of aiohttp; `endpoints` is what it comes to."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._tables: dict[int, _Table] = {}
        self._seen: set[tuple[int, int]] = set()
        self.problems: list[str] = []

    def decorated(self, node: FunctionNode | ast.ClassDef, decorator: ast.expr, scope: Scope) -> None:
        """A decorator `@routes.get("/x")`."""
        if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)):
            return
        table = self._table(self._evaluator.value(decorator.func.value, scope))
        if table is None or decorator.func.attr not in {*METHODS, "view"} or not self._once(decorator, scope):
            return
        given = self._evaluator.given(decorator, scope)
        closure = self._evaluator.closure(node, scope)
        self._add(table, decorator.func.attr, self._evaluator.text(given.get("path", 0)), closure, scope, node.lineno)

    def call(self, node: ast.Call, scope: Scope) -> None:
        """A call that may fill an application."""
        if not isinstance(node.func, ast.Attribute):
            return
        name = node.func.attr
        if not name.startswith("add_"):
            return
        owner = node.func.value
        if isinstance(owner, ast.Attribute) and owner.attr == "router":
            owner = owner.value
        table = self._table(self._evaluator.value(owner, scope))
        if table is None or not self._once(node, scope):
            return
        given = self._evaluator.given(node, scope)
        if name == "add_routes" and given.placed:
            self._listed(table, given.placed[0])
        elif name == "add_subapp":
            inner = given.get("subapp", 1)
            found = self._table(self._evaluator.value(inner.node, inner.scope)) if inner is not None else None
            if found is not None:
                found.within.append((table, self._evaluator.text(given.get("prefix", 0)) or ""))
        elif name == "add_route":
            verb = (self._evaluator.text(given.get("method", 0)) or "").lower()
            self._handled(table, verb, given, 1, scope, node.lineno)
        else:
            self._handled(table, name.removeprefix("add_"), given, 0, scope, node.lineno)

    def _once(self, node: ast.AST, scope: Scope) -> bool:
        key = (id(node), id(scope))
        fresh = key not in self._seen
        self._seen.add(key)
        return fresh

    def _handled(self, table: _Table, verb: str, given: Given, place: int, scope: Scope, line: int) -> None:  # noqa: PLR0917 -- what is known of one route
        handler = given.get("handler", place + 1)
        value = self._evaluator.value(handler.node, handler.scope) if handler is not None else None
        self._add(table, verb, self._evaluator.text(given.get("path", place)), value, scope, line)

    def _listed(self, table: _Table, told: Expression) -> None:
        value = self._evaluator.value(told.node, told.scope)
        inner = self._table(value)
        if inner is not None:
            inner.within.append((table, ""))
        elif isinstance(value, Expression) and isinstance(value.node, ast.List | ast.Tuple):
            for one in value.node.elts:
                made = self._evaluator.value(one, value.scope)
                if isinstance(made, Made) and made.last in {*METHODS, "view", "route"}:
                    given = self._evaluator.given(made.call, made.scope)
                    verb = (
                        made.last
                        if made.last != "route"
                        else (self._evaluator.text(given.get("method", 0)) or "").lower()
                    )
                    self._handled(table, verb, given, 1 if made.last == "route" else 0, made.scope, made.call.lineno)

    def _add(self, table: _Table, verb: str, path: str | None, value: Value, scope: Scope, line: int) -> None:  # noqa: PLR0917 -- what is known of one route
        if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
            made = self._evaluator.instance(value, None, value.scope)
            for method in METHODS:
                found = self._evaluator.class_attribute(value, method, made)
                if isinstance(found, Closure) and isinstance(found.node, FUNCTIONS):
                    table.routes.append((path, method, found, scope, found.node.lineno, f"{value.node.name}.{method}"))
            return
        handler = value if isinstance(value, Closure) and isinstance(value.node, FUNCTIONS) else None
        if verb in METHODS:
            table.routes.append((path, verb, handler, scope, line, handler.node.name if handler else verb))

    def _table(self, value: Value) -> _Table | None:
        if not isinstance(value, Made) or not value.name.startswith("aiohttp.") or value.last not in MAKERS:
            return None
        return self._tables.setdefault(id(value), _Table())

    def _prefixes(self, table: _Table, seen: frozenset[int] = frozenset()) -> list[str]:
        if not table.within or id(table) in seen:
            return [""]
        return [
            above + prefix.rstrip("/")
            for outer, prefix in table.within
            for above in self._prefixes(outer, seen | {id(table)})
        ]

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, in the order they are declared."""
        for table in self._tables.values():
            for prefix in dict.fromkeys(self._prefixes(table)):
                for path, method, handler, scope, line, name in table.routes:
                    if path is None:
                        self.problems.append(
                            f"{scope.module.path}:{line}: the path of {name} is not a literal, so it is left out"
                        )
                        continue
                    full, parts = template(prefix + path)
                    node = handler.node if handler is not None and isinstance(handler.node, FUNCTIONS) else None
                    yield Endpoint(
                        method=method,
                        path=full,
                        parts=parts,
                        framework="aiohttp",
                        module=handler.scope.module if handler is not None else scope.module,
                        line=node.lineno if node is not None else line,
                        name=name,
                        handler=node,
                        scope=handler.scope if handler is not None else scope,
                    )


def operation(endpoint: Endpoint) -> Operation:
    """What an aiohttp handler reads from its request, as far as its own body tells."""
    result = Operation(responses={"default": {"description": "Answer"}})
    for name, schema in endpoint.parts.items():
        result.add(Parameter(name, "path", dict(schema), required=True))
    for node in ast.walk(endpoint.handler) if endpoint.handler is not None else ():
        match node:
            case ast.Subscript(
                value=ast.Attribute(attr="query" | "headers" | "cookies" as place),
                slice=ast.Constant(value=str() as name),
                ctx=ast.Load(),
            ):
                where = "query" if place == "query" else "header" if place == "headers" else "cookie"
                result.add(Parameter(name, where, {"type": "string"}, required=True))  # type: ignore[arg-type]  # one of the three
            case ast.Call(
                func=ast.Attribute(attr="get", value=ast.Attribute(attr="query" | "headers" | "cookies" as place)),
                args=[ast.Constant(value=str() as name), *_],
            ):
                where = "query" if place == "query" else "header" if place == "headers" else "cookie"
                result.add(Parameter(name, where, {"type": "string"}, required=False))  # type: ignore[arg-type]  # as above
            case ast.Await(
                value=ast.Call(
                    func=ast.Attribute(attr="json" | "post" as kind, value=ast.Name() | ast.Attribute() as owner)
                )
            ) if last(owner) == "request" and endpoint.method in {"post", "put", "patch", "delete"}:
                result.body = {_BODY[kind]: {}}
                result.body_required = True
            case _:
                pass
    return result
