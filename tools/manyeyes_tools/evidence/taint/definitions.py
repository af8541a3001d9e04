"""What a project defines: its modules, classes and functions, and what calling a function means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from manyeyes_tools.evidence.taint.values import NOTHING, Origin, Value, Way

if TYPE_CHECKING:
    import ast

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda"
_BASES = 12
NEW, UNDER_WAY, FOLLOWED = 0, 1, 2


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
    state: int = NEW
    """`NEW`, `UNDER_WAY` or `FOLLOWED`."""
    stale: bool = False
    called: bool = False
    handler: str = ""
    """The framework that calls it with requests."""
    free: dict[str, Value] = field(default_factory=dict)
    """What is known of variables around it."""
    static: bool = False
    of_class: bool = False
    """Whether its first parameter is the class."""
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

    @property
    def full(self) -> str:
        """Its full name."""
        return f"{self.module.name}.{self.name}" if self.module.name else self.name

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
