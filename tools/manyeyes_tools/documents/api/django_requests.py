"""What Django's handlers read from a request's query by hand, and the statuses that they answer with."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.endpoints import Parameter, last
from manyeyes_tools.documents.api.statuses import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import FunctionNode, Scope

_QUERIES: Final = frozenset({"query_params", "GET"})
_ANSWERS: Final = frozenset({"Response", "HttpResponse", "JsonResponse"})
_NAMED: Final = {
    "HttpResponseBadRequest": 400, "HttpResponseForbidden": 403, "HttpResponseNotFound": 404,
    "HttpResponseNotAllowed": 405, "HttpResponseRedirect": 302, "Http404": 404, "get_object_or_404": 404,
}  # fmt: skip


def query_parameters(node: FunctionNode, method: str) -> Iterator[Parameter]:
    """The query parameters that a handler reads itself."""
    if method not in {"get", "head", "delete"}:
        return
    text: Schema = {"type": "string"}
    for one in ast.walk(node):
        match one:
            case ast.Call(
                func=ast.Attribute(attr="get" | "getlist" as way, value=ast.Attribute(attr=place)),
                args=[ast.Constant(value=str() as name), *_],
            ) if place in _QUERIES:
                schema: Schema = {"type": "array", "items": text} if way == "getlist" else dict(text)
                yield Parameter(name, "query", schema, required=False)
            case ast.Subscript(
                value=ast.Attribute(attr=place), slice=ast.Constant(value=str() as name), ctx=ast.Load()
            ) if place in _QUERIES:
                yield Parameter(name, "query", dict(text), required=False)
            case _:
                pass


def statuses(node: FunctionNode, evaluator: Evaluator, scope: Scope) -> set[int]:
    """The statuses that a handler answers with, as far as its body tells."""
    found: set[int] = set()
    for one in ast.walk(node):
        if not isinstance(one, ast.Call):
            continue
        name = last(one.func)
        if name in _NAMED:
            found.add(_NAMED[name])
        elif name in _ANSWERS:
            given = evaluator.given(one, scope)
            told = given.words.get("status") or (given.get("status", 1) if name == "Response" else None)
            number = status_of(told.node) if told is not None else 200
            if number is not None:
                found.add(number)
    return found
