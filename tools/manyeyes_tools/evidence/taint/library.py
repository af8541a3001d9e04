"""What functions return that are not the project's own: builtin ones and those of libraries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.cleaning import CLEANERS, METHOD_GUARDS
from manyeyes_tools.evidence.taint.handlers import HANDLER_CALLS, is_handler
from manyeyes_tools.evidence.taint.marks import OBJECT, PART
from manyeyes_tools.evidence.taint.sites import first_key
from manyeyes_tools.evidence.taint.sources import HOST_PARTS, JSON_PARTS, REQUEST, REQUEST_CALLS, UPLOAD, UPLOADS
from manyeyes_tools.evidence.taint.tables import ALL, bits
from manyeyes_tools.evidence.taint.unseen import PARTING
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Value, cleaned, extended, join, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.sites import Site
    from manyeyes_tools.evidence.taint.values import Atom, Origin

_KEEPS = frozenset({"ipaddress.ip_address", "ipaddress.ip_network", "ipaddress.IPv4Address"})


def substituted_text(site: Site) -> Value:
    """`re.sub`: what keeps only some characters makes harmless."""
    whole = site.full == "re.sub"
    pattern = site.values[0] if whole and site.values else site.receiver
    rest = site.values[1:] if whole else site.values
    text = str(pattern.const[0]) if pattern.const else ""
    atoms: dict[Origin, Atom] = NO_ATOMS
    for one in rest[:2]:
        atoms = join_atoms(atoms, one.atoms)
    clean = 0
    if re.fullmatch(r"\(?\[\^[\w\\.\-@ :]*\]\)?[+*]?", text) or text in {r"\W", r"\W+", r"\D", r"\D+"}:
        clean = ALL & ~(bits("code-loading") if "." in text else 0)
    elif re.search(r"\\r|\\n|[\r\n]|\\s", text):
        clean = bits("log-injection header-injection")
    constant = all(one.constant for one in rest[:2]) and bool(rest)
    return Value(cleaned(atoms, clean), constant=constant)


def of_request(frame: Frame, site: Site) -> Value | None:  # noqa: C901, PLR0911, PLR0912  # one for each kind of object
    """What a method of a request, or of a part of one, returns; None when it is no such method."""
    kind = site.receiver.kind
    method = site.method
    if not method:
        return None
    if site.written == "self" and method in HANDLER_CALLS and is_handler(frame, "tornado"):
        return frame.source("request", f"self.{method}()", site.node, first_key(site))
    if kind == REQUEST:
        if method in REQUEST_CALLS:
            value = frame.source("request", f"request.{method}()", site.node, first_key(site))
            if method in HOST_PARTS:
                return Value(cleaned(value.atoms, bits("open-redirect request-forgery")))
            if method in JSON_PARTS or method == "json":
                return Value(cleaned(value.atoms, OBJECT))
            if method == "form":
                return Value(value.atoms, "~form")
            return value
        return NOTHING
    if kind == UPLOADS or site.full.startswith(f"{UPLOADS}."):
        if method in {"get", "getlist", "values", "pop"}:
            return Value(frame.source("content", "an upload", site.node).atoms, UPLOAD)
        return Value(site.receiver.atoms)
    if kind == UPLOAD:
        if method in {"read", "chunks", "stream", "open"}:
            return Value(frame.source("content", "an upload", site.node).atoms)
        return NOTHING
    if kind == "~handler" or kind.startswith("~handler:"):
        return None
    if kind == "~headers" and method == "get":
        return Value(extended(site.receiver.atoms, first_key(site)))
    return None


def cleaned_result(site: Site, mask: int) -> Value:
    """What a function returns that makes some values harmless."""
    atoms = site.receiver.atoms if site.method and site.receiver.atoms else NO_ATOMS
    for one in (*site.values, *site.words.values()):
        atoms = join_atoms(atoms, one.atoms)
    full = site.full
    if site.method in {"split", "splitlines"}:
        atoms = site.receiver.atoms
    if mask == ALL and full not in _KEEPS:
        return Value(NO_ATOMS, "~plain")
    if full.endswith(("json.loads", "json.load")):
        mask |= OBJECT
    parting = PART if site.method in PARTING or full in PARTING else 0
    text = site.values[0].text if site.values else ""
    prefix = site.values[0].prefix if site.values and full in {"str", "json.dumps"} else ""
    if site.method:
        text = prefix = ""
    built = site.values[0].built if site.values and full == "str" else None
    constant = (
        all(one.constant for one in (*site.values, *site.words.values()))
        and not atoms
        and (not site.method or site.receiver.constant)
    )
    return Value(
        cleaned(atoms, mask | parting),
        "~plain" if not atoms and site.values and site.values[0].kind == "~plain" else "",
        site.values[0].const if full == "str" and site.values else (),
        prefix,
        text,
        built,
        constant=constant,
    )


def of_library(frame: Frame, site: Site, returned: str) -> Value:  # noqa: PLR0911  # one for each kind of what is returned
    """What a function of a library returns whose kind matters."""
    if returned == "~parsed":
        atoms = site.values[0].atoms if site.values else NO_ATOMS
        return Value(cleaned(atoms, OBJECT))
    if returned == "urllib.parse.ParseResult":
        return Value(site.values[0].atoms if site.values else NO_ATOMS, "")
    if returned == "re.Pattern":
        return Value(NO_ATOMS, returned, site.values[0].const if site.values else ())
    if returned in {"zipfile.ZipFile", "tarfile.TarFile"}:
        first = site.argument("0", "name", "fileobj", "file") or NOTHING
        word = site.words.get("fileobj")
        return Value(join_atoms(first.atoms, word.atoms if word else NO_ATOMS), returned)
    if returned in {"lxml.Tree", "xml.Tree"}:
        return Value(site.values[0].atoms if site.values else NO_ATOMS, returned)
    if returned == "~file":
        name = site.argument("0", "file") or NOTHING
        if any(origin.kind in {"cli", "request", "upload"} for origin in name.atoms):
            return Value(frame.source("file", "a file that the caller names", site.node).atoms, "~file")
        params = {origin: atom for origin, atom in name.atoms.items() if origin.kind == "param"}
        if params:
            return Value(extended(params, "~content"), "~file")
        return Value(NO_ATOMS, "~file")
    return Value(NO_ATOMS, returned)


def of_builtin(site: Site) -> Value:  # noqa: C901, PLR0911, PLR0912  # one for each function
    """What a builtin function returns that hands on what it is given."""
    full = site.full
    values = site.values
    if full == "dict":
        fields: dict[str, Value] | None = dict(site.words)
        atoms: dict[Origin, Atom] = NO_ATOMS
        if values and values[0].fields:
            fields = {**values[0].fields, **site.words}
        for one in (*values, *site.words.values(), *site.spread):
            atoms = join_atoms(atoms, one.atoms)
        return Value(
            atoms,
            "~dict",
            fields=fields,
            closed=not values and not site.spread,
            constant=all(one.constant for one in (*values, *site.words.values()))
            and bool(values or site.words)
            and not site.spread,
        )
    if full in {"zip", "enumerate"}:
        from manyeyes_tools.evidence.taint.statements import element

        parts = {str(number): element(one) for number, one in enumerate(values)}
        if full == "enumerate":
            parts = {"0": NOTHING, "1": element(values[0]) if values else NOTHING}
        atoms = NO_ATOMS
        for one in values:
            atoms = join_atoms(atoms, one.atoms)
        return Value(atoms, "~list", fields={"*": Value(atoms, "~list", fields=parts, closed=True)})
    if full in {"map", "filter"} and values:
        mask = (
            CLEANERS.get(values[0].kind, 0)
            if full == "map"
            else METHOD_GUARDS.get(values[0].kind.removeprefix("str."), 0)
        )
        atoms = NO_ATOMS
        if mask != ALL:
            for one in values[1:]:
                atoms = join_atoms(atoms, cleaned(one.atoms, mask))
        return Value(atoms, "~list", constant=all(one.constant for one in values[1:]))
    if full == "next" and values:
        from manyeyes_tools.evidence.taint.statements import element

        found = element(values[0])
        return join(found, values[1]) if len(values) > 1 else found
    if not values:
        return Value(NO_ATOMS, "~list" if full in {"list", "set", "tuple"} else "", constant=False, fields=None)
    first = values[0]
    if full == "repr":
        return Value(cleaned(first.atoms, bits("log-injection header-injection")))
    atoms = first.atoms
    for one in values[1:]:
        atoms = join_atoms(atoms, one.atoms)
    fields = (
        first.fields
        if full in {"list", "tuple", "sorted", "reversed", "iter", "set", "frozenset", "copy.copy", "copy.deepcopy"}
        else None
    )
    return Value(
        atoms, first.kind or "~list", (), first.prefix, first.text, first.built, fields, constant=first.constant
    )
