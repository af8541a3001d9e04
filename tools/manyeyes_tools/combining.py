"""Several patches of one review, applied together; those that get in each other's way are named."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools import unified
from manyeyes_tools.edits import Edit, collide, edited, lines_of
from manyeyes_tools.soundness import Unsound, check_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import SourceFile


@dataclass(frozen=True, slots=True)
class Combined:
    """What becomes of several patches.

    Attributes:
        diff: All that go together as one unified diff, which `git apply` takes; empty when there are none.
        applied: The findings whose patches are in it.
        conflicts: The findings whose patches were left out, and those that they do not go together with.
    """

    diff: str
    applied: tuple[str, ...]
    conflicts: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Offer:
    """The edits that one finding's patch makes to one file."""

    id: str
    path: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Offers that go together, and those left out with the ids of what they conflict with."""

    offers: tuple[Offer, ...]
    conflicts: dict[str, tuple[str, ...]]

    def edits(self) -> dict[str, tuple[Edit, ...]]:
        """All edits by file, in order, each once."""
        by_path: defaultdict[str, set[Edit]] = defaultdict(set)
        for offer in self.offers:
            by_path[offer.path].update(offer.edits)
        return {path: tuple(sorted(edits)) for path, edits in by_path.items()}


def choose(offers: Iterable[Offer], sound: Callable[[str, Sequence[Edit]], bool]) -> Chosen:
    """Take each offer that goes together with those taken before it: earlier ones come first.

    Args:
        offers: The offers.
        sound: Whether a file is right with some edits.
    """
    taken: list[Offer] = []
    conflicts: dict[str, tuple[str, ...]] = {}
    for offer in offers:
        there = [one for one in taken if one.path == offer.path]
        against = [one.id for one in there if collide(one.edits, offer.edits)]
        if not against and there:
            together = sorted({edit for one in (*there, offer) for edit in one.edits})
            against = [] if sound(offer.path, together) else [one.id for one in there]
        if against:
            conflicts[offer.id] = tuple(against)
        else:
            taken.append(offer)
    return Chosen(tuple(taken), conflicts)


def combine(findings: Iterable[Finding], files: Mapping[str, SourceFile]) -> Combined:
    """Apply the patches of findings together, in memory; earlier findings come first.

    Patches that git cannot apply, since they hold masked secrets, take part in conflicts and not in the diff.

    Blocking: to be called in a worker thread.
    """
    offers = [offer for finding in findings for offer in _offers(finding) if offer.path in files]
    if len(offers) < 1:
        return Combined("", (), {})
    lines = {path: lines_of(files[path].text) for path in {offer.path for offer in offers}}

    def sound(path: str, edits: Sequence[Edit]) -> bool:
        file = files[path]
        if file.partial:
            return True  # each was checked by itself, and a part of a file tells no more
        try:
            check_whole(file.text, "".join(edited(lines[path], edits)), file.language)
        except Unsound:
            return False
        return True

    chosen = choose(offers, sound)
    masked = {finding.id for finding in findings if finding.suggestion and not finding.suggestion.applies}
    written = Chosen(tuple(offer for offer in chosen.offers if offer.id not in masked), {})
    parts = [_diff(files[path], lines[path], edits) for path, edits in sorted(written.edits().items())]
    return Combined("".join(parts), tuple(dict.fromkeys(offer.id for offer in written.offers)), chosen.conflicts)


def with_conflicts(findings: Sequence[Finding], files: Iterable[SourceFile]) -> list[Finding]:
    """The findings, each of whose patches says which others it does not go together with."""
    if sum(finding.suggestion is not None and finding.suggestion.patch is not None for finding in findings) <= 1:
        return list(findings)
    conflicts = combine(findings, {file.path: file for file in files}).conflicts
    return [_telling(finding, conflicts.get(finding.id, ())) for finding in findings]


def _telling(finding: Finding, against: Sequence[str]) -> Finding:
    if not against or finding.suggestion is None:
        return finding
    said = f"(Its patch does not go together with that of {' and '.join(against)}: apply one, then review again.)"
    told = " ".join(filter(None, (finding.suggestion.explanation, said)))
    return finding.model_copy(update={"suggestion": finding.suggestion.model_copy(update={"explanation": told})})


def _offers(finding: Finding) -> list[Offer]:
    suggestion = finding.suggestion
    if suggestion is None or suggestion.patch is None:
        return []
    try:
        return [Offer(finding.id, file.path, file.edits) for file in unified.read(suggestion.patch)]
    except unified.Unreadable:
        return []  # an engine's own words for a change, not one of our diffs


def _diff(file: SourceFile, lines: Sequence[str], edits: Sequence[Edit]) -> str:
    masked = lines_of(file.masked)
    hidden = {at for at, (one, other) in enumerate(zip(lines, masked, strict=True)) if one != other}
    if file.partial:
        known = {number for first, last in file.parts for number in range(first - 1, last)}
        hidden |= set(range(len(lines))) - known
    return unified.write(file.path, lines, edits, hidden=hidden, goes_on=file.partial)
