"""Weak ciphers, hashes, chance and signatures in scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_ciphers import CIPHER
from manyeyes_tools.evidence.python_security import CHANCE, CREDENTIAL, SIGNATURE, WEAK_HASH
from manyeyes_tools.evidence.script_text import Text, assigned_to, function_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.evidence.rules import Hit

_PASSWORD = re.compile(r"passw|passphrase|\bpwd\b", re.IGNORECASE)
_TOKEN = re.compile(r"token|secret|session|otp|nonce|salt|csrf|password|api_?key|invite|reset|verif", re.IGNORECASE)


def crypto(text: Text, node: Node) -> Iterator[Hit]:  # noqa: C901  # a branch for each kind of call
    """Weak hashes of passwords, weak ciphers, chance where it must not be guessed, and tokens nobody checks."""
    if node.type != "call_expression":
        return
    name = text.of(node.child_by_field_name("function"), 120)
    given = text.of(node.child_by_field_name("arguments"), 300)
    if (
        re.fullmatch(r"(?:crypto\.)?createHash", name)
        and re.match(r"\(\s*['\"](?:md5|sha1)['\"]", given, re.IGNORECASE)
    ) or re.fullmatch(r"(?:md5|sha1)\.(?:Sum|New)", name):
        statement = node
        while not statement.type.endswith(("statement", "declaration")):
            around = text.parent(statement)
            if around is None:
                break
            statement = around
        if _PASSWORD.search(f"{given} {function_name(text, node)} {text.of(statement, 400)}"):
            yield text.hit(WEAK_HASH, node, 0.8)
    elif (
        re.search(r"createCipher(?:iv)?$", name) and re.match(r"\(\s*['\"](?:des|rc4|bf|.*-ecb)", given, re.IGNORECASE)
    ) or re.fullmatch(r"(?:des|rc4)\.New\w*Cipher", name):
        yield text.hit(CIPHER, node, 0.85)
    elif re.fullmatch(r"Math\.random|rand\.(?:Int\w*|Read|Float\w*|Uint\w*|Perm|N|IntN)", name) and _TOKEN.search(
        f"{function_name(text, node)} {assigned_to(text, node)}"
    ):
        if name.startswith("rand.") and b'"crypto/rand"' in text.source and b'"math/rand' not in text.source:
            return
        yield text.hit(CHANCE, node, 0.75)
    elif re.search(r"(?:^|\.)jwt\.(?:verify|decode|sign)$|^jwt\.(?:verify|decode|sign)$", name):
        if re.search(r"algorithms\s*:\s*\[[^\]]*none|,\s*(?:null|''|\"\")\s*[,)]", given) and not name.endswith(
            "decode"
        ):
            yield text.hit(SIGNATURE, node, 0.8)
        elif name.endswith("sign") and re.search(r",\s*['\"][^'\"]{4,}['\"]\s*[,)]", given):
            yield text.hit(CREDENTIAL, node, 0.7)
    elif name.endswith("ParseUnverified"):
        yield text.hit(SIGNATURE, node, 0.75)
