"""What names stand for in a project: its modules, functions and classes, and what they import from one another."""

# ruff: noqa: C901, PLR0911, PLR0912, PLR2004  # a branch for each kind of node; numbers explained beside them

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import children
from manyeyes_tools.evidence.taint.values import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.evidence.taint.values import Origin, Value, Way

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
_RE_EXPORTS = 6
_BASES = 12
_ANNOTATION_DEPTH = 4


@dataclass(slots=True, eq=False)
class Reach:
    """A sink that a function's parameter reaches.

    Attributes:
        rule: The weakness.
        clean: The weaknesses for which the value is harmless by then.
        doubt: Those for which something checks it.
        hops: Through how many calls of unknown code it went.
        factor: How much less sure it is than the rule.
        module: Where the sink is.
        node: The place.
        run: Where the value is used, when the place is where it was put together.
        way: The steps within the function.
    """

    rule: str
    clean: int
    doubt: int
    hops: int
    factor: float
    module: Module
    node: ast.AST
    run: ast.AST | None
    way: Way | None
    pieced: bool = False
    """Whether it was put into text on the way."""


@dataclass(slots=True)
class Summary:
    """What a call of a function means for whoever calls it.

    Attributes:
        returns: What it returns; of its parameters the origins are named.
        reaches: The sinks that its parameters reach, by origin and place.
        after: For which weaknesses a parameter is harmless once the function has returned.
        when_true: The same, once it has returned something true.
        stored: What it puts into its parameters, by position and name.
    """

    returns: Value = NOTHING
    reaches: dict[tuple[Origin, str, int, int], Reach] = field(default_factory=dict)
    after: dict[Origin, tuple[int, int]] = field(default_factory=dict)
    when_true: dict[Origin, tuple[int, int]] = field(default_factory=dict)
    stored: dict[tuple[int, str], Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Function:
    """A function of the project."""

    name: str
    node: FunctionNode
    module: Module
    owner: Class | None
    parameters: tuple[str, ...]
    parent: Function | None = None
    summary: Summary = field(default_factory=Summary)
    state: int = 0
    """0 not yet followed, 1 being followed, 2 followed."""
    stale: bool = False
    called: bool = False
    handler: str = ""
    """The framework that calls it with requests."""
    free: dict[str, Value] = field(default_factory=dict)
    """What is known of variables around it."""
    static: bool = False
    routed: bool = False
    """Whether a route names it, and not only its first parameter's name speaks for it."""


@dataclass(slots=True, eq=False)
class Class:
    """A class of the project."""

    name: str
    node: ast.ClassDef
    module: Module
    bases: tuple[str, ...]
    methods: dict[str, Function] = field(default_factory=dict)
    fields: dict[str, Value] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    known_bases: tuple[Class, ...] = ()
    external: frozenset[str] = frozenset()
    """The full names of all bases that are not of the project, near and far."""

    def method(self, name: str) -> Function | None:
        """A method of it or of what it inherits from."""
        pending, seen = [self], 0
        while pending and seen < _BASES:
            one = pending.pop(0)
            seen += 1
            if name in one.methods:
                return one.methods[name]
            pending.extend(one.known_bases)
        return None

    def field(self, name: str) -> Value | None:
        """What is known of an attribute of its objects."""
        pending, seen = [self], 0
        while pending and seen < _BASES:
            one = pending.pop(0)
            seen += 1
            if name in one.fields:
                return one.fields[name]
            pending.extend(one.known_bases)
        return None


@dataclass(slots=True, eq=False)
class Module:
    """A file of the project."""

    path: str
    name: str
    tree: ast.Module
    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    globals: dict[str, Value] = field(default_factory=dict)
    every: list[Function] = field(default_factory=list)
    number: int = 0
    test: bool = False
    frameworks: frozenset[str] = frozenset()

    def full(self, name: str) -> str:
        """The full name behind a dotted name of this module; the name itself where nothing is known of it."""
        first, dot, rest = name.partition(".")
        found = self.imports.get(first)
        return name if found is None else f"{found}{dot}{rest}"


def module_name(path: str) -> str:
    """`a.b` of `a/b.py` and of `a/b/__init__.py`."""
    name = path.removesuffix(".pyi").removesuffix(".pyw").removesuffix(".py").replace("\\", "/").strip("/")
    return name.removesuffix("/__init__").replace("/", ".")


def is_test(path: str) -> bool:
    """Whether a file holds tests, in which bad habits are no risk."""
    parts = path.lower().replace("\\", "/").split("/")
    return (
        parts[-1].startswith("test_") or parts[-1].endswith("_test.py") or parts[-1] == "conftest.py"
        or any(part in {"tests", "test", "testing"} for part in parts[:-1])
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unescaped:
    """A variable that a template puts into the page as it is.

    Attributes:
        path: The template.
        line: The line.
        names: The variable and the attributes read from it, `*` for an entry of a list.
    """

    path: str
    line: int
    names: tuple[str, ...]


class Project:
    """All modules together."""

    def __init__(self, files: Iterable[tuple[str, ast.Module]]) -> None:
        self.modules: list[Module] = []
        self.named: dict[str, list[Module]] = defaultdict(list)
        self.methods: dict[str, list[Function]] = defaultdict(list)
        self.definitions: dict[int, Function] = {}
        self.class_nodes: dict[int, Class] = {}
        for path, tree in files:
            module = Module(path, module_name(path), tree, number=len(self.modules), test=is_test(path))
            self.modules.append(module)
            parts = module.name.split(".")
            for start in range(len(parts)):
                self.named[".".join(parts[start:])].append(module)
            _survey(module, self)
        self.kept: dict[str, Value] = {}
        """What sessions hold, by key."""
        self.templates: dict[str, list[Unescaped]] = {}
        """What templates put into pages as it is, by the template's path and every end of it."""
        self.rendered: set[str] = set()
        self.web = False
        self.path_names: frozenset[str] = frozenset()
        self._known: dict[str, Function | Class | Module | tuple[Module, str] | None] = {}
        for module in self.modules:
            for one in module.classes.values():
                for method in one.methods.values():
                    self.methods[method.name].append(method)
        for cls in self.class_nodes.values():
            cls.known_bases = tuple(
                found
                for base in cls.bases
                if isinstance(found := self.find(base, cls.module), Class) and found is not cls
            )
        for cls in self.class_nodes.values():
            cls.external = self._external(cls)

    def let_go(self) -> None:
        """Give up the trees.

        Modules and what they define know each other; left like that, they would stay in memory until the collector
        looks through everything, which it seldom does.
        """
        for cls in self.class_nodes.values():
            cls.methods.clear()
        for module in self.modules:
            module.functions.clear()
            module.classes.clear()
            module.globals.clear()
            module.every.clear()
        self.modules.clear()
        self.named.clear()
        self.methods.clear()
        self.definitions.clear()
        self.class_nodes.clear()
        self._known.clear()

    def _external(self, cls: Class) -> frozenset[str]:
        names: set[str] = set()
        pending, seen = [cls], 0
        while pending and seen < _BASES:
            one = pending.pop()
            seen += 1
            names.update(one.bases)
            pending.extend(one.known_bases)
        return frozenset(names)

    def name_local(self, name: str, function: Function) -> None:
        """Give a function within a function a name that it can be found by."""
        self._known[name] = function

    def find(self, name: str, near: Module) -> Function | Class | Module | tuple[Module, str] | None:
        """What a full name stands for in the project; a variable of a module comes as the module and its name."""
        key = name if "." in name and not name.startswith(".") else f"{near.number}:{name}"
        if key in self._known:
            return self._known[key]
        self._known[key] = None
        found = self._known[key] = self._find(name, near, _RE_EXPORTS)
        return found

    def _find(self, name: str, near: Module, depth: int) -> Function | Class | Module | tuple[Module, str] | None:
        if not name or depth < 0:
            return None
        if "." not in name:
            return near.functions.get(name) or near.classes.get(name) or self._module(name, near)
        parts = name.split(".")
        for cut in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:cut]), near)
            if module is None:
                continue
            rest = parts[cut:]
            if not rest:
                return module
            return self._inside(module, rest, depth)
        head = near.classes.get(parts[0])
        if head is not None and len(parts) == 2:  # a class and its attribute
            return head.method(parts[1])
        return None

    def _inside(
        self, module: Module, rest: list[str], depth: int
    ) -> Function | Class | Module | tuple[Module, str] | None:
        first = rest[0]
        cls = module.classes.get(first)
        if cls is not None:
            return cls if len(rest) == 1 else cls.method(rest[1])
        function = module.functions.get(first)
        if function is not None:
            return function if len(rest) == 1 else None
        imported = module.imports.get(first)
        if imported is not None and imported != ".".join((module.name, *rest)):
            return self._find(".".join((imported, *rest[1:])), module, depth - 1)
        return (module, first) if len(rest) == 1 and module.name else None

    def _module(self, name: str, near: Module) -> Module | None:
        found = self.named.get(name)
        if not found:
            return None
        if len(found) == 1:
            return found[0]
        return max(found, key=lambda one: (_shared(one.name, near.name), -len(one.name)))


def _shared(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one.split("."), other.split("."), strict=False):
        if left != right:
            break
        count += 1
    return count


def parameters_of(node: FunctionNode) -> tuple[str, ...]:
    """All parameters' names, in the order of their positions; the starred ones last."""
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names.extend(one.arg for one in (given.vararg, given.kwarg) if one is not None)
    return tuple(names)


def _survey(module: Module, project: Project) -> None:
    """Note what a module defines and imports, inside of functions too.  Without recursion."""
    pending: list[tuple[ast.AST, Function | None, Class | None]] = [(module.tree, None, None)]
    frameworks: set[str] = set()
    package = module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
    while pending:
        node, function, cls = pending.pop()
        for child in children(node):
            if isinstance(child, ast.expr):
                continue
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                names = parameters_of(child)
                made = Function(child.name, child, module, cls, names, function)
                made.static = any(dotted(one) == "staticmethod" for one in child.decorator_list)
                module.every.append(made)
                project.definitions[id(child)] = made
                if cls is not None:
                    cls.methods.setdefault(child.name, made)
                elif function is None:
                    module.functions[child.name] = made
                pending.append((child, made, None))
            elif isinstance(child, ast.ClassDef):
                bases = tuple(module.full(dotted(_unsubscripted(base))) for base in child.bases)
                owned = Class(child.name, child, module, tuple(filter(None, bases)))
                project.class_nodes[id(child)] = owned
                module.classes.setdefault(child.name, owned)
                for part in child.body:
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                        owned.annotations[part.target.id] = part.annotation
                        if part.value is not None:
                            owned.defaults[part.target.id] = part.value
                pending.append((child, function, owned))
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    frameworks.add(alias.name.split(".")[0])
                    if alias.asname:
                        module.imports[alias.asname] = alias.name
                    else:
                        module.imports.setdefault(alias.name.split(".")[0], alias.name.split(".")[0])
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parts = package.split(".") if package else []
                    parts = parts[: len(parts) - (child.level - 1)] if child.level > 1 else parts
                    base = ".".join((*parts, base)) if base else ".".join(parts)
                frameworks.add(base.split(".")[0])
                for alias in child.names:
                    module.imports[alias.asname or alias.name] = f"{base}.{alias.name}" if base else alias.name
            else:
                pending.append((child, function, cls))
    # A class's bases may be imported below it in the order of the walk.
    for owned in module.classes.values():
        bases = tuple(module.full(dotted(_unsubscripted(base))) for base in owned.node.bases)
        owned.bases = tuple(filter(None, bases))
    module.frameworks = frozenset(frameworks)


def _unsubscripted(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node


def annotated(node: ast.expr | None, module: Module, depth: int = 0) -> str:
    """The full name of the class that an annotation names; of a union the first that is not None."""
    if node is None or depth > _ANNOTATION_DEPTH:
        return ""
    match node:
        case ast.Constant(value=str() as text):
            return module.full(text.strip().strip("'\"").split("[")[0].split("|")[0].strip())
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return annotated(left, module, depth + 1) or annotated(right, module, depth + 1)
        case ast.Subscript(value=value, slice=inner):
            name = dotted(value).rpartition(".")[2]
            if name in {"Optional", "Annotated", "Final", "ClassVar", "Required"}:
                first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                return annotated(first, module, depth + 1)
            if name == "Union" and isinstance(inner, ast.Tuple) and inner.elts:
                return annotated(inner.elts[0], module, depth + 1)
            if name == "Literal":
                return "typing.Literal"
            if name in {"list", "List", "set", "Set", "Sequence", "Iterable", "tuple", "Tuple", "frozenset"}:
                first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                element = annotated(first, module, depth + 1)
                return f"~list:{element}" if element else ""
            return module.full(dotted(value))
        case ast.Constant():
            return ""
        case _:
            return module.full(dotted(node))
