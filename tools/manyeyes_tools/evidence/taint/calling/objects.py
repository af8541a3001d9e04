"""What a call of a class of the project makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.annotations import annotated
from manyeyes_tools.evidence.taint.calling.arguments import shifted
from manyeyes_tools.evidence.taint.calling.substitution import substituted
from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS, TEXT_KINDS
from manyeyes_tools.evidence.taint.following import call_function
from manyeyes_tools.evidence.taint.tables import NOSQL
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, cleaned, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.definitions import Class
    from manyeyes_tools.evidence.taint.frames import Frame


def new_object(frame: Frame, site: Site, cls: Class) -> Value:
    """A new object of a class of the project."""
    kind = cls.full
    init = cls.method("__init__")
    atoms: dict[Origin, Atom] = NO_ATOMS
    if init is None:
        fields: dict[str, Value] = dict(site.words)
        if cls.annotations and site.values:
            fields.update(zip(cls.annotations, site.values, strict=False))
        for one in (*(() if cls.annotations else site.values), *site.spread):
            atoms = join_atoms(atoms, one.atoms)
        closed = (
            bool(cls.annotations) and not site.spread and not cls.external - {"typing.NamedTuple", "pydantic.BaseModel"}
        )
        checked = {name: one for name, one in fields.items() if not (name in cls.annotations and one.atoms)}
        for name in fields.keys() - checked.keys():
            checked[name] = _typed_field(cls, name, fields[name])
        if "data" in fields and not cls.annotations:  # forms and serializers
            atoms = join_atoms(atoms, fields["data"].atoms)
        return Value(atoms, kind, fields=checked, closed=closed)
    moved = shifted(site, init)
    call_function(frame, init, moved, site.node)
    fields = {}
    for (position, name), value in init.summary.stored.items():
        if position == 0:
            fields[name] = substituted(frame, value, moved, site.node)
    return Value(NO_ATOMS, kind, fields=fields)


def _typed_field(cls: Class, name: str, value: Value) -> Value:
    kind = annotated(cls.annotations[name], cls.module)
    if "pydantic.BaseModel" in cls.external:
        if kind in HARMLESS_KINDS:
            return NOTHING
        if kind in TEXT_KINDS:
            return value.with_atoms(cleaned(value.atoms, NOSQL))
    return value
