"""What functions of libraries return whose kind matters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.unseen import PARTING
from manyeyes_tools.evidence.taint.marks import OBJECT, PART
from manyeyes_tools.evidence.taint.tables import ALL, bits
from manyeyes_tools.evidence.taint.values import NO_ATOMS, NOTHING, Atom, Origin, Value, cleaned, extended, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame

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
