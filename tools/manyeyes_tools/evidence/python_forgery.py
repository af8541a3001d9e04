"""Requests that other sites can forge in a reader's name: the protection is switched off, or never was there."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, is_value, keyword
from manyeyes_tools.evidence.python_options import options
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Function, Tree
    from manyeyes_tools.evidence.python_options import Option

FORGERY = Rule(
    id="forgery-check-off", title="Requests are not protected from forgery", severity=Severity.MEDIUM, confidence=0.7,
    cwe="CWE-352",
    explanation="Other sites can make a reader's browser send requests that change something, in the reader's name.",
    remedy="Leave the protection on, and send its token with each form.",
)  # fmt: skip

_MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"
_SESSIONS = frozenset({
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.common.CommonMiddleware",
})  # fmt: skip
_SIGNED = re.compile(
    r"signature|hmac|compare_digest|webhook_secret|api_?key|authorization|bearer|verify_token|construct_event",
    re.IGNORECASE,
)
_LONGEST_NAME = 60
_PROTECTION = re.compile(r"csrf|xsrf|flask_wtf|seasurf", re.IGNORECASE)
_PROTECTING_TEXT = re.compile(r"csrf|xsrf|samesite", re.IGNORECASE)
_TOKEN = re.compile(r"csrf|xsrf", re.IGNORECASE)
_SIGN_IN = re.compile(r"log_?in|sign_?in|register|sign_?up", re.IGNORECASE)
_CHANGING = frozenset({"POST", "PUT", "DELETE", "PATCH"})


def _decorated(tree: Tree) -> Iterator[Place]:
    """Functions and classes that a decorator exempts; those that check a signature are called by programs."""
    for node in tree.functions():
        for one in node.decorator_list:
            if (_exempts(one) and not _signed(node)) or _exempts_method(one):
                yield Place(FORGERY, one, confidence=0.6)
    for _, cls in tree.each(ast.ClassDef):
        for one in cls.decorator_list:
            if _exempts_method(one) and not _signed(cls):
                yield Place(FORGERY, one, confidence=0.6)


def _exempts(decorator: ast.expr) -> bool:
    """`@csrf_exempt`, and `@csrf.exempt` of an extension."""
    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    if name.rpartition(".")[2] == "csrf_exempt":
        return True
    return (
        isinstance(decorator, ast.Attribute)
        and decorator.attr == "exempt"
        and "csrf" in dotted(decorator.value).lower()
    )


def _exempts_method(decorator: ast.expr) -> bool:
    """`@method_decorator(csrf_exempt, ...)`."""
    return (
        isinstance(decorator, ast.Call)
        and dotted(decorator.func).endswith("method_decorator")
        and bool(decorator.args)
        and dotted(decorator.args[0]).endswith("csrf_exempt")
    )


def _signed(node: ast.AST) -> bool:
    """Whether a function checks a signature or key, as those do that other programs call."""
    names = (_named(one) for one in walk(node))
    return any(len(name) < _LONGEST_NAME and _SIGNED.search(name) for name in names if name)


def _named(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str() as name):
            return name
        case _:
            return ""


def _called(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if last == "csrf_exempt" and call.args and not isinstance(call.args[0], ast.Lambda):
            yield Place(FORGERY, call, confidence=0.55)
        elif name == "tornado.web.Application" or (last == "Application" and "tornado" in str(tree.imports.values())):
            flag = keyword(call, "xsrf_cookies")
            signed = keyword(call, "cookie_secret") is not None
            unsaid = flag is None and signed and not any(word.arg is None for word in call.keywords)
            if unsaid or is_value(flag, value=False):
                yield Place(FORGERY, call, confidence=0.65)
        elif (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "exempt"
            and "csrf" in dotted(call.func.value).lower()
        ):
            yield Place(FORGERY, call, confidence=0.6)


def _switched_off(tree: Tree) -> Iterator[Place]:
    for option in tree.once(options):
        if option.name in {"MIDDLEWARE", "MIDDLEWARE_CLASSES"}:
            if _without_protection(option):
                yield Place(FORGERY, option.node, confidence=0.75)
        elif option.name == "check_xsrf_cookie" and isinstance(option.value, ast.Lambda):
            yield Place(FORGERY, option.node, confidence=0.7)
        elif option.name == "csrf" and is_value(option.value, value=False) and isinstance(option.node, ast.Assign):
            yield Place(FORGERY, option.node, confidence=0.6)
    for scope in tree.scopes:
        if (
            scope.name == "check_xsrf_cookie"
            and not isinstance(scope.node, ast.Module)
            and all(isinstance(one, ast.Pass | ast.Expr | ast.Return) for one in scope.node.body)
        ):
            yield Place(FORGERY, scope.node, confidence=0.75)


def _without_protection(option: Option) -> bool:
    """Whether Django's whole list of middleware is there, and the protection is not in it."""
    if not isinstance(option.value, ast.List | ast.Tuple):
        return False
    entries = option.value.elts
    names = {one.value for one in entries if isinstance(one, ast.Constant)}
    return (
        bool(names & _SESSIONS) and _MIDDLEWARE not in names and all(isinstance(one, ast.Constant) for one in entries)
    )


def _unprotected_forms(tree: Tree) -> Iterator[Place]:
    """Flask does not protect forms by itself: a handler that acts for the session's user on POST, and no protection."""
    if "flask.Flask" not in tree.imports.values():
        return
    if any(_PROTECTION.search(f"{name} {full}") for name, full in tree.imports.items()) or any(
        isinstance(node.value, str) and _PROTECTING_TEXT.search(node.value) for _, node in tree.each(ast.Constant)
    ):
        return
    for scope in tree.scopes:
        node = scope.node
        if isinstance(node, ast.Module) or not _takes_posts(node) or _SIGN_IN.search(scope.name):
            continue
        names = {dotted(one) for one in scope.nodes if isinstance(one, ast.Attribute | ast.Name)}
        if (
            "request.form" in names
            and any(name.split(".")[0] in {"session", "current_user"} for name in names)
            and not any(_TOKEN.search(name) for name in names)
        ):
            yield Place(FORGERY, node, confidence=0.5)


def _takes_posts(node: Function) -> bool:
    return any(isinstance(one, ast.Call) and _posts(one) for one in node.decorator_list)


def _posts(call: ast.Call) -> bool:
    last = dotted(call.func).rpartition(".")[2]
    if last.upper() in _CHANGING and last.islower():
        return True
    methods = keyword(call, "methods")
    return (
        last == "route"
        and isinstance(methods, ast.List | ast.Tuple)
        and any(isinstance(one, ast.Constant) and one.value in _CHANGING for one in methods.elts)
    )


CHECKS: tuple[Check, ...] = (
    Check(_decorated, (FORGERY,)),
    Check(_called, ()),
    Check(_switched_off, ()),
    Check(_unprotected_forms, ()),
)
"""The checks; a rule of several is counted at the first."""
