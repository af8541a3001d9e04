"""Signed tokens that are believed without a check of their signature."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, is_text, is_value, keyword
from manyeyes_tools.evidence.python_options import entries, options
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_security import SIGNATURE
from manyeyes_tools.evidence.python_walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

_READERS = ("get_unverified_claims", "get_unverified_claim", "decode_unverified")
_VERIFIERS = frozenset({"jose.jws.verify", "jwt.api_jwt.decode"})
_ALGORITHMS = 2
"""Position of the algorithms in `decode(token, key, algorithms)`."""


def _kept_options(tree: Tree) -> Iterator[Place]:
    """Options that are kept in a variable; the others are told of at the call."""
    for option in tree.once(options):
        if isinstance(option.node, ast.stmt) and isinstance(option.value, ast.Dict):
            for entry in entries(option.value):
                if entry.name == "verify_signature" and is_value(entry.value, value=False):
                    yield Place(SIGNATURE, entry.node)


def _decoded(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        if name.endswith(_READERS):
            yield Place(SIGNATURE, call, confidence=0.7)
        if not name.endswith("jwt.decode") and name not in _VERIFIERS:
            continue
        algorithms = keyword(call, "algorithms") or (call.args[_ALGORITHMS] if len(call.args) > _ALGORITHMS else None)
        if algorithms is not None:
            yield from _algorithms(scope, call, algorithms)
        options_ = keyword(call, "options")
        if isinstance(options_, ast.Call) and is_value(keyword(options_, "verify_signature"), value=False):
            yield Place(SIGNATURE, call)
        if is_value(keyword(call, "verify"), value=False):
            yield Place(SIGNATURE, call)
        key = call.args[1] if len(call.args) > 1 else keyword(call, "key")
        keyless = is_value(key, value=None) or is_text(key, "")
        if keyless and name.startswith("jwt.") and options_ is None and algorithms is None:
            yield Place(SIGNATURE, call, confidence=0.6)


def _algorithms(scope: Scope, call: ast.Call, algorithms: ast.expr) -> Iterator[Place]:
    """Whether no signature is a signature, or the token itself says how it is to be checked."""
    parts = walk(algorithms)
    if any(isinstance(one, ast.Constant) and str(one.value).lower() == "none" for one in parts):
        yield Place(SIGNATURE, call)
    elif _reads_header(algorithms) or any(isinstance(one, ast.Name) and _from_token(scope, one) for one in parts):
        yield Place(SIGNATURE, call, confidence=0.8)


def _reads_header(node: ast.expr) -> bool:
    return any(isinstance(one, ast.Call) and dotted(one.func).endswith("get_unverified_header") for one in walk(node))


def _from_token(scope: Scope, name: ast.Name) -> bool:
    """Whether a variable, or one that it was made of, holds something of the token's own header."""
    for value in scope.values(name.id, name.lineno)[-2:]:
        if _reads_header(value):
            return True
        others = {one.id for one in walk(value) if isinstance(one, ast.Name)} & scope.assigned.keys() - {name.id}
        if any(_reads_header(one) for other in others for one in scope.values(other, name.lineno)[-2:]):
            return True
    return False


CHECKS: tuple[Check, ...] = (Check(_kept_options, ()), Check(_decoded, ()))
"""The checks; their rule is counted where it is defined."""
