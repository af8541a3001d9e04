"""The end of what a program writes to standard error, however much that is."""

from __future__ import annotations

import os
import threading
from typing import TextIO

KEPT_BYTES = 4_096
"""Of all that it writes only the last is kept."""
_PIECE = 65_536
_PATIENCE_S = 0.3
"""How long to wait for what is still in the pipe of a program that has ended."""


class LastWords:
    """A pipe that is read as fast as it is written to, by a thread of its own: nothing goes to the disk.

    Attributes:
        way_in: What the program is given as its standard error; to be closed here once it has it.
    """

    def __init__(self) -> None:
        reads, writes = os.pipe()
        self.way_in: TextIO = os.fdopen(writes, "w", encoding="utf-8")
        self._kept = b""
        self._ended = threading.Event()
        threading.Thread(target=self._read, args=(reads,), daemon=True, name="last-words").start()

    def heard(self) -> str:
        """The last line that was written; empty when there is none.  Blocking, for a moment."""
        self._ended.wait(_PATIENCE_S)
        lines = [line.strip() for line in self._kept.decode(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else ""

    def _read(self, reads: int) -> None:
        """Until whoever can write has ended."""
        with os.fdopen(reads, "rb", buffering=0) as pipe:
            while piece := pipe.read(_PIECE):
                self._kept = (self._kept + piece)[-KEPT_BYTES:]
        self._ended.set()
