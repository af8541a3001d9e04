"""The routes of FastAPI and Starlette applications, through routers, factories and mounted applications."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.documents.api.endpoints import METHODS, Endpoint, last
from manyeyes_tools.documents.api.fastapi_endpoints import FastapiEndpoints
from manyeyes_tools.documents.api.fastapi_routers import Declared, Included, Kind, Router
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.values import Closure, Expression, External, Given, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Value


MAKERS: frozenset[str] = frozenset({"FastAPI", "APIRouter", "Starlette"})


class FastapiRoutes:
    """Collects what a walk meets of FastAPI and Starlette; `endpoints` is what it comes to."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._routers: dict[int, Router] = {}
        self._seen: set[tuple[int, int]] = set()
        self.problems: list[str] = []
        self._unresolved = 0
        self._kept: list[Value] = []  # their identities stand for them

    @property
    def applications(self) -> list[Router]:
        """The applications that no other holds, those with the most routes first."""
        return FastapiEndpoints(self._evaluator, self._routers).applications

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, those of applications first."""
        yield from FastapiEndpoints(self._evaluator, self._routers, self._unresolved, self.problems).endpoints()

    # what a walk meets -----------------------------------------------------------------------------------------

    def decorated(self, node: FunctionNode | ast.ClassDef, decorator: ast.expr, scope: Scope) -> None:
        """A decorator `@router.get("/x")`."""
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            return
        verb = decorator.func.attr
        if verb not in {*METHODS, "route", "api_route", "websocket", "websocket_route"}:
            return
        router = self._router_of(decorator.func.value, scope)
        if router is None:
            return
        self._declare(router, verb, decorator, scope, self._evaluator.closure(node, scope), node.lineno)

    def call(self, node: ast.Call, scope: Scope) -> None:
        """A call that may make, fill, include or mount a router."""
        name = last(node.func)
        if name in {"FastAPI", "APIRouter", "Starlette"}:
            self.router(self._evaluator.value(node, scope))
            return
        if not isinstance(node.func, ast.Attribute):
            return
        if isinstance(node.func.value, ast.Call) is False and name not in {
            "include_router",
            "mount",
            "add_api_route",
            "add_route",
            "add_api_websocket_route",
            "add_websocket_route",
        }:
            return
        if name in {"include_router", "mount"}:
            outer = self._router_of(node.func.value, scope)
            if outer is not None and self._once(node, scope):
                self._include(outer, name, node, scope)
        elif name in {"add_api_route", "add_route"}:
            router = self._router_of(node.func.value, scope)
            given = self._evaluator.given(node, scope)
            handler = given.get("endpoint", 1) or given.get("route", 1)
            if router is not None and handler is not None:
                value = self._evaluator.value(handler.node, handler.scope)
                self._declare(router, name, node, scope, value, node.lineno)

    def _once(self, node: ast.AST, scope: Scope) -> bool:
        key = (id(node), id(scope))
        fresh = key not in self._seen
        self._seen.add(key)
        return fresh

    def _declare(self, router: Router, verb: str, call: ast.Call, scope: Scope, handler: Value, line: int) -> None:  # noqa: PLR0917 -- what is known of one route
        if "websocket" in verb:
            if self._once(call, scope):
                self.problems.append(
                    f"{scope.module.path}:{line}: a WebSocket, which OpenAPI does not describe, is left out"
                )
            return
        if not self._once(call, scope):
            return
        given = self._evaluator.given(call, scope)
        methods: tuple[str, ...] = (verb,)
        if verb not in METHODS:
            told = given.get("methods", 2 if verb == "add_route" else 1 if verb == "route" else None)
            names = self._evaluator.literal(told) if told else ["GET"]
            methods = tuple(str(one).lower() for one in names) if isinstance(names, list) else ()
            if not methods:
                self.problems.append(
                    f"{scope.module.path}:{line}: the methods of a route are not literals, so it is left out"
                )
        path = self._evaluator.text(given.get("path", 0))
        name = handler.node.name if isinstance(handler, Closure) else last(call.args[1]) if len(call.args) > 1 else ""
        plain = verb in {"route", "add_route"} or router.kind in {"Starlette", "Router"}
        router.items.append(Declared(path, methods, handler, given, scope, line, name, plain))

    def _include(self, outer: Router, name: str, call: ast.Call, scope: Scope) -> None:
        given = self._evaluator.given(call, scope)
        one = given.get("router" if name == "include_router" else "app", 0 if name == "include_router" else 1)
        inner = self._router_of(one.node, one.scope) if one is not None else None
        if inner is None:
            if name == "include_router":
                self._unresolved += 1
                self.problems.append(
                    f"{scope.module.path}:{call.lineno}: the included router is not in these files, or cannot be told"
                )
            return
        told = given.get("prefix") if name == "include_router" else given.get("path", 0)
        prefix = self._evaluator.text(told) if told is not None else ""
        inner.inner = True
        outer.items.append(Included(inner, given, prefix, mounted=name == "mount"))

    def _router_of(self, node: ast.expr, scope: Scope) -> Router | None:
        if isinstance(node, ast.Name):
            for value in self._evaluator.candidates(node.id, scope):
                found = self.router(value)
                if found is not None:
                    return found
            return None
        return self.router(self._evaluator.value(node, scope))

    def router(self, value: Value) -> Router | None:
        """The router that a value is; None when it is none."""
        known = self._routers.get(id(value))
        if known is not None:
            return known
        kind: Kind | None = None
        if isinstance(value, Made):
            if value.last in {"FastAPI", "APIRouter", "Starlette"}:
                kind = (
                    "FastAPI" if value.last == "FastAPI" else "APIRouter" if value.last == "APIRouter" else "Starlette"
                )
            elif value.name == "starlette.routing.Router":
                kind = "Router"
            if kind is None:
                return None
            router = Router(
                kind,
                self._evaluator.given(value.call, value.scope),
                value.scope,
                value.call.lineno if hasattr(value.call, "lineno") else 0,
            )
        elif isinstance(value, Instance):
            kinds = [one for one in self._evaluator.ancestors(value.cls) if one in MAKERS]
            if not kinds:
                # an object may lead to its application: `server.app`
                return None
            kind = "FastAPI" if kinds[0] == "FastAPI" else "APIRouter" if kinds[0] == "APIRouter" else "Starlette"
            router = Router(kind, self._made_with(value), value.scope, value.cls.node.lineno)
        elif isinstance(value, External) and value.last == "router":
            return None
        else:
            return None
        call = value.call
        router.origin = id(call.func) if call is not None else id(value)
        self._kept.append(value)
        self._routers[id(value)] = router
        self._routes_given(router)
        return router

    def _made_with(self, made: Instance) -> Given:
        """What a router of a class of its own was made with, what it gives its base included."""
        own = self._evaluator.given(made.call, made.scope) if made.call is not None else Given((), {}, open=True)
        words = dict(own.words)
        constructor = self._evaluator.class_attribute(made.cls, "__init__", made)
        if isinstance(constructor, Closure) and isinstance(constructor.node, FUNCTIONS):
            frame = self._evaluator.frame(constructor, made.call, made.scope)
            for one in ast.walk(constructor.node):
                match one:
                    case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__")) if (
                        frame
                    ):
                        words |= self._evaluator.given(one, frame).words
        return Given(own.placed, words, own.open)

    def _routes_given(self, router: Router) -> None:
        """The routes that a router is made with: `Starlette(routes=[Route(…), Mount(…)])`."""
        told = router.given.words.get("routes")
        if told is None and router.kind == "Starlette":
            told = router.given.get("routes", 1)
        if told is None:
            return
        self._listed(router, told)

    def _listed(self, router: Router, told: Expression) -> None:
        found = self._evaluator.value(told.node, told.scope)
        if not isinstance(found, Expression):
            return
        nodes: list[Expression] = [found]
        while nodes:
            one = nodes.pop(0)
            if isinstance(one.node, ast.BinOp):
                nodes[:0] = [Expression(one.node.left, one.scope), Expression(one.node.right, one.scope)]
            elif isinstance(one.node, ast.List | ast.Tuple):
                nodes[:0] = [Expression(item, one.scope) for item in one.node.elts]
            elif isinstance(one.node, ast.Starred):
                nodes.insert(0, Expression(one.node.value, one.scope))
            else:
                made = self._evaluator.value(one.node, one.scope)
                if isinstance(made, Made):
                    self._one_listed(router, made)
                elif (
                    isinstance(made, Expression)
                    and isinstance(made.node, ast.List | ast.Tuple | ast.BinOp)
                    and made.node is not one.node
                ):
                    nodes.insert(0, made)

    def _one_listed(self, router: Router, made: Made) -> None:
        given = self._evaluator.given(made.call, made.scope)
        if made.last in {"Route", "APIRoute"}:
            handler = given.get("endpoint", 1)
            value = self._evaluator.value(handler.node, handler.scope) if handler else None
            told = given.get("methods", 2 if made.last == "Route" else None)
            names = self._evaluator.literal(told) if told else None
            methods = tuple(str(one).lower() for one in names) if isinstance(names, list) else ("get",)
            name = value.node.name if isinstance(value, Closure) else last(handler.node) if handler else ""
            path = self._evaluator.text(given.get("path", 0))
            line = made.call.lineno
            if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
                self._endpoint_class(router, path, value, given, made.scope, line)
                return
            router.items.append(Declared(path, methods, value, given, made.scope, line, name, made.last == "Route"))
        elif made.last == "Mount":
            prefix = self._evaluator.text(given.get("path", 0))
            inside = Router("Router", Given((), {}), made.scope, made.call.lineno, inner=True)
            listed = given.words.get("routes")
            app = given.get("app", 1)
            mounted = self._router_of(app.node, app.scope) if app is not None else None
            if mounted is not None:
                mounted.inner = True
                router.items.append(Included(mounted, given, prefix, mounted=True))
            elif listed is not None:
                self._listed(inside, listed)
                router.items.append(Included(inside, given, prefix, mounted=True))

    def _endpoint_class(  # noqa: PLR0917 -- what is known of one route
        self, router: Router, path: str | None, cls: Closure, given: Given, scope: Scope, line: int
    ) -> None:
        """Starlette's `HTTPEndpoint`: one method of the class for each of HTTP's."""
        for method in METHODS:
            found = self._evaluator.class_attribute(cls, method, self._evaluator.instance(cls, None, cls.scope))
            if isinstance(found, Closure):
                name = f"{cls.node.name}.{method}"
                router.items.append(Declared(path, (method,), found, given, scope, line, name, plain=True))
