"""What a reference says of each symbol: its signature from the source, its meaning from docstrings, then models."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes_tools.documents.docstrings import Docstring, reader
from manyeyes_tools.documents.exports import Exports, is_internal
from manyeyes_tools.documents.prose import Prose, identifier
from manyeyes_tools.documents.symbols import has_fields, signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.documents.exports import Export
    from manyeyes_tools.documents.prose import Told
    from manyeyes_tools.documents.symbols import Module, Symbol

VALUE_CHARACTERS = 72
"""A longer value of a constant or a default is cut: the source holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table: a parameter, an attribute or a constant."""

    name: str
    type: str = ""
    value: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """All that a reference says of one symbol.  Texts are Markdown without headings.

    Attributes:
        symbol: What it is about.
        anchor: Where links lead.
        definition: Its signature.
        summary, details: What it is for.
        parameters: How it is called; `value` is the default.
        attributes: A class's public attributes.
        returns: The type returned and its meaning.
        raises: Exceptions, and when.
        examples: Source in the language of the module, with prompts where a Python docstring has them.
        language: What the definition and the examples are written in.
        imported: The shortest name that a package of the same code offers it under; empty when none does.
    """

    symbol: Symbol
    anchor: str
    definition: str
    summary: str
    details: str
    parameters: tuple[Row, ...]
    attributes: tuple[Row, ...]
    returns: Row | None
    raises: tuple[Row, ...]
    examples: tuple[str, ...]
    language: str = "python"
    imported: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A name that a package offers and another module defines: where links to it lead, and what it is for.

    Attributes:
        name: As the module that defines it calls it.
        alias: As the package calls it, when that is something else.
    """

    name: str
    alias: str
    anchor: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One module of a reference.

    Attributes:
        module: The module.
        overview: What is said of the module itself.
        constants: Its constants, which are told as a table.
        entries: Everything else that it defines for others.
        offers: What it offers that other modules define.
        internal: Whether its name says that it is not for others.
    """

    module: Module
    overview: Entry
    constants: tuple[Row, ...]
    entries: tuple[Entry, ...]
    offers: tuple[Offer, ...] = ()
    internal: bool = False


def chapters(modules: Sequence[Module], told: Told) -> tuple[Chapter, ...]:
    """The modules as a reference tells them: in the order given, but internal ones after all others."""
    exports = Exports(modules)
    offered = {module.path: exports.of(module) for module in modules}
    names: dict[tuple[str, str], str] = {}
    for module in modules:
        for one in offered[module.path]:
            key, name = (one.symbol.path, one.symbol.name), f"{module.itself.name}.{one.name}"
            if key not in names or (name.count("."), len(name)) < (names[key].count("."), len(names[key])):
                names[key] = name
    ordered = sorted(modules, key=is_internal) if len(modules) > 1 else modules
    return tuple(
        replace(
            _chapter(module, told, names),
            offers=tuple(_offer(one, told) for one in offered[module.path]),
            internal=len(modules) > 1 and is_internal(module),
        )
        for module in ordered
    )


def _offer(one: Export, told: Told) -> Offer:
    symbol = one.symbol
    entered = symbol.public and symbol.kind not in {"constant", "attribute"}
    doc = reader(one.home)(symbol.docstring)
    return Offer(
        name=symbol.name,
        alias="" if one.name == symbol.name else one.name,
        anchor=anchor(symbol if entered else one.home.itself, one.home),
        summary=doc.summary or told.get(identifier(symbol), Prose()).summary,
    )


def _chapter(module: Module, told: Told, names: Mapping[tuple[str, str], str]) -> Chapter:
    constants = [symbol for symbol in module.public if symbol.kind == "constant"]
    return Chapter(
        module=module,
        overview=_entry(module.itself, module, told),
        constants=tuple(
            Row(
                name=symbol.name,
                type=symbol.annotation,
                value=_short(symbol.value),
                description=told.get(identifier(symbol), Prose()).summary,
            )
            for symbol in constants
        ),
        entries=tuple(
            replace(_entry(symbol, module, told), imported=names.get((symbol.path, symbol.name), ""))
            for symbol in module.public
            if symbol.kind != "constant"
        ),
    )


def _entry(symbol: Symbol, module: Module, told: Told) -> Entry:
    read = reader(module)
    doc = read(symbol.docstring)
    prose = told.get(identifier(symbol), Prose())
    own = module.named(f"{symbol.name}.__init__") if symbol.kind == "class" else None
    made = read(own.docstring) if own else Docstring()
    meanings = {**prose.parameters, **doc.attributes, **made.parameters, **doc.parameters}
    summary, details = _meaning(doc, prose)
    examples = (*doc.examples, *((prose.example,) if prose.example else ()))
    return Entry(
        symbol=symbol,
        anchor=anchor(symbol, module),
        definition=_definition(symbol, module.language),
        summary=summary,
        details=details,
        parameters=_parameters(symbol, meanings),
        attributes=_attributes(symbol, module, {**prose.parameters, **doc.attributes, **doc.parameters}),
        returns=_returns(symbol, doc, prose),
        raises=_raises(symbol, doc, prose),
        examples=examples,
        language=module.language,
    )


def anchor(symbol: Symbol, module: Module) -> str:
    """Where links to a symbol lead; unique in a document, since paths are."""
    name = "" if symbol.kind == "module" else f".{symbol.name}"
    return re.sub(r"[^\w.-]+", "-", f"{module.path.removesuffix('.py').replace('/', '.')}{name}")


def _definition(symbol: Symbol, language: str) -> str:
    if language == "python" and symbol.kind == "class" and symbol.parameters and not has_fields(symbol):
        return symbol.signature + "\n" + signature(symbol.name.rpartition(".")[2], symbol.parameters, "")
    shown = [f"@{name}" for name in symbol.decorators if name.partition("(")[0].rpartition(".")[2] in _TOLD_DECORATORS]
    return "\n".join((*shown, symbol.signature))


_TOLD_DECORATORS = frozenset(
    {"property", "cached_property", "staticmethod", "classmethod", "dataclass", "contextmanager"}
)
"""Decorators that change how a symbol is used, so that readers must see them."""


def _meaning(doc: Docstring, prose: Prose) -> tuple[str, str]:
    """The docstring leads; a model's words stand where it is silent, and after it."""
    if not doc.summary:
        return prose.summary, prose.details
    return doc.summary, "\n\n".join(filter(None, (doc.details, prose.details)))


def _parameters(symbol: Symbol, meanings: Mapping[str, str]) -> tuple[Row, ...]:
    if symbol.kind == "property" or has_fields(symbol):
        return ()
    return tuple(
        Row(
            name=parameter.shown,
            type=parameter.annotation,
            value="" if parameter.default is None else _short(parameter.default),
            description=meanings.get(parameter.name, "") or _first(parameter.description),
        )
        for parameter in symbol.parameters or ()
    )


def _attributes(symbol: Symbol, module: Module, meanings: Mapping[str, str]) -> tuple[Row, ...]:
    if symbol.kind not in _WITH_FIELDS:
        return ()
    members = [member for member in module.members(symbol) if member.kind == "attribute" and member.public]
    rows = {
        name: Row(name=name, type=member.annotation, value=_short(member.value), description=meanings.get(name, ""))
        for member in members
        for name in [member.name.rpartition(".")[2]]
    }
    for parameter in symbol.parameters or () if has_fields(symbol) else ():
        if parameter.name not in rows:  # inherited fields
            value = _short(parameter.default or "")
            description = meanings.get(parameter.name, "")
            rows[parameter.name] = Row(
                name=parameter.name, type=parameter.annotation, value=value, description=description
            )
    return tuple(rows.values())


_WITH_FIELDS = frozenset({"class", "interface", "struct", "enum", "table", "type"})
"""What has attributes."""


def _returns(symbol: Symbol, doc: Docstring, prose: Prose) -> Row | None:
    meaning = doc.returns or prose.returns
    if symbol.returns in {"", "None"} and not meaning:
        return None
    return Row(name="Yields" if symbol.yields else "Returns", type=symbol.returns, description=meaning)


def _raises(symbol: Symbol, doc: Docstring, prose: Prose) -> tuple[Row, ...]:
    names = dict.fromkeys((*doc.raises, *symbol.raises))
    return tuple(Row(name=name, description=doc.raises.get(name) or prose.raises.get(name, "")) for name in names)


def _first(text: str) -> str:
    """The first paragraph, on one line: a table has no room for more."""
    return " ".join(text.partition("\n\n")[0].split())


def _short(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= VALUE_CHARACTERS else line[: VALUE_CHARACTERS - 1] + "…"
