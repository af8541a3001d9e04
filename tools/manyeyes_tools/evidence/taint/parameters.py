"""What the parameters of a function stand for when it is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.annotations import annotated
from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS, TEXT_KINDS
from manyeyes_tools.evidence.taint.frames import NESTED, Frame
from manyeyes_tools.evidence.taint.handling.handlers import REQUEST_TYPES
from manyeyes_tools.evidence.taint.handling.parameters import (
    SIMPLE,
    Calls,
    HandlerParameter,
    defaults_of,
    names_enumeration,
    of_handler,
)
from manyeyes_tools.evidence.taint.handling.routes import route_integers
from manyeyes_tools.evidence.taint.sources import FRAMEWORKS, REQUEST
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.taint.definitions import Function

_PASSED = frozenset(
    {"form", "serializer", "queryset", "context", "obj", "instance", "exception", "exc", "view", "response"}
)
"""Parameters of a handler class's methods that hold objects of the framework."""
_REQUEST_NAMES = frozenset({"Request", "HttpRequest", "WSGIRequest", "AuthenticatedHttpRequest"})
_WEB = frozenset(one.name for one in FRAMEWORKS)
_UNTOUCHED = Atom(0, 0, 0, None)


def parameters(frame: Frame, function: Function, call: Calls) -> dict[str, Value]:
    """What the parameters of a function stand for when it is followed.

    Args:
        frame: The function's own.
        function: The function.
        call: Calls a function of the project that a framework calls to give a parameter its value.
    """
    given = function.node.args
    placed = [*given.posonlyargs, *given.args]
    env: dict[str, Value] = {}
    start = 0
    if placed and function.owner is not None and not function.static:
        env[placed[0].arg] = _own(frame, placed[0].arg, 0, function.owner.full)
        start = 1
    every = [*placed, *given.kwonlyargs]
    handled = _Handled(frame, function, defaults_of(given), call) if function.handler else None
    for number in range(start, len(every)):
        one = every[number]
        kind = annotated(one.annotation, function.module) if one.annotation is not None else ""
        if _is_request(frame, function, one, kind):
            env[one.arg] = Value(NO_ATOMS, REQUEST)
        elif handled is not None:
            env[one.arg] = handled.value(one, kind, number)
        elif _is_harmless(frame, function, kind):
            env[one.arg] = NOTHING
        else:
            known = kind not in TEXT_KINDS and "~list" not in kind and kind not in SIMPLE
            env[one.arg] = _own(frame, one.arg, number, kind if known else "")
    _add_starred(frame, function, env, len(every))
    return env


def _own(frame: Frame, name: str, number: int, kind: str) -> Value:
    """A parameter whose value only whoever calls knows."""
    return Value({Origin("param", name, (), number + NESTED * frame.level): _UNTOUCHED}, kind)


def _is_request(frame: Frame, function: Function, one: ast.arg, kind: str) -> bool:
    if kind in REQUEST_TYPES:
        return True
    if one.arg not in {"request", "req"}:
        return False
    if one.annotation is None and (function.handler or _takes_request(frame, function)):
        return True
    return one.arg == "request" and kind.rpartition(".")[2] in _REQUEST_NAMES


def _takes_request(frame: Frame, function: Function) -> bool:
    position = 1 if function.owner is not None and not function.static else 0
    return len(function.parameters) > position and (
        not function.module.frameworks.isdisjoint(_WEB)
        or (function.parameters[position] == "request" and frame.project.web)
    )


def _is_harmless(frame: Frame, function: Function, kind: str) -> bool:
    return bool(kind) and (
        kind in HARMLESS_KINDS or kind == "typing.Literal" or names_enumeration(frame, kind, function.module)
    )


class _Handled:
    """Parameters of a function that a framework calls."""

    def __init__(self, frame: Frame, function: Function, defaults: dict[str, ast.expr], call: Calls) -> None:
        self.frame = frame
        self.function = function
        self.defaults = defaults
        self.numbers = route_integers(function) | frame.project.numbers
        self.call = call

    def value(self, one: ast.arg, kind: str, number: int) -> Value:
        """What one of them stands for."""
        frame, function = self.frame, self.function
        if function.handler == "filter":
            return frame.source("store", one.arg, one)
        if function.handler == "cli":
            return NOTHING if _is_harmless(frame, function, kind) else frame.source("cli", one.arg, one)
        if self._is_passed(one.arg):
            return _own(frame, one.arg, number, kind if kind not in SIMPLE else "")
        if one.arg in self.numbers:
            return NOTHING
        return of_handler(frame, HandlerParameter(function, one, kind, self.defaults.get(one.arg)), self.call)

    def _is_passed(self, name: str) -> bool:
        """Whether the framework passes an object of its own, or other code of the project a value."""
        owned, named = self.function.owner is not None, self.frame.project.path_names
        if name in _PASSED and owned:
            return True
        return not self.function.routed and name not in named and (bool(named) or owned or name in _PASSED)


def _add_starred(frame: Frame, function: Function, env: dict[str, Value], position: int) -> None:
    """`*args` and `**kwargs`."""
    given = function.node.args
    for star in (given.vararg, given.kwarg):
        if star is None:
            continue
        atoms = _own(frame, star.arg, position, "").atoms
        if function.handler and function.handler != "cli":
            atoms = frame.source("request", f"**{star.arg}", star).atoms if star is given.kwarg else NO_ATOMS
        env[star.arg] = Value(atoms, "~list" if star is given.vararg else "~dict")
        position += 1
