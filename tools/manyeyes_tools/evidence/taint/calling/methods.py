"""What methods of objects return that are not the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.queries import asks_store, executed, loaded, queried
from manyeyes_tools.evidence.taint.calling.sites import first_key
from manyeyes_tools.evidence.taint.calling.text_methods import formatted, of_path, put_together, replaced
from manyeyes_tools.evidence.taint.calling.unseen import of_unknown
from manyeyes_tools.evidence.taint.cleaning import DROPS, RECEIVER_ONLY
from manyeyes_tools.evidence.taint.marks import PART, RESOLVED
from manyeyes_tools.evidence.taint.nodes.entries import entry
from manyeyes_tools.evidence.taint.sinks import METHODS as SINK_METHODS
from manyeyes_tools.evidence.taint.sinks import NAMED as SINKS
from manyeyes_tools.evidence.taint.sources import LOADED, QUERIES
from manyeyes_tools.evidence.taint.values import CONSTANT, NO_ATOMS, NOTHING, Value, cleaned, extended, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

_ENTRIES = frozenset({"namelist", "infolist", "getnames", "getmembers", "getmember", "getinfo"})
_ARCHIVES = frozenset({"zipfile.ZipFile", "tarfile.TarFile"})
_SESSIONS = frozenset({"flask.session", "~request.session", "quart.session"})
_PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"})
_SILENT = frozenset({"logging.Logger", "~response", "~json", "~page", "~session", "~file", "~query"})
"""Objects whose methods give nothing back."""
_COMMON_SINKS = frozenset({
    "run", "query", "find", "filter", "where", "update", "write", "open", "save", "create", "values", "parse",
    "search", "match", "objects", "group_by", "extract",
})  # fmt: skip
"""Methods that are sinks of some objects, and of others give something back."""


def of_method(frame: Frame, site: Site) -> Value:
    """What a method of an object returns that is not of the project."""
    if site.receiver.kind or site.full == "pathlib.Path.cwd":
        found = _of_kind(frame, site)
        if found is not None:
            return found
    for do in _BY_NAME.get(site.method, ()):
        found = do(frame, site)
        if found is not None:
            return found
    if site.full in SINKS or (site.method in SINK_METHODS and site.method not in _COMMON_SINKS):
        return NOTHING
    kind = site.receiver.kind
    if kind in _SILENT:
        return Value(NO_ATOMS, kind if kind == "~query" else "")
    return of_unknown(site)


def _of_kind(frame: Frame, site: Site) -> Value | None:
    """What a method returns of an object of a known class; None when the method's name says more."""
    kind, method = site.receiver.kind, site.method
    if kind in _ARCHIVES and method in _ENTRIES:
        if not site.receiver.atoms:
            return NOTHING
        return Value(frame.source("upload", "a name in an archive", site.node).atoms, "~list")
    if kind in _SESSIONS and method in {"get", "pop"}:
        return frame.project.kept.get(first_key(site), NOTHING)
    if kind in _PATHS or site.full == "pathlib.Path.cwd":
        return of_path(site)
    return None


def _rendered(_frame: Frame, site: Site) -> Value | None:
    kind = site.receiver.kind
    return Value(NO_ATOMS, "~page") if kind == "~query" or "emplate" in kind else None


def _template(_frame: Frame, site: Site) -> Value | None:
    named = site.values and site.values[0].const
    return Value(NO_ATOMS, "~template", prefix=str(named[0])) if named else None


def _resolved(_frame: Frame, site: Site) -> Value | None:
    receiver = site.receiver
    if not receiver.atoms:
        return None
    return Value(cleaned(receiver.atoms, RESOLVED if site.method == "resolve" else 0), receiver.kind)


def _taken(frame: Frame, site: Site) -> Value | None:
    """`values.get(key, default)`."""
    if not site.values:
        return None
    receiver = site.receiver
    found = entry(frame, receiver, site.values[0], site.node)
    default = site.argument("1", "default")
    if found is CONSTANT and receiver.fields is None and not receiver.constant:
        found = NOTHING
    if not receiver.atoms and not receiver.constant and asks_store(site):
        return frame.source("store", f"{site.written or 'a query'}.{site.method}", site.node)
    if found is NOTHING or default is None or not (default.atoms or default.constant):
        return found
    return join(found, default)


def _items(_frame: Frame, site: Site) -> Value:
    atoms, constant = site.receiver.atoms, site.receiver.constant
    first = (site.receiver.fields or {}).get("*")
    pair = {
        "0": Value(extended(atoms, "~key")) if atoms else NOTHING,
        "1": first or (Value(extended(atoms, "*")) if atoms else NOTHING),
    }
    one = Value(atoms, "~list", fields=pair, closed=True, constant=constant)
    return Value(atoms, "~list", fields={"*": one}, constant=constant)


def _listed(_frame: Frame, site: Site) -> Value:
    atoms = site.receiver.atoms
    fields = {"*": Value(extended(atoms, "*"))} if atoms else None
    return Value(atoms, "~list", fields=fields, constant=site.receiver.constant)


def _split(_frame: Frame, site: Site) -> Value:
    return Value(cleaned(site.receiver.atoms, PART), "~split")


def _handed_back(_frame: Frame, site: Site) -> Value:
    """What the object held."""
    method, receiver = site.method, site.receiver
    return Value(
        receiver.atoms,
        receiver.kind if method == "copy" else "",
        (),
        receiver.prefix if method not in {"read", "lstrip"} else "",
        receiver.text,
        receiver.built,
        receiver.fields if method in {"copy", "dict", "model_dump", "to_dict"} else None,
        constant=receiver.constant and not receiver.kind,
    )


def _nothing(_frame: Frame, _site: Site) -> Value:
    return NOTHING


_ROWS: tuple[tuple[Iterable[str], Callable[[Frame, Site], Value | None]], ...] = (
    (("render", "render_async", "generate"), _rendered),
    (("get_template",), _template),
    (("resolve", "absolute"), _resolved),
    (("format", "format_map"), formatted),
    (("join",), put_together),
    (("replace",), replaced),
    (("get", "pop", "setdefault"), _taken),
    (LOADED, loaded),
    (("execute", "fetch"), executed),
    (QUERIES, queried),
    (("items",), _items),
    (("keys", "values"), _listed),
    (("split", "rsplit", "partition", "rpartition"), _split),
    (RECEIVER_ONLY, _handed_back),
    (DROPS - {"update"}, _nothing),
)
"""What is asked of methods by their names, in this order."""
_BY_NAME: dict[str, tuple[Callable[[Frame, Site], Value | None], ...]] = {}
for _names, _do in _ROWS:
    for _name in _names:
        _BY_NAME[_name] = (*_BY_NAME.get(_name, ()), _do)
