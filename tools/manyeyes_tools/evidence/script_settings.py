"""Settings in scripts that make connections, cookies and answers unsafe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_cookies import COOKIE, SAME_SITE, SCRIPTED
from manyeyes_tools.evidence.python_origins import ORIGINS
from manyeyes_tools.evidence.python_security import CERTIFICATE, CREDENTIAL, SIGNATURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.evidence.rules import Hit
    from manyeyes_tools.evidence.script_text import Text

_KEY_NAME = re.compile(
    r"(?:password|passwd|secret|api_?key|auth_?token|access_?token|private_?key|client_?secret)$", re.IGNORECASE
)


def _pair(text: Text, node: Node) -> tuple[str, str]:
    """The key and value of an entry of an object."""
    if node.type == "pair":
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
    elif node.type == "keyed_element" and len(node.named_children) == 2:  # noqa: PLR2004  # a key and a value
        key, value = node.named_children
    else:
        return "", ""
    return text.of(key, 100).strip("'\"` "), text.of(value, 200)


def settings(text: Text, node: Node) -> Iterator[Hit]:
    """An entry of an object that switches protection off, or holds a secret."""
    key, value = _pair(text, node)
    if not key:
        return
    if (key == "rejectUnauthorized" and value == "false") or (key == "InsecureSkipVerify" and value == "true"):
        yield text.hit(CERTIFICATE, node, 0.9)
    elif (key == "strictSSL" and value == "false") or (key == "HostKeyCallback" and "InsecureIgnoreHostKey" in value):
        yield text.hit(CERTIFICATE, node, 0.85)
    elif key in {"secure", "Secure"} and value == "false":
        yield text.hit(COOKIE, node, 0.75)
    elif key in {"httpOnly", "HttpOnly"} and value == "false":
        yield text.hit(SCRIPTED, node, 0.75)
    elif key == "sameSite" and value.strip("'\"").lower() == "none":
        yield text.hit(SAME_SITE, node, 0.55)
    elif key == "algorithms" and re.search(r"['\"]none['\"]", value):
        yield text.hit(SIGNATURE, node, 0.85)
    elif (
        _KEY_NAME.search(key)
        and re.fullmatch(r"(['\"])[^'\"\s${}<>]{8,80}\1", value)
        and re.search(r"\d", value)
        and not re.search(r"(?i)example|change|your|placeholder|xxx|process\.env", value)
    ):
        yield text.hit(CREDENTIAL, node, 0.65)


def cors(text: Text, node: Node) -> Iterator[Hit]:
    """Answers that any site may read."""
    if node.type == "object":
        entries = dict(_pair(text, one) for one in node.named_children)
        origin = entries.get("origin", "").strip("'\"")
        if entries.get("credentials") == "true" and (
            origin in {"true", "*"}
            or re.search(r"callback\(null,\s*true\)|=>\s*true|origin\s*:\s*\(?origin", entries.get("origin", ""))
        ):
            yield text.hit(ORIGINS, node, 0.8)
    elif (
        node.type == "call_expression"
        and text.of(node.child_by_field_name("function"), 60) == "cors"
        and not (node.child_by_field_name("arguments") or node).named_children
    ):
        yield text.hit(ORIGINS, node, 0.4)
    elif node.type == "call_expression" and re.search(
        r"\.(?:setHeader|header|set|Set|Add)$", text.of(node.child_by_field_name("function"), 100)
    ):
        given = text.of(node.child_by_field_name("arguments"), 300)
        if re.match(r"\(\s*['\"`]Access-Control-Allow-Origin['\"`]\s*,", given, re.IGNORECASE):
            if re.search(r"headers\.origin|Header\.Get\(\"Origin\"\)|req\.get\(['\"]origin", given, re.IGNORECASE):
                yield text.hit(ORIGINS, node, 0.75)
            elif re.search(r",\s*['\"`]\*['\"`]", given):
                yield text.hit(ORIGINS, node, 0.4)
