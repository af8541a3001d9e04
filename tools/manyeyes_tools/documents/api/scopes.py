"""What names stand for in a set of Python files: scopes, bindings and imports, read from syntax trees."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manyeyes_tools.documents.symbols import Module

FunctionNode: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_LIBRARIES = frozenset({"fastapi", "starlette", "flask", "pydantic", "django", "rest_framework", "aiohttp"})
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Imported:
    """A name bound by an import: the module, absolute, and the name taken from it, empty for the module itself."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """A name bound to one part of a value that is taken apart, as in `a, b = pair`."""

    value: ast.expr
    place: int


Bound: TypeAlias = "ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr | ast.arg | Imported | Element"
Bindings: TypeAlias = "dict[str, list[Bound]]"


@dataclass(slots=True, eq=False)
class Scope:
    """One place where names are looked up.

    Attributes:
        module: The file it belongs to.
        bindings: What the code here binds, in source order.
        parent: Where a name is looked for next; None for a module.
        given: Values that names have here whatever the code says: arguments of a call, a turn of a loop.
        stars: The modules whose names are all imported here.
        owner: The function whose body this is.
    """

    module: Module
    bindings: Bindings
    parent: Scope | None = None
    given: dict[str, object] = field(default_factory=dict)
    stars: tuple[str, ...] = ()
    owner: FunctionNode | None = None


class Project:
    """The files that are read together, by the names they are imported under.

    Args:
        modules: All of them.  Where the import root lies is not known, so the tail of a path names a module too.
    """

    def __init__(self, modules: Sequence[Module]) -> None:
        self.modules = tuple(modules)
        self._tails: dict[str, list[Module]] = {}
        self._scopes: dict[str, Scope] = {}
        self._bindings: dict[int, Bindings] = {}
        self._packages = {m.itself.name for m in modules if m.path.endswith(("__init__.py", "__init__.pyi"))}
        # Django's `manage.py` lies where imports begin, whatever else its folder is
        self._starts = {m.itself.name.rpartition(".")[0] for m in modules if m.path.rpartition("/")[2] == "manage.py"}
        self._heads = {m.itself.name.partition(".")[0] for m in modules}
        for module in modules:
            parts = module.itself.name.split(".")
            for start in range(len(parts)):
                self._tails.setdefault(".".join(parts[start:]), []).append(module)

    def module(self, name: str, near: Module | None = None) -> Module | None:
        """The module of that import name; of several the one that lies nearest to `near`."""
        found = [one for one in self._tails.get(name, ()) if self._rooted(one, name)]
        if not found and near is not None:
            # the material may begin inside the package: `shop.items` is then the file `items.py`
            parts = name.split(".")
            for start in range(1, len(parts)):
                tail = ".".join(parts[start:])
                exact = [one for one in self._tails.get(tail, ()) if one.itself.name == tail]
                if exact and parts[0] not in self._heads and not _foreign(parts[0]):
                    found = exact
                    break
        if near is None or len(found) < 2:  # noqa: PLR2004 -- one or none leaves no choice
            return found[0] if found else None
        home = near.path.split("/")
        return max(found, key=lambda one: (_shared(one.path.split("/"), home), one.itself.name == name))

    def _rooted(self, module: Module, name: str) -> bool:
        """Whether a module may be imported under a name: what is above must not be a package itself."""
        own = module.itself.name
        if own == name:
            return True
        above = own[: -len(name) - 1]
        if above in self._starts:
            return True
        return above not in self._packages and not _foreign(name.partition(".")[0])

    def scope(self, module: Module) -> Scope:
        """The scope of a module's own body."""
        known = self._scopes.get(module.path)
        if known is None:
            bindings = self.bindings(module.tree, module)
            stars = tuple(
                absolute(module, node)
                for node in _statements(module.tree.body)
                if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
            )
            known = self._scopes[module.path] = Scope(module, bindings, stars=stars)
        return known

    def bindings(self, node: ast.Module | ast.ClassDef | FunctionNode, module: Module) -> Bindings:
        """What the body of a module, class or function binds, without what is bound inside of nested ones."""
        known = self._bindings.get(id(node))
        if known is None:
            known = self._bindings[id(node)] = {}
            if isinstance(node, FUNCTIONS):
                for argument in arguments(node):
                    known.setdefault(argument.arg, []).append(argument)
            for statement in _statements(node.body):
                for name, bound in _bound(statement, module):
                    known.setdefault(name, []).append(bound)
        return known


def arguments(node: FunctionNode) -> list[ast.arg]:
    """All arguments of a function."""
    given = node.args
    extra = [one for one in (given.vararg, given.kwarg) if one is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *extra]


def defaults(node: FunctionNode) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """The arguments of a function that are not variadic, each with its default."""
    given = node.args
    placed = [*given.posonlyargs, *given.args]
    missing: list[ast.expr | None] = [None] * (len(placed) - len(given.defaults))
    yield from zip(placed, [*missing, *given.defaults], strict=True)
    yield from zip(given.kwonlyargs, given.kw_defaults, strict=True)


def absolute(module: Module, node: ast.ImportFrom) -> str:
    """The module that a `from … import` names, relative ones counted from the file's own place."""
    if not node.level:
        return node.module or ""
    parts = module.itself.name.split(".")
    if not module.path.endswith(("__init__.py", "__init__.pyi")):
        parts = parts[:-1]
    parts = parts[: len(parts) - (node.level - 1)] if node.level > 1 else parts
    return ".".join([*parts, *([node.module] if node.module else [])])


def _foreign(name: str) -> bool:
    """Whether a top-level module is known to come from elsewhere."""
    return name in sys.stdlib_module_names or name in _LIBRARIES


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:  # noqa: C901 -- one case for each block that a statement may hold
    """The statements of a body and of its blocks; what stands in for a failed import comes first, so it loses."""
    for statement in body:
        if isinstance(statement, ast.Try):
            for handler in statement.handlers:
                yield from _statements(handler.body)
        elif isinstance(statement, ast.If):
            yield from _statements(statement.orelse)
        yield statement
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            if name == "orelse" and isinstance(statement, ast.If):
                continue
            inner = getattr(statement, name, None)
            if isinstance(inner, list):
                yield from _statements(inner)
        if isinstance(statement, ast.Match):
            for case in statement.cases:
                yield from _statements(case.body)


def _bound(statement: ast.stmt, module: Module) -> Iterator[tuple[str, Bound]]:  # noqa: C901, PLR0912 -- one case for each statement that binds names
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name, statement
        case ast.Import(names=names):
            for alias in names:
                if alias.asname:
                    yield alias.asname, Imported(alias.name, "")
                else:
                    head = alias.name.partition(".")[0]
                    yield head, Imported(head, "")
        case ast.ImportFrom(names=names):
            source = absolute(module, statement)
            for alias in names:
                if alias.name != "*":
                    yield alias.asname or alias.name, Imported(source, alias.name)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.With(items=items) | ast.AsyncWith(items=items):
            for item in items:
                if isinstance(item.optional_vars, ast.Name):
                    yield item.optional_vars.id, item.context_expr
        case _:
            # `type X = …` of newer Pythons, where the interpreter knows it
            if type(statement).__name__ == "TypeAlias":
                called, meant = getattr(statement, "name", None), getattr(statement, "value", None)
                if isinstance(called, ast.Name) and isinstance(meant, ast.expr):
                    yield called.id, meant


def _targets(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Bound]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        for place, part in enumerate(target.elts):
            if not isinstance(part, ast.Name):
                continue
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                yield part.id, value.elts[place]
            else:
                yield part.id, Element(value, place)
