"""What a reviewer needs to see around the material, within a budget: what holds a change, what it uses, who uses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.syntax.project_map import BYTES_PER_TOKEN, MappedFile, ProjectMap, Site
from manyeyes_tools.syntax.remembered import digest, outlines
from manyeyes_tools.syntax.rules import FUNCTIONS, TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from manyeyes_tools.material import Material, SourceFile
    from manyeyes_tools.syntax.outline import Definition

_LONGEST_HOLDER = 120
"""Lines up to which what holds a change is shown whole."""
_LONGEST_BODY = 15
"""Lines up to which a called definition is shown whole."""
_MOST_CALLERS = 6
"""Callers shown of one definition."""
_MOST_MEMBERS = 40
_MOST_LEFT_OUT = 50
"""Parts of a section that did not fit, after which no more of it are tried."""
_MOST_FILES = 40
"""Other files opened to quote from them."""
_SHARES = (("Imports", 0.10), ("Around the changes", 0.35), ("Used by this code", 0.35), ("Who uses this code", 1.0))
"""The sections in their order, and how much of what budget is left each may take."""


@dataclass(slots=True)
class _Quotes:
    """Lines of files, masked; a file that changed since it was mapped is not quoted."""

    project: ProjectMap
    files: dict[str, SourceFile]
    mask: Callable[[Sequence[tuple[str, str]]], Sequence[str]]
    held: dict[str, list[str] | None] = field(default_factory=dict)

    def lines(self, path: str, first: int, last: int) -> list[str]:
        """These lines, counted from 1; none when they cannot be quoted."""
        if path not in self.held:
            self.held[path] = self._read(path)
        held = self.held[path]
        return held[first - 1 : last] if held is not None else []

    def _read(self, path: str) -> list[str] | None:
        if path in self.files:
            return self.files[path].masked.split("\n")
        known = self.project.files.get(path)
        if known is None or len(self.held) > _MOST_FILES:
            return None
        text = self.project.text(path)
        if text is None or digest(text) != known.digest:
            return None
        return self.mask([(path, text)])[0].split("\n")


def surroundings(
    material: Material,
    project: ProjectMap,
    budget_tokens: int,
    *,
    mask: Callable[[Sequence[tuple[str, str]]], Sequence[str]],
) -> str:
    """What stands around the material, each part labelled with its path and lines, in a fixed order.

    Equal material and project give equal text.  Everything in it comes from the code under review: it belongs inside
    the marks of the material.  What the budget leaves out is counted at the end.  Blocking: to be called in a worker
    thread.

    Args:
        material: What is looked at; only its changed lines count where it has some.
        project: The map of the project, which may lack the material's files.
        budget_tokens: An upper bound of the answer's size.
        mask: Takes secrets out of texts given with their paths: `Redactor.mask_all`.
    """
    files = {file.path: file for file in material.files}
    project = with_material(project, material)
    quotes = _Quotes(project, files, mask)
    makers = (_imports, _holders, _used, _users)
    left = budget_tokens * BYTES_PER_TOKEN
    done: list[str] = []
    left_out, cut_short = 0, False
    seen: set[tuple[str, int, int]] = set()
    for (title, share), maker in zip(_SHARES, makers, strict=True):
        room = int(left * share)
        parts: list[str] = []
        before = left_out
        for key, part in maker(material, project, quotes):
            if key in seen:
                continue
            size = len(part.encode()) + 2
            if size + len(title) > room:
                left_out += 1
                if left_out - before >= _MOST_LEFT_OUT:
                    cut_short = True
                    break
                continue
            seen.add(key)
            parts.append(part)
            room -= size
            left -= size
        if parts:
            done.append("\n\n".join((f"## {title}", *parts)))
            left -= len(title) + 6
    if left_out and done:
        done.append(f"({left_out}{' or' * cut_short} more such parts are not shown.)")
    return "\n\n".join(done)


def with_material(project: ProjectMap, material: Material) -> ProjectMap:
    """The map with the material as it was given, where that is not what lies in the roots.

    Linking a large map anew takes part of a second: whoever asks for the surroundings of parts of one material calls
    this first, with all of it.
    """
    other: list[MappedFile] = []
    for file in material.files:
        known = project.files.get(file.path)
        if known is None or (not file.partial and known.digest != digest(file.text)):
            lines = file.text.count("\n") + 1
            other.append(
                MappedFile(file.path, file.language, digest(file.text), lines, outlines.of(file.text, file.language))
            )
    return project.replaced(other) if other else project


def _changed(file: SourceFile, project: ProjectMap) -> list[Definition]:
    """The definitions that hold what is looked at, in order."""
    outline = project.files[file.path].outline
    if file.changed is None:
        return [one for one in outline.definitions if one.kind in FUNCTIONS or one.kind in TYPES]
    found = {
        (one.start_line, one.qualified): one
        for line in sorted(file.changed)
        if (one := outline.enclosing(line)) is not None
    }
    return [found[key] for key in sorted(found)]


_Part = tuple[tuple[str, int, int], str]


def _imports(material: Material, project: ProjectMap, quotes: _Quotes) -> Iterator[_Part]:
    """The imports of files of which only a part is shown."""
    for file in material.files:
        if file.changed is None:
            continue
        rows = sorted({one.line for one in project.files[file.path].outline.imports})
        if rows:
            text = [line for row in rows for line in quotes.lines(file.path, row, row)]
            yield (file.path, rows[0], rows[-1]), "\n".join((f"{file.path}:{rows[0]}-{rows[-1]}", *text))


def _holders(material: Material, project: ProjectMap, quotes: _Quotes) -> Iterator[_Part]:
    """What holds each change: a short definition whole, a class by its members."""
    for file in material.files:
        if file.changed is None or file.partial:
            continue
        outline = project.files[file.path].outline
        shown: set[str] = set()
        for one in _changed(file, project):
            if one.kind in FUNCTIONS and one.end_line - one.doc_line < _LONGEST_HOLDER:
                yield _whole(file.path, one, quotes)
            names = one.qualified.split(".")
            above = {".".join(names[:end]) for end in range(1, len(names) + 1)}
            for holder in outline.definitions:
                if holder.qualified in above - shown and holder.kind in TYPES:
                    shown.add(holder.qualified)
                    inside = [
                        member
                        for member in outline.definitions
                        if member.qualified.rpartition(".")[0] == holder.qualified
                    ]
                    rows = [
                        f"{file.path}:{holder.start_line}-{holder.end_line}",
                        *_signature(file.path, holder, quotes),
                    ]
                    rows += [
                        line for member in inside[:_MOST_MEMBERS] for line in _signature(file.path, member, quotes)
                    ]
                    yield (file.path, holder.start_line, holder.end_line), "\n".join(rows)


def _used(material: Material, project: ProjectMap, quotes: _Quotes) -> Iterator[_Part]:
    """What the changed definitions use, where it is not in view already."""
    view = {file.path for file in material.files if file.changed is None}
    met: set[tuple[str, int]] = set()
    for file in material.files:
        outline = project.files[file.path].outline
        spans = [(one.start_line, one.end_line) for one in _changed(file, project)]
        for reference in outline.references:
            inside = any(first <= reference.line <= last for first, last in spans)
            if not inside and file.changed is not None and reference.line not in file.changed:
                continue
            for site in project.meanings(file.path, reference):
                if site.path in view or (site.path, site.definition.line) in met:
                    continue
                met.add((site.path, site.definition.line))
                if site.path == file.path and (site.definition.start_line, site.definition.end_line) in spans:
                    continue
                yield _site(site, quotes)


def _users(material: Material, project: ProjectMap, quotes: _Quotes) -> Iterator[_Part]:
    """The lines elsewhere that use the changed definitions."""
    view = {file.path for file in material.files if file.changed is None}
    for file in material.files:
        for one in _changed(file, project):
            told = 0
            for use in project.callers(one.qualified, file.path):
                row = use.reference.line
                own = use.path == file.path and one.start_line <= row <= one.end_line
                if use.path in view or own or told >= _MOST_CALLERS:
                    continue
                holder = project.files[use.path].outline.enclosing(row)
                lines = quotes.lines(use.path, max(row - 1, 1), row + 1)
                if not lines:
                    continue
                told += 1
                where = f" in {holder.qualified}" if holder else ""
                head = f"{use.path}:{row} uses {one.qualified}{where}"
                yield (use.path, row, row), "\n".join((head, *lines))


def _site(site: Site, quotes: _Quotes) -> _Part:
    one = site.definition
    if one.end_line - one.start_line < _LONGEST_BODY:
        return _whole(site.path, one, quotes)
    lines = _signature(site.path, one, quotes)
    key = (site.path, one.start_line, one.end_line)
    return key, "\n".join((f"{site.path}:{one.start_line}-{one.end_line} (its head)", *lines))


def _whole(path: str, one: Definition, quotes: _Quotes) -> _Part:
    lines = quotes.lines(path, one.doc_line, one.end_line)
    return (path, one.start_line, one.end_line), "\n".join((f"{path}:{one.doc_line}-{one.end_line}", *lines))


def _signature(path: str, one: Definition, quotes: _Quotes) -> list[str]:
    """The lines of a definition's head, from the masked text, at most as many as it needs."""
    rows = quotes.lines(path, one.line, min(one.end_line, one.line + 11))
    wanted = len("".join(one.signature.split()))
    taken: list[str] = []
    for row in rows:
        taken.append(row)
        if len("".join("".join(taken).split())) >= wanted:
            break
    return taken
