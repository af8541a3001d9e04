"""The patches of a result, written to the files they are for, with the masked secrets put back.

This happens on the user's own machine and at his word only.  A patch is laid upon the file as it is now, line by line
and without any tolerance: what does not fit is refused.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes.fixes import Fix, NotWritten, Written
from manyeyes_tools import unified
from manyeyes_tools.atomic_write import replace_file
from manyeyes_tools.combining import Offer, choose
from manyeyes_tools.edits import Edit, edited, lines_of
from manyeyes_tools.languages import language_of
from manyeyes_tools.roots import Recoded, Refused, locate, read
from manyeyes_tools.soundness import Unsound, check_whole
from manyeyes_tools.unmasking import Unclear, placeholders, restored, values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from manyeyes_tools.findings import Finding
    from manyeyes_tools.roots import Place

_LARGEST = 20_000_000
_COARSE_S = 0.005
"""File systems take the time of a change from a clock that is so much behind at most."""


@dataclass(frozen=True, slots=True)
class _Target:
    """A file as it was when the patches were laid upon it."""

    place: Place
    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The patches that fit their files, those that do not, and what is needed to write them."""

    offered: tuple[Fix, ...]
    refused: tuple[NotWritten, ...]
    _offers: tuple[Offer, ...]
    _targets: dict[str, _Target]

    def write(self, chosen: Collection[str]) -> Written:
        """Write the chosen ones; see `manyeyes.fixes.Fixes`."""
        picked = choose((offer for offer in self._offers if offer.id in chosen), self._sound)
        failed = [
            NotWritten(offer.id, offer.path, f"it does not go together with {' and '.join(picked.conflicts[offer.id])}")
            for offer in self._offers
            if offer.id in picked.conflicts
        ]
        files, done = [], []
        for path, edits in picked.edits().items():
            ids = [offer.id for offer in picked.offers if offer.path == path]
            target = self._targets[path]
            after = "".join(edited(target.lines, edits))
            try:
                check_whole(target.text, after, language_of(path, target.text))
                replace_file(target.place, after.encode(), target.text.encode())
            except (Refused, Unsound) as reason:
                failed += [NotWritten(one, path, str(reason)) for one in ids]
            else:
                files.append(path)
                done += ids
        return Written(tuple(files), tuple(done), tuple(failed))

    def _sound(self, path: str, edits: Sequence[Edit]) -> bool:
        target = self._targets[path]
        try:
            check_whole(target.text, "".join(edited(target.lines, edits)), language_of(path, target.text))
        except Unsound:
            return False
        return True


def plan(findings: Iterable[Finding], roots: Sequence[Path], since: float) -> Plan:
    """Lay the findings' patches upon the files; writes nothing.

    Blocking: reads and parses files.

    Args:
        findings: The findings, the most important first.
        roots: The folders that may be written to.
        since: Seconds since the epoch: files changed later are refused.
    """
    targets: dict[str, _Target] = {}
    offers: list[Offer] = []
    shown: list[tuple[Finding, str, str]] = []
    refused: list[NotWritten] = []
    for finding in findings:
        if finding.suggestion is None or finding.suggestion.patch is None:
            continue
        try:
            path, offer = _laid(finding.id, finding.suggestion.patch, roots, since, targets)
        except (Refused, BadCall) as reason:
            refused.append(NotWritten(finding.id, finding.path, str(reason).partition("\n")[0]))
            continue
        offers.append(offer)
        shown.append((finding, path, finding.suggestion.patch))
    made = Plan((), tuple(refused), tuple(offers), targets)
    conflicts = choose(offers, made._sound).conflicts  # noqa: SLF001  # its own class
    offered = [
        Fix(id=finding.id, title=finding.title, path=path, patch=patch, conflicts=conflicts.get(finding.id, ()))
        for finding, path, patch in shown
    ]
    return Plan(tuple(offered), tuple(refused), tuple(offers), targets)


def _laid(
    named: str, patch: str, roots: Sequence[Path], since: float, targets: dict[str, _Target]
) -> tuple[str, Offer]:
    try:
        patch.encode()
    except UnicodeEncodeError:
        raise Refused("it holds half a character, which no file can hold") from None
    try:
        (file,) = unified.read(patch)
    except (unified.Unreadable, ValueError):
        raise Refused("its patch is not one that can be written") from None
    if file.path not in targets:
        targets[file.path] = _target(file.path, roots, since)
    lines = targets[file.path].lines
    edits: list[Edit] = []
    done = 0
    for hunk in file.hunks:
        if hunk.start < done or (edits and not hunk.old and hunk.start == edits[-1].end):
            raise Refused("its parts overlap, or are not in order")
        done = hunk.start + len(hunk.old)
        if done > len(lines):
            raise Refused(f"it changes line {max(done, hunk.start + 1):,}, and the file has {len(lines):,}")
        there = lines[hunk.start : done]
        try:
            known = values(hunk.old, there)
        except Unclear:
            raise Refused(f"line {hunk.start + 1} and those after it are not as they were read") from None
        for edit in hunk.edits:
            new = restored(edit.new, known)
            if placeholders(new) - placeholders(lines):
                raise Refused("it holds a masked secret that does not stand near it")
            edits.append(Edit(edit.start, edit.end, new))
    return file.path, Offer(named, file.path, tuple(edits))


def _target(path: str, roots: Sequence[Path], since: float) -> _Target:
    place = _place(path, roots)
    if place.relative != place.real:
        raise Refused("a link leads to it, and nothing is written through links")
    try:
        info = place.absolute.lstat()
    except OSError:
        raise Refused("it is gone") from None
    if max(info.st_mtime, info.st_ctime if os.name != "nt" else 0) > since - _COARSE_S:
        raise Refused("it changed since it was read; review it again")
    text = read(place, _LARGEST)
    if isinstance(text, Recoded):
        raise Refused("it is not plain UTF-8")
    return _Target(place, text, tuple(lines_of(text)))


def _place(path: str, roots: Sequence[Path]) -> Place:
    """The file that a finding names: below the first root that has it, or behind its root's name."""
    try:
        return locate(path, roots)
    except BadCall:
        first, _, rest = path.partition("/")
        for root in roots:
            if root.name == first and (root / rest).is_file():
                return locate(str(root / rest), roots)
        raise
