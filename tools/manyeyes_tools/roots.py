"""Files under the roots, and nothing else.

A name is first resolved with all its links; what it really is must lie inside a root.  Then it is opened component
by component below the root's own descriptor, each with `O_NOFOLLOW`: whoever swaps a folder for a link between the
check and the opening gets an error, not somebody else's file.  Devices, pipes and sockets are told by `lstat` and
never opened; the opened file is looked at once more.  Where a system cannot open relative to a folder (Windows),
the real path is compared again after opening.
"""

from __future__ import annotations

import codecs
import errno
import fnmatch
import os
import re
import stat
import tokenize
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST_PATH = 4096
_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)|\\\\")
_OPENAT = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_SECRET_NAMES = (
    ".env", ".env.*", "*.env", ".envrc", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk",
    "*.asc", "*.gpg", "*.p8", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "credentials", "credentials.*",
    ".credentials*", "client_secret*.json", "*service-account*.json", "*service_account*.json",
    "*serviceaccount*.json", "application_default_credentials.json", ".npmrc", ".yarnrc", ".yarnrc.yml", ".netrc",
    "_netrc", ".pypirc", ".pgpass", ".my.cnf", ".htpasswd", ".git-credentials", ".dockercfg", ".dockerconfigjson",
    "kubeconfig", "*.kubeconfig", "*.tfstate", "*.tfstate.backup", "secrets.y*ml", "secrets.json", "secrets.toml",
    ".vault-token", "terraform.tfvars", "*.ovpn", "shadow", ".bash_history", ".zsh_history", ".python_history",
)  # fmt: skip
_SECRET_FOLDERS = frozenset(
    {".git", ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud", ".password-store"}
)
_COPY = re.compile(r"(?:~\d{0,4}~?|\.(?:bak|old|orig|save?|backup|sw[a-z]|tmp|copy)\d{0,3})+$")
"""What editors and people put behind the name of a file's copy, which holds what the file does."""
_HARMLESS = re.compile(r"\.env\.(dist|defaults?)|.*\.(example|sample|template)|id_\w+\.pub")


class OutOfReach(BadCall):
    """What was named lies in no root, or there is none."""


class Refused(Exception):
    """A file is not read; the message is the reason, in a few words."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file or folder inside a root.  `relative` leads to it, with `/`; `real` is where its links end."""

    root: Path
    relative: str
    real: str

    @property
    def absolute(self) -> Path:
        """Where it really is."""
        return self.root / self.real


def check_name(name: str) -> None:
    """Raise `BadCall` for a name that cannot be a path here."""
    shown = repr(name if len(name) <= 80 else name[:80] + "…")  # noqa: PLR2004 -- an error message is no place for more
    if not name.strip():
        raise BadCall("An empty path was given. Send paths relative to a root, such as `src/app.py`.")
    if "\0" in name or any("\ud800" <= char <= "\udfff" for char in name):
        raise BadCall(f"The path {shown} holds characters that no path can have.")
    if len(name.encode()) > _LONGEST_PATH or any(len(part.encode()) > 255 for part in name.split("/")):  # noqa: PLR2004
        raise BadCall(f"The path {shown} is too long.")
    if name.startswith("~"):
        raise BadCall(f"`~` is not expanded: {shown}. Send a path relative to a root, or the absolute path.")
    if os.name != "nt" and _DRIVE.match(name):
        raise BadCall(f"{shown} is a Windows path; this server runs on another system. Send a path relative to a root.")


def require_roots(roots: Sequence[Path]) -> None:
    """Raise `OutOfReach` when there is nothing that may be read."""
    if not roots:
        raise OutOfReach(
            "No folder may be read. Set MANYEYES_ROOTS to the project's absolute path (in the client's configuration "
            'of this server: "env": {"MANYEYES_ROOTS": "/path/to/project"}), or pass the source as `code`.'
        )


def locate(name: str, roots: Sequence[Path]) -> Place:
    """Find what a caller named: absolute, or relative to the first root that holds it.

    Raises:
        OutOfReach: there are no roots, nothing is there, or it lies outside.
        BadCall: the name is no path.
    """
    require_roots(roots)
    check_name(name)
    path = Path(name)
    outside = False
    for root in roots:
        joined = root / path
        if not os.path.lexists(joined):
            continue
        real = Path(os.path.realpath(joined))
        for other in (root, *roots):
            if real.is_relative_to(other):
                return _place(joined, real, root if not path.is_absolute() else other, other)
        outside = True
    if outside:
        raise OutOfReach(f"`{name}` lies outside the roots, or is a link that leaves them. Readable: {_names(roots)}.")
    if path.is_absolute() and not any(Path(os.path.normpath(path)).is_relative_to(root) for root in roots):
        raise OutOfReach(f"`{name}` lies outside the roots. Readable: {_names(roots)}.")
    raise OutOfReach(f"There is no `{name}` under the roots ({_names(roots)}). Send a path relative to one of them.")


def _place(joined: Path, real: Path, root: Path, holder: Path) -> Place:
    normal = Path(os.path.normpath(joined))
    if root != holder or not normal.is_relative_to(root):
        normal = real  # reached through another root or a link above: named by what it is
    relative = normal.relative_to(holder).as_posix()
    return Place(holder, relative, real.relative_to(holder).as_posix())


def inside(root: Path, relative: str) -> Place:
    """The place of something met under a root.

    Raises:
        Refused: its links leave the root or go in circles, or it is gone.
    """
    joined = root / relative
    try:
        real = Path(os.path.realpath(joined, strict=True))
    except OSError as error:
        raise Refused(_why(error)) from None
    if not real.is_relative_to(root):
        raise Refused("a link that leaves the root")
    return Place(root, relative, real.relative_to(root).as_posix())


def read(place: Place, limit: int, *, sealed: bool = False) -> str:
    """The text of a file of at most `limit` bytes.

    Args:
        place: The file.
        limit: In bytes.
        sealed: Whether files for secrets are read too; see `for_secrets`.

    Raises:
        Refused: it holds secrets by its name or form, is no regular file, too large, binary, undecodable or unreadable.
    """
    if (holds_secrets(place.relative) or holds_secrets(place.real)) and not (sealed and for_search(place)):
        raise Refused("may hold secrets, by its name")
    try:
        data = _read_bytes(place, limit)
    except OSError as error:
        raise Refused(_why(error)) from None
    return decode(data, place.relative, sealed=sealed)


def for_search(place: Place) -> bool:
    """Whether a file for secrets may be searched for them: git's own files are not the project's."""
    return ".git" not in PurePosixPath(place.relative).parts and ".git" not in PurePosixPath(place.real).parts


def for_secrets(place: Place, text: str) -> bool:
    """Whether what was read is a file for secrets, by its name or form."""
    return holds_secrets(place.relative) or holds_secrets(place.real) or is_account(place.relative, text)


def is_account(path: str, text: str) -> bool:
    """Whether a file is a service account's key."""
    return path.endswith(".json") and '"service_account"' in text and '"private_key"' in text


class Recoded(str):
    """Text whose file holds other bytes than its UTF-8: a mark at the beginning, or another encoding."""

    __slots__ = ()


def decode(data: bytes, path: str, *, sealed: bool = False) -> str:
    """The text in a file's bytes: UTF-8, UTF-16 with its mark, or what a Python file says of itself.

    Raises:
        Refused: it is binary, cannot be decoded, or holds a cloud service's private key.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in data:
        raise Refused("binary")
    else:
        encoding = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
        if path.endswith((".py", ".pyi", ".pyw")):
            with suppress(SyntaxError, UnicodeDecodeError):
                encoding = tokenize.detect_encoding(BytesIO(data[:4096]).readline)[0]
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        raise Refused("not UTF-8 text") from None
    except LookupError:
        raise Refused("in an unknown encoding") from None
    if "\0" in text:
        raise Refused("binary")
    if not sealed and is_account(path, text):
        raise Refused("holds a service account's key; such files are never read")
    return text if encoding == "utf-8" else Recoded(text)


def holds_secrets(path: str) -> bool:
    """Whether a file is one for secrets by its name or folder.  Examples and templates of such files are not."""
    pure = PurePosixPath(path.lower())
    if _SECRET_FOLDERS.intersection(pure.parts[:-1]) or pure.name == ".git":
        return True
    name = _COPY.sub("", pure.name)
    if _HARMLESS.fullmatch(name):
        return False
    names = {pure.name, name, name.removeprefix("."), name.removeprefix("#").removesuffix("#")}  # `.NAME.swp`, `#NAME#`
    return any(fnmatch.fnmatchcase(one, pattern) for one in names for pattern in _SECRET_NAMES)


def read_bytes(place: Place, limit: int) -> bytes:
    """What a file of at most `limit` bytes holds, whatever it is.

    Raises:
        Refused: it holds secrets by its name, is no regular file, too large or unreadable.
    """
    if holds_secrets(place.relative) or holds_secrets(place.real):
        raise Refused("may hold secrets, by its name")
    try:
        return _read_bytes(place, limit)
    except OSError as error:
        raise Refused(_why(error)) from None


def _read_bytes(place: Place, limit: int) -> bytes:
    descriptor = _open(place)
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise Refused(_kind(info.st_mode))
        if info.st_size > limit:
            raise Refused(f"larger than {limit:,} bytes ({info.st_size:,})")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            data = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise Refused(f"larger than {limit:,} bytes")
    return data


def _open(place: Place) -> int:
    """A descriptor of the file, opened without following any link and without waiting for anything."""
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    flags |= getattr(os, "O_BINARY", 0)
    if not _OPENAT:
        descriptor = os.open(place.absolute, flags)
        if Path(os.path.realpath(place.absolute)) != place.absolute:
            os.close(descriptor)
            raise Refused("changed while it was read")
        return descriptor
    parts = PurePosixPath(place.real).parts
    if not parts:
        raise Refused("a folder")
    folder = os.open(place.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        mode = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode
        if not stat.S_ISREG(mode):
            raise Refused(_kind(mode))
        return os.open(parts[-1], flags | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a link that was changed while it was read"}
    special = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return {**kinds, **special}.get(stat.S_IFMT(mode), "not a regular file") + ", not a file to read" * (
        stat.S_IFMT(mode) in special
    )


def _why(error: OSError) -> str:
    reasons = {
        errno.ENOENT: "gone, or a link that leads nowhere",
        errno.EACCES: "not readable for this user",
        errno.EPERM: "not readable for this user",
        errno.ELOOP: "a link in a circle, or changed while it was read",
        errno.ENOTDIR: "changed while it was read",
        errno.ENAMETOOLONG: "a path that is too long",
        errno.ENXIO: "a socket or device",
    }
    return reasons.get(error.errno or 0, (error.strerror or "cannot be read").lower())


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)
