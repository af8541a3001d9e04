"""Reads package.json and the locks of npm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.archives import another
from manyeyes_tools.dependencies.readers.parsing import (
    Unreadable,
    json_object,
    key_lines,
    keys_of,
    table,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import Json

_EXACT = re.compile(r"=?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")
_PUBLIC = re.compile(r"https://registry\.(?:npmjs\.org|yarnpkg\.com)/")
LOCAL = ("file:", "link:", "portal:", "workspace:", "./", "../")
SECTIONS = (("dependencies", False), ("optionalDependencies", False), ("peerDependencies", False),
             ("devDependencies", True))  # fmt: skip
_DEEPEST = 60


def package_json(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a package asks for."""
    whole = json_object(text)
    lines = key_lines(text)
    found = []
    for section, development in SECTIONS:
        for name, value in table(whole.get(section)).items():
            found.append(_asked(name, text_of(value), lines.get(name, 1), development=development))
    odd = [name for name, _ in SECTIONS if whole.get(name) and not isinstance(whole.get(name), dict)]
    problems = (f"no tables, so what they ask for was not checked: {', '.join(odd)}",) if odd else ()
    return Reading(dependencies=tuple(found), problems=problems)


def _asked(name: str, asked: str, line: int, *, development: bool) -> Dependency:
    if asked.startswith("npm:"):
        name, _, asked = asked[4:].rpartition("@")
    exact = _EXACT.fullmatch(asked.strip())
    origin: Origin = "registry"
    if asked.startswith(LOCAL):
        origin = "local"
    elif ":" in asked or "/" in asked:
        origin = "elsewhere"
    return Dependency(
        ecosystem=Ecosystem.NPM,
        name=name,
        version=exact[1] if exact else "",
        asked="" if exact else asked,
        line=line,
        origin=origin,
        direct=True,
        development=development,
    )


def package_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """package-lock.json and npm-shrinkwrap.json, versions 1 to 3."""
    whole = json_object(text)
    lines = key_lines(text)
    if table(whole.get("packages")) or (isinstance(whole.get("packages"), dict) and not whole.get("dependencies")):
        return Reading(dependencies=tuple(_placed(table(whole.get("packages")), lines)))
    if isinstance(whole.get("dependencies"), dict):
        return Reading(dependencies=tuple(_nested(table(whole.get("dependencies")), key_lines(text, opening=True))))
    if "lockfileVersion" not in whole:
        raise Unreadable("it has neither `packages` nor `dependencies`")
    return Reading()


def _placed(packages: Mapping[str, Json], lines: Mapping[str, int]) -> list[Dependency]:
    """Versions 2 and 3: a table by place in node_modules."""
    roots = [place for place in packages if "node_modules/" not in f"{place}/"]
    direct = {
        _resolve(packages, place, name)
        for place in roots
        for section, _ in SECTIONS
        for name in keys_of(table(packages[place]).get(section))
    }
    found = []
    for place, value in packages.items():
        told = table(value)
        if "node_modules/" not in f"{place}/" or told.get("link") is True:
            continue
        name = text_of(told.get("name")) or place.rpartition("node_modules/")[2]
        needs = tuple(
            key
            for section, development in SECTIONS
            if not development
            for need in keys_of(told.get(section))
            if (key := _resolve(packages, place, need))
        )
        licence = told.get("license")
        version, resolved = text_of(told.get("version")), text_of(told.get("resolved"))
        found.append(
            Dependency(
                ecosystem=Ecosystem.NPM,
                name=name,
                version=version,
                line=lines.get(place, 1),
                origin=origin_of(resolved),
                fetched=another(name, version, resolved),
                direct=place in direct,
                needs=needs,
                key=place,
                licence=text_of(licence) or text_of(table(licence).get("type")),
                development=told.get("dev") is True,
                locked=True,
            )
        )
    return found


def _resolve(packages: Mapping[str, Json], place: str, name: str) -> str:
    """Where Node would find a package from a place: the nearest node_modules above; empty when nowhere."""
    at = place
    for _ in range(_DEEPEST):
        candidate = f"{at}/node_modules/{name}" if at else f"node_modules/{name}"
        if candidate in packages:
            told = table(packages[candidate])
            return text_of(told.get("resolved")) if told.get("link") is True else candidate
        if not at:
            return ""
        at = at.rpartition("node_modules/")[0].rstrip("/") if "node_modules/" in at else at.rpartition("/")[0]
    return ""


def _nested(top: Mapping[str, Json], lines: Mapping[str, int]) -> list[Dependency]:
    """Version 1: tables inside tables.  Which are direct stands in package.json."""
    found: list[Dependency] = []
    waiting: list[tuple[tuple[Mapping[str, Json], ...], tuple[str, ...]]] = [((top,), ())]
    while waiting:
        scopes, above = waiting.pop()
        for name, value in scopes[-1].items():
            told = table(value)
            inner = table(told.get("dependencies"))
            reach = (*scopes, inner)
            needs = tuple(
                "/".join((*(*above, name)[:depth], need))
                for need in keys_of(told.get("requires"))
                for depth in range(len(reach) - 1, -1, -1)
                if need in reach[depth]
            )
            said = text_of(told.get("version"))
            exact = _EXACT.fullmatch(said)
            alias = said[4:].rpartition("@") if said.startswith("npm:") else None
            meant, version = (alias[0], alias[2]) if alias else (name, exact[1] if exact else "")
            resolved = text_of(told.get("resolved"))
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NPM,
                    name=meant,
                    version=version,
                    fetched=another(meant, version, resolved),
                    asked="" if exact or alias else said,
                    line=lines.get(name, 1),
                    origin=origin_of(resolved or ("" if exact or alias else said)),
                    needs=needs,
                    key="/".join((*above, name)),
                    development=told.get("dev") is True,
                    locked=True,
                )
            )
            if inner and len(scopes) >= _DEEPEST:
                raise Unreadable("nested too deep")
            if inner:
                waiting.append((reach, (*above, name)))
    return found


def origin_of(resolved: str) -> Origin:
    """Where a package comes from whose archive lies there; an empty address means npm's own registry."""
    if resolved.startswith(LOCAL):
        return "local"
    if not resolved or _PUBLIC.match(resolved):
        return "registry"
    return "elsewhere"
