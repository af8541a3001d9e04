"""The routes of Flask applications: decorators, `add_url_rule`, class-based views and nested blueprints."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import CONVERTERS, METHODS, Endpoint, last
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.values import Closure, Expression, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Given, Value

APPLICATIONS: Final = frozenset({"Flask", "APIFlask", "Quart", "OpenAPI"})
BLUEPRINTS: Final = frozenset({"Blueprint", "APIBlueprint", "APIView"})
EXTENSIONS: Final = frozenset({"flask_restful.Api", "flask_restx.Api", "flask_restplus.Api", "flask_smorest.Api"})
_NAMESPACES: Final = frozenset({"Namespace", "namespace"})
_PART = re.compile(r"<(?:([a-zA-Z_]\w*)(?:\(([^)]*)\))?:)?([a-zA-Z_]\w*)>")
_NEAR = 5


@dataclass(frozen=True, slots=True)
class _Rule:
    path: str | None
    methods: tuple[str, ...]
    handler: Closure | None
    given: Given
    scope: Scope
    line: int
    name: str


@dataclass(slots=True, eq=False)
class _Holder:
    """An application or a blueprint."""

    whole: bool
    prefix: str
    line: int
    scope: Scope
    rules: list[_Rule] = field(default_factory=list)
    within: list[tuple[_Holder, str | None]] = field(default_factory=list)


class FlaskRoutes:
    """Collects what a walk meets of Flask; `endpoints` is what it comes to."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._holders: dict[int, _Holder] = {}
        self._seen: set[tuple[int, int]] = set()
        self.problems: list[str] = []

    def decorated(self, node: FunctionNode | ast.ClassDef, decorator: ast.expr, scope: Scope) -> None:
        """A decorator `@app.route("/x")` or `@app.get("/x")`."""
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            return
        verb = decorator.func.attr
        if verb not in {*METHODS, "route"}:
            return
        holder = self._holder_of(decorator.func.value, scope)
        if holder is None or not self._once(decorator, scope):
            return
        given = self._evaluator.given(decorator, scope)
        path = self._evaluator.text(given.get("rule", 0))
        closure = self._evaluator.closure(node, scope)
        if isinstance(node, ast.ClassDef):
            paths = [self._evaluator.text(one) for one in given.placed]  # a resource may have several
            for one in paths or [path]:
                self._class(holder, one, closure, given, scope, node.lineno)
            return
        methods = (verb,) if verb in METHODS else self._methods(given)
        holder.rules.append(_Rule(path, methods, closure, given, scope, node.lineno, node.name))

    def call(self, node: ast.Call, scope: Scope) -> None:
        """A call that may make, fill or register an application or blueprint."""
        if last(node.func) in APPLICATIONS | BLUEPRINTS:
            self._holder(self._evaluator.value(node, scope))
            return
        if not isinstance(node.func, ast.Attribute):
            return
        if node.func.attr in {"register_blueprint", "register_api", "register_api_view"}:
            self._register(node, scope)
        elif node.func.attr == "add_namespace":
            self._namespace(node, scope)
        elif node.func.attr == "add_resource":
            self._resource(node, scope)
        elif node.func.attr == "add_url_rule":
            holder = self._holder_of(node.func.value, scope)
            if holder is not None and self._once(node, scope):
                self._rule(holder, node, scope)

    def _once(self, node: ast.AST, scope: Scope) -> bool:
        key = (id(node), id(scope))
        fresh = key not in self._seen
        self._seen.add(key)
        return fresh

    def _register(self, node: ast.Call, scope: Scope) -> None:
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 -- narrows the type; only such nodes are passed in
        outer = self._holder_of(node.func.value, scope)
        given = self._evaluator.given(node, scope)
        one = given.get("blueprint", 0) or given.get("api", 0) or given.get("api_view", 0) or given.get("blp", 0)
        inner = self._holder_of(one.node, one.scope) if one is not None else None
        if inner is None:
            self.problems.append(
                f"{scope.module.path}:{node.lineno}: the blueprint registered here is not in these files"
            )
            return
        if outer is not None and self._once(node, scope):
            told = given.words.get("url_prefix")
            prefix = self._evaluator.text(told) if told is not None else None
            inner.within.append((outer, prefix))

    def _namespace(self, node: ast.Call, scope: Scope) -> None:
        """Flask-RESTX: `api.add_namespace(ns, path="/x")`."""
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 -- narrows the type; only such nodes are passed in
        outer = self._holder_of(node.func.value, scope)
        given = self._evaluator.given(node, scope)
        one = given.get("ns", 0)
        inner = self._holder_of(one.node, one.scope) if one is not None else None
        if outer is not None and inner is not None and self._once(node, scope):
            inner.within.append((outer, self._evaluator.text(given.get("path", 1))))

    def _resource(self, node: ast.Call, scope: Scope) -> None:
        """Flask-RESTful: `api.add_resource(Class, "/x", "/y")`."""
        assert isinstance(node.func, ast.Attribute)  # noqa: S101 -- narrows the type; only such nodes are passed in
        holder = self._holder_of(node.func.value, scope)
        given = self._evaluator.given(node, scope)
        if holder is None or not given.placed or not self._once(node, scope):
            return
        cls = self._evaluator.value(given.placed[0].node, given.placed[0].scope)
        if isinstance(cls, Closure) and isinstance(cls.node, ast.ClassDef):
            for path in given.placed[1:]:
                self._class(holder, self._evaluator.text(path), cls, given, scope, node.lineno)

    def _rule(self, holder: _Holder, node: ast.Call, scope: Scope) -> None:
        given = self._evaluator.given(node, scope)
        path = self._evaluator.text(given.get("rule", 0))
        view = given.get("view_func", 2)
        made = self._view(view) if view is not None else None
        if made is not None:
            self._class(holder, path, made, given, scope, node.lineno)
            return
        value = self._evaluator.value(view.node, view.scope) if view is not None else None
        handler = value if isinstance(value, Closure) and isinstance(value.node, FUNCTIONS) else None
        name = handler.node.name if handler else self._evaluator.text(given.get("endpoint", 1)) or "view"
        holder.rules.append(_Rule(path, self._methods(given), handler, given, scope, node.lineno, name))

    def _view(self, view: Expression) -> Closure | None:
        """The class in `View.as_view("name")`, through variables."""
        node, scope = view.node, view.scope
        for _ in range(_NEAR):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "as_view":
                found = self._evaluator.value(node.func.value, scope)
                return found if isinstance(found, Closure) and isinstance(found.node, ast.ClassDef) else None
            if isinstance(node, ast.Call) and node.args:  # a decorator called by hand
                node = node.args[0]
                continue
            if not isinstance(node, ast.Name):
                return None
            place: Scope | None = scope
            while place is not None and node.id not in place.bindings and node.id not in place.given:
                place = place.parent
            if place is None:
                return None
            given = place.given.get(node.id)
            if isinstance(given, Expression):
                node, scope = given.node, given.scope
                continue
            expressions = [
                one for one in place.bindings.get(node.id, []) if isinstance(one, ast.expr) and one is not node
            ]
            if not expressions:
                return None
            node, scope = expressions[0], place
        return None

    def _class(self, holder: _Holder, path: str | None, cls: Closure, given: Given, scope: Scope, line: int) -> None:  # noqa: PLR0917 -- what is known of one rule
        """One rule for each method of HTTP that a class-based view answers."""
        made = self._evaluator.instance(cls, None, cls.scope)
        told = self._methods(given) if "methods" in given.words else ()
        listed = self._evaluator.literal(ast.Name("methods", ast.Load()), self._evaluator.class_scope(cls))
        allowed = told or (tuple(str(one).lower() for one in listed) if isinstance(listed, list) else ())
        for method in METHODS:
            found = self._evaluator.class_attribute(cls, method, made)
            if isinstance(found, Closure) and isinstance(found.node, FUNCTIONS) and (not allowed or method in allowed):
                name = f"{cls.node.name}.{method}"
                holder.rules.append(_Rule(path, (method,), found, given, scope, line, name))
        general = self._evaluator.class_attribute(cls, "dispatch_request", made)
        if isinstance(general, Closure) and not any(rule.line == line for rule in holder.rules):
            name = f"{cls.node.name}.dispatch_request"
            holder.rules.append(_Rule(path, allowed or ("get",), general, given, scope, line, name))

    def _methods(self, given: Given) -> tuple[str, ...]:
        told = self._evaluator.literal(given.words["methods"]) if "methods" in given.words else None
        names = tuple(str(one).lower() for one in told) if isinstance(told, list) else ()
        return tuple(name for name in METHODS if name in names) or ("get",)

    def _holder_of(self, node: ast.expr, scope: Scope) -> _Holder | None:
        if isinstance(node, ast.Name):
            for value in self._evaluator.candidates(node.id, scope):
                found = self._holder(value)
                if found is not None:
                    return found
            return None
        return self._holder(self._evaluator.value(node, scope))

    def _holder(self, value: Value) -> _Holder | None:
        known = self._holders.get(id(value))
        if known is not None:
            return known
        if isinstance(value, Made) and value.last in APPLICATIONS | BLUEPRINTS:
            kind, given, scope, line = (
                value.last,
                self._evaluator.given(value.call, value.scope),
                value.scope,
                getattr(value.call, "lineno", 0),
            )
        elif isinstance(value, Made) and value.last in _NAMESPACES and value.name.startswith("flask_rest"):
            return self._named(value)
        elif isinstance(value, Made) and value.name in EXTENSIONS:
            given = self._evaluator.given(value.call, value.scope)
            return self._extended(value, given)
        elif isinstance(value, Instance):
            names = [one for one in self._evaluator.ancestors(value.cls) if one in APPLICATIONS | BLUEPRINTS]
            if not names:
                return None
            call = value.call or ast.Call(func=ast.Name("unknown", ast.Load()), args=[], keywords=[])
            kind, given, scope, line = (
                names[0],
                self._evaluator.given(call, value.scope),
                value.scope,
                value.cls.node.lineno,
            )
        else:
            return None
        prefix = self._evaluator.text(given.words.get("url_prefix")) or ""
        holder = self._holders[id(value)] = _Holder(kind in APPLICATIONS, prefix, line, scope)
        return holder

    def _named(self, value: Made) -> _Holder:
        """A namespace of Flask-RESTX, which lies at its name unless it is given a path."""
        given = self._evaluator.given(value.call, value.scope)
        name = self._evaluator.text(given.get("name", 0))
        path = self._evaluator.text(given.words.get("path"))
        prefix = path if path is not None else f"/{name}" if name else ""
        line = getattr(value.call, "lineno", 0)
        holder = self._holders[id(value)] = _Holder(whole=False, prefix=prefix, line=line, scope=value.scope)
        if value.last == "namespace" and isinstance(value.call.func, ast.Attribute):
            outer = self._holder_of(value.call.func.value, value.scope)
            if outer is not None:
                holder.within.append((outer, None))
        return holder

    def _extended(self, value: Made, given: Given) -> _Holder | None:
        """An extension's `Api(app, prefix="/x")`, which adds routes to what it is made with."""
        told = given.get("app", 0)
        outer = self._holder_of(told.node, told.scope) if told is not None else None
        prefix = self._evaluator.text(given.words.get("prefix")) or ""
        if outer is not None and not prefix:
            return outer
        holder = self._holders[id(value)] = _Holder(outer is None, "", getattr(value.call, "lineno", 0), value.scope)
        if outer is not None:
            holder.within.append((outer, prefix))
        return holder

    def endpoints(self) -> Iterator[Endpoint]:
        """Every endpoint, in the order they are declared."""
        whole = any(one.whole for one in self._holders.values())
        registering = any(one.within for one in self._holders.values())
        for holder in self._holders.values():
            if not holder.whole and not holder.within and holder.rules and whole and registering:
                self.problems.append(
                    f"{holder.scope.module.path}:{holder.line}: nothing that was read registers this blueprint; "
                    "its routes are told as they stand"
                )
            for prefix in self._prefixes(holder):
                for rule in holder.rules:
                    yield from self._endpoint(rule, prefix)

    def _prefixes(self, holder: _Holder, seen: frozenset[int] = frozenset()) -> list[str]:
        """Every path before a holder's own.  The prefix of a registration replaces the blueprint's own."""
        if holder.whole or id(holder) in seen:
            return [""]
        if not holder.within:
            return [holder.prefix]
        found = [
            _joined(above, holder.prefix if given is None else given)
            for outer, given in holder.within
            for above in self._prefixes(outer, seen | {id(holder)})
        ]
        return list(dict.fromkeys(found))

    def _endpoint(self, rule: _Rule, prefix: str) -> Iterator[Endpoint]:
        if rule.path is None:
            self.problems.append(
                f"{rule.scope.module.path}:{rule.line}: the path of {rule.name} is not a literal, so it is left out"
            )
            return
        path, parts = template(_joined(prefix, rule.path) if prefix else rule.path)
        handler = rule.handler
        node = handler.node if handler is not None and isinstance(handler.node, FUNCTIONS) else None
        if self._evaluator.literal(rule.given.words.get("doc_ui")) is False or (node is not None and _is_hidden(node)):
            return
        for method in rule.methods:
            yield Endpoint(
                method=method,
                path=path,
                parts=parts,
                framework="flask",
                module=handler.scope.module if handler is not None else rule.scope.module,
                line=node.lineno if node is not None else rule.line,
                name=rule.name,
                handler=node,
                scope=handler.scope if handler is not None else rule.scope,
                bound=handler is not None and handler.bound is not None,
                options=rule.given.words,
            )


def _is_hidden(node: FunctionNode) -> bool:
    """Whether an extension's decorator keeps a view out of descriptions: `@api.hide`, `@app.doc(hide=True)`."""
    for decorator in node.decorator_list:
        match decorator:
            case ast.Attribute(attr="hide"):
                return True
            case ast.Call(func=ast.Attribute(attr="doc"), args=[ast.Constant(value=False)]):
                return True
            case ast.Call(func=ast.Attribute(attr="doc"), keywords=keywords) if any(
                word.arg == "hide" and isinstance(word.value, ast.Constant) and word.value.value is True
                for word in keywords
            ):
                return True
            case _:
                pass
    return False


def _joined(prefix: str, rule: str) -> str:
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if rule else prefix


def template(path: str) -> tuple[str, dict[str, Schema]]:
    """A path as OpenAPI writes it, and its parameters with what their converters say."""
    parts: dict[str, Schema] = {}

    def shown(match: re.Match[str]) -> str:
        schema: Schema = dict(CONVERTERS.get(match[1] or "", {"type": "string"}))
        if match[1] == "any" and match[2]:
            values: list[Json] = [one.strip().strip("'\"") for one in match[2].split(",")]
            schema = {"type": "string", "enum": values}
        parts[match[3]] = schema
        return f"{{{match[3]}}}"

    full = _PART.sub(shown, path)
    return full if full.startswith("/") else f"/{full}", parts
