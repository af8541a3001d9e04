"""A file under a root, replaced as a whole or not at all; no link on the way to it is followed."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.roots import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes_tools.roots import Place

_OPENAT = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


def replace_file(place: Place, data: bytes, expected: bytes) -> None:
    """Put `data` where `expected` stands.  The file's mode and owner stay; other hard links to it keep the old text.

    Blocking: to be called where that does no harm.

    Raises:
        Refused: the file is not as expected any more, is no regular file, a link leads to it, or it cannot be written.
    """
    try:
        if _OPENAT:
            _replace_below(place, data, expected)
        else:
            _replace_at(place, data, expected)
    except OSError as error:
        raise Refused(f"cannot be written: {(error.strerror or 'unknown reason').lower()}") from None


def _replace_below(place: Place, data: bytes, expected: bytes) -> None:
    *folders, name = PurePosixPath(place.real).parts
    folder = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        flags = os.O_NOFOLLOW | os.O_CLOEXEC

        def opened(inner: str, how: int, mode: int = 0o600) -> int:
            return os.open(inner, how | flags, mode, dir_fd=folder)

        info = os.stat(name, dir_fd=folder, follow_symlinks=False)
        temporary = _written(name, data, expected, info, opened)
        try:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=folder)
            raise
        with suppress(OSError):  # not every file system can; the file itself is safe already
            os.fsync(folder)
    finally:
        os.close(folder)


def _replace_at(place: Place, data: bytes, expected: bytes) -> None:
    path = place.absolute
    if Path(os.path.realpath(path)) != path:
        raise Refused("a link leads to it")

    def opened(inner: str, how: int, mode: int = 0o600) -> int:
        return os.open(path.parent / inner, how | getattr(os, "O_BINARY", 0), mode)

    temporary = path.parent / _written(path.name, data, expected, path.lstat(), opened)
    try:
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _written(name: str, data: bytes, expected: bytes, info: os.stat_result, opened: Callable[..., int]) -> str:
    """The name of a new file beside the old one, with the data; the old one was as expected a moment ago."""
    if not stat.S_ISREG(info.st_mode):
        raise Refused("not a regular file, or a link")
    with os.fdopen(opened(name, os.O_RDONLY), "rb") as old:
        if old.read(len(expected) + 1) != expected:
            raise Refused("it changed since it was read; review it again")
    temporary = f".{name[:200]}.{secrets.token_hex(6)}.tmp"
    with os.fdopen(opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as new:
        if hasattr(os, "fchmod"):
            with suppress(OSError):  # another owner's file: whoever may write the folder keeps what he may keep
                os.fchown(new.fileno(), info.st_uid, info.st_gid)
            os.fchmod(new.fileno(), stat.S_IMODE(info.st_mode))
        new.write(data)
        new.flush()
        os.fsync(new.fileno())
    return temporary
