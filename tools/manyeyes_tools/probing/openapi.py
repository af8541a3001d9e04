"""Inputs from an OpenAPI description: given as a file, found at a usual path, or made from the code's routes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from manyeyes_tools.probing.entries import Entry, Parameter
from manyeyes_tools.probing.yaml_text import read_yaml

if TYPE_CHECKING:
    from typing import TypeAlias

    from manyeyes.types import Json
    from manyeyes_tools.probing.entries import Place

    Object: TypeAlias = "dict[str, Json]"

USUAL = (
    "/openapi.json", "/swagger.json", "/v3/api-docs", "/api/openapi.json", "/api-docs", "/swagger/v1/swagger.json",
    "/openapi.yaml", "/openapi.yml", "/swagger.yaml", "/api/openapi.yaml",
)  # fmt: skip
"""Where applications keep their description."""
_METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
_PLACES = {"path", "query", "header", "cookie"}
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_NOT_OURS = {"host", "content-length", "transfer-encoding", "connection", "authorization", "content-type"}
_YAML = re.compile(r"""^["']?(?:openapi|swagger)["']?[ \t]*:""", re.MULTILINE)
_BEGINNING = 200_000
_MOST = 300
_DEEPEST = 5
_TEXT = "text"
_DEFAULTS = {"integer": "1", "number": "1", "boolean": "true"}


def entries_of(text: str, *, prefix: str = "") -> list[Entry]:
    """The entries of a description in JSON or YAML, OpenAPI 3 or Swagger 2; none when it is no such thing."""
    document = document_of(text)
    if document is None:
        return []
    prefix = prefix or base_of(document)
    found: list[Entry] = []
    for path, item in _object(document.get("paths")).items():
        shared = _list(_object(item).get("parameters"))
        for method, operation in _object(item).items():
            if method in _METHODS and path.startswith("/") and len(found) < _MOST:
                given = [*shared, *_list(_object(operation).get("parameters"))]
                parameters = [one for entry in given if (one := _parameter(_resolved(entry, document), document))]
                parameters += _body(_object(operation), document)
                parameters += [one for entry in given for one in _swagger_body(_resolved(entry, document), document)]
                found.append(Entry(method.upper(), prefix + path, tuple(dict.fromkeys(parameters)), "openapi"))
    return found


def document_of(text: str) -> Object | None:
    """A description in JSON or YAML; None when it is no such thing."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = read_yaml(text) if _YAML.search(text[:_BEGINNING]) else None
    return document if isinstance(document, dict) and ("openapi" in document or "swagger" in document) else None


def base_of(document: Object) -> str:
    """The path that all paths of a description begin with; that of the first server where there are several."""
    if "swagger" in document:
        base = document.get("basePath")
        return base.rstrip("/") if isinstance(base, str) and base.startswith("/") else ""
    url = _object(next(iter(_list(document.get("servers"))), None)).get("url")
    try:
        path = urlsplit(url).path.rstrip("/") if isinstance(url, str) else ""
    except ValueError:
        return ""
    return path if path.startswith("/") and "{" not in path else ""


def _parameter(given: Object, document: Object) -> Parameter | None:
    name, place = given.get("name"), given.get("in")
    if not isinstance(name, str) or not isinstance(place, str):
        return None
    if place == "formData":
        return Parameter(name, "form", _value(given, document))
    if place not in _PLACES:
        return None
    if place == "header" and (not _HEADER.fullmatch(name) or name.lower() in _NOT_OURS):
        return None
    schema = _resolved(given.get("schema"), document) or given
    value = _value({**schema, **_examples(given)}, document)
    return Parameter(name, cast("Place", place), "1" if place == "path" and value == _TEXT else value)


def _swagger_body(given: Object, document: Object) -> list[Parameter]:
    return _properties(given.get("schema"), "json", document) if given.get("in") == "body" else []


def _body(operation: Object, document: Object) -> list[Parameter]:
    content = _object(_resolved(operation.get("requestBody"), document).get("content"))
    for media, place in (("application/x-www-form-urlencoded", "form"), ("application/json", "json")):
        if media in content:
            return _properties(_object(content[media]).get("schema"), cast("Place", place), document)
    return []


def _properties(schema: Json, place: Place, document: Object) -> list[Parameter]:
    properties = _object(_resolved(schema, document).get("properties"))
    return [Parameter(name, place, _value(_resolved(one, document), document)) for name, one in properties.items()]


def _value(schema: Object, document: Object) -> str:
    """A value that fits: an example, a default, one of those listed, or one of the type."""
    for key in ("example", "default"):
        if isinstance(schema.get(key), str | int | float):
            return str(schema[key])
    listed = schema.get("enum") or schema.get("examples")
    if isinstance(listed, list) and listed and isinstance(listed[0], str | int | float):
        return str(listed[0])
    for inner in (*_list(schema.get("anyOf")), *_list(schema.get("allOf"))):
        kind = _resolved(inner, document).get("type")
        if isinstance(kind, str) and kind != "null":
            return _DEFAULTS.get(kind, _TEXT)
    return _DEFAULTS.get(str(schema.get("type")), _TEXT)


def _examples(given: Object) -> Object:
    return {"example": given["example"]} if isinstance(given.get("example"), str | int | float) else {}


def _resolved(value: Json, document: Object) -> Object:
    """What a reference inside the document leads to; nothing is fetched."""
    found = _object(value)
    for _ in range(_DEEPEST):
        name = found.get("$ref")
        if not isinstance(name, str):
            break
        if not name.startswith("#/"):
            return {}
        at: Json = document
        for part in name[2:].split("/"):
            at = _object(at).get(part.replace("~1", "/").replace("~0", "~"))
        found = _object(at)
    return found


def _object(value: Json) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
