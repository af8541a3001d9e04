"""Settings that leave a web application open: debugging, cookies, origins, forged requests, ciphers, tokens, modes."""

# ruff: noqa: C901, E501, PLR0912, PLR2004, SIM102  # a check has a branch for each library; rows and patterns stay on their lines

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, is_value, keyword
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_security import CERTIFICATE, CREDENTIAL, DEBUG, SIGNATURE, WEAK_HASH
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

COOKIE = Rule(
    id="cookie-sent-in-clear", title="Cookie without `Secure`", severity=Severity.MEDIUM, confidence=0.75, cwe="CWE-614",
    explanation="The browser also sends this cookie without encryption, where others can read it.",
    remedy="Set `secure=True`, with `httponly=True` and `samesite='Lax'`.",
)  # fmt: skip
SCRIPTED = Rule(
    id="cookie-for-scripts", title="Cookie without `HttpOnly`", severity=Severity.MEDIUM, confidence=0.7, cwe="CWE-1004",
    explanation="Scripts in the page can read this cookie, so that one injected script takes the session along.",
    remedy="Set `httponly=True`, with `secure=True` and `samesite='Lax'`.",
)  # fmt: skip
SAME_SITE = Rule(
    id="cookie-from-elsewhere", title="Cookie sent along from other sites", severity=Severity.LOW, confidence=0.55,
    cwe="CWE-1275",
    explanation="Other sites can make the browser send requests with this cookie.",
    remedy="Set `samesite='Lax'` or `'Strict'`.",
)  # fmt: skip
ORIGINS = Rule(
    id="open-origins", title="Any site may read the answers", severity=Severity.MEDIUM, confidence=0.7, cwe="CWE-942",
    explanation="Pages of any other site may call this one in the reader's name and read what it answers.",
    remedy="Name the origins that may, each in full.",
)  # fmt: skip
FORGERY = Rule(
    id="forgery-check-off", title="Requests are not protected from forgery", severity=Severity.MEDIUM, confidence=0.7,
    cwe="CWE-352",
    explanation="Other sites can make a reader's browser send requests that change something, in the reader's name.",
    remedy="Leave the protection on, and send its token with each form.",
)  # fmt: skip
CIPHER = Rule(
    id="weak-cipher", title="Broken cipher or mode", severity=Severity.HIGH, confidence=0.85, cwe="CWE-327",
    explanation="What it encrypts can be read or changed: the cipher is broken, or the mode shows equal blocks.",
    remedy="Use AES-GCM or ChaCha20-Poly1305.",
)  # fmt: skip
FIXED_IV = Rule(
    id="fixed-initial-vector", title="Initial vector is constant", severity=Severity.MEDIUM, confidence=0.8, cwe="CWE-329",
    explanation="With the same vector equal beginnings encrypt to the same, and in some modes the key stream shows.",
    remedy="Take a new one from `os.urandom` for each message.",
)  # fmt: skip
SHORT_KEY = Rule(
    id="short-key", title="Key too short", severity=Severity.MEDIUM, confidence=0.85, cwe="CWE-326",
    explanation="Keys of this length can be broken.",
    remedy="Use RSA with 3072 bits or more, or an elliptic curve of 256.",
)  # fmt: skip
OLD_TLS = Rule(
    id="outdated-tls", title="Outdated TLS version", severity=Severity.MEDIUM, confidence=0.85, cwe="CWE-327",
    explanation="This version of the protocol has known breaks.", remedy="Use `ssl.create_default_context()`.",
)  # fmt: skip
FEW_ROUNDS = Rule(
    id="cheap-password-hash", title="Password hash with too few rounds", severity=Severity.MEDIUM, confidence=0.8, cwe="CWE-916",
    explanation="Hashes made with so little work can be tried by the billion.",
    remedy="Use argon2 or scrypt, or PBKDF2 with 600,000 rounds.",
)  # fmt: skip
HOST_KEY = Rule(
    id="host-key-not-checked", title="SSH host keys are not checked", severity=Severity.HIGH, confidence=0.85, cwe="CWE-295",
    explanation="Whoever is on the way can pose as the server.", remedy="Load the known hosts and use `RejectPolicy`.",
)  # fmt: skip
MODE = Rule(
    id="permissions-too-wide", title="Permissions too wide", severity=Severity.MEDIUM, confidence=0.8, cwe="CWE-732",
    explanation="Others on the machine may write this file or folder.",
    remedy="Grant no more than the owner needs, such as 0o600 or 0o700.",
)  # fmt: skip
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
"""Settings by name with the value that leaves something open."""

_SENSITIVE = re.compile(
    r"sess|auth|token|jwt|sid\b|^sid|remember|login|user|csrf|secret|credential|identity|refresh|access|sso|account|key",
    re.IGNORECASE,
)
_DEBUGGED = frozenset({
    "flask.Flask.run", "app.run", "application.run", "server.run", "socketio.run", "bottle.run", "sanic.Sanic.run", "fastapi.FastAPI", "starlette.applications.Starlette",
    "tornado.web.Application", "quart.Quart.run", "litestar.Litestar", "aiohttp_debugtoolbar.setup", "falcon.App",
})  # fmt: skip
_CIPHERS = re.compile(
    r"(?:^|\.)(?:DES3?|ARC2|ARC4|RC4|Blowfish|CAST|XOR)\.new$|algorithms\.(?:ARC4|TripleDES|Blowfish|IDEA|CAST5|SEED)$|^pyDes\.|modes\.ECB$"
)
_WRITERS = frozenset({"os.chmod", "os.fchmod", "os.lchmod", "os.mkdir", "os.makedirs", "os.open", "os.mkfifo"})
_OTHERS_WRITE = 0o002
_ROUNDS = 100_000
_BCRYPT_ROUNDS = 10
_SHORT_RSA = 2048
_MIDDLEWARE = "django.middleware.csrf.CsrfViewMiddleware"
_OLD = frozenset(
    {
        "PROTOCOL_SSLv2",
        "PROTOCOL_SSLv3",
        "PROTOCOL_TLSv1",
        "PROTOCOL_TLSv1_1",
        "SSLv3_METHOD",
        "TLSv1_METHOD",
        "SSLv2_METHOD",
        "TLSv1_1_METHOD",
    }
)
_UNVERIFIED = frozenset({
    "jwt.get_unverified_claims", "jose.jwt.get_unverified_claims", "jwt.get_unverified_claim", "authlib.jose.jwt.decode_unverified",
})  # fmt: skip


def _settings(tree: Tree) -> Iterator[tuple[ast.stmt | ast.expr, str, ast.expr]]:
    """Everything that gives a setting its value, with the setting's name."""
    for scope in tree.scopes:
        for node in scope.nodes:
            match node:
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        name = _setting(target)
                        if name:
                            yield node, name, value
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    name = _setting(target)
                    if name:
                        yield node, name, value
                case ast.Call(
                    func=ast.Attribute(attr="update" | "from_mapping" | "setdefault"), keywords=words, args=args
                ):
                    for word in words:
                        if word.arg:
                            yield word.value, word.arg, word.value
                    for one in args:
                        yield from _entries(one)
                case ast.Call(func=ast.Name(id="dict"), keywords=words):
                    for word in words:
                        if word.arg:
                            yield word.value, word.arg, word.value
                case ast.Dict():
                    yield from _entries(node)
                case _:
                    pass


def _entries(node: ast.expr) -> Iterator[tuple[ast.expr, str, ast.expr]]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield value, key.value, value


def _setting(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def _switches(tree: Tree) -> Iterator[Place]:
    for node, name, value in _settings(tree):
        if not isinstance(value, ast.Constant):
            continue
        for setting, bad, rule, sure in SWITCHES:
            if name == setting and (value.value is bad or (isinstance(bad, str) and value.value == bad)):
                yield Place(rule, node, confidence=sure)


def _debug(tree: Tree) -> Iterator[Place]:
    django = any(
        isinstance(node, ast.Assign)
        and any(
            _setting(one)
            in {"INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "ALLOWED_HOSTS", "SECRET_KEY", "DATABASES"}
            for one in node.targets
        )
        for node in tree.module.body
    )
    for scope in tree.scopes:
        for node in scope.nodes:
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
                case ast.Call(func=ast.Attribute(attr="update" | "from_mapping", value=base), keywords=words) if (
                    "config" in dotted(base)
                ):
                    if any(word.arg == "DEBUG" and is_value(word.value, value=True) for word in words):
                        yield Place(DEBUG, node, confidence=0.75)
                case _:
                    pass
    for scope, call, name in tree.calls():
        full = _typed(tree, scope, call, name)
        last = full.rpartition(".")[2]
        if (
            full in _DEBUGGED
            or (last == "run" and full.startswith(("flask.", "sanic.", "quart.", "bottle.", "dash.")))
            or full in {"werkzeug.serving.run_simple", "tornado.web.Application"}
        ):
            flag = keyword(call, "debug") or keyword(call, "use_debugger") or keyword(call, "serve_traceback")
            if is_value(flag, value=True):
                yield Place(DEBUG, call)
            elif isinstance(flag, ast.Name) and any(
                is_value(one, value=True) for one in scope.values(flag.id, call.lineno)
            ):
                yield Place(DEBUG, call, confidence=0.7)
        if full == "bottle.debug" and (not call.args or is_value(call.args[0], value=True)):
            yield Place(DEBUG, call)
        if full == "werkzeug.debug.DebuggedApplication":
            yield Place(DEBUG, call, confidence=0.85)


def _in_development_class(tree: Tree, node: ast.AST) -> bool:
    """Whether it stands in the settings of a class for development or tests."""
    for one in tree.module.body:
        if (
            isinstance(one, ast.ClassDef)
            and re.search(r"dev|test|local|debug", one.name, re.IGNORECASE)
            and node in one.body
        ):
            return True
    return False


def _typed(tree: Tree, scope: Scope, call: ast.Call, name: str) -> str:
    """The name of what is called, with a variable replaced by the class whose object it holds."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        for value in scope.values(call.func.value.id, call.lineno)[-3:]:
            if isinstance(value, ast.Call):
                made = tree.name_of(value.func)
                if made:
                    return f"{made}.{call.func.attr}"
    return name


def _cookies(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        last = name.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if last in {"set_cookie", "set_signed_cookie", "set_secure_cookie"}:
            if any(word.arg is None for word in call.keywords):
                continue
            key = call.args[0] if call.args else keyword(call, "key") or keyword(call, "name")
            named = str(key.value) if isinstance(key, ast.Constant) else dotted(key) if key is not None else ""
            secret = bool(_SENSITIVE.search(named))
            deleting = is_value(keyword(call, "max_age"), value=0)
            for word, rule in (("secure", COOKIE), ("httponly", SCRIPTED)):
                flag = keyword(call, word)
                if is_value(flag, value=False) or (flag is None and secret and not deleting):
                    yield Place(rule, call, confidence=None if flag is not None or last != "set_cookie" else 0.65)
            same = keyword(call, "samesite")
            if (
                isinstance(same, ast.Constant)
                and str(same.value).lower() == "none"
                and (same.value is not None or secret)
            ):
                yield Place(SAME_SITE, call)
            elif (
                same is None
                and secret
                and keyword(call, "secure") is not None
                and keyword(call, "httponly") is not None
                and not is_value(keyword(call, "secure"), value=False)
                and not is_value(keyword(call, "httponly"), value=False)
            ):
                yield Place(SAME_SITE, call, confidence=0.4)
        elif last == "SessionMiddleware":
            flag = keyword(call, "https_only")
            if flag is None or is_value(flag, value=False):
                yield Place(COOKIE, call, confidence=0.7)
        elif (
            last in {"add_middleware", "Middleware"}
            and call.args
            and dotted(call.args[0]).endswith("SessionMiddleware")
        ):
            flag = keyword(call, "https_only")
            if flag is None or is_value(flag, value=False):
                yield Place(COOKIE, call, confidence=0.7)
            same = keyword(call, "same_site")
            if isinstance(same, ast.Constant) and str(same.value).lower() == "none":
                yield Place(SAME_SITE, call)
    for scope in tree.scopes:
        for node in scope.nodes:
            match node:  # `response.cookies["x"]["secure"] = False`
                case ast.Assign(
                    targets=[ast.Subscript(slice=ast.Constant(value="secure" | "httponly" as flag_name))],
                    value=ast.Constant(value=False),
                ):
                    yield Place(COOKIE if flag_name == "secure" else SCRIPTED, node)
                case _:
                    pass


def _origins(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if (
            last == "CORSMiddleware"
            or (last == "add_middleware" and call.args and dotted(call.args[0]).endswith("CORSMiddleware"))
            or (last == "Middleware" and call.args and dotted(call.args[0]).endswith("CORSMiddleware"))
        ):
            credentials = is_value(keyword(call, "allow_credentials"), value=True)
            if _any_origin(scope, keyword(call, "allow_origins")) or _loose(keyword(call, "allow_origin_regex")):
                yield Place(ORIGINS, call, confidence=0.85 if credentials else 0.45)
        elif (
            name
            in {
                "flask_cors.CORS",
                "flask_cors.cross_origin",
                "quart_cors.cors",
                "sanic_cors.CORS",
                "sanic_ext.Extend",
            }
            or last == "cross_origin"
        ):
            credentials = is_value(keyword(call, "supports_credentials"), value=True) or is_value(
                keyword(call, "allow_credentials"), value=True
            )
            origins = keyword(call, "origins") or keyword(call, "allow_origin")
            resources = keyword(call, "resources")
            if resources is not None and origins is None:
                stars = [one for one in walk(resources) if isinstance(one, ast.Constant) and one.value == "*"]
                if stars:
                    yield Place(ORIGINS, call, confidence=0.8 if credentials else 0.5)
            elif (origins is None and not any(word.arg is None for word in call.keywords)) or _any_origin(
                scope, origins
            ):
                yield Place(ORIGINS, call, confidence=0.8 if credentials else 0.45)
        elif (
            last in {"set_header", "add_header", "setdefault", "set", "add"} and len(call.args) == 2
        ):  # a name and a value
            key, value = call.args
            if (
                isinstance(key, ast.Constant)
                and str(key.value).lower() == "access-control-allow-origin"
                and is_value_text(value, "*")
            ):
                yield Place(ORIGINS, call, confidence=0.45)
    for scope in tree.scopes:
        for node in scope.nodes:
            match node:
                case ast.Assign(targets=[ast.Subscript(slice=ast.Constant(value=str() as header))], value=value) if (
                    header.lower() == "access-control-allow-origin"
                ):
                    if is_value_text(value, "*"):
                        yield Place(ORIGINS, node, confidence=0.5)
                case ast.Dict(keys=keys, values=values):
                    for one, value in zip(keys, values, strict=True):
                        if (
                            isinstance(one, ast.Constant)
                            and str(one.value).lower() == "access-control-allow-origin"
                            and is_value_text(value, "*")
                        ):
                            yield Place(ORIGINS, value, confidence=0.45)
                case _:
                    pass


def is_value_text(node: ast.expr, text: str) -> bool:
    """Whether a node is just this text."""
    return isinstance(node, ast.Constant) and node.value == text


def _any_origin(scope: Scope, node: ast.expr | None) -> bool:
    if isinstance(node, ast.Name):
        return any(
            _any_origin(scope, one) for one in scope.values(node.id, node.lineno)[-1:] if not isinstance(one, ast.Name)
        )
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return any(_any_origin(scope, one) for one in node.elts)
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value in {"*", ".*", "https?://.*", "http://*", "https://*"}
    )


def _loose(node: ast.expr | None) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and bool(re.search(r"^\^?(?:https\??://)?\(?\.[*+]\)?\$?$|^\^?https\?://\.\*", node.value))
    )


def _forgery(tree: Tree) -> Iterator[Place]:
    for scope in tree.scopes:
        node = scope.node
        for one in getattr(node, "decorator_list", ()):
            if dotted(one.func if isinstance(one, ast.Call) else one).rpartition(".")[
                2
            ] == "csrf_exempt" and not _signed(node):
                yield Place(FORGERY, one, confidence=0.6)
            if (
                isinstance(one, ast.Call)
                and dotted(one.func).endswith("method_decorator")
                and one.args
                and dotted(one.args[0]).endswith("csrf_exempt")
            ):
                yield Place(FORGERY, one, confidence=0.6)
            if (
                isinstance(one, ast.Attribute)
                and one.attr == "exempt"
                and "csrf" in dotted(one.value).lower()
                and not _signed(node)
            ):
                yield Place(FORGERY, one, confidence=0.6)
    for part in tree.nodes:
        if isinstance(part, ast.ClassDef):
            for one in part.decorator_list:
                if (
                    isinstance(one, ast.Call)
                    and dotted(one.func).endswith("method_decorator")
                    and one.args
                    and dotted(one.args[0]).endswith("csrf_exempt")
                    and not _signed(part)
                ):
                    yield Place(FORGERY, one, confidence=0.6)
    for _, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if last == "csrf_exempt" and call.args and not isinstance(call.args[0], ast.Lambda):
            yield Place(FORGERY, call, confidence=0.55)
        elif name == "tornado.web.Application" or (last == "Application" and "tornado" in str(tree.imports.values())):
            flag = keyword(call, "xsrf_cookies")
            signed = keyword(call, "cookie_secret") is not None
            if is_value(flag, value=False) or (
                flag is None and signed and not any(word.arg is None for word in call.keywords)
            ):
                yield Place(FORGERY, call, confidence=0.65)
        elif (
            isinstance(call.func, ast.Attribute)
            and call.func.attr == "exempt"
            and "csrf" in dotted(call.func.value).lower()
        ):
            yield Place(FORGERY, call, confidence=0.6)
    for node_, name, value in _settings(tree):
        if name in {"MIDDLEWARE", "MIDDLEWARE_CLASSES"} and isinstance(value, ast.List | ast.Tuple):
            names = {one.value for one in value.elts if isinstance(one, ast.Constant)}
            sessions = {
                "django.contrib.sessions.middleware.SessionMiddleware",
                "django.contrib.auth.middleware.AuthenticationMiddleware",
                "django.middleware.common.CommonMiddleware",
            }
            if (
                names & sessions
                and _MIDDLEWARE not in names
                and all(isinstance(one, ast.Constant) for one in value.elts)
            ):
                yield Place(FORGERY, node_, confidence=0.75)
        elif name == "check_xsrf_cookie" and isinstance(value, ast.Lambda):
            yield Place(FORGERY, node_, confidence=0.7)
        elif name == "csrf" and is_value(value, value=False) and isinstance(node_, ast.Assign):
            yield Place(FORGERY, node_, confidence=0.6)
    for scope in tree.scopes:
        if (
            scope.name == "check_xsrf_cookie"
            and not isinstance(scope.node, ast.Module)
            and all(isinstance(one, ast.Pass | ast.Expr | ast.Return) for one in scope.node.body)
        ):
            yield Place(FORGERY, scope.node, confidence=0.75)
    yield from _unprotected_forms(tree)


def _signed(node: ast.AST) -> bool:
    """Whether a function checks a signature or key, as those do that other programs call."""
    for one in walk(node):
        name = (
            one.id
            if isinstance(one, ast.Name)
            else one.attr
            if isinstance(one, ast.Attribute)
            else str(one.value)
            if isinstance(one, ast.Constant) and isinstance(one.value, str)
            else ""
        )
        if (
            name
            and len(name) < 60
            and re.search(
                r"signature|hmac|compare_digest|webhook_secret|api_?key|authorization|bearer|verify_token|construct_event",
                name,
                re.IGNORECASE,
            )
        ):  # names, not texts
            return True
    return False


def _unprotected_forms(tree: Tree) -> Iterator[Place]:
    """Flask does not protect forms by itself: a handler that acts for the session's user on POST, and no protection."""
    if "flask.Flask" not in tree.imports.values():
        return
    protected = any(
        re.search(r"csrf|xsrf|flask_wtf|seasurf", f"{name} {full}", re.IGNORECASE)
        for name, full in tree.imports.items()
    )
    if protected or any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.search(r"csrf|xsrf|samesite", node.value, re.IGNORECASE)
        for node in tree.nodes
    ):
        return
    for scope in tree.scopes:
        node = scope.node
        if isinstance(node, ast.Module):
            continue
        posts = [one for one in node.decorator_list if isinstance(one, ast.Call) and _posts(one)]
        names = {dotted(one) for one in scope.nodes if isinstance(one, ast.Attribute | ast.Name)}
        if (
            posts
            and any(name.split(".")[0] in {"session", "current_user"} for name in names)
            and "request.form" in names
            and not _SIGN_IN.search(scope.name)
        ):
            if not any("csrf" in name.lower() or "xsrf" in name.lower() for name in names):
                yield Place(FORGERY, node, confidence=0.5)


_SIGN_IN = re.compile(r"log_?in|sign_?in|register|sign_?up", re.IGNORECASE)


def _posts(call: ast.Call) -> bool:
    last = dotted(call.func).rpartition(".")[2]
    if last in {"post", "put", "delete", "patch"}:
        return True
    methods = keyword(call, "methods")
    return (
        last == "route"
        and isinstance(methods, ast.List | ast.Tuple)
        and any(
            isinstance(one, ast.Constant) and one.value in {"POST", "PUT", "DELETE", "PATCH"} for one in methods.elts
        )
    )


def _certificates(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        for word in (
            "ssl",
            "verify_ssl",
            "ssl_verify",
            "validate_cert",
            "validate_certs",
            "verify_certs",
            "check_hostname",
            "tls_verify",
            "ssl_check_hostname",
            "verify_certificate",
        ):
            flag = keyword(call, word)
            if is_value(flag, value=False) and (
                word != "ssl"
                or re.search(
                    r"aiohttp|session|connector|client|\.(?:get|post|put|request|delete|patch|ws_connect)$",
                    name,
                    re.IGNORECASE,
                )
                or not name
            ):
                yield Place(CERTIFICATE, call)
        for word in ("cert_reqs", "ssl_cert_reqs", "tls_require_cert"):
            flag = keyword(call, word)
            if flag is not None and (
                dotted(flag).endswith("CERT_NONE")
                or (isinstance(flag, ast.Constant) and str(flag.value).upper() in {"CERT_NONE", "NONE"})
            ):
                yield Place(CERTIFICATE, call)
        if keyword(call, "tlsAllowInvalidCertificates") is not None and is_value(
            keyword(call, "tlsAllowInvalidCertificates"), value=True
        ):
            yield Place(CERTIFICATE, call)
        last = name.rpartition(".")[2]
        if last == "set_missing_host_key_policy" and call.args:
            policy = call.args[0].func if isinstance(call.args[0], ast.Call) else call.args[0]
            if dotted(policy).rpartition(".")[2] in {"AutoAddPolicy", "WarningPolicy"}:
                yield Place(HOST_KEY, call)
        if name == "asyncssh.connect" and is_value(keyword(call, "known_hosts"), value=None):
            yield Place(HOST_KEY, call)
        if (
            last == "setopt"
            and len(call.args) == 2
            and dotted(call.args[0]).endswith(("SSL_VERIFYPEER", "SSL_VERIFYHOST"))
            and isinstance(call.args[1], ast.Constant)
            and not call.args[1].value
        ):  # an option and its value
            yield Place(CERTIFICATE, call)
        if name == "ssl.wrap_socket" and keyword(call, "cert_reqs") is None:
            yield Place(CERTIFICATE, call, confidence=0.7)
        verify = keyword(call, "verify")
        if isinstance(verify, ast.Name) and any(
            is_value(one, value=False) for one in scope.values(verify.id, call.lineno)[-1:]
        ):
            yield Place(CERTIFICATE, call, confidence=0.8)
    for scope in tree.scopes:
        for node in scope.nodes:
            match node:
                case ast.Assign(targets=[ast.Attribute(attr="_create_default_https_context")], value=value) if dotted(
                    value
                ).endswith("_create_unverified_context"):
                    yield Place(CERTIFICATE, node)
                case ast.Attribute(attr=attr) if attr in _OLD and dotted(node.value).rpartition(".")[2] in {
                    "ssl",
                    "SSL",
                }:
                    yield Place(OLD_TLS, node)
                case ast.Assign(
                    targets=[ast.Attribute(attr="minimum_version")],
                    value=ast.Attribute(attr="TLSv1" | "TLSv1_1" | "SSLv3"),
                ):
                    yield Place(OLD_TLS, node)
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        if (
                            isinstance(key, ast.Constant)
                            and key.value in {"verify", "verify_ssl", "ssl_verify", "rejectUnauthorized"}
                            and is_value(value, value=False)
                            and "requests" in str(tree.imports)
                        ):
                            yield Place(CERTIFICATE, value, confidence=0.7)
                case _:
                    pass


def _ciphers(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        if _CIPHERS.search(name) or (
            name.endswith(".new")
            and any(dotted(one).endswith("MODE_ECB") for one in (*call.args, *(word.value for word in call.keywords)))
        ):
            yield Place(CIPHER, call)
        elif name.endswith("AES.new") and len(call.args) == 1 and not call.keywords:
            yield Place(CIPHER, call, confidence=0.6)
        if name.endswith((".new", "modes.CBC", "modes.CTR", "modes.OFB", "modes.CFB", "modes.GCM")) and (
            "AES" in name or "modes." in name
        ):
            vector = (
                keyword(call, "iv")
                or keyword(call, "nonce")
                or keyword(call, "IV")
                or keyword(call, "initialization_vector")
            )
            if vector is None and name.endswith(".new") and len(call.args) > 2:  # key, mode, vector
                vector = call.args[2]
            if vector is None and "modes." in name and call.args:
                vector = call.args[0]
            if vector is not None and _fixed(scope, vector):
                yield Place(FIXED_IV, call)
        last = name.rpartition(".")[2]
        if last in {"generate_private_key", "generate"} and ("rsa" in name.lower() or "dsa" in name.lower()):
            size = (
                keyword(call, "key_size")
                or keyword(call, "bits")
                or next(
                    (
                        one
                        for one in call.args
                        if isinstance(one, ast.Constant) and isinstance(one.value, int) and one.value != 65537
                    ),
                    None,
                )
            )  # the usual exponent
            if isinstance(size, ast.Constant) and isinstance(size.value, int) and size.value < _SHORT_RSA:
                yield Place(SHORT_KEY, call)
        if name == "hashlib.pbkdf2_hmac" or last in {"PBKDF2HMAC", "PBKDF2"}:
            rounds = (
                keyword(call, "iterations")
                or keyword(call, "count")
                or (call.args[3] if len(call.args) > 3 and name == "hashlib.pbkdf2_hmac" else None)
            )  # hash, password, salt, rounds
            if isinstance(rounds, ast.Constant) and isinstance(rounds.value, int) and rounds.value < _ROUNDS:
                yield Place(FEW_ROUNDS, call, confidence=0.8 if rounds.value < _ROUNDS // 5 else 0.5)
        if name == "bcrypt.gensalt":
            rounds = call.args[0] if call.args else keyword(call, "rounds")
            if isinstance(rounds, ast.Constant) and isinstance(rounds.value, int) and rounds.value < _BCRYPT_ROUNDS:
                yield Place(FEW_ROUNDS, call)
        if name.endswith("generate_password_hash"):
            method = keyword(call, "method") or (call.args[1] if len(call.args) > 1 else None)
            if isinstance(method, ast.Constant) and re.search(
                r"^(?:plain|md5|sha1|sha256|sha512)$|pbkdf2:\w+:\d{1,4}$", str(method.value)
            ):
                yield Place(WEAK_HASH, call)
    for node, name, value in _settings(tree):
        if name == "PASSWORD_HASHERS" and isinstance(value, ast.List | ast.Tuple) and value.elts:
            first = value.elts[0]
            if (
                isinstance(first, ast.Constant)
                and re.search(r"MD5|SHA1|Unsalted|Crypt(?!o)", str(first.value))
                and not re.search(r"PBKDF2|BCrypt|Scrypt", str(first.value), re.IGNORECASE)
            ):
                yield Place(WEAK_HASH, node)


def _fixed(scope: Scope, node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        values = scope.values(node.id, node.lineno)
        return bool(values) and all(not isinstance(one, ast.Name) and _fixed(scope, one) for one in values)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bytes | str) and bool(node.value)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Constant)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"bytes", "bytearray"}
        and all(isinstance(one, ast.Constant) for one in node.args)
    )


def _tokens(tree: Tree) -> Iterator[Place]:
    for node, _, value in _settings(tree):  # options that are kept in a variable; the others are told of at the call
        if isinstance(node, ast.stmt) and isinstance(value, ast.Dict):
            for inner, name, flag in _entries(value):
                if name == "verify_signature" and is_value(flag, value=False):
                    yield Place(SIGNATURE, inner)
    for scope, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if name in _UNVERIFIED or (last == "get_unverified_claims"):
            yield Place(SIGNATURE, call, confidence=0.7)
        if not (name.endswith("jwt.decode") or name in {"jose.jws.verify", "jwt.api_jwt.decode"}):
            continue
        algorithms = keyword(call, "algorithms") or (
            call.args[2] if len(call.args) > 2 else None
        )  # token, key, algorithms
        if algorithms is not None:
            texts = [str(one.value).lower() for one in walk(algorithms) if isinstance(one, ast.Constant)]
            if "none" in texts:
                yield Place(SIGNATURE, call)
            elif any(isinstance(one, ast.Name) and _from_token(scope, one) for one in walk(algorithms)) or any(
                isinstance(one, ast.Call) and dotted(one.func).endswith("get_unverified_header")
                for one in walk(algorithms)
            ):
                yield Place(SIGNATURE, call, confidence=0.8)
        options = keyword(call, "options")
        if isinstance(options, ast.Call) and is_value(keyword(options, "verify_signature"), value=False):
            yield Place(SIGNATURE, call)
        if is_value(keyword(call, "verify"), value=False):
            yield Place(SIGNATURE, call)
        key_ = call.args[1] if len(call.args) > 1 else keyword(call, "key")
        if (
            name.startswith("jwt.")
            and (is_value(key_, value=None) or (isinstance(key_, ast.Constant) and key_.value == ""))
            and options is None
            and algorithms is None
        ):
            yield Place(SIGNATURE, call, confidence=0.6)


def _from_token(scope: Scope, name: ast.Name) -> bool:
    for value in scope.values(name.id, name.lineno)[-2:]:
        for one in walk(value):
            if isinstance(one, ast.Call) and dotted(one.func).endswith("get_unverified_header"):
                return True
            if (
                isinstance(one, ast.Name)
                and one.id != name.id
                and one.id in scope.assigned
                and any(
                    isinstance(part, ast.Call) and dotted(part.func).endswith("get_unverified_header")
                    for assigned in scope.values(one.id, name.lineno)[-2:]
                    for part in walk(assigned)
                )
            ):
                return True
    return False


def _modes(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        last = name.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if name == "os.umask" and call.args and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0:
            yield Place(MODE, call)
            continue
        mode: ast.expr | None = None
        if name in _WRITERS:
            position = 2 if name == "os.open" else 1
            mode = keyword(call, "mode") or (call.args[position] if len(call.args) > position else None)
        elif last in {"chmod", "mkdir", "touch"} and isinstance(call.func, ast.Attribute):
            mode = keyword(call, "mode") or (call.args[0] if call.args and last != "touch" else None)
        if mode is not None and _opens(scope, mode):
            yield Place(MODE, call)
    for node, name, value in _settings(tree):
        if name in {"FILE_UPLOAD_PERMISSIONS", "FILE_UPLOAD_DIRECTORY_PERMISSIONS"} and _opens(None, value):
            yield Place(MODE, node)


def _opens(scope: Scope | None, node: ast.expr) -> bool:
    """Whether a mode lets everyone write."""
    if isinstance(node, ast.Constant):
        return (
            isinstance(node.value, int)
            and not isinstance(node.value, bool)
            and bool(node.value & _OTHERS_WRITE)
            and node.value <= 0o7777
        )  # all the bits there are
    if isinstance(node, ast.Name) and scope is not None:
        return any(
            not isinstance(one, ast.Name) and _opens(scope, one) for one in scope.values(node.id, node.lineno)[-1:]
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _opens(scope, node.left) or _opens(scope, node.right)
    return dotted(node).rpartition(".")[2] in {"S_IWOTH", "S_IRWXO"}


_KEYED = re.compile(
    r"(?:^|\.)(?:jwt|jws)\.(?:encode|decode|sign)$|(?:Serializer|Signer|Fernet|TimestampSigner)$|^hmac\.(?:new|digest)$|(?:AES|ChaCha20\w*|AESGCM)(?:\.new)?$|algorithms\.AES$"
)
_SHORTEST_KEY = 4


def _literal_keys(tree: Tree) -> Iterator[Place]:
    """Keys that are written where they are used."""
    for scope, call, name in tree.calls():
        if not _KEYED.search(name):
            continue
        position = 1 if re.search(r"(?:jwt|jws)\.", name) else 0
        key = call.args[position] if len(call.args) > position else keyword(call, "key") or keyword(call, "secret_key")
        if isinstance(key, ast.Call) and isinstance(key.func, ast.Attribute) and key.func.attr == "encode":
            key = key.func.value
        if isinstance(key, ast.Name) and _SECRET_LIKE.search(key.id):
            continue  # the rule for credentials tells of where it is set
        if isinstance(key, ast.Name):
            values = scope.values(key.id, call.lineno)
            key = values[-1] if len(values) == 1 else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str | bytes) and len(key.value) >= _SHORTEST_KEY:
            yield Place(CREDENTIAL, call)


_SECRET_LIKE = re.compile(r"secret|password|api_?key|private_key|signing_key|encryption_key|token$", re.IGNORECASE)


def _hosts(tree: Tree) -> Iterator[Place]:
    for node, name, value in _settings(tree):
        if (
            name == "ALLOWED_HOSTS"
            and isinstance(value, ast.List | ast.Tuple)
            and any(is_value_text(one, "*") for one in value.elts)
        ):
            yield Place(HOSTS, node)


CHECKS: tuple[Check, ...] = (
    Check(_switches, ()),
    Check(_debug, ()),
    Check(_cookies, (COOKIE, SCRIPTED, SAME_SITE)),
    Check(_origins, (ORIGINS,)),
    Check(_forgery, (FORGERY,)),
    Check(_certificates, (OLD_TLS, HOST_KEY)),
    Check(_ciphers, (CIPHER, FIXED_IV, SHORT_KEY, FEW_ROUNDS)),
    Check(_tokens, ()),
    Check(_literal_keys, ()),
    Check(_modes, (MODE,)),
    Check(_hosts, (HOSTS,)),
)
"""The checks; rules that another module has too are counted there."""
