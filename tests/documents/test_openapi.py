from __future__ import annotations

import ast
import importlib.util
import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from manyeyes_tools.documents.openapi import describe, faults, handlers, read
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.documents.symbols import Module, Symbol

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
    assert "no route of a known framework" in found.problems[0]


def test_a_path_that_is_not_a_literal_is_named() -> None:
    code = "from flask import Flask\napp = Flask('x')\n@app.get(PREFIX + '/x')\ndef x(): ...\n"
    assert "the path of x is not a literal" in describe([read_module("m.py", code)], {}).problems[0]


def test_faults_finds_them() -> None:
    broken = {"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {"/{id}": {"get": {}}}}
    assert any("id" in fault for fault in faults(json.dumps(broken)))


def test_flask_requests_are_read(corpus) -> None:
    found = operations(described(corpus, "flask_notes"))
    assert [(p["name"], p["in"], p["required"], p["schema"]) for p in found["/probe", "get"]["parameters"]] == [
        ("host", "query", True, {"type": "string"}),
        ("tag", "query", False, {"type": "array", "items": {"type": "string"}}),
        ("deep", "query", False, {"type": "string"}),
    ]
    assert [(p["name"], p["in"], p["required"]) for p in found["/notes/{note_id}", "put"]["parameters"]] == [
        ("note_id", "path", True),
        ("X-Key", "header", False),
        ("key", "cookie", False),
    ]
    form = found["/login", "post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form == {
        "type": "object",
        "properties": {"user": {"type": "string"}, "remember": {"type": "integer"}},
        "required": ["user"],
    }
    assert "requestBody" not in found["/login", "get"]
    assert "requestBody" not in found["/notes/{note_id}", "delete"]
    upload = found["/upload", "post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert upload["properties"]["picture"] == {"type": "string", "format": "binary"}
    assert upload["properties"]["title"] == {"type": "string", "default": ""}


@pytest.mark.parametrize(
    ("path", "method", "answers"),
    [
        ("/", "get", {"200": ["text/html"]}),
        ("/ping", "get", {"200": ["text/html"]}),
        ("/probe", "get", {"200": ["text/html"]}),
        ("/notes/{note_id}", "get", {"200": ["application/json"], "404": []}),
        ("/notes/{note_id}", "delete", {"204": []}),
        ("/notes/{note_id}", "put", {"200": ["application/json"], "403": ["application/json"]}),
        ("/login", "get", {"200": ["text/html"]}),
        ("/login", "post", {"302": [], "401": ["text/html"]}),
        ("/upload", "post", {"201": ["text/html"]}),
        ("/feed", "get", {"200": ["application/rss+xml"]}),
        ("/old", "get", {"301": []}),
        ("/file", "get", {"200": ["application/octet-stream"]}),
        ("/other", "get", {"200": ["*/*"]}),
    ],
)
def test_flask_answers_are_those_of_the_method(path, method, answers, corpus) -> None:
    told = operations(described(corpus, "flask_notes"))[path, method]["responses"]
    assert {status: list(one.get("content", {})) for status, one in told.items()} == answers


def test_what_flask_tells_is_what_flask_does(corpus) -> None:
    """The framework itself answers with the status and media type that the description promises."""
    pytest.importorskip("flask")
    client = load("flask_notes").app.test_client()
    told = operations(described(corpus, "flask_notes"))
    for path, method, status in (
        ("/ping", "get", 200),
        ("/probe?host=x", "get", 200),
        ("/notes/1", "get", 200),
        ("/notes/1", "delete", 204),
        ("/notes/1", "put", 403),
        ("/feed", "get", 200),
        ("/old", "get", 301),
    ):
        answer = client.open(path, method=method.upper())
        template = re.sub(r"\d+$", "{note_id}", path.partition("?")[0])
        assert answer.status_code == status
        content = told[template, method]["responses"][str(status)].get("content")
        assert content is None or answer.mimetype in content
    assert client.get("/probe").status_code == 400  # it is required


@pytest.mark.parametrize(
    ("test", "get", "post"),
    [
        ("request.method == 'POST'", "409", "200"),
        ("'POST' == request.method", "409", "200"),
        ("request.method != 'GET'", "409", "200"),
        ("not request.method == 'GET'", "409", "200"),
        ("request.method in ('POST', 'PUT')", "409", "200"),
        ("request.method not in {'GET'}", "409", "200"),
        ("request.method == 'POST' and request.method != 'GET'", "409", "200"),
        ("request.method == 'POST' or request.method == 'PUT'", "409", "200"),
        ("flask.request.method == 'POST'", "409", "200"),
    ],
)
def test_conditions_on_the_method_decide(test, get, post) -> None:
    code = (
        "import flask\nfrom flask import Flask, request\napp = Flask('x')\n@app.route('/x', methods=['GET', 'POST'])\n"
        f"def x():\n    with lock:\n        if {test}:\n            return 'a'\n        else:\n"
        "            return 'b', 409\n"
    )
    item = json.loads(describe([read_module("m.py", code)], {}).document)["paths"]["/x"]
    assert (list(item["get"]["responses"]), list(item["post"]["responses"])) == ([get], [post])


def test_a_condition_on_more_than_the_method_decides_nothing() -> None:
    code = (
        "from flask import Flask, request\napp = Flask('x')\n@app.route('/x', methods=['GET', 'POST'])\n"
        "def x():\n    if request.method == 'POST' and ready:\n        return 'a', 201\n    return 'b'\n"
    )
    item = json.loads(describe([read_module("m.py", code)], {}).document)["paths"]["/x"]
    assert (list(item["get"]["responses"]), list(item["post"]["responses"])) == (["200"], ["200", "201"])


def test_the_title_is_that_of_the_module_with_routes() -> None:
    modules = [
        read_module("a.py", "X = 1\n"),
        read_module("shop.py", "from flask import Flask\napp = Flask('x')\n@app.get('/x')\ndef x(): return {}\n"),
    ]
    assert json.loads(describe(modules, {}).document)["info"]["title"] == "shop"


def test_aiohttp() -> None:
    code = (
        "from aiohttp import web\nroutes = web.RouteTableDef()\n"
        "@routes.post('/items/{item_id}')\nasync def change(request):\n    q = request.query.get('q')\n"
        "    data = await request.json()\n"
        "async def listing(request):\n    return web.json_response([request.query['page']])\n"
        "def make():\n    inner = web.Application()\n    inner.router.add_get('/all', listing)\n"
        "    app = web.Application()\n    app.add_routes(routes)\n    app.add_subapp('/inner', inner)\n    return app\n"
    )
    found = describe([read_module("m.py", code)], {})
    assert faults(found.document) == []
    made = operations(json.loads(found.document))
    assert set(made) == {("/items/{item_id}", "post"), ("/inner/all", "get")}
    change = made["/items/{item_id}", "post"]
    assert [(p["name"], p["in"]) for p in change["parameters"]] == [("item_id", "path"), ("q", "query")]
    assert change["requestBody"]["required"] is True
    assert [(p["name"], p["required"]) for p in made["/inner/all", "get"]["parameters"]] == [("page", True)]


def unread(path: str, text: str) -> Module:
    itself = Symbol(path=path, name=path, kind="module", line=1, end_line=1, public=True)
    return Module(itself=itself, symbols=(), tree=ast.Module(body=[], type_ignores=[]), lines=tuple(text.splitlines()))


def test_express() -> None:
    items = (
        "const express = require('express');\nconst router = express.Router();\n"
        "router.get('/:id', (req, res) => { const { deep } = req.query; res.status(404).json({}); });\n"
        "router.post('/', auth, (req, res) => { save(req.body.name); res.sendStatus(201); });\n"
        "router.get(PATH, (req, res) => {});\nmodule.exports = router;\n"
    )
    app = (
        "import express from 'express';\nimport items from './routes/items';\nconst app = express();\n"
        "app.use('/api/items', items);\napp.route('/health').get((req, res) => res.send('ok'));\n"
    )
    found = describe([unread("src/app.ts", app), unread("src/routes/items.js", items)], {})
    assert faults(found.document) == []
    made = operations(json.loads(found.document))
    assert set(made) == {("/api/items/{id}", "get"), ("/api/items/", "post"), ("/health", "get")}
    assert [(p["name"], p["in"]) for p in made["/api/items/{id}", "get"]["parameters"]] == [
        ("id", "path"),
        ("deep", "query"),
    ]
    assert set(made["/api/items/{id}", "get"]["responses"]) == {"404"}
    assert "name" in json.dumps(made["/api/items/", "post"]["requestBody"])
    assert any("not a literal" in problem for problem in found.problems)


def test_starlette_and_flask_views_and_nested_blueprints() -> None:
    starlette = (
        "from starlette.applications import Starlette\nfrom starlette.routing import Mount, Route\n"
        "async def home(request): ...\n"
        "app = Starlette(routes=[Route('/', home), Mount('/in', routes=[Route('/{n:int}', home, methods=['POST'])])])\n"
    )
    made = operations(json.loads(describe([read_module("m.py", starlette)], {}).document))
    assert set(made) == {("/", "get"), ("/in/{n}", "post")}
    assert made["/in/{n}", "post"]["parameters"][0]["schema"] == {"type": "integer"}
    flask = (
        "from flask import Blueprint, Flask\nfrom flask.views import MethodView\n"
        "class Item(MethodView):\n    def get(self, n): ...\n    def delete(self, n): ...\n"
        "inner = Blueprint('i', 'i', url_prefix='/i')\nouter = Blueprint('o', 'o', url_prefix='/o')\n"
        "inner.add_url_rule('/<any(a, b):n>', view_func=Item.as_view('item'))\n"
        "outer.register_blueprint(inner)\n"
        "def create():\n    app = Flask('x')\n    attach(app)\n    return app\n"
        "def attach(app):\n    for one, at in [(outer, '/v1')]:\n        app.register_blueprint(one, url_prefix=at)\n"
    )
    made = operations(json.loads(describe([read_module("m.py", flask)], {}).document))
    assert set(made) == {("/v1/i/{n}", "get"), ("/v1/i/{n}", "delete")}
    assert made["/v1/i/{n}", "get"]["parameters"][0]["schema"] == {"type": "string", "enum": ["a", "b"]}


def test_security_dependencies_and_aliases_are_followed_across_files() -> None:
    shared = (
        "from typing import Annotated\nfrom fastapi import Depends, Header\nfrom fastapi.security import HTTPBearer\n"
        "bearer = HTTPBearer()\ndef page(skip: int = 0): ...\n"
        "def user(token = Depends(bearer), x_org: str = Header()): ...\n"
        "User = Annotated[dict, Depends(user)]\n"
    )
    main = (
        "from fastapi import APIRouter, Depends, FastAPI, WebSocket\nfrom .shared import User, page\n"
        "router = APIRouter(prefix='/r', dependencies=[Depends(page)])\n"
        "@router.get('/x')\ndef x(user: User): ...\n@router.websocket('/w')\ndef w(socket: WebSocket): ...\n"
        "def build():\n    app = FastAPI()\n    app.include_router(router, prefix=PREFIX)\n    return app\n"
        "PREFIX = '/v' + '1'\n"
    )
    found = describe(
        [read_module("s/__init__.py", ""), read_module("s/shared.py", shared), read_module("s/main.py", main)], {}
    )
    document = json.loads(found.document)
    assert faults(found.document) == []
    get = document["paths"]["/v1/r/x"]["get"]
    assert {(p["name"], p["in"]) for p in get["parameters"]} == {("skip", "query"), ("x-org", "header")}
    assert get["security"] == [{"HTTPBearer": []}]
    assert document["components"]["securitySchemes"] == {"HTTPBearer": {"type": "http", "scheme": "bearer"}}
    assert any("WebSocket" in problem for problem in found.problems)


def test_what_defines_itself_ends() -> None:
    code = (
        "from fastapi import FastAPI\na = b\nb = a\napp = FastAPI(prefix=a)\np = p + '/x'\n@app.get(p)\ndef x(): ...\n"
    )
    assert any("not a literal" in problem for problem in describe([read_module("m.py", code)], {}).problems)


@pytest.mark.parametrize(
    "expression",
    [
        "'a'" + "+'a'" * 300, "1" + "+1" * 300, "not " * 300 + "x", "f(" * 80 + ")" * 80, "x" + ".a" * 300,
        "x" + "[0]" * 300, " or ".join(["x"] * 300), "x" + "()" * 300, " | ".join(["int"] * 300),
        "a if b else (" * 60 + "c" + ")" * 60, "-" * 300 + "1", "List[" * 80 + "int" + "]" * 80,
    ],
)  # fmt: skip
def test_deeply_nested_code_is_read_without_an_end_in_sight(expression) -> None:
    code = (
        f"from fastapi import APIRouter, FastAPI\nfrom flask import Flask\nx = None\nv = {expression}\n"
        f"app = FastAPI(title=v)\nother = Flask(v)\nr = APIRouter()\n"
        f"@app.get('/a', response_model={expression}, responses=v)\n"
        f"def a(q: {expression} = v, z=v) -> {expression}: return {expression}\n"
        f"@other.route('/b')\ndef b():\n    if {expression}:\n        return {expression}\n"
        f"@r.get('/c', tags=v)\ndef c(q: {expression}): ...\n"
        f"if {expression}:\n    app.include_router(r, prefix='/r')\n"
        f"from django.urls import path\nurlpatterns = [path({expression}, {expression})] + ({expression})\n"
    )
    found = describe([read_module("m.py", code)], {})
    assert faults(found.document) == []
    assert {"/a", "/b"} <= set(json.loads(found.document)["paths"])


def test_one_reading_serves_both_and_gives_the_same() -> None:
    code = "from flask import Flask\napp = Flask('x')\n@app.get('/x')\ndef x(): return {}\n"
    modules = [read_module("m.py", code)]
    found = read(modules)
    assert [one.name for one in handlers(modules, found)] == [one.name for one in handlers(modules)] == ["x"]
    assert describe(modules, {}, found) == describe(modules, {})


def test_a_reading_that_takes_too_long_says_so() -> None:
    code = "from flask import Flask\napp = Flask('x')\n@app.get('/x')\ndef x(): return {}\n"
    modules = [read_module("m.py", code)]
    found = describe(modules, {}, read(modules, seconds=-1))
    assert "was stopped" in found.problems[0]
    assert faults(found.document) == []


def test_flask_extensions_ask_for_credentials() -> None:
    code = (
        "from flask import Flask\nfrom flask_httpauth import HTTPBasicAuth, HTTPTokenAuth\n"
        "from flask_jwt_extended import jwt_required\napp = Flask('x')\n"
        "auth = HTTPBasicAuth()\ntokens = HTTPTokenAuth('Bearer')\n"
        "@app.get('/a')\n@auth.login_required\ndef a(): return {}\n"
        "@app.get('/b')\n@tokens.login_required(role='x')\ndef b(): return {}\n"
        "@app.get('/c')\n@jwt_required()\ndef c(): return {}\n"
        "@app.get('/d')\n@jwt_required(optional=True)\ndef d(): return {}\n"
    )
    found = describe([read_module("m.py", code)], {})
    assert faults(found.document) == []
    document = json.loads(found.document)
    asked = {path: item["get"].get("security") for path, item in document["paths"].items()}
    assert asked == {"/a": [{"basicAuth": []}], "/b": [{"tokenAuth": []}], "/c": [{"jwtAuth": []}], "/d": None}
    assert document["components"]["securitySchemes"]["tokenAuth"] == {"type": "http", "scheme": "bearer"}
