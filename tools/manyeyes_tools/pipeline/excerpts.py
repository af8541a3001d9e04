"""The parts of a material that a later step still has to read: where something was found, and where data comes in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from manyeyes_tools.chunks import tokens
from manyeyes_tools.extracts import extract
from manyeyes_tools.merging import worth
from manyeyes_tools.syntax.grammars import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import Material, SourceFile

AROUND = 6
"""Lines shown around a finding that lies in no definition, or in one that is too long."""
LONG = 60
"""A definition of more lines than this is shown around the finding alone."""


@dataclass(frozen=True, slots=True)
class Excerpts:
    """Some of a material.

    Attributes:
        material: What is shown; lines that are left out are empty, so that the others keep their numbers.
        findings: Those that lie in it, the gravest first.
    """

    material: Material
    findings: tuple[Finding, ...]


def excerpts(material: Material, findings: Sequence[Finding], budget_tokens: int) -> Excerpts | None:
    """The definitions that findings lie in, the gravest first, as long as they fit; None when nothing does.

    Blocking: parses.

    Args:
        material: All of the code.
        findings: What was found in it.
        budget_tokens: About so many tokens are kept, at most.
    """
    ranges: dict[str, set[int]] = {}
    files = {file.path: file for file in material.files}
    used = 0
    within: list[Finding] = []
    for finding in sorted(findings, key=lambda one: (-worth(one), one.path, one.start_line, one.id)):
        file = files.get(finding.path)
        if file is None:
            continue
        known = ranges.get(file.path, set())
        wanted = set(_enclosing(file, finding.start_line, finding.end_line)) - known
        source = file.masked.split("\n")
        size = tokens("\n".join(source[number - 1] for number in wanted if number <= len(source))) + 4 * len(wanted)
        if used + size > budget_tokens:
            continue
        used += size
        within.append(finding)
        ranges.setdefault(file.path, set()).update(wanted)
    if not any(ranges.values()):
        return None
    shown = tuple(extract(file, ranges[file.path]) for file in material.files if ranges.get(file.path))
    return Excerpts(replace(material, files=shown), tuple(within))


def _enclosing(file: SourceFile, first: int, last: int) -> range:
    """The lines of the innermost definition around a place, or a few lines around it."""
    if file.language in LANGUAGES:
        from manyeyes_tools.syntax.remembered import outlines

        inside = outlines.of(file.masked, file.language).enclosing(first)
        if inside is not None and inside.end_line - inside.start_line < LONG:
            return range(inside.start_line, max(inside.end_line, last) + 1)
    return range(max(first - AROUND, 1), last + AROUND + 1)
