"""Reads packages.lock.json, .NET projects, Directory.Packages.props and packages.config."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Reading, Strength
from manyeyes_tools.dependencies.readers.parsing import (
    Element,
    Unreadable,
    json_object,
    key_lines,
    keys_of,
    table,
    text_of,
    xml_tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_EXACT = re.compile(r"(\d+(?:\.\d+){0,3}(?:-[0-9A-Za-z.-]+)?)(?:\+[0-9A-Za-z.-]+)?")
_PROPERTY = re.compile(r"\$\(([\w.-]{1,200})\)")
_CENTRAL = "Directory.Packages.props"
_ABOVE = (_CENTRAL, "Directory.Build.props")
_CONFIGS = ("nuget.config", "NuGet.Config", "NuGet.config")
_PUBLIC = re.compile(r"https://(?:api|www)\.nuget\.org/", re.IGNORECASE)
_OPEN = "its version is worked out when it is built; packages.lock.json would name it"
_ROUNDS = 5
_MOST_NAMES = 1_000
"""Packages of one reference."""


def lock(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """packages.lock.json of NuGet: one list for each target framework."""
    whole = json_object(text)
    if not isinstance(whole.get("dependencies"), dict):
        raise Unreadable("it holds no dependencies")
    lines = key_lines(text, opening=True)
    found = []
    for framework, packages in table(whole.get("dependencies")).items():
        for name, value in table(packages).items():
            told = table(value)
            kind = text_of(told.get("type"))
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NUGET,
                    name=name,
                    version=text_of(told.get("resolved")),
                    line=lines.get(name, 1),
                    origin="local" if kind == "Project" else "registry",
                    direct=kind == "Direct",
                    needs=tuple(f"{framework} {need.lower()}" for need in keys_of(told.get("dependencies"))),
                    key=f"{framework} {name.lower()}",
                    locked=True,
                )
            )
    return Reading(dependencies=tuple(found), notes=_sources(path, fetch))


def _sources(path: str, fetch: Callable[[str], str | None]) -> tuple[str, ...]:
    """A note where nuget.config, here or above, names further sources: a lock does not say what came from which."""
    for folder in PurePosixPath(path).parents:
        for name in _CONFIGS:
            text = fetch(str(folder / name))
            if text is None:
                continue
            named = re.findall(r"<add\s[^>]*value=\"(https?://[^\"]+)\"", text[:100_000])
            if any(not _PUBLIC.match(one) for one in named):
                return (f"{folder / name} names further sources; all packages were looked up as NuGet's own.",)
            return ()
    return ()


def project(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """What a .NET project references, with versions that are managed in files above it."""
    root = xml_tree(text)
    above = [tree for name in _ABOVE if (tree := _nearest(path, name, fetch))]
    properties = _properties([root, *above])
    central: dict[str, dict[str, None]] = {}  # several where conditions choose one, which only a build knows
    for one in (one for tree in above for one in tree.every("PackageVersion")):
        for name in _names(one):
            central.setdefault(name.lower(), {})[_version(one, properties)] = None
    found = []
    for tag in ("PackageReference", "GlobalPackageReference"):
        for one in root.every(tag):
            for name in _names(one):
                said = _version(one, properties)
                versions = [said] if said else [*central.get(name.lower(), {"": None})]
                found += [_asked(name, version, one.line) for version in versions]
    return Reading(dependencies=tuple(found))


def central(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """Directory.Packages.props: the versions that projects below it take."""
    root = xml_tree(text)
    above = _nearest(path, "Directory.Build.props", fetch)
    properties = _properties([root, above] if above else [root])
    found = [
        _asked(name, _version(one, properties), one.line, strength="offered" if tag == "PackageVersion" else "least")
        for tag in ("PackageVersion", "GlobalPackageReference", "PackageReference")
        for one in root.every(tag)
        for name in _names(one)
    ]
    return Reading(dependencies=tuple(found))


def config(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """packages.config: all that is installed, without telling what is direct."""
    found = []
    for one in xml_tree(text).every("package"):
        name, said = one.attributes.get("id", "").strip(), one.attributes.get("version", "").strip()
        exact = _EXACT.fullmatch(said)
        if name:
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NUGET,
                    name=name,
                    version=exact[1] if exact else "",
                    asked="" if exact else said,
                    line=one.line,
                    development=one.attributes.get("developmentDependency", "").lower() == "true",
                    locked=True,
                )
            )
    return Reading(dependencies=tuple(found))


def _asked(name: str, said: str, line: int, *, strength: Strength = "least") -> Dependency:
    """What is asked for is the lowest version, and that is what NuGet takes where it exists."""
    exact = _EXACT.fullmatch(said[1:-1].strip() if said.startswith("[") and said.endswith("]") else said)
    return Dependency(
        ecosystem=Ecosystem.NUGET,
        name=name,
        version=exact[1] if exact else "",
        asked="" if exact else said,
        unknown="" if exact or not _PROPERTY.search(said) else _OPEN,
        line=line,
        direct=None if strength == "offered" else True,
        strength=strength,
    )


def _names(one: Element) -> Iterator[str]:
    said = one.attributes.get("Include") or one.attributes.get("Update") or ""
    if said.count(";") > _MOST_NAMES:
        raise Unreadable(f"line {one.line} names more than {_MOST_NAMES:,} packages at once")
    yield from filter(None, (part.strip() for part in said.split(";")))


def _version(one: Element, properties: Mapping[str, str]) -> str:
    said = one.attributes.get("VersionOverride") or one.attributes.get("Version") or one.said("Version")
    for _ in range(_ROUNDS):
        filled = _PROPERTY.sub(lambda match: properties.get(match[1].lower(), match[0]), said)[:1_000]
        if filled == said:
            break
        said = filled
    return said.strip()


def _properties(trees: list[Element]) -> dict[str, str]:
    """What the property groups set, the first file first; what one file sets in several ways is not known."""
    known: dict[str, str] = {}
    for tree in trees:
        own: dict[str, set[str]] = {}
        for group in tree.every("PropertyGroup"):
            for one in group.inner:
                own.setdefault(one.name.lower(), set()).add(one.text.strip()[:300])
        for name, values in own.items():
            if name not in known:
                known[name] = values.pop() if len(values) == 1 else f"$({name})"
    return known


def _nearest(path: str, name: str, fetch: Callable[[str], str | None]) -> Element | None:
    """The nearest file of that name, in the project's folder or above, as MSBuild looks for it."""
    for folder in PurePosixPath(path).parents:
        text = fetch(str(folder / name))
        if text is not None:
            try:
                return xml_tree(text)
            except Unreadable:
                return None  # it is read by itself too, and what is wrong with it is told there
    return None
