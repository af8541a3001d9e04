"""What an attribute of an object stands for whose class is of the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.annotations import annotated, is_enum
from manyeyes_tools.evidence.taint.cleaning import HARMLESS_KINDS, TEXT_KINDS
from manyeyes_tools.evidence.taint.following import call_function
from manyeyes_tools.evidence.taint.handling.handlers import HANDLER_CLASSES
from manyeyes_tools.evidence.taint.patterns import declared_pattern
from manyeyes_tools.evidence.taint.sources import REQUEST
from manyeyes_tools.evidence.taint.tables import ALL, NOSQL
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, cleaned, extended, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.definitions import Class
    from manyeyes_tools.evidence.taint.frames import Frame

_CHECKED = (
    "IPAddress", "Integer", "Float", "Decimal", "Boolean", "Date", "Time", "Duration", "UUID", "Choice", "Slug",
    "PrimaryKey", "Null", "Number",
)  # fmt: skip


def of_object(frame: Frame, cls: Class, base: Value, attr: str) -> Value | None:  # noqa: C901, PLR0911, PLR0912  # one for each way in which a class says what its objects hold
    """An attribute of an object of a class of the project."""
    method = cls.method(attr)
    if method is not None:
        if any(
            dotted(one).rpartition(".")[2] in {"property", "cached_property"}
            for one in getattr(method.node, "decorator_list", ())
        ):
            return call_function(frame, method, {0: base}, method.node)
        return Value(NO_ATOMS, f"{base.kind}.{attr}", bound=base)
    if is_request(cls, attr):
        return Value(NO_ATOMS, REQUEST)
    if attr in {"kwargs", "path_kwargs", "path_args"} and is_request(cls, "request"):
        return frame.source("request", f"self.{attr}", cls.node)
    if attr in {"cleaned_data", "validated_data", "data"} and base.atoms and _is_form(cls):
        return _checked_fields(frame, cls, base)
    annotation = cls.annotations.get(attr)
    harmless = False
    text = False
    if annotation is not None:
        name = annotated(annotation, cls.module)
        last = name.removeprefix("~list:")
        harmless = last in HARMLESS_KINDS or last == "typing.Literal" or is_enum(frame, last, cls.module)
        text = last in TEXT_KINDS
    if harmless:
        return NOTHING
    common = cls.field(attr)
    if common is not None and common.constant and not base.atoms:
        return common
    atoms = extended(base.atoms, attr) if base.atoms else NO_ATOMS
    if text:
        atoms = cleaned(atoms, NOSQL)
    if atoms and annotation is not None:
        atoms = cleaned(atoms, declared_pattern(annotation, cls.defaults.get(attr)))
    if common is not None:
        if common.const and all(origin.kind == "param" for origin in atoms):
            return common
        if (
            atoms
            and all(origin.kind == "param" and origin.place % 1000 == 0 for origin in atoms)
            and (common.constant or common.kind)
            and not common.atoms
        ):
            return common
        return Value(
            join_atoms(atoms, common.atoms),
            common.kind,
            common.const if not atoms else (),
            fields=common.fields,
            prefix=common.prefix,
        )
    if base.closed and not base.atoms:
        return Value(NO_ATOMS)
    if cls.external & {"django.forms.Form", "django.forms.ModelForm"} and attr == "cleaned_data":
        return Value(atoms)
    return Value(atoms, "", bound=base, constant=attr.isupper() and not base.atoms)


def is_request(cls: Class, attr: str) -> bool:
    """Whether an attribute of a handler is the request."""
    return attr == "request" and not cls.external.isdisjoint(HANDLER_CLASSES)


def _is_form(cls: Class) -> bool:
    return any("Form" in name or "Serializer" in name or "Schema" in name for name in cls.external)


def _checked_fields(frame: Frame, cls: Class, base: Value) -> Value:
    """What a form or serializer let through, field by field, each with what its kind rules out."""
    del frame
    fields: dict[str, Value] = {}
    for name, field in cls.fields.items():
        last = field.kind.rpartition(".")[2]
        if any(word in last for word in _CHECKED):
            fields[name] = NOTHING
        elif last:
            fields[name] = Value(cleaned(extended(base.atoms, name), NOSQL, ALL if last == "RegexField" else 0))
    return Value(base.atoms, "~dict", fields=fields)
