"""Text that a command is given in a file or on stdin."""

from __future__ import annotations

import sys
from pathlib import Path

from manyeyes.errors import BadCall

MOST_BYTES = 20_000_000
"""No more than this is read."""


def named(name: str) -> Path:
    """The path that was typed, `~` being the home folder where there is one of that name.

    Raises:
        BadCall: it is empty, as an unset variable of a shell is, or the system can look at nothing of that name.
    """
    if not name:
        raise BadCall("An empty name was given. Name a file or folder; `.` is this folder.")
    try:
        path = Path(name).expanduser()
    except RuntimeError:  # nobody is called so
        path = Path(name)
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return path  # whoever asked for it knows better what to say
    except OSError as error:
        raise BadCall(f"{name[:60]} cannot be read: {error.strerror}.") from None
    return path


def read_text(name: str) -> str:
    """The text of a file; of stdin for `-`.

    Raises:
        BadCall: it cannot be read, is too long, or is not UTF-8 text.
    """
    shown = "stdin" if name == "-" else name
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if name == "-" else _first(named(name))
    except OSError as error:
        raise BadCall(f"{shown} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise BadCall(f"{shown} is longer than {MOST_BYTES:,} bytes. Give less at a time.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadCall(f"{shown} is not UTF-8 text. Convert it, for example with iconv.") from None


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)
