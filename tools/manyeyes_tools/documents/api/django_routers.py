"""The routes that Django REST framework's routers make of the view sets registered with them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.django_paths import matched
from manyeyes_tools.documents.api.django_views import extra_actions, has_action, view_text
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.trees import nodes
from manyeyes_tools.documents.api.values import Closure, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Given, Value

_ROUTERS: Final = frozenset(
    {"DefaultRouter", "SimpleRouter", "BaseRouter", "NestedDefaultRouter", "NestedSimpleRouter"}
)
_LISTING: Final = {"get": "list", "post": "create"}
_DETAIL: Final = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
_DEEP: Final = 10


@dataclass(frozen=True, slots=True)
class RouterRoute:
    """One route of a view set.  `path` is None when it could not be told."""

    path: str | None
    parts: Mapping[str, Schema]
    view: Closure | None
    scope: Scope
    line: int
    actions: Mapping[str, str]
    options: Mapping[str, ast.expr] = field(default_factory=dict)
    shown: str = ""


@dataclass(frozen=True, slots=True)
class _Registered:
    prefix: str | None
    view: Closure | None
    scope: Scope
    line: int
    shown: str


class DjangoRouters:
    """Finds what is registered with the routers of a project."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._registered: dict[int, list[_Registered]] | None = None
        self._extended: dict[int, list[Value]] = {}

    def routes(self, owner: ast.expr, scope: Scope) -> list[RouterRoute] | None:
        """The routes of a router; None when it is none that is in the files."""
        value = self._evaluator.value(owner, scope)
        if self._given(value) is None:
            return None
        return list(self._of(value, 0))

    def _of(self, value: Value, depth: int) -> Iterator[RouterRoute]:
        given = self._given(value)
        if given is None or depth > _DEEP:
            return
        slash = "" if self._unslashed(value, given) else "/"
        before, parts = self._nested(given, 0)
        for one in self._all(value, 0):
            if one.prefix is None or before is None or one.view is None:
                yield RouterRoute(None, {}, one.view, one.scope, one.line, {}, shown=one.shown)
                continue
            found = matched(one.prefix)
            if found is None:
                yield RouterRoute(None, {}, one.view, one.scope, one.line, {}, shown=one.shown)
                continue
            prefix = before + found[0]
            for path, names, actions, options in self._view_set(one.view, prefix, slash):
                known = {**parts, **found[1], **names}
                trimmed = path.lstrip("/") if not prefix else path
                yield RouterRoute(trimmed, known, one.view, one.scope, one.line, actions, options, one.shown)

    def _view_set(
        self, view: Closure, prefix: str, slash: str
    ) -> Iterator[tuple[str, dict[str, Schema], dict[str, str], Mapping[str, ast.expr]]]:
        lookup = self._lookup(view)
        parts: dict[str, Schema] = {lookup: {"type": "string"}}
        listing = {verb: name for verb, name in _LISTING.items() if has_action(view, name, self._evaluator)}
        if listing:
            yield f"{prefix}{slash}", {}, listing, {}
        actions = list(extra_actions(view, self._evaluator))
        for one in actions:
            if not one.detail:
                yield f"{prefix}/{one.path}{slash}", dict(one.parts), dict(one.methods), one.options
        detail = {verb: name for verb, name in _DETAIL.items() if has_action(view, name, self._evaluator)}
        if detail:
            yield f"{prefix}/{{{lookup}}}{slash}", parts, detail, {}
        for one in actions:
            if one.detail:
                path = f"{prefix}/{{{lookup}}}/{one.path}{slash}"
                yield path, {**parts, **one.parts}, dict(one.methods), one.options

    def _lookup(self, view: Closure) -> str:
        return view_text(view, "lookup_url_kwarg", self._evaluator) or (
            view_text(view, "lookup_field", self._evaluator) or "pk"
        )

    def _nested(self, given: Given, depth: int) -> tuple[str | None, dict[str, Schema]]:
        """What a nested router's routes begin with: `NestedSimpleRouter(outer, "domains", lookup="domain")`."""
        outer, told = given.get("parent_router", 0), given.get("parent_prefix", 1)
        if outer is None or told is None or depth > _DEEP:
            return "", {}
        prefix = self._evaluator.text(told)
        parent = self._evaluator.value(outer.node, outer.scope)
        above = self._given(parent)
        if prefix is None or above is None:
            return None, {}
        view = next((one.view for one in self._all(parent, 0) if one.prefix == prefix and one.view), None)
        lookup = self._lookup(view) if view is not None else "pk"
        name = f"{self._evaluator.text(given.words.get('lookup')) or 'nested_1'}_{lookup}"
        start, parts = self._nested(above, depth + 1)
        if start is None:
            return None, {}
        return f"{start}{prefix}/{{{name}}}/", {**parts, name: {"type": "string"}}

    def _unslashed(self, value: Value, given: Given) -> bool:
        if self._evaluator.literal(given.words.get("trailing_slash")) is False:
            return True
        if isinstance(value, Instance):
            return view_text(value.cls, "trailing_slash", self._evaluator) == ""
        return False

    def _all(self, value: Value, depth: int) -> list[_Registered]:
        """What is registered with a router, what it takes over from others included."""
        if self._registered is None:
            self._registered = {}
            for module in self._evaluator.project.modules:
                self._collect(module.tree, self._evaluator.project.scope(module))
        own = list(self._registered.get(id(value), ()))
        for other in self._extended.get(id(value), ()) if depth < _DEEP else ():
            own.extend(self._all(other, depth + 1))
        return own

    def _collect(self, tree: ast.Module, scope: Scope) -> None:
        for node in nodes(tree):
            match node:
                case ast.Call(func=ast.Attribute(value=owner, attr="register"), args=args) if len(args) > 1:
                    value = self._evaluator.value(owner, scope)
                    if self._given(value) is not None:
                        self._register(id(value), node, scope)
                case ast.Call(
                    func=ast.Attribute(value=ast.Attribute(value=owner, attr="registry"), attr="extend"),
                    args=[ast.Attribute(value=other, attr="registry")],
                ):
                    value = self._evaluator.value(owner, scope)
                    self._extended.setdefault(id(value), []).append(self._evaluator.value(other, scope))
                case _:
                    pass

    def _register(self, router: int, call: ast.Call, scope: Scope) -> None:
        given = self._evaluator.given(call, scope)
        prefix, told = given.get("prefix", 0), given.get("viewset", 1)
        value = self._evaluator.value(told.node, told.scope) if told is not None else None
        view = value if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef) else None
        shown = last(told.node) if told is not None else ""
        text = self._evaluator.text(prefix) if prefix is not None else None
        assert self._registered is not None  # noqa: S101 -- `_all` has made it
        self._registered.setdefault(router, []).append(_Registered(text, view, scope, call.lineno, shown))

    def _given(self, value: Value) -> Given | None:
        """What a router was made with; None for anything that is no router."""
        if isinstance(value, Made) and value.last in _ROUTERS:
            return self._evaluator.given(value.call, value.scope)
        if (
            isinstance(value, Instance)
            and value.call is not None
            and any(name in _ROUTERS for name in self._evaluator.ancestors(value.cls))
        ):
            return self._evaluator.given(value.call, value.scope)
        return None
