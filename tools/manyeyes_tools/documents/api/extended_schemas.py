"""What drf-spectacular's `@extend_schema` says of an operation by hand."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.constraints import PLAIN
from manyeyes_tools.documents.api.endpoints import Parameter, last
from manyeyes_tools.documents.api.statuses import status_of
from manyeyes_tools.documents.api.values import Expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes_tools.documents.api.endpoints import Place, Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope
    from manyeyes_tools.documents.api.values import Given

_PLACES: Final[Mapping[str, Place]] = {"QUERY": "query", "PATH": "path", "HEADER": "header", "COOKIE": "cookie"}
_TYPES: Final[Mapping[str, Schema]] = {
    "INT": {"type": "integer"}, "STR": {"type": "string"}, "BOOL": {"type": "boolean"}, "FLOAT": {"type": "number"},
    "NUMBER": {"type": "number"}, "UUID": {"type": "string", "format": "uuid"},
    "DATE": {"type": "string", "format": "date"}, "DATETIME": {"type": "string", "format": "date-time"},
    "OBJECT": {"type": "object"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Extension:
    """What is said; what is not said is empty.  `removed` says that there is no body."""

    exclude: bool = False
    removed: bool = False
    request: Expression | None = None
    bodies: Mapping[str, Expression] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    responses: Mapping[int, Expression | None] = field(default_factory=dict)
    summary: str = ""
    description: str = ""

    def below(self, other: Extension) -> Extension:
        """What another one adds, which stands nearer to the outside and so comes first."""
        return Extension(
            self.exclude or other.exclude,
            other.removed or (self.removed and other.request is None),
            other.request or self.request,
            other.bodies or self.bodies,
            (*self.parameters, *other.parameters),
            other.responses or self.responses,
            other.summary or self.summary,
            other.description or self.description,
        )


def extension(
    node: FunctionNode | ast.ClassDef, wanted: str, scope: Scope, evaluator: Evaluator, *, by_action: bool = False
) -> Extension:
    """What the decorators of a handler say; with `by_action` what `@extend_schema_view` says of an action."""
    result = Extension()
    for decorator in reversed(node.decorator_list):
        for call in _calls(decorator, wanted):
            given = evaluator.given(call, scope)
            methods = evaluator.literal(given.words.get("methods"))
            if isinstance(methods, list) and not by_action and wanted not in {str(one).lower() for one in methods}:
                continue
            result = result.below(_read(given, evaluator))
    return result


def _calls(decorator: ast.expr, wanted: str) -> Iterator[ast.Call]:
    """The `extend_schema(…)` in a decorator, through `method_decorator(name="get", decorator=…)`."""
    match decorator:
        case ast.Call(func=func) if last(func) == "extend_schema":
            yield decorator
        case ast.Call(func=func, keywords=words) if last(func) == "extend_schema_view":
            for word in words:
                if word.arg == wanted and isinstance(word.value, ast.Call):
                    yield word.value
        case ast.Call(func=func, keywords=words) if last(func) == "method_decorator":
            named = {word.arg: word.value for word in words}
            inner, name = named.get("decorator"), named.get("name")
            if isinstance(inner, ast.Call) and isinstance(name, ast.Constant) and name.value == wanted:
                yield from _calls(inner, wanted)
        case _:
            pass


def _read(given: Given, evaluator: Evaluator) -> Extension:
    words = given.words
    result = Extension(
        exclude=evaluator.literal(words.get("exclude")) is True,
        summary=evaluator.text(words.get("summary")) or "",
        description=evaluator.text(words.get("description")) or "",
        parameters=tuple(_parameters(words.get("parameters"), evaluator)),
        responses=_responses(words.get("responses"), evaluator),
    )
    request = words.get("request")
    if request is None:
        return result
    if isinstance(request.node, ast.Constant) and request.node.value is None:
        return replace(result, removed=True)
    if isinstance(request.node, ast.Dict):
        by_media = zip(request.node.keys, request.node.values, strict=True)
        bodies = {
            evaluator.text(key, request.scope) or "": Expression(one, request.scope) for key, one in by_media if key
        }
        if all("/" in kind for kind in bodies):
            return replace(result, bodies=bodies)
    return replace(result, request=request)


def _parameters(told: Expression | None, evaluator: Evaluator) -> Iterator[Parameter]:
    value = evaluator.value(told.node, told.scope) if told is not None else None
    if not isinstance(value, Expression) or not isinstance(value.node, ast.List | ast.Tuple):
        return
    for item in value.node.elts:
        if not (isinstance(item, ast.Call) and last(item.func) == "OpenApiParameter"):
            continue
        given = evaluator.given(item, value.scope)
        name = evaluator.text(given.get("name", 0))
        place = given.get("location", 2)
        where: Place = _PLACES.get(last(place.node).upper(), "query") if place is not None else "query"
        text = evaluator.text(place) if place is not None else None
        where = _PLACES.get(text.upper(), where) if text else where
        kind = given.get("type", 1)
        kind_name = last(kind.node) if kind is not None else "str"
        schema = dict(_TYPES.get(kind_name) or PLAIN.get(kind_name) or {"type": "string"})
        if evaluator.literal(given.words.get("many")) is True:
            schema = {"type": "array", "items": schema}
        if name and evaluator.literal(given.words.get("exclude")) is not True:
            required = evaluator.literal(given.words.get("required")) is True or where == "path"
            yield Parameter(name, where, schema, required, evaluator.text(given.words.get("description")) or "")


def _responses(told: Expression | None, evaluator: Evaluator) -> dict[int, Expression | None]:
    if told is None:
        return {}
    value = evaluator.value(told.node, told.scope)
    if isinstance(value, Expression) and isinstance(value.node, ast.Dict):
        found: dict[int, Expression | None] = {}
        for key, item in zip(value.node.keys, value.node.values, strict=True):
            number = status_of(key)
            if number is not None:
                inner = item
                if isinstance(item, ast.Call) and last(item.func) == "OpenApiResponse":
                    given = evaluator.given(item, value.scope).get("response", 0)
                    inner = given.node if given is not None else ast.Constant(None)
                found[number] = Expression(inner, value.scope)
        return found
    return {200: told}
