"""What the beginning and the end of a value tell of it, and the folder that it lies in."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import Told, evaluate
from manyeyes_tools.evidence.taint.facts import Facts, facts_about, unite
from manyeyes_tools.evidence.taint.marks import HOST, RESOLVED
from manyeyes_tools.evidence.taint.tables import ADDRESS, ALL, PATH, UPLOADED, bits

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Atom, Origin, Value

_HOSTS = re.compile(r"^(?:https?:)?//[\w.:\[\]-]+/|^https?://[\w.-]+$")
_ROOTS = frozenset({"/", "..", "\\", "../", "/etc", "."})
_OTHER_SITES = frozenset({"//", "/\\"})


def within(atoms: dict[Origin, Atom]) -> Facts:
    """What holds of a path that lies within a folder."""
    found: Facts = {}
    for origin, atom in atoms.items():
        found[origin] = (PATH, 0) if atom.clean & RESOLVED else (0, PATH)
    return found


def of_ends(frame: Frame, receiver: Value, method: str, node: ast.expr) -> Told:
    """`value.startswith(…)` and `value.endswith(…)`."""
    given = evaluate(frame, node)
    texts = given.const
    if isinstance(node, ast.Tuple):
        texts = tuple(one.value for one in node.elts if isinstance(one, ast.Constant))
    if method == "endswith":
        return _of_end(receiver, texts), {}
    if texts and all(isinstance(text, str) for text in texts):
        return _of_beginning(receiver, [str(text) for text in texts])
    atoms = receiver.atoms
    known = _resolved(atoms)
    if any(
        origin.kind in {"request", "upload"} and not atom.clean & HOST
        for origin, atom in given.atoms.items()
        if origin in atoms
    ):
        return known, {}
    return unite(known, facts_about(atoms, 0, ADDRESS | PATH)), {}


def _of_end(receiver: Value, texts: tuple[object, ...]) -> Facts:
    host = {origin: atom for origin, atom in receiver.atoms.items() if atom.clean & HOST}
    if host and texts and all(isinstance(text, str) and text.startswith(".") for text in texts):
        return facts_about(host, ADDRESS)
    return facts_about(receiver.atoms, UPLOADED, ALL & ~PATH)


def _of_beginning(receiver: Value, texts: list[str]) -> Told:
    atoms = receiver.atoms
    if all(_HOSTS.match(text) for text in texts):
        return facts_about(atoms, ADDRESS), {}
    root = any(text in _ROOTS for text in texts)
    address = any(text in _OTHER_SITES or text.startswith(("http", "ftp", "//")) for text in texts)
    false: Facts = {}
    if root or address or "-" in texts:
        doubt = (PATH if root else 0) | (ADDRESS if address else 0) | bits("argument-injection")
        false = facts_about(atoms, 0, doubt)
    return unite(facts_about(atoms, 0, ADDRESS | PATH), _resolved(atoms)), false


def _resolved(atoms: dict[Origin, Atom]) -> Facts:
    return {origin: (PATH, 0) for origin, atom in atoms.items() if atom.clean & RESOLVED}
