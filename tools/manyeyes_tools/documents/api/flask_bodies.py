"""What a Flask view takes from a JSON body, going by how its code uses it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.constraints import with_default
from manyeyes_tools.documents.api.declared_fields import DeclaredFields
from manyeyes_tools.documents.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.scopes import Scope

_LOADING: Final = frozenset({"load", "model_validate", "parse_obj", "validate_python"})
"""Methods that make an object of a schema or model from what they are given."""


def json_body(nodes: Sequence[ast.AST], scope: Scope, schemas: Schemas) -> Schema:
    """The schema of the body: that of the model it is made into, else the fields that are taken from it by name.

    Args:
        nodes: What the view reaches.
        scope: Where its names are looked up.
        schemas: Knows types.
    """
    names = {"request.json", "request.get_json()"} | set(_named(nodes))
    for node in nodes:
        made = _made_of(node, names)
        schema = DeclaredFields(schemas).schema(made, scope) if made is not None else None
        if schema is not None:
            return schema
    properties: dict[str, Json] = {}
    required: list[str] = []
    for name, default, needed in _taken(nodes, names):
        schema = with_default(cast("Schema", properties.get(name, {})), schemas.evaluator.literal(default, scope))
        properties[name] = schema
        if needed and name not in required:
            required.append(name)
    asked = {name for name, _, needed in _taken(nodes, names) if not needed}
    if not properties:
        return {}
    found: Schema = {"type": "object", "properties": properties}
    if kept := [name for name in required if name not in asked]:
        found["required"] = cast("Json", kept)
    return found


def _source(node: ast.expr | None) -> str:
    """How the body is written: `request.json`, `request.get_json()`, or the name of a variable."""
    while isinstance(node, ast.Await | ast.BoolOp | ast.NamedExpr):
        node = node.values[0] if isinstance(node, ast.BoolOp) else node.value
    if isinstance(node, ast.Call):
        return f"{dotted(node.func).removeprefix('flask.')}()"
    return dotted(node).removeprefix("flask.") if node is not None else ""


def _named(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if _source(value) in {"request.json", "request.get_json()"}:
                yield name
            case _:
                pass


def _made_of(node: ast.AST, names: set[str]) -> ast.expr | None:
    """The schema or model that a call makes an object of, from the body."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[first, *_]) if attr in _LOADING:
            return owner if _source(first) in names else None
        case ast.Call(func=made, args=[], keywords=[ast.keyword(arg=None, value=value)]):
            return made if _source(value) in names else None
        case _:
            return None


def _taken(nodes: Sequence[ast.AST], names: set[str]) -> Iterator[tuple[str, ast.expr | None, bool]]:
    """The fields that are taken, each with its default and whether the code cannot go on without it."""
    for node in nodes:
        match node:
            case ast.Subscript(value=source, slice=ast.Constant(value=str(name)), ctx=ast.Load()) if (
                _source(source) in names
            ):
                yield name, None, True
            case ast.Call(
                func=ast.Attribute(value=source, attr="get" | "pop"), args=[ast.Constant(value=str(name)), *rest]
            ) if _source(source) in names:
                yield name, rest[0] if rest else None, False
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In()], comparators=[source]) if (
                _source(source) in names
            ):
                yield name, None, False
            case _:
                pass
