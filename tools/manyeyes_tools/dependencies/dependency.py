"""What a dependency is, whichever file names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

_RUNS = re.compile(r"[-_.]+")


class Ecosystem(StrEnum):
    """Where packages come from, as advisories name it."""

    PYPI = "PyPI"
    NPM = "npm"
    GO = "Go"
    CARGO = "crates.io"
    MAVEN = "Maven"
    COMPOSER = "Packagist"
    RUBYGEMS = "RubyGems"
    NUGET = "NuGet"


Origin: TypeAlias = Literal["registry", "elsewhere", "local"]
"""`registry`: the ecosystem's public one; `elsewhere`: git, an address, a private registry; `local`: a folder."""

Strength: TypeAlias = Literal["pinned", "least", "offered"]
"""What a version without a lock means: just that one; the lowest that may be taken, so that a lock beside it counts in
its place; or one that a list only holds ready for projects to ask for.
"""

PURL_TYPES = {
    Ecosystem.PYPI: "pypi",
    Ecosystem.NPM: "npm",
    Ecosystem.GO: "golang",
    Ecosystem.CARGO: "cargo",
    Ecosystem.MAVEN: "maven",
    Ecosystem.COMPOSER: "composer",
    Ecosystem.RUBYGEMS: "gem",
    Ecosystem.NUGET: "nuget",
}
"""The type of a package URL, by ecosystem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A package that a file names.

    Attributes:
        ecosystem: Where it comes from.
        name: As the file writes it.
        version: The exact version; empty where the file leaves it open.
        asked: The constraint as it is written, where it is no exact version.
        line: Where in the file, from 1.
        origin: Whether advisories can know it at all.
        direct: Whether the project itself asks for it; None where the file does not tell.
        needs: What it needs itself, as keys of other dependencies of the same file.
        key: Its own key among those; `name` and `version` unless the file has its own.
        licence: As the file writes it; empty where it does not.
        development: Whether only developing needs it.
        locked: Whether the file is a lock: its versions are those that are installed.
        within: The file that names it, where the file read only includes that one.
        fetched: What is fetched in its place, where the file names one package and the address of another.
        strength: What its version means where the file is no lock.
        modules: The names it is imported by, where the file tells.
        unknown: Why the version is open, in words of the kind of file; empty where the usual ones say it.
    """

    ecosystem: Ecosystem
    name: str
    version: str = ""
    asked: str = ""
    line: int = 1
    origin: Origin = "registry"
    direct: bool | None = None
    needs: tuple[str, ...] = ()
    key: str = ""
    licence: str = ""
    development: bool = False
    locked: bool = False
    within: str = ""
    fetched: str = ""
    strength: Strength = "pinned"
    modules: tuple[str, ...] = ()
    unknown: str = ""

    @property
    def package(self) -> str:
        """The name that all spellings of it share."""
        return canonical(self.ecosystem, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one file says.

    Attributes:
        dependencies: The packages it names.
        problems: What of it could not be understood.
        notes: What else is worth knowing.
        own: The packages that the file describes itself, so that others of the project may need them.
    """

    dependencies: tuple[Dependency, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()


def canonical(ecosystem: Ecosystem, name: str) -> str:
    """The one spelling of a package's name, as advisories use it."""
    name = name.strip()
    if ecosystem is Ecosystem.PYPI:
        return _RUNS.sub("-", name).lower()
    if ecosystem in {Ecosystem.COMPOSER, Ecosystem.NUGET}:
        return name.lower()
    return name


def purl(ecosystem: Ecosystem, name: str, version: str = "") -> str:
    """The package URL of a package."""
    from packageurl import PackageURL  # a tenth of a second to load

    kind, namespace, last = PURL_TYPES[ecosystem], None, canonical(ecosystem, name)
    if ecosystem is Ecosystem.NUGET:
        last = name.strip()
    if ecosystem is Ecosystem.MAVEN:
        namespace, _, last = last.rpartition(":")
    elif ecosystem in {Ecosystem.NPM, Ecosystem.GO, Ecosystem.COMPOSER}:
        namespace, _, last = last.rpartition("/")
    if ecosystem is Ecosystem.GO and version[:1].isdigit():
        version = f"v{version}"
    return str(PackageURL(kind, namespace or None, last or "unnamed", version or None).to_string())


def from_purl(text: str) -> tuple[Ecosystem, str, str] | None:
    """The ecosystem, name and version of a package URL; None when it is none, or of another ecosystem."""
    from packageurl import PackageURL

    try:
        url = PackageURL.from_string(text)
    except ValueError:
        return None
    ecosystem = next((one for one, kind in PURL_TYPES.items() if kind == url.type), None)
    if ecosystem is None:
        return None
    joint = ":" if ecosystem is Ecosystem.MAVEN else "/"
    name = f"{url.namespace}{joint}{url.name}" if url.namespace else url.name
    version = url.version or ""
    return ecosystem, name, version.removeprefix("v") if ecosystem is Ecosystem.GO else version
