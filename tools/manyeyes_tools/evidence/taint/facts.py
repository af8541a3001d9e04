"""What is known to hold of values at a place, by their origins."""

from __future__ import annotations

from typing import TypeAlias

from manyeyes_tools.evidence.taint.marks import HOST, PART, SCHEME, TYPED
from manyeyes_tools.evidence.taint.tables import ADDRESS, LINES, UPLOADED
from manyeyes_tools.evidence.taint.values import Atom, Origin, Value

Facts: TypeAlias = "dict[Origin, tuple[int, int]]"
"""For which weaknesses a value of an origin is harmless, and for which something checks it, as bits."""


def facts_about(atoms: dict[Origin, Atom], clean: int, doubt: int = 0, *, own: bool = False) -> Facts:
    """Facts of all origins; what only a part of the value was tested for holds for less."""
    found: Facts = {}
    for origin, atom in atoms.items():
        mask, unsure = (atom.clean, atom.doubt) if own else (clean, doubt)
        if not own:
            if atom.clean & SCHEME:
                mask, unsure = 0, unsure | (clean & ADDRESS)
            elif atom.clean & HOST:
                mask &= ADDRESS
            elif atom.clean & PART:
                unsure |= mask
                mask &= UPLOADED | LINES
            elif atom.clean & TYPED:
                mask, unsure = 0, unsure | UPLOADED
        if mask or unsure:
            found[origin] = (mask, unsure)
    return found


def meet(one: Facts | None, other: Facts) -> Facts:
    """What holds either way."""
    if one is None:
        return dict(other)
    if not one or not other:
        return {}
    met: Facts = {}
    for origin, (clean, doubt) in one.items():
        there = other.get(origin)
        if there is not None:
            met[origin] = (clean & there[0], (doubt | clean) & (there[1] | there[0]))
        # A check on one way alone lowers no doubt on the other.
    return met


def unite(one: Facts, other: Facts) -> Facts:
    """What holds where both hold."""
    if not other:
        return one
    if not one:
        return other
    both = dict(one)
    for origin, (clean, doubt) in other.items():
        there = both.get(origin, (0, 0))
        both[origin] = (there[0] | clean, there[1] | doubt)
    return both


def with_facts(value: Value, facts: Facts) -> Value:
    """The value with what is known of its origins here made its own, since it leaves the place where that holds."""
    if not facts or facts.keys().isdisjoint(value.atoms):
        return value
    return value.with_atoms(
        {
            origin: Atom(atom.clean | facts[origin][0], atom.doubt | facts[origin][1], atom.hops, atom.way)
            if origin in facts
            else atom
            for origin, atom in value.atoms.items()
        }
    )
