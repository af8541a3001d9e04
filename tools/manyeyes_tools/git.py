"""The `git` argument: what changed, by a repository's own account, without running anything of the repository's.

`staged` is the index against HEAD, `working` the work tree against HEAD with new files, and anything else means what
it means to `git diff`: `HEAD~1` the work tree against that commit, `main..HEAD` one commit against another,
`main...feature` what the branch did since it left.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall, NothingChanged
from manyeyes_tools import diffs
from manyeyes_tools.basket import Basket, Piece
from manyeyes_tools.folders import walk
from manyeyes_tools.private_git import GitFailed, PrivateGit
from manyeyes_tools.repository import Repository, opened
from manyeyes_tools.roots import Refused, decode, holds_secrets, inside, is_account, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_REVISION = re.compile(r"[\w@][\w@{}^~./+#=-]{0,250}")
_HOW = "Send `staged`, `working`, a revision such as `HEAD~1`, or a range such as `main...HEAD`."
_WORDS = ("staged", "working")
_MOST_NAMES = 2_000
"""Branches and tags that are looked through for the one that may have been meant."""
_DIFF = (
    "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all", "--find-renames", "-l500",
    "--full-index", "--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "--text", "--diff-algorithm=histogram",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Entry:
    """A changed file as `git diff --raw` names it.  `blob` is None where the new side lies in the work tree."""

    path: str
    mode: str
    blob: str | None
    status: str


def collect(argument: str, root: Path, repository: Repository, roots: Sequence[Path], basket: Basket) -> None:
    """Put the files changed below `root` into the basket, with their changed lines.

    Raises:
        BadCall: no git, an unknown revision, or something that is no revision at all.
    """
    wanted = argument.strip()
    if wanted not in _WORDS:
        _check(wanted)
    with opened(repository, roots) as git:
        sides = _sides(git, wanted)
        prefix = root.relative_to(repository.top).as_posix()
        prefix = "" if prefix == "." else prefix + "/"
        limit = ("--", prefix) if prefix else ("--",)
        try:
            raw = git.run("diff", *_DIFF, "--raw", "-z", "--abbrev=64", *sides, *limit)
            patch = git.run("diff", *_DIFF, "--patch", "--unified=1", *sides, *limit)
            known = set(git.run("ls-files", "-z", "--cached", *limit).split(b"\0")) if wanted == "working" else set()
        except GitFailed as failure:
            raise BadCall(f"git could not compare: {_plain(failure)}. {_HOW}") from None
        changed = {
            diff.new: diff.changed for diff in (diffs.parse(_decoded(patch)) if patch else ()) if diff.new is not None
        }
        entries = list(_entries(raw))
        if wanted == "working":
            entries += _fresh(root, prefix, known, roots, basket)
        _gather(git, root, prefix, sorted(entries, key=lambda entry: entry.path), changed, basket)
    if not basket.pieces and not basket.sealed and not basket.skipped and not basket.notes:
        where = "since the last commit" if wanted == "working" else f"in `{wanted}`"
        raise NothingChanged(f"There are no changes {where}. Name `paths` to look at whole files. {_HOW}")


def _check(wanted: str) -> None:
    """Raise `BadCall` for what is no revision or range, before git sees it."""
    for side in re.split(r"\.\.\.?", wanted, maxsplit=1):
        if side and (not _REVISION.fullmatch(side) or ".." in side):
            raise BadCall(f"`{ascii(wanted[:60])[1:-1]}` is no revision or range. {_HOW}")
    if not wanted:
        raise BadCall(f"`git` is empty. {_HOW}")


def _sides(git: PrivateGit, wanted: str) -> tuple[str, ...]:
    """The arguments of `git diff` for what is wanted: options and resolved commits only."""
    if wanted in _WORDS:
        head = _commit(git, "HEAD", missing=None) or _empty_tree(git)
        return ("--cached", head) if wanted == "staged" else (head,)
    match = re.search(r"\.\.\.?", wanted)
    if match is None:
        return (str(_commit(git, wanted, missing=wanted)),)
    left = str(_commit(git, wanted[: match.start()] or "HEAD", missing=wanted))
    right = str(_commit(git, wanted[match.end() :] or "HEAD", missing=wanted))
    if match[0] == "...":
        try:
            left = git.run("merge-base", left, right).decode("ascii").split()[0]
        except (GitFailed, IndexError):
            raise BadCall(f"The two sides of `{wanted}` have no common ancestor. Send `A..B` instead.") from None
    return (left, right)


def _commit(git: PrivateGit, name: str, *, missing: str | None) -> str | None:
    """The commit that a name stands for; where `missing` is None, an unknown name is None too."""
    try:
        output = git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except GitFailed:
        if missing is None:
            return None
        raise BadCall(_unknown(git, name)) from None
    return output.decode("ascii").split()[-1]


def _unknown(git: PrivateGit, name: str) -> str:
    """That there is no such revision, and what may have been meant."""
    base = re.split(r"[~^]", name, maxsplit=1)[0]
    if base != name and (known := _commit(git, base, missing=None)):
        count = int(git.run("rev-list", "--count", "--first-parent", known))
        commits = "1 commit" if count == 1 else f"{count} commits"
        first = f" `{base}~{count - 1}` is the first." if count > 1 else " Send `staged`, `working`, or a branch."
        return f"There is no revision `{name}`: the history of `{base}` has {commits} here.{first}"
    names = git.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes")
    close = get_close_matches(name, [*_WORDS, "HEAD", *_decoded(names).split()[:_MOST_NAMES]], n=1)
    hint = f" Did you mean `{close[0]}`?" if close else ""
    return f"There is no revision `{name}` in this repository.{hint} {_HOW}"


def _empty_tree(git: PrivateGit) -> str:
    return git.run("hash-object", "-w", "-t", "tree", "--stdin").decode("ascii").strip()


def _entries(raw: bytes) -> Iterator[_Entry]:
    """The records of `git diff --raw -z`."""
    fields = iter(raw.split(b"\0"))
    for head in fields:
        if not head:
            return
        _, mode, _, blob, status = head.decode("ascii").lstrip(":").split()
        path = next(fields)
        if status[0] in "RC":
            path = next(fields)
        yield _Entry(os.fsdecode(path), mode, blob if set(blob) != {"0"} else None, status[0])


def _fresh(root: Path, prefix: str, known: set[bytes], roots: Sequence[Path], basket: Basket) -> list[_Entry]:
    """The files that git does not know yet, but for ignored ones."""
    listing = walk(root, ".", roots)
    basket.notes += listing.notes
    paths = [prefix + file for file in listing.files]
    return [_Entry(path, "100644", None, "A") for path in paths if os.fsencode(path) not in known]


def _gather(  # noqa: PLR0917 -- all of them come from one place
    git: PrivateGit,
    root: Path,
    prefix: str,
    entries: list[_Entry],
    changed: dict[str, frozenset[int]],
    basket: Basket,
) -> None:
    sizes = _sizes(git, [entry.blob for entry in entries if entry.blob is not None])
    for entry in entries:
        path = entry.path.removeprefix(prefix)
        if not path.isprintable():
            basket.skip(ascii(path)[1:-1], "a name with unprintable characters")
        elif entry.status == "D":
            basket.notes.append(f"{path} was deleted")
        elif entry.mode == "160000":
            basket.notes.append(f"{path} is a submodule; what changed in it was not looked at")
        elif entry.status == "U":
            basket.skip(path, "in conflict: merge it first")
        elif entry.mode == "120000":
            basket.skip(path, "a link")
        elif basket.wants(path):
            try:
                text = _new_side(
                    git, root, path, entry, sizes, basket.limits.file_bytes, sealed=basket.sealed is not None
                )
            except Refused as refused:
                basket.skip(path, str(refused))
                continue
            lines = changed.get(entry.path)
            whole = lines is None and entry.status == "A"
            take = basket.seal if holds_secrets(path) or is_account(path, text) else basket.put
            take(Piece(path=path, text=text, changed=None if whole else lines or frozenset()))


def _new_side(  # noqa: PLR0917 -- as above
    git: PrivateGit, root: Path, path: str, entry: _Entry, sizes: dict[str, int], most: int, *, sealed: bool
) -> str:
    if entry.blob is None:
        return read(inside(root, path), most, sealed=sealed)
    if holds_secrets(path) and not sealed:
        raise Refused("may hold secrets, by its name")
    size = sizes.get(entry.blob)
    if size is None:
        # git names the work tree's version without having stored it
        return read(inside(root, path), most, sealed=sealed)
    if size > most:
        raise Refused(f"larger than {most:,} bytes ({size:,})")
    try:
        return decode(git.run("cat-file", "blob", entry.blob), path, sealed=sealed)
    except GitFailed as failure:
        raise Refused(f"git cannot read it: {_plain(failure)}") from None


def _sizes(git: PrivateGit, blobs: list[str]) -> dict[str, int]:
    """The sizes of blobs in bytes, asked in one go; missing ones are left out."""
    if not blobs:
        return {}
    output = git.run("cat-file", "--batch-check", given=("\n".join(blobs) + "\n").encode("ascii"))
    rows = [line.split() for line in output.decode("ascii").splitlines()]
    return {row[0]: int(row[2]) for row in rows if len(row) == 3}  # noqa: PLR2004 -- name, type, size


def _decoded(patch: bytes) -> str:
    return patch.decode("utf-8", "replace")


def _plain(failure: GitFailed) -> str:
    return str(failure).removeprefix("fatal: ").removeprefix("error: ").rstrip(".") or "unknown reason"
