"""Which of a function's parameters gets which value of a call."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, extended, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.definitions import Function


def is_method(site: Site, function: Function) -> bool:
    """Whether the first parameter is the object."""
    if function.owner is None or function.static:
        return False
    last = site.receiver.kind.rpartition(".")[2]
    return bool(site.method) and not (last == function.owner.name and _names_class(site))


def _names_class(site: Site) -> bool:
    return site.receiver.constant and site.receiver.bound is None and site.receiver.fields is None


def bind(site: Site, function: Function, *, method: bool) -> dict[int, Value]:
    """What each parameter is given, by its position."""
    given = function.node.args
    values: dict[int, Value] = {}
    offset = 0
    if method:
        values[0] = site.receiver
        offset = 1
    elif function.owner is not None and function.of_class:
        offset = 1
    placed = len(given.posonlyargs) + len(given.args)
    rest = NOTHING
    for at, value in enumerate(site.values, offset):
        if at < placed:
            values[at] = value
        else:
            rest = join(rest, value)
    names = function.parameters
    if given.vararg is not None:
        at = _last(names, given.vararg.arg)
        values[at] = Value(rest.atoms, "~list", fields={"*": rest} if rest.atoms else None)
    if site.words or site.spread or given.kwarg is not None:
        _bind_words(site, function, values)
    return values


def _last(names: tuple[str, ...], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


def _bind_words(site: Site, function: Function, values: dict[int, Value]) -> None:
    """Add what is given by name, and by `**`."""
    kwarg = function.node.args.kwarg
    names = {name: number for number, name in enumerate(function.parameters)}
    extra: dict[str, Value] = {}
    for name, value in site.words.items():
        if name in names and not (kwarg and name == kwarg.arg):
            values[names[name]] = value
        else:
            extra[name] = value
    if kwarg is not None:
        atoms = NO_ATOMS
        for value in (*extra.values(), *site.spread):
            atoms = join_atoms(atoms, value.atoms)
        values[names[kwarg.arg]] = Value(atoms, "~dict", fields=extra, closed=not site.spread)
        return
    for value in site.spread:
        if value.atoms:
            for name, number in names.items():
                if number not in values:
                    values[number] = Value(extended(value.atoms, name))


def shifted(site: Site, init: Function) -> dict[int, Value]:
    """The arguments of a class's call, whose object is still to be made."""
    moved = copy(site)
    moved.values = [NOTHING, *site.values]
    return bind(moved, init, method=False)
