"""What is known of a value while code is followed: where it may come from, what it is, and what was done to it."""

# ruff: noqa: C901  # every part of two values is joined in one place

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import ast

MOST_ORIGINS = 24
"""A value remembers no more origins than these; more tell a reader nothing."""
LONGEST_TEXT = 400
"""Characters of literal text that are remembered on either side of what is put in."""
DEEPEST_PATH = 3
"""How many keys and attributes of an origin are told apart."""
DEEPEST_FIELDS = 3


class Origin(NamedTuple):
    """Where a value comes from.

    Attributes:
        kind: `request`, `upload`, `cli`, `environ`, `store`, `remote`, `file`, `param` or `unknown`.
        what: How it is written in the code, such as `request.args`; for a parameter its name.
        path: The keys and attributes read from it since.
        place: The parameter's position; -1 for all other kinds.
    """

    kind: str
    what: str
    path: tuple[str, ...] = ()
    place: int = -1


class Way(NamedTuple):
    """One step of a value's way, and the one before it."""

    before: Way | None
    path: str
    line: int
    note: str

    def steps(self, most: int) -> list[Way]:
        """All steps from the first; from the middle of a long way steps are left out."""
        found: list[Way] = []
        at: Way | None = self
        while at is not None:
            if not found or (found[-1].path, found[-1].line) != (at.path, at.line):
                found.append(at)
            at = at.before
        found.reverse()
        return found if len(found) <= most else [*found[: most // 2], *found[len(found) - (most - most // 2) :]]


class Atom(NamedTuple):
    """What happened to a value of one origin: for which weaknesses it is harmless, and where it went.

    Attributes:
        clean: The weaknesses, as bits, for which it can do no harm any more.
        doubt: The weaknesses for which something checks it, though not for certain.
        hops: Through how many calls of unknown code it went.
        way: The steps.
    """

    clean: int
    doubt: int
    hops: int
    way: Way | None


NO_ATOMS: dict[Origin, Atom] = {}


@dataclass(slots=True, eq=False)
class Value:
    """What is known of a value.  Nobody changes one; it is not frozen since making one would take three times as long.

    Attributes:
        atoms: Where it may come from.
        kind: The full name of its class or of the function, module or class that it is; empty when unknown.
        const: The constant that it is, in a tuple; empty when it is none.
        prefix: The literal text that it begins with, where it is text put together.
        text: The literal text in it.
        built: Where it was put together from text and something else.
        fields: What is known of its entries and attributes, by name.
        bound: The object that a method was read from.
        closed: Whether `fields` holds all that there is.
    """

    atoms: dict[Origin, Atom]
    kind: str = ""
    const: tuple[object, ...] = ()
    prefix: str = ""
    text: str = ""
    built: ast.expr | None = None
    fields: dict[str, Value] | None = None
    bound: Value | None = None
    closed: bool = False
    constant: bool = False

    def with_atoms(self, atoms: dict[Origin, Atom]) -> Value:
        """The same with other origins; several times as fast as `dataclasses.replace`, and asked for all the time."""
        return Value(
            atoms, self.kind, self.const, self.prefix, self.text, self.built, self.fields, self.bound, self.closed,
            self.constant,
        )  # fmt: skip


NOTHING = Value(NO_ATOMS)
"""A value of which nothing is known but that it brings nothing along."""
CONSTANT = Value(NO_ATOMS, constant=True)
"""A constant whose worth does not matter."""


def join_atoms(one: dict[Origin, Atom], other: dict[Origin, Atom]) -> dict[Origin, Atom]:
    """What may come from either: harmless only where both are."""
    if not one or one is other:
        return other
    if not other:
        return one
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    joined: dict[Origin, Atom] | None = None
    for origin, atom in small.items():
        there = large.get(origin)
        if there is None:
            if len(large) < MOST_ORIGINS or origin.kind == "request":
                if joined is None:
                    joined = dict(large)
                if len(joined) < 2 * MOST_ORIGINS:
                    joined[origin] = atom
        elif there is not atom:
            clean, doubt = there.clean & atom.clean, there.doubt & atom.doubt
            hops = min(there.hops, atom.hops)
            if clean != there.clean or doubt != there.doubt or hops != there.hops:
                if joined is None:
                    joined = dict(large)
                better = atom if atom.clean == clean and there.clean != clean else there
                joined[origin] = Atom(clean, doubt, hops, better.way)
    return large if joined is None else joined


def join(one: Value, other: Value, depth: int = 0) -> Value:
    """What may be either value."""
    if one is other or other is NOTHING:
        return one
    if one is NOTHING:
        return other
    if one is CONSTANT and other.constant:
        return other if other.const and not one.const else CONSTANT
    fields: dict[str, Value] | None = None
    if depth < DEEPEST_FIELDS and (one.fields or other.fields):
        fields = dict(one.fields or {})
        for name, value in (other.fields or {}).items():
            there = fields.get(name)
            fields[name] = value if there is None else join(there, value, depth + 1)
    return Value(
        join_atoms(one.atoms, other.atoms),
        one.kind if one.kind == other.kind or not other.kind else (other.kind if not one.kind else one.kind),
        one.const if one.const == other.const else (),
        one.prefix
        if one.prefix == other.prefix
        else (one.prefix if other.const else other.prefix if one.const else ""),
        one.text if one.text == other.text else f"{one.text} {other.text}"[: 2 * LONGEST_TEXT],
        one.built or other.built,
        fields,
        one.bound or other.bound,
        one.closed and other.closed,
        one.constant and other.constant,
    )


def extended(atoms: dict[Origin, Atom], key: str) -> dict[Origin, Atom]:
    """The origins of an entry or attribute of a value."""
    if not atoms:
        return atoms
    found: dict[Origin, Atom] = {}
    for origin, atom in atoms.items():
        if len(origin.path) < DEEPEST_PATH:
            found[origin._replace(path=(*origin.path, key))] = atom
        else:
            found[origin] = atom
    return found


def cleaned(atoms: dict[Origin, Atom], clean: int, doubt: int = 0) -> dict[Origin, Atom]:
    """The same origins, harmless for more weaknesses."""
    if not atoms or not clean | doubt:
        return atoms
    return {origin: Atom(atom.clean | clean, atom.doubt | doubt, atom.hops, atom.way) for origin, atom in atoms.items()}
