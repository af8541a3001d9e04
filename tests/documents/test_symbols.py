from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.documents.symbols import import_name

STDLIB = Path(ast.__file__).parent
MODULES = [
    "abc",
    "argparse",
    "ast",
    "asyncio/tasks",
    "base64",
    "calendar",
    "collections/__init__",
    "configparser",
    "contextlib",
    "csv",
    "dataclasses",
    "datetime",
    "difflib",
    "enum",
    "functools",
    "heapq",
    "http/client",
    "inspect",
    "json/decoder",
    "logging/__init__",
    "typing",
    "unittest/mock",
]


@pytest.mark.parametrize("name", MODULES)
def test_standard_library_is_indexed(name: str) -> None:
    text = (STDLIB / f"{name}.py").read_text("utf-8")
    module = read_module(f"{name}.py", text)
    top = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    assert {node.name for node in top} <= {symbol.name for symbol in module.symbols}
    for symbol in module.symbols:
        if symbol.kind in {"class", "function", "method", "property"}:
            last = symbol.name.rpartition(".")[2]
            word = "class" if symbol.kind == "class" else "def"
            assert f"{word} {last}" in " ".join(module.lines[symbol.line - 1].split())
        read_docstring(symbol.docstring)


def test_payment(corpus) -> None:
    module = read_module("payment.py", corpus("payment.py"))
    assert [(s.kind, s.name, s.line) for s in module.public] == [
        ("constant", "LIMIT_CENTS", 5),
        ("class", "PaymentError", 8),
        ("function", "process_payment", 12),
        ("class", "Ledger", 30),
        ("method", "Ledger.record", 34),
        ("property", "Ledger.total", 41),
    ]
    pay = module.named("process_payment")
    assert pay
    assert pay.raises == ("PaymentError", "ValueError")
    assert [(p.name, p.kind, p.required, p.default) for p in pay.parameters or ()] == [
        ("user_id", "either", True, None),
        ("amount", "either", True, None),
        ("currency", "keyword", False, "'EUR'"),
        ("dry_run", "keyword", False, "False"),
    ]
    record = module.named("Ledger.record")
    assert record
    assert [(p.name, p.kind) for p in record.parameters or ()] == [
        ("amount", "positional"), ("note", "either"), ("tags", "variadic"), ("extra", "keywords"),
    ]  # fmt: skip
    ledger = module.named("Ledger")
    assert ledger
    assert [p.name for p in ledger.parameters or ()] == ["path"]


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("def f(a, /, b, *, c=1): ...", "def f(a, /, b, *, c=1)"),
        ("def f(*a: int, c: int = 2, **k) -> str: ...", "def f(*a: int, c: int = 2, **k) -> str"),
        ("async def f(a=1, /): ...", "async def f(a=1, /)"),
    ],
)
def test_signatures_are_shown_as_written(header: str, shown: str) -> None:
    assert read_module("m.py", header).symbols[0].signature == shown


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("__all__ = ['_a']\ndef _a(): ...\ndef b(): ...", ["_a"]),
        ("if True:\n    def a(): ...\nelse:\n    b = 1", ["a"]),
        ("try:\n    import x\nexcept ImportError:\n    def x(): ...", ["x"]),
        ("class _A:\n    def b(self): ...", []),
        ("from typing import overload\n@overload\ndef f(a: int): ...\ndef f(a, b=1): ...", ["f"]),
    ],
)
def test_what_is_public(code: str, names: list[str]) -> None:
    assert [symbol.name for symbol in read_module("m.py", code).public] == names


@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        ("@dataclass\nclass A:\n    x: int\n    y: int = 1", ["x", "y"]),
        ("@dataclass\nclass A:\n    x: int\n@dataclass\nclass B(A):\n    z: int", ["x", "z"]),
        ("class A(Unknown): ...", None),
        ("class A: ...", []),
    ],
)
def test_constructors(code: str, parameters: list[str] | None) -> None:
    last = read_module("m.py", code)
    found = [symbol for symbol in last.symbols if symbol.kind == "class"][-1].parameters
    assert (found if found is None else [p.name for p in found]) == parameters


@pytest.mark.parametrize(
    ("path", "name"),
    [("src/shop/__init__.py", "shop"), ("shop/a.py", "shop.a"), ("code.py", "code"), ("__init__.py", "__init__")],
)
def test_import_names(path: str, name: str) -> None:
    assert import_name(path) == name


@pytest.mark.parametrize(
    "text",
    [
        "Sum.\n\nArgs:\n    a: The a.\n\nReturns:\n    A thing: fine.\n\nRaises:\n    ValueError: bad.\n",
        "Sum.\n\n:param a: The a.\n:raises ValueError: bad.\n:returns: A thing: fine.\n",
        (
            "Sum.\n\nParameters\n----------\na : int\n    The a.\n\nReturns\n-------\nint\n    A thing: fine.\n\n"
            "Raises\n------\nValueError\n    bad.\n"
        ),
    ],
)
def test_docstring_styles(text: str) -> None:
    doc = read_docstring(text)
    assert (doc.summary, dict(doc.parameters), doc.returns, dict(doc.raises)) == (
        "Sum.", {"a": "The a."}, "A thing: fine.", {"ValueError": "bad."},
    )  # fmt: skip


@given(st.from_regex(r"[A-Z][a-z ]{0,30}\.", fullmatch=True))
def test_a_docstring_without_sections_is_all_text(text: str) -> None:
    assert read_docstring(text).text == text.strip()


@pytest.mark.parametrize("text", ["def", "(" * 5000, "\0", "-" * 100_000 + "1"])
def test_what_is_not_python_raises_as_documented(text: str) -> None:
    with pytest.raises((SyntaxError, ValueError, RecursionError, MemoryError)):
        read_module("m.py", text)
