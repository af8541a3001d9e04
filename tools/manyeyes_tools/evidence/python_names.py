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
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from manyeyes_tools.evidence.python_walk import children, extend, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = ast.FunctionDef, ast.AsyncFunctionDef  # a tuple: unions are slow to ask
Node = TypeVar("Node", bound=ast.AST)
T = TypeVar("T")
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
    nodes: list[ast.AST]
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
    kinds: dict[type[ast.AST], list[tuple[Scope, ast.AST]]] = field(default_factory=dict)
    """See `each`."""
    known: dict[object, object] = field(default_factory=dict)
    """See `once`."""

    def each(self, kind: type[Node]) -> list[tuple[Scope, Node]]:
        """Every node of a kind, with its function; so that no rule goes through all the others."""
        return cast("list[tuple[Scope, Node]]", self.kinds.get(kind, []))

    def among(self, *kinds: type[ast.AST]) -> Iterator[tuple[Scope, ast.AST]]:
        """Every node of some kinds, kind by kind, with its function."""
        for kind in kinds:
            yield from self.kinds.get(kind, ())

    def functions(self) -> Iterator[Function]:
        """Every function and method, those within others too."""
        for scope in self.scopes:
            if not isinstance(scope.node, ast.Module):
                yield scope.node

    def once(self, find: Callable[[Tree], T]) -> T:
        """What a function finds in this tree, found when it is first asked for; several rules start from the same."""
        if find not in self.known:
            self.known[find] = find(self)
        return cast("T", self.known[find])

    def name_of(self, node: ast.expr) -> str:
        """The full dotted name of what is called or read, with import aliases undone; empty when there is none."""
        name = dotted(node)
        if not name:
            return ""
        first, dot, rest = name.partition(".")
        return f"{self.imports.get(first, first)}{dot}{rest}"

    def calls(self) -> list[tuple[Scope, ast.Call, str]]:
        """Every call with its function and the full name of what is called."""
        return self.once(_calls)

    def let_go(self) -> None:
        """Forget what was found out.

        It refers to the scopes, and they to it; left like that, tree and all would stay in memory until the collector
        looks through everything, which it seldom does.
        """
        self.known.clear()
        for scope in self.scopes:
            scope.known.earlier.clear()

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


def called(call: ast.Call, name: str) -> str:
    """The last part of what is called: of its full name, else of the method of an expression without one."""
    return name.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")


def is_value(node: ast.expr | None, value: object) -> bool:
    """Whether a node is just this constant."""
    return isinstance(node, ast.Constant) and node.value is value


def is_text(node: ast.AST | None, text: str) -> bool:
    """Whether a node is just this text."""
    return isinstance(node, ast.Constant) and node.value == text


def read_tree(module: ast.Module) -> Tree:
    """Split a module into its scopes.  Without recursion, so that depth cannot hurt."""
    whole, known = Work(STEPS_OF_FILE), Known()
    outermost = Scope(module, [], {}, frozenset(), None, Work(STEPS, whole), known)
    scopes = [outermost]
    kinds: defaultdict[type[ast.AST], list[tuple[Scope, ast.AST]]] = defaultdict(list)
    every: list[ast.AST] = []
    extend(every, module)
    around = [outermost] * len(every)  # beside `every`: the innermost scope around each
    for number, node in enumerate(every):  # it grows while it is gone through
        scope = around[number]
        scope.nodes.append(node)
        kinds[node.__class__].append((scope, node))
        if isinstance(node, _FUNCTIONS):
            scope = Scope(node, [], {}, _parameters(node), scope, Work(STEPS, whole), known)
            scopes.append(scope)
        extend(every, node)
        around.extend([scope] * (len(every) - len(around)))
    for kind in _ASSIGNING:
        for scope, node in kinds.get(kind, ()):
            _assigned(scope.assigned, node)
    for scope in scopes:
        for values in scope.assigned.values():
            values.sort(key=itemgetter(0))
    return Tree(module, _imports(kinds), tuple(scopes), (module, *every), dict(kinds))


def _calls(tree: Tree) -> list[tuple[Scope, ast.Call, str]]:
    return [(scope, node, tree.name_of(node.func)) for scope, node in tree.each(ast.Call)]


def _parameters(node: Function) -> frozenset[str]:
    names = node.args
    every = (*names.posonlyargs, *names.args, *names.kwonlyargs, names.vararg, names.kwarg)
    return frozenset(one.arg for one in every if one is not None)


_ASSIGNING = (
    ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor, ast.comprehension, ast.withitem,
)  # fmt: skip


def _assigned(assigned: dict[str, list[tuple[int, ast.expr]]], node: ast.AST) -> None:
    """Note what a node gives to variables."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                _assign(assigned, target, value)
        case (
            ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            | ast.NamedExpr(target=ast.Name(id=name), value=value)
        ):  # fmt: skip
            assigned.setdefault(name, []).append((node.lineno, value))
        case ast.AugAssign(target=ast.Name(id=name) as target, value=value):
            joined = ast.BinOp(left=ast.Constant(value=""), op=node.op, right=value)
            assigned.setdefault(name, []).append((target.lineno, ast.copy_location(joined, node)))
        case (
            ast.For(target=target, iter=value)
            | ast.AsyncFor(target=target, iter=value)
            | ast.comprehension(target=target, iter=value)
            | ast.withitem(optional_vars=ast.expr() as target, context_expr=value)
        ):
            _assign(assigned, target, value)
        case _:
            pass


def _assign(assigned: dict[str, list[tuple[int, ast.expr]]], target: ast.expr, value: ast.expr) -> None:
    for node in walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned.setdefault(node.id, []).append((node.lineno, value))


def _imports(kinds: dict[type[ast.AST], list[tuple[Scope, ast.AST]]]) -> dict[str, str]:
    names = {}
    for _, node in (*kinds.get(ast.Import, ()), *kinds.get(ast.ImportFrom, ())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
