"""A check over a Python tree, and the places it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Iterator

    from manyeyes_tools.evidence.python_names import Tree
    from manyeyes_tools.evidence.rules import Rule


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule holds.  `related` are further nodes that belong to it, such as where a statement is run."""

    rule: Rule
    node: ast.stmt | ast.expr | ast.excepthandler
    detail: str = ""
    confidence: float | None = None
    related: tuple[ast.stmt | ast.expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A search for the places of some rules.  `whole` says that it needs the whole file to be right."""

    find: Callable[[Tree], Iterator[Place]]
    rules: tuple[Rule, ...]
    whole: bool = False
