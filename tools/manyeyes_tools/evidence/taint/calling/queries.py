"""What is loaded from a store, and what asks one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.sources import REQUEST, RETURNS
from manyeyes_tools.evidence.taint.values import NOTHING, Value

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_KINDS = frozenset({"~query", "dbapi.Cursor", "dbapi.Connection", "flask_sqlalchemy.SQLAlchemy"})
_STORES = frozenset({
    "objects", "query", "session", "db", "database", "collection", "cursor", "cur", "conn", "connection", "repo",
    "repository", "select", "qs", "queryset",
})  # fmt: skip
"""How variables that ask a store are called."""
_LIBRARIES = ("sqlalchemy.", "dbapi.", "django.")
_PLAIN = frozenset({"first", "all", "one", "values", "values_list"})
"""Methods that containers have too."""
_BRINGING = frozenset({"find", "aggregate", "get", "all"})
_OUTSIDE = frozenset({"request", "upload", "content", "cli"})


def loaded(frame: Frame, site: Site) -> Value | None:
    """`query.first()`, and the like: what was stored before."""
    method, receiver = site.method, site.receiver
    if receiver.kind == REQUEST or any(origin.kind in _OUTSIDE for origin in receiver.atoms):
        return None
    if receiver.kind in {"~list", "~dict"} or (receiver.constant and not receiver.kind):
        return Value(receiver.atoms)
    if method in _PLAIN and not receiver.atoms and not asks_store(site):
        return NOTHING
    return frame.source("store", f"{method}()", site.node)


def executed(frame: Frame, site: Site) -> Value | None:
    """`connection.execute(…)`, whose result is gone through."""
    if not asks_store(site):
        return None
    made = frame.source("store", f"{site.written or 'a query'}.{site.method}()", site.node)
    return Value(made.atoms, "dbapi.Cursor")


def queried(frame: Frame, site: Site) -> Value | None:
    """`query.filter(…)`: what it is asked with does not come back."""
    if not asks_store(site) and not site.full.startswith(_LIBRARIES):
        return None
    kept = frame.source("store", f"{site.method}()", site.node) if site.method in _BRINGING else NOTHING
    return Value(kept.atoms, RETURNS.get(site.full, "~query"))


def asks_store(site: Site) -> bool:
    """Whether a method is called on something that loads from a store, by what it is or how it is written."""
    kind = site.receiver.kind
    if kind in _KINDS or ".objects" in kind or kind.endswith((".query", ".session", ".objects")):
        return True
    last = site.written.lower().rpartition(".")[2]
    return last in _STORES or last.endswith(("_query", "_collection", "_qs"))
