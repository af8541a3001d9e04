"""What a package offers under its own name that other modules of it define."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.documents.symbols import Module, Symbol

_FAR: Final = 6
"""How many packages a name is passed on through."""


@dataclass(frozen=True, slots=True)
class Export:
    """A name of a package, and what it stands for.

    Attributes:
        name: As the package calls it.
        symbol: Where it is defined.
        home: The module that defines it.
    """

    name: str
    symbol: Symbol
    home: Module


class Exports:
    """What the packages among some modules pass on."""

    def __init__(self, modules: Sequence[Module]) -> None:
        self._modules = {module.itself.name: module for module in modules if module.language == "python"}
        self._packages = {module.path for module in modules if module.path.endswith("__init__.py")}

    def of(self, package: Module) -> tuple[Export, ...]:
        """The public names that a package imports from other modules of these; none for any other module."""
        if package.path not in self._packages:
            return ()
        listed = _listed(package.tree)
        found: dict[str, Export] = {}
        for name, symbol, home in self._imported(package, 0):
            offered = name in listed if listed is not None else not name.startswith("_")
            if offered and home is not package and symbol.kind != "module":
                found.setdefault(name, Export(name, symbol, home))
        return tuple(found.values())

    def _imported(self, module: Module, depth: int) -> Iterator[tuple[str, Symbol, Module]]:
        for node in _imports(module.tree):
            source = self._modules.get(self._source(node, module))
            for alias in node.names:
                if source is None or depth > _FAR:
                    continue
                if alias.name == "*":
                    yield from self._all(source, depth)
                    continue
                symbol = source.named(alias.name)
                if symbol is not None:
                    yield alias.asname or alias.name, symbol, source
                    continue
                for name, one, home in self._imported(source, depth + 1):
                    if name == alias.name:
                        yield alias.asname or alias.name, one, home
                        break

    def _all(self, source: Module, depth: int) -> Iterator[tuple[str, Symbol, Module]]:
        listed = _listed(source.tree)
        own = [(symbol.name, symbol, source) for symbol in source.symbols if "." not in symbol.name]
        for name, symbol, home in [*own, *self._imported(source, depth + 1)]:
            if name in listed if listed is not None else not name.startswith("_"):
                yield name, symbol, home

    def _source(self, node: ast.ImportFrom, module: Module) -> str:
        """The full name of the module that is imported from."""
        if not node.level:
            return node.module or ""
        parts = module.itself.name.split(".")
        drop = node.level - (1 if module.path in self._packages else 0)
        parts = parts[: len(parts) - drop] if drop else parts
        return ".".join(filter(None, (*parts, node.module)))


def is_internal(module: Module) -> bool:
    """Whether a module's name says that it is nobody else's business."""
    parts = module.itself.name.split(".")
    return module.language == "python" and any(part.startswith("_") and not part.startswith("__") for part in parts)


def _imports(tree: ast.Module) -> Iterator[ast.ImportFrom]:
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If):
            waiting[:0] = [*node.body, *node.orelse]
        elif isinstance(node, ast.Try):
            waiting[:0] = node.body


def _listed(tree: ast.Module) -> frozenset[str] | None:
    """The names of a literal `__all__`; None when there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(dotted(target) == "__all__" for target in node.targets):
            try:
                names = ast.literal_eval(node.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return None
            return frozenset(names) if isinstance(names, list | tuple) and names else None
    return None
