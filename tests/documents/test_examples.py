from __future__ import annotations

import pytest

from manyeyes_tools.documents.examples import Example, check_example, plain_example
from manyeyes_tools.documents.markdown import block, code, inline
from manyeyes_tools.documents.python_symbols import read_module

CODE = """
import json
class Box:
    def __init__(self, size: int): self.size = size
    def put(self, what, *, times=1): ...
    def copy(self) -> Box: ...
def make(n: int = 1) -> Box: ...
def spread(*items, **options): ...
"""
HOME = read_module("shop/box.py", CODE)


@pytest.mark.parametrize(
    ("example", "fault"),
    [
        ("make(n=2).put('x', times=3)", ""),
        ("from shop.box import make\nb = make()\nb.put('x')\nprint(b.size)", ""),
        ("from box import make\nmake()", ""),
        ("import json\nprint(json.dumps(make().size))", ""),
        ("spread(1, 2, three=3); make()", ""),
        ("for i in range(3):\n    make(i)", ""),
        ("make(", "does not parse"),
        ("print(1)", "does not use its symbol"),
        ("make(m=2)", "gives a parameter that does not exist"),
        ("make(1, 2)", "gives too many arguments"),
        ("make(); Box()", "leaves out a required parameter"),
        ("b = make()\nb.take('x')", "uses a member that does not exist: Box.take"),
        ("b = make()\nb.put('x', speed=1)", "gives a parameter that does not exist"),
        ("make().copy().put('x', speed=1)", "gives a parameter that does not exist"),
        ("make(); break_it()", "names something that does not exist: break_it"),
        ("from shop.box import made\nmake()", "imports a name that does not exist: made from shop.box"),
        ("import warehouse\nmake()", "imports a module that does not exist: warehouse"),
        ("import shop.box\nshop.box.made()\nshop.box.make()", "uses a name that its module does not define"),
    ],
)
def test_examples_are_held_against_the_source(example: str, fault: str) -> None:
    make = HOME.named("make")
    assert make
    assert check_example(Example(example, make), HOME, [HOME]) == fault


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("```python\nf()\n```", "f()"),
        (">>> f()\n3\n>>> for x in y:\n...     g(x)", "f()\nfor x in y:\n    g(x)"),
        ("  ", ""),
    ],
)
def test_examples_lose_fences_and_prompts(text: str, plain: str) -> None:
    assert plain_example(text) == plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b> `<c>`", "a \\<b> `<c>`"),
        ("# Title", "**Title**"),
        ("Title\n=====\ntext", "**Title**\n\ntext"),
        (">>> f()\n3\n\nrest", "```python\n>>> f()\n3\n```\n\nrest"),
        ("```\n<b> # x\n```", "```\n<b> # x\n```"),
        ("```\nnever closed", "\\`\\`\\`\nnever closed"),
    ],
)
def test_text_cannot_change_the_document_around_it(text: str, shown: str) -> None:
    assert block(text) == shown


def test_code_spans_hold_back_ticks() -> None:
    assert (code("a`b"), code("`"), code("")) == ("``a`b``", "`` ` ``", "")
    assert inline("a\n <b>") == "a \\<b>"
