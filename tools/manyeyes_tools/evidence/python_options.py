"""Settings in Python code: everything that gives a named option its value, however it is written down."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Tree

_UPDATES = frozenset({"update", "from_mapping", "setdefault"})


class Option(NamedTuple):
    """An option that is given a value.

    Attributes:
        node: The place: the assignment, or the value where it stands in a dictionary or a call.
        name: The option.
        value: What it is given.
    """

    node: ast.stmt | ast.expr
    name: str
    value: ast.expr


def options(tree: Tree) -> list[Option]:
    """Every option that the code gives a value: by assignment, as an entry of a dictionary, or by keyword.

    To be asked for with `tree.once(options)`.
    """
    return list(_options(tree))


def _options(tree: Tree) -> Iterator[Option]:
    for _, assign in tree.each(ast.Assign):
        for target in assign.targets:
            name = option_name(target)
            if name:
                yield Option(assign, name, assign.value)
    for _, annotated in tree.each(ast.AnnAssign):
        name = option_name(annotated.target)
        if name and annotated.value is not None:
            yield Option(annotated, name, annotated.value)
    for _, call in tree.each(ast.Call):
        updates = isinstance(call.func, ast.Attribute) and call.func.attr in _UPDATES
        if updates or (isinstance(call.func, ast.Name) and call.func.id == "dict"):
            yield from (Option(word.value, word.arg, word.value) for word in call.keywords if word.arg)
    for _, node in tree.each(ast.Dict):
        yield from entries(node)


def entries(node: ast.Dict) -> Iterator[Option]:
    """The entries of a dictionary whose keys are texts."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield Option(value, key.value, value)


def option_name(target: ast.expr) -> str:
    """The option that an assignment's target names; empty when it names none."""
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""
