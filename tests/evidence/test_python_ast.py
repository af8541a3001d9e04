"""Parsing in many threads at once."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor

import pytest

from manyeyes_tools import python_ast
from manyeyes_tools.python_ast import parse_expression, parse_module

DEEP = "x = " + "(" * 60 + "1" + ")" * 60 + "\n" + "def f():\n    return [i for i in range(3)]\n" * 40


def test_many_threads_parse_at_once():
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(parse_module, [DEEP] * 64))
    assert {len(tree.body) for tree in trees} == {41}


def test_a_parse_that_another_thread_disturbed_is_made_again(monkeypatch):
    failures = [SystemError("AST constructor recursion depth mismatch")] * 2
    real = ast.parse

    def parse(text, **more):
        if failures:
            raise failures.pop()
        return real(text, **more)

    monkeypatch.setattr(python_ast.ast, "parse", parse)
    assert isinstance(parse_expression("1 + 1"), ast.BinOp)
    failures[:] = [SystemError("again")] * 3
    with pytest.raises(SystemError):
        parse_module("x = 1")


def test_what_is_no_python_is_told():
    with pytest.raises(SyntaxError):
        parse_module("def (")
