"""What a page holds: ways on, forms, and whatever a browser would run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.probing.markup import tags

if TYPE_CHECKING:
    from manyeyes_tools.probing.markup import Tag

_URLS = frozenset({"href", "src", "action", "formaction", "data"})
_LINKS = frozenset({"a", "area", "iframe", "frame"})
_NO_VALUE = frozenset({"submit", "button", "image", "reset", "file"})
_DEFAULTS = {
    "number": "1",
    "range": "1",
    "email": "someone@example.invalid",
    "url": "http://example.invalid/",
    "date": "2024-01-01",
}
_SCRIPT = re.compile(r"javascript:", re.IGNORECASE)


@dataclass(slots=True)
class Form:
    """A form: where it goes, how, and its fields with a value that fits."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """What was read of a page.

    Attributes:
        links: Where it leads, as written.
        forms: What can be filled in.
        scripts: The text of each script element.
        handlers: What `on…` attributes hold.
        urls: Addresses in attributes that a browser would open.
    """

    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    handlers: list[tuple[str, str]] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)


def read_page(text: str) -> Page:
    """Read a page as far as it can be read."""
    page = Page()
    form: Form | None = None
    select = ""
    for tag in tags(text):
        given = tag.attributes
        if tag.closing:
            form = None if tag.name == "form" else form
            select = "" if tag.name == "select" else select
            continue
        page.handlers += [(name, value) for name, value in given.items() if name.startswith("on")]
        page.urls += [value for name, value in given.items() if name in _URLS]
        if tag.name in _LINKS and (link := given.get("href") or given.get("src")):
            page.links.append(link)
        elif tag.name == "form":
            form = Form(given.get("action", ""), (given.get("method") or "get").upper())
            page.forms.append(form)
        elif tag.name == "script":
            page.scripts.append(tag.content)
        elif form is not None and tag.name in {"input", "textarea", "select"} and given.get("name"):
            select = given["name"] if tag.name == "select" else ""
            _fill(form, tag)
        elif form is not None and tag.name == "option" and select and given.get("value"):
            form.fields[-1] = select, given["value"]
            select = ""
    return page


def _fill(form: Form, tag: Tag) -> None:
    kind = tag.attributes.get("type", "text").lower()
    if kind in _NO_VALUE:
        return
    value = tag.attributes.get("value") or _DEFAULTS.get(kind, "1" if tag.name == "input" else "text")
    form.fields.append((tag.attributes["name"], value))


def runs(text: str, call: str) -> str:
    """How a browser that shows this page would run `call`, such as `me123()`; empty when it would not."""
    if call not in text:
        return ""
    page = read_page(text)
    if any(_calls(script, call) for script in page.scripts):
        return "in a script element"
    if any(_calls(value, call) for _, value in page.handlers):
        return "in an event attribute"
    if any(_SCRIPT.match(url.strip()) and _calls(url.strip()[11:], call) for url in page.urls):
        return "in an address that begins with javascript:"
    return ""


def _calls(script: str, call: str) -> bool:
    """Whether the call stands in the script as code, and not in a text or comment of it."""
    at, end = 0, len(script)
    while at < end:
        one = script[at]
        if script.startswith(call, at):
            return True
        if one in "'\"`":
            at += 1
            while at < end and script[at] != one and not (script[at] == "\n" and one != "`"):
                at += 2 if script[at] == "\\" else 1
        elif script.startswith("//", at):
            at = script.find("\n", at)
            if at < 0:
                return False
        elif script.startswith("/*", at):
            at = script.find("*/", at + 2) + 1
            if at <= 0:
                return False
        at += 1
    return False
