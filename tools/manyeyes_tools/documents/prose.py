"""What a model may say of symbols, and what is left of it after each claim was held against the source."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel, Field

from manyeyes_tools.documents.docstrings import reader
from manyeyes_tools.documents.examples import Example, check_example, foreign_fault, plain_example
from manyeyes_tools.documents.statements import SENTENCE, corrected, faults
from manyeyes_tools.documents.symbols import Parameter
from manyeyes_tools.documents.topic import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Module, Symbol

_LINK = re.compile(r"\]\s?[(\[]|\]:|\b\w+://\S+|\bwww\.\S+|<(?:[\w.+-]+@[\w.-]+|[A-Za-z][\w+.-]*:[^\s>]*)>")


class NamedDraft(BaseModel):
    """A parameter or an exception, and what a model says of it."""

    name: str
    description: str


class SymbolDraft(BaseModel):
    """What a model says of one symbol, not yet checked."""

    symbol: str
    summary: str
    details: str
    parameters: list[NamedDraft]
    returns: str
    raises: list[NamedDraft]
    example: str


class Drafts(BaseModel):
    """A model's answer for one batch of symbols."""

    symbols: list[SymbolDraft] = Field(description="one entry for each symbol of the list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """What a model said of one symbol and the source bears out."""

    summary: str = ""
    details: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""
    raises: Mapping[str, str] = field(default_factory=dict)
    example: str = ""


Removed: TypeAlias = "Counter[str]"
"""How many claims were removed or corrected, by what was done and why."""

Told: TypeAlias = "Mapping[str, Prose]"
"""What models said, by the symbol's identifier."""


def identifier(symbol: Symbol) -> str:
    """How a symbol is named to a model: its file and its dotted name; a module by its file alone."""
    return symbol.path if symbol.kind == "module" else f"{symbol.path}::{symbol.name}"


def ground(drafts: Sequence[SymbolDraft], asked: Sequence[Symbol], facts: Facts) -> tuple[dict[str, Prose], Removed]:
    """Keep what the source bears out, correct what it tells better, and count both, by reason."""
    wanted = {identifier(symbol): symbol for symbol in asked}
    removed: Removed = Counter()
    kept: dict[str, Prose] = {}
    for draft in drafts:
        symbol = wanted.get(draft.symbol)
        if symbol is None or draft.symbol in kept:
            removed["removed: symbol that was not asked for"] += 1
            continue
        kept[draft.symbol] = _ground_one(draft, symbol, facts, removed)
    return kept, removed


def _ground_one(draft: SymbolDraft, symbol: Symbol, facts: Facts, removed: Removed) -> Prose:
    home = facts.homes[symbol.path]
    about = Topic(symbol, home)
    meant = {parameter.name.lstrip("$&"): parameter for parameter in _describable(symbol, home)}
    said: dict[str, str] = {}
    for item in draft.parameters:
        name = item.name.strip("`*&$ ")
        parameter = meant.get(name)
        if parameter is None:
            removed["removed: parameter that does not exist"] += 1
        elif description := borne_out(item.description, replace(about, parameter=parameter), facts, removed):
            said[parameter.name] = description
    exceptions = {*symbol.raises, *reader(home)(symbol.docstring).raises}
    raised: dict[str, str] = {}
    for item in draft.raises:
        name = item.name.strip("` ")
        if name not in exceptions:
            removed["removed: exception that the source does not raise by name"] += 1
        elif description := borne_out(item.description, about, facts, removed):
            raised[name] = description
    returns = draft.returns
    if symbol.returns and (wrong := faults(f"Returns {returns}", about, facts)):
        returns = corrected(f"Returns {returns}", wrong).removeprefix("Returns ")
        removed[f"{'corrected' if returns else 'removed'}: wrong return type"] += 1
    return Prose(
        summary=borne_out(draft.summary, about, facts, removed),
        details=borne_out(draft.details, about, facts, removed),
        parameters=said,
        returns=borne_out(returns, about, facts, removed),
        raises=raised,
        example=_example(draft.example, symbol, home, facts, removed),
    )


def _describable(symbol: Symbol, home: Module) -> tuple[Parameter, ...]:
    """What of a symbol is told in a table: its parameters, and the public fields of a type."""
    fields = tuple(
        Parameter(name=one.name.rpartition(".")[2], annotation=one.annotation, default=one.value or None)
        for one in (home.members(symbol) if symbol.kind in _WITH_FIELDS else ())
        if one.kind == "attribute" and one.public
    )
    return (*fields, *(symbol.parameters or ()))


def _example(text: str, symbol: Symbol, home: Module, facts: Facts, removed: Removed) -> str:
    example = plain_example(text)
    if not example:
        return ""
    if home.language == "python":
        fault = check_example(Example(code=example, symbol=symbol), home, facts.modules)
    else:
        fault = foreign_fault(example, symbol, home)
    if fault:
        removed[f"removed: example that {fault}"] += 1
        return ""
    return example


def borne_out(text: str, topic: Topic, facts: Facts, removed: Removed) -> str:
    """The sentences of a text whose claims the source bears out; wrong values are put right, the rest is left out."""
    kept = []
    for sentence in SENTENCE.split(" ".join(text.split())):
        if _LINK.search(sentence):
            removed["removed: sentence with a link"] += 1  # prose needs none, and a link can carry data away
            continue
        found = faults(sentence, topic, facts)
        if not found:
            kept.append(sentence)
        elif right := corrected(sentence, found):
            kept.append(right)
            for fault in found:
                removed[f"corrected: wrong {fault.what}"] += 1
        else:
            removed[f"removed: {_REASONS.get(found[0].what) or f'sentence with a wrong {found[0].what}'}"] += 1
    return " ".join(kept).strip()


_REASONS = {
    "name": "sentence with a name that the source does not have",
    "member": "sentence with a member that does not exist",
    "exception": "sentence with an exception that the source does not raise",
    "parameter": "sentence with a parameter that does not exist",
    "call": "sentence with a call that does not fit",
}
_WITH_FIELDS = frozenset({"class", "interface", "struct", "enum", "table", "type"})
