"""Reads pom.xml, with the parents and bills of materials that lie in the project itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Reading
from manyeyes_tools.dependencies.readers.parsing import Element, Unreadable, normal, xml_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_PROPERTY = re.compile(r"\$\{([^}$]{1,200})\}")
_EXACT = re.compile(r"\[?([0-9A-Za-z][0-9A-Za-z._+-]*)\]?")
_WORDS = frozenset({"LATEST", "RELEASE"})
_ROUNDS = 5
_MOST_PARENTS = 12
_LEAST_PROFILES = 12
"""So many that change properties are looked at however large the project is."""
_MOST_LOOKS = 300_000
"""Each of them is a look at all that the project names, and these are counted."""
_SHOWN = 5
_ELSEWHERE = "its version stands in a parent or bill of materials that is not in the project"
_NOTE = "A pom.xml names direct dependencies only; what they need themselves is not known without a lock."
_PARENT = "The parent {parent} of a pom.xml is not in the project; dependencies that stand there are not known."


@dataclass(frozen=True, slots=True)
class _Pom:
    """A pom.xml and where it lies."""

    path: str
    root: Element


def pom(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """What a Maven project asks for; what it inherits from a parent in the project counts with that parent.

    Where a profile changes a version, both are listed: which profile is on is known only when it is built.
    """
    root = _tree(text)
    chain = _chain(_Pom(path, root), fetch)
    bills = _Bills(fetch)
    base = _View.of(chain, bills)
    found: dict[tuple[str, str], Dependency] = {}
    declared = _declared(root, *_listed(root.child("profiles")))
    profiles = _listed(root.child("profiles"))
    changing = [one for one in profiles if _changes(one, base)]
    looks = len(declared) + len(base.managed) + len(base.properties) + len(profiles)
    most = max(_LEAST_PROFILES, _MOST_LOOKS // max(looks, 1))
    for view, ones in ((base, declared), *_by_profile(root, changing[:most], chain, base, bills)):
        for one in ones:
            said = view.dependency(one, one.line)
            if said.version or view is base:
                found.setdefault((said.name, said.version), said)
    names = {name for name, _ in found}
    at = parent.line if (parent := root.child("parent")) else 1
    for depth, above in enumerate(chain[1:], 1):
        theirs = _View.of(chain[depth:], bills)
        for one in _declared(above.root):
            inherited, said = base.dependency(one, at), theirs.dependency(one, at)
            if inherited.name in names:
                continue
            within = above.path if said.version == inherited.version else ""
            found.setdefault((inherited.name, inherited.version), replace(inherited, within=within))
        names.update(name for name, _ in found)  # the nearest counts
    nameless = [one for one in found.values() if _is_nameless(one)]
    problems = [f"line {one.line}: {one.name[:80]} has a name that is not known" for one in nameless[:_SHOWN]]
    if len(nameless) > _SHOWN:
        problems.append(f"{len(nameless) - _SHOWN} more have names that are not known")
    if left := changing[most:]:
        problems.append(
            f"more than {most} profiles change properties; what the {len(left)} from line {left[0].line} on make of "
            f"versions was not checked"
        )
    missing = chain[-1].root.child("parent")
    notes = [_NOTE] if found else []
    if missing is not None:
        notes.append(_PARENT.format(parent=_coordinate(missing, base.properties)))
    group, artifact = base.properties.get("project.groupId", ""), root.said("artifactId")
    return Reading(
        dependencies=tuple(one for one in found.values() if not _is_nameless(one)),
        problems=tuple(problems),
        notes=tuple(notes),
        own=(f"{group}:{artifact}",) if artifact else (),
    )


def _is_nameless(one: Dependency) -> bool:
    return "${" in one.name or one.name.strip(":") != one.name


@dataclass(frozen=True, slots=True)
class _View:
    """How a project sees its own texts: with its properties and the versions that are managed for it."""

    properties: Mapping[str, str]
    managed: Mapping[str, str]

    @classmethod
    def of(cls, chain: list[_Pom], bills: _Bills, properties: Mapping[str, str] | None = None) -> _View:
        properties = _properties(chain) if properties is None else properties
        return cls(properties, _managed(chain, properties, bills))

    def dependency(self, one: Element, line: int) -> Dependency:
        said = _filled(one.said("version"), self.properties) or self.managed.get(_key(one, self.properties), "")
        exact = _EXACT.fullmatch(said) if said not in _WORDS else None
        return Dependency(
            ecosystem=Ecosystem.MAVEN,
            name=_coordinate(one, self.properties),
            version=exact[1] if exact else "",
            asked="" if exact else said,
            unknown=_ELSEWHERE if not said or "${" in said else "",
            line=line,
            origin="local" if one.said("scope") == "system" else "registry",
            direct=True,
            development=one.said("scope") == "test",
        )


def _changes(profile: Element, base: _View) -> bool:
    """Whether a profile sets properties to something else than they are without it."""
    return any(base.properties.get(name) != value for name, value in _own_properties(profile).items())


def _own_properties(one: Element) -> dict[str, str]:
    return {value.name: value.text.strip() for value in _listed(one.child("properties"))}


def _by_profile(
    root: Element, changing: list[Element], chain: list[_Pom], base: _View, bills: _Bills
) -> Iterable[tuple[_View, list[Element]]]:
    """How it looks with each of the profiles that change properties, and what it asks for then."""
    for profile in changing:
        view = _View.of(chain, bills, {**base.properties, **_own_properties(profile)})
        yield view, [one for one in _declared(root, profile) if _is_open(one)]


def _is_open(one: Element) -> bool:
    """Whether its own element alone does not say which version it is."""
    said = one.said("version")
    return not said or any("${" in one.said(key) for key in ("version", "groupId", "artifactId"))


@lru_cache(maxsize=16)
def _tree(text: str) -> Element:
    """The parsed project: parents are read once more for each of their modules."""
    root = xml_tree(text)
    if root.name != "project":
        raise Unreadable("it is no Maven project")
    return root


def _chain(first: _Pom, fetch: Callable[[str], str | None]) -> list[_Pom]:
    """The project and its parents, as far as they lie in the project, the nearest first."""
    chain = [first]
    while len(chain) < _MOST_PARENTS:
        at = chain[-1]
        parent = at.root.child("parent")
        if parent is None:
            break
        told = parent.child("relativePath")
        relative = told.text.strip() if told is not None else "../pom.xml"
        above = _at(PurePosixPath(at.path).parent / relative, fetch) if relative else None
        if above is None or above.path in {one.path for one in chain} or not _is(above.root, parent):
            break
        chain.append(above)
    return chain


def _at(place: PurePosixPath, fetch: Callable[[str], str | None]) -> _Pom | None:
    """The project at a path, which may be its folder."""
    for candidate in (place, place / "pom.xml"):
        path = normal(candidate)
        text = fetch(path) if path and path.endswith((".xml", ".pom")) else None
        if path and text is not None:
            try:
                return _Pom(path, _tree(text.removeprefix("\ufeff")))
            except Unreadable:
                return None  # it is read by itself too, and what is wrong with it is told there
    return None


def _is(root: Element, named: Element) -> bool:
    """Whether a project is the one that is named; what holds a property may be."""
    for key in ("artifactId", "groupId", "version"):
        said, wanted = root.said(key) or root.said("parent", key), named.said(key)
        if said != wanted and "${" not in said + wanted:
            return False
    return True


def _properties(chain: list[_Pom]) -> dict[str, str]:
    """The properties as the first of the chain sees them; those of profiles where nothing else sets them."""
    known: dict[str, str] = {}
    for one in chain:
        for value in _listed(one.root.child("properties")):
            known.setdefault(value.name, value.text.strip())
    for one in chain:
        profiles = _listed(one.root.child("profiles"))
        profiles.sort(key=lambda profile: profile.said("activation", "activeByDefault") != "true")
        for profile in profiles:
            for value in _listed(profile.child("properties")):
                known.setdefault(value.name, value.text.strip())
    root = chain[0].root
    for key in ("groupId", "version", "artifactId"):
        value_ = root.said(key) or (root.said("parent", key) if key != "artifactId" else "")
        known[f"project.{key}"] = known[f"pom.{key}"] = value_
        known.setdefault(key, value_)
        known[f"project.parent.{key}"] = known[f"parent.{key}"] = root.said("parent", key)
    return known


@dataclass(slots=True)
class _Bills:
    """What imported projects came to: each is read once, for all profiles and for those that import each other.

    Attributes:
        fetch: Reads a file of the project.
        places: Where an imported project lies, by who imports it, group and name; empty where it is not there.
        versions: What it fixes, by its place and how many imports led to it.
    """

    fetch: Callable[[str], str | None]
    places: dict[tuple[str, str, str], str] = field(default_factory=dict)
    versions: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)

    def fixed(self, at: _Pom, group: str, artifact: str, depth: int) -> Mapping[str, str]:
        """The versions that an imported project fixes; none where it is not in the project."""
        wanted = at.path, group, artifact
        place = self.places.get(wanted)
        if place is None or (place and (place, depth) not in self.versions):
            bill = _imported(at, group, artifact, self.fetch)
            place = self.places[wanted] = bill.path if bill else ""
            if bill and (place, depth) not in self.versions:
                above = _chain(bill, self.fetch)
                self.versions[place, depth] = _managed(above, _properties(above), self, depth + 1)
        return self.versions.get((place, depth), {})


def _managed(chain: list[_Pom], properties: Mapping[str, str], bills: _Bills, depth: int = 0) -> dict[str, str]:
    """The versions that the project and its parents fix, the nearest first, then those of imported projects."""
    known: dict[str, str] = {}
    imported: list[tuple[_Pom, Element]] = []
    for one in chain:
        holders = [one.root, *_listed(one.root.child("profiles"))]
        lists = [holder.child("dependencyManagement", "dependencies") for holder in holders]
        for entry in (entry for listed in lists for entry in _listed(listed)):
            if entry.said("scope") == "import":
                imported.append((one, entry))
            else:
                known.setdefault(_key(entry, properties), _filled(entry.said("version"), properties))
    for at, entry in imported if depth < _ROUNDS else ():
        group, artifact = (_filled(entry.said(key), properties) for key in ("groupId", "artifactId"))
        for key, version in bills.fixed(at, group, artifact, depth).items():
            known.setdefault(key, version)
    return known


def _imported(at: _Pom, group: str, artifact: str, fetch: Callable[[str], str | None]) -> _Pom | None:
    """An imported bill of materials where it is a module of the project, in the folder that is named like it."""
    if not re.fullmatch(r"[\w.-]{1,200}", artifact):
        return None
    folder = PurePosixPath(at.path).parent
    for place in (folder / artifact, folder.parent / artifact):
        bill = _at(place / "pom.xml", fetch)
        if bill is None:
            continue
        theirs = bill.root.said("groupId") or bill.root.said("parent", "groupId")
        if bill.root.said("artifactId") == artifact and theirs == group:
            return bill
    return None


def _declared(*holders: Element) -> list[Element]:
    return [one for holder in holders for one in _listed(holder.child("dependencies")) if one.name == "dependency"]


def _listed(holder: Element | None) -> list[Element]:
    return [*holder.inner] if holder else []


def _coordinate(one: Element, properties: Mapping[str, str]) -> str:
    return f"{_filled(one.said('groupId'), properties)}:{_filled(one.said('artifactId'), properties)}"


def _key(one: Element, properties: Mapping[str, str]) -> str:
    """What a managed version is for: the package, its type and its classifier."""
    kind, classifier = one.said("type") or "jar", one.said("classifier")
    return f"{_coordinate(one, properties)}:{kind}:{_filled(classifier, properties)}"


def _filled(text: str, properties: Mapping[str, str]) -> str:
    """The text with properties put in, so many rounds and so many characters at most: one may name itself."""
    for _ in range(_ROUNDS):
        filled = _PROPERTY.sub(lambda match: properties.get(match[1].strip(), match[0])[:300], text)[:1_000]
        if filled == text:
            break
        text = filled
    return text.strip()
