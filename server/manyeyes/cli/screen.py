"""Writing for people: colours where they are wanted, progress on a terminal, plain text everywhere else."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from manyeyes.errors import ManyEyesError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SGR = re.compile(r"\x1b\[[0-9;]*m")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BAR = 12


def wants_colour(stream: TextIO, *, refused: bool = False) -> bool:
    """Whether to colour: never when refused or `NO_COLOR` is set, always with `FORCE_COLOR`, else on a terminal."""
    if refused or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def plain(text: str) -> str:
    """The text without colours."""
    return _SGR.sub("", text)


def safe(text: str) -> str:
    """The text with whatever could command a terminal replaced."""
    return _UNPRINTABLE.sub("?", text)


def complain(message: str) -> None:
    """An error for people, on stderr."""
    print(f"manyeyes: {safe(message)}", file=sys.stderr)  # noqa: T201  # a command prints


def show(text: str, *, colour: bool = False) -> None:
    """Text on stdout, with a line end; its colours only when wanted."""
    text = text if colour else plain(text)
    # An encoding that lacks a character must not lose the report.
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.rstrip("\n").encode(encoding, "replace").decode(encoding))  # noqa: T201  # a command prints
    except BrokenPipeError:
        raise
    except OSError as error:  # such as a full disk
        raise ManyEyesError(f"The output cannot be written: {error.strerror}.") from None


def paint(text: str, code: str) -> str:
    """The text in a colour; `show` takes it away again where it is not wanted."""
    return f"\x1b[{code}m{text}\x1b[0m"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they need; the last one runs on."""
    lines = [tuple(heads), *map(tuple, rows)]
    widths = [max(len(plain(line[column])) for line in lines) for column in range(len(heads))]
    shown = ["  ".join(cell + " " * (width - len(plain(cell))) for cell, width in zip(line, widths, strict=True))
             for line in lines]  # fmt: skip
    return "\n".join([paint(shown[0].rstrip(), "2"), *(line.rstrip() for line in shown[1:])])


@dataclass(slots=True)
class ProgressLine:
    """How far the work is: one line that is written over on a terminal, nothing elsewhere unless wanted."""

    wanted: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _drawn: bool = False

    async def update(self, progress: float, total: float | None, message: str | None) -> None:
        """Show it.  `total` is 0 or None when it is not known."""
        share = min(max(progress / total, 0.0), 1.0) if total else 0.0
        text = safe(" ".join((message or "").split()))
        if self.stream.isatty():
            filled = round(share * _BAR)
            line = f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%} {text}"
            room = shutil.get_terminal_size().columns - 1
            self.stream.write(f"\r\x1b[2K{line if len(line) <= room else f'{line[: room - 1]}…'}")
            self._drawn = True
        elif self.wanted:
            self.stream.write(f"{share:4.0%} {text}\n")
        self.stream.flush()

    def clear(self) -> None:
        """Take the line away, so that what follows starts on an empty one."""
        if self._drawn:
            self.stream.write("\r\x1b[2K")
            self.stream.flush()
            self._drawn = False
