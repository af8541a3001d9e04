"""Reads go.mod and go.sum."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.parsing import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_REQUIRE = re.compile(r"^(?P<name>\"?[^\s\"]+\"?)\s+(?P<version>v\S+?)\s*(?P<comment>//.*)?$")
_REPLACE = re.compile(r"^(?P<old>\S+)(?:\s+(?P<at>v\S+))?\s+=>\s+(?P<new>\S+)(?:\s+(?P<version>v\S+))?\s*(?://.*)?$")
_SUM = re.compile(r"^(\S+) (v[^\s/]+) h1:")


def go_mod(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a module requires, with replacements; since Go 1.17 that is all that is built."""
    required: list[tuple[str, str, int, bool]] = []
    replaced: dict[tuple[str, str], tuple[str, str]] = {}
    module = False
    for number, kind, said in _statements(text):
        module = module or kind == "module"
        if kind == "require" and (match := _REQUIRE.match(said)):
            indirect = "indirect" in (match["comment"] or "")
            required.append((match["name"].strip('"'), match["version"], number, indirect))
        elif kind == "replace" and (match := _REPLACE.match(said)):
            replaced[match["old"], match["at"] or ""] = (match["new"], match["version"] or "")
    if not module:
        raise Unreadable("it names no module")
    found = []
    for name, version, number, indirect in required:
        origin: Origin = "registry"
        instead = replaced.get((name, version)) or replaced.get((name, ""))
        shown = name
        if instead:
            shown, version = instead[0], instead[1]  # noqa: PLW2901  # what is built in its place
            origin = "registry" if version else "local"
        found.append(
            Dependency(
                ecosystem=Ecosystem.GO,
                name=shown if origin == "registry" else name,
                version=version.removeprefix("v"),
                line=number,
                origin=origin,
                direct=not indirect,
                locked=True,
            )
        )
    notes = ("Go's own library is built from the toolchain at hand, which go.mod does not fix; it is not checked.",)
    return Reading(dependencies=tuple(found), notes=notes)


def _statements(text: str) -> Iterator[tuple[int, str, str]]:
    """Each statement's line, word and rest, those in brackets too."""
    block = ""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if not line or line.startswith("//"):
            continue
        word, _, rest = line.partition(" ")
        if line == ")":
            block = ""
        elif not block and rest.strip() == "(":
            block = word
        else:
            yield (number, block, line) if block else (number, word, rest.strip())


def go_sum(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What was downloaded, where no go.mod says what of it is built: of each module the latest version."""
    latest: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if match := _SUM.match(line):
            latest[match[1]] = (match[2], number)  # the file is sorted by version
    if not latest and text.strip():
        raise Unreadable("it holds no sums")
    found = tuple(
        Dependency(ecosystem=Ecosystem.GO, name=name, version=version.removeprefix("v"), line=number, locked=True)
        for name, (version, number) in latest.items()
    )
    return Reading(dependencies=found)
