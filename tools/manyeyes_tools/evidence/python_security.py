"""Settings and habits that open a Python program to attack: credentials, certificates, hashes, chance, debugging."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import Scope, Tree, dotted, is_value, keyword
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE = Rule(
    id="certificate-check-off", title="Certificates are not checked", severity=Severity.HIGH, confidence=0.9,
    cwe="CWE-295",
    explanation="Whoever is on the way can pose as the server and read or change what is sent.",
    remedy="Leave the check on; for a private authority pass its certificate with `verify='ca.pem'`.",
)  # fmt: skip
WEAK_HASH = Rule(
    id="weak-password-hash", title="Password hashed with a fast or broken function", severity=Severity.HIGH,
    confidence=0.85, cwe="CWE-916",
    explanation="Such hashes can be tried by the billion each second, so that stolen ones are soon undone.",
    remedy="Use argon2, scrypt (`hashlib.scrypt`) or bcrypt, with a salt for each password.",
)  # fmt: skip
CREDENTIAL = Rule(
    id="hard-coded-credential", title="Hard-coded credential", severity=Severity.HIGH, confidence=0.75, cwe="CWE-798",
    explanation="A credential is written into the source. Whoever can read the repository or its history has it.",
    remedy="Revoke it, then read it from the environment or from a secret store when the program runs.",
)  # fmt: skip
DEBUG = Rule(
    id="debug-mode", title="Debug mode is on", severity=Severity.HIGH, confidence=0.85, cwe="CWE-489",
    explanation="In debug mode an error page shows the program's insides and, with Flask, runs code for whoever asks.",
    remedy="Take `debug=True` out; turn it on by a setting of the development machine alone.",
)  # fmt: skip
MKTEMP = Rule(
    id="insecure-temporary-file", title="`mktemp` leaves a gap", severity=Severity.MEDIUM, confidence=0.9,
    cwe="CWE-377",
    explanation="Someone else can create the file between the choice of the name and its use.",
    remedy="Use `tempfile.mkstemp` or `NamedTemporaryFile`.",
)  # fmt: skip
AUTOESCAPE = Rule(
    id="autoescape-off", title="Templates without escaping", severity=Severity.HIGH, confidence=0.75, cwe="CWE-79",
    explanation="Values put into these pages are not escaped, so that scripts among them run in the reader's browser.",
    remedy="Pass `autoescape=select_autoescape()`.",
)  # fmt: skip
CHANCE = Rule(
    id="predictable-random", title="Secret made from predictable chance", severity=Severity.HIGH, confidence=0.8,
    cwe="CWE-330",
    explanation="`random` is not made for secrets: who sees some of its output can compute the rest.",
    remedy="Use `secrets.token_urlsafe`, `secrets.choice` or `secrets.randbelow`.",
)  # fmt: skip
ASSERTION = Rule(
    id="assert-authorisation", title="Authorisation by `assert`", severity=Severity.HIGH, confidence=0.75,
    cwe="CWE-863",
    explanation="`python -O` leaves assertions out, and the check with them.",
    remedy="Write `if not …: raise PermissionError(…)`.",
)  # fmt: skip
SIGNATURE = Rule(
    id="signature-not-verified", title="Token accepted without its signature", severity=Severity.CRITICAL,
    confidence=0.9, cwe="CWE-347",
    explanation="Without the check of the signature anyone can write such a token.",
    remedy="Verify with the key and name the algorithms that are allowed.",
)  # fmt: skip
TIMING = Rule(
    id="timing-comparison", title="Secret compared with `==`", severity=Severity.MEDIUM, confidence=0.5, cwe="CWE-208",
    explanation="The comparison ends at the first difference; the time it takes tells how much was right.",
    remedy="Use `hmac.compare_digest`.",
)  # fmt: skip
LOGGED = Rule(
    id="secret-in-log", title="Sensitive value written to a log", severity=Severity.MEDIUM, confidence=0.7,
    cwe="CWE-532",
    explanation="Logs are kept long and read by many; what stands in them is no longer secret.",
    remedy="Leave the value out, or log only its last characters.",
)  # fmt: skip

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pwd|secret|secret_key|api_?key|auth_?token|access_?token|private_key|token|"
    r"credentials?|client_secret|encryption_key|signing_key)(?:_?\d+)?$",
    re.IGNORECASE,
)
_NOT_SECRET = re.compile(
    r"^(?:$|none|null|true|false|todo|changeme|change[-_]me|example|placeholder|your[-_ ].*|<.*|\{.*\}|\$.*|%.*|"
    r"x+|\*+|\.+|-+|(?:password|passwd|secret|token|bearer|basic|string|str|text|hidden|api_?key|access_token|"
    r"refresh_token))$",
    re.IGNORECASE,
)
_VALUE = re.compile(r"[!-~]{4,200}")
_ADDRESS_OR_WORDS = re.compile(r"^(?:https?://[^@]*$|/|\./|[a-z]+(?:[._-][a-z]+)+$|[A-Z]+(?:_[A-Z]+)+$)")
_PASSWORD = re.compile(r"passw|passphrase|(?:^|_)(?:pwd?|pass|pin)(?:$|_)", re.IGNORECASE)
_HASHES_PASSWORD = re.compile(
    r"(?:hash|check|verify|encrypt|encode|digest|set|store)_?(?:user_?)?(?:passw|pwd?(?:$|_))|"
    r"passw(?:or)?d_?(?:hash|check|verif|digest)",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"token|passw|secret|otp(?:$|_)|session_?id|nonce|salt|csrf|api_?key|(?:reset|access|invit\w*|confirm\w*|activat\w*|verif\w*|auth|login|pin|backup|recovery|security|one_time|sms|coupon|voucher|pass)_?(?:code|key|pin|link|id)|verification|(?:^|_)pin$|_key$|(?:^|_)sid$|captcha|credential",
    re.IGNORECASE,
)
_MADE = re.compile(r"code|value|digits|number|chars|result|string|key|text", re.IGNORECASE)
"""Names of what a function makes whose own name tells what it is."""
_CHANCE = frozenset(
    f"random.{name}"
    for name in ("random", "randint", "randrange", "choice", "choices", "sample", "getrandbits", "randbytes", "uniform")
)
_ALLOWED = re.compile(
    r"is_admin|is_authenticated|is_staff|is_superuser|is_authori[sz]ed|has_perm|permission|check_access|can_access|"
    r"is_owner|has_role|is_logged_in|(?:^|\.)role$",
    re.IGNORECASE,
)
_DIGEST = re.compile(r"(?:^|_|\.)(?:signature|hmac|mac|digest|api_?key|token|password|csrf)$", re.IGNORECASE)
_CARD = re.compile(
    r"(?:^|_|\.)(?:password|passwd|secret|secret_key|api_?key|token|card_?number|credit_?card|cvv|cvc|ssn|"
    r"private_key|pin)$",
    re.IGNORECASE,
)
_LOGS = re.compile(
    r"^(?:print|(?:\w+\.)*(?:log|logger|logging)\.(?:debug|info|warning|warn|error|critical|exception))$", re.IGNORECASE
)


def _certificate(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if name == "ssl._create_unverified_context" or is_value(keyword(call, "verify"), value=False):
            jwt = name.startswith("jwt.")
            yield Place(SIGNATURE if jwt else CERTIFICATE, call)
    for _, node in tree.among(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr="verify_mode")], value=ast.Attribute(attr="CERT_NONE")):
                yield Place(CERTIFICATE, node)
            case ast.Assign(targets=[ast.Attribute(attr="check_hostname" | "verify")], value=value) if is_value(
                value, value=False
            ):
                yield Place(CERTIFICATE, node)
            case _:
                pass


def _jwt(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if name not in {"jwt.decode", "jose.jwt.decode"}:
            continue
        options = keyword(call, "options")
        if isinstance(options, ast.Dict):
            for key, value in zip(options.keys, options.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "verify_signature" and is_value(value, value=False):
                    yield Place(SIGNATURE, call)


def _hash(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == "update" and call.args:
            yield from _hash_fed(tree, scope, call)
            continue
        if not name.startswith("hashlib.") or is_value(keyword(call, "usedforsecurity"), value=False):
            continue
        kind = name.removeprefix("hashlib.").lower()
        data = call.args[:1]
        if kind == "new" and call.args and isinstance(call.args[0], ast.Constant):
            kind, data = str(call.args[0].value).lower().replace("-", ""), call.args[1:2]
        if kind not in {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"} or not data:
            continue
        broken = kind in {"md5", "sha1"}
        if any(_PASSWORD.search(name) for name in _names(data[0])) or (broken and _for_password(scope, call)):
            yield Place(WEAK_HASH, call, detail=f"It is {kind.upper()}.", confidence=None if broken else 0.7)


def _hash_fed(tree: Tree, scope: Scope, call: ast.Call) -> Iterator[Place]:
    """`digest = hashlib.md5()` and then `digest.update(password)`."""
    fed = call.func.value if isinstance(call.func, ast.Attribute) else None
    if not isinstance(fed, ast.Name) or not any(_PASSWORD.search(name) for name in _names(call.args[0])):
        return
    for made in scope.values(fed.id, call.lineno):
        name = tree.name_of(made.func) if isinstance(made, ast.Call) else ""
        if name in {"hashlib.md5", "hashlib.sha1"}:
            yield Place(WEAK_HASH, call, detail=f"It is {name.removeprefix('hashlib.').upper()}.", related=(made,))


def _for_password(scope: Scope, call: ast.Call) -> bool:
    """Whether the function's name, or what the hash is given to or held against, says that it is a password's."""
    if _HASHES_PASSWORD.search(scope.name):
        return True
    return call in _beside_passwords(scope)


@lru_cache(maxsize=4)  # asked for every hash of a scope
def _beside_passwords(scope: Scope) -> frozenset[ast.AST]:
    """What is given to a password's name, or held against one."""
    beside: set[ast.AST] = set()
    for node in scope.nodes:
        match node:
            case ast.Assign(targets=targets, value=value) if any(_PASSWORD.search(_target(one)) for one in targets):
                beside.update(walk(value))
            case ast.Compare() if any(_PASSWORD.search(name) for name in _names(node)):
                beside.update(walk(node))
            case _:
                pass
    return frozenset(beside)


def _names(node: ast.expr) -> Iterator[str]:
    for part in walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def _credential(tree: Tree) -> Iterator[Place]:  # noqa: C901, PLR0912  # one case for each kind of node
    for _, node in tree.among(ast.Assign, ast.AnnAssign, ast.Call, ast.Dict):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if _is_credential(_target(target), value):
                        yield Place(CREDENTIAL, node)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                if _is_credential(_target(target), value):
                    yield Place(CREDENTIAL, node)
            case ast.Call(keywords=keywords):
                for one in keywords:
                    if one.arg and _is_credential(one.arg, one.value):
                        yield Place(CREDENTIAL, one.value, confidence=0.65)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if (
                        isinstance(key, ast.Constant)
                        and isinstance(key.value, str)
                        and _is_credential(key.value, value)
                    ):
                        yield Place(CREDENTIAL, value, confidence=0.6)
            case _:
                pass


def _target(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_credential(name: str, value: ast.expr) -> bool:
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return False
    text = value.value
    if not _SECRET_NAME.search(name) or not _VALUE.fullmatch(text) or _NOT_SECRET.match(text):
        return False
    return not _ADDRESS_OR_WORDS.match(text) and text.lower() != name.lower()


def _debug(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if name.rpartition(".")[2] != "run" or not is_value(keyword(call, "debug"), value=True):
            continue
        if name.split(".")[0] in {"app", "application", "server", "socketio"}:
            yield Place(DEBUG, call)


def _temporary(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if name == "tempfile.mktemp":
            yield Place(MKTEMP, call)


def _autoescape(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if name == "jinja2.Environment":
            value = keyword(call, "autoescape")
            if is_value(value, value=False):
                yield Place(AUTOESCAPE, call, confidence=0.85)
            elif value is None and not any(one.arg is None for one in call.keywords):
                yield Place(AUTOESCAPE, call, detail="Without the argument nothing is escaped.", confidence=0.6)


def _chance(tree: Tree) -> Iterator[Place]:
    for scope, node in tree.among(ast.Assign, ast.AnnAssign, ast.Return):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = any(_TOKEN.search(_target(target)) for target in targets) or (
                bool(_TOKEN.search(scope.name)) and any(_MADE.search(_target(target)) for target in targets)
            )
        elif isinstance(node, ast.Return) and node.value is not None:
            named = bool(_TOKEN.search(scope.name))
        else:
            continue
        if named and any(isinstance(part, ast.Call) and _by_chance(tree, scope, part) for part in walk(node.value)):
            yield Place(CHANCE, node)


def _by_chance(tree: Tree, scope: Scope, call: ast.Call) -> bool:
    """Whether a call draws from `random`, or from a generator made of it."""
    if tree.name_of(call.func) in _CHANCE:
        return True
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        if f"random.{call.func.attr}" not in _CHANCE:
            return False
        made = scope.values(call.func.value.id, call.lineno)[-2:]
        return any(isinstance(one, ast.Call) and tree.name_of(one.func) == "random.Random" for one in made)
    return False


def _assertion(tree: Tree) -> Iterator[Place]:
    for scope, node in tree.each(ast.Assert):
        if not scope.name.startswith("test") and any(_ALLOWED.search(name) for name in _names(node.test)):
            yield Place(ASSERTION, node)


def _timing(tree: Tree) -> Iterator[Place]:
    for scope, node in tree.among(ast.Compare):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                named = [one for one in (left, right) if _DIGEST.search(dotted(one))]
                if (
                    named
                    and not scope.constant(left)
                    and not scope.constant(right)
                    and not scope.name.startswith("test")
                ):
                    yield Place(TIMING, node)
            case _:
                pass


def _logged(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if not _LOGS.match(name):
            continue
        found = sorted({written for argument in call.args for written in _written(argument) if _CARD.search(written)})
        if found:
            unsure = 0.6 if name == "print" else None
            yield Place(LOGGED, call, detail=f"It is `{found[0]}`.", confidence=unsure)


def _written(node: ast.expr) -> Iterator[str]:  # noqa: C901  # one case for each kind of node
    """The names whose value itself goes into the text: not those cut, measured or handed to another function."""
    match node:
        case ast.Call(func=ast.Attribute(attr="format"), args=args):
            for argument in args:
                yield from _written(argument)
        case ast.Call(func=ast.Name(id="str" | "repr"), args=args):
            for argument in args:
                yield from _written(argument)
        case ast.Call() | ast.Subscript(slice=ast.Slice()):
            return
        case ast.Name() | ast.Attribute():
            yield dotted(node)
        case ast.Subscript(slice=ast.Constant(value=str() as key)):
            yield key
        case ast.JoinedStr(values=parts) | ast.Tuple(elts=parts):
            for part in parts:
                yield from _written(part)
        case ast.FormattedValue(value=value):
            yield from _written(value)
        case ast.BinOp(left=left, right=right):
            yield from _written(left)
            yield from _written(right)
        case _:
            return


CHECKS = (
    Check(_certificate, (CERTIFICATE,)),
    Check(_jwt, (SIGNATURE,)),
    Check(_hash, (WEAK_HASH,)),
    Check(_credential, (CREDENTIAL,)),
    Check(_debug, (DEBUG,)),
    Check(_temporary, (MKTEMP,)),
    Check(_autoescape, (AUTOESCAPE,)),
    Check(_chance, (CHANCE,)),
    Check(_assertion, (ASSERTION,)),
    Check(_timing, (TIMING,)),
    Check(_logged, (LOGGED,)),
)
