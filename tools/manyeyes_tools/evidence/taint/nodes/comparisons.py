"""What a comparison tells of the values in it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.taint.evaluation import Told, evaluate
from manyeyes_tools.evidence.taint.facts import Facts, facts_about
from manyeyes_tools.evidence.taint.marks import HOST
from manyeyes_tools.evidence.taint.tables import ADDRESS, ALL, LINES, PATH

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Atom, Origin, Value

_LISTING = frozenset({"keys", "values", "set", "frozenset", "list", "tuple"})
_OUTSIDE = frozenset({"request", "upload", "cli", "content", "store", "param", "remote"})
_CHOSEN = frozenset({"request", "upload", "cli", "param"})
_PLAIN_PATH = frozenset({"basename", "secure_filename", "normpath", "quote", "escape"})
_COMMON = frozenset({"commonpath", "commonprefix"})
_ALLOWING = ("allow", "permitted", "whitelist", "registry")


def of_comparison(frame: Frame, test: ast.Compare, depth: int) -> Told:
    """`a in b`, `a == b`; of longer chains nothing is told."""
    del depth
    if len(test.ops) != 1:
        return {}, {}
    op, left, right = test.ops[0], test.left, test.comparators[0]
    subject, other = evaluate(frame, left), evaluate(frame, right)
    if isinstance(op, ast.In | ast.NotIn):
        if subject.const and other.atoms:
            found = _without(subject.const[0], other.atoms)
            return ({}, found) if isinstance(op, ast.In) else (found, {})
        found = _among(subject, other, right)
    elif isinstance(op, ast.Eq | ast.NotEq):
        if not subject.atoms and other.atoms:
            subject, other, left, right = other, subject, right, left
        found = _equal(subject, other, (left, right))
    else:
        return {}, {}
    return ({}, found) if isinstance(op, ast.NotIn | ast.NotEq) else (found, {})


def _among(subject: Value, other: Value, node: ast.expr) -> Facts:
    """What holds of a value that is one of a list."""
    if is_list(node, other) or not any(origin.kind in _OUTSIDE for origin in other.atoms):
        return facts_about(subject.atoms, ALL)
    if any(origin.kind in {"request", "upload"} for origin in other.atoms):
        return {}
    return facts_about(subject.atoms, 0, ALL)


def _equal(subject: Value, other: Value, written: tuple[ast.expr, ast.expr]) -> Facts:
    for one in written:
        last = dotted(one.func).rpartition(".")[2] if isinstance(one, ast.Call) else ""
        if last in _COMMON:
            return facts_about({**subject.atoms, **other.atoms}, PATH)
        if last in _PLAIN_PATH:
            return facts_about(subject.atoms, PATH)
    if any(atom.clean & HOST for atom in subject.atoms.values()):
        return facts_about(subject.atoms, ADDRESS)
    if other.const or other.constant or not any(origin.kind in _CHOSEN for origin in other.atoms):
        return facts_about(subject.atoms, ALL)
    return {}


def _without(held: object, atoms: dict[Origin, Atom]) -> Facts:
    """What holds of values in which some text does not stand."""
    if held in {"..", "../"}:
        return facts_about(atoms, 0, PATH)
    if held in {"/", "\\", "."}:
        return facts_about(atoms, PATH if held == "/" else 0, PATH)
    if held in {"\n", "\r", "\r\n"}:
        return facts_about(atoms, LINES)
    if held in {"://", "//"}:
        return facts_about(atoms, 0, ADDRESS)
    return {}


def is_list(node: ast.expr, value: Value) -> bool:
    """Whether an expression is a list of what is allowed that nobody outside can change."""
    if value.constant or value.const or (value.kind == "~dict" and value.closed and value.fields):
        return True
    if value.atoms and any(origin.kind in _CHOSEN and not origin.path for origin in value.atoms):
        return False
    if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] not in _LISTING:
        return False
    last = _listed(node).rpartition(".")[2]
    lowered = last.lower()
    return last.lstrip("_").isupper() or any(word in lowered for word in _ALLOWING)


def _listed(node: ast.expr) -> str:
    """The name of a list, or of what a call makes one of."""
    if not isinstance(node, ast.Call):
        return dotted(node)
    if isinstance(node.func, ast.Attribute):
        return dotted(node.func.value)
    return dotted(node.args[0]) if node.args else ""
