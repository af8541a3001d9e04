"""Arguments that Flask-RESTful's and Flask-RESTX's request parsers take."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manyeyes_tools.documents.api.constraints import PLAIN, enumeration, with_default
from manyeyes_tools.documents.api.endpoints import last
from manyeyes_tools.documents.api.trees import nodes
from manyeyes_tools.documents.api.values import Made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.api.endpoints import Schema
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import Scope

_MAKERS: Final = frozenset({"RequestParser", "parser"})
_PLACES: Final = {
    "args": "query", "values": "query", "headers": "header", "cookies": "cookie", "form": "form", "files": "file",
    "json": "json",
}  # fmt: skip
_MANY: Final = frozenset({"append", "split"})
_INPUTS: Final[dict[str, Schema]] = {
    "boolean": {"type": "boolean"}, "natural": {"type": "integer", "minimum": 0},
    "positive": {"type": "integer", "minimum": 1}, "int_range": {"type": "integer"},
    "date": {"type": "string", "format": "date"}, "datetime_from_iso8601": {"type": "string", "format": "date-time"},
    "date_from_iso8601": {"type": "string", "format": "date"}, "email": {"type": "string", "format": "email"},
    "URL": {"type": "string", "format": "uri"}, "url": {"type": "string", "format": "uri"},
    "FileStorage": {"type": "string", "format": "binary"},
}  # fmt: skip
_NEAR: Final = 5


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name, where it is given (`query`, `header`, `cookie`, `form`, `file`, `json`), and the rest."""

    name: str
    place: str
    schema: Schema
    required: bool
    description: str = ""


def parser_arguments(node: ast.expr, scope: Scope, evaluator: Evaluator) -> list[Argument] | None:
    """What a parser takes that is given by a name; None when it is no parser."""
    found = list(_chain(node, scope, evaluator, 0))
    if not found:
        return None
    arguments: dict[str, Argument] = {}
    for name, place in found:
        for call in _added(name, place):
            one = _argument(call, place, evaluator)
            if one is not None:
                arguments[one.name] = one
    return list(arguments.values())


def _chain(node: ast.expr, scope: Scope, evaluator: Evaluator, depth: int) -> Iterator[tuple[str, Scope]]:
    """The names of a parser and of those that it was copied from, the first one first, each where it is bound."""
    name = last(node)
    owner = evaluator.value(node, scope)
    place: Scope | None = scope
    if isinstance(owner, Made) and owner.last in _MAKERS:
        if isinstance(node, ast.Name):
            while place is not None and name not in place.bindings:
                place = place.parent
        if place is not None and not _binds(place, name):
            place = owner.scope  # imported: it is filled where it is made
        if place is not None:
            yield name, place
        return
    if depth > _NEAR or not isinstance(node, ast.Name):
        return
    while place is not None and name not in place.bindings:
        place = place.parent
    for bound in place.bindings[name] if place is not None else ():
        match bound:
            case ast.Call(func=ast.Attribute(attr="copy", value=base)) if place is not None:
                yield from _chain(base, place, evaluator, depth + 1)
                yield name, place
            case _:
                pass


def _binds(place: Scope, name: str) -> bool:
    return any(isinstance(one, ast.Call) for one in place.bindings.get(name, ()))


def _added(name: str, place: Scope) -> Iterator[ast.Call]:
    around: ast.AST = place.owner if place.owner is not None else place.module.tree
    found = [
        one
        for one in nodes(around)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in {"add_argument", "replace_argument"}
        and _root(one.func.value) == name
    ]
    yield from sorted(found, key=lambda one: (one.end_lineno or one.lineno, one.end_col_offset or 0))


def _root(node: ast.expr) -> str:
    """The name that a chain of `.add_argument(…)` calls begins with."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return last(node)


def _argument(call: ast.Call, scope: Scope, evaluator: Evaluator) -> Argument | None:
    given = evaluator.given(call, scope)
    name = evaluator.text(given.get("name", 0))
    if not name:
        return None
    told = given.words.get("location")
    where = evaluator.literal(told) if told is not None else None
    place = where if isinstance(where, str) else where[-1] if isinstance(where, list) and len(where) == 1 else ""
    kind = given.words.get("type")
    schema: Schema = dict(_type(kind.node, kind.scope, evaluator)) if kind is not None else {"type": "string"}
    values = evaluator.literal(given.words.get("choices"))
    if isinstance(values, list) and values:
        schema |= enumeration(values)
    schema = with_default(schema, evaluator.literal(given.words.get("default")))
    if evaluator.text(given.words.get("action")) in _MANY:
        schema = {"type": "array", "items": schema}
    required = evaluator.literal(given.words.get("required")) is True
    text = evaluator.text(given.words.get("help")) or ""
    return Argument(name, _PLACES.get(str(place), "query"), schema, required, text)


def _type(node: ast.expr, scope: Scope, evaluator: Evaluator) -> Schema:
    name = last(node)
    if name in _INPUTS:
        return _INPUTS[name]
    return (
        PLAIN.get(name, {"type": "string"})
        if name in {"int", "str", "float", "bool", "dict", "list"}
        else _made(node, scope, evaluator)
    )


def _made(node: ast.expr, scope: Scope, evaluator: Evaluator) -> Schema:
    found = evaluator.value(node, scope)
    return _INPUTS.get(found.last, {"type": "string"}) if isinstance(found, Made) else {"type": "string"}
