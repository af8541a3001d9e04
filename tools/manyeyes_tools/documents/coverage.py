"""How much of what is public has a docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.results import Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.documents.symbols import Module

LISTED = 50
"""Names listed as missing; the others are counted."""


class Coverage(Wire):
    """Public symbols, those with a docstring, and the names of those without; `more` counts names left out."""

    symbols: int
    documented: int
    missing: list[str]
    more: int = 0


def measure(modules: Sequence[Module]) -> Coverage:
    """Count modules, types, functions, methods and properties; constants and attributes are told in tables."""
    counted = [s for m in modules for s in (m.itself, *m.public) if s.documentable]
    missing = [s.path if s.kind == "module" else f"{s.path}:{s.line} {s.name}" for s in counted if not s.docstring]
    return Coverage(
        symbols=len(counted),
        documented=len(counted) - len(missing),
        missing=missing[:LISTED],
        more=max(0, len(missing) - LISTED),
    )
