"""JSON Schemas of arguments and results, as short as they can be without saying less.

A client pays for every character of `tools/list` in its model's context, so generated titles go, a nullable type
becomes a type list, and descriptions that only repeat a class's docstring are dropped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pydantic import BaseModel

    from manyeyes.types import Json

_SCALARS = {"string", "number", "integer", "boolean"}


def compact_schema(model: type[BaseModel], mode: Literal["validation", "serialization"]) -> dict[str, Json]:
    """The JSON Schema of a model: `validation` for arguments, `serialization` for results."""
    schema: Json = model.model_json_schema(mode=mode)
    if mode == "serialization":
        schema = _told_once(schema)
    assert isinstance(schema, dict)  # noqa: S101  # pydantic's schema of a model is an object
    definitions = schema.pop("$defs", {})
    assert isinstance(definitions, dict)  # noqa: S101  # as above
    compacted = _compact(schema)
    assert isinstance(compacted, dict)  # noqa: S101  # pydantic's schema of a model is an object
    compacted.pop("description", None)
    if definitions:
        compacted["$defs"] = {name: _compact(body, top=True) for name, body in definitions.items()}
    return compacted


def _told_once(node: Json) -> Json:
    """A result's schema without what tells its reader nothing: that no other fields come, and what stands for none."""
    if isinstance(node, list):
        return [_told_once(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: {name: _told_once(body) for name, body in value.items()}
        if key in {"properties", "$defs"} and isinstance(value, dict)
        else _told_once(value)
        for key, value in node.items()
        if key != "default" and not (key == "additionalProperties" and value is False)
    }


def _compact(node: Json, *, top: bool = True) -> Json:
    if isinstance(node, list):
        return [_compact(item, top=False) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: value for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if top:
        node.pop("description", None)
    if node.get("default", ...) in (None, [], {}):
        node.pop("default")
    options = node.get("anyOf")
    if isinstance(options, list) and len(options) == 2 and {"type": "null"} in options:  # noqa: PLR2004
        node = _nullable(node, next(option for option in options if option != {"type": "null"}))
    compacted: dict[str, Json] = {}
    for key, value in node.items():
        if key == "properties" and isinstance(value, dict):
            compacted[key] = {name: _compact(body, top=False) for name, body in value.items()}
        else:
            compacted[key] = _compact(value, top=False)
    return compacted


def _nullable(node: dict[str, Json], option: Json) -> dict[str, Json]:
    """`anyOf: [X, null]` as one schema, where X is a plain type; a reference stays as it is."""
    if not isinstance(option, dict) or option.get("type") not in _SCALARS | {"array", "object"}:
        return node
    merged: dict[str, Json] = {key: value for key, value in node.items() if key != "anyOf"}
    merged.update(option)
    merged.pop("title", None)
    merged["type"] = [option["type"], "null"]
    if isinstance(values := option.get("enum"), list):
        merged["enum"] = [*values, None]
    if "description" in node:
        merged["description"] = node["description"]
    return merged
