"""The URL patterns of Django projects: paths, includes and routers, from the root of its URLs down."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from manyeyes_tools.documents.api.django_paths import joined, matched, routed
from manyeyes_tools.documents.api.django_routers import DjangoRouters
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.scopes import FUNCTIONS, Imported
from manyeyes_tools.documents.api.values import Closure, Package

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import Bound, Scope
    from manyeyes_tools.documents.symbols import Module

_PATHS: Final = frozenset({"path", "re_path", "url"})
_WRAPPING: Final = frozenset({"i18n_patterns", "format_suffix_patterns", "list", "tuple", "patterns"})
_DEEP: Final = 25
"""How many includes lie within each other at most."""


@dataclass(frozen=True, slots=True)
class DjangoRoute:
    """One path with what answers it.

    Attributes:
        path: As OpenAPI writes it.
        parts: Its parameters.
        view: The view function or class; None when it is not in the files.
        scope: Where the pattern stands.
        line: Where it stands.
        actions: Methods and the actions that answer them, for a view set; None for a view that tells itself.
        options: What `as_view` or an action gives the class beside its own attributes.
        shown: What the view is called, for people.
    """

    path: str
    parts: Mapping[str, Schema]
    view: Closure | None
    scope: Scope
    line: int
    actions: Mapping[str, str] | None = None
    options: Mapping[str, ast.expr] = field(default_factory=dict)
    shown: str = ""


_Place: TypeAlias = "tuple[str, dict[str, Schema]]"


class DjangoUrls:
    """Reads URL patterns.  `problems` says what of them could not be told."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._routers = DjangoRouters(evaluator)
        self._included: set[str] = set()
        self._unseen: set[tuple[str, int]] = set()
        self.problems: list[str] = []

    def routes(self, roots: tuple[Module, ...]) -> list[DjangoRoute]:
        """Every route below the roots; without roots below each module of patterns that no other includes."""
        if roots:
            return [route for root in roots for route in self._module(root, ("", {}), 0)]
        found: dict[str, list[DjangoRoute]] = {}
        for module in self._evaluator.project.modules:
            if "urlpatterns" in self._evaluator.project.scope(module).bindings:
                found[module.path] = list(self._module(module, ("", {}), 0))
        whole = [one for path, one in found.items() if path not in self._included]
        return [route for several in whole or found.values() for route in several]

    def _module(self, module: Module, place: _Place, depth: int) -> Iterator[DjangoRoute]:
        yield from self._named("urlpatterns", self._evaluator.project.scope(module), place, depth)

    def _named(
        self, name: str, scope: Scope, place: _Place, depth: int, before: int | None = None
    ) -> Iterator[DjangoRoute]:
        """The patterns that a module's name stands for, additions to it included."""
        for bound in scope.bindings.get(name, ()):
            if isinstance(bound, Imported):
                module = self._evaluator.project.module(bound.module, scope.module)
                if module is not None and depth < _DEEP:
                    outer = self._evaluator.project.scope(module)
                    yield from self._named(bound.name, outer, place, depth + 1)
        for node in _contributed(scope.module.tree.body, name, before):
            yield from self._patterns(node, scope, place, depth)

    def _patterns(self, node: ast.expr, scope: Scope, place: _Place, depth: int) -> Iterator[DjangoRoute]:  # noqa: C901, PLR0912 -- one case for each form that a list of patterns takes
        if depth > _DEEP:
            return
        match node:
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._patterns(left, scope, place, depth + 1)
                yield from self._patterns(right, scope, place, depth + 1)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                for item in items:
                    yield from self._patterns(item, scope, place, depth + 1)
            case ast.Starred(value=inner):
                yield from self._patterns(inner, scope, place, depth + 1)
            case ast.IfExp(body=one, orelse=other):
                yield from self._patterns(one, scope, place, depth + 1)
                yield from self._patterns(other, scope, place, depth + 1)
            case ast.Call(func=func, args=args) if last(func) in _PATHS and args:
                yield from self._path(node, last(func), scope, place, depth)
            case ast.Call(func=func, args=args) if last(func) in _WRAPPING:
                for item in args:
                    yield from self._patterns(item, scope, place, depth + 1)
            case ast.Attribute(value=owner, attr="urls"):
                yield from self._router(owner, scope, place)
            case ast.Name(id=name) if name in scope.bindings:
                yield from self._named(name, scope, place, depth + 1, before=getattr(node, "lineno", None))
            case ast.Attribute(value=owner, attr=name):
                found = self._evaluator.value(owner, scope)
                if isinstance(found, Package):
                    yield from self._named(name, self._evaluator.project.scope(found.module), place, depth + 1)
            case _:
                self._say(node, scope, "these URL patterns are made in a way that is not read, so they are left out")

    def _say(self, node: ast.expr, scope: Scope, text: str) -> None:
        if last(node) in {"static", "staticfiles_urlpatterns", "debug_toolbar_urls"}:
            return  # files, not routes
        key = (scope.module.path, node.lineno)
        if key not in self._unseen:
            self._unseen.add(key)
            self.problems.append(f"{scope.module.path}:{node.lineno}: {text}")

    def _path(self, call: ast.Call, kind: str, scope: Scope, place: _Place, depth: int) -> Iterator[DjangoRoute]:
        given = self._evaluator.given(call, scope)
        told = given.get("route" if kind != "url" else "regex", 0)
        text = self._lazy(told.node, told.scope) if told is not None else None
        piece = None if text is None else routed(text) if kind == "path" else matched(text)
        if piece is None:
            self._say(call, scope, "the path of this pattern is not a literal or means several, so it is left out")
            return
        here = joined(place[0], piece[0]), {**place[1], **piece[1]}
        view = given.get("view", 1)
        if view is None:
            return
        if isinstance(view.node, ast.Call) and last(view.node.func) == "include" and view.node.args:
            yield from self._include(view.node, view.scope, here, depth + 1)
        elif isinstance(view.node, ast.Attribute) and view.node.attr == "urls":
            yield from self._router(view.node.value, view.scope, here)
        else:
            yield self._view(view.node, view.scope, here, call.lineno)

    def _lazy(self, node: ast.expr, scope: Scope) -> str | None:
        """A text, also one that is marked for translation."""
        if isinstance(node, ast.Call) and last(node.func) in {"_", "gettext_lazy", "gettext"} and node.args:
            node = node.args[0]
        return self._evaluator.text(node, scope)

    def _include(self, call: ast.Call, scope: Scope, place: _Place, depth: int) -> Iterator[DjangoRoute]:
        target = call.args[0]
        name = self._evaluator.text(target, scope)
        module: Module | None = None
        if name is not None:
            module = self._evaluator.project.module(name, scope.module)
        else:
            found = self._evaluator.value(target, scope)
            module = found.module if isinstance(found, Package) else None
        if module is not None:
            self._included.add(module.path)
            if depth <= _DEEP:
                yield from self._module(module, place, depth)
        elif name is not None:
            self._say(call, scope, f"the routes that `{name}` adds are not in these files")
        elif isinstance(target, ast.Tuple) and target.elts:
            inner = ast.Call(func=call.func, args=[target.elts[0]], keywords=[], lineno=call.lineno)
            yield from self._include(inner, scope, place, depth)
        else:
            yield from self._patterns(target, scope, place, depth)

    def _router(self, owner: ast.expr, scope: Scope, place: _Place) -> Iterator[DjangoRoute]:
        if last(owner) == "site":
            return  # the pages of Django's own administration
        routes = self._routers.routes(owner, scope)
        if routes is None:
            line = ast.copy_location(ast.Constant(None), owner)
            self._say(line, scope, "the router whose URLs are added here is not in these files")
            return
        for one in routes:
            if one.path is None:
                self.problems.append(
                    f"{one.scope.module.path}:{one.line}: what is registered here is not told by literals, so it is "
                    "left out"
                )
                continue
            parts = {**place[1], **one.parts}
            path = joined(place[0], one.path)
            yield DjangoRoute(path, parts, one.view, one.scope, one.line, one.actions, one.options, one.shown)

    def _unnamed(self, node: ast.Lambda, scope: Scope) -> Closure:
        """A view that is written where it is routed, as a function."""
        body: list[ast.stmt] = [ast.copy_location(ast.Return(value=node.body), node.body)]
        made = ast.FunctionDef(name="view", args=node.args, body=body, decorator_list=[])
        made = ast.copy_location(made, node)
        self._evaluator.kept.append(made)
        return self._evaluator.closure(made, scope)

    def _view(self, node: ast.expr, scope: Scope, place: _Place, line: int) -> DjangoRoute:
        """The route to a view, through `as_view`, decorators called by hand and variables."""
        outer = scope
        for _ in range(_DEEP):
            match node:
                case ast.Call(func=ast.Attribute(value=owner, attr="as_view")):
                    found = self._evaluator.value(owner, scope)
                    cls = found if isinstance(found, Closure) and isinstance(found.node, ast.ClassDef) else None
                    options = {word.arg: word.value for word in node.keywords if word.arg}
                    actions = _actions(node.args[0]) if node.args else None
                    return DjangoRoute(place[0], place[1], cls, outer, line, actions, options, ast.unparse(owner))
                case ast.Call(args=[*_, inner]) if not isinstance(inner, ast.Constant):
                    node = inner
                    continue
                case ast.Lambda():
                    return DjangoRoute(place[0], place[1], self._unnamed(node, scope), outer, line, shown="this view")
                case ast.Call():  # a function that makes a view
                    made = self._evaluator.value(node, scope)
                    view = made if isinstance(made, Closure) and isinstance(made.node, FUNCTIONS) else None
                    return DjangoRoute(place[0], place[1], view, outer, line, shown=ast.unparse(node.func))
                case ast.Name() | ast.Attribute():
                    bound = self._bound(node, scope)
                    if bound is not None and isinstance(bound[0], ast.expr):
                        node, scope = bound[0], bound[1]
                        continue
                    value = self._evaluator.value(node, scope)
                    view = value if isinstance(value, Closure) else None
                    return DjangoRoute(place[0], place[1], view, outer, line, shown=ast.unparse(node))
                case _:
                    break
        return DjangoRoute(place[0], place[1], None, outer, line, shown="this view")

    def _bound(self, node: ast.Name | ast.Attribute, scope: Scope) -> tuple[Bound, Scope] | None:
        """What a name is bound to, followed through imports."""
        name = node.id if isinstance(node, ast.Name) else node.attr
        if isinstance(node, ast.Attribute):
            owner = self._evaluator.value(node.value, scope)
            if not isinstance(owner, Package):
                return None
            scope = self._evaluator.project.scope(owner.module)
        for _ in range(_DEEP):
            bound = scope.bindings.get(name)
            if not bound:
                return None
            one = bound[-1]
            if not isinstance(one, Imported):
                return None if one is node else (one, scope)
            module = self._evaluator.project.module(one.module, scope.module)
            if module is None or not one.name:
                return None
            name, scope = one.name, self._evaluator.project.scope(module)
        return None


def _actions(node: ast.expr) -> dict[str, str] | None:
    if not isinstance(node, ast.Dict):
        return None
    return {
        str(key.value).lower(): str(value.value)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant)
    }


def _contributed(body: list[ast.stmt], name: str, before: int | None) -> list[ast.expr]:
    """What is put into a list of a module: what it is set to, and what is added to it later."""
    found: list[ast.expr] = []
    for statement, sure in _ordered(body, sure=True):
        if before is not None and statement.lineno >= before:
            break
        match statement:
            case ast.Assign(targets=targets, value=value) if any(_is(one, name) for one in targets):
                if sure or not found:  # under a condition it may replace what stands; what stands is told
                    found = [value]
            case ast.AnnAssign(target=target, value=ast.expr() as value) if _is(target, name):
                found = [value]
            case ast.AugAssign(target=target, value=value) if _is(target, name):
                found.append(value)
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[*_, item])) if _is(
                owner, name
            ) and attr in {"append", "extend", "insert"}:
                found.append(item)
            case _:
                pass
    return found


def _ordered(body: list[ast.stmt], *, sure: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """The statements of a module in order, and whether each is surely run; what only debugging adds is not."""
    for statement in body:
        match statement:
            case ast.If(test=test, body=inner, orelse=other):
                if "DEBUG" not in {one.attr for one in ast.walk(test) if isinstance(one, ast.Attribute)}:
                    yield from _ordered(inner, sure=False)
                yield from _ordered(other, sure=False)
            case ast.Try(body=inner, orelse=other):
                yield from _ordered([*inner, *other], sure=sure)
            case ast.With(body=inner):
                yield from _ordered(inner, sure=sure)
            case _:
                yield statement, sure


def _is(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
