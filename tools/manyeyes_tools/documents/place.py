"""Where in a document the reading is, and which symbol the text there is about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.documents.disagreement import Disagreement
from manyeyes_tools.documents.instead import short
from manyeyes_tools.documents.symbols import import_name
from manyeyes_tools.documents.topic import Topic

if TYPE_CHECKING:
    from manyeyes_tools.documents.entries import Entry, Row
    from manyeyes_tools.documents.facts import Facts
    from manyeyes_tools.documents.symbols import Parameter, Symbol

CODE = re.compile(r"(?<!`)(?P<ticks>`+)(?!`)\s?(?P<code>.+?)\s?(?<!`)(?P=ticks)(?!`)", re.DOTALL)
ABOUT_PARAMETERS = frozenset(
    {"parameters", "arguments", "args", "keyword arguments", "options", "attributes", "fields"}
)


@dataclass(slots=True)
class Reader:
    """Where in a document the reading is."""

    path: str
    facts: Facts
    generated: bool
    known: frozenset[str]
    expected: dict[tuple[str, str], Entry]
    constants: dict[tuple[str, str], Row]
    texts: frozenset[str]
    blocks: frozenset[str]
    definitions: frozenset[str]
    found: list[Disagreement] = field(default_factory=list)
    checked: int = 0
    stack: list[tuple[int, Symbol | None]] = field(default_factory=list)
    unknown: int = 0
    label: str = ""
    seen: set[tuple[str, str]] = field(default_factory=set)

    @property
    def symbol(self) -> Symbol | None:
        """What the text at this place is about."""
        if self.unknown:
            return None
        return next((symbol for _, symbol in reversed(self.stack) if symbol is not None), None)

    @property
    def entry(self) -> Entry | None:
        """What a generated document has to say of it."""
        symbol = self.symbol
        return self.expected.get((symbol.path, symbol.name)) if symbol is not None and self.generated else None

    def topic(self, parameter: Parameter | None = None) -> Topic:
        """What sentences at this place are about."""
        symbol = self.symbol
        home = self.facts.homes[symbol.path] if symbol is not None else None
        return Topic(symbol, home, parameter, self.known, lenient=not self.generated)

    def disagree(self, line: int, said: str, instead: str) -> None:
        """Note a place."""
        symbol = self.symbol
        if symbol is not None and f"{symbol.path}:" not in instead:
            instead = f"{short(instead)} ({symbol.path}:{symbol.line})"
        self.found.append(Disagreement(path=self.path, line=line, said=short(said), instead=instead))


def find(name: str, reader: Reader) -> Symbol | None:
    """The symbol that a heading names: by its full name in the module at hand, in any, or by the end of its name."""
    name = name.removeprefix("await ").strip()
    facts = reader.facts
    around = reader.symbol
    if around is not None:
        home = facts.homes[around.path]
        near = home.named(name) or (home.named(f"{around.name}.{name}") if around.kind != "module" else None)
        if near is not None:
            reader.seen.add((near.path, near.name))
            return near
    for module in facts.modules:
        if name in {module.itself.name, module.path}:
            return module.itself
    head, _, last = name.rpartition(".")
    candidates = facts.by_name.get(last, [])
    exact = [one for one in candidates if one.name == name]
    tails = [one for one in candidates if f"{facts.homes[one.path].itself.name}.{one.name}".endswith(f".{name}")]
    public = [one for one in exact or tails if one.public] or exact or tails
    if public:
        reader.seen.add((public[0].path, public[0].name))
        return public[0]
    tail = facts.module_names.get(name) or facts.module_names.get(import_name(name))
    return tail.itself if tail is not None and (head or reader.generated) else None
