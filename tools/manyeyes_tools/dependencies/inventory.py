"""All that a project depends on, from all its files: locks before manifests, and each package's way in."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Ecosystem, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from manyeyes_tools.dependencies.dependency import Dependency, Reading

MOST = 100_000
"""Dependencies looked at in one call."""
_LONGEST_WAY = 30
_MOST_OF_A_KEY = 8
"""Versions of one package that a need may mean; a lock with more of them is none that anybody wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A package as one file has it.

    Attributes:
        dependency: What the file says of it.
        path: The file.
        direct: Whether the project itself asks for it; None where no file tells.
        via: The packages that lead to it, from a direct one on, itself left out; empty when direct or not known.
        needs: What it needs, as indexes into the inventory.
    """

    dependency: Dependency
    path: str
    direct: bool | None
    via: tuple[str, ...] = ()
    needs: tuple[int, ...] = ()

    @property
    def ecosystem(self) -> Ecosystem:
        """Where it comes from."""
        return self.dependency.ecosystem

    @property
    def package(self) -> str:
        """Its name in the one spelling."""
        return self.dependency.package

    @property
    def version(self) -> str:
        """Its exact version; empty where it is open."""
        return self.dependency.version

    @property
    def question(self) -> tuple[Ecosystem, str, str]:
        """What a source of advisories is asked about it; of NuGet the name as written, which OSV's service needs."""
        name = self.dependency.name.strip() if self.ecosystem is Ecosystem.NUGET else self.package
        return self.ecosystem, name, self.version

    @property
    def title(self) -> str:
        """`name 1.2.3`, for people."""
        return f"{self.dependency.name} {self.version}".strip()


def take_stock(readings: Mapping[str, Reading]) -> tuple[list[Component], list[str]]:
    """Everything that the files name, each package once a file, and what could not be taken in."""
    problems: list[str] = []
    asked = _asked(readings)
    places = _places(readings)
    own = {name for reading in readings.values() for name in reading.own}
    found: list[Component] = []
    for path, reading in sorted(readings.items()):
        kept = [
            replace(one, origin="local") if one.name in own else one
            for one in reading.dependencies
            if one.within not in readings and not _covered(one, path, places)
        ]
        if path.endswith("go.sum") and f"{path.removesuffix('sum')}mod" in readings:
            continue
        room = MOST - len(found)
        if len(kept) > room:
            problems.append(f"{path}: more than {MOST:,} dependencies in all; {len(kept) - room:,} were not checked.")
            kept = kept[:room]
        found += _of_file(path, kept, asked, start=len(found))
    return found, problems


def _asked(readings: Mapping[str, Reading]) -> dict[tuple[str, Ecosystem], set[str]]:
    """What manifests ask for, by folder and ecosystem."""
    asked: defaultdict[tuple[str, Ecosystem], set[str]] = defaultdict(set)
    for path, reading in readings.items():
        for one in reading.dependencies:
            if one.direct and not one.locked:
                asked[_folder(path), one.ecosystem].add(one.package)
    return asked


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a package is named exactly: folders, with the files there."""

    locked: dict[str, set[str]]
    asked: dict[str, set[str]]


def _places(readings: Mapping[str, Reading]) -> dict[tuple[Ecosystem, str], _Places]:
    """Where each package has an entry of a lock, or is asked for in an exact version."""
    places: dict[tuple[Ecosystem, str], _Places] = {}
    for path, reading in readings.items():
        for one in reading.dependencies:
            if one.within in readings or not (one.locked or one.version):
                continue  # what another file names counts there
            at = places.setdefault((one.ecosystem, one.package), _Places({}, {}))
            (at.locked if one.locked else at.asked).setdefault(_folder(path), set()).add(path)
    return places


def _covered(one: Dependency, path: str, places: Mapping[tuple[Ecosystem, str], _Places]) -> bool:
    """Whether another file tells better which version it is.

    That is one in the folder or one above where a manifest leaves the version open; a lock in its own folder where it
    names the least version; and any below for what is only held ready for others to ask for.
    """
    at = places.get((one.ecosystem, one.package))
    if one.locked or at is None:
        return False
    above = {_name(folder) for folder in PurePosixPath(path).parents}
    if one.strength == "offered":
        scope = _scope(path)
        return any(
            folder in above or scope in {".", folder} or folder.startswith(f"{scope}/")
            for folder, files in (*at.locked.items(), *at.asked.items())
            if files - {path}
        )
    if one.version:
        return one.strength == "least" and bool(at.locked.get(_folder(path), set()) - {path})
    return any(folders.get(folder, set()) - {path} for folders in (at.locked, at.asked) for folder in above)


def _scope(path: str) -> str:
    """The folder below which a list of versions holds; Gradle's lies in a folder of its own."""
    folder = PurePosixPath(path).parent
    return _name(folder.parent if folder.name == "gradle" else folder)


def _of_file(
    path: str, dependencies: Sequence[Dependency], asked: Mapping[tuple[str, Ecosystem], set[str]], *, start: int
) -> list[Component]:
    """A file's components, those of one package and version, from one place, once."""
    wanted: dict[Ecosystem, set[str]] = {}
    folder = _folder(path)
    for (where, ecosystem), names in asked.items():
        if folder in {where, "."} or where.startswith(f"{folder}/"):
            wanted.setdefault(ecosystem, set()).update(names)
    known = any(one.direct is not None for one in dependencies)
    direct = [
        one.direct if known else (one.package in wanted[one.ecosystem]) if wanted.get(one.ecosystem) else None
        for one in dependencies
    ]
    ways = _ways(dependencies, direct)
    first: dict[tuple[Ecosystem, str, str, str, str], int] = {}
    kept: list[Component] = []
    places: dict[int, int] = {}
    for index, one in enumerate(dependencies):
        place = first.setdefault((one.ecosystem, one.package, one.version, one.origin, one.fetched), len(kept))
        places[index] = start + place
        if place == len(kept):
            kept.append(Component(dependency=one, path=path, direct=direct[index], via=ways.get(index, ())))
        elif direct[index] and not kept[place].direct:
            kept[place] = replace(kept[place], direct=True, via=())
    edges: defaultdict[int, dict[int, None]] = defaultdict(dict)
    by_key = _by_key(dependencies)
    for index, one in enumerate(dependencies):
        for key in one.needs:
            for needed in by_key.get(key, ())[:_MOST_OF_A_KEY]:
                if places[needed] != places[index]:
                    edges[places[index]][places[needed]] = None
    return [replace(one, needs=tuple(edges.get(start + place, ()))) for place, one in enumerate(kept)]


def _by_key(dependencies: Sequence[Dependency]) -> dict[str, list[int]]:
    """Who is meant by a key: several where a lock holds several versions of a package and a need does not say which."""
    by_key: dict[str, list[int]] = {}
    for index, one in enumerate(dependencies):
        by_key.setdefault(one.key or one.package, []).append(index)
    return by_key


def _ways(dependencies: Sequence[Dependency], direct: Sequence[bool | None]) -> dict[int, tuple[str, ...]]:
    """The shortest way to each from a direct one; where nobody is known to be direct, from those nobody needs."""
    by_key = _by_key(dependencies)
    needed = {index for one in dependencies for key in one.needs for index in by_key.get(key, ())}
    starts = [index for index, one in enumerate(direct) if one]
    starts = starts or [index for index in range(len(dependencies)) if index not in needed]
    ways: dict[int, tuple[str, ...]] = dict.fromkeys(starts, ())
    waiting = deque(starts)
    while waiting:
        index = waiting.popleft()
        way = (*ways[index], dependencies[index].name)
        if len(way) > _LONGEST_WAY:
            continue
        for key in dependencies[index].needs:
            for after in by_key.get(key, ())[:_MOST_OF_A_KEY]:
                if after not in ways:
                    ways[after] = way
                    waiting.append(after)
    return ways


def _folder(path: str) -> str:
    return _name(PurePosixPath(path).parent)


def _name(folder: PurePosixPath) -> str:
    return str(folder)


def packages(components: Iterable[Component]) -> set[tuple[Ecosystem, str]]:
    """The packages that advisories can know."""
    return {
        (one.ecosystem, canonical(one.ecosystem, one.dependency.name))
        for one in components
        if one.dependency.origin == "registry"
    }
