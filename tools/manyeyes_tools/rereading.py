"""A second review of the same files reads only what has changed, and what depends on it.

What a review was made of is kept as digests of each definition and of the lines between them, in their order, never as
code.  The next review of the same files finds out which of them are new, shows the models those, what stands beside
anything that is gone, and whoever calls what is gone or has another signature; it carries over what was found in the
rest.  What was found in the parts read again is put to the models by its id: only what they do not bear out any more,
or what stands nowhere any more, counts as mended.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from pydantic import Field, ValidationError

from manyeyes.results import Wire
from manyeyes_tools.anchors import anchor
from manyeyes_tools.combining import combine
from manyeyes_tools.extracts import extract
from manyeyes_tools.findings import Finding  # pydantic reads the annotations
from manyeyes_tools.syntax.grammars import LANGUAGES
from manyeyes_tools.weaknesses import family_of

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from manyeyes_tools.material import Material, SourceFile
    from manyeyes_tools.syntax.outline import Definition

MOST_CHANGED = 0.5
"""When more than this part of the lines is to be read again, all of it is read, since that is hardly dearer."""
MOST_FINDINGS = 200
"""A review with more findings than this is not carried over."""
PASSED_OVER = 0.7
"""What is left of the confidence of a finding that the models were asked about again and passed over."""
BETWEEN = 40
"""Lines between definitions are told apart in runs of this many at most."""
VERSION = 2
_LAYOUT = re.compile(r"[\s,;'\"`()]+")
"""What formatters put in and take out."""


class Reviewed(Wire):
    """What is kept of a review: digests by path, what was found, what was disputed, and how it was judged.

    `beside` are the files that models read for themselves: when one has changed, all is read anew.  `named` tells of a
    finding's id in which run it was named, and the digest of the name of what it stands in (empty for nothing).
    """

    version: int = VERSION
    pieces: dict[str, list[str]]
    heads: list[str]
    names: list[str]
    findings: list[Finding] = Field(max_length=MOST_FINDINGS)
    verdicts: list[Literal["approve", "comment", "request_changes"]]
    summary: str
    disputed: list[tuple[str, str, str]] = Field(default_factory=list)
    beside: dict[str, str] = Field(default_factory=dict)
    named: dict[str, tuple[str, str]] = Field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> Reviewed | None:
        """What was kept as a text; None when there is nothing, or nothing that this version can use."""
        if text is None:
            return None
        try:
            kept = cls.model_validate_json(text)
        except ValidationError:
            return None
        return kept if kept.version == VERSION else None


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of lines that is read as one: what stands between definitions, or one, with a digest of its signature."""

    first: int
    last: int
    digest: str
    name: str = ""
    head: str = ""
    blank: bool = False


@dataclass(frozen=True, slots=True)
class Reread:
    """What of a material is to be read again.

    Attributes:
        material: The parts to show; None when nothing has changed.
        carried: Findings of the earlier review in what has not changed, at their lines of now.
        standing: Findings of the earlier review whose quote stands in what is read again, at their lines of now.
        gone: Findings of the earlier review whose quote stands nowhere in their file any more.
        before: The earlier review.
        lines: How many lines are read again.
    """

    material: Material | None
    carried: tuple[Finding, ...]
    standing: tuple[Finding, ...]
    gone: tuple[Finding, ...]
    before: Reviewed
    lines: int


@dataclass(slots=True)
class Memory:
    """The pieces of a material, by path."""

    pieces: dict[str, list[Piece]] = field(default_factory=dict)

    @classmethod
    def of(cls, material: Material) -> Memory:
        """Cut the files of a material into pieces.  Blocking: parses."""
        return cls({file.path: list(_pieces(file)) for file in material.files})

    def reviewed(
        self,
        findings: Sequence[Finding],
        verdicts: Sequence[str],
        summary: str,
        disputed: Sequence[tuple[str, str, str]],
        beside: Mapping[str, str],
        *,
        runs: Mapping[str, str] | None = None,
    ) -> Reviewed | None:
        """What to keep of a review of this; None when there is too much of it.

        Args:
            findings: What was found, and what is still open of what was found before.
            verdicts: How it was judged.
            summary: In the models' words.
            disputed: Evidence that models hold to be wrong.
            beside: What models read for themselves, as path and digest.
            runs: In which run a finding was named, by its id, where that is known.
        """
        if len(findings) > MOST_FINDINGS:
            return None
        return Reviewed(
            pieces={path: [one.digest for one in pieces] for path, pieces in self.pieces.items()},
            heads=sorted({one.head for pieces in self.pieces.values() for one in pieces if one.head}),
            names=sorted(self._names()),
            findings=list(findings),
            verdicts=list(verdicts),  # type: ignore[arg-type]  # checked by the model
            summary=summary,
            disputed=list(disputed),
            beside=dict(beside),
            named={one.id: (runs[one.id], self._within(one)) for one in findings if runs and one.id in runs},
        )

    def _within(self, finding: Finding) -> str:
        """The digest of the name of the definition that a finding stands in; empty for none."""
        pieces = self.pieces.get(finding.path, ())
        return next(
            (_short(one.name) for one in pieces if one.name and one.first <= finding.start_line <= one.last), ""
        )

    def _names(self) -> set[str]:
        """Digests of the names that are defined."""
        return {_short(one.name) for pieces in self.pieces.values() for one in pieces if one.name}

    def reread(self, material: Material, before: Reviewed) -> Reread | None:
        """What is to be read again; None when all of it is.  Blocking: looks for quotes."""
        if self.pieces.keys() != before.pieces.keys():
            gone = before.pieces.keys() - self.pieces.keys()
            if gone:  # whatever relied on them is not known by name
                return None
        changed = {path: _changed(pieces, before.pieces.get(path, [])) for path, pieces in self.pieces.items()}
        # Whoever calls something whose signature is as it was is shown beside it, and is not itself read again.
        known = set(before.heads)
        names = {
            _short(one.name) for pieces in changed.values() for one in pieces if one.name and one.head not in known
        }
        names |= set(before.names) - self._names()
        again: dict[str, set[int]] = {}
        for file in material.files:
            wanted = [*changed[file.path], *_dependants(file, self.pieces[file.path], names)]
            numbers = {number for one in wanted for number in range(one.first, one.last + 1)}
            if numbers:
                again[file.path] = numbers
        total = sum(pieces[-1].last for pieces in self.pieces.values() if pieces)
        lines = sum(len(numbers) for numbers in again.values())
        if lines > MOST_CHANGED * total:
            return None
        carried, standing, left = self._sorted(material, before, again)
        shown = tuple(extract(file, again[file.path]) for file in material.files if file.path in again)
        part = replace(material, files=shown) if shown else None
        if part is None and (standing or left):
            return None  # something found is not where it was, though nothing seems to have changed
        return Reread(part, carried, standing, left, before, lines)

    def _sorted(
        self, material: Material, before: Reviewed, again: dict[str, set[int]]
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Finding, ...]]:
        """The earlier findings: in what is as it was, in what is read again, and those whose quote is gone."""
        files = {file.path: file for file in material.files}
        carried: list[Finding] = []
        standing: list[Finding] = []
        gone: list[Finding] = []
        for finding in before.findings:
            file = files.get(finding.path)
            if file is None and finding.path in before.beside:
                carried.append(finding)  # that file is as it was, or all would be read anew
                continue
            place = anchor(file, finding.quote, finding.start_line) if file is not None else None
            if file is None or place is None or place.exactness != 1.0:
                gone.append(finding)
                continue
            moved = finding.model_copy(update={"start_line": place.start_line, "end_line": place.end_line})
            sound = _with_sound_patch(moved, finding, file)
            (standing if place.start_line in again.get(file.path, ()) else carried).append(sound)
        return tuple(carried), tuple(standing), tuple(gone)


def still_open(
    reread: Reread, new: Sequence[Finding], confirmed: Container[str], disputed: Container[str]
) -> list[Finding]:
    """What of the findings put to the models again is still open.

    One that they bear out stays as it is; one that they hold to be wrong now is mended; one that they pass over stays,
    less sure, since its text is still there.
    """
    known = {one.id for one in new}
    kept = []
    for finding in reread.standing:
        if finding.id in known or finding.id in disputed:
            continue
        sure = finding.confidence if finding.id in confirmed else round(finding.confidence * PASSED_OVER, 3)
        kept.append(finding.model_copy(update={"confidence": sure}))
    return kept


def renamed(reread: Reread, new: Sequence[Finding]) -> list[Finding]:
    """New findings, those under their earlier id that were found before at a place that has another name now."""
    left = {(_plain(one.quote), _kind(one)): one for one in reread.gone + reread.standing}
    taken = {one.id for one in new}
    found = []
    for finding in new:
        before = left.get((_plain(finding.quote), _kind(finding)))
        same = before is not None and before.id not in taken
        found.append(finding.model_copy(update={"id": before.id}) if before is not None and same else finding)
        if before is not None and same:
            taken.add(before.id)
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _kind(finding: Finding) -> str:
    return family_of(finding.cwe) if finding.cwe else finding.category.casefold()


def resolved(reread: Reread, findings: Iterable[Finding]) -> list[str]:
    """The ids of earlier findings that are no longer found."""
    still = {one.id for one in findings}
    return sorted({one.id for one in reread.before.findings} - still)


def credited(
    reread: Reread, memory: Memory, found: Sequence[Finding], files: Sequence[SourceFile]
) -> list[tuple[Finding, str]]:
    """The earlier findings that are gone because the code was mended, each with the run that named it.

    Much makes a finding vanish that says nothing for who named it.  So its words must stand nowhere any more, in no
    other file and not under another layout; its file, and the definition that it stood in, must still be there; and
    nothing of its kind may have been found in that file by this reading.  Where the words still stand and a model holds
    the claim to be wrong now, it may have been wrong from the start.

    Args:
        reread: How this review follows the earlier one.
        memory: The pieces of the material as it is now.
        found: What this reading found.
        files: The material as it is now.
    """
    names = {path: {_short(one.name) for one in pieces if one.name} for path, pieces in memory.pieces.items()}
    bare = [_bare(file.masked) for file in files]
    again = {(one.path, _kind(one)) for one in found}
    kept = []
    for one in reread.gone:
        run, within = reread.before.named.get(one.id, ("", ""))
        there = one.path in names and (not within or within in names[one.path])
        if run and there and (one.path, _kind(one)) not in again and not any(_bare(one.quote) in text for text in bare):
            kept.append((one, run))
    return kept


def _bare(text: str) -> str:
    """The text without what a formatter changes."""
    return _LAYOUT.sub("", text)


def _with_sound_patch(moved: Finding, before: Finding, file: SourceFile) -> Finding:
    """The finding without its patch when that no longer applies; a patch names lines, and those may have moved."""
    suggestion = moved.suggestion
    if suggestion is None or suggestion.patch is None or not suggestion.applies:
        return moved
    if moved.start_line == before.start_line and combine([moved], {file.path: file}).applied:
        return moved
    words = f"{suggestion.explanation} (Its patch was made for an earlier state of the file; review it anew for one.)"
    return moved.model_copy(
        update={"suggestion": suggestion.model_copy(update={"patch": None, "applies": False, "explanation": words})}
    )


def _changed(pieces: Sequence[Piece], before: Sequence[str]) -> list[Piece]:
    """The pieces that are new or stand elsewhere, and those beside anything that is gone."""
    here = [one.digest for one in pieces]
    wanted: set[int] = set()
    for kind, _, _, first, end in SequenceMatcher(None, before, here, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        wanted.update(range(first, end))
        if all(pieces[number].blank for number in range(first, end)):
            # Something is gone: what stood before and after it may have relied on it.
            wanted.update(_nearest(pieces, range(first - 1, -1, -1)))
            wanted.update(_nearest(pieces, range(end, len(pieces))))
    return [pieces[number] for number in sorted(wanted) if not pieces[number].blank]


def _nearest(pieces: Sequence[Piece], numbers: Iterable[int]) -> list[int]:
    return [next((number for number in numbers if not pieces[number].blank), 0)] if pieces else []


def _dependants(file: SourceFile, pieces: Sequence[Piece], names: set[str]) -> list[Piece]:
    """The pieces that use one of these names, given as digests.

    Names that are everywhere (`get`, `run`) lead to more being read than need be, never to less.
    """
    if not names or file.language not in LANGUAGES:
        return []
    from manyeyes_tools.syntax.remembered import outlines

    lines = {one.line for one in outlines.of(file.masked, file.language).references if _short(one.name) in names}
    return [one for one in pieces if any(one.first <= line <= one.last for line in lines)]


def _pieces(file: SourceFile) -> Iterator[Piece]:
    """All known lines of a file, in order, each in one piece."""
    lines = file.masked.removesuffix("\n").split("\n")
    known = [(1, len(lines))] if not file.partial else [(first, min(last, len(lines))) for first, last in file.parts]
    starts: dict[int, Definition] = {}
    if file.language in LANGUAGES:
        from manyeyes_tools.syntax.remembered import outlines

        ended = 0
        for one in outlines.of(file.masked, file.language).definitions:
            if one.kind in {"function", "method"} and one.start_line > ended:
                starts[one.start_line] = one
                ended = one.end_line
    begins = sorted(starts)
    for begin, end in known:
        first = begin
        while first <= end:
            here = starts.get(first)
            if here is not None:
                last = min(here.end_line, end)
                head = sha256(f"{here.qualified}\0{here.signature}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
                digest = _digest(file, lines, first, last, here.qualified)
                yield Piece(first, last, digest, here.name, head)
            else:
                following = bisect_right(begins, first)
                last = begins[following] - 1 if following < len(begins) else end
                last = min(last, end, first + BETWEEN - 1)
                blank = not any(line.strip() for line in lines[first - 1 : last])
                yield Piece(first, last, _digest(file, lines, first, last), blank=blank)
            first = last + 1


def _short(name: str) -> str:
    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _digest(file: SourceFile, lines: Sequence[str], first: int, last: int, name: str = "") -> str:
    body = "\n".join(line.rstrip() for line in lines[first - 1 : last]).strip("\n")
    changed = file.changed or frozenset()
    marks = [number - first for number in range(first, last + 1) if number in changed]
    return sha256(repr((file.language, name, body, marks)).encode("utf-8", "surrogatepass")).hexdigest()[:20]
