"""The code a tool works on, as it was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.project import ProjectSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

Origin: TypeAlias = Literal["code", "paths", "diff", "git"]
"""How the material was given."""
_NAMED = 5
"""Files named for each reason; the others are counted."""
_NOTED = 20
"""Notes told; the others are counted."""
_DELIBERATE = (
    "binary",
    "may hold secrets",
    "holds a service account",
    "a link to a folder",
    "a pipe, socket or device",
)
"""How the reasons begin for which a file is left alone whatever it holds."""


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
        plain: True when the file's bytes are the text in UTF-8, so that a patch against the text fits the file.
        parts: The known line ranges (first, last) when `partial`; empty otherwise.
    """

    path: str
    language: str
    text: str
    masked: str
    changed: frozenset[int] | None = None
    partial: bool = False
    parts: tuple[tuple[int, int], ...] = ()
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was asked for and not read, and why."""

    path: str
    reason: str

    @property
    def deliberate(self) -> bool:
        """Whether files of this kind are never read, so that nothing is missing without it."""
        return self.reason.startswith(_DELIBERATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that one call looks at.

    Attributes:
        files: What was read, in a fixed order.
        skipped: What was asked for and not read.
        notes: What else is worth knowing: files that a diff deletes, and the like.
        origin: How it was given.
        project: What the project's own `manyeyes.toml` asks for; its `ignore` has been applied.
        problems: What is wrong with that file, for the result's `problems`.
        sealed: Files that may hold secrets by their name, read for the search for secrets alone: no model is shown
            them or told of them, and their `masked` text keeps nothing but the names of values.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Origin = "code"
    project: ProjectSettings = field(default_factory=ProjectSettings)
    problems: tuple[str, ...] = ()
    sealed: tuple[SourceFile, ...] = ()

    @property
    def size(self) -> int:
        """The characters of all of it, the paths among them: a thousand empty files are work too."""
        return sum(len(file.path) + len(file.text) for files in (self.files, self.sealed) for file in files)

    def missing(self) -> list[str]:
        """What should have been looked at and was not, by reason, one line each."""
        return [*self.problems, *_by_reason(one for one in self.skipped if not one.deliberate)]

    def left_alone(self) -> list[str]:
        """What was left alone on purpose, by reason, and what else is worth knowing, one line each."""
        more = [f"… and {len(self.notes) - _NOTED} more such notes."] if len(self.notes) > _NOTED else []
        return [*self.notes[:_NOTED], *more, *_by_reason(one for one in self.skipped if one.deliberate)]


def _by_reason(skipped: Iterable[Skipped]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for one in skipped:
        by_reason.setdefault(one.reason, []).append(one.path)
    lines = []
    for reason, paths in by_reason.items():
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        lines.append(f"Not read: {', '.join(paths[:_NAMED])}{more} ({reason}).")
    return lines
