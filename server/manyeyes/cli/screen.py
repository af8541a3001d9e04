"""Writing for people: colours where they are wanted, progress on a terminal, plain text everywhere else."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from manyeyes.errors import ManyEyesError
from manyeyes.monitor.columns import left_out, plain, set_in_columns

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BAR = 12
_SILENT_S = 2.0


def wants_colour(stream: TextIO, *, refused: bool = False) -> bool:
    """Whether to colour: never when refused or `NO_COLOR` is set, always with `FORCE_COLOR`, else on a terminal."""
    if refused or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


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


def room() -> int | None:
    """How many characters a line on stdout may have; None where no terminal shows it, so that all is told."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def folded(line: str) -> str:
    """A line folded between words to the terminal's width; as it is where no terminal shows it."""
    width = room()
    if width is None or len(plain(line)) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip(" "))) + "  "
    return textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, least: Sequence[str] = (), words: bool = True) -> str:
    """Columns as wide as they need, fitted to the terminal; see `manyeyes.monitor.columns`."""
    width = room()
    made = set_in_columns(heads, rows, width=width, least=least, words=words)
    missing = left_out([made], width)
    return "\n".join([paint(made.head, "2"), *made.rows, *(["", missing] if missing else [])])


@dataclass(slots=True)
class ProgressLine:
    """How far the work is: one line that is written over on a terminal, nothing elsewhere unless wanted.

    Where nothing new comes for some seconds, as while a model thinks, the line counts them.
    """

    wanted: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stderr)
    _drawn: bool = False
    _said: str = ""
    _since: float = 0.0
    _counting: asyncio.Task[None] | None = None

    async def update(self, progress: float, total: float | None, message: str | None) -> None:
        """Show it.  `total` is 0 or None when it is not known."""
        import asyncio  # there is a loop by now, and `--help` does without

        share = min(max(progress / total, 0.0), 1.0) if total else 0.0
        text = safe(" ".join((message or "").split()))
        if self.stream.isatty():
            filled = round(share * _BAR)
            self._said, self._since = f"[{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%} {text}", time.monotonic()
            self._draw()
            if self._counting is None:
                self._counting = asyncio.create_task(self._count())
        elif self.wanted:
            self.stream.write(f"{share:4.0%} {text}\n")
        self.stream.flush()

    async def _count(self) -> None:
        import asyncio  # as above

        while True:
            await asyncio.sleep(1)
            if self._drawn and time.monotonic() - self._since >= _SILENT_S:
                try:
                    self._draw()
                    self.stream.flush()
                except (OSError, ValueError):  # the terminal has gone; the work goes on
                    return

    def _draw(self) -> None:
        silent = time.monotonic() - self._since
        waited = f" ({silent:.0f} s)" if silent >= _SILENT_S else ""
        room = shutil.get_terminal_size().columns - 1 - len(waited)
        said = self._said if len(self._said) <= room else f"{self._said[: room - 1]}…"
        self.stream.write(f"\r\x1b[2K{said}{waited}")
        self._drawn = True

    def clear(self) -> None:
        """Take the line away, so that what follows starts on an empty one."""
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None
        if self._drawn:
            self.stream.write("\r\x1b[2K")
            self.stream.flush()
            self._drawn = False
