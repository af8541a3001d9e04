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
    pinned = _pinned(readings)
    found: list[Component] = []
    for path, reading in sorted(readings.items()):
        kept = [one for one in reading.dependencies if one.within not in readings and not _covered(one, path, pinned)]
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


def _pinned(readings: Mapping[str, Reading]) -> dict[tuple[Ecosystem, str], dict[str, set[str]]]:
    """Where each package has an exact version, or an entry of a lock: folders, and the files there."""
    pinned: defaultdict[tuple[Ecosystem, str], dict[str, set[str]]] = defaultdict(dict)
    for path, reading in readings.items():
        for one in reading.dependencies:
            if one.locked or one.version:
                pinned[one.ecosystem, one.package].setdefault(_folder(path), set()).add(path)
    return pinned


def _covered(one: Dependency, path: str, pinned: Mapping[tuple[Ecosystem, str], Mapping[str, set[str]]]) -> bool:
    """Whether what a manifest leaves open stands exactly in another file of its folder or one above."""
    if one.locked or one.version:
        return False
    folders = pinned.get((one.ecosystem, one.package), {})
    pure = PurePosixPath(path)
    return any(folders.get(_name(above), set()) - {path} for above in pure.parents)


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
            if (needed := by_key.get(key)) is not None and places[needed] != places[index]:
                edges[places[index]][places[needed]] = None
    return [replace(one, needs=tuple(edges.get(start + place, ()))) for place, one in enumerate(kept)]


def _by_key(dependencies: Sequence[Dependency]) -> dict[str, int]:
    by_key: dict[str, int] = {}
    for index, one in enumerate(dependencies):
        by_key.setdefault(one.key or one.package, index)
    return by_key


def _ways(dependencies: Sequence[Dependency], direct: Sequence[bool | None]) -> dict[int, tuple[str, ...]]:
    """The shortest way to each from a direct one; where nobody is known to be direct, from those nobody needs."""
    by_key = _by_key(dependencies)
    needed = {by_key[key] for one in dependencies for key in one.needs if key in by_key}
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
            after = by_key.get(key)
            if after is not None and after not in ways:
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
