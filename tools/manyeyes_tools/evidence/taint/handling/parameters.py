"""What the parameters of a handler stand for."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.annotations import annotated, is_enum
from manyeyes_tools.evidence.taint.calling.substitution import substituted
from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS
from manyeyes_tools.evidence.taint.definitions import NEW, Class, Function, Module
from manyeyes_tools.evidence.taint.marks import OBJECT
from manyeyes_tools.evidence.taint.patterns import expression_mask
from manyeyes_tools.evidence.taint.sources import REQUEST, UPLOAD, UPLOADS
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, cleaned

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes_tools.evidence.taint.frames import Frame

Calls: TypeAlias = "Callable[[Frame, Function, dict[int, Value], ast.AST], Value]"
"""What a call of a function of the project returns, with its arguments by their positions."""

SIMPLE = frozenset({
    "", "str", "bytes", "dict", "list", "Any", "typing.Any", "Dict", "typing.Dict", "object", "List", "Mapping",
    "EmailStr", "pydantic.EmailStr", "pydantic.HttpUrl", "HttpUrl", "pydantic.AnyUrl", "pydantic.AnyHttpUrl",
    "AnyUrl",
})  # fmt: skip
"""Annotations that say nothing of a class."""
_INJECTED = frozenset({"Depends", "Security", "BackgroundTasks", "Response", "Inject", "Provide"})
_UPLOADS = frozenset(
    {"fastapi.UploadFile", "starlette.datastructures.UploadFile", "UploadFile", "fastapi.datastructures.UploadFile"}
)
_REQUESTS = frozenset({"Request", "HttpRequest", "WebSocket"})
_OWN = frozenset({
    "self", "cls", "info", "db", "session", "response", "resp", "background_tasks", "user", "current_user",
})  # fmt: skip
"""Parameters that hold objects of the program."""
_OBJECTS = frozenset({"dict", "Dict", "typing.Dict", "Any", "typing.Any", "list", "object"})
_MODELS = frozenset({"pydantic.BaseModel", "sqlmodel.SQLModel", "msgspec.Struct", "ninja.Schema"})
_UNTYPED = frozenset({"flask", "django", "tornado", "bottle", "aiohttp", "rest_framework"})
"""Frameworks that hand parts of the request on whatever the annotation says."""


@dataclass(frozen=True, slots=True)
class HandlerParameter:
    """A parameter that a framework gives a value to.

    Attributes:
        function: The handler.
        node: The parameter.
        kind: The full name of the class that its annotation names.
        default: Its default.
    """

    function: Function
    node: ast.arg
    kind: str
    default: ast.expr | None


def names_enumeration(frame: Frame, kind: str, module: Module) -> bool:
    """Whether an annotation names an enumeration of the project, or a list of its members."""
    return bool(kind) and kind not in SIMPLE and is_enum(frame, kind.removeprefix("~list:"), module)


def of_handler(frame: Frame, one: HandlerParameter, call: Calls) -> Value:  # noqa: PLR0911  # one for each kind of parameter
    """What a parameter of a handler stands for."""
    kind, name = one.kind, one.node.arg
    element = kind.removeprefix("~list:")
    if element in HARMLESS_KINDS or kind == "typing.Literal":
        return NOTHING
    called = dotted(one.default.func).rpartition(".")[2] if isinstance(one.default, ast.Call) else ""
    if called in _INJECTED or _names_injected(one.node.annotation):
        return _injected(frame, one, call)
    if element in _UPLOADS:
        return Value(frame.source("content", name, one.node).atoms, UPLOAD if element == kind else UPLOADS)
    if kind.rpartition(".")[2] in _REQUESTS:
        return Value(NO_ATOMS, REQUEST)
    if names_enumeration(frame, kind, one.function.module):
        return NOTHING
    if called == "File":
        return Value(frame.source("content", name, one.node).atoms)
    if name in _OWN and kind not in SIMPLE - {""} and not called and one.function.handler != "flask":
        return Value(NO_ATOMS, kind)
    return _of_request(frame, one)


def _names_injected(annotation: ast.expr | None) -> bool:
    text = ast.dump(annotation) if annotation is not None else ""
    return any(f"'{word}'" in text for word in _INJECTED)


def _of_request(frame: Frame, one: HandlerParameter) -> Value:
    """A value that comes with the request, as far as its class lets it through."""
    kind = one.kind
    atoms = frame.source("request", one.node.arg, one.node).atoms
    if kind in SIMPLE or kind.startswith("~list:"):
        if kind in _OBJECTS:
            atoms = cleaned(atoms, OBJECT)
        return Value(cleaned(atoms, _pattern(one.default)), "~list" if kind.startswith("~list:") else "")
    found = frame.project.find(kind, one.function.module)
    if isinstance(found, Class):
        checked = not found.external.isdisjoint(_MODELS) or found.annotations
        return Value(atoms if checked else NO_ATOMS, kind)
    return Value(atoms) if one.function.handler in _UNTYPED else Value(NO_ATOMS, kind)


def _pattern(default: ast.expr | None) -> int:
    """For which weaknesses `Query(pattern=…)` makes a value harmless."""
    for word in default.keywords if isinstance(default, ast.Call) else ():
        if word.arg in {"regex", "pattern"}:
            return expression_mask(str(word.value.value), "search") if isinstance(word.value, ast.Constant) else 0
    return 0


def _injected(frame: Frame, one: HandlerParameter, call: Calls) -> Value:
    """What a dependency gives: the result of its function."""
    target = one.default.args[0] if isinstance(one.default, ast.Call) and one.default.args else None
    if target is None and isinstance(one.node.annotation, ast.Subscript):
        target = next(
            (
                part.args[0]
                for part in walk(one.node.annotation)
                if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] in _INJECTED and part.args
            ),
            None,
        )
    name = dotted(target) if target is not None else ""
    module = one.function.module
    # `params: Params = Depends()` names its class by the annotation alone.
    found = frame.project.find(module.full(name) if name else one.kind, module)
    if isinstance(found, Class):
        return _made(frame, one, found, call)
    if not isinstance(found, Function):
        return Value(NO_ATOMS, one.kind)
    if not found.handler:
        found.handler = "fastapi"
        found.state = NEW
    return call(frame, found, {}, one.node)


def _made(frame: Frame, one: HandlerParameter, cls: Class, call: Calls) -> Value:
    """An object of a class of the project, which the framework makes with parts of the request."""
    init = cls.method("__init__")
    if init is None:
        return Value(frame.source("request", one.node.arg, one.node).atoms if cls.annotations else NO_ATOMS, cls.full)
    arguments = init.node.args
    parts = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    given = {number: _part(frame, init, part) for number, part in enumerate(parts) if number}
    call(frame, init, given, one.node)
    stored = {name: value for (position, name), value in init.summary.stored.items() if position == 0}
    return Value(
        NO_ATOMS,
        cls.full,
        fields={name: substituted(frame, value, given, one.node) for name, value in stored.items()},
    )


def _part(frame: Frame, init: Function, part: ast.arg) -> Value:
    """What the framework gives to a parameter of such a class; what is injected into it in turn is not looked at."""
    kind = annotated(part.annotation, init.module)
    default = defaults_of(init.node.args).get(part.arg)
    called = dotted(default.func).rpartition(".")[2] if isinstance(default, ast.Call) else ""
    if called in _INJECTED or _names_injected(part.annotation):
        return Value(NO_ATOMS, kind)
    return of_handler(frame, HandlerParameter(init, part, kind, default), lambda *_: NOTHING)


def defaults_of(given: ast.arguments) -> dict[str, ast.expr]:
    """The parameters' defaults by their names."""
    placed = [*given.posonlyargs, *given.args]
    found = {
        one.arg: default
        for one, default in zip(placed[len(placed) - len(given.defaults) :], given.defaults, strict=True)
    }
    found.update(
        (one.arg, default) for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default
    )
    return found
