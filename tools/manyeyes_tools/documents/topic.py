"""What a text is about, and a claim of it that the code does not bear out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes_tools.documents.symbols import Module, Parameter, Symbol


@dataclass(frozen=True, slots=True)
class Fault:
    """A claim that the code does not bear out.

    Attributes:
        what: What is claimed: `default`, `type`, `return type`, `parameter`, `name`, `member`, `exception`, `route`,
            `call`.
        said: The claim.
        instead: What the code has there; empty where nothing can stand in its place.
        start: Where `instead` would go in the text.
        end: Where what it replaces ends.
    """

    what: str
    said: str
    instead: str = ""
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class Topic:
    """What a text is about: a symbol, the file it is in, and the parameter, if it describes one.

    `known` are words that count as names beside those of the file; with `lenient` only what reads as a name of this
    code is judged at all, since a guide speaks of much else.
    """

    symbol: Symbol | None
    home: Module | None
    parameter: Parameter | None = None
    known: frozenset[str] = frozenset()
    lenient: bool = False
