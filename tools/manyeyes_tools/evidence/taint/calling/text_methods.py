"""What methods of text and of paths return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.marks import JOINED, RESOLVED
from manyeyes_tools.evidence.taint.nodes.texts import behind
from manyeyes_tools.evidence.taint.tables import LINES, PATH, bits
from manyeyes_tools.evidence.taint.values import LONGEST_TEXT, NO_ATOMS, NOTHING, Value, cleaned, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame


def of_path(site: Site) -> Value:
    """What a method of a path returns."""
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


def put_together(_frame: Frame, site: Site) -> Value:
    """`", ".join(parts)`."""
    receiver = site.receiver
    values = (*site.values, *site.starred)
    atoms = receiver.atoms
    for one in values:
        atoms = join_atoms(atoms, one.atoms)
    text = " ".join((receiver.text, *(one.text for one in values)))[: 2 * LONGEST_TEXT]
    first = (site.values[0].fields or {}).get("0") if site.values else None
    built = next((one.built for one in values if one.built), None)
    return Value(
        atoms,
        "",
        (),
        first.prefix if first is not None else "",
        text,
        built or (site.node if atoms and text.strip() else None),
        constant=receiver.constant and all(one.constant for one in values),
    )


_LINES = frozenset({"\n", "\r", "\r\n"})
_QUOTES = frozenset({"'", '"', ";"})
_MARKUP = frozenset({"<", "<script>", "&", ">"})
_PATHS = frozenset({"..", "../", "/"})


def formatted(_frame: Frame, site: Site) -> Value:
    """`"…{}…".format(value)`."""
    receiver = site.receiver
    if receiver.kind == "~markup":
        return Value(NO_ATOMS, "~markup")
    values = (*site.values, *site.words.values(), *site.starred)
    atoms = receiver.atoms
    prefix = receiver.prefix.split("{", 1)[0]
    for one in values:
        atoms = join_atoms(atoms, behind(one.atoms, prefix))
    for one in site.spread:
        atoms = join_atoms(atoms, one.atoms)
    text = " ".join((receiver.text, *(one.text for one in values)))[: 2 * LONGEST_TEXT]
    return Value(
        atoms,
        "",
        (),
        prefix,
        text,
        receiver.built or (site.node if atoms and receiver.text else None),
        constant=receiver.constant and all(one.constant for one in values) and not site.spread,
    )


def replaced(_frame: Frame, site: Site) -> Value | None:
    """`text.replace(what, by)`: what is taken out can do no harm any more."""
    if len(site.values) <= 1:
        return None
    receiver, by = site.receiver, site.values[1]
    clean, doubt = _taken_out(site.values[0].const[0] if site.values[0].const else None)
    return Value(
        join_atoms(cleaned(receiver.atoms, clean, doubt), by.atoms),
        "",
        (),
        receiver.prefix,
        f"{receiver.text} {by.text}"[: 2 * LONGEST_TEXT],
        receiver.built or (site.node if by.atoms and receiver.text else None),
        constant=receiver.constant and by.constant,
    )


def _taken_out(what: object) -> tuple[int, int]:
    """For which weaknesses text without this is harmless, and for which less likely to be harmful."""
    if what in _LINES:
        return LINES, 0
    if what in _QUOTES:
        return 0, bits("sql-injection command-injection xpath-injection unescaped-markup")
    if what in _MARKUP:
        markup = bits("unescaped-markup stored-markup")
        return markup if what == "<" else 0, markup
    if what in _PATHS:
        return PATH if what == "/" else 0, PATH
    return 0, 0
