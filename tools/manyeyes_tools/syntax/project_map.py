"""A project's definitions and who uses them, over all its files."""

from __future__ import annotations

import math
import posixpath
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.syntax.import_paths import ImportPaths
from manyeyes_tools.syntax.project_files import ProjectFiles
from manyeyes_tools.syntax.ranking import page_rank
from manyeyes_tools.syntax.remembered import Outlines, digest, outlines
from manyeyes_tools.syntax.rules import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from manyeyes_tools.syntax.outline import Definition, Outline, Reference

PATIENCE_S = 60.0
"""Seconds after which no more files are read into a map."""
_OWN = frozenset({"self", "this", "$this", "cls", "super", "Self", "static", "parent"})
_FAMILIES = {"javascript": "script", "typescript": "script", "c": "c", "cpp": "c", "java": "jvm", "kotlin": "jvm"}
_COMMON = frozenset(
    """add append apply all any call clear close contains copy count create delete empty end equals error exists extend
    filter find first flush format forEach get has hash id index init insert is_empty items iter join keys last len
    length list load lock log lower main map match max min new next on open or pop print push put raise read reduce
    release remove replace reset resolve run search send set size sleep sort split start stop strip sub sum test text
    then toString to_s to_string trim unwrap update upper value values wait write""".split()  # noqa: SIM905 -- a list of words reads best as words
)
"""Names that so many things have that a call of one on an unknown object says nothing."""
_WORD = re.compile(r"[^\w$]+")
_MOST_MEANINGS = 4
"""A name defined in more places than these, none of them near, means none of them for sure."""
_TOLD = 200
_MOST_MEANT = 100_000
_MOST_USES = 5_000
"""Uses of one name that are looked at."""
BYTES_PER_TOKEN = 3


@dataclass(frozen=True, slots=True)
class MappedFile:
    """What is known of a file: its language, the digest of its text, how many lines it has, and its outline."""

    path: str
    language: str
    digest: str
    lines: int
    outline: Outline


@dataclass(frozen=True, slots=True)
class Site:
    """A definition in a file."""

    path: str
    definition: Definition


@dataclass(frozen=True, slots=True)
class Use:
    """A reference in a file."""

    path: str
    reference: Reference


@dataclass(slots=True)
class ProjectMap:
    """The definitions of a project, who uses them, and which files depend on which.

    Names are resolved by what is near: the same file, what the file imports, the same folder, and then the project if
    few places define the name.  That is how a reader guesses; it is no type checker.

    Attributes:
        files: All files in it, by path.
        missing: What is not in it, and why, one line each.
        text: The text of a file as it is now; None when it cannot be read.
    """

    files: dict[str, MappedFile]
    missing: tuple[str, ...] = ()
    text: Callable[[str], str | None] = lambda _: None
    _sites: dict[str, list[Site]] = field(default_factory=dict)
    _uses: dict[str, list[Use]] = field(default_factory=dict)
    _imports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _outside: dict[str, frozenset[str]] = field(default_factory=dict)
    _aliases: dict[str, dict[str, str]] = field(default_factory=dict)
    _meant: dict[tuple[str, str, str, str, str], tuple[Site, ...]] = field(default_factory=dict)
    _edges: dict[str, dict[str, float]] | None = None

    @classmethod
    def of(cls, files: Iterable[tuple[str, str, str]], known: Outlines = outlines) -> ProjectMap:
        """The map of files given as path, language and text.  Blocking."""
        texts = list(files)
        held = {path: text for path, _, text in texts}
        mapped = [_mapped(path, language, text, known) for path, language, text in texts]
        return cls._linked(mapped, (), held.get)

    @classmethod
    def under(
        cls,
        roots: Sequence[Path],
        *,
        known: Outlines = outlines,
        patience_s: float = PATIENCE_S,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> ProjectMap:
        """The map of all that may be read under the roots.  Blocking: to be called in a worker thread.

        Args:
            roots: The folders that may be read.
            known: Outlines made before.
            patience_s: Seconds after which the files left are named as missing.
            progress: Told now and then how many of how many files were read.
        """
        files = ProjectFiles.under(roots)
        deadline = time.monotonic() + patience_s
        mapped: list[MappedFile] = []
        for path, language, text in files.read():
            if time.monotonic() > deadline:
                left = len(files.places) - len(mapped)
                files.missing.append(f"{left:,} files are not in the map: reading took longer than {patience_s:g} s")
                break
            mapped.append(_mapped(path, language, text, known))
            if len(mapped) % 50 == 0:
                progress(len(mapped), len(files.places))
        return cls._linked(mapped, tuple(files.missing), files.text)

    @classmethod
    def _linked(
        cls, mapped: Sequence[MappedFile], missing: tuple[str, ...], text: Callable[[str], str | None]
    ) -> ProjectMap:
        files = {one.path: one for one in sorted(mapped, key=lambda one: one.path)}
        unread = [f"{one.path}: {one.outline.incomplete}" for one in files.values() if one.outline.incomplete]
        project = cls(files, (*missing, *unread), text)
        paths = ImportPaths.of(files)
        for one in files.values():
            for definition in one.outline.definitions:
                project._sites.setdefault(definition.name, []).append(Site(one.path, definition))
            aliases = {here: own for said in one.outline.imports for here, own in said.aliases}
            project._aliases[one.path] = aliases
            for reference in one.outline.references:
                own = reference.name if reference.receiver else aliases.get(reference.name, reference.name)
                project._uses.setdefault(own, []).append(Use(one.path, reference))
            meant: list[str] = []
            outside: set[str] = set()
            for said in one.outline.imports:
                found = paths.meant(one.path, one.language, said)
                meant += found
                if not found:
                    outside.update((_WORD.split(said.module)[0], *said.names, *(here for here, _ in said.aliases)))
            project._outside[one.path] = frozenset(outside - {"", "*", "default", "self", "crate", "super"})
            project._imports[one.path] = tuple(dict.fromkeys(path for path in meant if path != one.path))
        return project

    def replaced(self, files: Iterable[MappedFile]) -> ProjectMap:
        """The same project with these files as they are given."""
        mapped = {**self.files, **{one.path: one for one in files}}
        missing = tuple(one for one in self.missing if one.partition(":")[0] not in mapped)
        return self._linked(list(mapped.values()), missing, self.text)

    def definitions(self, name: str) -> tuple[Site, ...]:
        """Where a name is defined; `Account.deposit` means those whose full name ends so."""
        last = name.rpartition(".")[2]
        return tuple(
            site
            for site in self._sites.get(last, ())
            if last == name or f".{site.definition.qualified}".endswith(f".{name}")
        )

    def meanings(self, path: str, reference: Reference) -> tuple[Site, ...]:
        """The definitions that a reference in a file most likely means, the likeliest first; none when nobody knows."""
        key = (path, reference.name, reference.kind, reference.receiver, reference.within)
        if key not in self._meant:
            if len(self._meant) > _MOST_MEANT:
                self._meant.clear()
            self._meant[key] = self._look_up(path, reference)
        return self._meant[key]

    def _look_up(self, path: str, reference: Reference) -> tuple[Site, ...]:
        here = self.files.get(path)
        name = reference.name
        if not reference.receiver:
            name = self._aliases.get(path, {}).get(name, name)
        family = _family(here.language) if here else ""
        wanted = [
            site
            for site in self._sites.get(name, ())[:_TOLD]
            if (not family or _family(self.files[site.path].language) == family)
            and (reference.kind == "call" or site.definition.kind in TYPES)
            and site.definition.kind != "constant"
        ]
        root = _WORD.split(reference.receiver or reference.name)[0]
        if not wanted or (
            root in self._outside.get(path, ()) and not (root == reference.name and self._has(path, root))
        ):
            return ()
        plain = not reference.receiver or reference.receiver.split(".")[0].split("->")[0] in _OWN
        if plain and (own := [site for site in wanted if site.path == path]):
            scope = reference.within.rpartition(".")[0]
            return tuple(sorted(own, key=lambda site: not site.definition.qualified.startswith(scope)))
        imported = set(self._imports.get(path, ()))
        folder = posixpath.dirname(path)
        for near in (
            [site for site in wanted if site.path in imported],
            [site for site in wanted if site.path == path and (plain or reference.name not in _COMMON)],
            [
                site
                for site in wanted
                if posixpath.dirname(site.path) == folder and (plain or reference.name not in _COMMON)
            ],
            [
                site
                for site in wanted
                if plain
                or (
                    reference.name not in _COMMON
                    and (family not in {"python", "script"} or site.definition.kind == "method")
                )
            ],
        ):
            if near:
                return tuple(near) if len(near) <= _MOST_MEANINGS else ()
        return ()

    def _has(self, path: str, name: str) -> bool:
        return any(site.path == path for site in self._sites.get(name, ()))

    def callers(self, name: str, path: str | None = None) -> tuple[Use, ...]:
        """Who uses a name.

        Args:
            name: The name, or the end of its full name.
            path: The file that defines it: then only uses that may mean that definition count.
        """
        last = name.rpartition(".")[2]
        uses = self._uses.get(last, ())
        if path is None:
            return tuple(uses)
        found: list[Use] = []
        for use in uses[:_MOST_USES]:
            meant = self.meanings(use.path, use.reference)
            if any(
                site.path == path and (last == name or f".{site.definition.qualified}".endswith(f".{name}"))
                for site in meant
            ):
                found.append(use)
        return tuple(found)

    def callees(self, path: str, definition: Definition) -> tuple[Site, ...]:
        """The definitions of the project that one uses, in the order of their use."""
        found: dict[tuple[str, str, int], Site] = {}
        for reference in self.files[path].outline.references if path in self.files else ():
            if definition.start_line <= reference.line <= definition.end_line:
                for site in self.meanings(path, reference):
                    if site.definition != definition:
                        found.setdefault((site.path, site.definition.qualified, site.definition.line), site)
        return tuple(found.values())

    def imported(self, path: str) -> tuple[str, ...]:
        """The files of the project that a file imports."""
        return self._imports.get(path, ())

    def dependants(self, path: str, *, all_of_them: bool = False) -> tuple[str, ...]:
        """The files that import a file, sorted; with those that import them, and so on, when all are wanted."""
        importers: dict[str, list[str]] = {}
        for one, targets in self._imports.items():
            for target in targets:
                importers.setdefault(target, []).append(one)
        found = set(importers.get(path, ()))
        todo = list(found) if all_of_them else []
        while todo:
            for one in importers.get(todo.pop(), ()):
                if one not in found:
                    found.add(one)
                    todo.append(one)
        return tuple(sorted(found - {path}))

    def ranks(self, seeds: Iterable[str] = ()) -> dict[str, float]:
        """How much each file matters to the seeds; see `ranking.page_rank`."""
        if self._edges is None:
            self._edges = self._made_edges()
        return page_rank(self._edges, dict.fromkeys(seeds, 1.0))

    def ranked(self, seeds: Iterable[str] = (), budget_tokens: int = 1_000) -> str:
        """A table of contents of what matters to the seeds: a path, then the signatures in it.

        Each signature is what the source holds: it is to be masked before it leaves the machine.

        Args:
            seeds: Paths under review; they are left out themselves, since they are shown in full.
            budget_tokens: An upper bound of the answer's size.
        """
        given = frozenset(seeds)
        ranks = self.ranks(given)
        budget = budget_tokens * BYTES_PER_TOKEN
        order = sorted((path for path in ranks if path not in given), key=lambda path: (-ranks[path], path))
        blocks: list[tuple[str, list[str]]] = []
        used = 0
        for at, path in enumerate(order):
            if not ranks[path] or used > budget:
                break
            share = max(3, round(24 / (1 + at / 4)))
            block = [path]
            for definition in self._telling(path, share):
                indent = "  " * (1 + definition.qualified.count("."))
                block.append(f"{indent}{definition.line}: {definition.signature[:160]}")
            while len(block) > 1 and used + _size(block) > budget:
                block.pop()
            if len(block) == 1:
                continue
            used += _size(block)
            blocks.append((path, block))
        return "\n".join(line for _, block in blocks for line in block)

    def _telling(self, path: str, most: int) -> list[Definition]:
        """A file's most used definitions, in the order of the file, each behind what holds it."""
        every = self.files[path].outline.definitions
        names: Counter[str] = Counter()
        for definition in every:
            outside = sum(1 for use in self._uses.get(definition.name, ())[:_TOLD] if use.path != path)
            weight = 1 + outside - (0.5 if definition.name.startswith("_") else 0)
            if definition.kind in {"constant", "property"}:
                weight /= 2
            names[definition.qualified] = max(names[definition.qualified], round(100 * weight))
        chosen = {name for name, _ in sorted(names.items(), key=lambda item: (-item[1], item[0]))[:most]}
        chosen |= {name.rpartition(".")[0] for name in chosen}
        return [one for one in every if one.qualified in chosen]

    def _made_edges(self) -> dict[str, dict[str, float]]:
        edges: dict[str, dict[str, float]] = {path: {} for path in self.files}
        for path, one in self.files.items():
            out = edges[path]
            for target in self._imports[path]:
                out[target] = out.get(target, 0.0) + 1.0
            counted: Counter[tuple[str, str, bool]] = Counter()
            samples: dict[tuple[str, str, bool], Reference] = {}
            for reference in one.outline.references:
                key: tuple[str, str, bool] = (reference.name, reference.kind, bool(reference.receiver))
                counted[key] += 1
                samples.setdefault(key, reference)
            for sampled, count in counted.items():
                sites = self.meanings(path, samples[sampled])
                for site in sites:
                    if site.path != path:
                        out[site.path] = out.get(site.path, 0.0) + math.sqrt(count) / len(sites)
        return edges


def _mapped(path: str, language: str, text: str, known: Outlines) -> MappedFile:
    return MappedFile(path, language, digest(text), text.count("\n") + 1, known.of(text, language))


def _family(language: str) -> str:
    return _FAMILIES.get(language, language)


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
