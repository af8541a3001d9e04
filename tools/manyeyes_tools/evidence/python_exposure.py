"""Secrets of users and of the program that are kept readable, or handed to whoever asks."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_handlers import handlers_of
from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

READABLE = Rule(
    id="readable-password", title="Password kept readable", severity=Severity.HIGH, confidence=0.5, cwe="CWE-256",
    explanation="The password is stored, or compared with a stored one, as it was typed: whoever "
    "reads the store has all of them.",
    remedy="Keep a hash made for passwords (argon2, scrypt, bcrypt), and let that library check what is typed.",
)  # fmt: skip
TOLD = Rule(
    id="secret-in-response", title="Secret sent in a response", severity=Severity.MEDIUM, confidence=0.55,
    cwe="CWE-201",
    explanation="The answer holds a stored password, its hash or another secret, which nobody who asks needs.",
    remedy="List the fields that are meant to be sent, and leave this one out.",
)  # fmt: skip
SURROUNDINGS = Rule(
    id="open-surroundings", title="Settings of the program shown to whoever asks", severity=Severity.HIGH,
    confidence=0.6, cwe="CWE-200",
    explanation="The handler answers with all of the program's environment or settings, keys and passwords among them.",
    remedy="Remove it, or show single values that are meant to be seen, to people who have logged in.",
)  # fmt: skip

_PASSWORD = re.compile(r"(?:^|_)(?:password|passwd|passphrase|pwd)$", re.IGNORECASE)
_SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|password_?hash|hashed_password|password_digest|ssn|cvv|cvc|card_number|secret_key|"
    r"private_key|totp_secret|otp_secret|mfa_secret)$",
    re.IGNORECASE,
)
_STORED = re.compile(
    r"user|account|member|row|record|customer|person|profile|found|existing|admin|client$", re.IGNORECASE
)
_TYPED = re.compile(
    r"request|form|data|body|payload|params|args|json|input|typed|login|credentials|post", re.IGNORECASE
)
_PEOPLE = re.compile(r"user|account|member|customer|person|admin|profile|employee|patient|student", re.IGNORECASE)
_NO_RECORD = re.compile(
    r"form|schema|request|login|auth|client|config|credential|settings|serializer|response", re.IGNORECASE
)
_ANSWERS = frozenset({"jsonify", "JsonResponse", "JSONResponse", "json_response", "ORJSONResponse", "make_response"})
_WHOLE = frozenset(
    {"os.environ", "app.config", "current_app.config", "flask.current_app.config", "django.conf.settings.__dict__"}
)
_KEEPING = frozenset(
    {"dict", "str", "repr", "jsonify", "JsonResponse", "JSONResponse", "Response", "json.dumps", "sorted", "vars"}
)


def _named(node: ast.expr) -> tuple[str, str]:
    """Whose field it is and the field's name: `user.password` and `user["password"]` alike."""
    if isinstance(node, ast.Attribute):
        return dotted(node.value), node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return dotted(node.value), str(node.slice.value)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"get", "getlist"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ):
        return dotted(node.func.value), str(node.args[0].value)
    return ("", node.id) if isinstance(node, ast.Name) else ("", "")


def _is_stored(node: ast.expr) -> bool:
    owner, name = _named(node)
    return bool(_PASSWORD.search(name) and _STORED.search(owner) and not _TYPED.search(owner))


def _is_typed(node: ast.expr, scope: Scope) -> bool:
    """Whether it is a password as it came in: read from a request, or a parameter, and nothing done to it."""
    owner, name = _named(node)
    if not _PASSWORD.search(name):
        return False
    if owner:
        return bool(_TYPED.search(owner))
    given = scope.values(name, node.lineno)
    if not given:
        return name in scope.parameters
    return any(not isinstance(one, ast.Name) and _is_typed(one, scope) for one in given)


def _readable(tree: Tree) -> Iterator[Place]:  # one case for each way to keep one
    for scope, node in tree.among(ast.Compare, ast.Assign, ast.Call):
        match node:
            case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
                if (_is_stored(left) and _is_typed(right, scope)) or (_is_stored(right) and _is_typed(left, scope)):
                    yield Place(READABLE, node, confidence=0.6)
            case ast.Assign(targets=[ast.Attribute() as target], value=value):
                # A class may hash what is given to its `password`; models of tables mostly do not.
                if _is_stored(target) and _is_typed(value, scope):
                    yield Place(READABLE, node, confidence=0.4)
            case ast.Call(keywords=words):
                name = dotted(node.func).rpartition(".")[2]
                if not name[:1].isupper() or not _PEOPLE.search(name) or _NO_RECORD.search(name):
                    continue
                for word in words:
                    if word.arg and _PASSWORD.search(word.arg) and _is_typed(word.value, scope):
                        yield Place(READABLE, node)


def _told(tree: Tree) -> Iterator[Place]:
    for one in tree.once(handlers_of):
        for node in walk(one.node):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from _secrets_in(node.value)
                if any(map(_shows_all, _parts(node.value, tree))):
                    yield Place(SURROUNDINGS, node)


def _secrets_in(answer: ast.expr) -> Iterator[Place]:
    called = dotted(answer.func).rpartition(".")[2] if isinstance(answer, ast.Call) else ""
    if isinstance(answer, ast.Call) and called not in _ANSWERS:
        return
    for node in walk(answer):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and _SECRET.search(str(key.value))
                    and _SECRET.search(_named(value)[1])
                ):
                    owner = _named(value)[0]
                    if owner and not _TYPED.search(owner):
                        yield Place(TOLD, value)


def _parts(answer: ast.expr, tree: Tree) -> Iterator[str]:
    """The names of what is sent whole."""
    pending = [answer]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call) and tree.name_of(node.func).removeprefix("flask.") in _KEEPING:
            pending.extend((*node.args, *(word.value for word in node.keywords)))
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"items", "copy"}
        ):
            pending.append(node.func.value)
        elif isinstance(node, ast.Dict):
            pending.extend(node.values)
        elif isinstance(node, ast.DictComp):
            pending.append(node.generators[0].iter)
        elif name := tree.name_of(node):
            yield name


def _shows_all(name: str) -> bool:
    return name in _WHOLE


CHECKS: tuple[Check, ...] = (
    Check(_readable, (READABLE,)),
    Check(_told, (TOLD, SURROUNDINGS), whole=True),
)
