"""What one call has read so far, held to its limits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes_tools.globs import ignored
from manyeyes_tools.material import Skipped

if TYPE_CHECKING:
    from manyeyes.settings import Limits

_LISTED = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A text that was read; the fields mean what they mean in `SourceFile`."""

    path: str
    text: str
    changed: frozenset[int] | None = None
    partial: bool = False
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Basket:
    """Takes pieces while there is room, and remembers why the others were left out.

    `sealed` holds files for secrets, where they are searched for such; None where they are left alone.
    """

    limits: Limits
    ignore: tuple[str, ...] = ()
    pieces: list[Piece] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sealed: list[Piece] | None = None
    _bytes: int = 0
    _paths: set[str] = field(default_factory=set)

    def wants(self, path: str) -> bool:
        """Whether a file should be read at all: not yet here, not ignored, and not one too many."""
        if path in self._paths:
            return False
        if ignored(path, self.ignore):
            self.skip(path, "ignored by the project's manyeyes.toml")
            return False
        if len(self.pieces) >= self.limits.files:
            self.skip(path, f"over the limit of {self.limits.files:,} files")
            return False
        if self._bytes >= self.limits.total_bytes:
            self.skip(path, f"over the limit of {self.limits.total_bytes:,} bytes for one call")
            return False
        return True

    def put(self, piece: Piece) -> None:
        """Take a piece in, unless it is too large for what room is left."""
        size = len(piece.text.encode("utf-8", "replace"))
        if size > self.limits.file_bytes:
            self.skip(piece.path, f"larger than {self.limits.file_bytes:,} bytes")
        elif self._bytes + size > self.limits.total_bytes:
            self.skip(piece.path, f"over the limit of {self.limits.total_bytes:,} bytes for one call")
        else:
            self._bytes += size
            self._paths.add(piece.path)
            self.pieces.append(piece)

    def seal(self, piece: Piece) -> None:
        """Take in a file for secrets, apart from all others."""
        assert self.sealed is not None  # noqa: S101  # nobody reads one otherwise
        self._paths.add(piece.path)
        self.sealed.append(piece)
        self.notes.append(f"{piece.path} may hold secrets, by its name: searched for them here, and shown to no model")

    def skip(self, path: str, reason: str) -> None:
        """Remember what was not read."""
        self.skipped.append(Skipped(path, reason))

    def left_out(self) -> tuple[Skipped, ...]:
        """All that was not read, sorted; of many with the same reason the first are listed and the rest counted."""
        seen: Counter[str] = Counter()
        listed: list[Skipped] = []
        for item in sorted(self.skipped, key=lambda item: (item.path, item.reason)):
            seen[item.reason] += 1
            if seen[item.reason] <= _LISTED:
                listed.append(item)
        more = [
            Skipped(f"({count - _LISTED:,} more)", reason) for reason, count in sorted(seen.items()) if count > _LISTED
        ]
        return (*listed, *more)
