"""The ways into an application, and the places in a request where a value can be put."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from manyeyes_tools.probing.client import Asked
from manyeyes_tools.probing.scope import wire_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place: TypeAlias = Literal["path", "query", "form", "json", "header", "cookie"]
_NUMBERED = re.compile(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{24,64}")
_FILE = re.compile(r"[\w.-]+\.[A-Za-z0-9]{1,5}")
TOKEN = re.compile(r"csrf|xsrf|authenticity_token|__requestverificationtoken", re.IGNORECASE)
"""Names of values that prove where a form came from; to change them tells nothing of what lies behind."""


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where the code of a route lies: its declaration, and the last line of its handler."""

    path: str
    line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that goes into a request, and where; `value` is one that the application takes."""

    name: str
    place: Place
    value: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A method of a path with what it takes.

    Attributes:
        path: With `{name}` for each parameter that lies in it.
        found: How it was found: `page`, `openapi` or `code`.
        where: The code that answers, where it is known.
    """

    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    found: Literal["page", "openapi", "code"] = "page"
    where: CodePlace | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it one of a kind: names of path parameters do not count."""
        return self.method, re.sub(r"\{[^}]*\}", "{}", self.path)

    def asked(self, *changed: Parameter) -> Asked:
        """The request, with some values replaced."""
        values = {(one.place, one.name): one for one in (*self.parameters, *changed)}.values()
        target = self.path
        for one in values:
            if one.place == "path":
                target = target.replace(f"{{{one.name}}}", quote(one.value, safe="/.~", errors="replace"))
        target = wire_target(re.sub(r"\{[^}]*\}", "1", target).replace("?", "%3F"))
        query = _form(one for one in values if one.place == "query")
        headers = [(one.name, _line(one.value)) for one in values if one.place == "header"]
        cookies = "; ".join(
            f"{_line(one.name)}={quote(one.value, errors='replace')}" for one in values if one.place == "cookie"
        )
        headers += [("Cookie", cookies)] if cookies else []
        form = [one for one in values if one.place == "form"]
        told = [one for one in values if one.place == "json"]
        body = b""
        if told:
            body = json.dumps({one.name: one.value for one in told}).encode()
            headers.append(("Content-Type", "application/json"))
        elif form:
            body = _form(form).encode()
            headers.append(("Content-Type", "application/x-www-form-urlencoded"))
        return Asked(self.method, target + (f"?{query}" if query else ""), tuple(headers), body)


@dataclass(frozen=True, slots=True)
class Point:
    """One parameter of one entry: a place where something can be tried."""

    entry: Entry
    parameter: Parameter

    def asked(self, payload: str) -> Asked:
        """The request with the payload in this place."""
        return self.entry.asked(replace(self.parameter, value=payload))

    def __str__(self) -> str:
        return f"{self.parameter.name} ({self.parameter.place}) of {self.entry.method} {self.entry.path}"


def points(entry: Entry) -> Iterator[Point]:
    """Where something can be tried in an entry."""
    for parameter in entry.parameters:
        if not TOKEN.search(parameter.name):
            yield Point(entry, parameter)


def from_link(target: str) -> Entry:
    """The entry behind a link: parts of its path that look like a number or a file are values too."""
    parts = urlsplit(target)
    parameters = [Parameter(name, "query", value) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
    segments = parts.path.split("/")
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if _NUMBERED.fullmatch(segment) or (last and number > 1 and _FILE.fullmatch(segment)):
            name = f"segment{number}"
            parameters.append(Parameter(name, "path", segment))
            segments[number] = f"{{{name}}}"
    return Entry("GET", "/".join(segments) or "/", tuple(dict.fromkeys(parameters)))


def together(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Each entry once, with all that is known of it: what the code says of places, what pages say of values."""
    by_key: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        known = _fitting(by_key, entry)
        if known is None:
            by_key[entry.key] = entry
            continue
        names = {(one.place, one.name) for one in known.parameters}
        more = tuple(one for one in entry.parameters if one.place != "path" and (one.place, one.name) not in names)
        filled: dict[tuple[Place, str], str] = {
            (one.place, one.name): one.value for one in entry.parameters if one.value and one.place != "path"
        }
        filled |= {("path", name): value for name, value in _in_path(known, entry).items()}
        merged = tuple(replace(one, value=filled.get((one.place, one.name), one.value)) for one in known.parameters)
        by_key[known.key] = replace(known, parameters=(*merged, *more), where=known.where or entry.where)
    return tuple(by_key.values())


def _fitting(by_key: dict[tuple[str, str], Entry], entry: Entry) -> Entry | None:
    """The entry that is known already: the same, or a template that its path fits."""
    if entry.key in by_key:
        return by_key[entry.key]
    plain = re.sub(r"\{[^}]*\}", "1", entry.path)
    for known in by_key.values():
        if known.method == entry.method and "{" in known.path and known.found != "page":
            pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(known.path))
            if re.fullmatch(pattern, plain):
                return known
    return None


def _in_path(template: Entry, entry: Entry) -> dict[str, str]:
    """The values that a page's link gives to the parameters in a template's path."""
    names = re.findall(r"\{([^}]*)\}", template.path)
    pattern = re.sub(r"\\\{[^}]*\\\}", "([^/]+)", re.escape(template.path))
    found = re.fullmatch(pattern, unquote(entry.asked().target.partition("?")[0])) if entry.found == "page" else None
    return dict(zip(names, found.groups(), strict=True)) if found else {}


def _form(parameters: Iterable[Parameter]) -> str:
    return "&".join(
        f"{quote(one.name, safe='[]', errors='replace')}={quote(one.value, safe='', errors='replace')}"
        for one in parameters
    )


def _line(value: str) -> str:
    return "".join(one for one in value if one.isprintable() and one.isascii())
