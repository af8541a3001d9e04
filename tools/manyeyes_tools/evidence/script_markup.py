"""Markup that scripts put into pages as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_security import CERTIFICATE
from manyeyes_tools.evidence.script_dangers import MADE_SAFE, OUTSIDE
from manyeyes_tools.evidence.script_text import Text, followed, is_pieced
from manyeyes_tools.evidence.taint.tables import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.evidence.rules import Hit


def markup(text: Text, node: Node) -> Iterator[Hit]:
    """What a script puts into a page as it is, and certificates that it does not look at."""
    rule = RULES["unescaped-markup"]
    if node.type == "jsx_attribute" and text.of(node, 30).startswith("dangerouslySetInnerHTML"):
        given = re.search(r"__html\s*:\s*([^}]{1,300})", text.of(node))
        value = node
        if (
            given is None
            or re.fullmatch(r"\s*(?:['\"`][^$]*['\"`])\s*", given.group(1))
            or MADE_SAFE.search(given.group(1))
        ):
            return
        if MADE_SAFE.search(followed(text, value)):
            return
        yield text.hit(rule, node, 0.6)
    elif node.type == "assignment_expression":
        target, given_ = node.child_by_field_name("left"), node.child_by_field_name("right")
        if target is not None and given_ is not None and re.search(r"\.(?:innerHTML|outerHTML)$", text.of(target, 200)):
            written = followed(text, given_)
            if (
                given_.type in {"string", "number"}
                or (given_.type == "template_string" and not is_pieced(given_))
                or MADE_SAFE.search(written)
            ):
                return
            yield text.hit(rule, node, 0.75 if OUTSIDE.search(written) else 0.5)
        elif (
            target is not None
            and re.search(r"NODE_TLS_REJECT_UNAUTHORIZED", text.of(target, 200))
            and text.of(given_, 5).strip("'\"") == "0"
        ):
            yield text.hit(CERTIFICATE, node, 0.9)
