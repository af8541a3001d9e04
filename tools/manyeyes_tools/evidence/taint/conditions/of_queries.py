"""When a value in a query does harm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.conditions.mattering import DATABASE, OUTSIDE, REQUESTED, outside
from manyeyes_tools.evidence.taint.marks import OBJECT
from manyeyes_tools.evidence.taint.values import NO_ATOMS, Atom, Origin, Value, cleaned

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_STATEMENT = re.compile(
    r"\b(?:select\b|insert\s+into|delete\s+from|drop\s+\w|alter\s+\w|create\s+\w|truncate\s+\w|replace\s+into|"
    r"merge\s+into|grant\s+\w|where\s+\S|order\s+by|exec(?:ute)?\s+\w|pragma\s+\w|call\s+\w|attach\s+\w|"
    r"update\s+.{1,400}?\bset\b|from\s+\w+|set\s+\w+\s*(?:=|to\b)|values\s*\(|union\b|limit\s|having\s|and\s+\w+\s*(?:=|like)|use\s+\w|copy\s+\w|\w+\s*(?:=|like|<|>)\s*'|group\s+by|explain\s)",
    re.IGNORECASE | re.DOTALL,
)


def is_statement(text: str) -> bool:
    """Whether text reads like a part of a statement in SQL."""
    return bool(_STATEMENT.search(text))


def statement(_frame: Frame, site: Site, value: Value) -> Value | None:
    """A statement of SQL that is put together, or comes from outside."""
    if value.built is not None:
        return value if is_statement(value.text) else None
    if value.kind in {"~list", "~dict", "~query"}:
        return None
    database = (
        site.receiver.kind.startswith(("dbapi.", "sqlalchemy.", "asyncpg.", "flask_sqlalchemy.", "django.db."))
        or bool(DATABASE.search(site.written))
        or site.method in {"executescript", "execute_sql", "exec_driver_sql", "mogrify"}
    )
    return outside(value, OUTSIDE | {"param"}) if database else None


def strict_statement(_frame: Frame, site: Site, value: Value) -> Value | None:
    """The same for methods that others have too."""
    if value.built is not None:
        return (
            value
            if is_statement(value.text)
            and (
                site.method in {"raw", "fetch", "fetchrow", "fetchval"}
                or DATABASE.search(site.written)
                or re.search(r"\b(?:select|insert|update|delete)\b", value.text, re.IGNORECASE)
            )
            else None
        )
    if site.method not in {"raw", "fetchrow", "fetchval", "read_sql_query"}:
        return None
    return outside(value)


def built_text(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """Text that is put together, or comes from outside."""
    if value.built is not None:
        return value
    if value.kind in {"~list", "~dict"}:
        for one in (value.fields or {}).values():
            if one.built is not None and one.atoms:
                return one
            if one.kind == "~list":
                inner = next(
                    (part for part in (one.fields or {}).values() if part.built is not None and part.atoms), None
                )
                if inner is not None:
                    return inner
        return None
    return outside(value, OUTSIDE | {"param"})


def raw_text(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """Text put together that reads like SQL."""
    return value if value.built is not None and is_statement(value.text) and outside(value) else None


def document(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A query of a document store: a value in it that may be an object, or the whole of it."""
    if value.kind == "~dict" or value.fields:
        atoms = dict(NO_ATOMS)
        pending = [(value, "", 0)]
        while pending:
            one, name, depth = pending.pop()
            if name in {"$where", "$function", "$accumulator", "$expr"}:
                return Value(cleaned(one.atoms, OBJECT)) if outside(one, REQUESTED) else None
            if one.fields and depth < 4:  # noqa: PLR2004  # as deep as queries are written
                pending.extend((inner, key, depth + 1) for key, inner in one.fields.items())
            elif name not in {"$eq", "$regex"}:
                atoms.update({origin: atom for origin, atom in one.atoms.items() if _may_be_object(origin, atom)})
        return Value(atoms) if atoms else None
    if value.built is not None:
        return None
    if value.kind and not value.kind.startswith("~"):
        return None
    return (
        outside(
            Value({origin: atom for origin, atom in value.atoms.items() if _may_be_object(origin, atom)}), REQUESTED
        )
        or None
    )


def _may_be_object(origin: Origin, atom: Atom) -> bool:
    return bool(atom.clean & OBJECT) or "json" in origin.what or origin.kind == "param"


def mongo_code(frame: Frame, site: Site, value: Value) -> Value | None:
    """Code that a document store runs."""
    return (
        value
        if (outside(value) and "pymongo" in frame.module.frameworks)
        or (DATABASE.search(site.written) and value.built is not None)
        else None
    )


def xpath_text(frame: Frame, _site: Site, value: Value) -> Value | None:
    """Text put together that reads like an expression of XPath."""
    return (
        value
        if value.built is not None
        and re.search(r"\[|//|@", value.text)
        and ("lxml" in frame.module.frameworks or "xml" in frame.module.frameworks)
        else None
    )
