"""What an expression can stand for: classes and functions, objects, and what lies outside of the files."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.symbols import Module

DEEP: Final = 40
"""How many steps a name or expression is followed."""


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
    """The keyword arguments that a `**` parameter took.  `open` says that there may be more."""

    words: Mapping[str, Expression]
    open: bool = False


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


class _Unknown:
    """The one value that says that a literal is not known."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""What stands for a plain value that cannot be told."""


def is_nothing(node: ast.AST) -> bool:
    """Whether an expression is a plain None."""
    return isinstance(node, ast.Constant) and node.value is None
