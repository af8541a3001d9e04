"""What text is that is put together from parts."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.nodes.entries import LONGEST_DISPLAY
from manyeyes_tools.evidence.taint.tables import bits
from manyeyes_tools.evidence.taint.values import LONGEST_TEXT, NO_ATOMS, Atom, Origin, Value, cleaned, join_atoms

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_LONGEST_SCHEME = 10


def formatted_text(frame: Frame, node: ast.JoinedStr) -> Value:  # each kind of part of it
    """`f"…{value}…"`."""
    atoms: dict[Origin, Atom] = NO_ATOMS
    texts: list[str] = []
    prefix = ""
    constant = True
    built: ast.expr | None = None
    for part in node.values[:LONGEST_DISPLAY]:
        if isinstance(part, ast.Constant):
            text = str(part.value)
            texts.append(text[:LONGEST_TEXT])
            prefix += text[:LONGEST_TEXT] if constant else ""
            continue
        if not isinstance(part, ast.FormattedValue):
            continue
        value = evaluate(frame, part.value)
        if value.const:
            text = str(value.const[0])
            texts.append(text[:LONGEST_TEXT])
            prefix += text[:LONGEST_TEXT] if constant else ""
            continue
        if part.format_spec is not None and isinstance(part.format_spec, ast.JoinedStr):
            spec = "".join(str(one.value) for one in part.format_spec.values if isinstance(one, ast.Constant))
            if spec and spec[-1] in "dfexXobgGEn%":
                constant = constant and value.constant
                continue
        if not value.constant:
            prefix += value.prefix if constant else ""
            constant = False
        here = value.atoms
        if part.conversion == ord("r"):
            here = cleaned(here, bits("log-injection header-injection"))
        built = built or value.built
        texts.append(value.text)
        atoms = join_atoms(atoms, behind(here, prefix))
    if constant:
        return Value(NO_ATOMS, "", (), prefix[:LONGEST_TEXT], " ".join(texts)[: 2 * LONGEST_TEXT], constant=True)
    return Value(
        put_into_text(frame, atoms, node), "", (), prefix[:LONGEST_TEXT], " ".join(texts)[: 2 * LONGEST_TEXT],
        built or (node if atoms else None),
    )  # fmt: skip


def behind(atoms: dict[Origin, Atom], prefix: str) -> dict[Origin, Atom]:
    """What is put behind text whose beginning fixes the host, and so can no longer choose it."""
    if not atoms or not prefix:
        return atoms
    clean = 0
    if fixes_host(prefix):
        clean |= bits("request-forgery open-redirect")
    elif prefix.startswith("/") and not prefix.startswith("//") and len(prefix) > 1:
        clean |= bits("open-redirect")
    return cleaned(atoms, clean) if clean else atoms


def fixes_host(prefix: str) -> bool:
    """Whether an address that begins so goes to a host that it names."""
    head, sep, rest = prefix.partition("://")
    return bool(sep) and len(head) <= _LONGEST_SCHEME and ("/" in rest or "?" in rest or "#" in rest)


def put_into_text(frame: Frame, atoms: dict[Origin, Atom], node: ast.expr) -> dict[Origin, Atom]:
    """The same origins, with the place as a step, where it stands in a line of its own."""
    line = node.lineno
    found: dict[Origin, Atom] = {}
    for origin, atom in atoms.items():
        way = atom.way
        if way is not None and way.line != line:
            found[origin] = Atom(atom.clean, atom.doubt, atom.hops, frame.way(way, node, "it is put into text"))
        else:
            found[origin] = atom
    return found
