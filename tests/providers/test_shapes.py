from __future__ import annotations

from enum import StrEnum
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from manyeyes.errors import InvalidAnswer
from manyeyes.providers.shapes import in_words, parsed, strict
from manyeyes.types import Json, ModelRef, Usage

REF = ModelRef("openai", "gpt")


class Level(StrEnum):
    LOW = "low"
    HIGH = "high"


class Place(BaseModel):
    """Where."""

    title: str = "x"
    line: int | None = None


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: Level = Field(default=Level.LOW, description="how bad")
    place: Place = Field(default=Place(), description="where it is")
    places: list[Place] = []
    kind: Literal["a", "b"] = "a"


def schemas(schema: Json) -> list[dict[str, Json]]:
    if isinstance(schema, list):
        return [found for item in schema for found in schemas(item)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(found for value in schema.values() for found in schemas(value))]


def test_every_object_of_a_strict_schema_is_closed_and_complete() -> None:
    objects = [schema for schema in schemas(strict(Shape)) if schema.get("type") == "object"]
    assert len(objects) == 2
    for schema in objects:
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])


def test_a_strict_schema_keeps_names_that_look_like_keywords_and_drops_defaults() -> None:
    schema = strict(Shape)
    assert set(schema["$defs"]["Place"]["properties"]) == {"title", "line"}
    assert all("default" not in found for found in schemas(schema))
    assert schema["properties"]["place"] == {"description": "where it is", "anyOf": [{"$ref": "#/$defs/Place"}]}


class Node(BaseModel):
    name: str
    children: list[Node] = []


class Nothing(BaseModel):
    pass


def test_a_shape_that_contains_itself_is_an_object_at_the_root() -> None:
    schema = strict(Node)
    assert schema["type"] == "object"
    assert schema["required"] == ["name", "children"]
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert schema["$defs"]["Node"]["additionalProperties"] is False


def test_a_shape_without_fields_is_closed() -> None:
    assert strict(Nothing) == {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def test_the_schema_in_words_holds_the_schema() -> None:
    assert '"$defs"' in in_words(Shape)


@pytest.mark.parametrize("text", ['{"kind": "b"}', '```json\n{"kind": "b"}\n```', '\n```\n{"kind": "b"}```\n'])
def test_answers_with_and_without_a_fence(text: str) -> None:
    body, value = parsed(REF, Shape, text, None)
    assert value == Shape(kind="b")
    assert body == '{"kind": "b"}'


def test_without_a_shape_the_text_stays_as_it_is() -> None:
    assert parsed(REF, None, "```json\n{}\n```", None) == ("```json\n{}\n```", None)


def test_what_is_wrong_is_said_without_the_values() -> None:
    usage = Usage(output_tokens=4)
    text = '{"kind": "SECRET", "places": [{"line": "SECRET"}, {"line": "SECRET"}, 1, 2, 3, 4, 5]}'
    with pytest.raises(InvalidAnswer) as caught:
        parsed(REF, Shape, text, usage)
    error = caught.value
    assert "places.0.line" in str(error)
    assert "and 3 more" in str(error)
    assert "SECRET" not in str(error)
    assert error.partial == text
    assert error.usage == usage
