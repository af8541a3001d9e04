"""Which files a folder holds, without those that its `.gitignore` files take out.

The walk is our own, so that links are never followed and pipes, devices and depth are seen; which names are ignored
is asked of git itself, one question for each level of folders, in a private git directory (see `private_git`).
It works the same in folders that are no git repositories.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools.material import Skipped
from manyeyes_tools.private_git import GitFailed, PrivateGit, private_git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DEEPEST = 60
_MOST_ENTRIES = 200_000
_TRAP = "its .gitignore is no regular file"
_NEVER = frozenset({".git", ".hg", ".svn", ".jj", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".nox",
                    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".direnv"})  # fmt: skip
"""Folders that hold no source of the project, entered only when they are named."""


@dataclass(slots=True)
class Listing:
    """What a walk met: files (paths relative to the root, sorted), things passed over, and remarks."""

    files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def walk(root: Path, start: str, roots: Sequence[Path]) -> Listing:
    """All files below `start`, a folder relative to `root`."""
    listing = Listing()
    with private_git(root, roots) as git:
        if git is None:
            listing.notes.append("git is not installed, so .gitignore files were not read")
        _levels(root, "" if start == "." else start, git, listing)
    listing.files.sort()
    return listing


def left_out(root: Path, path: str, roots: Sequence[Path]) -> bool:
    """Whether `.gitignore` files take out one file, as `walk` would; `path` is relative to `root`, without links.

    Raises:
        BadCall: git does not answer.
    """
    if any(_is_trap(root, str(folder)) for folder in PurePosixPath(path).parents):
        return True
    with private_git(root, roots) as git:
        return path in _ignored(git, [path], Listing())


def _levels(root: Path, start: str, git: PrivateGit | None, listing: Listing) -> None:
    above = PurePosixPath(start)
    traps = [folder for folder in (above, *above.parents) if _is_trap(root, str(folder))]
    if traps:
        listing.skipped.append(Skipped(str(traps[0]), _TRAP))
        return
    level = [start]
    entries = 0
    for depth in range(_DEEPEST + 1):
        files: list[str] = []
        folders: list[str] = []
        for folder in level:
            entries += _scan(root, folder, files, folders, listing)
            if entries > _MOST_ENTRIES:
                raise BadCall(f"`{start or '.'}` holds more than {_MOST_ENTRIES:,} entries. Name a smaller folder.")
        dropped = _ignored(git, [*files, *(f"{folder}/" for folder in folders)], listing)
        listing.files += [file for file in files if file not in dropped]
        level = [folder for folder in folders if f"{folder}/" not in dropped]
        if not level:
            return
        if depth == _DEEPEST:
            listing.skipped += [Skipped(folder, f"deeper than {_DEEPEST} folders") for folder in level]


def _scan(root: Path, folder: str, files: list[str], folders: list[str], listing: Listing) -> int:
    """Sort one folder's entries into files and folders; say what is neither.  Returns how many there were."""
    try:
        with os.scandir(root / folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as error:
        listing.skipped.append(Skipped(folder or ".", (error.strerror or "cannot be listed").lower()))
        return 1
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if not path.isprintable():
            listing.skipped.append(Skipped(ascii(path)[1:-1], "a name with unprintable characters"))
            continue
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            continue  # gone between listing and looking
        if stat.S_ISDIR(mode):
            if _is_trap(root, path):
                listing.skipped.append(Skipped(path, _TRAP))
            elif entry.name not in _NEVER:
                folders.append(path)
        elif stat.S_ISREG(mode):
            files.append(path)
        elif stat.S_ISLNK(mode):
            _link(root, path, files, listing)
        else:
            listing.skipped.append(Skipped(path, "a pipe, socket or device, not a file to read"))
    return len(entries)


def _is_trap(root: Path, folder: str) -> bool:
    """Whether git would wait for ever for a folder's rules, because they come from a pipe or device."""
    try:
        mode = (root / folder / ".gitignore").lstat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


def _link(root: Path, path: str, files: list[str], listing: Listing) -> None:
    """A link to a file inside the root is read; one to a folder would only show the same files twice."""
    if os.path.isdir(root / path):  # noqa: PTH112 -- `Path` raises for names that are too long
        listing.skipped.append(Skipped(path, "a link to a folder"))
    else:
        files.append(path)


def _ignored(git: PrivateGit | None, paths: list[str], listing: Listing) -> set[str]:
    """Those of the paths that `.gitignore` files take out."""
    if git is None or not paths:
        return set()
    given = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)  # a name may begin with `:`
    try:
        output = git.run("check-ignore", "-z", "--stdin", "--no-index", given=given, ok=(0, 1), literal=False)
    except GitFailed as failure:
        listing.notes.append(f".gitignore files could not be read: {failure}")
        return set()
    return {os.fsdecode(path.removeprefix(b"./")) for path in output.split(b"\0") if path}
