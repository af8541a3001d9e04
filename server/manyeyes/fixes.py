"""Patches that a result offers, to be written to the files they are for.  Only the local command line does that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from manyeyes.results import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """One patch that fits its file now.

    Attributes:
        id: The finding's.
        title: The finding's.
        path: The file, as findings name it.
        patch: The change as a unified diff, secrets masked.
        conflicts: The fixes, of those before it, that it does not go together with.
    """

    id: str
    title: str
    path: str
    patch: str
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotWritten:
    """A patch that is not or was not written, and why."""

    id: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: files, the fixes in them, and those that could not be written."""

    files: tuple[str, ...]
    fixes: tuple[str, ...]
    failed: tuple[NotWritten, ...]


class Fixes(Protocol):
    """The patches of one result, held against the files as they are."""

    @property
    def offered(self) -> Sequence[Fix]:
        """Those that fit, in the order of the findings."""
        ...

    @property
    def refused(self) -> Sequence[NotWritten]:
        """Those that do not fit any more, or whose files must not be written."""
        ...

    def write(self, chosen: Collection[str]) -> Written:
        """Write the chosen ones, each file at once and as a whole; of two that conflict the earlier one."""
        ...


@runtime_checkable
class Fixing(Protocol):
    """A tool whose results may hold patches."""

    def fixes(self, result: Result, roots: Sequence[Path], since: float) -> Fixes:
        """The patches of a result.

        Args:
            result: What the tool returned.
            roots: The folders that may be written to.
            since: Seconds since the epoch, before the tool read anything: a file changed later is refused.
        """
        ...
