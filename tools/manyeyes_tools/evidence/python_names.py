"""What names stand for in a Python module: imports, and what a function assigned to its variables.

The flow of data is followed within one function, in the order of its lines, without regard to branches: an
assignment above may reach a use below.  Module constants count in every function.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_DEEPEST = 12
_HARMLESS = frozenset({"int", "float", "bool", "len", "abs", "round", "ord", "id", "hash", "uuid.UUID", "uuid.uuid4"})
"""Calls whose result cannot carry text from outside into a statement."""
_TEXT_METHODS = frozenset(
    {"join", "format", "strip", "lower", "upper", "replace", "title", "lstrip", "rstrip", "encode"}
)


@dataclass(frozen=True, slots=True)
class Scope:
    """A function, or the module outside all functions: its nodes, and the expressions given to its variables."""

    node: ast.Module | Function
    nodes: tuple[ast.AST, ...]
    assigned: dict[str, list[tuple[int, ast.expr]]]
    parameters: frozenset[str]
    outer: Scope | None = None

    @property
    def name(self) -> str:
        """The function's name; empty for the module."""
        return "" if isinstance(self.node, ast.Module) else self.node.name

    def values(self, name: str, line: int) -> list[ast.expr]:
        """The expressions that may stand behind a variable at a line: those above it, else any of them."""
        here = self.assigned.get(name)
        if here is None:
            if name in self.parameters or self.outer is None:
                return []
            return [value for _, value in self.outer.assigned.get(name, ())]
        above = [value for at, value in here if at < line]
        return above or [value for _, value in here]

    def constant(self, node: ast.expr | None, depth: int = 0) -> bool:  # noqa: C901, PLR0911  # one case for each kind
        """Whether an expression is made of constants alone, through variables too."""
        if node is None or isinstance(node, ast.Constant):
            return True
        if depth > _DEEPEST:
            return False
        match node:
            case ast.Name():
                if node.id in self.parameters:
                    return False
                values = self.values(node.id, node.lineno)
                return bool(values) and all(self.constant(value, depth + 1) for value in values)
            case ast.Call():
                return self._constant_call(node, depth)
            case ast.BinOp(op=ast.Mult()) if isinstance(node.left, ast.Constant | ast.List):
                return self.constant(node.left, depth + 1)  # "?" * n holds nothing but question marks
            case ast.GeneratorExp() | ast.ListComp():
                return self.constant(node.elt, depth + 1)
            case ast.Subscript():
                return self.constant(node.value, depth + 1)  # whatever key is taken, the entries are constants
            case ast.Dict():
                return all(self.constant(value, depth + 1) for value in node.values)
            case ast.IfExp():
                return self.constant(node.body, depth + 1) and self.constant(node.orelse, depth + 1)
            case (
                ast.JoinedStr() | ast.FormattedValue() | ast.BinOp() | ast.BoolOp() | ast.Tuple() | ast.List()
                | ast.Set() | ast.Starred() | ast.UnaryOp()
            ):  # fmt: skip
                parts = (part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr))
                return all(self.constant(part, depth + 1) for part in parts)
            case _:
                return False

    def _constant_call(self, node: ast.Call, depth: int) -> bool:
        name = dotted(node.func)
        if name in _HARMLESS:
            return True
        arguments = all(self.constant(part, depth + 1) for part in (*node.args, *(k.value for k in node.keywords)))
        if name in {"str", "dict", "list", "tuple", "frozenset", "set", "sorted"}:
            return arguments
        if isinstance(node.func, ast.Attribute) and node.func.attr in _TEXT_METHODS | {"get"}:
            return self.constant(node.func.value, depth + 1) and arguments
        return False


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed module, ready for rules."""

    module: ast.Module
    imports: dict[str, str]
    scopes: tuple[Scope, ...] = field(default=())

    def name_of(self, node: ast.expr) -> str:
        """The full dotted name of what is called or read, with import aliases undone; empty when there is none."""
        name = dotted(node)
        if not name:
            return ""
        first, dot, rest = name.partition(".")
        return f"{self.imports.get(first, first)}{dot}{rest}"

    def calls(self) -> Iterator[tuple[Scope, ast.Call, str]]:
        """Every call with its function and the full name of what is called."""
        for scope in self.scopes:
            for node in scope.nodes:
                if isinstance(node, ast.Call):
                    yield scope, node, self.name_of(node.func)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an attribute chain; empty for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
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
    pending: list[tuple[ast.AST, ast.AST]] = [(child, module) for child in ast.iter_child_nodes(module)]
    while pending:
        node, owner = pending.pop()
        nodes[owner].append(node)
        inner = owner
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes[node], parents[node] = [], owner
            inner = node
        pending.extend((child, inner) for child in ast.iter_child_nodes(node))
    scopes: dict[ast.AST, Scope] = {}
    for node, inside in nodes.items():  # an owner comes before what it owns
        parent = parents[node]
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            scopes[node] = Scope(node, tuple(inside), _assigned(inside), _parameters(node), scopes.get(parent or node))
    return Tree(module, _imports(module), tuple(scopes.values()))


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
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            assigned[node.id].append((node.lineno, value))


def _imports(module: ast.Module) -> dict[str, str]:
    names = {}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names
