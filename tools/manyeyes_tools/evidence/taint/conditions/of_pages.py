"""When a value does harm in a page, an address or a head."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.conditions.mattering import outside
from manyeyes_tools.evidence.taint.handling.handlers import is_handler
from manyeyes_tools.evidence.taint.nodes.texts import fixes_host

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.calling.sites import Site
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Value

_HTML_TYPE = re.compile(r"html|svg|xml", re.IGNORECASE)


def markup(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """Text that is taken for markup."""
    return value


def _content_type(site: Site) -> str | None:
    for name in ("content_type", "mimetype", "media_type"):
        value = site.words.get(name)
        if value is not None:
            return str(value.const[0]) if value.const else "unknown"
    if len(site.values) > 1 and site.full.startswith("django."):
        value = site.values[1]
        return str(value.const[0]) if value.const else "unknown"
    headers = site.words.get("headers")
    if headers is not None and headers.fields:
        for name, value in headers.fields.items():
            if name.lower() == "content-type":
                return str(value.const[0]) if value.const else "unknown"
    return None


def html_response(_frame: Frame, site: Site, value: Value) -> Value | None:
    """An answer that is sent as a page."""
    declared = _content_type(site)
    if declared is not None and not _HTML_TYPE.search(declared):
        return None
    if value.kind in {"~response", "~json", "~page", "~dict", "~query", "~file"} or any(
        value.kind.endswith(one) for one in ("Response", "jsonify")
    ):
        return None
    return value


def declared_html(_frame: Frame, site: Site, value: Value) -> Value | None:
    """An answer that says it is a page."""
    declared = _content_type(site)
    return value if declared is not None and "html" in declared else None


def handler_write(frame: Frame, site: Site, value: Value) -> Value | None:
    """What a handler of Tornado writes."""
    if site.written != "self" or value.kind in {"~dict", "~json"}:
        return None
    return value if is_handler(frame, "tornado") and not _sets_plain(frame) else None


def _sets_plain(frame: Frame) -> bool:
    """Whether the handler declares another type than HTML."""
    node = frame.function.node if frame.function else None
    if node is None:
        return False
    for one in walk(node):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr == "set_header":
            texts = [str(arg.value).lower() for arg in one.args if isinstance(arg, ast.Constant)]
            if texts[:1] == ["content-type"] and not any("html" in text for text in texts):
                return True
    return False


def handler_address(frame: Frame, site: Site, value: Value) -> Value | None:
    """An address that a handler sends the caller to."""
    if site.written == "self" and is_handler(frame, "tornado"):
        return address(frame, site, value)
    if site.receiver.kind.startswith("~res") or site.written in {"response", "resp", "res"}:
        return address(frame, site, value)
    return None


def handler_error(frame: Frame, site: Site, value: Value) -> Value | None:
    """An error that a handler of Tornado writes."""
    return value if site.written == "self" and is_handler(frame, "tornado") else None


def address(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """An address whose host the text before does not fix."""
    if value.prefix and (
        fixes_host(value.prefix)
        or (value.prefix.startswith("/") and not value.prefix.startswith("//") and len(value.prefix) > 1)
    ):
        return None
    if value.kind in {"~response", "~query"}:
        return None
    return value


def host(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A host, alone or with its port."""
    if value.kind == "~list" and value.fields:
        first = value.fields.get("0")
        return first if first is not None and first.atoms else None
    return value


def raw_head(_frame: Frame, _site: Site, value: Value) -> Value | None:
    """A head of HTTP or of a mail that the program writes itself."""
    if value.built is None or not re.search(
        r"HTTP/1|\r\n|(?:^|\n)(?:Subject|To|From|Cc|Reply-To|Set-Cookie|Location): ", value.text
    ):
        return None
    return outside(value, frozenset({"request", "upload", "cli"}))
