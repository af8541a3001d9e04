"""What decorators of Flask's extensions declare of a view: its parameters, its body and its answers.

APIFlask, flask-smorest, Flask-RESTX, flask-openapi3, webargs, Flask-Pydantic and quart-schema.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, cast

from manyeyes_tools.documents.api.declared_fields import Declared, DeclaredFields
from manyeyes_tools.documents.api.endpoints import BODILESS, Parameter, last
from manyeyes_tools.documents.api.request_parsers import parser_arguments
from manyeyes_tools.documents.api.scopes import arguments
from manyeyes_tools.documents.api.statuses import phrase, status
from manyeyes_tools.documents.api.values import Closure, External, Instance, Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.types import Json
    from manyeyes_tools.documents.api.endpoints import Endpoint, Operation, Place, Schema
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.values import Given, Value

JSON: Final = "application/json"
_FORM, _PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
_PLACES: Final[dict[str, Place]] = {
    "query": "query", "querystring": "query", "args": "query", "headers": "header", "header": "header",
    "cookies": "cookie", "cookie": "cookie", "path": "path", "view_args": "path",
}  # fmt: skip
_MEDIA: Final = {
    "json": JSON, "form": _FORM, "files": _PARTS, "form_and_files": _PARTS, "json_or_form": JSON, "body": JSON,
}  # fmt: skip
_TAKING: Final = {
    "input": "apiflask", "arguments": "flask_smorest", "expect": "flask_rest", "use_args": "webargs",
    "use_kwargs": "webargs", "validate_request": "quart_schema", "validate_querystring": "quart_schema",
    "validate_headers": "quart_schema", "validate": "flask_pydantic", "paginate": "flask_smorest",
    "doc": "flask_rest", "param": "flask_rest", "parser": "flask_rest",
}  # fmt: skip
"""Decorators that say what a view takes, and what the names of their packages begin with."""
_GIVING: Final = {
    "output": "apiflask", "response": "", "alt_response": "flask_smorest", "marshal_with": "flask_rest",
    "marshal_list_with": "flask_rest", "validate_response": "quart_schema",
}  # fmt: skip
_TYPED: Final[dict[str, str]] = {
    "path": "path", "query": "query", "header": "header", "cookie": "cookie", "body": "json", "form": "form",
}  # fmt: skip
"""Arguments by whose names flask-openapi3 and Flask-Pydantic know what they are."""


class Contract:
    """Reads the decorators of one endpoint into its operation.

    Attributes:
        body: Whether they say what the body is.
        answers: Whether they say what is answered.
    """

    def __init__(self, endpoint: Endpoint, schemas: Schemas, operation: Operation) -> None:
        self._endpoint = endpoint
        self._schemas = schemas
        self._evaluator = schemas.evaluator
        self._declared = DeclaredFields(schemas)
        self._operation = operation
        self.body = False
        self.answers = False

    def read(self) -> None:
        """Read every decorator of the view, and of the class that it is a method of."""
        for decorator in self._decorators():
            call = decorator if isinstance(decorator, ast.Call) else ast.Call(func=decorator, args=[], keywords=[])
            name = last(call.func)
            if name in _TAKING and self._is_from(call.func, _TAKING[name]):
                self._takes(name, call)
            elif name in _GIVING and self._is_from(call.func, _GIVING[name]):
                self._gives(name, call)
        if self._endpoint.handler is not None and self._takes_models():
            self._typed()

    def _decorators(self) -> Iterator[ast.expr]:
        handler = self._endpoint.handler
        if handler is None:
            return
        owner = self._endpoint.name.rpartition(".")[0]
        for value in self._evaluator.candidates(owner, self._endpoint.scope) if owner else ():
            if isinstance(value, Closure) and isinstance(value.node, ast.ClassDef):
                yield from value.node.decorator_list
                break
        yield from reversed(handler.decorator_list)

    def _is_from(self, node: ast.expr, package: str) -> bool:
        """Whether a decorator is of that package, going by what it or its owner was made of."""
        value = self._evaluator.value(node.value if isinstance(node, ast.Attribute) else node, self._endpoint.scope)
        name = _origin(value)
        if isinstance(node, ast.Name):
            return bool(package) and name.startswith(package)
        if not name:
            kinds = self._evaluator.ancestors(value.cls) if isinstance(value, Instance) else ()
            return any(kind in {"Api", "Namespace", "APIFlask", "APIBlueprint"} for kind in kinds)
        known = ("flask_rest", "flask_smorest") if not package else (package,)
        return name.startswith(known)

    def _takes(self, name: str, call: ast.Call) -> None:
        given = self._evaluator.given(call, self._endpoint.scope)
        match name:
            case "validate":
                for word, where in (("body", "json"), ("query", "query"), ("form", "form")):
                    told = given.words.get(word)
                    self._placed(told.node if told else None, where)
            case "paginate":
                size: Schema = {"type": "integer", "default": 10, "minimum": 1, "maximum": 100}
                self._operation.add(
                    Parameter("page", "query", {"type": "integer", "default": 1, "minimum": 1}, required=False)
                )
                self._operation.add(Parameter("page_size", "query", size, required=False))
            case "expect" | "parser":
                for one in (*given.placed, *filter(None, [given.words.get("parser")])):
                    self._expected(one.node)
            case "param":
                self._one(self._evaluator.text(given.get("name", 0)), given)
            case "doc":
                self._documented(given)
            case _:
                told = next(filter(None, (given.get(word, 0) for word in ("schema", "argmap", "model_class"))), None)
                self._placed(told.node if told else None, self._where(name, given))

    def _where(self, name: str, given: Given) -> str:
        """The place of the request that a decorator with a schema is about."""
        if name in {"validate_querystring", "validate_headers"}:
            return name.removeprefix("validate_")
        source = given.words.get("source")
        if source is not None and "form" in last(source.node).lower():
            return "form"
        return self._evaluator.text(given.words.get("location")) or "json"

    def _placed(self, node: ast.expr | None, where: str) -> None:
        """A schema for one place of the request."""
        if node is None:
            return
        scope = self._endpoint.scope
        if where in _PLACES:
            place = _PLACES[where]
            for one in self._declared.fields(node, scope) or ():
                self._parameter(one, place)
        elif self._endpoint.method not in BODILESS or where != "json":
            schema = self._declared.schema(node, scope)
            if schema is not None:
                self._body(_MEDIA.get(where, JSON), schema)

    def _parameter(self, one: Declared, place: Place) -> None:
        text = one.schema.get("description")
        schema = {key: value for key, value in one.schema.items() if key != "description"}
        name = one.name.replace("_", "-") if place == "header" else one.name
        known = self._operation.parameters.get((place, name))
        if place == "path" and known is not None:
            known.schema = schema or known.schema
            return
        found = Parameter(name, place, schema, one.required or place == "path", str(text or ""))
        if place != "path" or (f"{{{name}}}" in self._endpoint.path):
            self._operation.add(found)

    def _body(self, media: str, schema: Schema) -> None:
        if not self.body:
            self._operation.body = {}
        self._operation.body[media] = schema
        self._operation.body_required = True
        self.body = True

    def _expected(self, node: ast.expr) -> None:
        """What Flask-RESTX's `expect` is given: a model, a list of one, or a parser."""
        scope = self._endpoint.scope
        if isinstance(node, ast.Tuple) and node.elts:
            node = node.elts[0]
        found = parser_arguments(node, scope, self._evaluator)
        if found is None:
            model = self._declared.schema(node, scope)
            if model is not None and self._endpoint.method not in BODILESS:
                self._body(JSON, model)
            return
        inside = [one for one in found if one.place in {"form", "file", "json"}]
        for one in found:
            if one.place in {"query", "header", "cookie"}:
                place = cast("Place", one.place)
                self._operation.add(Parameter(one.name, place, one.schema, one.required, one.description))
        if inside and self._endpoint.method not in BODILESS:
            places = {one.place for one in inside}
            media = JSON if places == {"json"} else _PARTS if "file" in places else _FORM
            schema: Schema = {"type": "object", "properties": {one.name: one.schema for one in inside}}
            if required := [one.name for one in inside if one.required]:
                schema["required"] = cast("Json", required)
            self._body(media, schema)

    def _documented(self, given: Given) -> None:
        """`@api.doc(params={…}, parser=…, body=…)`, with a method's own under its name."""
        told = given.words.get("params")
        params = self._evaluator.literal(told)
        for name, options in params.items() if isinstance(params, dict) else ():
            said = options if isinstance(options, dict) else {"description": options}
            self._said(
                str(name),
                str(said.get("in", "query")),
                str(said.get("description", "")),
                required=said.get("required") is True,
            )
        for word in ("parser", "body", "expect"):
            if word in given.words:
                one = given.words[word].node
                for inner in one.elts if word == "expect" and isinstance(one, ast.List) else [one]:
                    self._expected(inner)

    def _one(self, name: str | None, given: Given) -> None:
        place = self._evaluator.text(given.get("_in", 2)) or "query"
        text = self._evaluator.text(given.get("description", 1)) or ""
        self._said(name, place, text, required=self._evaluator.literal(given.words.get("required")) is True)

    def _said(self, name: str | None, place: str, text: str, *, required: bool) -> None:
        if not name:
            return
        known = self._operation.parameters.get(("path", name))
        if known is not None:
            known.description = known.description or text
        elif place in {"query", "header", "cookie"}:
            self._operation.add(Parameter(name, cast("Place", place), {"type": "string"}, required, text))

    def _gives(self, name: str, call: ast.Call) -> None:
        given = self._evaluator.given(call, self._endpoint.scope)
        number, told = 200, given.get("schema", 0)
        if name in {"response", "alt_response"}:
            told = given.get("schema", 1) if self._is_from(call.func, "flask_smorest") else given.get("model", 2)
            number = status(self._evaluator.literal(given.get("status_code", 0) or given.get("code", 0))) or 200
        elif name == "output":
            number = status(self._evaluator.literal(given.get("status_code", 1))) or 200
        elif name == "validate_response":
            told = given.get("model_class", 0)
            number = status(self._evaluator.literal(given.get("status_code", 1))) or 200
        else:
            told = given.get("fields", 0)
            number = status(self._evaluator.literal(given.get("code", 2) or given.words.get("code"))) or 200
            mask: Schema = {"type": "string", "format": "mask"}
            self._operation.add(
                Parameter("X-Fields", "header", mask, required=False, description="The fields that are wanted.")
            )
        schema = self._declared.schema(told.node, told.scope) if told is not None else None
        many = name == "marshal_list_with" or self._evaluator.literal(given.words.get("as_list")) is True
        if schema is not None and many:
            schema = {"type": "array", "items": schema}
        text = self._evaluator.text(given.words.get("description"))
        answer: Schema = {"description": text or phrase(number)}
        if schema is not None:
            answer["content"] = {JSON: {"schema": schema}}
        if not self.answers:
            self._operation.responses = {}
            self.answers = True
        self._operation.responses[str(number)] = answer

    def _takes_models(self) -> bool:
        """Whether arguments are known by their names: in flask-openapi3, and under Flask-Pydantic's decorator."""
        handler = self._endpoint.handler
        assert handler is not None  # noqa: S101 -- narrows the type; only such endpoints come here
        for decorator in handler.decorator_list:
            target = decorator.func if isinstance(decorator, ast.Call) else decorator
            value = self._evaluator.value(
                target.value if isinstance(target, ast.Attribute) else target, self._endpoint.scope
            )
            kinds = self._evaluator.ancestors(value.cls) if isinstance(value, Instance) else ()
            if _origin(value).startswith(("flask_openapi3", "flask_pydantic")) or "OpenAPI" in kinds:
                return True
        return False

    def _typed(self) -> None:
        assert self._endpoint.handler is not None  # noqa: S101 -- likewise
        for one in arguments(self._endpoint.handler):
            if one.arg in _TYPED and one.annotation is not None:
                self._placed_model(one.annotation, _TYPED[one.arg])

    def _placed_model(self, node: ast.expr, where: str) -> None:
        if where != "form":
            self._placed(node, where)
            return
        schema = self._declared.schema(node, self._endpoint.scope)
        if schema is not None:
            self._body(_PARTS, schema)


def _origin(value: Value) -> str:
    """The dotted name of the package that a value comes from."""
    return value.name if isinstance(value, External | Made) else ""
