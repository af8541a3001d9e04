"""`functools.partial`: a function, and what it is given before it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.values import NO_ATOMS, Value, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.values import Atom, Origin

PARTIAL = "~partial"
"""The kind of what `functools.partial` makes."""
_OF, _BY = "~of", "~by"
"""The function, and the call that made it."""
_DEEPEST = 5
"""Partials of partials."""


def made_of(site: Site) -> Value | None:
    """What `partial(function, …)` makes; None where nothing is known of the function."""
    of = site.values[0] if site.values else None
    if of is None or not of.kind or (of.kind.startswith("~") and of.kind != PARTIAL and "~local:" not in of.kind):
        return None
    given = {str(number): value for number, value in enumerate(site.values[1:])}
    atoms: dict[Origin, Atom] = NO_ATOMS
    for one in (*given.values(), *site.words.values(), *site.spread):
        atoms = join_atoms(atoms, {origin: atom for origin, atom in one.atoms.items() if origin.kind != "unknown"})
    return Value(atoms, PARTIAL, fields={_OF: of, _BY: Value(NO_ATOMS, built=site.node), **given, **site.words})


def see_through(site: Site, function: Value) -> None:
    """Make the call of what `partial` made a call of its function, with all that this is given."""
    for _ in range(_DEEPEST):
        fields = function.fields
        if function.kind != PARTIAL or not fields or _OF not in fields:
            break
        site.values[:0] = [value for name, value in fields.items() if name.isdigit()]
        words = {name: value for name, value in fields.items() if name not in {_OF, _BY} and not name.isdigit()}
        site.words = {**words, **site.words}
        made = fields[_BY].built if _BY in fields else None
        site.partials = (*site.partials, made) if made is not None else site.partials
        function = fields[_OF]
    site.full, site.method = function.kind, ""
    if function.bound is not None:
        site.receiver, site.method = function.bound, function.kind.rpartition(".")[2]
