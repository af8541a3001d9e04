"""Encryption that does not hold: broken ciphers, fixed vectors, short or written-down keys, cheap hashes."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, keyword
from manyeyes_tools.evidence.python_options import options
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_security import CREDENTIAL, WEAK_HASH
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

CIPHER = Rule(
    id="weak-cipher", title="Broken cipher or mode", severity=Severity.HIGH, confidence=0.85, cwe="CWE-327",
    explanation="What it encrypts can be read or changed: the cipher is broken, or the mode shows equal blocks.",
    remedy="Use AES-GCM or ChaCha20-Poly1305.",
)  # fmt: skip
FIXED_IV = Rule(
    id="fixed-initial-vector", title="Initial vector is constant", severity=Severity.MEDIUM, confidence=0.8,
    cwe="CWE-329",
    explanation="With the same vector equal beginnings encrypt to the same, and in some modes the key stream shows.",
    remedy="Take a new one from `os.urandom` for each message.",
)  # fmt: skip
SHORT_KEY = Rule(
    id="short-key", title="Key too short", severity=Severity.MEDIUM, confidence=0.85, cwe="CWE-326",
    explanation="Keys of this length can be broken.",
    remedy="Use RSA with 3072 bits or more, or an elliptic curve of 256.",
)  # fmt: skip
FEW_ROUNDS = Rule(
    id="cheap-password-hash", title="Password hash with too few rounds", severity=Severity.MEDIUM, confidence=0.8,
    cwe="CWE-916",
    explanation="Hashes made with so little work can be tried by the billion.",
    remedy="Use argon2 or scrypt, or PBKDF2 with 600,000 rounds.",
)  # fmt: skip

_BROKEN = re.compile(
    r"(?:^|\.)(?:DES3?|ARC2|ARC4|RC4|Blowfish|CAST|XOR)\.new$|"
    r"algorithms\.(?:ARC4|TripleDES|Blowfish|IDEA|CAST5|SEED)$|^pyDes\.|modes\.ECB$"
)
_WITH_VECTOR = (".new", "modes.CBC", "modes.CTR", "modes.OFB", "modes.CFB", "modes.GCM")
_VECTORS = ("iv", "nonce", "IV", "initialization_vector")
_VECTOR = 2
"""Position of the vector in `AES.new(key, mode, vector)`."""
_SHORT_RSA = 2048
_EXPONENT = 65537
_DERIVED_ROUNDS = 3
"""Position of the rounds in `pbkdf2_hmac(hash, password, salt, rounds)`."""
_ROUNDS = 100_000
_BCRYPT_ROUNDS = 10
_CHEAP = re.compile(r"^(?:plain|md5|sha1|sha256|sha512)$|pbkdf2:\w+:\d{1,4}$")
_WEAK_HASHER = re.compile(r"MD5|SHA1|Unsalted|Crypt(?!o)")
_STRONG_HASHER = re.compile(r"PBKDF2|BCrypt|Scrypt", re.IGNORECASE)
_KEYED = re.compile(
    r"(?:^|\.)(?:jwt|jws)\.(?:encode|decode|sign)$|(?:Serializer|Signer|Fernet|TimestampSigner)$|"
    r"^hmac\.(?:new|digest)$|(?:AES|ChaCha20\w*|AESGCM)(?:\.new)?$|algorithms\.AES$"
)
_SECRET_LIKE = re.compile(r"secret|password|api_?key|private_key|signing_key|encryption_key|token$", re.IGNORECASE)
_SHORTEST_KEY = 4


def _ciphers(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        if _BROKEN.search(name) or (name.endswith(".new") and any(map(_is_ecb, _given(call)))):
            yield Place(CIPHER, call)
        elif name.endswith("AES.new") and len(call.args) == 1 and not call.keywords:
            yield Place(CIPHER, call, confidence=0.6)
        if name.endswith(_WITH_VECTOR) and ("AES" in name or "modes." in name):
            vector = _vector(call, name)
            if vector is not None and _fixed(scope, vector):
                yield Place(FIXED_IV, call)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(word.value for word in call.keywords)]


def _is_ecb(node: ast.expr) -> bool:
    return dotted(node).endswith("MODE_ECB")


def _vector(call: ast.Call, name: str) -> ast.expr | None:
    named = next((word.value for word in call.keywords if word.arg in _VECTORS), None)
    if named is not None:
        return named
    if "modes." in name:
        return call.args[0] if call.args else None
    return call.args[_VECTOR] if len(call.args) > _VECTOR else None


def _fixed(scope: Scope, node: ast.expr) -> bool:
    """Whether it is the same bytes each time."""
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


def _keys(tree: Tree) -> Iterator[Place]:
    for _, call, name in tree.calls():
        if name.endswith(("generate_private_key", "generate")) and ("rsa" in name.lower() or "dsa" in name.lower()):
            positional = (one for one in call.args if _number(one) not in {None, _EXPONENT})
            bits = _number(keyword(call, "key_size") or keyword(call, "bits") or next(positional, None))
            if bits is not None and bits < _SHORT_RSA:
                yield Place(SHORT_KEY, call)


def _rounds(tree: Tree) -> Iterator[Place]:
    """Password hashes that are made with too little work."""
    for _, call, name in tree.calls():
        last = name.rpartition(".")[2]
        if name == "hashlib.pbkdf2_hmac" or last in {"PBKDF2HMAC", "PBKDF2"}:
            rounds = _number(keyword(call, "iterations") or keyword(call, "count"))
            if rounds is None and name == "hashlib.pbkdf2_hmac" and len(call.args) > _DERIVED_ROUNDS:
                rounds = _number(call.args[_DERIVED_ROUNDS])
            if rounds is not None and rounds < _ROUNDS:
                yield Place(FEW_ROUNDS, call, confidence=0.8 if rounds < _ROUNDS // 5 else 0.5)
        elif name == "bcrypt.gensalt":
            rounds = _number(call.args[0] if call.args else keyword(call, "rounds"))
            if rounds is not None and rounds < _BCRYPT_ROUNDS:
                yield Place(FEW_ROUNDS, call)
        elif last == "generate_password_hash":
            method = keyword(call, "method") or (call.args[1] if len(call.args) > 1 else None)
            if isinstance(method, ast.Constant) and _CHEAP.search(str(method.value)):
                yield Place(WEAK_HASH, call)


def _number(node: ast.expr | None) -> int | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, int) else None


def _hashers(tree: Tree) -> Iterator[Place]:
    """Django hashes new passwords with the first of its hashers."""
    for option in tree.once(options):
        if option.name == "PASSWORD_HASHERS":
            match option.value:
                case ast.List(elts=[ast.Constant(value=first), *_]) | ast.Tuple(elts=[ast.Constant(value=first), *_]):
                    if _WEAK_HASHER.search(str(first)) and not _STRONG_HASHER.search(str(first)):
                        yield Place(WEAK_HASH, option.node)
                case _:
                    pass


def _literal_keys(tree: Tree) -> Iterator[Place]:
    """Keys that are written where they are used."""
    for scope, call, name in tree.calls():
        if not _KEYED.search(name):
            continue
        position = 1 if "jwt." in name or "jws." in name else 0
        key = call.args[position] if len(call.args) > position else keyword(call, "key") or keyword(call, "secret_key")
        if isinstance(key, ast.Call) and isinstance(key.func, ast.Attribute) and key.func.attr == "encode":
            key = key.func.value
        if isinstance(key, ast.Name):
            if _SECRET_LIKE.search(key.id):
                continue  # the rule for credentials tells of where it is set
            values = scope.values(key.id, call.lineno)
            key = values[-1] if len(values) == 1 else None
        if isinstance(key, ast.Constant) and isinstance(key.value, str | bytes) and len(key.value) >= _SHORTEST_KEY:
            yield Place(CREDENTIAL, call)


CHECKS: tuple[Check, ...] = (
    Check(_ciphers, (CIPHER, FIXED_IV)),
    Check(_keys, (SHORT_KEY,)),
    Check(_rounds, (FEW_ROUNDS,)),
    Check(_hashers, ()),
    Check(_literal_keys, ()),
)
"""The checks; rules that another module defines are counted there."""
