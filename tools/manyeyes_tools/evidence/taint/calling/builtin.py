"""What builtin functions return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.cleaning import CLEANERS, METHOD_GUARDS
from manyeyes_tools.evidence.taint.nodes.entries import element
from manyeyes_tools.evidence.taint.tables import ALL, bits
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, cleaned, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site

BUILTIN = frozenset({
    "str", "bytes", "repr", "list", "tuple", "set", "frozenset", "sorted", "dict", "iter", "reversed", "next",
    "enumerate", "zip", "map", "filter", "max", "min", "vars", "copy.copy", "copy.deepcopy",
})  # fmt: skip
"""Functions that hand on what they are given."""


def of_builtin(site: Site) -> Value:  # noqa: C901, PLR0911, PLR0912  # one for each function
    """What a builtin function returns that hands on what it is given."""
    full = site.full
    values = site.values
    if full == "dict":
        fields: dict[str, Value] | None = dict(site.words)
        atoms: dict[Origin, Atom] = NO_ATOMS
        if values and values[0].fields:
            fields = {**values[0].fields, **site.words}
        for one in (*values, *site.words.values(), *site.spread):
            atoms = join_atoms(atoms, one.atoms)
        return Value(
            atoms,
            "~dict",
            fields=fields,
            closed=not values and not site.spread,
            constant=all(one.constant for one in (*values, *site.words.values()))
            and bool(values or site.words)
            and not site.spread,
        )
    if full in {"zip", "enumerate"}:
        parts = {str(number): element(one) for number, one in enumerate(values)}
        if full == "enumerate":
            parts = {"0": NOTHING, "1": element(values[0]) if values else NOTHING}
        atoms = NO_ATOMS
        for one in values:
            atoms = join_atoms(atoms, one.atoms)
        return Value(atoms, "~list", fields={"*": Value(atoms, "~list", fields=parts, closed=True)})
    if full in {"map", "filter"} and values:
        mask = (
            CLEANERS.get(values[0].kind, 0)
            if full == "map"
            else METHOD_GUARDS.get(values[0].kind.removeprefix("str."), 0)
        )
        atoms = NO_ATOMS
        if mask != ALL:
            for one in values[1:]:
                atoms = join_atoms(atoms, cleaned(one.atoms, mask))
        return Value(atoms, "~list", constant=all(one.constant for one in values[1:]))
    if full == "next" and values:
        found = element(values[0])
        return join(found, values[1]) if len(values) > 1 else found
    if not values:
        return Value(NO_ATOMS, "~list" if full in {"list", "set", "tuple"} else "", constant=False, fields=None)
    first = values[0]
    if full == "repr":
        return Value(cleaned(first.atoms, bits("log-injection header-injection")))
    atoms = first.atoms
    for one in values[1:]:
        atoms = join_atoms(atoms, one.atoms)
    fields = (
        first.fields
        if full in {"list", "tuple", "sorted", "reversed", "iter", "set", "frozenset", "copy.copy", "copy.deepcopy"}
        else None
    )
    return Value(
        atoms, first.kind or "~list", (), first.prefix, first.text, first.built, fields, constant=first.constant
    )
