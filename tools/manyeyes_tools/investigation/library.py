"""What a model may read while it looks for itself: the material, and the files under the roots, secrets masked."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools.folders import left_out, walk
from manyeyes_tools.globs import ignored
from manyeyes_tools.languages import language_of
from manyeyes_tools.material import SourceFile
from manyeyes_tools.roots import Recoded, Refused, holds_secrets, inside, locate, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from manyeyes.redaction import Redactor
    from manyeyes.tool import Bench
    from manyeyes_tools.material import Material
    from manyeyes_tools.roots import Place
    from manyeyes_tools.syntax.project_map import ProjectMap

SEARCH_S = 4.0
"""Seconds that one search may take; what it found by then is given, and said to be a part."""
MAP_S = 8.0
"""Seconds that mapping the project may take; what is not in the map by then is found by searching."""
SEARCH_BYTES = 40_000_000
"""Bytes that one search reads at most."""


class NotThere(Exception):
    """It cannot be read; the message says why, for the model, and names no folder of this machine."""


@dataclass(frozen=True, slots=True)
class Found:
    """A line that a search found, masked."""

    path: str
    line: int
    text: str


@dataclass(slots=True, kw_only=True)
class Library:
    """One for each run: what one model has fetched the others need not fetch again.

    All methods block: to be called in worker threads, of several at once.

    Attributes:
        roots: The folders that may be read.
        files: The material's files by path; they are as the caller gave them, whatever lies on the disk.
        redactor: Masks secrets.
        file_bytes: A larger file is not read.
        ignore: The globs of what the project wants left out.
    """

    roots: tuple[Path, ...]
    files: dict[str, SourceFile]
    redactor: Redactor
    file_bytes: int
    ignore: tuple[str, ...] = ()
    _read: dict[str, SourceFile] = field(default_factory=dict)
    _listing: tuple[str, ...] | None = None
    _project: ProjectMap | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _reading: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, material: Material, bench: Bench) -> Library:
        """What a run on this material may read."""
        return cls(
            roots=bench.roots,
            files={file.path: file for file in material.files},
            redactor=bench.redactor,
            file_bytes=material.project.lowered(bench.settings.limits).file_bytes,
            ignore=material.project.ignore,
        )

    @property
    def fetched(self) -> dict[str, SourceFile]:
        """The files that were read beside the material, by path."""
        return dict(self._read)

    def listing(self) -> tuple[str, ...]:
        """All files that may be read, sorted; those that `.gitignore` takes out or that may hold secrets are not.

        Raises:
            NotThere: there are too many, or a folder cannot be read.
        """
        with self._lock:
            if self._listing is None:
                names = set(self.files)
                for root in self.roots:
                    try:
                        here = walk(root, ".", self.roots).files
                    except BadCall:
                        raise NotThere("There are too many files to list. Name a file or search for one.") from None
                    names.update(name for name in here if not self._kept_out(name))
                self._listing = tuple(sorted(names))
            return self._listing

    def project(self) -> ProjectMap:
        """Where things are defined and used, as far as could be read in time."""
        from manyeyes_tools.syntax.project_map import ProjectMap  # the grammars' library is slow to load

        with self._lock:
            if self._project is None:
                self._project = ProjectMap.under(self.roots, patience_s=MAP_S)
            return self._project

    def papers(self) -> str:
        """What the project's papers ask of those who change it, masked."""
        from manyeyes_tools.syntax.guidance import guidance

        text = guidance(self.roots)
        return self.redactor.mask(text) if text else ""

    def file(self, path: str) -> SourceFile:
        """A file, masked.

        Raises:
            NotThere: it is not there, or not to be read.
        """
        name = path.strip().removeprefix("./")
        if name in self.files:
            return self.files[name]
        with self._reading:  # several models often want the same file at the same time
            if name in self._read:
                return self._read[name]
            place = self._place(name)
            if place.relative in self.files:
                return self.files[place.relative]
            self._refuse_ignored(place)
            return self._read.get(place.relative) or self._masked(place.relative, self._text(place))

    def search(self, wanted: str, folder: str, most: int) -> tuple[list[Found], bool]:
        """The lines that hold a text, whatever its case, and whether there may be more.

        Args:
            wanted: Plain text.
            folder: Only files whose path begins with this; empty for all.
            most: As many lines are given at most.

        Raises:
            NotThere: the files cannot be listed.
        """
        needle = wanted.casefold()
        found: list[Found] = []
        for file in self._holding(needle, folder.strip().strip("/").removeprefix("./")):
            if file is None:
                return found, True
            for number, line in enumerate(file.masked.split("\n"), 1):
                if needle in line.casefold():
                    found.append(Found(file.path, number, line))
                    if len(found) >= most:
                        return found, True
        return found, False

    def _holding(self, needle: str, folder: str) -> Iterator[SourceFile | None]:
        """The files that hold a text, the material's first; None when there is no more time for the rest.

        Masking a file takes much longer than reading it, so only those that hold the text are masked.
        """
        until, room = time.monotonic() + SEARCH_S, SEARCH_BYTES
        for name in sorted(self.listing(), key=lambda name: (name not in self.files, name)):
            if folder and name != folder and not name.startswith(f"{folder}/"):
                continue
            if time.monotonic() > until or room <= 0:
                yield None
                return
            known = self.files.get(name) or self._read.get(name)
            try:
                text = known.masked if known else self._text(self._place(name))
            except NotThere:
                continue
            room -= len(text)
            if needle in text.casefold():
                yield known or self._masked(name, text)

    def _place(self, name: str) -> Place:
        try:
            place = locate(name, self.roots)
        except BadCall:
            raise NotThere(f"There is no file `{name[:200]}` that may be read. `list` tells what there is.") from None
        if self._kept_out(place.relative) or holds_secrets(place.real):
            raise NotThere(f"`{place.relative}` is not to be read.")
        if place.absolute.is_dir():
            raise NotThere(f"`{place.relative}` is a folder; `list` tells what is in it.")
        return place

    def _refuse_ignored(self, place: Place) -> None:
        """What `listing` leaves out cannot be had by guessing its name either."""
        if self._listing is not None and place.relative == place.real and place.relative in self._listing:
            return
        try:
            out = any(left_out(place.root, path, self.roots) for path in {place.relative, place.real})
        except BadCall:
            raise NotThere(f"`{place.relative}` is not read: whether git ignores it cannot be told.") from None
        if out:
            raise NotThere(f"`{place.relative}` is not to be read: git ignores it.")

    def _text(self, place: Place) -> str:
        try:
            return read(inside(place.root, place.relative), self.file_bytes)
        except Refused as refused:
            raise NotThere(f"`{place.relative}` is not read: {refused}.") from None

    def _masked(self, name: str, text: str) -> SourceFile:
        (masked,) = self.redactor.mask_all([(name, text)])
        file = SourceFile(
            path=name,
            language=language_of(name, text),
            text=text,
            masked=masked,
            plain=not isinstance(text, Recoded),
        )
        return self._read.setdefault(name, file)

    def _kept_out(self, name: str) -> bool:
        return holds_secrets(name) or ignored(name, self.ignore)


def numbered(file: SourceFile, first: int, last: int) -> str:
    """Lines of a file, both ends included, each with its number as the material shows them."""
    lines = file.masked.removesuffix("\n").split("\n")
    changed = file.changed or frozenset[int]()
    return "\n".join(
        f"{number:>5} {'+' if number in changed else ' '}| {lines[number - 1]}"
        for number in range(max(1, first), min(last, len(lines)) + 1)
    )


def word_lines(files: Sequence[Found], name: str) -> list[Found]:
    """Those found lines in which the name stands as a word."""
    import re

    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return [one for one in files if word.search(one.text)]
