"""Reads a software bill of materials in CycloneDX's JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Origin, Reading, from_purl
from manyeyes_tools.dependencies.readers.parsing import Unreadable, json_object, rows, table, text_of, value_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import Json

_DEEPEST = 50
_PUBLIC = re.compile(
    r"^(?:https?://)?(?:[\w.-]+\.)?(?:pypi\.org|pythonhosted\.org|npmjs\.org|yarnpkg\.com|golang\.org|crates\.io"
    r"|maven\.apache\.org|maven\.org|packagist\.org|rubygems\.org|nuget\.org)(?:[:/]|$)"
)


def bom(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """Components with a package URL; those without one are named, not checked."""
    whole = json_object(text)
    if text_of(whole.get("bomFormat")) != "CycloneDX":
        raise Unreadable("it is not in CycloneDX's format")
    lines = value_lines(text, "purl")
    names = value_lines(text, "name")
    needs = {
        text_of(table(one).get("ref")): tuple(map(text_of, rows(table(one).get("dependsOn"))))
        for one in rows(whole.get("dependencies"))
    }
    root = text_of(table(table(whole.get("metadata")).get("component")).get("bom-ref"))
    direct = set(needs.get(root, ())) if root else set()
    found = []
    problems = []
    for one in _components(whole):
        url, name = text_of(one.get("purl")), text_of(one.get("name"))
        parts = from_purl(url) if url else None
        key = text_of(one.get("bom-ref")) or url
        if parts is None:
            if text_of(one.get("type")) in {"library", "framework", "application", ""}:
                why = "a package URL of a kind that advisories are not asked for here" if url else "no package URL"
                problems.append(f"line {names.get(name, 1)}: {name[:80]} has {why}, and was not checked")
            continue
        ecosystem, package, version = parts
        found.append(
            Dependency(
                ecosystem=ecosystem,
                name=package,
                version=version or text_of(one.get("version")),
                line=lines.get(url, 1),
                origin=_origin(url, one),
                direct=(key in direct) if direct else None,
                needs=needs.get(key, ()),
                key=key,
                licence=_licence(one),
                locked=True,
            )
        )
    return Reading(dependencies=tuple(found), problems=tuple(problems))


def _origin(url: str, one: Mapping[str, Json]) -> Origin:
    """Where it comes from: by the property that a scan of our own writes, or by where its package URL says it lies."""
    from packageurl import PackageURL

    for said in map(table, rows(one.get("properties"))):
        if said.get("name") == "manyeyes:origin":
            return "local" if said.get("value") == "local" else "elsewhere"
    qualifiers = PackageURL.from_string(url).qualifiers
    places = (
        [qualifiers.get(key, "") for key in ("repository_url", "download_url")] if isinstance(qualifiers, dict) else []
    )
    return "registry" if all(not place or _PUBLIC.search(place) for place in places) else "elsewhere"


def _components(whole: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """All components, those inside others too."""
    found: list[Mapping[str, Json]] = []
    waiting = [(one, 0) for one in reversed(rows(whole.get("components")))]
    while waiting:
        one, depth = waiting.pop()
        component = table(one)
        found.append(component)
        if depth < _DEEPEST:
            waiting += [(inner, depth + 1) for inner in reversed(rows(component.get("components")))]
    return found


def _licence(one: Mapping[str, Json]) -> str:
    said = []
    for entry in map(table, rows(one.get("licenses"))):
        licence = table(entry.get("license"))
        said.append(text_of(entry.get("expression")) or text_of(licence.get("id")) or text_of(licence.get("name")))
    return " AND ".join(part for part in said if part)
