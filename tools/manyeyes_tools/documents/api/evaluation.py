"""What an expression stands for, as far as the files at hand tell: no code is run, nothing is imported."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.calls import Calls
from manyeyes_tools.documents.api.literals import Literals
from manyeyes_tools.documents.api.objects import Objects
from manyeyes_tools.documents.api.scopes import Element, Imported, Project, Scope
from manyeyes_tools.documents.api.values import (
    DEEP,
    UNKNOWN,
    Closure,
    Expression,
    External,
    Instance,
    Made,
    Package,
    is_nothing,
)
from manyeyes_tools.python_ast import parse_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from manyeyes_tools.documents.api.scopes import Bound, FunctionNode
    from manyeyes_tools.documents.api.values import Value
    from manyeyes_tools.documents.symbols import Module

TRIES: Final = 3
"""How often something is looked up that depends on itself."""


class Evaluator:
    """Follows names, attributes and calls through a project.

    Args:
        project: The files.

    Attributes:
        entered: Called with the frame of every call of a function of the project that is looked into.
        made: Called with every object of a class of the project that is made.
        kept: What must live as long as this, since identities stand for it.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.entered: Callable[[Closure, Scope], None] = lambda _closure, _frame: None
        self.made: Callable[[Instance], None] = lambda _instance: None
        self.kept: list[object] = []
        self._known: dict[tuple[int, int], Value] = {}
        self._busy: set[tuple[int, int]] = set()
        self._closures: dict[tuple[int, int, int], Closure] = {}
        self._cuts = 0
        self._tried: dict[tuple[int, int], int] = {}
        objects, calls, literals = Objects(self), Calls(self), Literals(self)
        self.mro = objects.mro
        self.ancestors = objects.ancestors
        self.class_scope = objects.class_scope
        self.class_attribute = objects.class_attribute
        self.of_instance = objects.of_instance
        self.above = objects.above
        self.unwrapped = objects.unwrapped
        self.given = calls.given
        self.frame = calls.frame
        self.returned = calls.returned
        self.results = calls.results
        self.text = literals.text
        self.literal = literals.literal
        self.truth = literals.truth

    def value(self, node: ast.expr | None, scope: Scope) -> Value:
        """What an expression stands for."""
        if node is None:
            return None
        if isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.JoinedStr | ast.Lambda):
            return Expression(node, scope)
        key = (id(node), id(scope))
        if key in self._known:
            return self._known[key]
        if key in self._busy or len(self._busy) > DEEP:
            self._cuts += 1
            return None
        self._busy.add(key)
        self.kept.append((node, scope))
        cuts = self._cuts
        try:
            found = self._value(node, scope)
        finally:
            self._busy.discard(key)
        if found is None and cuts != self._cuts and self._busy:
            # it was not followed to its end; another way to it may know more, but not for ever
            self._tried[key] = self._tried.get(key, 0) + 1
            if self._tried[key] < TRIES:
                return None
        self._known[key] = found
        return found

    def _value(self, node: ast.expr, scope: Scope) -> Value:  # noqa: C901, PLR0911 -- one case for each form of expression
        match node:
            case ast.Name(id=name):
                return next(self.candidates(name, scope), None)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"), args=[]), attr=name):
                return self.above(name, scope)
            case ast.Attribute(value=base, attr=name):
                return self.attribute(self.value(base, scope), name)
            case ast.Call():
                return self._called(node, scope)
            case ast.Await(value=inner) | ast.NamedExpr(value=inner):
                return self.value(inner, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                taken = self.truth(test, scope)
                if taken is not None:
                    return self.value(body if taken else orelse, scope)
                return self.value(body, scope) or self.value(orelse, scope)
            case ast.BoolOp(op=ast.Or(), values=values):
                for value in values:
                    found = self.value(value, scope)
                    if found is not None and not (isinstance(found, Expression) and is_nothing(found.node)):
                        return found
                return None
            case ast.Subscript(value=base, slice=key):
                return self._item(node, base, key, scope)
            case _:
                return Expression(node, scope)

    def candidates(self, name: str, scope: Scope) -> Iterator[Value]:  # noqa: C901 -- one case for each place a name is looked up in
        """What a name may stand for, the likeliest first."""
        place: Scope | None = scope
        while place is not None:
            if name in place.given:
                given = place.given[name]
                found = self.value(given.node, given.scope) if isinstance(given, Expression) else given
                if isinstance(found, Expression) and is_nothing(found.node):
                    for one in reversed(place.bindings.get(name, [])):
                        other = None if isinstance(one, ast.arg) else self.bound(one, place)
                        if other is not None:
                            yield other
                yield found  # type: ignore[misc]  # only values are ever given
                return
            bound = place.bindings.get(name)
            if bound:
                for one in reversed(bound):
                    found = self.bound(one, place)
                    if found is not None:
                        yield found
                return
            for star in place.stars:
                module = self.project.module(star, place.module)
                if module is None:
                    continue
                found = self._member(module, name)
                if found is not None:
                    yield found
                    return
            place = place.parent
        yield External(name)

    def bound(self, bound: Bound, scope: Scope) -> Value:
        """What one binding of a name gives it."""
        match bound:
            case Imported(module=source, name=name):
                return self._imported(source, name, scope.module)
            case Element(value=value, place=place):
                whole = self.value(value, scope)
                if isinstance(whole, Expression) and isinstance(whole.node, ast.Tuple | ast.List):
                    parts = whole.node.elts
                    return self.value(parts[place], whole.scope) if place < len(parts) else None
                return None
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                return self.closure(bound, scope)
            case ast.arg():
                return self._argument(bound, scope)
            case _:
                return self.value(bound, scope)

    def closure(self, node: FunctionNode | ast.ClassDef, scope: Scope, bound: Instance | None = None) -> Closure:
        """The one object that stands for a function or class in a scope."""
        key = (id(node), id(scope), id(bound))
        if key not in self._closures:
            self._closures[key] = Closure(node, scope, bound)
        return self._closures[key]

    def instance(self, cls: Closure, call: ast.Call | None, scope: Scope) -> Instance:
        """A new object of a class; it is kept, since its identity stands for it."""
        made = Instance(cls, call, scope)
        self.kept.append(made)
        return made

    def _argument(self, argument: ast.arg, scope: Scope) -> Value:
        """An argument that no call has given: an object of its annotated class, when that is known."""
        node = argument.annotation
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = self.parsed(node)
        if node is None:
            return None
        kind = self.value(node, scope.parent or scope)
        key = (id(argument), id(scope))
        if key not in self._known and isinstance(kind, External | Closure):
            call = ast.Call(func=node, args=[], keywords=[])
            self.kept.append(call)
            if isinstance(kind, External):
                self._known[key] = Made(kind.name, call, scope)
            elif isinstance(kind.node, ast.ClassDef):
                self._known[key] = self.instance(kind, None, scope)
        return self._known.get(key)

    def parsed(self, node: ast.Constant) -> ast.expr | None:
        """The expression in an annotation that is written as text; the same node every time."""
        key = (id(node), 0)
        if key not in self._known:
            self.kept.append(node)
            try:
                inner = parse_expression(str(node.value).strip())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._known[key] = None
            else:
                self._known[key] = Expression(inner, Scope(self.project.modules[0], {}))
        known = self._known[key]
        return known.node if isinstance(known, Expression) else None

    def _imported(self, source: str, name: str, near: Module) -> Value:
        if not name:
            module = self.project.module(source, near)
            return Package(module) if module else External(source)
        whole = f"{source}.{name}".strip(".")
        module = self.project.module(source, near)
        if module is not None:
            found = self._member(module, name)
            if found is not None:
                return found
        inner = self.project.module(whole, near)
        return Package(inner) if inner is not None else External(whole)

    def _member(self, module: Module, name: str) -> Value:
        scope = self.project.scope(module)
        if name in scope.bindings:
            key = (id(scope), hash(name))
            if key in self._busy:
                return None
            self._busy.add(key)
            try:
                return next(
                    (found for one in reversed(scope.bindings[name]) if (found := self.bound(one, scope))), None
                )
            finally:
                self._busy.discard(key)
        for star in scope.stars:
            inner = self.project.module(star, module)
            if inner is not None and inner is not module and (found := self._star(inner, name)) is not None:
                return found
        return None

    def _star(self, module: Module, name: str) -> Value:
        key = (id(module), hash(name))
        if key in self._busy:
            return None
        self._busy.add(key)
        try:
            return self._member(module, name)
        finally:
            self._busy.discard(key)

    def attribute(self, owner: Value, name: str) -> Value:  # noqa: PLR0911 -- one case for each kind of value
        """An attribute of a value."""
        match owner:
            case External(name=base):
                module = self.project.module(f"{base}.{name}", None)
                return Package(module) if module is not None else External(f"{base}.{name}")
            case Package(module=module):
                found = self._member(module, name)
                if found is not None:
                    return found
                inner = self.project.module(f"{module.itself.name}.{name}", module)
                return Package(inner) if inner else None
            case Closure(node=ast.ClassDef()):
                return self.class_attribute(owner, name)
            case Instance():
                return self.of_instance(owner, name)
            case Made(name=base, call=call, scope=scope):
                return self._made_attribute(base, call, scope, name)
            case _:
                return None

    def _made_attribute(self, base: str, call: ast.Call, scope: Scope, name: str) -> Value:
        """An attribute of an external object: what its constructor was given under that name."""
        if base.rpartition(".")[2][:1].isupper():
            given = self.given(call, scope).words.get(name)
            if given is not None:
                return self.value(given.node, given.scope)
            return External(f"{base}.{name}") if name.islower() else None
        return None

    def _called(self, call: ast.Call, scope: Scope) -> Value:
        if isinstance(call.func, ast.Name) and call.func.id == "cast" and len(call.args) == 2:  # noqa: PLR2004 -- `cast` takes two arguments
            return self.value(call.args[1], scope)
        called = self.value(call.func, scope)
        if isinstance(called, External):
            return Made(called.name, call, scope)
        if isinstance(called, Made | None):
            return None
        if isinstance(called, Expression) and isinstance(called.node, ast.Subscript):
            called = self.value(called.node.value, called.scope)  # Model[int](…)
        if not isinstance(called, Closure):
            return None
        if isinstance(called.node, ast.ClassDef):
            made = self.instance(called, call, scope)
            self.made(made)
            return made
        frame = self.frame(called, call, scope)
        return self.returned(called.node, frame) if frame is not None else None

    def _item(self, node: ast.Subscript, base: ast.expr, key: ast.expr, scope: Scope) -> Value:
        owner = self.value(base, scope)
        if isinstance(owner, Expression) and isinstance(owner.node, ast.Dict | ast.List | ast.Tuple):
            wanted = self.literal(key, scope)
            if isinstance(owner.node, ast.Dict):
                for name, value in zip(owner.node.keys, owner.node.values, strict=True):
                    if name is not None and self.literal(name, owner.scope) == wanted and wanted is not UNKNOWN:
                        return self.value(value, owner.scope)
            elif isinstance(wanted, int) and -len(owner.node.elts) <= wanted < len(owner.node.elts):
                return self.value(owner.node.elts[wanted], owner.scope)
            return None
        return Expression(node, scope)
