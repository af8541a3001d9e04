"""What simple tests tell, and several together."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.evaluation import Told, evaluate, facts_of
from manyeyes_tools.evidence.taint.facts import Facts, facts_about, meet, unite
from manyeyes_tools.evidence.taint.tables import ADDRESS, PATH, bits

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame

_PRIVATE = frozenset({"is_private", "is_loopback", "is_global", "is_link_local", "is_reserved", "is_multicast"})
_HOST = frozenset({"netloc", "hostname", "host"})
_MOST = 32
"""Parts of one test that are looked at."""


def of_negation(frame: Frame, test: ast.UnaryOp, depth: int) -> Told:
    """`not a`."""
    if not isinstance(test.op, ast.Not):
        return {}, {}
    true, false = facts_of(frame, test.operand, depth + 1)
    return false, true


def of_attribute(frame: Frame, test: ast.Attribute, depth: int) -> Told:
    """`address.is_private`, asked to refuse or to allow, and `url.netloc`, without which it is of this site."""
    del depth
    if test.attr in _PRIVATE:
        found = facts_about(evaluate(frame, test.value).atoms, bits("request-forgery"))
        return found, found
    if test.attr in _HOST:
        return {}, facts_about(evaluate(frame, test).atoms, ADDRESS)
    return {}, {}


def of_walrus(frame: Frame, test: ast.NamedExpr, depth: int) -> Told:
    """`(name := a)`."""
    return facts_of(frame, test.value, depth + 1)


def of_name(frame: Frame, test: ast.Name, depth: int) -> Told:
    """A variable that keeps the result of a test."""
    del depth
    held = frame.env.get(test.id)
    known = held.fields.get("~test") if held is not None and held.fields else None
    return ({}, {}) if known is None else (facts_about(known.atoms, 0, 0, own=True), {})


def of_several(frame: Frame, test: ast.BoolOp, depth: int) -> Told:
    """`a and b`, `a or b`."""
    trues: Facts | None = None
    falses: Facts | None = None
    every = isinstance(test.op, ast.And)
    for value in test.values[:_MOST]:
        true, false = facts_of(frame, value, depth + 1)
        if every:
            trues = unite(trues or {}, true)
            falses = meet(falses, false)
        else:
            trues = meet(trues, true)
            falses = unite(falses or {}, false)
    sure = trues if every else falses
    if sure:
        _add_of_heads(sure, [_head(value) for value in test.values])
    return trues or {}, falses or {}


def _add_of_heads(sure: Facts, heads: list[object]) -> None:
    """`x.startswith("/") and not x.startswith("//")` leaves only paths of this site."""
    if "/" in heads and any(head in {"//", "/\\"} for head in heads):
        for origin, (clean, doubt) in list(sure.items()):
            sure[origin] = (clean | ADDRESS, doubt)
    if ".." in heads and ("/" in heads or "\\" in heads or "absolute" in heads):
        for origin, (clean, doubt) in list(sure.items()):
            sure[origin] = (clean | PATH, doubt)


def _head(node: ast.expr) -> object:
    """The text that a value is tested to begin with, or to hold."""
    if isinstance(node, ast.UnaryOp):
        node = node.operand
    match node:
        case ast.Call(func=ast.Attribute(attr="startswith"), args=[ast.Constant(value=head)]):
            return head
        case ast.Call(func=ast.Attribute(attr="startswith"), args=[ast.Tuple(elts=parts)]):
            heads = [one.value for one in parts if isinstance(one, ast.Constant)]
            return "//" if "//" in heads else heads[0] if heads else None
        case ast.Call(func=ast.Attribute(attr="is_absolute" | "isabs")):
            return "absolute"
        case ast.Compare(left=ast.Constant(value=head), ops=[ast.In() | ast.NotIn()]):
            return head
        case _:
            return None
