"""Finding a repository's parts, and copying into a private git directory what git needs of them.

Nothing of the repository's configuration is carried over but a few plain values.  Its parts must lie where they say
they belong: a `.git` file or link that points at somebody else's repository is refused, because reading on would
show code from outside the roots.
"""

from __future__ import annotations

import os
import re
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes_tools.private_git import GitFailed, PrivateGit, private_git

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REF = re.compile(r"refs/[^\s~^:?*\[\\\x00-\x1f\x7f]{1,1000}")
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SMALL = 1_000_000
_LARGE = 500_000_000
_MOST_ALTERNATES = 64
_MOST_REFS = 100_000
_BOOLEANS = {"true", "false", "input", "yes", "no", "on", "off", "1", "0", "lf", "crlf", "native", "auto"}
_VALUES = ("core.autocrlf", "core.eol", "core.filemode", "core.ignorecase", "core.symlinks", "core.precomposeunicode")
_NOT_HERE = "Send `paths`, `diff` or `code` instead, or set MANYEYES_ROOTS to a folder of a git repository."


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository's parts are: its work tree, its own git directory, and the one that it shares with others."""

    top: Path
    git_dir: Path
    common: Path


def find_repositories(roots: Sequence[Path]) -> list[tuple[Path, Repository]]:
    """The roots that are, or lie in, a git repository, in their order; at least one.

    Raises:
        BadCall: there is none, or the `.git` of the first one points elsewhere.
    """
    found: list[tuple[Path, Repository]] = []
    for root in roots:
        try:
            repository = _holding(root, roots)
        except BadCall:
            if not found:
                raise
            continue  # the call is for the first one, and this one is none that can be read
        if repository is not None:
            found.append((root, repository))
    if not found:
        raise BadCall(f"No root is a git repository. {_NOT_HERE}")
    return found


def _holding(root: Path, roots: Sequence[Path]) -> Repository | None:
    """The repository that a root is, or lies in."""
    for folder in (root, *root.parents):
        mark = folder / ".git"
        repository = _parts(folder, mark, roots) if mark.exists() else None
        if repository is not None:
            return repository
    return None


@contextmanager
def opened(repository: Repository, roots: Sequence[Path]) -> Iterator[PrivateGit]:
    """Git over a private copy of the repository's state.

    Raises:
        BadCall: git is not installed, or the repository cannot be read.
    """
    with private_git(repository.top, roots) as git:
        if git is None:
            raise BadCall("git is not installed on this machine. Send `paths`, `diff` or `code` instead.")
        _configure(repository, git)
        try:
            _copy_state(repository, git.folder)
        except OSError as error:
            raise BadCall(f"The git repository cannot be read: {(error.strerror or 'unknown').lower()}.") from None
        yield git


def _parts(top: Path, mark: Path, roots: Sequence[Path]) -> Repository | None:
    """The parts that a `.git` folder or file leads to; None when it is none of a repository."""
    named = mark
    if mark.is_file():
        line = (_text(mark) or "").strip()
        if not line.startswith("gitdir:"):
            return None
        named = top / line.removeprefix("gitdir:").strip()
    git_dir = Path(os.path.realpath(named))
    if not (git_dir / "HEAD").is_file():
        return None
    belongs = git_dir == top / ".git" or _inside(git_dir, roots) or _points_back(git_dir, top)
    common = git_dir
    shared = (_text(git_dir / "commondir") or "").strip()
    if shared:
        common = Path(os.path.realpath(git_dir / shared))
        belongs = belongs and git_dir.is_relative_to(common)
    objects = Path(os.path.realpath(common / "objects"))
    if not belongs or not (objects.is_relative_to(common) or _inside(objects, roots)):
        raise BadCall(f"The `.git` of {top} points at a repository outside the roots. {_NOT_HERE}")
    _no_borrowed_objects(top, common, objects, roots)
    return Repository(top, git_dir, common)


def _no_borrowed_objects(top: Path, common: Path, objects: Path, roots: Sequence[Path]) -> None:
    """See that a repository holds its own objects: alternates and links would show somebody else's files.

    Raises:
        BadCall: it borrows objects from outside the roots.
    """
    open_ends, seen = [objects], {objects}
    while open_ends and len(seen) <= _MOST_ALTERNATES:
        at = open_ends.pop()
        borrowed = [
            at / line
            for line in (_text(at / "info" / "alternates") or "").splitlines()
            if line.strip() and line[0] != "#"
        ]
        for folder in (at, at / "pack", at / "info"):
            if folder.is_dir():
                borrowed += [Path(entry.path) for entry in os.scandir(folder) if entry.is_symlink()]
        for path in {Path(os.path.realpath(path)) for path in borrowed} - seen:
            if not (path.is_relative_to(common) or _inside(path, roots)):
                raise BadCall(
                    f"The repository of {top} borrows objects from a folder outside the roots. "
                    "Add that folder to MANYEYES_ROOTS, or send `diff` or `paths`."
                )
            seen.add(path)
            open_ends.append(path)


def _points_back(git_dir: Path, top: Path) -> bool:
    """Whether a git directory elsewhere says itself that this is its work tree: linked work trees and submodules do."""
    back = (_text(git_dir / "gitdir") or "").strip()
    if back and Path(os.path.realpath(git_dir / back)) == top / ".git":
        return True
    worktree = re.search(r"(?m)^\s*worktree\s*=\s*\"?([^\"\n]+?)\"?\s*$", _text(git_dir / "config") or "")
    return bool(worktree) and Path(os.path.realpath(git_dir / worktree[1])) == top  # type: ignore[index]


def _inside(path: Path, roots: Sequence[Path]) -> bool:
    return any(path.is_relative_to(root) for root in roots)


def _configure(repository: Repository, git: PrivateGit) -> None:
    """Write our own configuration, with the plain values of the real one that change how files are read."""
    text = _text(repository.common / "config") or ""
    real = git.folder / "theirs"
    real.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        listed = git.run("config", "--file", str(real), "--no-includes", "--null", "--list")
    except GitFailed:
        raise BadCall(f"The git repository's configuration is broken. {_NOT_HERE}") from None
    finally:
        real.unlink()
    theirs = dict(item.partition("\n")[::2] for item in listed.decode("utf-8", "replace").split("\0") if "\n" in item)
    lines = ["[core]", "\tbare = false"]
    for key in _VALUES:
        value = theirs.get(key, "").lower()
        if value in _BOOLEANS:
            lines.append(f"\t{key.removeprefix('core.')} = {value}")
    extensions = [
        f"\t{name} = {value}"
        for name, allowed in (("objectformat", {"sha1", "sha256"}), ("refstorage", {"files", "reftable"}))
        if (value := theirs.get(f"extensions.{name}", "").lower()) in allowed
    ]
    lines.append(f"\trepositoryformatversion = {1 if extensions else 0}")
    if extensions:
        lines += ["[extensions]", *extensions]
    (git.folder / "config").write_text("\n".join(lines) + "\n", encoding="ascii")


def _copy_state(repository: Repository, folder: Path) -> None:  # noqa: C901 -- one step for each part
    """Copy HEAD, refs, index and the shallow boundary; name the objects."""
    head = (_text(repository.git_dir / "HEAD") or "").strip()
    if not (_HASH.fullmatch(head) or (head.startswith("ref: ") and _REF.fullmatch(head.removeprefix("ref: ")))):
        raise BadCall(f"The git repository's HEAD cannot be read. {_NOT_HERE}")
    (folder / "HEAD").write_text(head + "\n", encoding="utf-8")
    for name in ("ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD"):
        value = (_text(repository.git_dir / name) or "").split(maxsplit=1)
        if value and _HASH.fullmatch(value[0]):
            (folder / name).write_text(value[0] + "\n", encoding="ascii")
    _copy_refs(repository, folder)
    shallow = [line for line in (_text(repository.common / "shallow") or "").split() if _HASH.fullmatch(line)]
    if shallow:
        (folder / "shallow").write_text("\n".join(shallow) + "\n", encoding="ascii")
    for path in (repository.git_dir / "index", *sorted(repository.git_dir.glob("sharedindex.*"))):
        data = _bytes(path, _LARGE)
        if data is not None:
            (folder / path.name).write_bytes(data)
            # Git looks closer at files changed in the index's last second: that needs the index's own time.
            times = path.lstat()
            os.utime(folder / path.name, ns=(times.st_atime_ns, times.st_mtime_ns))
    reftable = repository.common / "reftable"
    if reftable.is_dir() and not reftable.is_symlink():
        (folder / "reftable").mkdir()
        for path in sorted(reftable.iterdir()):
            data = _bytes(path, _LARGE)
            if data is not None:
                (folder / "reftable" / path.name).write_bytes(data)
    objects = os.path.realpath(repository.common / "objects")
    if "\n" in objects:
        raise BadCall(f"The git repository's path holds a line break. {_NOT_HERE}")
    quoted = '"' + objects.replace("\\", "\\\\").replace('"', '\\"') + '"'
    line = quoted if objects.startswith(('"', "#")) else objects
    (folder / "objects" / "info" / "alternates").write_text(line + "\n", encoding="utf-8", errors="surrogateescape")


def _copy_refs(repository: Repository, folder: Path) -> None:
    """All refs as one packed file.  Links among them are not followed: they could lead to another repository's."""
    refs: dict[str, str] = {}
    for line in (_text(repository.common / "packed-refs", _LARGE) or "").splitlines():
        value, _, name = line.partition(" ")
        if _HASH.fullmatch(value) and _REF.fullmatch(name):
            refs[name] = value
    symbolic: dict[str, str] = {}
    for base in dict.fromkeys((repository.common, repository.git_dir)):
        for parent, folders, files in os.walk(base / "refs", followlinks=False):
            if (base / "refs").is_symlink():
                break
            folders.sort()
            for file in files:
                path = Path(parent) / file
                name = path.relative_to(base).as_posix()
                value = (_text(path) or "").strip()
                if not _REF.fullmatch(name) or len(refs) > _MOST_REFS:
                    continue
                if _HASH.fullmatch(value):
                    refs[name] = value
                elif value.startswith("ref: ") and _REF.fullmatch(value.removeprefix("ref: ")):
                    symbolic[name] = value.removeprefix("ref: ")
    refs.update({name: refs[target] for name, target in symbolic.items() if target in refs})
    lines = ["# pack-refs with: sorted", *(f"{refs[name]} {name}" for name in sorted(refs))]
    (folder / "packed-refs").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")


def _text(path: Path, most: int = _SMALL) -> str | None:
    data = _bytes(path, most)
    return None if data is None else data.decode("utf-8", "surrogateescape")


def _bytes(path: Path, most: int) -> bytes | None:
    """A regular file's bytes, without following a link or waiting for a pipe; None where there is no such file."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return None
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(most + 1)
    return data if len(data) <= most else None
