"""What a Flask endpoint takes and gives, read from its handler's body."""

from __future__ import annotations

import ast
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from manyeyes_tools.documents.api.constraints import with_default
from manyeyes_tools.documents.api.endpoints import Operation, Parameter
from manyeyes_tools.documents.api.flask_bodies import json_body
from manyeyes_tools.documents.api.flask_contracts import Contract
from manyeyes_tools.documents.api.flask_handlers import HTML, JSON, Answer, handled, keywords
from manyeyes_tools.documents.api.flask_handlers import UNKNOWN as ANY
from manyeyes_tools.documents.api.flask_security import asked
from manyeyes_tools.documents.api.scopes import arguments
from manyeyes_tools.documents.api.statuses import phrase, status, status_of

if TYPE_CHECKING:
    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Endpoint, Schema
    from manyeyes_tools.documents.api.flask_handlers import Handled, Read
    from manyeyes_tools.documents.api.schemas import Schemas

_FORM, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data"


def operation(endpoint: Endpoint, schemas: Schemas, schemes: dict[str, Schema]) -> Operation:
    """Describe an endpoint; security schemes that it asks for are added to `schemes`."""
    result = Operation()
    node = endpoint.handler
    annotations = {one.arg: one.annotation for one in arguments(node)} if node is not None else {}
    for name, known in endpoint.parts.items():
        schema = dict(known)
        if known == {"type": "string"} and annotations.get(name) is not None:
            schema = schemas.of(annotations[name], endpoint.scope) or schema
        result.add(Parameter(name, "path", schema, required=True))
    if node is None:
        result.notes.append(f"{endpoint.where}: the handler of {endpoint.path} is not in these files")
        result.responses = {"default": {"description": "Answer"}}
        return result
    for name, scheme in asked(endpoint, schemas.evaluator).items():
        schemes.setdefault(name, scheme)
        result.security[name] = []
    does = handled(node.body, endpoint.method)
    _take(result, does, endpoint, schemas)
    result.responses = _responses(endpoint, does, schemas)
    Contract(endpoint, schemas, result).read()
    return result


def _take(result: Operation, does: Handled, endpoint: Endpoint, schemas: Schemas) -> None:
    """Add what a handler reads from the request."""
    fields: dict[str, tuple[Read, Schema]] = {}
    for read in does.reads.values():
        schema = _schema(read, endpoint, schemas)
        if read.place in {"form", "file"}:
            fields[read.name] = (read, schema)
        elif read.place in {"query", "header", "cookie"}:
            result.add(Parameter(read.name, read.place, schema, read.required))
    if fields:
        kind = _PARTS if any(read.place == "file" for read, _ in fields.values()) else _FORM
        schema = {"type": "object", "properties": {name: one for name, (_, one) in fields.items()}}
        if names := [name for name, (read, _) in fields.items() if read.required]:
            schema["required"] = cast("Json", names)
        result.body = {kind: schema}
        result.body_required = bool(names)
    elif does.json:
        result.body = {JSON: json_body(does.nodes, endpoint.scope, schemas)}
        result.body_required = True


def _schema(read: Read, endpoint: Endpoint, schemas: Schemas) -> Schema:
    options = keywords(read.call) if read.call is not None else {}
    given = read.call.args if read.call is not None else []
    schema = schemas.of(options.get("type"), endpoint.scope) or {"type": "string"}
    default = schemas.evaluator.literal(given[1] if len(given) > 1 else options.get("default"), endpoint.scope)
    schema = with_default(schema, default)
    if read.place == "file":
        schema = {"type": "string", "format": "binary"}
    return {"type": "array", "items": schema} if read.many else schema


def _responses(endpoint: Endpoint, does: Handled, schemas: Schemas) -> dict[str, Schema]:
    """What a handler returns for this method, the good answers first, and what it aborts with."""
    assert endpoint.handler is not None  # noqa: S101 -- narrows the type; only such nodes are passed in
    returned = schemas.of(endpoint.handler.returns, endpoint.scope)
    answers = does.answers or [Answer(HTTPStatus.OK.value, ANY)]
    media: dict[int | None, dict[str, Json]] = {}
    for answer in sorted(answers, key=lambda one: (one.status is None, one.status or 0)):
        kinds = media.setdefault(answer.status, {})
        if answer.media == ANY and returned:  # the annotation tells what the expression does not
            kinds[HTML if returned.get("type") == "string" else JSON] = {"schema": returned}
        elif answer.media == HTML:
            kinds[HTML] = {"schema": {"type": "string"}}
        elif answer.media == JSON:
            kinds[JSON] = {"schema": returned}
        elif answer.media is not None:
            kinds[answer.media] = {}
    found: dict[str, Schema] = {}
    for number, kinds in media.items():
        told: Schema = {"description": phrase(number) if number is not None else "Answer"}
        found["default" if number is None else str(number)] = told | ({"content": kinds} if kinds else {})
    for node in does.nodes:
        if isinstance(node, ast.Call) and _called(node) in {"HTTPException", "abort"}:
            given = schemas.evaluator.given(node, endpoint.scope)
            one = given.get("status_code", 0)
            raised = status(schemas.evaluator.literal(one)) or (status_of(one.node) if one else None)
            detail = schemas.evaluator.text(given.get("detail", 1) or given.get("description"))
            if raised:
                found.setdefault(str(raised), {"description": detail or phrase(raised)})
    return found


def _called(node: ast.Call) -> str:
    return (
        node.func.attr
        if isinstance(node.func, ast.Attribute)
        else node.func.id
        if isinstance(node.func, ast.Name)
        else ""
    )
