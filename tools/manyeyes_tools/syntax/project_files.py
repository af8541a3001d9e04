"""The source files under the roots: those that a call may read, and no more of them than fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools.folders import walk
from manyeyes_tools.globs import ignored
from manyeyes_tools.languages import TEXT, language_of
from manyeyes_tools.project import read_project
from manyeyes_tools.roots import Refused, inside, read
from manyeyes_tools.syntax.grammars import LANGUAGES
from manyeyes_tools.syntax.parsing import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MOST_FILES = 20_000
MOST_BYTES = 60_000_000


@dataclass(slots=True)
class ProjectFiles:
    """Files in languages that have a grammar, by the names that `sources` gives them.

    Attributes:
        roots: The folders that may be read.
        places: Where each file is: its root, and its path there.
        missing: What is not among them, and why.
    """

    roots: tuple[Path, ...]
    places: dict[str, tuple[Path, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    @classmethod
    def under(cls, roots: Sequence[Path]) -> ProjectFiles:
        """All files under the roots that neither `.gitignore` nor a project's `ignore` takes out.  Blocking."""
        files = cls(tuple(roots))
        for root in roots:
            ignore = read_project(root)[0].ignore
            try:
                listing = walk(root, ".", roots)
            except BadCall as error:
                files.missing.append(str(error))
                continue
            for relative in listing.files:
                language = language_of(relative)
                if (language == TEXT and "." in relative.rpartition("/")[2]) or (
                    language != TEXT and language not in LANGUAGES
                ):
                    continue
                if ignored(relative, ignore):
                    continue
                if len(files.places) >= MOST_FILES:
                    files.missing.append(f"over {MOST_FILES:,} source files; the others are not in the map")
                    return files
                files.places.setdefault(_display(root, relative, roots), (root, relative))
        return files

    def text(self, path: str) -> str | None:
        """A file's text, as it is now; None when it is not to be read."""
        place = self.places.get(path)
        if place is None:
            return None
        try:
            return read(inside(*place), LARGEST)
        except Refused:
            return None

    def read(self) -> Iterator[tuple[str, str, str]]:
        """Path, language and text of each file, one at a time."""
        total = 0
        for path in list(self.places):
            text = self.text(path)
            if text is None:
                continue
            language = language_of(path, text)
            if language not in LANGUAGES:
                continue
            total += len(text)
            if total > MOST_BYTES:
                self.missing.append(f"over {MOST_BYTES:,} characters of source; the rest is not in the map")
                return
            yield path, language, text


def _display(root: Path, relative: str, roots: Sequence[Path]) -> str:
    """Relative to its root, behind the root's name where an earlier root has such a file; as `sources` names it."""
    for earlier in roots:
        if earlier == root:
            return relative
        if (earlier / relative).exists():
            return f"{root.name}/{relative}"
    return relative
