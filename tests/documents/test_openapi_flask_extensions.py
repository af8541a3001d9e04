"""What extensions of Flask declare by decorators, held against what they themselves say of the same files."""

import json

import pytest

from manyeyes_tools.documents.openapi import describe, faults
from manyeyes_tools.documents.python_symbols import read_module


@pytest.fixture
def described(corpus):
    def described(name: str) -> dict:
        found = describe([read_module(name, corpus(name))], {})
        assert faults(found.document) == []
        return json.loads(found.document)

    return described


def taken(spec: dict) -> set[tuple[str, ...]]:
    """The parameters as `METHOD path place name`, with `!` after what must be given, and the bodies' media types."""
    found = set()
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            route = f"{method.upper()} {path}"
            found.add((route,))
            for one in operation.get("parameters", []):
                found.add((route, one["in"], one["name"] + ("!" if one["required"] else "")))
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                shown = content["schema"].get("$ref", "").rpartition("/")[2] or content["schema"].get("type", "any")
                found.add((route, media, shown))
    return found


def test_restx(described) -> None:
    spec = described("restx_todo.py")
    listed = [
        ("query", "page"),
        ("query", "done!"),
        ("query", "tag"),
        ("header", "X-Trace"),
        ("header", "X-Fields"),
    ]
    assert taken(spec) == {
        *(
            one
            for path in ("/api/todos/", "/api/todos/all")
            for one in (
                (f"GET {path}",),
                *((f"GET {path}", *parameter) for parameter in listed),
                (f"POST {path}",),
                (f"POST {path}", "header", "X-Fields"),
                (f"POST {path}", "application/json", "Todo"),
            )
        ),
        ("GET /api/todos/{number}",),
        ("GET /api/todos/{number}", "path", "number!"),
        ("GET /api/todos/{number}", "query", "verbose"),
        ("PUT /api/todos/{number}",),
        ("PUT /api/todos/{number}", "path", "number!"),
        ("PUT /api/todos/{number}", "application/json", "array"),
        ("POST /api/pets/{name}/notes",),
        ("POST /api/pets/{name}/notes", "path", "name!"),
        ("POST /api/pets/{name}/notes", "application/x-www-form-urlencoded", "object"),
    }
    todo = spec["components"]["schemas"]["Todo"]
    assert todo["required"] == ["task"]
    assert todo["properties"]["task"] == {"type": "string", "enum": ["wash", "cook"]}
    assert todo["properties"]["created"]["readOnly"]
    assert set(spec["paths"]["/api/todos/"]["post"]["responses"]) == {"201", "400"}
    parameters = {one["name"]: one for one in spec["paths"]["/api/todos/"]["get"]["parameters"]}
    assert parameters["page"]["schema"] == {"type": "integer", "default": 1}
    assert parameters["page"]["description"] == "Which page"


def test_smorest(described) -> None:
    spec = described("smorest_pets.py")
    assert taken(spec) == {
        ("GET /pets/",),
        ("GET /pets/", "query", "name"),
        ("GET /pets/", "query", "limit!"),
        ("GET /pets/", "query", "page"),
        ("GET /pets/", "query", "page_size"),
        ("POST /pets/",),
        ("POST /pets/", "application/json", "Pet"),
        ("GET /pets/{pet_id}",),
        ("GET /pets/{pet_id}", "path", "pet_id!"),
        ("PATCH /pets/{pet_id}",),
        ("PATCH /pets/{pet_id}", "path", "pet_id!"),
        ("PATCH /pets/{pet_id}", "application/json", "Pet_2"),
        ("DELETE /pets/{pet_id}",),
        ("DELETE /pets/{pet_id}", "path", "pet_id!"),
        ("POST /pets/photo",),
        ("POST /pets/photo", "application/x-www-form-urlencoded", "object"),
    }
    schemas = spec["components"]["schemas"]
    assert schemas["Pet"]["required"] == ["name"]
    assert schemas["Pet"]["properties"]["id"] == {"type": "integer", "readOnly": True}
    assert schemas["Pet"]["properties"]["name"] == {"type": "string", "minLength": 1, "maxLength": 20}
    assert "bornOn" in schemas["Pet"]["properties"]
    assert "required" not in schemas["Pet_2"]
    assert "owner" not in schemas["Pet_2"]["properties"]
    assert set(spec["paths"]["/pets/{pet_id}"]["delete"]["responses"]) == {"204"}


def test_the_other_extensions(described) -> None:
    spec = described("flask_contracts.py")
    assert {one for one in taken(spec) if len(one) > 1} == {
        ("POST /notes/", "application/json", "NoteIn"),
        ("GET /notes/", "query", "stars"),
        ("POST /notes/photo", "multipart/form-data", "Photo"),
        ("POST /plain/webargs", "application/json", "object"),
        ("POST /plain/webargs", "query", "page"),
        ("GET /plain/parser", "header", "q!"),
        ("GET /plain/parser", "header", "X-Trace"),
        ("POST /plain/pydantic", "application/json", "Book"),
        ("POST /plain/pydantic", "query", "text!"),
        ("POST /plain/pydantic", "query", "limit"),
        ("POST /plain/by-model", "application/json", "Book"),
        ("POST /plain/by-schema", "application/json", "NoteIn"),
        ("POST /plain/by-hand", "application/json", "object"),
        ("PUT /books/{book_id}", "path", "book_id!"),
        ("PUT /books/{book_id}", "query", "text!"),
        ("PUT /books/{book_id}", "query", "limit"),
        ("PUT /books/{book_id}", "application/json", "Book"),
        ("POST /tasks", "application/json", "Task"),
        ("GET /tasks", "query", "text!"),
        ("GET /tasks", "query", "limit"),
    }
    assert "/notes/hidden" not in spec["paths"]
    by_hand = spec["paths"]["/plain/by-hand"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert by_hand == {
        "type": "object",
        "properties": {"note": {}, "name": {}, "size": {"default": 1}},
        "required": ["name"],
    }
    posted = spec["paths"]["/notes/"]["post"]["responses"]
    assert posted["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/NoteIn"}


ONCE = """
import os
from fastapi import FastAPI

def where(base, name):
    if base == "/":
        return f"/{name.lstrip('/')}"
    return f"{base}/{name}"

def make(ui=None, **more):
    app = FastAPI()
    if ui:
        @app.get("/ui")
        def page(): ...
    @app.get(where(os.environ["BASE"], "settings"))
    def settings(): ...
    if folder():
        @app.get("/files")
        def files(): ...
    return app

def folder():
    for one in os.listdir("."):
        if one == "share":
            return os.path.join(one, "x")
    return ""

def main(web):
    options = {}
    if web:
        options.update(ui="x")
    return make(**options)

app = main(os.environ.get("WEB"))
"""


def test_what_is_put_into_options_later_may_switch_routes_on() -> None:
    found = describe([read_module("app.py", ONCE)], {})
    assert sorted(json.loads(found.document)["paths"]) == ["/files", "/settings", "/ui"]
    assert found.problems == ()
