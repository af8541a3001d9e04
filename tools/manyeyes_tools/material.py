"""The code a tool works on, as it was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file, or a part of one, in memory.

    Attributes:
        path: How it is named to people and models: relative to its root, with `/`; `code.py` and the like for
            code that came as text.
        language: `python`, `typescript`, …; `text` when unknown.
        text: The source.  It never leaves the machine.
        masked: The same lines with secrets replaced; all that models, results and logs see.
        changed: The lines that a diff added or changed, counted from 1; None when all of it is to be looked at.
        partial: True when only the lines of a diff are known; all others are then empty.
        parts: The known line ranges (first, last) when `partial`; empty otherwise.
    """

    path: str
    language: str
    text: str
    masked: str
    changed: frozenset[int] | None = None
    partial: bool = False
    parts: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was asked for and not read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that one call looks at.  `files` is in a fixed order; `origin` says how it was given."""

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Literal["code", "paths", "diff", "git"] = "code"
