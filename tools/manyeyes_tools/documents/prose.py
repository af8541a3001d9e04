"""What a model may say of symbols, and what is left of it after each claim was held against the source."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel, Field

from manyeyes_tools.documents.docstrings import read_docstring
from manyeyes_tools.documents.examples import Example, check_example, plain_example

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.documents.symbols import Module, Symbol

_WORD = re.compile(r"[A-Za-z_]\w*")
_QUOTED = re.compile(r"`+([^`\n]+)`+")
_NAME_LIKE = re.compile(r"\b[A-Za-z]\w*_\w+\b|\b[A-Za-z_][\w.]*(?=\(\))")
"""Words that read as identifiers without being quoted: `snake_case` and `call()`."""
_LINK = re.compile(r"\]\(|\b\w+://\S+|\bwww\.\S+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_ALWAYS_KNOWN = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"self", "cls", "e", "g", "i"}


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
"""How many claims were removed, by reason."""

Told: TypeAlias = "Mapping[str, Prose]"
"""What models said, by the symbol's identifier."""


def identifier(symbol: Symbol) -> str:
    """How a symbol is named to a model: its file and its dotted name; a module by its file alone."""
    return symbol.path if symbol.kind == "module" else f"{symbol.path}::{symbol.name}"


def ground(
    drafts: Sequence[SymbolDraft], asked: Sequence[Symbol], modules: Sequence[Module]
) -> tuple[dict[str, Prose], Removed]:
    """Keep what the source bears out and count what was removed, by reason."""
    wanted = {identifier(symbol): symbol for symbol in asked}
    homes = {module.path: module for module in modules}
    known: dict[str, frozenset[str]] = {}
    removed: Removed = Counter()
    kept: dict[str, Prose] = {}
    for draft in drafts:
        symbol = wanted.get(draft.symbol)
        if symbol is None or draft.symbol in kept:
            removed["symbol that was not asked for"] += 1
            continue
        if symbol.path not in known:
            known[symbol.path] = _words(homes[symbol.path], modules)
        kept[draft.symbol] = _ground_one(
            draft, symbol, homes[symbol.path], known[symbol.path], modules=modules, removed=removed
        )
    return kept, removed


def _ground_one(
    draft: SymbolDraft,
    symbol: Symbol,
    home: Module,
    known: frozenset[str],
    *,
    modules: Sequence[Module],
    removed: Removed,
) -> Prose:
    def sentences(text: str) -> str:
        return borne_out(text, known, removed)

    parameters = {parameter.name for parameter in symbol.parameters or ()}
    exceptions = {*symbol.raises, *read_docstring(symbol.docstring).raises}
    said: dict[str, str] = {}
    for item in draft.parameters:
        name = item.name.strip("`* ")
        if name not in parameters:
            removed["parameter that does not exist"] += 1
        elif description := sentences(item.description):
            said[name] = description
    raised: dict[str, str] = {}
    for item in draft.raises:
        name = item.name.strip("` ")
        if name not in exceptions:
            removed["exception that the source does not raise by name"] += 1
        elif description := sentences(item.description):
            raised[name] = description
    example = plain_example(draft.example)
    if example:
        fault = check_example(Example(code=example, symbol=symbol), home, modules)
        if fault:
            removed[f"example that {fault}"] += 1
            example = ""
    return Prose(
        summary=sentences(draft.summary),
        details=sentences(draft.details),
        parameters=said,
        returns=sentences(draft.returns),
        raises=raised,
        example=example,
    )


def borne_out(text: str, known: frozenset[str], removed: Removed) -> str:
    """The sentences of a text whose identifiers are all known; the others are counted as removed."""
    kept = []
    for sentence in _SENTENCE.split(" ".join(text.split())):
        if _LINK.search(sentence):
            removed["sentence with a link"] += 1  # prose needs none, and a link can carry data away
            continue
        quoted = " ".join(_QUOTED.findall(sentence))
        bare = " ".join(_NAME_LIKE.findall(_QUOTED.sub(" ", sentence)))
        if all(word in known for word in _WORD.findall(f"{_without_strings(quoted)} {bare}")):
            kept.append(sentence)
        else:
            removed["sentence with a name that the source does not have"] += 1
    return " ".join(kept).strip()


def _without_strings(code: str) -> str:
    """Quoted code without its string literals, whose words are examples, not names."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", " ", code)


def _words(home: Module, modules: Sequence[Module]) -> frozenset[str]:
    """Every word of a file, the names that the other files define, and Python's own."""
    words = set(_WORD.findall("\n".join(home.lines)))
    for module in modules:
        words.update(_WORD.findall(module.itself.name))
        for symbol in module.symbols:
            words.update(symbol.name.split("."))
            words.update(parameter.name for parameter in symbol.parameters or ())
    return frozenset(words) | _ALWAYS_KNOWN
