"""Defaults as texts tell them, against what the source gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.told_values import is_plain, same_value, within

if TYPE_CHECKING:
    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Parameter
    from manyeyes_tools.documents.topic import Topic


def default_agrees(  # noqa: C901, PLR0911 -- the first kind of default that fits answers
    said: str, parameter: Parameter, topic: Topic, facts: Facts
) -> bool:
    """Whether a default as told is the one of the source, or what the source makes of it."""
    written = parameter.default
    if written is None and topic.lenient and topic.symbol is not None and topic.symbol.kind == "class":
        return True  # an attribute, which gets its value somewhere
    if written is None:
        return parameter.kind in {"variadic", "keywords"} and same_value(said, "()")
    if same_value(said, written):
        return True
    if not is_plain(written):  # a constant, a sentinel, `field(default=3)`
        for symbol in facts.by_name.get(written.rpartition(".")[2], ()):
            if symbol.value and (same_value(said, symbol.value) or within(said, symbol.value)):
                return True
            if symbol.kind in {"attribute", "constant"} and symbol.value and is_plain(symbol.value):
                return False
        if within(said, written):
            return True
        if "(" in written and written.partition("(")[0].rpartition(".")[2] in {"Field", "field", "Query", "Option"}:
            return False
    if written in {"None", "undefined", "..."} or not is_plain(written):
        if topic.lenient and written in {"None", "undefined"}:
            return True  # what is used where None is given may be decided elsewhere
        return topic.symbol is not None and _made_in_body(said, parameter.name, facts.literals(topic.symbol))
    return False


def _made_in_body(said: str, name: str, body: str) -> bool:
    """Whether a value is put in the place of what was not given, on a line that speaks of the parameter."""
    lines = body.split("\n")
    near = [
        place
        for place, line in enumerate(lines)
        if re.search(rf"\b{re.escape(name)}\b\s*(?:=|or\b|is\b|\?\?|\|\|)", line)
    ]
    return any(within(said, "\n".join(lines[place : place + 3])) for place in near)
