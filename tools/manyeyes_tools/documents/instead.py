"""What the code has where a document says otherwise, on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes_tools.documents.symbols import Parameter, Symbol


def as_called(symbol: Symbol) -> str:
    """The names that a symbol is called with."""
    if symbol.parameters is None:
        return f"{symbol.name} as its base class defines it"
    names = ", ".join(one.shown for one in symbol.parameters)
    return f"{symbol.name}({names})" if symbol.callable else symbol.name


def as_written(parameter: Parameter) -> str:
    """A parameter as its signature has it."""
    typed = f"{parameter.shown}: {parameter.annotation}" if parameter.annotation else parameter.shown
    return typed if parameter.default is None else f"{typed} = {parameter.default}"


def as_raised(symbol: Symbol | None) -> str:
    """The exceptions that a symbol raises by name."""
    names = ", ".join(symbol.raises) if symbol is not None else ""
    return f"raises {names}" if names else "no exception is raised by name there"


def short(text: str) -> str:
    """A text on one line, cut where it is too long for a report."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 240 else f"{flat[:239]}…"  # noqa: PLR2004 -- as much as one line of a report takes
