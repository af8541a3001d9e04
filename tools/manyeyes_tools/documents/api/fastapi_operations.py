"""What a FastAPI endpoint takes and gives, its dependencies' parameters included."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.annotations import Annotation, alternatives
from manyeyes_tools.documents.api.constraints import MARKERS, constrained, is_json, with_default
from manyeyes_tools.documents.api.endpoints import Operation, Parameter, last
from manyeyes_tools.documents.api.fastapi_answers import Answers
from manyeyes_tools.documents.api.fastapi_bodies import Taken, add_body
from manyeyes_tools.documents.api.scopes import FUNCTIONS, arguments, defaults
from manyeyes_tools.documents.api.security import scheme
from manyeyes_tools.documents.api.values import Closure, Expression, External, Instance, Made

if TYPE_CHECKING:
    from manyeyes_tools.documents.api.endpoints import Endpoint, Place, Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.schemas import Schemas
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Value

_INJECTED: Final = frozenset(
    {"Request", "Response", "WebSocket", "HTTPConnection", "BackgroundTasks", "SecurityScopes"}
)
_DEPENDING: Final = frozenset({"Depends", "Security"})
_FORM_FIELDS: Final = {
    "grant_type": False, "username": True, "password": True, "scope": False, "client_id": False, "client_secret": False,
}  # fmt: skip
"""What FastAPI's own password form reads, and whether it must be given."""
_DEEP: Final = 20


@dataclass(slots=True)
class _Reading:
    endpoint: Endpoint
    operation: Operation
    bodies: dict[str, Taken] = field(default_factory=dict)
    schemes: dict[str, Schema] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


def operation(endpoint: Endpoint, schemas: Schemas, schemes: dict[str, Schema]) -> Operation:
    """Describe an endpoint; security schemes that it asks for are added to `schemes`."""
    return _Reader(schemas).read(endpoint, schemes)


class _Reader:
    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._evaluator: Evaluator = schemas.evaluator
        self._answers = Answers(schemas)

    def read(self, endpoint: Endpoint, schemes: dict[str, Schema]) -> Operation:
        reading = _Reading(endpoint, Operation(), schemes=schemes)
        operation = reading.operation
        for dependency in endpoint.dependencies:
            value = self._evaluator.value(dependency.node, dependency.scope)
            if isinstance(value, Instance):
                value = next(self._schemas.marks_of(value), None)
            if isinstance(value, Made) and value.last in _DEPENDING:
                self._depends(value, None, reading, 0)
        if endpoint.handler is None:
            operation.notes.append(f"{endpoint.where}: the handler of {endpoint.path} is not in these files")
        elif endpoint.framework == "fastapi":  # Starlette gives its handlers the request and nothing else
            self._function(endpoint.handler, endpoint.scope, reading, 0, bound=endpoint.bound)
        for name, schema in endpoint.parts.items():  # in the path, but not in the signature
            if ("path", name) not in operation.parameters:
                operation.add(Parameter(name, "path", dict(schema), required=True))
        add_body(reading.bodies, endpoint, operation)
        self._answers.add(endpoint, operation)
        self._extra(reading)
        return operation

    def _extra(self, reading: _Reading) -> None:
        """What `openapi_extra` adds by hand."""
        told = self._evaluator.literal(reading.endpoint.options.get("openapi_extra"))
        if not isinstance(told, dict) or not is_json(told):
            return
        body = told.get("requestBody")
        content = body.get("content") if isinstance(body, dict) else None
        for media, item in content.items() if isinstance(content, dict) else ():
            schema = item.get("schema") if isinstance(item, dict) else None
            reading.operation.body[str(media)] = schema if isinstance(schema, dict) else {}
            reading.operation.body_required = isinstance(body, dict) and body.get("required") is True
        listed = told.get("parameters")
        for one in listed if isinstance(listed, list) else ():
            if isinstance(one, dict) and one.get("in") in {"query", "header", "cookie", "path"} and one.get("name"):
                schema = one.get("schema")
                known: Schema = schema if isinstance(schema, dict) else {}
                reading.operation.add(Parameter(str(one["name"]), one["in"], known, one.get("required") is True))

    # parameters ------------------------------------------------------------------------------------------------

    def _function(self, node: FunctionNode, scope: Scope, reading: _Reading, depth: int, *, bound: bool) -> None:
        for place, (argument, default) in enumerate(defaults(node)):
            if place == 0 and (bound or argument.arg in {"self", "cls"}):
                continue
            self._argument(argument.arg, argument.annotation, default, scope, reading, depth)
        for argument in arguments(node):
            if argument in (node.args.vararg, node.args.kwarg) and depth == 0 and argument.annotation is not None:
                self._argument(argument.arg, argument.annotation, None, scope, reading, depth)

    def _argument(  # noqa: PLR0917 -- an argument, where it stands, and what is read for
        self,
        name: str,
        annotation: ast.expr | None,
        default: ast.expr | None,
        scope: Scope,
        reading: _Reading,
        depth: int,
    ) -> None:
        told = self._schemas.unwrapped(annotation, scope)
        given = (
            self._evaluator.value(default, scope) if isinstance(default, ast.Call | ast.Name | ast.Attribute) else None
        )
        if isinstance(given, Instance):
            given = next(self._schemas.marks_of(given), given)
        marks = list(told.marks)
        if isinstance(given, Made) and (given.last in MARKERS or given.last in _DEPENDING):
            marks.append(given)
        dependency = next((mark for mark in reversed(marks) if mark.last in _DEPENDING), None)
        if dependency is not None:
            self._depends(dependency, told, reading, depth)
            return
        if self._injected(told):
            return
        self._sort(name, told, [mark for mark in marks if mark.last in MARKERS], default, scope, reading)

    def _injected(self, told: Annotation) -> bool:
        node, scope = told.node, told.scope
        if isinstance(node, ast.BinOp):
            return self._injected(Annotation(node.left, scope)) or self._injected(Annotation(node.right, scope))
        if isinstance(node, ast.Subscript) and last(node.value) == "Optional":
            return self._injected(Annotation(node.slice, scope))
        if not isinstance(node, ast.Name | ast.Attribute):
            return False
        found = self._evaluator.value(node, scope)
        if isinstance(found, External):
            return found.last in _INJECTED
        return isinstance(found, Closure) and any(name in _INJECTED for name in self._evaluator.ancestors(found))

    def _depends(self, mark: Made, told: Annotation | None, reading: _Reading, depth: int) -> None:
        """Take in what a dependency reads."""
        given = self._evaluator.given(mark.call, mark.scope)
        one = given.get("dependency", 0)
        value: Value = None
        if one is not None:
            value = self._evaluator.value(one.node, one.scope)
        if (
            (value is None or (isinstance(value, Expression) and isinstance(value.node, ast.Constant)))
            and told is not None
            and told.node is not None
        ):
            node = told.node.value if isinstance(told.node, ast.Subscript) else told.node
            value = self._evaluator.value(node, told.scope)
        scopes = self._evaluator.literal(given.words.get("scopes"))
        self._take(value, reading, depth + 1, [str(x) for x in scopes] if isinstance(scopes, list) else [])

    def _take(self, value: Value, reading: _Reading, depth: int, scopes: list[str]) -> None:  # noqa: C901, PLR0912 -- one case for each thing that may be depended upon
        if depth > _DEEP:
            return
        asked = scheme(value, self._evaluator)
        if asked is not None:
            name, described = asked
            reading.schemes.setdefault(name, described)
            known = reading.operation.security.setdefault(name, [])
            if described["type"] in {"oauth2", "openIdConnect"}:
                known.extend(one for one in scopes if one not in known)
            if not isinstance(value, Instance):
                return
        match value:
            case Closure(node=ast.ClassDef()):
                self._class(value, reading, depth)
            case Closure(node=ast.FunctionDef() | ast.AsyncFunctionDef() as node):
                key = hash((id(node), id(value.scope)))
                if key not in reading.seen:
                    reading.seen.add(key)
                    self._function(node, value.scope, reading, depth, bound=value.bound is not None)
            case Instance():
                found = self._evaluator.class_attribute(value.cls, "__call__", value)
                if isinstance(found, Closure) and isinstance(found.node, FUNCTIONS):
                    self._function(found.node, found.scope, reading, depth, bound=True)
            case Expression(node=ast.Lambda() as node, scope=scope):
                for argument in node.args.args:
                    self._argument(argument.arg, argument.annotation, None, scope, reading, depth)
            case Made() if value.last == "partial" and value.call.args:
                inner = self._evaluator.value(value.call.args[0], value.scope)
                self._take(inner, reading, depth, scopes)
            case External() | Made() if value.last in {"OAuth2PasswordRequestForm", "OAuth2PasswordRequestFormStrict"}:
                for name, needed in _FORM_FIELDS.items():
                    needed = needed or (name == "grant_type" and value.last.endswith("Strict"))  # noqa: PLW2901 -- the strict form alone needs it
                    schema: Schema = {"type": "string"}
                    reading.bodies.setdefault(
                        name,
                        Taken(
                            name,
                            "Form",
                            schema,
                            needed,
                            model=False,
                            embed=False,
                            media=None,
                            annotation=Annotation(None, reading.endpoint.scope),
                        ),
                    )
            case External() if value.last in {*_INJECTED}:
                pass
            case None | External() | Made():
                name = value.name if isinstance(value, External | Made) else "a dependency"
                note = f"{reading.endpoint.where}: what {name} reads from a request is not in these files"
                if note not in reading.operation.notes:
                    reading.operation.notes.append(note)
            case _:
                pass

    def _class(self, cls: Closure, reading: _Reading, depth: int) -> None:
        constructor = self._evaluator.class_attribute(cls, "__init__", self._evaluator.instance(cls, None, cls.scope))
        if isinstance(constructor, Closure) and isinstance(constructor.node, FUNCTIONS):
            self._function(constructor.node, constructor.scope, reading, depth, bound=True)
            return
        if "OAuth2PasswordRequestForm" in self._evaluator.ancestors(cls):
            self._take(External("fastapi.security.OAuth2PasswordRequestForm"), reading, depth, [])
            return
        for one in self._schemas.fields(cls):
            marks = [mark for mark in one.annotation.marks if mark.last in MARKERS]
            dependency = next((mark for mark in one.annotation.marks if mark.last in _DEPENDING), None)
            if dependency is not None:
                self._depends(dependency, one.annotation, reading, depth)
                continue
            if self._injected(one.annotation):
                continue
            self._place(one.shown, one.annotation, marks, one.required, one.default, reading)

    def _sort(  # noqa: PLR0917 -- an argument with its annotation, default and marks
        self, name: str, told: Annotation, marks: list[Made], default: ast.expr | None, scope: Scope, reading: _Reading
    ) -> None:
        required, value = self._schemas.default(default, scope, marks)
        if default is not None and isinstance(default, ast.Call) and not marks:
            found = self._evaluator.value(default, scope)
            required = isinstance(found, Made) and found.last in _DEPENDING
        self._place(name, told, marks, required, value, reading)

    def _place(  # noqa: PLR0917 -- an argument with all that decides where it comes from
        self,
        name: str,
        told: Annotation,
        marks: list[Made],
        required: bool,  # noqa: FBT001 -- a fact about the parameter, not a switch
        default: object,
        reading: _Reading,
    ) -> None:
        """Decide where a parameter comes from, as the framework does, and note it there."""
        mark = marks[-1] if marks else None
        kind = mark.last if mark is not None else ""
        alias = self._alias(marks)
        schema = constrained(
            self._schemas.of(told.node, told.scope),
            [*told.marks, *(m for m in marks if m not in told.marks)],
            self._evaluator,
        )
        schema = with_default(schema, default)
        parts = reading.endpoint.parts
        shape = self._schemas.shape(told.node, told.scope)
        words = self._evaluator.given(mark.call, mark.scope).words if mark is not None else {}
        if self._evaluator.literal(words.get("include_in_schema")) is False:
            return
        if name in parts or (alias and alias in parts) or kind == "Path":
            shown = alias or name
            if shown in parts or kind == "Path":
                known = schema or dict(parts.get(shown, {"type": "string"}))
                reading.operation.add(self._parameter(shown, "path", known, True))  # noqa: FBT003 -- a path parameter is always required
            return
        if not kind and shape == "unknown":
            shape = "model" if reading.endpoint.method in {"post", "put", "patch"} else "scalar"
        if kind in {"Body", "Form", "File"} or (not kind and shape != "scalar"):
            marker = "File" if shape == "file" else kind or "Body"
            embed = self._evaluator.literal(words.get("embed")) is True
            media = self._evaluator.text(words.get("media_type"))
            shown = alias or name
            if shown not in reading.bodies:
                reading.bodies[shown] = Taken(shown, marker, schema, required, shape == "model", embed, media, told)
            return
        place: Place = "header" if kind == "Header" else "cookie" if kind == "Cookie" else "query"
        keep = self._evaluator.literal(words.get("convert_underscores")) is False
        if shape == "model" and kind:
            model, optional = self._one_model(told)
            if model is not None:
                self._model(model, place, reading, optional=optional or not required, keep=keep)
                return
        shown = alias or (name.replace("_", "-") if place == "header" and not keep else name)
        reading.operation.add(self._parameter(shown, place, schema, required))

    def _one_model(self, told: Annotation) -> tuple[Closure | None, bool]:
        """The model that an annotation names, and whether None may stand in its place."""
        members = alternatives(told.node)
        named = [one for one in members if not (isinstance(one, ast.Constant) and one.value is None)]
        if len(named) != 1:
            return None, False
        model = self._evaluator.value(named[0], told.scope)
        known = isinstance(model, Closure) and self._schemas.kind(model) == "object"
        return (model if known and isinstance(model, Closure) else None), len(members) > 1

    def _model(self, model: Closure, place: Place, reading: _Reading, *, optional: bool, keep: bool) -> None:
        """A model whose fields are parameters."""
        for one in self._schemas.fields(model):
            shown = one.shown
            if place == "header" and shown == one.name and not keep:
                shown = shown.replace("_", "-")
            schema = self._schemas.field_schema(one)
            about = str(schema.get("description", "")) if "$ref" not in schema else ""
            reading.operation.add(Parameter(shown, place, schema, one.required and not optional, about))

    def _parameter(self, name: str, place: Place, schema: Schema, required: bool) -> Parameter:  # noqa: FBT001 -- a fact about the parameter, not a switch
        about = schema.get("description")
        deprecated = schema.get("deprecated") is True
        return Parameter(
            name, place, schema, required, str(about) if about and "$ref" not in schema else "", deprecated
        )

    def _alias(self, marks: list[Made]) -> str | None:
        for mark in reversed(marks):
            words = self._evaluator.given(mark.call, mark.scope).words
            for key in ("validation_alias", "alias"):
                told = self._evaluator.text(words.get(key))
                if told:
                    return told
        return None
