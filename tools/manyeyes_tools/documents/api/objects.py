"""Classes and their objects: bases, attributes, and what constructors set."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.documents.api.scopes import FUNCTIONS, Scope
from manyeyes_tools.documents.api.trees import nodes
from manyeyes_tools.documents.api.values import DEEP, Closure, External, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode
    from manyeyes_tools.documents.api.values import Value


class Objects:
    """Looks up what classes define and what their objects hold."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._sets: dict[int, dict[str, list[ast.expr]]] = {}
        self._supers: dict[int, ast.AST | None] = {}
        self._class_scopes: dict[tuple[int, int], Scope] = {}
        self._factories: dict[tuple[int, int, int], ast.Call] = {}

    def mro(self, cls: Closure, seen: frozenset[int] = frozenset()) -> Iterator[Closure | External]:
        """A class and its bases, nearest first; those that are not in the files as what they are called."""
        yield cls
        if not isinstance(cls.node, ast.ClassDef) or id(cls.node) in seen or len(seen) > DEEP:
            return
        for base in cls.node.bases:
            node = base.value if isinstance(base, ast.Subscript) else base
            found = self._evaluator.value(node, cls.scope)
            if isinstance(found, Closure) and found.node is not cls.node:
                yield from self.mro(found, seen | {id(cls.node)})
            elif isinstance(found, External):
                yield found
            elif isinstance(found, Made):
                yield External(found.name)

    def ancestors(self, cls: Closure) -> tuple[str, ...]:
        """The last names of all bases that are not in the files."""
        return tuple(one.last for one in self.mro(cls) if isinstance(one, External))

    def class_scope(self, cls: Closure) -> Scope:
        """The scope of a class body: its names first, then those around the class."""
        key = (id(cls.node), id(cls.scope))
        scope = self._class_scopes.get(key)
        if scope is None:
            assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- narrows the type; only such nodes are passed in
            bindings = self._evaluator.project.bindings(cls.node, cls.scope.module)
            scope = self._class_scopes[key] = Scope(cls.scope.module, bindings, cls.scope)
        return scope

    def class_attribute(self, cls: Closure, name: str, bound: Instance | None = None) -> Value:
        """What a class or its nearest base defines under a name."""
        for one in self.mro(cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            scope = self.class_scope(one)
            for item in reversed(scope.bindings.get(name, [])):
                if isinstance(item, FUNCTIONS):
                    static = any(_last(d) == "staticmethod" for d in item.decorator_list)
                    return self._evaluator.closure(item, one.scope, None if static else bound)
                found = self._evaluator.bound(item, scope)
                if found is not None:
                    return found
        return None

    def of_instance(self, owner: Instance, name: str) -> Value:  # noqa: PLR0911 -- one return for each place an attribute may come from
        """What an object holds under a name."""
        constructor = self.class_attribute(owner.cls, "__init__", owner)
        if isinstance(constructor, Closure):
            frame = self._evaluator.frame(constructor, owner.call, owner.scope)
            if frame is not None:
                found = self._assigned(constructor.node, name, frame)
                if found is not None:
                    return found
                found = self._inherited(owner, constructor, name)
                if found is not None:
                    return found
        elif owner.call is not None:
            field_given = self._field(owner, name)
            if field_given is not None:
                return field_given
        found = self.class_attribute(owner.cls, name, owner)
        if isinstance(found, Closure) and isinstance(found.node, FUNCTIONS):
            if any(_last(d) in {"property", "cached_property"} for d in found.node.decorator_list):
                frame = self._evaluator.frame(found, None, owner.scope)
                return self._evaluator.returned(found.node, frame) if frame else None
            return found
        if found is not None:
            return self.unwrapped(found, id(owner))
        return self._assigned_elsewhere(owner, name)

    def above(self, name: str, scope: Scope) -> Value:
        """What `super().name` stands for in a method."""
        frame: Scope | None = scope
        while frame is not None and frame.owner is None:
            frame = frame.parent
        if frame is None or frame.owner is None:
            return None
        own = next(iter(frame.given.values()), None)
        if not isinstance(own, Instance):
            return None
        passed = False
        for one in self.mro(own.cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            if passed:
                found = next(
                    (x for x in self.class_scope(one).bindings.get(name, []) if isinstance(x, FUNCTIONS)), None
                )
                if found is not None:
                    return self._evaluator.closure(found, one.scope, own)
            passed = passed or frame.owner in one.node.body
        return None

    def _inherited(self, owner: Instance, constructor: Closure, name: str) -> Value:
        """What a base's `__init__` sets, called by `super().__init__(…)`."""
        for one in self.mro(owner.cls):
            if isinstance(one, Closure) and isinstance(one.node, ast.ClassDef):
                for item in self.class_scope(one).bindings.get("__init__", []):
                    if isinstance(item, FUNCTIONS) and item is not constructor.node:
                        closure = self._evaluator.closure(item, one.scope, owner)
                        frame = self._evaluator.frame(
                            closure, self._super_call(constructor.node), self._frame_of(owner, constructor)
                        )
                        found = self._assigned(item, name, frame) if frame else None
                        if found is not None:
                            return found
        return None

    def _frame_of(self, owner: Instance, closure: Closure) -> Scope:
        return owner.frames.get(id(closure.node), owner.scope)

    def _super_call(self, node: ast.AST) -> ast.Call | None:
        if id(node) not in self._supers:
            self._supers[id(node)] = next((one for one in nodes(node) if _calls_super(one)), None)
        found = self._supers[id(node)]
        return found if isinstance(found, ast.Call) else None

    def _assigned_elsewhere(self, owner: Instance, name: str) -> Value:
        for one in self.mro(owner.cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            for item in one.node.body:
                if isinstance(item, FUNCTIONS) and item.name != "__init__" and self._sets_own(item, name):
                    frame = self._evaluator.frame(self._evaluator.closure(item, one.scope, owner), None, owner.scope)
                    found = self._assigned(item, name, frame) if frame else None
                    if found is not None:
                        return found
        return None

    def _sets_own(self, node: FunctionNode, name: str) -> bool:
        if id(node) not in self._sets:
            self._assigned(node, "", self._evaluator.project.scope(self._evaluator.project.modules[0]))
        return name in self._sets[id(node)]

    def _assigned(self, node: ast.AST, name: str, frame: Scope) -> Value:
        """What a method sets `self._evaluator.name` to."""
        known = self._sets.get(id(node))
        if known is None:
            known = self._sets[id(node)] = {}
            for one in nodes(node):
                if isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None:
                    for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                        if isinstance(target, ast.Attribute) and _last(target.value) in {"self", "cls"}:
                            known.setdefault(target.attr, []).append(one.value)
        for value in known.get(name, ()):
            found = self._evaluator.value(value, frame)
            if found is not None:
                return found
        return None

    def _field(self, owner: Instance, name: str) -> Value:
        """What a dataclass or model was constructed with."""
        if owner.call is None:
            return None
        given = self._evaluator.given(owner.call, owner.scope)
        if name in given.words:
            return self._evaluator.value(given.words[name].node, given.words[name].scope)
        names: list[str] = []
        for one in reversed(list(self.mro(owner.cls))):
            if isinstance(one, Closure) and isinstance(one.node, ast.ClassDef):
                for item in one.node.body:
                    if (
                        isinstance(item, ast.AnnAssign)
                        and isinstance(item.target, ast.Name)
                        and item.target.id not in names
                    ):
                        names.append(item.target.id)
        if name in names[: len(given.placed)]:
            one_given = given.placed[names.index(name)]
            return self._evaluator.value(one_given.node, one_given.scope)
        return None

    def unwrapped(self, value: Value, owner: int = 0) -> Value:
        """The default in `field(default_factory=…)`, `Field(default=…)` and their like."""
        if not isinstance(value, Made) or value.last not in {
            "field",
            "Field",
            "ib",
            "attrib",
            "PrivateAttr",
            "Factory",
        }:
            return value
        given = self._evaluator.given(value.call, value.scope)
        plain = given.get("default", 0)
        if plain is not None and value.last != "Factory":
            return self.unwrapped(self._evaluator.value(plain.node, plain.scope), owner)
        factory = given.words.get("default_factory") or given.words.get("factory") or given.get("factory", 0)
        if factory is None:
            return None
        key = (id(value.call), id(value.scope), owner)
        if key not in self._factories:
            self._factories[key] = ast.Call(func=factory.node, args=[], keywords=[])
        return self._evaluator.value(self._factories[key], factory.scope)


def _calls_super(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__")):
            return True
        case _:
            return False


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
