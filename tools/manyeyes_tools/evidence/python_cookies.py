"""Cookies that travel in clear, that scripts can read, or that other sites can have sent along."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import called, dotted, is_value, keyword
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Tree

COOKIE = Rule(
    id="cookie-sent-in-clear", title="Cookie without `Secure`", severity=Severity.MEDIUM, confidence=0.75,
    cwe="CWE-614",
    explanation="The browser also sends this cookie without encryption, where others can read it.",
    remedy="Set `secure=True`, with `httponly=True` and `samesite='Lax'`.",
)  # fmt: skip
SCRIPTED = Rule(
    id="cookie-for-scripts", title="Cookie without `HttpOnly`", severity=Severity.MEDIUM, confidence=0.7,
    cwe="CWE-1004",
    explanation="Scripts in the page can read this cookie, so that one injected script takes the session along.",
    remedy="Set `httponly=True`, with `secure=True` and `samesite='Lax'`.",
)  # fmt: skip
SAME_SITE = Rule(
    id="cookie-from-elsewhere", title="Cookie sent along from other sites", severity=Severity.LOW, confidence=0.55,
    cwe="CWE-1275",
    explanation="Other sites can make the browser send requests with this cookie.",
    remedy="Set `samesite='Lax'` or `'Strict'`.",
)  # fmt: skip

_SENSITIVE = re.compile(
    r"sess|auth|token|jwt|sid\b|^sid|remember|login|user|csrf|secret|credential|identity|refresh|access|sso|account|key",
    re.IGNORECASE,
)
_SETTERS = frozenset({"set_cookie", "set_signed_cookie", "set_secure_cookie"})
_FLAGS = {"secure": COOKIE, "httponly": SCRIPTED}


def _cookies(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        last = called(call, name)
        if last in _SETTERS:
            yield from _set(call, last)
        elif last == "SessionMiddleware":
            yield from _in_clear(call)
        elif last in {"add_middleware", "Middleware"} and _adds_sessions(call):
            yield from _in_clear(call)
            same = keyword(call, "same_site")
            if isinstance(same, ast.Constant) and str(same.value).lower() == "none":
                yield Place(SAME_SITE, call)
    for _, node in tree.each(ast.Assign):
        match node:  # `response.cookies["x"]["secure"] = False`
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value="secure" | "httponly" as flag))],
                value=ast.Constant(value=False),
            ):
                yield Place(_FLAGS[flag], node)
            case _:
                pass


def _set(call: ast.Call, setter: str) -> Iterator[Place]:
    """What is wrong with a cookie that a call sets; nothing is known of one whose flags come from elsewhere."""
    if any(word.arg is None for word in call.keywords):
        return
    key = call.args[0] if call.args else keyword(call, "key") or keyword(call, "name")
    named = str(key.value) if isinstance(key, ast.Constant) else dotted(key) if key is not None else ""
    secret = bool(_SENSITIVE.search(named))
    deleting = is_value(keyword(call, "max_age"), value=0)
    for word, rule in _FLAGS.items():
        flag = keyword(call, word)
        if is_value(flag, value=False) or (flag is None and secret and not deleting):
            yield Place(rule, call, confidence=None if flag is not None or setter != "set_cookie" else 0.65)
    same = keyword(call, "samesite")
    if isinstance(same, ast.Constant) and str(same.value).lower() == "none" and (same.value is not None or secret):
        yield Place(SAME_SITE, call)
    elif same is None and secret and all(_left_on(call, word) for word in _FLAGS):
        yield Place(SAME_SITE, call, confidence=0.4)


def _left_on(call: ast.Call, word: str) -> bool:
    flag = keyword(call, word)
    return flag is not None and not is_value(flag, value=False)


def _in_clear(call: ast.Call) -> Iterator[Place]:
    flag = keyword(call, "https_only")
    if flag is None or is_value(flag, value=False):
        yield Place(COOKIE, call, confidence=0.7)


def _adds_sessions(call: ast.Call) -> bool:
    return bool(call.args) and dotted(call.args[0]).endswith("SessionMiddleware")


CHECKS: tuple[Check, ...] = (Check(_cookies, (COOKIE, SCRIPTED, SAME_SITE)),)
