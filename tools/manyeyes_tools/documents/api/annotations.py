"""Annotations as the source writes them: aliases followed, `Annotated` taken apart, unions listed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.constraints import FIELDS
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.values import UNKNOWN, Expression, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import Scope

_WRAPPERS = frozenset(
    {"Final", "Required", "NotRequired", "ReadOnly", "SkipValidation", "SerializeAsAny", "Mapped", "InitVar"}
)

PARTS: Final = 12
"""How deep an annotation is looked into."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation without what surrounds the type: aliases followed, `Annotated` taken apart."""

    node: ast.expr | None
    scope: Scope
    marks: tuple[Made, ...] = ()


class Annotations:
    """Takes annotations apart."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def unwrapped(self, node: ast.expr | None, scope: Scope) -> Annotation:  # noqa: C901 -- one case for each thing that may surround a type
        """An annotation's type and the marks beside it."""
        marks: list[Made] = []
        for _ in range(PARTS):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node = self._evaluator.parsed(node)
                continue
            if isinstance(node, ast.Name | ast.Attribute):
                found = self._evaluator.value(node, scope)
                if isinstance(found, Expression) and found.node is not node and not is_none(found.node):
                    node, scope = found.node, found.scope
                    continue
                break
            if not isinstance(node, ast.Subscript):
                break
            name = last(node.value)
            if name == "Annotated" and isinstance(node.slice, ast.Tuple):
                for item in node.slice.elts[1:]:
                    made = self._evaluator.value(item, scope)
                    if isinstance(made, Made):
                        marks.append(made)
                    elif isinstance(made, Instance) and made.call is not None:
                        marks.extend(self.marks_of(made))
                node = node.slice.elts[0]
            elif name in _WRAPPERS:
                node = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
            else:
                break
        return Annotation(node, scope, tuple(marks))

    def marks_of(self, made: Instance) -> Iterator[Made]:
        """A mark of a class of the project that derives from one of the frameworks' own."""
        for name in self._evaluator.ancestors(made.cls):
            if name in {*FIELDS, "Depends", "Security"} and made.call is not None:
                yield Made(name, made.call, made.scope)
                return

    def type_variables(self, node: ast.AST, scope: Scope) -> Iterator[str]:
        """The type variables in an annotation, each as often as it stands there."""
        for one in ast.walk(node):
            if isinstance(one, ast.Name):
                found = self._evaluator.value(one, scope)
                if isinstance(found, Made) and found.last == "TypeVar":
                    yield one.id

    def literal_values(self, node: ast.expr, scope: Scope) -> Iterator[object]:
        """The values of a `Literal`, those of literals within it included."""
        if isinstance(node, ast.Subscript):  # Literal[Literal["a"], "b"]
            for one in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
                yield from self.literal_values(one, scope)
            return
        if isinstance(node, ast.Name):
            inner = self.unwrapped(node, scope)
            if isinstance(inner.node, ast.Subscript):
                yield from self.literal_values(inner.node, inner.scope)
                return
        value = self._evaluator.literal(node, scope)
        if value is not UNKNOWN:
            yield value


def alternatives(node: ast.expr | None) -> list[ast.expr]:
    """The members of a union, however it is written; the annotation itself when it is none."""
    found: list[ast.expr] = []
    waiting = [node] if node is not None else []
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.BitOr):
            waiting += [one.right, one.left]
        elif isinstance(one, ast.Subscript) and last(one.value) == "Optional":
            waiting += [ast.Constant(None), one.slice]
        elif isinstance(one, ast.Subscript) and last(one.value) == "Union" and isinstance(one.slice, ast.Tuple):
            waiting += one.slice.elts[::-1]
        else:
            found.append(one)
    return found


def is_none(node: ast.AST) -> bool:
    """Whether an annotation is a plain None."""
    return isinstance(node, ast.Constant) and node.value is None
