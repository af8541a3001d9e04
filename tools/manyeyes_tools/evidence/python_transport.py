"""Connections whose other end is not checked, or whose protocol has known breaks."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted, is_value, keyword
from manyeyes_tools.evidence.python_options import entries
from manyeyes_tools.evidence.python_places import Check, Place
from manyeyes_tools.evidence.python_security import CERTIFICATE
from manyeyes_tools.evidence.rules import Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.evidence.python_names import Scope, Tree

OLD_TLS = Rule(
    id="outdated-tls", title="Outdated TLS version", severity=Severity.MEDIUM, confidence=0.85, cwe="CWE-327",
    explanation="This version of the protocol has known breaks.", remedy="Use `ssl.create_default_context()`.",
)  # fmt: skip
HOST_KEY = Rule(
    id="host-key-not-checked", title="SSH host keys are not checked", severity=Severity.HIGH, confidence=0.85,
    cwe="CWE-295",
    explanation="Whoever is on the way can pose as the server.", remedy="Load the known hosts and use `RejectPolicy`.",
)  # fmt: skip

_OLD = frozenset({
    "PROTOCOL_SSLv2", "PROTOCOL_SSLv3", "PROTOCOL_TLSv1", "PROTOCOL_TLSv1_1",
    "SSLv2_METHOD", "SSLv3_METHOD", "TLSv1_METHOD", "TLSv1_1_METHOD",
})  # fmt: skip
_CHECKING = frozenset({
    "ssl", "verify_ssl", "ssl_verify", "validate_cert", "validate_certs", "verify_certs", "check_hostname",
    "tls_verify", "ssl_check_hostname", "verify_certificate",
})  # fmt: skip
"""Keywords that leave the check out when they are false."""
_REQUIRING = frozenset({"cert_reqs", "ssl_cert_reqs", "tls_require_cert"})
_CLIENT = re.compile(
    r"aiohttp|session|connector|client|\.(?:get|post|put|request|delete|patch|ws_connect)$", re.IGNORECASE
)
"""Calls for whose `ssl` false means unchecked; elsewhere it may mean without TLS."""
_IN_OPTIONS = frozenset({"verify", "verify_ssl", "ssl_verify", "rejectUnauthorized"})


def _calls(tree: Tree) -> Iterator[Place]:
    for scope, call, name in tree.calls():
        for word in call.keywords:
            yield from _keyword(scope, call, name, word)
        last = name.rpartition(".")[2]
        if last == "set_missing_host_key_policy" and call.args:
            policy = call.args[0].func if isinstance(call.args[0], ast.Call) else call.args[0]
            if dotted(policy).rpartition(".")[2] in {"AutoAddPolicy", "WarningPolicy"}:
                yield Place(HOST_KEY, call)
        elif name == "asyncssh.connect" and is_value(keyword(call, "known_hosts"), value=None):
            yield Place(HOST_KEY, call)
        elif name == "ssl.wrap_socket" and keyword(call, "cert_reqs") is None:
            yield Place(CERTIFICATE, call, confidence=0.7)
        elif last == "setopt":
            match call.args:
                case [option, ast.Constant(value=value)] if not value and dotted(option).endswith(
                    ("SSL_VERIFYPEER", "SSL_VERIFYHOST")
                ):
                    yield Place(CERTIFICATE, call)
                case _:
                    pass


def _keyword(scope: Scope, call: ast.Call, name: str, word: ast.keyword) -> Iterator[Place]:
    value = word.value
    if word.arg in _CHECKING and is_value(value, value=False):
        if word.arg != "ssl" or not name or _CLIENT.search(name):
            yield Place(CERTIFICATE, call)
    elif word.arg in _REQUIRING:
        said = str(value.value).upper() if isinstance(value, ast.Constant) else dotted(value)
        if said.endswith("CERT_NONE") or said == "NONE":
            yield Place(CERTIFICATE, call)
    elif word.arg == "tlsAllowInvalidCertificates":
        if is_value(value, value=True):
            yield Place(CERTIFICATE, call)
    elif word.arg == "verify" and isinstance(value, ast.Name):
        last = scope.values(value.id, call.lineno)[-1:]
        if last and is_value(last[0], value=False):
            yield Place(CERTIFICATE, call, confidence=0.8)


def _assigned(tree: Tree) -> Iterator[Place]:
    for _, node in tree.each(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr="_create_default_https_context")], value=value):
                if dotted(value).endswith("_create_unverified_context"):
                    yield Place(CERTIFICATE, node)
            case ast.Assign(
                targets=[ast.Attribute(attr="minimum_version")],
                value=ast.Attribute(attr="TLSv1" | "TLSv1_1" | "SSLv3"),
            ):
                yield Place(OLD_TLS, node)
            case _:
                pass


def _named(tree: Tree) -> Iterator[Place]:
    for _, attribute in tree.each(ast.Attribute):
        if attribute.attr in _OLD and dotted(attribute.value).rpartition(".")[2] in {"ssl", "SSL"}:
            yield Place(OLD_TLS, attribute)
    if "requests" in str(tree.imports):
        for _, node in tree.each(ast.Dict):
            for entry in entries(node):
                if entry.name in _IN_OPTIONS and is_value(entry.value, value=False):
                    yield Place(CERTIFICATE, entry.value, confidence=0.7)


CHECKS: tuple[Check, ...] = (
    Check(_calls, (HOST_KEY,)),
    Check(_assigned, ()),
    Check(_named, (OLD_TLS,)),
)
"""The checks; `CERTIFICATE` is counted where it is defined."""
