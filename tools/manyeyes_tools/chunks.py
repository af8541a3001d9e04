"""Material in pieces that fit a model, numbered and delimited so that code stays data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from manyeyes_tools.material import SourceFile

BYTES_PER_TOKEN = 3
"""Source code runs at three bytes a token or more, so that dividing by it is an upper estimate."""
CONTEXT = 40
"""Lines shown before and after a change."""


def tokens(text: str) -> int:
    """An upper estimate of the tokens in a text."""
    return len(text.encode()) // BYTES_PER_TOKEN + 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of the material: the text for the model and the files and lines it shows."""

    text: str
    places: tuple[tuple[str, int, int], ...]

    @property
    def tokens(self) -> int:
        """An upper estimate of its tokens."""
        return tokens(self.text)


def delimited(text: str) -> str:
    """The text between marks that nothing inside it can imitate, since they are derived from all of it."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f'<material id="{mark}">\n{text}\n</material id="{mark}">'


def make_chunks(files: Iterable[SourceFile], limit: int) -> tuple[Chunk, ...]:
    """All that is to be looked at, in pieces of at most about `limit` tokens, in order; nothing is left out.

    Small files share a piece; a file larger than the limit is cut between lines.
    """
    chunks: list[Chunk] = []
    texts: list[str] = []
    places: list[tuple[str, int, int]] = []
    used = 0

    def close() -> None:
        nonlocal used
        if texts:
            chunks.append(Chunk("\n\n".join(texts), tuple(places)))
        texts.clear()
        places.clear()
        used = 0

    for file in files:
        for first, last, text in _pieces(file, limit):
            size = tokens(text)
            if used and used + size > limit:
                close()
            texts.append(text)
            places.append((file.path, first, last))
            used += size
    close()
    return tuple(chunks)


def _pieces(file: SourceFile, limit: int) -> Iterator[tuple[int, int, str]]:
    """Runs of numbered lines of one file, each within the limit: first line, last line, text."""
    lines = file.masked.removesuffix("\n").split("\n")
    changed = file.changed or frozenset()
    head = f"File: {file.path} ({file.language})"
    for start, end in _windows(file, len(lines)):
        first, body, used = start, [head], tokens(head)
        for number in range(start, end + 1):
            line = f"{number:>5} {'+' if number in changed else ' '}| {lines[number - 1]}"
            size = tokens(line)
            if len(body) > 1 and used + size > limit:
                yield first, number - 1, "\n".join(body)
                first, body, used = number, [head], tokens(head)
            body.append(line)
            used += size
        yield first, end, "\n".join(body)


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
