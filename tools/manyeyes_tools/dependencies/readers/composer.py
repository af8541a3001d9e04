"""Reads composer.json and composer.lock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.parsing import (
    Unreadable,
    json_object,
    key_lines,
    keys_of,
    rows,
    table,
    text_of,
    value_lines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import Json

_EXACT = re.compile(r"v?\d+(?:\.\d+)*(?:-[0-9A-Za-z.-]+)?")
_PINNED = re.compile(r"=?=?\s*v?(\d+(?:\.\d+){2,3})")
_PLATFORM = re.compile(
    r"php(?:-64bit|-ipv6|-zts|-debug)?|hhvm|(?:ext|lib)-[\w.-]+|composer(?:-(?:plugin|runtime)-api)?", re.IGNORECASE
)
"""What stands where packages stand and is the platform itself."""
_MOST_NAMESPACES = 50
_PUBLIC = re.compile(r"https?://packagist\.org/")


def lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """composer.lock; which are direct stands in composer.json."""
    whole = json_object(text)
    if not isinstance(whole.get("packages"), list):
        raise Unreadable("it holds no packages")
    lines = value_lines(text, "name")
    found = []
    nameless = 0
    for section in ("packages", "packages-dev"):
        for one in map(table, rows(whole.get(section))):
            if text_of(one.get("name")):
                found.append(_package(one, lines, development=section == "packages-dev"))
            else:
                nameless += 1
    problems = [f"entries without a name: {nameless}; they were not checked"] if nameless else []
    if whole.get("packages-dev") and not isinstance(whole.get("packages-dev"), list):
        problems.append("its `packages-dev` are no list, so they were not checked")
    return Reading(dependencies=tuple(found), problems=tuple(problems))


def _package(one: Mapping[str, Json], lines: Mapping[str, int], *, development: bool) -> Dependency:
    name = text_of(one.get("name"))
    version = one.get("version")
    said = text_of(version) or (str(version) if isinstance(version, int | float) else "")
    exact = bool(_EXACT.fullmatch(said))
    return Dependency(
        ecosystem=Ecosystem.COMPOSER,
        name=name,
        version=said.removeprefix("v") if exact else "",
        asked="" if exact else said,
        line=lines.get(name, 1),
        origin=_origin(one),
        needs=tuple(need.lower() for need in keys_of(one.get("require")) if "/" in need),
        key=name.lower(),
        licence=" OR ".join(map(text_of, rows(one.get("license")))),
        development=development,
        locked=True,
        modules=_namespaces(one),
    )


def _namespaces(one: Mapping[str, Json]) -> tuple[str, ...]:
    """The namespaces that the package's classes lie in, as its autoloader knows them."""
    autoload = table(one.get("autoload"))
    names = [name.strip("\\") for kind in ("psr-4", "psr-0") for name in keys_of(autoload.get(kind))]
    return tuple(dict.fromkeys(name for name in names if name))[:_MOST_NAMESPACES]


def _origin(one: Mapping[str, Json]) -> Origin:
    """Composer writes whom to tell of an install only for packages of a registry, and which one that is."""
    source, dist = table(one.get("source")), table(one.get("dist"))
    if "path" in (text_of(dist.get("type")), text_of(source.get("type"))):
        return "local"
    notified = text_of(one.get("notification-url"))
    if notified:
        return "registry" if _PUBLIC.match(notified) else "elsewhere"
    return "elsewhere" if source or dist else "registry"


def manifest(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a PHP project asks for."""
    whole = json_object(text)
    lines = key_lines(text)
    found = []
    for section in ("require", "require-dev"):
        for name, value in table(whole.get(section)).items():
            if "/" not in name or _PLATFORM.fullmatch(name):
                continue
            asked = text_of(value).strip()
            exact = _PINNED.fullmatch(asked)
            found.append(
                Dependency(
                    ecosystem=Ecosystem.COMPOSER,
                    name=name,
                    version=exact[1] if exact else "",
                    asked="" if exact else asked,
                    line=lines.get(name, 1),
                    direct=True,
                    development=section == "require-dev",
                )
            )
    return Reading(dependencies=tuple(found))
