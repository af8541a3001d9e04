"""Answers of a given shape: how the shape is asked for, and whether an answer has it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.errors import InvalidAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from manyeyes.types import Json, ModelRef, Usage

_FENCE = re.compile(r"\A\s*```[a-zA-Z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
_FAULTS_TOLD = 5
_KEPT_APART = {"properties", "$defs", "definitions", "patternProperties"}
"""Keywords whose values map names to schemas: the names are the author's, not keywords."""


def parsed(
    ref: ModelRef, shape: type[BaseModel] | None, text: str, usage: Usage | None
) -> tuple[str, BaseModel | None]:
    """The answer's JSON and the value it makes, or the text as it is when no shape was asked for.

    A fence of three backticks around the JSON is taken off: servers without grammar support often put one.

    Raises:
        InvalidAnswer: the answer is not of the shape; says what is wrong, briefly, and holds the text.
    """
    if shape is None:
        return text, None
    fenced = _FENCE.match(text)
    body = fenced.group(1) if fenced else text
    try:
        return body, shape.model_validate_json(body)
    except ValidationError as error:
        why = f"the answer is not of the shape asked for: {faults(error)}"
        raise InvalidAnswer(ref, why, usage=usage, partial=text) from None


def faults(error: ValidationError) -> str:
    """What a validation found, in one line, without the values themselves."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    places = [".".join(map(str, fault["loc"])) or "the answer" for fault in found]
    told = "; ".join(f"{place}: {fault['msg']}" for place, fault in zip(places[:_FAULTS_TOLD], found, strict=False))
    more = len(found) - _FAULTS_TOLD
    return f"{told}; and {more} more" if more > 0 else told


@cache
def strict(shape: type[BaseModel]) -> dict[str, Json]:
    """The JSON Schema of a shape as OpenAI's strict mode wants it.

    Every object is closed and requires all its properties; defaults go, since a required property has none.  A
    reference beside other keywords is wrapped in `anyOf`, which the strict mode takes where it refuses siblings.
    Made once for each shape, since it takes milliseconds: not to be changed.
    """
    schema = shape.model_json_schema()
    root = schema.pop("$ref", None)
    if root is not None:  # a shape that contains itself is a bare reference, and the root must be an object
        schema = {**schema["$defs"][root.rpartition("/")[2]], **schema}
    return _strict_object(schema)


def _strict(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    return _strict_object(schema) if isinstance(schema, dict) else schema


def _strict_object(schema: Mapping[str, Json]) -> dict[str, Json]:
    out: dict[str, Json] = {}
    for key, value in schema.items():
        if key in _KEPT_APART and isinstance(value, dict):
            out[key] = {name: _strict(inner) for name, inner in value.items()}
        elif key in {"enum", "const"}:
            out[key] = value
        elif key not in {"default", "title", "discriminator", "required"}:
            out["anyOf" if key == "oneOf" else key] = _strict(value)
    if out.get("type") == "object" and not isinstance(out.get("additionalProperties"), dict):
        properties = out.setdefault("properties", {})
        out["required"] = list(properties) if isinstance(properties, dict) else []
        out["additionalProperties"] = False
    if "$ref" in out and len(out) > 1:
        out["anyOf"] = [{"$ref": out.pop("$ref")}]
    return out


@cache
def in_words(shape: type[BaseModel]) -> str:
    """The shape as an instruction, for models whose vendor or server cannot be given a schema."""
    schema = json.dumps(shape.model_json_schema(), ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON object and nothing else, no fence around it. "
        f"It must validate against this JSON Schema:\n{schema}"
    )
