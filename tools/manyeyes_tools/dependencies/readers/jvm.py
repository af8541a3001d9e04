"""Reads pom.xml, gradle.lockfile and the plain lines of build.gradle."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Reading
from manyeyes_tools.dependencies.readers.parsing import Element, Unreadable, xml_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PROPERTY = re.compile(r"\$\{([^}$]{1,200})\}")
_LOCKED = re.compile(r"^([^:#=\s]+):([^:=\s]+):([^=\s]+)=(.*)$")
_CONFIGURATIONS = (
    "implementation|api|compile|compileOnly|runtime|runtimeOnly|classpath|annotationProcessor|kapt|ksp|"
    "testImplementation|testCompile|testRuntimeOnly|androidTestImplementation|debugImplementation"
)
_LINE = re.compile(rf"^\s*({_CONFIGURATIONS})\b[\s(]*(?:platform\s*\(\s*)?[\"']([^\"'\s]+)[\"']")
_NAMED = re.compile(
    rf"^\s*({_CONFIGURATIONS})\b[\s(]*group\s*[:=]\s*[\"']([^\"']+)[\"']\s*,\s*name\s*[:=]\s*[\"']([^\"']+)[\"']"
    r"(?:\s*,\s*version\s*[:=]\s*[\"']([^\"']+)[\"'])?"
)
_EXACT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]*")
_ROUNDS = 5


def pom(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a Maven project asks for, with its own properties and managed versions; parents are not fetched."""
    root = xml_tree(text)
    if root.name != "project":
        raise Unreadable("it is no Maven project")
    properties = _properties(root)
    managed = {
        _coordinate(one, properties): _filled(one.said("version"), properties)
        for one in _listed(root.child("dependencyManagement", "dependencies"))
    }
    found = []
    lists = [root.child("dependencies"), *(one.child("dependencies") for one in _listed(root.child("profiles")))]
    for one in (entry for holder in lists for entry in _listed(holder) if entry.name == "dependency"):
        name = _coordinate(one, properties)
        said = _filled(one.said("version"), properties) or managed.get(name, "")
        exact = bool(_EXACT.fullmatch(said))
        found.append(
            Dependency(
                ecosystem=Ecosystem.MAVEN,
                name=name,
                version=said if exact else "",
                asked="" if exact else said or "a version from its parent",
                line=one.line,
                origin="local" if one.said("scope") == "system" else "registry",
                direct=True,
                development=one.said("scope") == "test",
            )
        )
    notes = ["A pom.xml names direct dependencies only; what they need themselves is not known without a lock."]
    return Reading(dependencies=tuple(found), notes=tuple(notes if found else ()))


def _listed(holder: Element | None) -> list[Element]:
    return holder.inner if holder else []


def _coordinate(one: Element, properties: Mapping[str, str]) -> str:
    return f"{_filled(one.said('groupId'), properties)}:{_filled(one.said('artifactId'), properties)}"


def _properties(root: Element) -> dict[str, str]:
    found = {one.name: one.text.strip() for one in _listed(root.child("properties"))}
    for key in ("groupId", "version"):
        value = root.said(key) or root.said("parent", key)
        found[f"project.{key}"] = found[f"pom.{key}"] = value
    found["project.parent.version"] = root.said("parent", "version")
    return found


def _filled(text: str, properties: Mapping[str, str]) -> str:
    """The text with properties put in, so many rounds and so many characters at most: one may name itself."""
    for _ in range(_ROUNDS):
        filled = _PROPERTY.sub(lambda match: properties.get(match[1], match[0])[:300], text)[:1_000]
        if filled == text:
            break
        text = filled
    return text.strip()


def gradle_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """gradle.lockfile and the files below gradle/dependency-locks."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := _LOCKED.match(line.strip()):
            configurations = match[4].split(",")
            found.append(
                Dependency(
                    ecosystem=Ecosystem.MAVEN,
                    name=f"{match[1]}:{match[2]}",
                    version=match[3],
                    line=number,
                    development=bool(match[4]) and all("test" in one.lower() for one in configurations),
                    locked=True,
                )
            )
    if not found and text.strip() and "empty=" not in text:
        raise Unreadable("it locks nothing")
    return Reading(dependencies=tuple(found))


def gradle_build(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """The dependencies that build.gradle names as plain texts.  It is a program, and never run."""
    found = []
    odd = 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw[:2_000]
        if match := _NAMED.match(line):
            parts = [match[2], match[3], match[4] or ""]
        elif match := _LINE.match(line):
            parts = match[2].split("@")[0].split(":")
        else:
            odd += bool(re.match(rf"^\s*({_CONFIGURATIONS})\b[\s(]", line)) and "project(" not in line
            continue
        if len(parts) < 2 or not parts[1]:  # noqa: PLR2004  # group and name
            odd += 1
            continue
        said = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004  # and version
        exact = bool(_EXACT.fullmatch(said)) and not said.endswith("+")
        found.append(
            Dependency(
                ecosystem=Ecosystem.MAVEN,
                name=f"{parts[0]}:{parts[1]}",
                version=said if exact else "",
                asked="" if exact else said,
                line=number,
                direct=True,
                development=match[1].startswith(("test", "androidTest")),
            )
        )
    said = f"{odd} dependencies of a Gradle build are worked out when it runs, and it is never run; a lock names them"
    return Reading(dependencies=tuple(found), problems=(said,) if odd else ())
