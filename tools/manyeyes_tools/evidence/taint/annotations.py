"""Which class an annotation names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.definitions import Class, Module

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_ANNOTATION_DEPTH = 4


def annotated(node: ast.expr | None, module: Module, depth: int = 0) -> str:  # noqa: PLR0911  # one for each way to write an annotation
    """The full name of the class that an annotation names; of a union the first that is not None."""
    if node is None or depth > _ANNOTATION_DEPTH:
        return ""
    match node:
        case ast.Constant(value=str() as text):
            return module.full(text.strip().strip("'\"").split("[")[0].split("|")[0].strip())
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return annotated(left, module, depth + 1) or annotated(right, module, depth + 1)
        case ast.Subscript(value=value, slice=inner):
            name = dotted(value).rpartition(".")[2]
            if name in {"Optional", "Annotated", "Final", "ClassVar", "Required"}:
                first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                return annotated(first, module, depth + 1)
            if name == "Union" and isinstance(inner, ast.Tuple) and inner.elts:
                return annotated(inner.elts[0], module, depth + 1)
            if name == "Literal":
                return "typing.Literal"
            if name in {"list", "List", "set", "Set", "Sequence", "Iterable", "tuple", "Tuple", "frozenset"}:
                first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                element = annotated(first, module, depth + 1)
                return f"~list:{element}" if element else ""
            return module.full(dotted(value))
        case ast.Constant():
            return ""
        case _:
            return module.full(dotted(node))


def is_enum(frame: Frame, name: str, near: Module) -> bool:
    """Whether a class of the project is an enumeration."""
    found = frame.project.find(name, near) if name else None
    return isinstance(found, Class) and any(
        base.rpartition(".")[2] in {"Enum", "StrEnum", "IntEnum", "TextChoices", "IntegerChoices"}
        for base in found.external
    )
