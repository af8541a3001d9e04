"""Answers that pages of any other site may read."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, is_text, is_value, keyword
from manyeyes_tools.evidence.python_options import entries
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

ORIGINS = Rule(
    id="open-origins", title="Any site may read the answers", severity=Severity.MEDIUM, confidence=0.7, cwe="CWE-942",
    explanation="Pages of any other site may call this one in the reader's name and read what it answers.",
    remedy="Name the origins that may, each in full.",
)  # fmt: skip

_EXTENSIONS = frozenset(
    {"flask_cors.CORS", "flask_cors.cross_origin", "quart_cors.cors", "sanic_cors.CORS", "sanic_ext.Extend"}
)
_HEADER = "access-control-allow-origin"
_SETTERS = frozenset({"set_header", "add_header", "setdefault", "set", "add"})
_ANY = frozenset({"*", ".*", "https?://.*", "http://*", "https://*"})
_LOOSE = re.compile(r"^\^?(?:https\??://)?\(?\.[*+]\)?\$?$|^\^?https\?://\.\*")


def _calls(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if last == "CORSMiddleware" or (last in {"add_middleware", "Middleware"} and _adds_cors(call)):
            if _any_origin(scope, keyword(call, "allow_origins")) or _loose(keyword(call, "allow_origin_regex")):
                credentials = is_value(keyword(call, "allow_credentials"), value=True)
                yield Place(ORIGINS, call, confidence=0.85 if credentials else 0.45)
        elif name in _EXTENSIONS or last == "cross_origin":
            yield from _extension(scope, call)
        elif last in _SETTERS:
            match call.args:
                case [ast.Constant(value=str() as header), value] if header.lower() == _HEADER and is_text(value, "*"):
                    yield Place(ORIGINS, call, confidence=0.45)
                case _:
                    pass


def _headers(tree: Tree) -> Iterator[Place]:
    for _, node in tree.each(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str() as header))], value=value) if (
                header.lower() == _HEADER and is_text(value, "*")
            ):
                yield Place(ORIGINS, node, confidence=0.5)
            case _:
                pass
    for _, headers in tree.each(ast.Dict):
        for entry in entries(headers):
            if entry.name.lower() == _HEADER and is_text(entry.value, "*"):
                yield Place(ORIGINS, entry.value, confidence=0.45)


def _extension(scope: Scope, call: ast.Call) -> Iterator[Place]:
    """What is wrong with a call of an extension, which lets in everyone when nothing else is said."""
    credentials = any(
        is_value(keyword(call, word), value=True) for word in ("supports_credentials", "allow_credentials")
    )
    origins = keyword(call, "origins") or keyword(call, "allow_origin")
    resources = keyword(call, "resources")
    if resources is not None and origins is None:
        if any(is_text(one, "*") for one in walk(resources)):
            yield Place(ORIGINS, call, confidence=0.8 if credentials else 0.5)
    elif (origins is None and not any(word.arg is None for word in call.keywords)) or _any_origin(scope, origins):
        yield Place(ORIGINS, call, confidence=0.8 if credentials else 0.45)


def _adds_cors(call: ast.Call) -> bool:
    return bool(call.args) and dotted(call.args[0]).endswith("CORSMiddleware")


def _any_origin(scope: Scope, node: ast.expr | None) -> bool:
    if isinstance(node, ast.Name):
        last = scope.values(node.id, node.lineno)[-1:]
        return any(_any_origin(scope, one) for one in last if not isinstance(one, ast.Name))
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return any(_any_origin(scope, one) for one in node.elts)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in _ANY


def _loose(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_LOOSE.search(node.value))


CHECKS: tuple[Check, ...] = (Check(_calls, (ORIGINS,)), Check(_headers, ()))
