"""Going through syntax trees fast: the standard library's own way takes twice as long, and this is half of all work."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, in source order."""
    found: list[ast.AST] = []
    for value in node.__dict__.values():
        if isinstance(value, ast.AST):
            found.append(value)
        elif type(value) is list:
            found += [one for one in value if isinstance(one, ast.AST)]
    return found


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, the near ones first."""
    level = [node]
    while level:
        yield from level
        level = [inner for one in level for inner in children(one)]
