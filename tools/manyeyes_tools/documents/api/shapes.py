"""What kind of value an annotation stands for, which decides where FastAPI looks for it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.documents.api.annotations import PARTS, alternatives
from manyeyes_tools.documents.api.constraints import MAPPINGS, PLAIN, SEQUENCES
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.values import Closure, Expression, External, Made

if TYPE_CHECKING:
    from manyeyes_tools.documents.api.annotations import Annotations
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.model_fields import ModelFields
    from manyeyes_tools.documents.api.scopes import Scope
    from manyeyes_tools.documents.api.values import Value

Shape: TypeAlias = Literal["model", "sequence", "mapping", "scalar", "file", "unknown"]


class Shapes:
    """Tells the shapes of annotations."""

    def __init__(self, evaluator: Evaluator, annotations: Annotations, fields: ModelFields) -> None:
        self._evaluator = evaluator
        self._annotations = annotations
        self._fields = fields
        self._depth = 0

    def shape(self, node: ast.expr | None, scope: Scope) -> Shape:
        """What kind of value an annotation stands for; decides where FastAPI looks for it."""
        if self._depth > PARTS * 4:
            return "unknown"
        self._depth += 1
        try:
            return self._shape(node, scope)
        finally:
            self._depth -= 1

    def _shape(self, node: ast.expr | None, scope: Scope) -> Shape:
        inner = self._annotations.unwrapped(node, scope)
        node, scope = inner.node, inner.scope
        if node is None:
            return "scalar"
        if isinstance(node, ast.BinOp):
            return _widest([self.shape(one, scope) for one in alternatives(node)])
        if isinstance(node, ast.Subscript):
            return self._subscript_shape(node, scope)
        if isinstance(node, ast.Constant):
            return "scalar"
        return self._value_shape(self._evaluator.value(node, scope))

    def _subscript_shape(self, node: ast.Subscript, scope: Scope) -> Shape:
        name = last(node.value)
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in {"Optional", "Union"}:
            return _widest([self.shape(one, scope) for one in members])
        if name in SEQUENCES or name in {"tuple", "Tuple"}:
            inner = self.shape(members[0], scope)
            return "file" if inner == "file" else "model" if inner in {"model", "mapping", "sequence"} else "sequence"
        if name in MAPPINGS:
            return "mapping"
        if name in {"Literal", "Json", "type", "Type"}:
            return "scalar"
        owner = self._evaluator.value(node.value, scope)
        if isinstance(owner, Expression):
            return self.shape(owner.node, owner.scope)
        return self._value_shape(owner)

    def _value_shape(self, value: Value) -> Shape:  # noqa: PLR0911 -- one return for each kind of type
        if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
            kind = self._fields.kind(value)
            return "model" if kind in {"object", "root"} else "scalar"
        if isinstance(value, Made):
            if value.last == "NewType" and len(value.call.args) > 1:
                return self.shape(value.call.args[1], value.scope)
            return (
                "sequence"
                if value.last in {"conlist", "conset"}
                else "model"
                if value.last == "create_model"
                else "scalar"
            )
        if isinstance(value, External):
            name = value.last
            if name == "UploadFile":
                return "file"
            if name in SEQUENCES or name in {"tuple", "Tuple"}:
                return "sequence"
            if name in MAPPINGS:
                return "mapping"
            known = (
                name in PLAIN
                or name in {"Any", "object", "Hashable", "AnyStr"}
                or value.name.startswith("pydantic_extra_types.")
            )
            return "scalar" if known or not name[:1].isupper() else "unknown"
        return "scalar"


def _widest(shapes: list[Shape]) -> Shape:
    order: tuple[Shape, ...] = ("file", "model", "mapping", "sequence", "unknown", "scalar")
    return next((one for one in order if one in shapes), "scalar")
