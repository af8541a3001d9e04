"""What one route takes and gives, as an OpenAPI operation."""

from __future__ import annotations

import ast
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.flask_handlers import HTML, JSON, UNKNOWN, Answer, handled, status_of
from manyeyes_tools.documents.prose import Prose
from manyeyes_tools.documents.routes import keywords, text
from manyeyes_tools.documents.schemas import MARKERS, constrained, has_default, is_told, literal
from manyeyes_tools.documents.symbols import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manyeyes.types import Json
    from manyeyes_tools.documents.flask_handlers import Read
    from manyeyes_tools.documents.prose import Told
    from manyeyes_tools.documents.routes import Route
    from manyeyes_tools.documents.schemas import Schema, Schemas
    from manyeyes_tools.documents.symbols import FunctionNode

_CONVERTERS: dict[str, Schema] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "uuid": {"type": "string", "format": "uuid"},
    "": {"type": "string"},
}
_INJECTED = frozenset({"Request", "Response", "WebSocket", "HTTPConnection", "BackgroundTasks", "SecurityScopes"})
_FORMS = {"Form": "application/x-www-form-urlencoded", "File": "multipart/form-data", "Body": "application/json"}
_RESPONSES = {"HTMLResponse": "text/html", "PlainTextResponse": "text/plain"}
_OTHER_RESPONSES = frozenset({"RedirectResponse", "StreamingResponse", "FileResponse", "Response"})


def operation(route: Route, schemas: Schemas, told: Told) -> Schema:
    """The OpenAPI operation of a route, its texts from the docstring or else from a model."""
    reader = _Reader(route, schemas)
    reader.read()
    name = route.handler.name
    doc = read_docstring(ast.get_docstring(route.handler) or "")
    prose = told.get(f"{route.module.path}::{name}", Prose())
    result: Schema = {}
    if route.tags:
        result["tags"] = list(route.tags)
    result["summary"] = text(route.options.get("summary")) or doc.summary or prose.summary or _title(name)
    given = text(route.options.get("description"))
    if details := given or "\n\n".join(filter(None, (doc.details, prose.details))):
        result["description"] = details
    result["operationId"] = text(route.options.get("operation_id")) or _operation_id(route)
    if (deprecated := route.options.get("deprecated")) is not None and literal(deprecated) is True:
        result["deprecated"] = True
    meanings = {**prose.parameters, **doc.parameters}
    for parameter in reader.parameters:
        meaning = meanings.get(str(parameter["name"])) or meanings.get(str(parameter["name"]).replace("-", "_"))
        if meaning and "description" not in parameter:
            parameter["description"] = meaning
    if reader.parameters:
        result["parameters"] = cast("Json", reader.parameters)
    if body := reader.body():
        result["requestBody"] = body
    result["responses"] = cast("Json", _responses(route, schemas, checked=bool(reader.parameters or body)))
    return result


class _Reader:
    """Sorts a handler's parameters into path, query, header, cookie and body."""

    def __init__(self, route: Route, schemas: Schemas) -> None:
        self.route = route
        self.schemas = schemas
        self.parameters: list[Schema] = []
        self.bodies: dict[str, tuple[str, Schema, bool]] = {}
        self.embed = False

    def read(self) -> None:
        if self.route.framework == "flask":
            self._flask()
            return
        named = {argument.arg: argument for argument, _ in _arguments(self.route.handler)}
        self._function(self.route.handler, frozenset())
        for name in self.route.parts:  # in the path, but not in the signature
            if name not in named and not any(p["name"] == name and p["in"] == "path" for p in self.parameters):
                self._add(name, "path", _CONVERTERS.get(self.route.parts[name], {"type": "string"}), required=True)

    def _flask(self) -> None:
        annotations = {argument.arg: argument.annotation for argument, _ in _arguments(self.route.handler)}
        for name, converter in self.route.parts.items():
            schema = _CONVERTERS.get(converter, {"type": "string"})
            if not converter and annotations.get(name) is not None:
                schema = self.schemas.of(annotations[name]) or schema
            self._add(name, "path", schema, required=True)
        does = handled(self.route)
        for read in does.reads.values():
            self._flask_read(read)
        if does.json:
            self.bodies["body"] = ("Body", {}, True)

    def _flask_read(self, read: Read) -> None:
        options = keywords(read.call) if read.call is not None else {}
        arguments = read.call.args if read.call is not None else []
        schema = self.schemas.of(options.get("type")) or {"type": "string"}
        default = literal(arguments[1] if len(arguments) > 1 else options.get("default", ast.Constant(None)))
        if is_told(default) and default is not None:
            schema["default"] = cast("Json", default)
        if read.place == "file":
            schema = {"type": "string", "format": "binary"}
        if read.many:
            schema = {"type": "array", "items": schema}
        if read.place in {"form", "file"}:
            self.bodies[read.name] = (read.place.title(), schema, read.required)
        else:
            self._add(read.name, read.place, schema, required=read.required)

    def _function(self, handler: FunctionNode, seen: frozenset[str]) -> None:
        for argument, default in _arguments(handler):
            if isinstance(default, ast.Call) and _last(default.func) in {"Depends", "Security"}:
                self._depends(default, argument.annotation, seen)
                continue
            annotation, marks = _unwrapped(argument.annotation)
            dependency = next((mark for mark in marks if _last(mark.func) in {"Depends", "Security"}), None)
            if dependency is not None:
                self._depends(dependency, annotation, seen)
            elif _last(annotation) not in _INJECTED:
                self._sort(argument.arg, annotation, marks, default)

    def _depends(self, call: ast.Call, annotation: ast.expr | None, seen: frozenset[str]) -> None:
        """Take in what a dependency reads, as far as it is a function of the same file."""
        name = _last(call.args[0]) if call.args else _last(annotation)
        for node in ast.walk(self.route.module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name and name not in seen:
                self._function(node, seen | {name})
                return

    def _sort(self, name: str, annotation: ast.expr | None, marks: list[ast.Call], default: ast.expr | None) -> None:
        mark = default if isinstance(default, ast.Call) and _last(default.func) in MARKERS else None
        mark = mark or next((m for m in marks if _last(m.func) in MARKERS), None)
        kind = _last(mark.func) if mark is not None else ""
        if _last(annotation) == "UploadFile":
            kind = "File"
        schema = constrained(self.schemas.of(annotation), *([mark] if mark is not None else []))
        alias = text(keywords(mark).get("alias")) if mark is not None else None
        required = not (has_default(default) or (mark is not None and mark is not default and has_default(mark)))
        value = self.schemas.default(default)
        if is_told(value):
            schema["default"] = cast("Json", value)
        if name in self.route.parts or (alias and alias in self.route.parts) or kind == "Path":
            converter = self.route.parts.get(alias or name, "")
            self._add(alias or name, "path", schema or _CONVERTERS.get(converter, {"type": "string"}), required=True)
        elif kind in {"Body", "Form", "File"} or (not kind and self._is_body(annotation, schema)):
            self.bodies[alias or name] = (kind or "Body", schema, required)
            embed = keywords(mark).get("embed") if mark is not None else None
            self.embed = self.embed or (embed is not None and literal(embed) is True)
        else:
            place = kind.lower() if kind in {"Header", "Cookie"} else "query"
            shown = alias or (name.replace("_", "-") if place == "header" else name)
            self._add(shown, place, schema, required=required)

    def _is_body(self, annotation: ast.expr | None, schema: Schema) -> bool:
        """Whether FastAPI reads a parameter without a marker from the body: models, lists and mappings."""
        members = schema.get("anyOf", [schema])
        kinds = (
            [member.get("type") for member in members if isinstance(member, dict)] if isinstance(members, list) else []
        )
        parts = ast.walk(annotation) if annotation is not None else iter(())
        models = any(isinstance(part, ast.expr) and self.schemas.is_model(part) for part in parts)
        return models or "array" in kinds or "object" in kinds

    def _add(self, name: str, place: str, schema: Schema, *, required: bool) -> None:
        entry: Schema = {"name": name, "in": place, "required": required, "schema": dict(schema)}
        inner = cast("Schema", entry["schema"])
        if "description" in inner and "$ref" not in inner:
            entry["description"] = inner["description"]
        self.parameters.append(entry)

    def body(self) -> Schema:
        """The request body; empty when there is none."""
        if not self.bodies:
            return {}
        kinds = {kind for kind, _, _ in self.bodies.values()}
        media = _FORMS["File" if "File" in kinds else "Form" if "Form" in kinds else "Body"]
        required = any(needed for _, _, needed in self.bodies.values())
        if len(self.bodies) == 1 and media == "application/json" and not self.embed:
            ((_, schema, _),) = self.bodies.values()
        else:
            schema = {"type": "object", "properties": {name: item for name, (_, item, _) in self.bodies.items()}}
            if names := [name for name, (_, _, needed) in self.bodies.items() if needed]:
                schema["required"] = cast("Json", names)
        result: Schema = {"content": {media: {"schema": schema}}}
        return result | ({"required": True} if required else {})


def _responses(route: Route, schemas: Schemas, *, checked: bool) -> dict[str, Schema]:
    """The answers a route gives: the good one, then those its body raises by a literal status."""
    if route.framework == "flask":
        return _flask_responses(route, schemas)
    found: dict[str, Schema] = {}
    good = status_of(route.options.get("status_code")) or 200
    model = route.options.get("response_model", route.handler.returns)
    content: Schema = {}
    if good not in {204, 304}:
        kind = _last(route.options.get("response_class") or route.handler.returns)
        if kind in _RESPONSES:
            content = {_RESPONSES[kind]: {"schema": {"type": "string"}}}
        elif kind not in _OTHER_RESPONSES:
            nothing = isinstance(model, ast.Constant) and model.value is None  # FastAPI then promises no shape
            content = {"application/json": {"schema": {} if nothing else schemas.of(model)}}
    found[str(good)] = {"description": _phrase(good), **({"content": content} if content else {})}
    found = _raised(ast.walk(route.handler), found)
    if checked:
        found.setdefault("422", {"description": "Validation Error"})
    return found


def _flask_responses(route: Route, schemas: Schemas) -> dict[str, Schema]:
    """What a Flask handler returns for this method, the good answers first, and what it aborts with."""
    does = handled(route)
    returned = schemas.of(route.handler.returns)
    answers = does.answers or [Answer(HTTPStatus.OK.value, UNKNOWN)]
    media: dict[int | None, dict[str, Json]] = {}
    for answer in sorted(answers, key=lambda one: (one.status is None, one.status or 0)):
        kinds = media.setdefault(answer.status, {})
        if answer.media == UNKNOWN and returned:  # the annotation tells what the expression does not
            kinds[HTML if returned.get("type") == "string" else JSON] = {"schema": returned}
        elif answer.media == HTML:
            kinds[HTML] = {"schema": {"type": "string"}}
        elif answer.media == JSON:
            kinds[JSON] = {"schema": returned}
        elif answer.media is not None:
            kinds[answer.media] = {}
    found: dict[str, Schema] = {}
    for status, kinds in media.items():
        told: Schema = {"description": _phrase(status) if status is not None else "Answer"}
        found["default" if status is None else str(status)] = told | ({"content": kinds} if kinds else {})
    return _raised(does.nodes, found)


def _raised(nodes: Iterable[ast.AST], found: dict[str, Schema]) -> dict[str, Schema]:
    """The answers found so far, and those that errors with a literal status give."""
    for node in nodes:
        if isinstance(node, ast.Call) and _last(node.func) in {"HTTPException", "abort"}:
            options = keywords(node)
            status = status_of(node.args[0] if node.args else options.get("status_code"))
            detail = text(node.args[1] if len(node.args) > 1 else options.get("detail") or options.get("description"))
            if status:
                found.setdefault(str(status), {"description": detail or _phrase(status)})
    return found


def _phrase(status: int) -> str:
    if status == HTTPStatus.OK:
        return "Successful Response"
    return next((known.phrase for known in HTTPStatus if known == status), "Response")


def _operation_id(route: Route) -> str:
    return re.sub(r"\W", "_", f"{route.handler.name}{route.path}") + f"_{route.method}"


def _title(name: str) -> str:
    return name.replace("_", " ").title()


def _arguments(handler: FunctionNode) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    given = handler.args
    placed = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(placed) - len(given.defaults))
    yield from zip(placed, [*defaults, *given.defaults], strict=True)
    yield from zip(given.kwonlyargs, given.kw_defaults, strict=True)


def _unwrapped(annotation: ast.expr | None) -> tuple[ast.expr | None, list[ast.Call]]:
    """What `Annotated[…]` holds: the type and the calls beside it."""
    if isinstance(annotation, ast.Subscript) and _last(annotation.value) == "Annotated":
        inner = annotation.slice
        if isinstance(inner, ast.Tuple):
            return inner.elts[0], [item for item in inner.elts[1:] if isinstance(item, ast.Call)]
    return annotation, []


def _last(node: ast.expr | None) -> str:
    return dotted(node).rpartition(".")[2] if node is not None else ""
