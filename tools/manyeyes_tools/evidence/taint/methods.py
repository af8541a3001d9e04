"""What methods of objects return that are not the project's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.cleaning import DROPS, RECEIVER_ONLY
from manyeyes_tools.evidence.taint.expressions import entry
from manyeyes_tools.evidence.taint.marks import JOINED, PART, RESOLVED
from manyeyes_tools.evidence.taint.sinks import METHODS as SINK_METHODS
from manyeyes_tools.evidence.taint.sinks import NAMED as SINKS
from manyeyes_tools.evidence.taint.sites import first_key
from manyeyes_tools.evidence.taint.sources import LOADED, QUERIES, REQUEST, RETURNS
from manyeyes_tools.evidence.taint.tables import bits
from manyeyes_tools.evidence.taint.unseen import of_unknown
from manyeyes_tools.evidence.taint.values import (
    CONSTANT,
    LONGEST_TEXT,
    NO_ATOMS,
    NOTHING,
    Value,
    cleaned,
    extended,
    join,
    join_atoms,
)

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.sites import Site

_ENTRIES = frozenset({"namelist", "infolist", "getnames", "getmembers", "getmember", "getinfo"})


PATH = bits("path-traversal archive-traversal")


_PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "anyio.Path", "aiofiles.Path"})


def of_method(frame: Frame, site: Site) -> Value:  # noqa: C901, PLR0911, PLR0912  # one for each kind of method
    """What a method of an object returns that is not of the project."""
    method, receiver = site.method, site.receiver
    if method in {"render", "render_async", "generate"} and (
        receiver.kind in {"~template", "jinja2.Template", "~query"} or "emplate" in receiver.kind
    ):
        return Value(NO_ATOMS, "~page")
    if method == "get_template" and site.values and site.values[0].const:
        return Value(NO_ATOMS, "~template", prefix=str(site.values[0].const[0]))
    if method in _ENTRIES and receiver.kind in {"zipfile.ZipFile", "tarfile.TarFile"}:
        return (
            Value(frame.source("upload", "a name in an archive", site.node).atoms, "~list")
            if receiver.atoms
            else NOTHING
        )
    if receiver.kind in {"flask.session", "~request.session", "quart.session"} and method in {"get", "pop"}:
        return frame.project.kept.get(first_key(site), NOTHING)
    if (receiver.kind.startswith("pathlib.") and receiver.kind in _PATHS) or site.full == "pathlib.Path.cwd":
        return _of_path(site)
    if method in {"resolve", "absolute"} and receiver.atoms:
        return Value(cleaned(receiver.atoms, RESOLVED if method == "resolve" else 0), receiver.kind)
    if method in {"format", "format_map"}:
        return _formatted(site)
    if method == "join":
        atoms = receiver.atoms
        values = (*site.values, *site.starred)
        for one in values:
            atoms = join_atoms(atoms, one.atoms)
        constant = receiver.constant and all(one.constant for one in values)
        text = " ".join((receiver.text, *(one.text for one in values)))[: 2 * LONGEST_TEXT]
        first = (site.values[0].fields or {}).get("0") if site.values else None
        prefix = first.prefix if first is not None else ""
        built = next((one.built for one in values if one.built), None)
        return Value(
            atoms, "", (), prefix, text, built or (site.node if atoms and text.strip() else None), constant=constant
        )
    if method == "replace" and len(site.values) > 1:  # what and by what
        return _replaced(site)
    if method in {"get", "pop", "setdefault"} and site.values:
        found = entry(frame, receiver, site.values[0], site.node)
        default = site.argument("1", "default")
        if found is CONSTANT and receiver.fields is None and not receiver.constant:
            found = NOTHING
        if not receiver.atoms and not receiver.constant and asks_store(site):
            return frame.source("store", f"{site.written or 'a query'}.{method}", site.node)
        if found is NOTHING and receiver.kind == "" and not receiver.constant and default is None:
            return NOTHING
        return (
            join(found, default)
            if default is not None and (default.atoms or default.constant) and found is not NOTHING
            else found
        )
    if method in LOADED and not _from_outside(receiver):
        if receiver.kind in {"~list", "~dict"} or (receiver.constant and not receiver.kind):
            return Value(receiver.atoms)
        if method in {"first", "all", "one", "values", "values_list"} and not asks_store(site) and not receiver.atoms:
            return NOTHING
        if (
            method in {"all", "first", "values"}
            and receiver.atoms
            and any(o.kind in {"request", "upload"} for o in receiver.atoms)
        ):
            return Value(receiver.atoms)
        return frame.source("store", f"{method}()", site.node)
    if method in {"execute", "fetch"} and asks_store(site):
        return Value(frame.source("store", f"{site.written or 'a query'}.{method}()", site.node).atoms, "dbapi.Cursor")
    if method in QUERIES and (asks_store(site) or site.full.startswith(("sqlalchemy.", "dbapi.", "django."))):
        kept = (
            frame.source("store", f"{method}()", site.node)
            if method in {"find", "aggregate", "get", "all"}
            else NOTHING
        )
        return Value(kept.atoms, RETURNS.get(site.full, "~query"))
    if method == "items":
        first = (receiver.fields or {}).get("*")
        pair = {
            "0": Value(extended(receiver.atoms, "~key")) if receiver.atoms else NOTHING,
            "1": first or Value(extended(receiver.atoms, "*")) if receiver.atoms or first else NOTHING,
        }
        return Value(
            receiver.atoms,
            "~list",
            fields={"*": Value(receiver.atoms, "~list", fields=pair, closed=True, constant=receiver.constant)},
            constant=receiver.constant,
        )
    if method in {"keys", "values"}:
        return Value(
            receiver.atoms,
            "~list",
            constant=receiver.constant,
            fields={"*": Value(extended(receiver.atoms, "*"))} if receiver.atoms else None,
        )
    if method in {"split", "rsplit", "partition", "rpartition"}:
        return Value(cleaned(receiver.atoms, PART), "~split")
    if method in RECEIVER_ONLY:
        keep_kind = receiver.kind if method == "copy" else ""
        return Value(
            receiver.atoms,
            keep_kind,
            (),
            receiver.prefix if method not in {"read", "lstrip"} else "",
            receiver.text,
            receiver.built,
            receiver.fields if method in {"copy", "dict", "model_dump", "to_dict"} else None,
            constant=receiver.constant and not receiver.kind,
        )
    if method in DROPS and method != "update":
        return NOTHING
    if _is_sink(site):
        return NOTHING
    if receiver.kind in {"logging.Logger", "~response", "~json", "~page", "~session", "~file", "~query"}:
        return Value(NO_ATOMS, receiver.kind if receiver.kind == "~query" else "")
    return of_unknown(site)


def _is_sink(site: Site) -> bool:
    return site.full in SINKS or (
        site.method in SINK_METHODS
        and site.method
        not in {
            "run",
            "query",
            "find",
            "filter",
            "where",
            "update",
            "write",
            "open",
            "save",
            "create",
            "values",
            "parse",
            "search",
            "match",
            "objects",
            "group_by",
            "extract",
        }
    )


def _from_outside(value: Value) -> bool:
    return value.kind == REQUEST or any(
        origin.kind in {"request", "upload", "content", "cli"} for origin in value.atoms
    )


def asks_store(site: Site) -> bool:
    """Whether a method is called on something that loads from a store, by what it is or how it is written."""
    kind, written = site.receiver.kind, site.written.lower()
    if (
        kind in {"~query", "dbapi.Cursor", "dbapi.Connection", "flask_sqlalchemy.SQLAlchemy"}
        or ".objects" in kind
        or kind.endswith((".query", ".session", ".objects"))
    ):
        return True
    last = written.rpartition(".")[2]
    return last in {
        "objects",
        "query",
        "session",
        "db",
        "database",
        "collection",
        "cursor",
        "cur",
        "conn",
        "connection",
        "repo",
        "repository",
        "select",
        "qs",
        "queryset",
    } or last.endswith(("_query", "_collection", "_qs"))


def _of_path(site: Site) -> Value:
    receiver, method = site.receiver, site.method
    atoms, kind = receiver.atoms, receiver.kind
    if method in {"joinpath", "with_name", "with_stem", "with_suffix"}:
        for one in site.values:
            atoms = join_atoms(atoms, cleaned(one.atoms, JOINED))
        return Value(atoms, kind)
    if method == "resolve":
        return Value(cleaned(atoms, RESOLVED), kind)
    if method == "relative_to":
        return Value(cleaned(atoms, PATH if all(atom.clean & RESOLVED for atom in atoms.values()) else 0), kind)
    if method in {"absolute", "expanduser", "as_posix", "parent"}:
        return Value(atoms, kind if method != "as_posix" else "")
    return NOTHING


def _formatted(site: Site) -> Value:
    receiver = site.receiver
    if receiver.kind == "~markup":
        return Value(NO_ATOMS, "~markup")
    values = (*site.values, *site.words.values(), *site.starred)
    atoms = receiver.atoms
    prefix = receiver.prefix.split("{", 1)[0]
    from manyeyes_tools.evidence.taint.expressions import _kept

    for one in values:
        atoms = join_atoms(atoms, _kept(one.atoms, prefix, ""))
    for one in site.spread:
        atoms = join_atoms(atoms, one.atoms)
    constant = receiver.constant and all(one.constant for one in values) and not site.spread
    text = " ".join((receiver.text, *(one.text for one in values)))[: 2 * LONGEST_TEXT]
    return Value(
        atoms,
        "",
        (),
        prefix,
        text,
        receiver.built or (site.node if atoms and receiver.text else None),
        constant=constant,
    )


def _replaced(site: Site) -> Value:
    receiver = site.receiver
    what = site.values[0].const[0] if site.values[0].const else None
    by = site.values[1]
    clean = doubt = 0
    if what in {"\n", "\r", "\r\n"}:
        clean = bits("log-injection header-injection")
    elif what in {"'", '"', ";"}:
        doubt = bits("sql-injection command-injection xpath-injection unescaped-markup")
    elif what in {"<", "<script>", "&", ">"}:
        clean, doubt = (
            (bits("unescaped-markup stored-markup") if what == "<" else 0),
            bits("unescaped-markup stored-markup"),
        )
    elif what in {"..", "../", "/"}:
        clean, doubt = (PATH if what == "/" else 0), PATH
    atoms = join_atoms(cleaned(receiver.atoms, clean, doubt), by.atoms)
    return Value(
        atoms,
        "",
        (),
        receiver.prefix,
        f"{receiver.text} {by.text}"[: 2 * LONGEST_TEXT],
        receiver.built or (site.node if by.atoms and receiver.text else None),
        constant=receiver.constant and by.constant,
    )
