"""Signatures as a document tells them, against those of the source."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.documents.instead import as_called, as_written
from manyeyes_tools.documents.python_symbols import parameters_of
from manyeyes_tools.documents.symbols import Parameter
from manyeyes_tools.documents.told_defaults import default_agrees
from manyeyes_tools.documents.told_types import differs
from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from manyeyes_tools.documents.place import Reader
    from manyeyes_tools.documents.symbols import Symbol


def call_in_heading(name: str, line: int, symbol: Symbol, reader: Reader) -> None:
    """A heading such as `get(url, *, timeout=5)`: its parameters are those of the function."""
    told = told_parameters(f"def {name.partition('(')[0].rpartition('.')[2]}({name.partition('(')[2]}: ...")
    if told is not None and symbol.parameters is not None and symbol.callable:
        compare_signature(told, "", symbol, line, reader, whole=False)


def told_parameters(code: str) -> tuple[tuple[Parameter, ...], str] | None:
    """The parameters and the type of what is returned of a definition in a document; None when it is none."""
    for form in (code, f"{code}:\n    ...", f"{code}\n    ..."):
        try:
            tree = parse_module(form)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        node = next((one for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)), None)
        if node is not None:
            every = parameters_of(node)
            if every and every[0].name in {"self", "cls"}:
                every = every[1:]
            return every, ast.unparse(node.returns) if node.returns else ""
    return None


def compare_signature(  # noqa: C901 -- one branch for each part of a signature
    told: tuple[Parameter, ...] | tuple[tuple[Parameter, ...], str],
    returns: str,
    symbol: Symbol,
    line: int,
    reader: Reader,
    *,
    whole: bool,
) -> None:
    """A signature as told against the one of the source."""
    if told and isinstance(told[0], tuple):
        told, returns = told[0], str(told[1])
    there = {one.name: one for one in symbol.parameters or ()}
    topic = reader.topic()
    for one in told:
        assert isinstance(one, Parameter)  # noqa: S101 -- the other form was unpacked above
        written = there.get(one.name)
        if written is None:
            if symbol.parameters is not None and one.kind not in {"variadic", "keywords"} and one.name != "_":
                reader.disagree(line, f"{symbol.name}({one.shown})", as_called(symbol))
            continue
        told_default = one.default is not None or whole
        if (
            told_default
            and one.default != written.default
            and (whole or not default_agrees(one.default or "", written, topic, reader.facts))
        ):
            reader.disagree(line, f"{one.name} = {one.default}", as_written(written))
        both = one.annotation and written.annotation
        if (both and differs(one.annotation, written.annotation)) or (whole and one.annotation and not both):
            reader.disagree(line, f"{one.name}: {one.annotation}", as_written(written))
    if whole:
        for name in there:
            if all(isinstance(one, Parameter) and one.name != name for one in told):
                reader.disagree(line, f"{symbol.name} without {name}", as_called(symbol))
    if (returns or whole) and differs(returns, symbol.returns) and (whole or symbol.returns):
        reader.disagree(line, f"{symbol.name} returns {returns}", symbol.returns or "no type in the source")
