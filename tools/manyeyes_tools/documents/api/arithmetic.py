"""Plain numbers and well-known constants that expressions stand for."""

from __future__ import annotations

import ast

from manyeyes_tools.documents.api.values import DEEP, UNKNOWN


def is_number(value: object) -> bool:
    """Whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_arithmetic(node: ast.expr, depth: int = 0) -> bool:
    """Whether an expression is small arithmetic on numbers."""
    if depth > DEEP:
        return False
    match node:
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
            return is_arithmetic(inner, depth + 1)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), left=left, right=right):
            return is_arithmetic(left, depth + 1) and is_arithmetic(right, depth + 1)
        case _:
            return False


def computed(node: ast.expr) -> object:  # noqa: PLR0911 -- one case for each operator
    """The number that small arithmetic comes to."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=op, operand=inner):
            number = computed(inner)
            return (-number if isinstance(op, ast.USub) else number) if isinstance(number, int | float) else UNKNOWN
        case ast.BinOp(op=op, left=left, right=right):
            one, other = computed(left), computed(right)
            if not (isinstance(one, int | float) and isinstance(other, int | float)):
                return UNKNOWN
            if isinstance(op, ast.Add):
                return one + other
            if isinstance(op, ast.Sub):
                return one - other
            if isinstance(op, ast.Mult):
                return one * other
            return one / other if other else UNKNOWN
        case _:
            return UNKNOWN


def constant(name: str) -> object:
    """The values of a few well-known constants."""
    last = name.rpartition(".")[2]
    if last.startswith("HTTP_") and last[5:8].isdigit():
        return int(last[5:8])
    if ".HTTPStatus." in f".{name}":
        from http import HTTPStatus

        part = last if last != "value" else name.split(".")[-2]
        return HTTPStatus[part].value if part in HTTPStatus.__members__ else UNKNOWN
    return UNKNOWN
