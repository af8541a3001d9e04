"""Blocks of code in a document: definitions and examples."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.examples import Example, check_example, plain_example
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.documents.told_signatures import compare_signature, told_parameters

if TYPE_CHECKING:
    from markdown_it.token import Token

    from manyeyes_tools.documents.place import Reader
    from manyeyes_tools.documents.symbols import Module, Symbol

_DEFINES = re.compile(r"^(?:@.*\n)*\s*(?:async\s+def|def|class)\s", re.MULTILINE)
_NOT_OF_A_GUIDE = ("names something", "does not", "imports a module", "leaves out")
"""What is no fault in a guide: its examples go on from each other and leave out what goes without saying."""


def check_code(token: Token, line: int, reader: Reader) -> None:  # noqa: C901 -- one branch for each use of a block
    """Hold a block of code against the symbol that the text there is about."""
    code = token.content.rstrip("\n")
    language = token.info.strip().partition(" ")[0].lower()
    symbol, entry = reader.symbol, reader.entry
    if code.strip() in reader.blocks and code.strip() not in reader.definitions:
        return  # it stands in a docstring
    if entry is not None and (code in {entry.definition.rstrip("\n"), *(one.rstrip("\n") for one in entry.examples)}):
        return
    if (
        reader.generated
        and reader.label not in {"example", "examples"}
        and entry is not None
        and entry.symbol.kind != "module"
    ):
        before = len(reader.found)
        told = told_parameters(code) if _DEFINES.search(code) else None
        if told is not None:
            compare_signature(told[0], told[1], entry.symbol, line, reader, whole=True)
        if len(reader.found) == before:
            reader.disagree(line, code, entry.definition)
        return
    if language not in {"python", "py", "python3", "pycon", "", "py3"} or not (language or ">>>" in code):
        return
    if _DEFINES.match(code) and (told := told_parameters(code)) is not None:
        name = re.search(r"def\s+(\w+)", code)
        about = symbol if symbol is not None and name and symbol.name.rpartition(".")[2] == name[1] else None
        if about is not None:
            compare_signature(told[0], told[1], about, line, reader, whole=False)
        return
    home = reader.facts.homes[symbol.path] if symbol is not None else None
    plain = plain_example(code)
    if home is None or symbol is None:
        home, symbol = _standalone(reader)
    if home is not None and symbol is not None and home.language == "python":
        fault = check_example(Example(plain, symbol), home, reader.facts.modules, guide=not reader.generated)
        if fault and not (not reader.generated and fault.startswith(_NOT_OF_A_GUIDE)):
            reader.disagree(line, f"example that {fault}", "what the signatures allow")


def _standalone(reader: Reader) -> tuple[Module | None, Symbol | None]:
    """An empty module, in which an example has only what it imports."""
    if not reader.facts.modules:
        return None, None
    home = read_module("", "")
    return home, home.itself
