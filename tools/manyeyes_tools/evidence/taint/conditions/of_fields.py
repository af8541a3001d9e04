"""When a caller chooses the fields of an object."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.conditions.mattering import DATABASE
from manyeyes_tools.evidence.taint.definitions import Class
from manyeyes_tools.evidence.taint.values import Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame


def model(frame: Frame, site: Site, value: Value) -> Value | None:
    """`Model(**data)`, where the class keeps what it is given."""
    last = site.full.rpartition(".")[2]
    if (
        site.method
        in {
            "create",
            "update",
            "update_or_create",
            "get_or_create",
            "filter_by_",
            "insert",
            "build",
        }
        or site.full == "setattr"
    ):
        return _whole(value)
    if not last[:1].isupper() or last.isupper():
        return None
    cls = frame.project.find(site.full, frame.module)
    if isinstance(cls, Class):
        if cls.external & {
            "pydantic.BaseModel",
            "typing.NamedTuple",
            "marshmallow.Schema",
            "django.forms.Form",
            "rest_framework.serializers.Serializer",
            "rest_framework.serializers.ModelSerializer",
        }:
            return None
        if cls.method("__init__") is not None and not any(base for base in cls.external):
            init = cls.method("__init__")
            if init is not None and init.node.args.kwarg is None:
                return None
    return _whole(value)


def _whole(value: Value) -> Value | None:
    """The whole of what the caller sent, and not entries that the code chose."""
    if value.closed or (value.fields and value.kind == "~dict" and "*" not in value.fields):
        return None
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind in {"request", "content"}}
    return Value(atoms) if atoms else None


def whole_request(frame: Frame, site: Site, value: Value) -> Value | None:
    """All that the caller sent, given to something that keeps it."""
    if site.method == "populate_obj":
        return None
    if any(value is one for one in site.spread):
        return model(frame, site, value)
    if site.method in {"update", "insert", "values"}:
        if site.method == "update" and not (
            site.receiver.kind.endswith("__dict__")
            or "__dict__" in site.written
            or site.receiver.kind == "~query"
            or DATABASE.search(site.written)
            or "query" in ast.dump(site.node.func)[:400]
        ):
            return None
        return _whole(value)
    if site.method == "insert_one":
        return _whole(value)
    return None
