"""What names stand for in a Python module: imports, and what a function assigned to its variables.

The flow of data is followed within one function, in the order of its lines, without regard to branches: an
assignment above may reach a use below.  Module constants count in every function.
"""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from manyeyes_tools.evidence.python_walk import children, walk

if TYPE_CHECKING:
    from collections.abc import Callable

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
STEPS = 200_000
"""Steps in which the values of one function are followed; one takes about a microsecond."""
STEPS_OF_FILE = 1_000_000
_LONGEST = 40
_QUOTING = frozenset({"quote", "list2cmdline"})
_HARMLESS = frozenset({"int", "float", "bool", "len", "abs", "round", "ord", "id", "hash", "uuid.UUID", "uuid.uuid4"})
"""Calls whose result cannot carry text from outside into a statement."""
_TEXT_METHODS = frozenset(
    {"join", "format", "strip", "lower", "upper", "replace", "title", "lstrip", "rstrip", "encode"}
)


@dataclass(slots=True)
class Work:
    """How many steps may still be taken to follow values; code that was made for it could ask for any number.

    Attributes:
        left: The steps left.
        whole: The work of the whole file, of which this is a part.
        refused: Whether a step was asked for that was not granted: what it would have shown is not known.
    """

    left: int
    whole: Work | None = None
    refused: bool = False

    def step(self) -> bool:
        """Take a step; False when there is none left."""
        self.left -= 1
        granted = self.left >= 0 and (self.whole is None or self.whole.step())
        self.refused = self.refused or not granted
        return granted


@dataclass(frozen=True, slots=True, eq=False)
class Earlier:
    """The first `count` expressions given to a variable, all of which may stand behind it."""

    scope: Scope
    name: str
    count: int

    def split(self) -> tuple[ast.expr, Earlier | None]:
        """The last of them, and those before it."""
        value = self.scope.assigned[self.name][self.count - 1][1]
        return value, self.scope.earlier(self.name, self.count - 1) if self.count > 1 else None


Item: TypeAlias = "ast.AST | Earlier"
Items: TypeAlias = "list[tuple[Scope, Item]]"


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out about a file's expressions, by their identity, so that nothing is followed twice.

    Attributes:
        constant: Whether they are constant; None while that is being found out.  By whether quoting makes constant.
        reached: Whether they can stand for what a search is after, by the name of the search.
        earlier: The one object for each start of a variable's expressions.
        texts: See `Scope.text`.
        statements: See `Scope.statement`; for each scope by the value's identity, and by the line below zero.
    """

    constant: dict[bool, dict[int, bool | None]] = field(default_factory=lambda: {False: {}, True: {}})
    reached: defaultdict[str, dict[int, bool]] = field(default_factory=lambda: defaultdict(dict))
    earlier: dict[tuple[int, str, int], Earlier] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    statements: dict[int, dict[int, ast.stmt]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """A function, or the module outside all functions: its nodes, and the expressions given to its variables."""

    node: ast.Module | Function
    nodes: tuple[ast.AST, ...]
    assigned: dict[str, list[tuple[int, ast.expr]]]
    parameters: frozenset[str]
    outer: Scope | None
    work: Work
    known: Known

    @property
    def name(self) -> str:
        """The function's name; empty for the module."""
        return "" if isinstance(self.node, ast.Module) else self.node.name

    def earlier(self, name: str, count: int) -> Earlier:
        """The first `count` expressions given to a variable of this scope."""
        return self.known.earlier.setdefault((id(self), name, count), Earlier(self, name, count))

    def behind(self, name: str, line: int) -> Earlier | None:
        """What may stand behind a variable at a line: what it was given above it, else anything it is given."""
        here = self.assigned.get(name)
        if here:
            return self.earlier(name, bisect_left(here, line, key=itemgetter(0)) or len(here))
        if name in self.parameters or self.outer is None:
            return None
        there = self.outer.assigned.get(name)
        return self.outer.earlier(name, len(there)) if there else None

    def values(self, name: str, line: int) -> list[ast.expr]:
        """The expressions that may stand behind a variable at a line, see `behind`."""
        found = self.behind(name, line)
        return [value for _, value in found.scope.assigned[name][: found.count]] if found else []

    def text(self, node: ast.expr) -> str:
        """The text that stands in an expression itself."""
        if id(node) not in self.known.texts:
            parts = (one.value for one in walk(node) if isinstance(one, ast.Constant))
            self.known.texts[id(node)] = " ".join(part for part in parts if isinstance(part, str))
        return self.known.texts[id(node)]

    def statement(self, node: ast.expr) -> ast.stmt | ast.expr:
        """The assignment that an expression is the value of, or that begins in its line; else the expression."""
        found = self.known.statements.get(id(self))
        if found is None:
            found = self.known.statements[id(self)] = {}
            for one in self.nodes:
                if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign):
                    found.setdefault(id(one.value), one)
                    found.setdefault(-one.lineno, one)
        return found.get(id(node)) or found.get(-node.lineno) or node

    def constant(self, node: ast.expr | None, *, quoted: bool = False) -> bool:
        """Whether an expression is made of constants alone, through variables too.

        What is given to itself, over however many variables, is not.  When there is no work left, everything is.

        Args:
            node: The expression; None is constant.
            quoted: Whether what `shlex.quote` made safe counts as constant.
        """
        if node is None or isinstance(node, ast.Constant):
            return True
        known = self.known.constant[quoted]
        pending: list[tuple[Scope, Item, bool]] = [(self, node, False)]
        while pending:
            scope, item, done = pending.pop()
            if done:
                known[id(item)] = True
                continue
            before = known.get(id(item), item)
            if before is True:
                continue
            parts = scope._parts(item, quoted=quoted) if before is item else None  # noqa: SLF001  # of this class
            granted = self.work.step()
            if parts is None or not granted:
                # All that are not yet done lie on the way to this one, so they are what it is.
                for _, above, open_ in pending:
                    if open_ and granted:
                        known[id(above)] = False
                    elif open_:
                        del known[id(above)]
                if granted:
                    known[id(item)] = False
                return not granted
            known[id(item)] = None
            pending.append((scope, item, True))
            pending.extend((inside, part, False) for inside, part in parts)
        return True

    def _parts(self, item: Item, *, quoted: bool) -> Items | None:  # noqa: C901, PLR0911  # one for each kind
        """What must be constant for it to be constant; None when it is not anyhow."""
        match item:
            case Earlier():
                value, before = item.split()
                return [(item.scope, value), *([(item.scope, before)] if before else [])]
            case ast.Constant():
                return []
            case ast.Name():
                found = None if item.id in self.parameters else self.behind(item.id, item.lineno)
                return [(found.scope, found)] if found else None
            case ast.Call():
                return self._parts_of_call(item, quoted=quoted)
            case ast.BinOp(op=ast.Mult()) if isinstance(item.left, ast.Constant | ast.List):
                return [(self, item.left)]  # "?" * n holds nothing but question marks
            case ast.GeneratorExp() | ast.ListComp():
                return [(self, item.elt)]
            case ast.Subscript():
                return [(self, item.value)]  # whatever key is taken, the entries are constants
            case ast.Dict():
                return [(self, value) for value in item.values]
            case ast.IfExp():
                return [(self, item.body), (self, item.orelse)]
            case (
                ast.JoinedStr() | ast.FormattedValue() | ast.BinOp() | ast.BoolOp() | ast.Tuple() | ast.List()
                | ast.Set() | ast.Starred() | ast.UnaryOp()
            ):  # fmt: skip
                return [(self, part) for part in children(item) if isinstance(part, ast.expr)]
            case _:
                return None

    def _parts_of_call(self, node: ast.Call, *, quoted: bool) -> Items | None:
        name = dotted(node.func)
        if name in _HARMLESS or (quoted and (name.rpartition(".")[2] in _QUOTING or name == "shlex.join")):
            return []
        arguments: Items = [(self, part) for part in (*node.args, *(one.value for one in node.keywords))]
        if name in {"str", "dict", "list", "tuple", "frozenset", "set", "sorted"}:
            return arguments
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_METHODS | {"get"}:
            return [(self, node.func.value), *arguments]
        return None

    def reaches(self, node: Item, search: str, step: Callable[[Scope, Item], Items | bool]) -> bool:
        """Whether an expression may stand for what is searched for; False when there is no work left.

        Args:
            node: The expression.
            search: A name for `step`, so that its answers are remembered.
            step: Whether an expression is what is searched for, or the others that it may stand for.
        """
        known = self.known.reached[search]
        seen: set[int] = set()
        pending: list[tuple[Scope, Item, bool]] = [(self, node, False)]
        while pending:
            scope, item, done = pending.pop()
            if done or id(item) in seen:
                continue
            found = known.get(id(item))
            if found is False:
                continue
            if not self.work.step():
                return False
            parts = found or step(scope, item)
            if parts is True:
                known[id(item)] = True
                known.update((id(above), True) for _, above, open_ in pending if open_)
                return True
            seen.add(id(item))
            if parts:
                pending.append((scope, item, True))
                pending.extend((inside, part, False) for inside, part in parts)
        known.update(dict.fromkeys(seen, False))
        return False


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed module, ready for rules."""

    module: ast.Module
    imports: dict[str, str]
    scopes: tuple[Scope, ...] = field(default=())
    nodes: tuple[ast.AST, ...] = ()
    """All nodes, level by level."""
    named: list[tuple[Scope, ast.Call, str]] = field(default_factory=list)
    """What `calls` gives; filled when it is first asked for."""

    def name_of(self, node: ast.expr) -> str:
        """The full dotted name of what is called or read, with import aliases undone; empty when there is none."""
        name = dotted(node)
        if not name:
            return ""
        first, dot, rest = name.partition(".")
        return f"{self.imports.get(first, first)}{dot}{rest}"

    def calls(self) -> list[tuple[Scope, ast.Call, str]]:
        """Every call with its function and the full name of what is called."""
        if not self.named:
            self.named.extend(
                (scope, node, self.name_of(node.func))
                for scope in self.scopes
                for node in scope.nodes
                if isinstance(node, ast.Call)
            )
        return self.named

    def tangled(self) -> list[Scope]:
        """The scopes in which values could not be followed to their end, so that places may be missing."""
        return [scope for scope in self.scopes if scope.work.refused]


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain; empty for anything else, and for chains longer than any that has a meaning."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < _LONGEST:
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def is_value(node: ast.expr | None, value: object) -> bool:
    """Whether a node is just this constant."""
    return isinstance(node, ast.Constant) and node.value is value


def read_tree(module: ast.Module) -> Tree:
    """Split a module into its scopes.  Without recursion, so that depth cannot hurt."""
    nodes: dict[ast.AST, list[ast.AST]] = {module: []}
    parents: dict[ast.AST, ast.AST | None] = {module: None}
    pending: list[tuple[ast.AST, ast.AST]] = [(child, module) for child in children(module)]
    while pending:
        node, owner = pending.pop()
        nodes[owner].append(node)
        inner = owner
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes[node], parents[node] = [], owner
            inner = node
        pending.extend((child, inner) for child in children(node))
    scopes: dict[ast.AST, Scope] = {}
    whole, known = Work(STEPS_OF_FILE), Known()
    for node, inside in nodes.items():  # an owner comes before what it owns
        parent = parents[node]
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            scopes[node] = Scope(
                node,
                tuple(inside),
                _assigned(inside),
                _parameters(node),
                scopes.get(parent or node),
                Work(STEPS, whole),
                known,
            )
    every = walk(module)
    return Tree(module, _imports(every), tuple(scopes.values()), tuple(every))


def _parameters(node: ast.AST) -> frozenset[str]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return frozenset()
    names = node.args
    every = (*names.posonlyargs, *names.args, *names.kwonlyargs, names.vararg, names.kwarg)
    return frozenset(one.arg for one in every if one is not None)


def _assigned(nodes: list[ast.AST]) -> dict[str, list[tuple[int, ast.expr]]]:  # noqa: C901  # one case for each kind
    assigned: defaultdict[str, list[tuple[int, ast.expr]]] = defaultdict(list)
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _assign(assigned, target, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                assigned[name].append((node.lineno, value))
            case ast.AugAssign(target=ast.Name(id=name) as target, value=value):
                joined = ast.BinOp(left=ast.Constant(value=""), op=node.op, right=value)
                assigned[name].append((target.lineno, ast.copy_location(joined, node)))
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                assigned[name].append((node.lineno, value))
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                _assign(assigned, target, value)
            case ast.comprehension(target=target, iter=value):
                _assign(assigned, target, value)
            case ast.withitem(optional_vars=ast.expr() as target, context_expr=value):
                _assign(assigned, target, value)
            case _:
                pass
    for values in assigned.values():
        values.sort(key=lambda pair: pair[0])
    return dict(assigned)


def _assign(assigned: defaultdict[str, list[tuple[int, ast.expr]]], target: ast.expr, value: ast.expr) -> None:
    for node in walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned[node.id].append((node.lineno, value))


def _imports(nodes: list[ast.AST]) -> dict[str, str]:
    names = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
