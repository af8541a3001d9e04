"""What a source of advisories answers for one package, and what that means for one dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.dependencies.ranges import NotComparable, affects, highest, is_version, next_fixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manyeyes_tools.dependencies.advisory import Advisory, Affected
    from manyeyes_tools.dependencies.dependency import Ecosystem
    from manyeyes_tools.dependencies.inventory import Component

Question: TypeAlias = "tuple[Ecosystem, str, str]"
"""Ecosystem, package and version; the version is empty to ask for all that is known of the package."""
Status: TypeAlias = Literal["vulnerable", "clean", "unchecked"]


@dataclass(frozen=True, slots=True)
class Match:
    """An advisory that the source names.

    Attributes:
        id: Its name.
        advisory: What it says; None where that could not be had.
        told: Whether the source itself held the version against it.
    """

    id: str
    advisory: Advisory | None
    told: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """The answer for one question.  With `failure` it is not whole: nothing may then be called clean."""

    matches: tuple[Match, ...] = ()
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An advisory that holds for a dependency.

    Attributes:
        id: Its name.
        advisory: What it says; None where that could not be had.
        others: Further names under which the same weakness came.
        fixed: The lowest version without it; empty when none is known.
        symbols, modules: Which parts of the package matter, where the advisory says so.
        sure: Whether the version was also compared here and lies in its ranges.
    """

    id: str
    advisory: Advisory | None
    others: tuple[str, ...] = ()
    fixed: str = ""
    symbols: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is known of one dependency.  `why` says why it is unchecked; empty otherwise."""

    component: Component
    status: Status
    why: str = ""
    hits: tuple[Hit, ...] = ()


ELSEWHERE = "comes from git, an address or a private registry, which no advisory names"
LOCAL = "lies in a folder of its own, which no advisory names"
OPEN = "its version is open; a lock file would name it"


def questions(components: list[Component]) -> list[Question]:
    """What is to be asked, each question once.  What does not come from a public registry is not told to anybody."""
    return list(dict.fromkeys(one.question for one in components if one.dependency.origin == "registry"))


def judge(component: Component, lookups: Mapping[Question, Lookup]) -> Verdict:
    """What the answers mean for a dependency: clean only when a whole answer was there for exactly it."""
    origin = component.dependency.origin
    if origin != "registry":
        return Verdict(component=component, status="unchecked", why=LOCAL if origin == "local" else ELSEWHERE)
    lookup = lookups.get(component.question)
    if lookup is None:
        return Verdict(component=component, status="unchecked", why="nothing was asked about it")
    hits: list[Hit] = []
    doubts: list[str] = []
    for match in lookup.matches:
        _weigh(component, match, hits, doubts)
    if hits:
        return Verdict(component=component, status="vulnerable", hits=_joined(component, hits))
    why = _fetched(component) or lookup.failure or _open_version(component, lookup) or next(iter(doubts), "")
    if not why and not is_version(component.ecosystem, component.version):
        why = f"{component.version[:40]!r} is no version that {component.ecosystem} knows"
    return Verdict(component=component, status="unchecked" if why else "clean", why=why)


def _fetched(component: Component) -> str:
    """Why a dependency whose lock fetches something else is unchecked; empty for all others."""
    other = component.dependency.fetched
    return f"the lock fetches another package in its place: {other[:200]}" if other else ""


def _open_version(component: Component, lookup: Lookup) -> str:
    """Why a dependency without an exact version is unchecked; empty for one that has it."""
    if component.version:
        return ""
    known = len({match.id for match in lookup.matches})
    more = f"; {known} advisories name some of its versions" if known else ""
    asked = f" ({component.dependency.asked[:60]})" if component.dependency.asked else ""
    return f"{component.dependency.unknown or OPEN}{asked}{more}"


def _weigh(component: Component, match: Match, hits: list[Hit], doubts: list[str]) -> None:
    advisory, ecosystem = match.advisory, component.ecosystem
    if advisory is None:
        if component.version and match.told:
            hits.append(Hit(id=match.id, advisory=None, sure=False))
        return
    if advisory.withdrawn:
        return
    affected = advisory.of(ecosystem, component.package)
    ranges = [one for entry in affected for one in entry.ranges]
    symbols = tuple(symbol for entry in affected for symbol in entry.symbols)
    modules = tuple(module for entry in affected for module in entry.modules)
    sure = True
    if component.version:
        sure, doubtful = _told_by_versions(component, affected)
        if not sure and not match.told:
            if doubtful:
                doubts.append(f"its version {component.version[:40]!r} cannot be compared with those of {match.id}")
            return
    elif not any(one.endless for one in ranges):
        return
    fixed = next_fixed(ecosystem, ranges, component.version)
    hits.append(Hit(id=match.id, advisory=advisory, fixed=fixed, symbols=symbols, modules=modules, sure=sure))


def _told_by_versions(component: Component, affected: Iterable[Affected]) -> tuple[bool, bool]:
    """Whether one of an advisory's entries holds the version, and whether of one of them that cannot be told."""
    doubtful = False
    for entry in affected:
        try:
            if affects(component.ecosystem, entry.ranges, entry.versions, component.version):
                return True, doubtful
        except NotComparable:
            doubtful = True
    return False, doubtful


def _joined(component: Component, hits: list[Hit]) -> tuple[Hit, ...]:
    """One hit for each weakness: databases give the same one names of their own and tell so in `aliases`."""
    groups: list[tuple[set[str], list[Hit]]] = []
    for hit in hits:
        names = {hit.id, *(hit.advisory.aliases if hit.advisory else ())}
        same = [group for group in groups if group[0] & names]
        for group in same:
            groups.remove(group)
        members = [one for group in same for one in group[1]]
        groups.append((names.union(*(group[0] for group in same)), [*members, hit]))
    return tuple(_one(component, names, members) for names, members in groups)


def _one(component: Component, names: set[str], members: list[Hit]) -> Hit:
    best = min(
        members,
        key=lambda hit: (
            hit.advisory is None,
            hit.advisory is not None and hit.advisory.severity is None,
            not hit.fixed,
            not hit.id.startswith("GHSA-"),
            hit.id,
        ),
    )
    fixed = best.fixed or highest(component.ecosystem, (one.fixed for one in members if one.fixed))
    symbols = next((one.symbols for one in members if one.symbols), ())
    modules = next((one.modules for one in members if one.modules), ())
    return Hit(
        id=best.id,
        advisory=best.advisory,
        others=tuple(sorted(names - {best.id})),
        fixed=fixed,
        symbols=symbols,
        modules=modules,
        sure=any(one.sure for one in members),
    )
