"""Where docstrings and comments say what the code does not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.documents.disagreement import Disagreement
from manyeyes_tools.documents.examples import Example, check_example, plain_example
from manyeyes_tools.documents.instead import as_called, as_written, short
from manyeyes_tools.documents.statements import SENTENCE, faults
from manyeyes_tools.documents.topic import Topic

if TYPE_CHECKING:
    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Symbol


def check_docstrings(facts: Facts) -> list[Disagreement]:  # noqa: C901, PLR0912 -- one flat loop over what a docstring says
    """Where docstrings and comments speak of parameters that are not there, or of other defaults and types."""
    from manyeyes_tools.documents.docstrings import reader as reader_of

    found: list[Disagreement] = []
    for module in facts.modules:
        read = reader_of(module)
        for symbol in module.symbols:
            if not symbol.docstring or symbol.kind in {"attribute", "constant"}:
                continue
            doc = read(symbol.docstring)
            at = Topic(symbol, module, lenient=True)

            def tell(said: str, instead: str, symbol: Symbol = symbol) -> None:
                found.append(Disagreement(path=symbol.path, line=symbol.line, said=short(said), instead=short(instead)))

            there = facts.parameters(symbol)
            own = {one.name.lstrip("$&") for one in there or ()} | facts.members.get((symbol.path, symbol.name), set())
            for name, text in doc.parameters.items():
                plain = name.lstrip("*$&").partition(".")[0]
                parameter = facts.named(symbol, plain)
                if there is not None and symbol.callable and re.fullmatch(r"\w+", plain) and plain not in own:
                    tell(f"{symbol.name}: the documentation describes the parameter {plain}", as_called(symbol))
                    continue
                for sentence in SENTENCE.split(text):
                    for fault in faults(sentence, replace(at, parameter=parameter), facts):
                        if fault.what in {"default", "type"} and parameter is not None:
                            tell(f"{symbol.name}: {sentence}", as_written(parameter))
            for example in doc.examples if module.language == "python" else ():
                wrong = check_example(Example(plain_example(example), symbol), module, facts.modules, guide=True)
                if wrong.startswith("gives"):
                    tell(f"{symbol.name}: an example {wrong}", as_called(symbol))
            for sentence in SENTENCE.split(" ".join(doc.text.split())):
                for fault in faults(sentence, at, facts):
                    if fault.what in {"default", "type", "member", "route"}:
                        tell(f"{symbol.name}: {sentence}", fault.instead or f"no {fault.said}")
    return found
