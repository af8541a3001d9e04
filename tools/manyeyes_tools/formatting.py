"""Python that was formatted before a change is formatted after it: by ruff, in the style that the file has.

Ruff is given text on its standard input, none of the project's settings and no file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

_WIDTHS = (79, 88, 100, 120)
_TRIED = 2
"""So many widths are tried to find a file's own."""
_LARGEST = 200_000
_PATIENCE_S = 5.0
_KEPT = 8
"""Files whose style is remembered: several patches of one review are made against the same text."""


def settled(before: str, after: str) -> str:
    """The text after a change, formatted when it was formatted before; else as it is.

    Blocking, about 10 ms: to be called in a worker thread.
    """
    if len(before) > _LARGEST:
        return after
    width = _width(before)
    formatted = _formatted(after, width) if width is not None else None
    return after if formatted is None else formatted


@lru_cache(maxsize=_KEPT)
def _width(text: str) -> int | None:
    """The line length by which a text is formatted; None when it is by none of the usual ones."""
    longest = max(map(len, text.split("\n")))
    for width in [width for width in _WIDTHS if width >= longest][:_TRIED] or [88]:
        formatted = _formatted(text, width)
        if formatted is None:
            return None
        if formatted == text:
            return width
    return None


def _formatted(text: str, width: int) -> str | None:
    """What ruff makes of it; None when it cannot."""
    command = [
        str(_ruff()), "format", "--isolated", "--no-cache", "--quiet", "--config=format.quote-style='preserve'",
        f"--line-length={width}", "--stdin-filename=code.py", "-",
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 -- our own ruff and arguments of our own making, no shell
            command, input=text.encode(), capture_output=True, timeout=_PATIENCE_S, check=False, cwd=os.sep
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _ruff() -> Path:
    """The ruff that was installed with this program, never one that lies on the search path."""
    return Path(sys.executable).with_name("ruff.exe" if sys.platform == "win32" else "ruff")
