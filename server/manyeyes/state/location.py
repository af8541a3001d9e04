"""Where the store lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes.errors import SettingsError
from manyeyes.settings import user_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.settings import Settings

_SCHEME = "sqlite://"
_NOT_YET = frozenset({"postgres", "postgresql"})
"""Where the statements run as well, but to where nothing connects yet."""
_FILE_MODE = 0o600
_FOLDER_MODE = 0o700


def locate(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """The store's file; None when it is to be kept in memory.

    `sqlite:///home/me/state.db` and `sqlite:////home/me/state.db` are the same file: a path is never taken from
    the working directory, where nothing of ours belongs.

    Raises:
        SettingsError: the address is not of a kind that can be used.
    """
    url = settings.state.url
    if url is None:
        return user_folder(environ, "data") / "state.db"
    if url in {_SCHEME, f"{_SCHEME}/:memory:"}:
        return None
    scheme = url.partition(":")[0]
    if scheme in _NOT_YET:
        raise SettingsError(
            "MANYEYES_STATE_URL names a PostgreSQL server, and this version keeps its state in SQLite only: "
            "write sqlite:///PATH, or sqlite:// to keep it in memory."
        )
    if not url.startswith(f"{_SCHEME}/") or not (path := url.removeprefix(f"{_SCHEME}/").lstrip("/")):
        # An address may hold a password, so it is not repeated.
        told = f"begins with {scheme[:20]!r}" if "://" in url else "is no address"
        raise SettingsError(f"MANYEYES_STATE_URL {told}; write sqlite:///PATH, or sqlite:// to keep it in memory.")
    if path.startswith("~"):
        return Path(path).expanduser()
    return Path(path) if Path(path).is_absolute() else Path(f"/{path}")  # absolute already: a Windows drive


def prepare(path: Path) -> None:
    """Make the file, and its folder, so that no one else can read them.  SQLite gives its side files the same mode.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, _FILE_MODE))
    if path.stat().st_mode & 0o077 and os.name == "posix":
        path.chmod(_FILE_MODE)
