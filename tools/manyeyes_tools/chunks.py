"""Material in pieces that fit a model, numbered, known by what they hold, and delimited so that code stays data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from manyeyes_tools.syntax.grammars import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from manyeyes_tools.material import SourceFile

BYTES_PER_TOKEN = 3
"""Source code runs at three bytes a token or more, so that dividing by it is an upper estimate."""
CONTEXT = 40
"""Lines shown before and after a change."""
_MARGIN = 10
"""Bytes shown beside a line at most: its number, its mark and its break."""
_EVERY = 10
"""Lines from one number to the next where few are numbered."""
_LEAST = 0.25
"""The part of the limit that a steady piece fills before it may end."""


def tokens(text: str) -> int:
    """An upper estimate of the tokens in a text."""
    return len(text.encode()) // BYTES_PER_TOKEN + 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the material.

    Attributes:
        text: What the model reads.
        places: The files and lines it shows: path, first and last line.
        number: Its place among the pieces of one material, from 1.
        digest: Tells its code from other code; the same when only lines above it came or went.
    """

    text: str
    places: tuple[tuple[str, int, int], ...]
    number: int = 0
    digest: str = ""

    @property
    def tokens(self) -> int:
        """An upper estimate of its tokens."""
        return tokens(self.text)


def delimited(text: str) -> str:
    """The text between marks that nothing inside it can imitate, since they are derived from all of it."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f'<material id="{mark}">\n{text}\n</material id="{mark}">'


def make_chunks(
    files: Iterable[SourceFile], limit: int, *, steady: bool = False, sparse: bool = False
) -> tuple[Chunk, ...]:
    """All that is to be looked at, in pieces of at most about `limit` tokens, in order; nothing is left out.

    Small files share a piece.  A file larger than the limit is cut between definitions, one that is larger by itself
    between those inside it, and all else after blank lines where there are some.  Blocking where files are large: to
    be called in a worker thread.

    Args:
        files: The material's files.
        limit: Tokens of a piece; only one line that is longer by itself is a larger one.
        steady: Let where pieces end depend on what stands there, so that after a change most pieces are the same
            as before.  There are more of them then, and smaller ones.
        sparse: Number every tenth line alone where no change is marked: numbers are a third of what a model reads.
    """
    chunks: list[Chunk] = []
    runs: list[tuple[SourceFile, Sequence[str], int, int]] = []
    used = 0

    def close() -> None:
        nonlocal used
        if runs:
            text = "\n\n".join(_shown(*run, sparse=sparse) for run in runs)
            places = tuple((file.path, first, last) for file, _, first, last in runs)
            chunks.append(Chunk(text, places, len(chunks) + 1, _digest(runs)))
        runs.clear()
        used = 0

    for file in files:
        lines = file.masked.removesuffix("\n").split("\n")
        for first, last in _pieces(file, lines, limit, steady=steady):
            size = tokens(_shown(file, lines, first, last, sparse=sparse))
            if used and (used + size > limit or (steady and used > limit * _LEAST and _ends_here(file.path))):
                close()
            if runs and runs[-1][0] is file and runs[-1][3] + 1 == first:
                runs[-1] = (file, lines, runs[-1][2], last)
            else:
                runs.append((file, lines, first, last))
            used += size
    close()
    return tuple(chunks)


def _digest(runs: Sequence[tuple[SourceFile, Sequence[str], int, int]]) -> str:
    content = hashlib.sha256()
    for file, lines, first, last in runs:
        changed = file.changed or frozenset()
        marks = [number - first for number in range(first, last + 1) if number in changed]
        content.update(repr((file.path, file.language, lines[first - 1 : last], marks)).encode("utf-8", "replace"))
    return content.hexdigest()[:16]


def _shown(file: SourceFile, lines: Sequence[str], first: int, last: int, *, sparse: bool) -> str:
    """A run of a file's lines with their numbers, and `+` before those that changed."""
    if sparse and file.changed is None:
        # The bar stays, so that no line of the code can pass for one of ours.
        numbers = (number if number == first or number % _EVERY == 0 else "" for number in range(first, last + 1))
        body = (f"{number}|{line}" for number, line in zip(numbers, lines[first - 1 : last], strict=True))
        return "\n".join((_head(file), *body))
    changed = file.changed or frozenset()
    body = (
        f"{number:>5} {'+' if number in changed else ' '}| {lines[number - 1]}" for number in range(first, last + 1)
    )
    return "\n".join((_head(file), *body))


def _head(file: SourceFile) -> str:
    return f"File: {file.path} ({file.language})"


def _ends_here(path: str) -> bool:
    """Whether a file's name makes it the first of a steady piece: one in four."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).digest()[0] % 4 == 0


def _pieces(file: SourceFile, lines: Sequence[str], limit: int, *, steady: bool) -> Iterator[tuple[int, int]]:
    """First and last line of each run of a file, each within the limit."""
    # A line is shown behind its number, at most two marks and a line break.
    sizes = [(len(line.encode("utf-8", "replace")) + _MARGIN) // BYTES_PER_TOKEN + 1 for line in lines]
    upto = list(accumulate(sizes, initial=tokens(_head(file))))
    depths: list[int] | None = None
    boundaries: frozenset[int] = frozenset()
    for start, end in _windows(file, len(lines)):
        first = start
        while upto[end] - upto[first - 1] + upto[0] > limit and first < end:
            if depths is None:
                depths, boundaries = _structure(file, len(lines))
            last = _farthest(upto, first, end, limit)
            if last >= end:
                break
            cut = _cut(lines, depths, boundaries, first, last + 1, steady=steady)
            yield first, cut - 1
            first = cut
        yield first, end


def _farthest(upto: Sequence[int], first: int, end: int, limit: int) -> int:
    """The last line that still fits behind the first, which itself always does."""
    last = first
    while last < end and upto[last + 1] - upto[first - 1] + upto[0] <= limit:
        last += 1
    return last


def _cut(
    lines: Sequence[str],
    depths: Sequence[int],
    boundaries: frozenset[int],
    first: int,
    latest: int,
    *,
    steady: bool,
) -> int:
    """The line at which the next piece begins: at least inside of definitions, best before one, then late."""
    best: tuple[int, int, int] | None = None
    at = latest
    for line in range(first + 1, latest + 1):
        rank = 2 if line in boundaries else 1 if not lines[line - 2].strip() and lines[line - 1].strip() else 0
        if not rank:
            continue
        late = line
        if steady and rank == 2 and 4 * (line - first) > latest - first and _ends_here(lines[line - 1].strip()):  # noqa: PLR2004
            late += len(lines)
        weight = (-depths[line - 1], rank, late)
        if best is None or weight > best:
            best, at = weight, line
    return at


def _structure(file: SourceFile, total: int) -> tuple[list[int], frozenset[int]]:
    """For each line, how many definitions would be split before it; and the lines where one begins or has ended."""
    if file.language not in LANGUAGES:
        return [0] * total, frozenset()
    from manyeyes_tools.syntax.remembered import outlines

    changes = [0] * (total + 2)
    boundaries: set[int] = set()
    for one in outlines.of(file.masked, file.language).definitions:
        start, end = min(one.doc_line, one.start_line), min(one.end_line, total)
        if start < end:
            changes[start + 1] += 1
            changes[end + 1] -= 1
        boundaries.update((start, end + 1))
    return list(accumulate(changes))[1 : total + 1], frozenset(boundaries)


def _windows(file: SourceFile, total: int) -> list[tuple[int, int]]:
    """The line ranges to show: the known parts, or the surroundings of a change, or all of it."""
    if total == 0:
        return []
    if file.partial:
        return [(max(1, first), min(total, last)) for first, last in file.parts if first <= total]
    if file.changed is None:
        return [(1, total)]
    windows: list[tuple[int, int]] = []
    for line in sorted(file.changed):
        first, last = max(1, line - CONTEXT), min(total, line + CONTEXT)
        if first > last:
            continue
        if windows and first <= windows[-1][1] + 1:
            windows[-1] = (windows[-1][0], max(last, windows[-1][1]))
        else:
            windows.append((first, last))
    return windows
