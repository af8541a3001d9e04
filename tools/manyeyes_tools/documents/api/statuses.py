"""HTTP statuses: as code writes them, and what they are called."""

from __future__ import annotations

import ast
from http import HTTPStatus

from manyeyes_tools.documents.api.endpoints import last


def status_of(node: ast.expr | None) -> int | None:
    """An HTTP status written as a number, as text, or by its constant (`status.HTTP_201_CREATED`, `HTTPStatus.OK`)."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | str):
        return status(node.value)
    name = last(node)
    if name == "value" and isinstance(node, ast.Attribute):
        name = last(node.value)
    if name.startswith("HTTP_") and name[5:8].isdigit():
        return int(name[5:8])
    return HTTPStatus[name].value if name in HTTPStatus.__members__ else None


def status(value: object) -> int | None:
    """A status given as a number or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    number = str(value).partition(" ")[0]
    return int(number) if number.isascii() and number.isdigit() and 100 <= int(number) <= 599 else None  # noqa: PLR2004 -- statuses by their numbers


def phrase(number: int) -> str:
    """What a status is called."""
    if number == HTTPStatus.OK:
        return "Successful Response"
    return next((known.phrase for known in HTTPStatus if known == number), "Response")
