"""Every node below one, as `ast.walk` gives them and several times as fast.

What only says how a name is used (`Load`) or which operator stands there is left out: no rule asks for these nodes,
and they are nearly half of all.
"""

from __future__ import annotations

import ast

_PLAIN = frozenset({
    "ctx", "op", "ops", "id", "attr", "arg", "name", "kind", "level", "module", "type_comment", "conversion", "simple",
    "is_async", "asname", "rest", "tag", "lineno",
})  # fmt: skip
"""Fields that hold no nodes, or none that are asked for."""
_MIXED = frozenset({"keys", "kw_defaults", "names", "kwd_attrs"})
"""Lists that hold something else too: nothing where there is no key or default, and plain names."""


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of node that may hold nodes."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        plain = {"value", "kind"} if kind is ast.Constant else _PLAIN
        # `arg` is a name nearly everywhere; `args` and `annotation` are other fields.
        self[kind] = found = tuple(name for name in kind._fields if name not in plain)
        return found


_fields = _Fields()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes just below."""
    found: list[ast.AST] = []
    extend(found, node)
    return found


def extend(found: list[ast.AST], node: ast.AST) -> None:
    """Add the nodes just below."""
    for name in _fields[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found.extend([one for one in value if isinstance(one, ast.AST)] if name in _MIXED else value)
        elif isinstance(value, ast.AST):
            found.append(value)


def walk(node: ast.AST) -> list[ast.AST]:
    """The node and all below it, level by level."""
    found = [node]
    for one in found:  # it grows while it is gone through
        extend(found, one)
    return found
