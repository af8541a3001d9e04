from __future__ import annotations

import importlib.util
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from manyeyes_tools.documents.openapi import describe, faults
from manyeyes_tools.documents.symbols import read_module

CORPUS = Path(__file__).parent / "corpus"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, CORPUS / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the frameworks' own
        spec.loader.exec_module(module)
    return module


def described(corpus: Any, name: str) -> Any:
    found = describe([read_module(f"{name}.py", corpus(f"{name}.py"))], {})
    assert faults(found.document) == []
    assert found.problems == ()
    return json.loads(found.document)


def plain(value: Any) -> Any:
    """Without titles, texts and order, which the two are free to choose differently."""
    if isinstance(value, dict):
        kept = {k: plain(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
        if isinstance(kept.get("required"), list):
            kept["required"] = sorted(kept["required"])
        if kept.get("additionalProperties") is True:
            del kept["additionalProperties"]
        return kept
    return [plain(item) for item in value] if isinstance(value, list) else value


def operations(document: Any) -> dict[tuple[str, str], Any]:
    return {(path, verb): op for path, item in document["paths"].items() for verb, op in item.items()}


def test_fastapi_agrees_with_the_framework(corpus) -> None:
    pytest.importorskip("fastapi")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = load("fastapi_shop").app.openapi()
    ours = described(corpus, "fastapi_shop")
    assert ours["info"] == theirs["info"]
    mine, other = operations(ours), operations(theirs)
    assert set(mine) == set(other)
    for key, expected in other.items():
        found = mine[key]
        assert found.get("tags") == expected.get("tags"), key
        assert found.get("deprecated") == expected.get("deprecated"), key
        assert found["operationId"] == expected["operationId"], key
        assert sorted(plain(found.get("parameters", [])), key=str) == sorted(
            plain(expected.get("parameters", [])), key=str
        ), key
        good = next(iter(expected["responses"]))
        assert plain(found["responses"][good].get("content")) == plain(expected["responses"][good].get("content")), key
        assert ("422" in found["responses"]) == ("422" in expected["responses"]), key
        body = plain(expected.get("requestBody"))
        if body and "Body_" in json.dumps(body):
            name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            body["content"]["application/json"]["schema"] = plain(theirs["components"]["schemas"][name])
        assert plain(found.get("requestBody")) == body, key
    for name, schema in ours["components"]["schemas"].items():
        assert plain(schema) == plain(theirs["components"]["schemas"][name]), name


def test_fastapi_tells_what_the_framework_does_not(corpus) -> None:
    document = described(corpus, "fastapi_shop")
    read = document["paths"]["/v1/items/{item_id}"]["get"]
    assert read["summary"] == "Read one item."
    assert read["responses"]["404"] == {"description": "No such item"}
    listing = document["paths"]["/v1/items/"]["get"]
    assert (listing["summary"], listing["description"]) == ("List items.", "Newest first.")


def test_flask(corpus) -> None:
    document = described(corpus, "flask_shop")
    found = operations(document)
    assert set(found) == {
        ("/health", "get"),
        ("/api/items/{item_id}", "get"),
        ("/api/items/{item_id}", "delete"),
        ("/api/items/", "post"),
        ("/api/items/search/{where}", "get"),
    }
    assert found["/api/items/{item_id}", "get"]["parameters"] == [
        {"name": "item_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    ]
    assert set(found["/api/items/{item_id}", "get"]["responses"]) == {"200", "404"}
    assert set(found["/api/items/", "post"]["responses"]) == {"201"}
    assert found["/api/items/", "post"]["requestBody"]["required"] is True
    assert [(p["name"], p["in"], p["schema"]) for p in found["/api/items/search/{where}", "get"]["parameters"]] == [
        ("where", "path", {"type": "string"}),
        ("q", "query", {"type": "string", "default": ""}),
        ("size", "query", {"type": "integer", "default": 10}),
    ]


def test_flask_agrees_with_the_framework(corpus) -> None:
    pytest.importorskip("flask")
    app = load("flask_shop").create_app()
    theirs = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert set(operations(described(corpus, "flask_shop"))) == theirs


def test_routers_are_followed_through_imports() -> None:
    items = "from fastapi import APIRouter\nr = APIRouter()\n@r.get('/x')\ndef x(): ..."
    start = "from fastapi import FastAPI\napp = FastAPI()\n"
    for entry in (
        "from shop.items import r as q\napp.include_router(q, prefix='/a')",
        "from shop import items\napp.include_router(items.r, prefix='/a')",
        "from . import items\napp.include_router(items.r, prefix='/a')",
        "import shop.items\napp.include_router(shop.items.r, prefix='/a')",
    ):
        modules = [read_module("shop/items.py", items), read_module("shop/main.py", start + entry)]
        assert list(json.loads(describe(modules, {}).document)["paths"]) == ["/a/x"]


def test_code_without_routes_says_so() -> None:
    found = describe([read_module("m.py", "def get(): ...")], {})
    assert json.loads(found.document)["paths"] == {}
    assert faults(found.document) == []
    assert "no FastAPI or Flask route" in found.problems[0]


def test_a_path_that_is_not_a_literal_is_named() -> None:
    code = "from flask import Flask\napp = Flask('x')\n@app.get(PREFIX + '/x')\ndef x(): ...\n"
    assert "the path of x is not a literal" in describe([read_module("m.py", code)], {}).problems[0]


def test_faults_finds_them() -> None:
    broken = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/{id}": {"get": {}}}}
    assert any("id" in fault for fault in faults(json.dumps(broken)))
