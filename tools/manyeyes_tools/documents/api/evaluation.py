"""What an expression stands for, as far as the files at hand tell: no code is run, nothing is imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from manyeyes_tools.documents.api.scopes import FUNCTIONS, Element, Imported, Project, Scope, defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manyeyes_tools.documents.api.scopes import Bound, FunctionNode
    from manyeyes_tools.documents.symbols import Module

DEEP: Final = 40
"""How many steps a name is followed."""
TRIES: Final = 3
"""How often something is looked up that depends on itself."""
FRAMES: Final = 20_000
"""How many calls are looked into in one project."""


@dataclass(frozen=True, slots=True, eq=False)
class External:
    """Something that is not defined in the files: its dotted import name, or the bare name where none is known."""

    name: str

    @property
    def last(self) -> str:
        """The name without its modules."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """A module, one of the files."""

    module: Module


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function or class with the scope it is defined in; `bound` is the object whose method it is."""

    node: FunctionNode | ast.ClassDef
    scope: Scope
    bound: Instance | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """Any other expression with the scope that its names are looked up in."""

    node: ast.expr
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What a call of something external gives."""

    name: str
    call: ast.Call
    scope: Scope

    @property
    def last(self) -> str:
        """The name of what was called, without its modules."""
        return self.name.rpartition(".")[2]


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class in the files.  `call` is how it was made; None when nothing is known of that."""

    cls: Closure
    call: ast.Call | None
    scope: Scope
    frames: dict[int, Scope] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Extra:
    """The keyword arguments that a `**` parameter took."""

    words: Mapping[str, Expression]


Value: TypeAlias = "External | Package | Closure | Expression | Made | Instance | Extra | None"
"""None: it cannot be known."""


@dataclass(frozen=True, slots=True)
class Given:
    """The arguments of a call, `**` of known mappings taken apart.  `open` says that there may be more."""

    placed: tuple[Expression, ...]
    words: Mapping[str, Expression]
    open: bool = False

    def get(self, name: str, place: int | None = None) -> Expression | None:
        """The argument of that name or at that place."""
        if name in self.words:
            return self.words[name]
        return self.placed[place] if place is not None and place < len(self.placed) else None


class Evaluator:
    """Follows names, attributes and calls through a project.

    Args:
        project: The files.

    Attributes:
        entered: Called with the frame of every call of a function of the project that is looked into.
        made: Called with every object of a class of the project that is made.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.entered: Callable[[Closure, Scope], None] = lambda _closure, _frame: None
        self.made: Callable[[Instance], None] = lambda _instance: None
        self._known: dict[tuple[int, int], Value] = {}
        self._busy: set[tuple[int, int]] = set()
        self._telling: set[tuple[int, int]] = set()
        self._closures: dict[tuple[int, int, int], Closure] = {}
        self._kept: list[object] = []  # nodes made here: their ids must stay theirs
        self._frames = 0
        self._cuts = 0
        self._tried: dict[tuple[int, int], int] = {}
        self._sets: dict[int, dict[str, list[ast.expr]]] = {}
        self._loose: dict[int, Scope] = {}
        self._class_scopes: dict[tuple[int, int], Scope] = {}
        self._factories: dict[tuple[int, int, int], ast.Call] = {}

    # names -----------------------------------------------------------------------------------------------------

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
        self._kept.append((node, scope))
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

    def _value(self, node: ast.expr, scope: Scope) -> Value:  # noqa: C901, PLR0911 -- one branch for each form of code
        match node:
            case ast.Name(id=name):
                return next(self.candidates(name, scope), None)
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"), args=[]), attr=name):
                return self._above(name, scope)
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
                    if found is not None and not (isinstance(found, Expression) and _is_nothing(found.node)):
                        return found
                return None
            case ast.Subscript(value=base, slice=key):
                return self._item(node, base, key, scope)
            case _:
                return Expression(node, scope)

    def candidates(self, name: str, scope: Scope) -> Iterator[Value]:  # noqa: C901 -- one branch for each form of code
        """What a name may stand for, the likeliest first."""
        place: Scope | None = scope
        while place is not None:
            if name in place.given:
                given = place.given[name]
                found = self.value(given.node, given.scope) if isinstance(given, Expression) else given
                if isinstance(found, Expression) and _is_nothing(found.node):
                    for one in reversed(place.bindings.get(name, [])):
                        other = None if isinstance(one, ast.arg) else self._bound(one, place)
                        if other is not None:
                            yield other
                yield found  # type: ignore[misc]  # only values are ever given
                return
            bound = place.bindings.get(name)
            if bound:
                for one in reversed(bound):
                    found = self._bound(one, place)
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

    def _bound(self, bound: Bound, scope: Scope) -> Value:
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
        self._kept.append(made)
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
            self._kept.append(call)
            if isinstance(kind, External):
                self._known[key] = Made(kind.name, call, scope)
            elif isinstance(kind.node, ast.ClassDef):
                self._known[key] = self.instance(kind, None, scope)
        return self._known.get(key)

    def parsed(self, node: ast.Constant) -> ast.expr | None:
        """The expression in an annotation that is written as text; the same node every time."""
        key = (id(node), 0)
        if key not in self._known:
            self._kept.append(node)
            try:
                inner = ast.parse(str(node.value).strip(), mode="eval").body
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
                    (found for one in reversed(scope.bindings[name]) if (found := self._bound(one, scope))), None
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

    # attributes ------------------------------------------------------------------------------------------------

    def attribute(self, owner: Value, name: str) -> Value:  # noqa: PLR0911 -- one return for each form of code
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
                return self._instance_attribute(owner, name)
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

    def mro(self, cls: Closure, seen: frozenset[int] = frozenset()) -> Iterator[Closure | External]:
        """A class and its bases, nearest first; those that are not in the files as what they are called."""
        yield cls
        if not isinstance(cls.node, ast.ClassDef) or id(cls.node) in seen:
            return
        for base in cls.node.bases:
            node = base.value if isinstance(base, ast.Subscript) else base
            found = self.value(node, cls.scope)
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
            assert isinstance(cls.node, ast.ClassDef)  # noqa: S101 -- for the type checker; callers saw to it
            bindings = self.project.bindings(cls.node, cls.scope.module)
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
                    return self.closure(item, one.scope, None if static else bound)
                found = self._bound(item, scope)
                if found is not None:
                    return found
        return None

    def _instance_attribute(self, owner: Instance, name: str) -> Value:  # noqa: PLR0911 -- one return for each form of code
        constructor = self.class_attribute(owner.cls, "__init__", owner)
        if isinstance(constructor, Closure):
            frame = self.frame(constructor, owner.call, owner.scope)
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
                frame = self.frame(found, None, owner.scope)
                return self._returned(found.node, frame) if frame else None
            return found
        if found is not None:
            return self._unwrapped(found, id(owner))
        return self._assigned_elsewhere(owner, name)

    def _above(self, name: str, scope: Scope) -> Value:
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
                    return self.closure(found, one.scope, own)
            passed = passed or frame.owner in one.node.body
        return None

    def _inherited(self, owner: Instance, constructor: Closure, name: str) -> Value:
        """What a base's `__init__` sets, called by `super().__init__(…)`."""
        for one in self.mro(owner.cls):
            if isinstance(one, Closure) and isinstance(one.node, ast.ClassDef):
                for item in self.class_scope(one).bindings.get("__init__", []):
                    if isinstance(item, FUNCTIONS) and item is not constructor.node:
                        closure = self.closure(item, one.scope, owner)
                        frame = self.frame(
                            closure, self._super_call(constructor.node), self._frame_of(owner, constructor)
                        )
                        found = self._assigned(item, name, frame) if frame else None
                        if found is not None:
                            return found
        return None

    def _frame_of(self, owner: Instance, closure: Closure) -> Scope:
        return owner.frames.get(id(closure.node), owner.scope)

    @staticmethod
    def _super_call(node: ast.AST) -> ast.Call | None:
        for inner in ast.walk(node):
            match inner:
                case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__")):
                    return inner
        return None

    def _assigned_elsewhere(self, owner: Instance, name: str) -> Value:
        for one in self.mro(owner.cls):
            if not isinstance(one, Closure) or not isinstance(one.node, ast.ClassDef):
                continue
            for item in one.node.body:
                if isinstance(item, FUNCTIONS) and item.name != "__init__" and self._sets_own(item, name):
                    frame = self.frame(self.closure(item, one.scope, owner), None, owner.scope)
                    found = self._assigned(item, name, frame) if frame else None
                    if found is not None:
                        return found
        return None

    def _sets_own(self, node: FunctionNode, name: str) -> bool:
        if id(node) not in self._sets:
            self._assigned(node, "", self.project.scope(self.project.modules[0]))
        return name in self._sets[id(node)]

    def _assigned(self, node: ast.AST, name: str, frame: Scope) -> Value:
        """What a method sets `self.name` to."""
        known = self._sets.get(id(node))
        if known is None:
            known = self._sets[id(node)] = {}
            for one in ast.walk(node):
                if isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None:
                    for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                        if isinstance(target, ast.Attribute) and _last(target.value) in {"self", "cls"}:
                            known.setdefault(target.attr, []).append(one.value)
        for value in known.get(name, ()):
            found = self.value(value, frame)
            if found is not None:
                return found
        return None

    def _field(self, owner: Instance, name: str) -> Value:
        """What a dataclass or model was constructed with."""
        if owner.call is None:
            return None
        given = self.given(owner.call, owner.scope)
        if name in given.words:
            return self.value(given.words[name].node, given.words[name].scope)
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
            return self.value(one_given.node, one_given.scope)
        return None

    def _unwrapped(self, value: Value, owner: int = 0) -> Value:
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
        given = self.given(value.call, value.scope)
        plain = given.get("default", 0)
        if plain is not None and value.last != "Factory":
            return self._unwrapped(self.value(plain.node, plain.scope), owner)
        factory = given.words.get("default_factory") or given.words.get("factory") or given.get("factory", 0)
        if factory is None:
            return None
        key = (id(value.call), id(value.scope), owner)
        if key not in self._factories:
            self._factories[key] = ast.Call(func=factory.node, args=[], keywords=[])
        return self.value(self._factories[key], factory.scope)

    # calls -----------------------------------------------------------------------------------------------------

    def given(self, call: ast.Call, scope: Scope) -> Given:  # noqa: C901, PLR0912 -- one branch for each form of code
        """The arguments of a call."""
        words: dict[str, Expression] = {}
        placed: list[Expression] = []
        unknown = False
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                inner = self.value(argument.value, scope)
                if isinstance(inner, Expression) and isinstance(inner.node, ast.List | ast.Tuple):
                    placed.extend(Expression(one, inner.scope) for one in inner.node.elts)
                else:
                    unknown = True
                    break
            else:
                placed.append(Expression(argument, scope))
        for word in call.keywords:
            if word.arg:
                words[word.arg] = Expression(word.value, scope)
                continue
            inner = self.value(word.value, scope)
            if isinstance(inner, Extra):
                words.update(inner.words)
            elif isinstance(inner, Expression) and isinstance(inner.node, ast.Dict):
                for key, value in zip(inner.node.keys, inner.node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        words[key.value] = Expression(value, inner.scope)
                    else:
                        unknown = True
            elif isinstance(inner, Made) and inner.name == "dict":
                words.update(self.given(inner.call, inner.scope).words)
            else:
                unknown = True
        return Given(tuple(placed), words, unknown)

    def _called(self, call: ast.Call, scope: Scope) -> Value:
        if isinstance(call.func, ast.Name) and call.func.id == "cast" and len(call.args) == 2:  # noqa: PLR2004 -- plain to a reader here
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
        return self._returned(called.node, frame) if frame is not None else None

    def frame(self, closure: Closure, call: ast.Call | None, scope: Scope) -> Scope | None:
        """The scope of one run of a function, its arguments given; None past the limit."""
        node = closure.node
        if not isinstance(node, FUNCTIONS):
            return None
        holder = closure.bound.frames if closure.bound is not None else self._loose
        key = id(node) if closure.bound is not None and call is None else hash((id(node), id(call), id(scope)))
        if closure.bound is not None and node.name == "__init__":
            key = id(node)
        known = holder.get(key)
        if known is not None:
            return known
        if self._frames >= FRAMES:
            return None
        self._frames += 1
        bindings = self.project.bindings(node, closure.scope.module)
        frame = Scope(closure.scope.module, bindings, closure.scope, owner=node)
        holder[key] = frame
        self._kept.extend((call, scope, frame))
        self._fill(frame, closure, call, scope)
        self.entered(closure, frame)
        return frame

    def _fill(self, frame: Scope, closure: Closure, call: ast.Call | None, scope: Scope) -> None:
        node = closure.node
        assert isinstance(node, FUNCTIONS)  # noqa: S101 -- for the type checker; callers saw to it
        given = self.given(call, scope) if call is not None else Given((), {}, open=True)
        names = [(argument.arg, default) for argument, default in defaults(node)]
        count = len(node.args.posonlyargs) + len(node.args.args)
        if closure.bound is not None and names and not any(_last(d) == "classmethod" for d in node.decorator_list):
            frame.given[names[0][0]] = closure.bound
            names, count = names[1:], count - 1
        left = dict(given.words)
        for place, (name, default) in enumerate(names):
            if place < count and place < len(given.placed):
                frame.given[name] = given.placed[place]
            elif name in left:
                frame.given[name] = left.pop(name)
            elif (default is not None and call is not None and not given.open) or (
                default is not None and not _is_nothing(default)
            ):
                frame.given[name] = Expression(default, closure.scope)
        if node.args.kwarg is not None:
            frame.given[node.args.kwarg.arg] = Extra(left)

    def _returned(self, node: ast.AST, frame: Scope) -> Value:
        """What a function returns: the last of its `return`s whose value is known."""
        assert isinstance(node, FUNCTIONS)  # noqa: S101 -- for the type checker; callers saw to it
        for statement in reversed(list(_own(node))):
            if isinstance(statement, ast.Return | ast.Expr):
                value = statement.value
                if isinstance(statement, ast.Expr):
                    if not isinstance(value, ast.Yield):
                        continue
                    value = value.value
                found = self.value(value, frame) if value is not None else None
                if found is not None and not (isinstance(found, Expression) and _is_nothing(found.node)):
                    return found
        return None

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

    # literals --------------------------------------------------------------------------------------------------

    def text(self, node: ast.expr | Expression | None, scope: Scope | None = None) -> str | None:
        """The text that an expression stands for; None when it is no text or not known."""
        value = self.literal(node, scope)
        return value if isinstance(value, str) else None

    def literal(self, node: ast.expr | Expression | None, scope: Scope | None = None) -> object:
        """The plain value of an expression; `UNKNOWN` when it cannot be told."""
        if isinstance(node, Expression):
            return self.literal(node.node, node.scope)
        if node is None or scope is None:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return node.value
        key = (id(node), id(scope))
        if key in self._telling or len(self._telling) > DEEP:
            return UNKNOWN  # it is defined by itself
        self._telling.add(key)
        try:
            return self._literal(node, scope)
        finally:
            self._telling.discard(key)

    def _literal(self, node: ast.expr, scope: Scope) -> object:  # noqa: C901, PLR0911 -- one branch for each form of code
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self._literals(items, scope)
            case ast.Dict():
                return self._mapping(node, scope)
            case ast.JoinedStr(values=parts):
                return self._joined(parts, scope)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                one, other = self.literal(left, scope), self.literal(right, scope)
                if (isinstance(one, str) and isinstance(other, str)) or (
                    isinstance(one, list) and isinstance(other, list)
                ):
                    return one + other  # type: ignore[operator]  # both are text or both are lists
                if _number(one) and _number(other):
                    return one + other  # type: ignore[operator]  # both are numbers
                return UNKNOWN
            case ast.BinOp() | ast.UnaryOp() if _arithmetic(node):
                return _computed(node)
            case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in {
                "format",
                "lower",
                "upper",
                "strip",
                "rstrip",
                "lstrip",
                "join",
            }:
                return self._text_method(node, base, name, scope)
            case ast.Call():
                found = self.value(node, scope)
                if isinstance(found, Made):
                    return self._made_literal(found)
                return self.literal(found) if isinstance(found, Expression) and found.node is not node else UNKNOWN
            case _:
                return self._followed(node, scope)

    def _followed(self, node: ast.expr, scope: Scope) -> object:
        found = self.value(node, scope)
        if isinstance(found, Expression) and found.node is not node:
            return self.literal(found)
        if isinstance(found, Made):
            return self._made_literal(found)
        if isinstance(node, ast.Attribute) and node.attr == "value":
            return self.literal(node.value, scope)
        if isinstance(found, External):
            return _constants(found.name)
        return UNKNOWN

    def _made_literal(self, found: Made) -> object:
        if found.last in {"getenv", "get"} and found.name in {"os.getenv", "os.environ.get"}:
            return self.literal(self.given(found.call, found.scope).get("default", 1))
        if found.name in {"str", "list", "tuple", "set", "frozenset"} and len(found.call.args) == 1:
            return self.literal(found.call.args[0], found.scope)
        if found.name == "dict" and not found.call.args:
            words = self.given(found.call, found.scope).words
            return {name: self.literal(value) for name, value in words.items()}
        if found.last == "auto":
            return UNKNOWN
        unwrapped = self._unwrapped(found)
        return self.literal(unwrapped) if isinstance(unwrapped, Expression) else UNKNOWN

    def _literals(self, items: list[ast.expr], scope: Scope) -> object:
        result: list[object] = []
        for item in items:
            if isinstance(item, ast.Starred):
                inner = self.literal(item.value, scope)
                if not isinstance(inner, list):
                    return UNKNOWN
                result.extend(inner)
                continue
            value = self.literal(item, scope)
            if value is UNKNOWN:
                return UNKNOWN
            result.append(value)
        return result

    def _mapping(self, node: ast.Dict, scope: Scope) -> object:
        result: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            told = self.literal(value, scope)
            name = self.literal(key, scope) if key is not None else UNKNOWN
            if told is UNKNOWN or name is UNKNOWN or isinstance(name, list | dict):
                return UNKNOWN
            result[name] = told
        return result

    def _joined(self, parts: list[ast.expr], scope: Scope) -> object:
        result = ""
        for part in parts:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            value = self.literal(inner, scope)
            if value is UNKNOWN or isinstance(value, list | dict):
                return UNKNOWN
            result += str(value)
        return result

    def _text_method(self, call: ast.Call, base: ast.expr, name: str, scope: Scope) -> object:
        text = self.text(base, scope)
        given = [self.literal(argument, scope) for argument in call.args]
        words = {word.arg: self.literal(word.value, scope) for word in call.keywords if word.arg}
        if text is None or UNKNOWN in given or UNKNOWN in words.values():
            return UNKNOWN
        try:
            if name == "join":
                return text.join(str(one) for one in given[0]) if given and isinstance(given[0], list) else UNKNOWN
            if name == "format":
                plain = all(isinstance(one, str | int) for one in [*given, *words.values()])
                return text.format(*given, **words) if plain and "[" not in text and "." not in text else UNKNOWN
            return getattr(text, name)(*[str(one) for one in given])
        except (IndexError, KeyError, ValueError, TypeError, AttributeError):
            return UNKNOWN

    def truth(self, test: ast.expr, scope: Scope) -> bool | None:  # noqa: PLR0911 -- one return for each form of code
        """Whether a condition holds; None when that cannot be told."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                known = self.truth(inner, scope)
                return None if known is None else not known
            case ast.BoolOp(op=op, values=values):
                every = [self.truth(value, scope) for value in values]
                settling = isinstance(op, ast.Or)
                return settling if settling in every else None if None in every else not settling
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
                found = self.value(left, scope)
                if found is None or (isinstance(found, External) and isinstance(left, ast.Name)):
                    return None
                nothing = isinstance(found, Expression) and _is_nothing(found.node)
                if (
                    not nothing
                    and isinstance(found, Expression)
                    and not isinstance(found.node, ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.JoinedStr)
                ):
                    return None
                return nothing if isinstance(op, ast.Is) else not nothing
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                return None
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]):
                one, other = self.literal(left, scope), self.literal(right, scope)
                if UNKNOWN in (one, other):
                    return None
                return (one == other) is isinstance(op, ast.Eq)
            case _:
                found = self.value(test, scope)
                if isinstance(found, Closure | Instance):
                    return True
                told = self.literal(test, scope)
                return None if told is UNKNOWN else bool(told)


class _Unknown:
    """The one value that says that a literal is not known."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def _own(node: FunctionNode) -> Iterator[ast.stmt]:
    """The statements of a function, without those of functions and classes inside."""
    waiting: list[ast.stmt] = [*node.body][::-1]
    while waiting:
        statement = waiting.pop()
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inner: list[ast.stmt] = []
        for name in ("body", "orelse", "finalbody"):
            inner.extend(getattr(statement, name, None) or [])
        for handler in getattr(statement, "handlers", None) or []:
            inner.extend(handler.body)
        waiting.extend(inner[::-1])


def _is_nothing(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _arithmetic(node: ast.expr) -> bool:
    """Whether an expression is small arithmetic on numbers."""
    match node:
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
            return _arithmetic(inner)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), left=left, right=right):
            return _arithmetic(left) and _arithmetic(right)
        case _:
            return False


def _computed(node: ast.expr) -> object:  # noqa: PLR0911 -- one return for each form of code
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=op, operand=inner):
            number = _computed(inner)
            return (-number if isinstance(op, ast.USub) else number) if isinstance(number, int | float) else UNKNOWN
        case ast.BinOp(op=op, left=left, right=right):
            one, other = _computed(left), _computed(right)
            if not (isinstance(one, int | float) and isinstance(other, int | float)):
                return UNKNOWN
            if isinstance(op, ast.Add):
                return one + other
            if isinstance(op, ast.Sub):
                return one - other
            if isinstance(op, ast.Mult):
                return one * other
            return one / other if other else UNKNOWN
        case _:
            return UNKNOWN


def _constants(name: str) -> object:
    """The values of a few well-known constants."""
    last = name.rpartition(".")[2]
    if last.startswith("HTTP_") and last[5:8].isdigit():
        return int(last[5:8])
    if ".HTTPStatus." in f".{name}":
        from http import HTTPStatus

        part = last if last != "value" else name.split(".")[-2]
        return HTTPStatus[part].value if part in HTTPStatus.__members__ else UNKNOWN
    return UNKNOWN
