"""Python's own parser, one text at a time.

CPython counts the depth of a tree under construction in one place for all threads.  When another thread gets its turn
in the middle of it, parsing ends with `SystemError: AST constructor recursion depth mismatch`, whatever the text
(python/cpython#106905).
"""

from __future__ import annotations

import ast
from threading import Lock
from typing import Literal

_TRIES = 3
_turn = Lock()


def parse_python(text: str, mode: Literal["exec", "eval"] = "exec") -> ast.AST:
    """The tree of a text.

    Raises:
        SyntaxError: it is no Python.
        ValueError, RecursionError, MemoryError: as `ast.parse` raises them.
    """
    for tries_left in reversed(range(_TRIES)):
        try:
            with _turn:
                return ast.parse(text, mode=mode)
        except SystemError:  # a library that parses for itself came in between
            if not tries_left:
                raise
    raise AssertionError  # the last try returns or raises


def parse_module(text: str) -> ast.Module:
    """The tree of a text that is a module; raises as `parse_python` does."""
    tree = parse_python(text)
    assert isinstance(tree, ast.Module)  # noqa: S101  # asked for by the mode
    return tree


def parse_expression(text: str) -> ast.expr:
    """The tree of a text that is one expression; raises as `parse_python` does."""
    tree = parse_python(text, "eval")
    assert isinstance(tree, ast.Expression)  # noqa: S101  # asked for by the mode
    return tree.body
