"""The plain values of expressions, and whether conditions hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.documents.api.arithmetic import computed, constant, is_arithmetic, is_number
from manyeyes_tools.documents.api.scopes import FUNCTIONS
from manyeyes_tools.documents.api.values import DEEP, UNKNOWN, Closure, Expression, External, Instance, Made, is_nothing

if TYPE_CHECKING:
    from manyeyes_tools.documents.api.evaluation import Evaluator
    from manyeyes_tools.documents.api.scopes import Scope


class Literals:
    """Tells plain values, as far as the files tell them."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._telling: set[tuple[int, int]] = set()

    def text(self, node: ast.expr | Expression | None, scope: Scope | None = None) -> str | None:
        """The text that an expression stands for; None when it is no text or not known."""
        value = self.literal(node, scope)
        return value if isinstance(value, str) else None

    def literal(self, node: ast.expr | Expression | None, scope: Scope | None = None) -> object:
        """The plain value of an expression; `UNKNOWN` when it cannot be told."""
        if isinstance(node, Expression):
            return self.literal(node.node, node.scope)
        if node is None or scope is None:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return node.value
        key = (id(node), id(scope))
        if key in self._telling or len(self._telling) > DEEP:
            return UNKNOWN  # it is defined by itself
        self._telling.add(key)
        try:
            return self._literal(node, scope)
        finally:
            self._telling.discard(key)

    def _literal(self, node: ast.expr, scope: Scope) -> object:  # noqa: C901, PLR0911 -- one case for each form of literal
        match node:
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self._literals(items, scope)
            case ast.Dict():
                return self._mapping(node, scope)
            case ast.JoinedStr(values=parts):
                return self._joined(parts, scope)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                one, other = self.literal(left, scope), self.literal(right, scope)
                if (isinstance(one, str) and isinstance(other, str)) or (
                    isinstance(one, list) and isinstance(other, list)
                ):
                    return one + other  # type: ignore[operator]  # both are text or both are lists
                if is_number(one) and is_number(other):
                    return one + other  # type: ignore[operator]  # both are numbers
                return UNKNOWN
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                one, other = self.literal(left, scope), self.literal(right, scope)
                return {**one, **other} if isinstance(one, dict) and isinstance(other, dict) else UNKNOWN
            case ast.BinOp() | ast.UnaryOp() if is_arithmetic(node):
                return computed(node)
            case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in {
                "format",
                "lower",
                "upper",
                "strip",
                "rstrip",
                "lstrip",
                "join",
            }:
                return self._text_method(node, base, name, scope)
            case ast.Call():
                found = self._evaluator.value(node, scope)
                if isinstance(found, Made):
                    return self._made_literal(found)
                told = self.literal(found) if isinstance(found, Expression) and found.node is not node else UNKNOWN
                return self._returned(node, scope) if told is UNKNOWN else told
            case _:
                return self._followed(node, scope)

    def _returned(self, call: ast.Call, scope: Scope) -> object:
        """The first plain value among what a function may return."""
        called = self._evaluator.value(call.func, scope)
        if not isinstance(called, Closure) or not isinstance(called.node, FUNCTIONS):
            return UNKNOWN
        frame = self._evaluator.frame(called, call, scope)
        if frame is None:
            return UNKNOWN
        values = (self.literal(one, frame) for one in self._evaluator.results(called.node) if not is_nothing(one))
        return next((one for one in values if one is not UNKNOWN and one), UNKNOWN)

    def _followed(self, node: ast.expr, scope: Scope) -> object:
        found = self._evaluator.value(node, scope)
        if isinstance(found, Expression) and found.node is not node:
            told = self.literal(found)
            return self._otherwise(node, scope) if told is UNKNOWN and isinstance(node, ast.Name) else told
        if isinstance(found, Made):
            return self._made_literal(found)
        if isinstance(node, ast.Attribute) and node.attr == "value":
            return self.literal(node.value, scope)
        if isinstance(found, External):
            return constant(found.name)
        return UNKNOWN

    def _otherwise(self, name: ast.Name, scope: Scope) -> object:
        """The plain value of a name that a call gives, of which the likeliest return tells none."""
        place: Scope | None = scope
        while place is not None and name.id not in place.bindings and name.id not in place.given:
            place = place.parent
        if place is None or name.id in place.given:
            return UNKNOWN
        calls = [one for one in place.bindings[name.id] if isinstance(one, ast.Call)]
        return self._returned(calls[-1], place) if calls else UNKNOWN

    def _made_literal(self, found: Made) -> object:
        if found.last in {"getenv", "get"} and found.name in {"os.getenv", "os.environ.get"}:
            return self.literal(self._evaluator.given(found.call, found.scope).get("default", 1))
        if found.name in {"str", "list", "tuple", "set", "frozenset"} and len(found.call.args) == 1:
            return self.literal(found.call.args[0], found.scope)
        if found.name == "dict" and not found.call.args:
            words = self._evaluator.given(found.call, found.scope).words
            return {name: self.literal(value) for name, value in words.items()}
        if found.last == "auto":
            return UNKNOWN
        unwrapped = self._evaluator.unwrapped(found)
        return self.literal(unwrapped) if isinstance(unwrapped, Expression) else UNKNOWN

    def _literals(self, items: list[ast.expr], scope: Scope) -> object:
        result: list[object] = []
        for item in items:
            if isinstance(item, ast.Starred):
                inner = self.literal(item.value, scope)
                if not isinstance(inner, list):
                    return UNKNOWN
                result.extend(inner)
                continue
            value = self.literal(item, scope)
            if value is UNKNOWN:
                return UNKNOWN
            result.append(value)
        return result

    def _mapping(self, node: ast.Dict, scope: Scope) -> object:
        result: dict[object, object] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            told = self.literal(value, scope)
            if key is None and isinstance(told, dict):
                result.update(told)
                continue
            name = self.literal(key, scope) if key is not None else UNKNOWN
            if told is UNKNOWN or name is UNKNOWN or isinstance(name, list | dict):
                return UNKNOWN
            result[name] = told
        return result

    def _joined(self, parts: list[ast.expr], scope: Scope) -> object:
        result = ""
        for part in parts:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            value = self.literal(inner, scope)
            if value is UNKNOWN or isinstance(value, list | dict):
                return UNKNOWN
            result += str(value)
        return result

    def _text_method(self, call: ast.Call, base: ast.expr, name: str, scope: Scope) -> object:
        text = self.text(base, scope)
        given = [self.literal(argument, scope) for argument in call.args]
        words = {word.arg: self.literal(word.value, scope) for word in call.keywords if word.arg}
        if text is None or UNKNOWN in given or UNKNOWN in words.values():
            return UNKNOWN
        try:
            if name == "join":
                return text.join(str(one) for one in given[0]) if given and isinstance(given[0], list) else UNKNOWN
            if name == "format":
                plain = all(isinstance(one, str | int) for one in [*given, *words.values()])
                return text.format(*given, **words) if plain and "[" not in text and "." not in text else UNKNOWN
            return getattr(text, name)(*[str(one) for one in given])
        except (IndexError, KeyError, ValueError, TypeError, AttributeError):
            return UNKNOWN

    def truth(self, test: ast.expr, scope: Scope, depth: int = 0) -> bool | None:  # noqa: C901, PLR0911 -- one branch, and one return, for each form of condition
        """Whether a condition holds; None when that cannot be told."""
        if depth > DEEP:
            return None
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                known = self.truth(inner, scope, depth + 1)
                return None if known is None else not known
            case ast.BoolOp(op=op, values=values):
                every = [self.truth(value, scope, depth + 1) for value in values]
                settling = isinstance(op, ast.Or)
                return settling if settling in every else None if None in every else not settling
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
                found = self._evaluator.value(left, scope)
                if found is None or (isinstance(found, External) and isinstance(left, ast.Name)):
                    return None
                nothing = isinstance(found, Expression) and is_nothing(found.node)
                if (
                    not nothing
                    and isinstance(found, Expression)
                    and not isinstance(found.node, ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.JoinedStr)
                ):
                    return None
                return nothing if isinstance(op, ast.Is) else not nothing
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                return None
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]):
                one, other = self.literal(left, scope), self.literal(right, scope)
                if UNKNOWN in (one, other):
                    return None
                return (one == other) is isinstance(op, ast.Eq)
            case _:
                found = self._evaluator.value(test, scope)
                if isinstance(found, Closure | Instance):
                    return True
                told = self.literal(test, scope)
                return None if told is UNKNOWN else bool(told)
