"""Settings that leave a web application open, by name; and debugging that is left on."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_cookies import COOKIE, SAME_SITE, SCRIPTED
from manyeyes_tools.evidence.python_forgery import FORGERY
from manyeyes_tools.evidence.python_names import dotted, is_text, is_value, keyword
from manyeyes_tools.evidence.python_options import option_name, options
from manyeyes_tools.evidence.python_origins import ORIGINS
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_security import CERTIFICATE, DEBUG
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

HOSTS = Rule(
    id="any-host-name", title="Any host name is taken", severity=Severity.LOW, confidence=0.45, cwe="CWE-16",
    explanation="Links that the site builds from the host of a request lead where the caller wants.",
    remedy="Name the hosts that the site is reached by.",
)  # fmt: skip

SWITCHES: tuple[tuple[str, object, Rule, float], ...] = (
    ("SESSION_COOKIE_SECURE", False, COOKIE, 0.8), ("CSRF_COOKIE_SECURE", False, COOKIE, 0.7),
    ("REMEMBER_COOKIE_SECURE", False, COOKIE, 0.8), ("JWT_COOKIE_SECURE", False, COOKIE, 0.8),
    ("SESSION_COOKIE_HTTPONLY", False, SCRIPTED, 0.85), ("REMEMBER_COOKIE_HTTPONLY", False, SCRIPTED, 0.8),
    ("SESSION_COOKIE_SAMESITE", None, SAME_SITE, 0.7), ("SESSION_COOKIE_SAMESITE", "None", SAME_SITE, 0.7),
    ("CSRF_COOKIE_SAMESITE", None, SAME_SITE, 0.6), ("SESSION_COOKIE_SAMESITE", False, SAME_SITE, 0.7),
    ("WTF_CSRF_ENABLED", False, FORGERY, 0.8), ("WTF_CSRF_CHECK_DEFAULT", False, FORGERY, 0.75),
    ("JWT_COOKIE_CSRF_PROTECT", False, FORGERY, 0.75), ("CORS_ALLOW_ALL_ORIGINS", True, ORIGINS, 0.75),
    ("CORS_ORIGIN_ALLOW_ALL", True, ORIGINS, 0.75), ("CORS_ORIGINS", "*", ORIGINS, 0.6),
    ("TEMPLATE_DEBUG", True, DEBUG, 0.7), ("DEBUG_PROPAGATE_EXCEPTIONS", True, DEBUG, 0.6),
    ("PYTHONHTTPSVERIFY", "0", CERTIFICATE, 0.85),
)  # fmt: skip
"""Settings by name with the value that leaves something open, and how sure that is."""
_SWITCHED = frozenset(row[0] for row in SWITCHES)

_DEBUGGED = frozenset({
    "flask.Flask.run", "app.run", "application.run", "server.run", "socketio.run", "bottle.run", "sanic.Sanic.run",
    "fastapi.FastAPI", "starlette.applications.Starlette", "tornado.web.Application", "quart.Quart.run",
    "litestar.Litestar", "aiohttp_debugtoolbar.setup", "falcon.App", "werkzeug.serving.run_simple",
})  # fmt: skip
_UPDATES = frozenset({"update", "from_mapping"})
_RUNNING = ("flask.", "sanic.", "quart.", "bottle.", "dash.")
_FLAGS = ("debug", "use_debugger", "serve_traceback")
_OF_DJANGO = frozenset({"INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "ALLOWED_HOSTS", "SECRET_KEY", "DATABASES"})
_DEVELOPMENT = re.compile(r"dev|test|local|debug", re.IGNORECASE)


def _switches(tree: Tree) -> Iterator[Place]:
    for node, name, value in tree.once(options):
        if name in _SWITCHED and isinstance(value, ast.Constant):
            for setting, bad, rule, sure in SWITCHES:
                if name == setting and (value.value is bad or (isinstance(bad, str) and value.value == bad)):
                    yield Place(rule, node, confidence=sure)


def _hosts(tree: Tree) -> Iterator[Place]:
    for node, name, value in tree.once(options):
        hosts = value.elts if name == "ALLOWED_HOSTS" and isinstance(value, ast.List | ast.Tuple) else ()
        if any(is_text(one, "*") for one in hosts):
            yield Place(HOSTS, node)


def _debug_set(tree: Tree) -> Iterator[Place]:
    """Debugging switched on by a setting."""
    django = any(
        isinstance(node, ast.Assign) and any(option_name(one) in _OF_DJANGO for one in node.targets)
        for node in tree.module.body
    )
    for scope, node in tree.each(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Name(id="DEBUG")], value=ast.Constant(value=True)):
                if django or (scope.name == "" and not _in_development_class(tree, node)):
                    yield Place(DEBUG, node, confidence=0.8 if django else 0.5)
            case ast.Assign(
                targets=[ast.Subscript(slice=ast.Constant(value="DEBUG" | "debug"), value=base)],
                value=ast.Constant(value=True),
            ) if "config" in dotted(base):
                yield Place(DEBUG, node, confidence=0.75)
            case ast.Assign(
                targets=[ast.Attribute(attr="debug", value=ast.Name(id="app" | "application"))],
                value=ast.Constant(value=True),
            ):
                yield Place(DEBUG, node, confidence=0.75)
            case _:
                pass


def _in_development_class(tree: Tree, node: ast.AST) -> bool:
    """Whether it stands in the settings of a class for development or tests."""
    return any(
        isinstance(one, ast.ClassDef) and _DEVELOPMENT.search(one.name) and node in one.body for one in tree.module.body
    )


def _debug_called(tree: Tree) -> Iterator[Place]:
    """Debugging switched on where the application is made or run."""
    for scope, call, name in tree.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr in _UPDATES and "config" in dotted(call.func.value):
            if is_value(keyword(call, "DEBUG"), value=True):
                yield Place(DEBUG, call, confidence=0.75)
            continue
        full = _typed(tree, scope, call, name)
        if full in _DEBUGGED or (full.endswith(".run") and full.startswith(_RUNNING)):
            flag = next((word.value for word in call.keywords if word.arg in _FLAGS), None)
            if is_value(flag, value=True):
                yield Place(DEBUG, call)
            elif isinstance(flag, ast.Name) and _may_be_true(scope, flag):
                yield Place(DEBUG, call, confidence=0.7)
        elif full == "bottle.debug" and (not call.args or is_value(call.args[0], value=True)):
            yield Place(DEBUG, call)
        elif full == "werkzeug.debug.DebuggedApplication":
            yield Place(DEBUG, call, confidence=0.85)


def _may_be_true(scope: Scope, name: ast.Name) -> bool:
    return any(is_value(one, value=True) for one in scope.values(name.id, name.lineno))


def _typed(tree: Tree, scope: Scope, call: ast.Call, name: str) -> str:
    """The name of what is called, with a variable replaced by the class whose object it holds."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        for value in scope.values(call.func.value.id, call.lineno)[-3:]:
            if isinstance(value, ast.Call):
                made = tree.name_of(value.func)
                if made:
                    return f"{made}.{call.func.attr}"
    return name


CHECKS: tuple[Check, ...] = (
    Check(_switches, ()),
    Check(_hosts, (HOSTS,)),
    Check(_debug_set, ()),
    Check(_debug_called, ()),
)
"""The checks; rules that another module defines are counted there."""
