"""Reads the manifests and locks of Composer, Bundler and NuGet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.parsing import (
    Unreadable,
    json_object,
    key_lines,
    keys_of,
    line_of,
    rows,
    table,
    text_of,
    value_lines,
    xml_tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_EXACT = re.compile(r"v?\d+(?:\.\d+)*(?:-[0-9A-Za-z.-]+)?")
_GEM = re.compile(r"^    (?P<name>[A-Za-z0-9._-]+) \((?P<version>[^)]+)\)$")
_NEED = re.compile(r"^ {6}(?P<name>[A-Za-z0-9._-]+)")
_DIRECT = re.compile(r"^ {2}(?P<name>[A-Za-z0-9._-]+)!?(?: \([^)]*\))?!?$")
_GEMFILE = re.compile(r"^\s*gem[\s(]+[\"']([A-Za-z0-9._-]+)[\"'](?:\s*,\s*[\"']([^\"']+)[\"'])?(.*)$")
_PLATFORM = re.compile(r"-(?:x86|x64|arm|aarch64|java|universal|mingw|mswin)[\w-]*$")
_NOT_PACKAGES = re.compile(r"php|hhvm|(?:ext|lib)-.*|composer(?:-.*)?", re.IGNORECASE)


def composer_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """composer.lock; which are direct stands in composer.json."""
    whole = json_object(text)
    if "packages" not in whole:
        raise Unreadable("it holds no packages")
    lines = value_lines(text, "name")
    found = []
    for section in ("packages", "packages-dev"):
        for one in map(table, rows(whole.get(section))):
            name = text_of(one.get("name"))
            kind = text_of(table(one.get("dist")).get("type"))
            needs = tuple(need.lower() for need in keys_of(one.get("require")) if "/" in need)
            said = text_of(one.get("version"))
            exact = bool(_EXACT.fullmatch(said))
            notified = text_of(one.get("notification-url"))
            private = bool(notified) and not notified.startswith("https://packagist.org/")
            origin: Origin = "local" if kind == "path" else "elsewhere" if private else "registry"
            found.append(
                Dependency(
                    ecosystem=Ecosystem.COMPOSER,
                    name=name,
                    version=said.removeprefix("v") if exact else "",
                    asked="" if exact else said,
                    line=lines.get(name, 1),
                    origin=origin,
                    needs=needs,
                    key=name.lower(),
                    licence=" OR ".join(map(text_of, rows(one.get("license")))),
                    development=section == "packages-dev",
                    locked=True,
                )
            )
    return Reading(dependencies=tuple(found))


def composer_json(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a PHP project asks for."""
    whole = json_object(text)
    lines = key_lines(text)
    found = []
    for section in ("require", "require-dev"):
        for name, value in table(whole.get(section)).items():
            if _NOT_PACKAGES.fullmatch(name):
                continue
            asked = text_of(value)
            exact = bool(re.fullmatch(r"v?\d+\.\d+\.\d+(?:\.\d+)?", asked))
            found.append(
                Dependency(
                    ecosystem=Ecosystem.COMPOSER,
                    name=name,
                    version=asked.removeprefix("v") if exact else "",
                    asked="" if exact else asked,
                    line=lines.get(name, 1),
                    direct=True,
                    development=section == "require-dev",
                )
            )
    return Reading(dependencies=tuple(found))


def gemfile_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """Gemfile.lock."""
    section, public = "", True
    specs: list[tuple[str, str, int, str, bool]] = []
    needs: dict[str, list[str]] = {}
    direct: set[str] = set()
    last = ""
    for number, line in enumerate(text.split("\n"), 1):
        if line and not line.startswith(" "):
            section, public = line.strip(), True
        elif line.startswith("  remote: ") and section == "GEM":
            public = "rubygems.org" in line
        elif match := _GEM.match(line):
            last = match["name"]
            specs.append((last, _PLATFORM.sub("", match["version"]), number, section, public))
        elif (match := _NEED.match(line)) and last:
            needs.setdefault(last, []).append(match["name"])
        elif section == "DEPENDENCIES" and (match := _DIRECT.match(line)):
            direct.add(match["name"])
    if not specs and "GEM" not in text:
        raise Unreadable("it holds no gems")
    found: dict[tuple[str, str], Dependency] = {}
    for name, version, number, kind, from_public in specs:
        origin: Origin = "local" if kind == "PATH" else "elsewhere" if kind == "GIT" or not from_public else "registry"
        found.setdefault(
            (name, version),
            Dependency(
                ecosystem=Ecosystem.RUBYGEMS,
                name=name,
                version=version,
                line=number,
                origin=origin,
                direct=name in direct,
                needs=tuple(needs.get(name, ())),
                key=name,
                locked=True,
            ),
        )
    return Reading(dependencies=tuple(found.values()))


def gemfile(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """The plain lines of a Gemfile.  It is a program, and never run."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := _GEMFILE.match(line[:2_000]):
            asked, rest = (match[2] or "").strip(), match[3] or ""
            exact = bool(re.fullmatch(r"=?\s*\d+(?:\.\d+)+", asked)) and asked.startswith("=")
            elsewhere = any(word in rest for word in ("git:", "github:", ":git", "source:"))
            found.append(
                Dependency(
                    ecosystem=Ecosystem.RUBYGEMS,
                    name=match[1],
                    version=asked.lstrip("= ") if exact else "",
                    asked="" if exact else asked,
                    line=number,
                    origin="local" if "path:" in rest else "elsewhere" if elsewhere else "registry",
                    direct=True,
                )
            )
    return Reading(dependencies=tuple(found))


def nuget_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """packages.lock.json of NuGet: one list for each target framework."""
    whole = json_object(text)
    frameworks = table(whole.get("dependencies"))
    if "dependencies" not in whole:
        raise Unreadable("it holds no dependencies")
    lines = key_lines(text, opening=True)
    found: dict[tuple[str, str], Dependency] = {}
    for packages in frameworks.values():
        for name, value in table(packages).items():
            told = table(value)
            kind = text_of(told.get("type"))
            version = text_of(told.get("resolved"))
            known = found.get((name, version))
            found[name, version] = Dependency(
                ecosystem=Ecosystem.NUGET,
                name=name,
                version=version,
                line=lines.get(name, 1),
                origin="local" if kind == "Project" else "registry",
                direct=kind in {"Direct", "CentralTransitive"} or bool(known and known.direct),
                needs=tuple(need.lower() for need in keys_of(told.get("dependencies"))),
                key=name.lower(),
                locked=True,
            )
    return Reading(dependencies=tuple(found.values()))


def msbuild(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """`PackageReference` of a .NET project, `PackageVersion` of Directory.Packages.props, packages.config."""
    root = xml_tree(text)
    found = []
    for tag in ("PackageReference", "PackageVersion", "package"):
        for one in root.every(tag):
            name = one.attributes.get("Include") or one.attributes.get("Update") or one.attributes.get("id") or ""
            said = one.attributes.get("Version") or one.attributes.get("version") or one.said("Version")
            said = one.attributes.get("VersionOverride") or said
            if not name:
                continue
            exact = _EXACT.fullmatch(said.strip("[]"))
            # What is asked for is the lowest version, and that is what NuGet takes where it exists.
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NUGET,
                    name=name,
                    version=said.strip("[]") if exact else "",
                    asked="" if exact else said,
                    line=one.line or line_of(text, name),
                    direct=True,
                )
            )
    return Reading(dependencies=tuple(found))
