"""What a call gives to be looked at, read safely and held in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes.cores import AT_ONCE, THREADS
from manyeyes.errors import BadCall, NothingChanged
from manyeyes_tools import diffs, git
from manyeyes_tools.arguments import MaterialArguments
from manyeyes_tools.basket import Basket, Piece
from manyeyes_tools.folders import walk
from manyeyes_tools.globs import escaped, fixed_part, has_magic, matches
from manyeyes_tools.languages import ending_of, guess, language_of, named_language
from manyeyes_tools.material import Material, Origin, SourceFile
from manyeyes_tools.project import ProjectSettings, read_project, together
from manyeyes_tools.repository import find_repositories
from manyeyes_tools.roots import (
    OutOfReach,
    Place,
    Recoded,
    Refused,
    check_name,
    for_secrets,
    holds_secrets,
    inside,
    locate,
    read,
    require_roots,
)
from manyeyes_tools.sealing import sealed_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from manyeyes.redaction import Redactor
    from manyeyes.settings import Limits
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import CodeArguments

_COMPUTING = threading.BoundedSemaphore(THREADS)
"""Each call reads in a thread of its own; when they come to compute, only so many may at a time."""
_MOST_LINES = 1_000_000
_MOST_PATHS = 1_000
_NOTHING = "Send one of `code` (with `language`), `paths`, `diff` or `git`."


async def gather(arguments: CodeArguments, bench: Bench, *, sealed: bool = False) -> Material:
    """Read what a call names.  The work is done in a thread, and only what is under the roots is read.

    Args:
        arguments: Of the tool.
        bench: Knows the roots and limits.
        sealed: Whether files for secrets are read too, see `Material.sealed`.

    Raises:
        BadCall: not exactly one of the sources was given, or it cannot be read as asked.
    """
    work = partial(read_material, arguments, bench.roots, bench.settings.limits, bench.redactor, sealed=sealed)
    if arguments.code is not None and len(arguments.code) <= AT_ONCE:
        return work()
    limiter = anyio.CapacityLimiter(1)  # one thread for each call: the readers of a call do not wait for another's
    try:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
    except OutOfReach as error:
        missing = bench.settings.missing_roots
        if not missing:
            raise
        are = "is no folder" if len(missing) == 1 else "are no folders"
        raise OutOfReach(f"{error}\nMANYEYES_ROOTS: {', '.join(missing)} {are} on this machine.") from None


def read_material(
    arguments: CodeArguments, roots: Sequence[Path], limits: Limits, redactor: Redactor, *, sealed: bool = False
) -> Material:
    """The same as `gather`, in the calling thread."""
    diff, revisions = (arguments.diff, arguments.git) if isinstance(arguments, MaterialArguments) else (None, None)
    kinds = ("`diff`", "`git`") if isinstance(arguments, MaterialArguments) else ()
    given = [name for name in ("code", "paths", "diff", "git") if getattr(arguments, name, None) is not None]
    nothing = _NOTHING if kinds else "Send `code` (with `language`) or `paths`."
    if not given:
        raise BadCall(f"There is nothing to look at. {nothing}")
    if len(given) > 1:
        raise BadCall(f"`{given[0]}` and `{given[1]}` were both given. {nothing.replace('Send', 'Send only')}")
    if arguments.code is not None:
        return _from_code(arguments.code, arguments.language, limits, redactor)
    if arguments.paths is not None:
        return _from_paths(arguments.paths, roots, limits, redactor, sealed=sealed)
    if diff is not None:
        return _from_diff(diff, roots, limits, redactor, sealed=sealed)
    return _from_git(revisions or "", roots, limits, redactor, sealed=sealed)


def _from_code(code: str, language: str | None, limits: Limits, redactor: Redactor) -> Material:
    _check_text("code", code, limits.file_bytes)
    if not code.strip():
        raise BadCall("`code` is empty. Send the source text, or `paths`.")
    name = named_language(language) if language and language.strip() else guess(code)
    path = f"code.{ending_of(name)}"
    basket = Basket(limits, pieces=[Piece(path=path, text=code)])
    return _finished(basket, "code", redactor, language=name)


def _from_paths(
    paths: tuple[str, ...], roots: Sequence[Path], limits: Limits, redactor: Redactor, *, sealed: bool
) -> Material:
    basket = Basket(limits, sealed=[] if sealed else None)
    found = listed(paths, roots, basket)
    projects = {root: read_project(root) for root in dict.fromkeys(one.root for one in found)}
    project = together(settings for settings, _ in projects.values())
    basket.limits = project.lowered(limits)
    for one in sorted(found, key=lambda one: (one.relative, str(one.root))):
        basket.ignore = () if one.named else projects[one.root][0].ignore
        if not basket.wants(one.shown):
            continue
        try:
            place = inside(one.root, one.relative)
            text = read(place, basket.limits.file_bytes, sealed=sealed)
        except Refused as refused:
            if one.named and len(paths) == 1:
                raise BadCall(f"`{one.shown}` is not read: {refused}.") from None
            basket.skip(one.shown, str(refused))
            continue
        take = basket.seal if for_secrets(place, text) else basket.put
        take(Piece(path=one.shown, text=text))
    problems = tuple(problem for _, problems in projects.values() for problem in problems)
    return _finished(basket, "paths", redactor, project=project, problems=problems)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that paths name: how it is shown, where it lies, and whether the caller named it himself."""

    shown: str
    root: Path
    relative: str
    named: bool


def listed(paths: tuple[str, ...], roots: Sequence[Path], basket: Basket) -> list[Listed]:
    """The files that paths, folders and globs mean, none of them read yet, by name.

    Raises:
        BadCall: a path is none, lies outside the roots, or a glob fits nothing.
    """
    require_roots(roots)
    if not paths:
        raise BadCall("`paths` is empty. Send files, folders or globs relative to a root, such as `src`.")
    if len(paths) > _MOST_PATHS:
        raise BadCall(f"`paths` names more than {_MOST_PATHS:,}. Send folders or globs instead.")
    found: dict[tuple[Path, str], bool] = {}
    for name in paths:
        for item in _find(name, roots, basket):
            found[item.root, item.relative] = found.get((item.root, item.relative), False) or item.named
    every = (Listed(_display(root, path, roots), root, path, named) for (root, path), named in found.items())
    return sorted(every, key=lambda one: (one.shown, str(one.root)))


@dataclass(frozen=True, slots=True)
class _Found:
    """A file to read: `named` by the caller himself, or met in a folder or by a glob."""

    root: Path
    relative: str
    named: bool


def _find(name: str, roots: Sequence[Path], basket: Basket) -> list[_Found]:
    """The files that a path means: itself, those of a folder, or those that fit a glob."""
    check_name(name)
    try:
        place = locate(name, roots)
    except BadCall:
        if not has_magic(name):
            raise
        return _globbed(name, roots, basket)
    if not place.absolute.is_dir():
        return [_Found(place.root, place.relative, named=True)]
    if holds_secrets(f"{place.real}/x"):
        raise BadCall(f"`{name}` is a folder for secrets or git's own; it is not read.")
    return _walked(place, basket, roots)


def _walked(place: Place, basket: Basket, roots: Sequence[Path], pattern: str | None = None) -> list[_Found]:
    """The files below a folder, those that fit the pattern where there is one."""
    listing = walk(place.root, place.real, roots)
    basket.notes += listing.notes
    basket.skipped += [item for item in listing.skipped if pattern is None or matches(item.path, pattern)]
    files = [file for file in listing.files if pattern is None or matches(file, pattern)]
    return [_Found(place.root, file, named=False) for file in files]


def _globbed(pattern: str, roots: Sequence[Path], basket: Basket) -> list[_Found]:
    fixed = fixed_part(pattern)
    place = locate(fixed, roots)
    below = pattern if fixed == "." else pattern.removeprefix(fixed).lstrip("/")
    rest = below if place.real == "." else f"{escaped(place.real)}/{below}"
    try:
        matches("x", rest)
    except ValueError as error:
        raise BadCall(f"The glob `{pattern[:80]}` cannot be used: {error}.") from None
    met = len(basket.skipped)
    found = _walked(place, basket, roots, rest)
    if not found and len(basket.skipped) == met:
        raise BadCall(f"The glob `{pattern}` fits no file under {place.absolute} that .gitignore lets through.")
    return found


def _display(root: Path, relative: str, roots: Sequence[Path]) -> str:
    """How a file is named to others: relative to its root, behind the root's name where two roots have such a file."""
    for earlier in roots:
        if earlier == root:
            return relative
        if (earlier / relative).exists():
            return f"{root.name}/{relative}"
    return relative


def _from_diff(diff: str, roots: Sequence[Path], limits: Limits, redactor: Redactor, *, sealed: bool) -> Material:
    _check_text("diff", diff, limits.total_bytes)
    projects = [read_project(root) for root in roots[:1]]
    project = together(settings for settings, _ in projects)
    basket = Basket(project.lowered(limits), ignore=project.ignore, sealed=[] if sealed else None)
    merged: dict[str, list[diffs.Hunk]] = {}
    for file in diffs.parse(diff):
        name = file.new if file.new is not None else file.old or ""
        if not name.isprintable() or not name:
            basket.skip(ascii(name)[1:-1], "a name with unprintable characters")
        elif file.new is None:
            basket.notes.append(f"{name} was deleted")
        elif file.binary:
            basket.skip(name, "binary")
        elif not file.hunks:
            basket.notes.append(f"{name}: renamed or changed in mode only" + f" (was {file.old})" * (file.old != name))
        else:
            merged.setdefault(name, []).extend(file.hunks)
    for name in sorted(merged):
        if holds_secrets(name):
            _for_secrets(name, merged[name], basket)
        elif basket.wants(name):
            piece = _whole(name, merged[name], roots, basket.limits) or _partial(name, merged[name], basket)
            if piece is not None:
                basket.put(piece)
    problems = tuple(problem for _, problems in projects for problem in problems)
    return _finished(basket, "diff", redactor, project=project, problems=problems)


def _for_secrets(name: str, hunks: list[diffs.Hunk], basket: Basket) -> None:
    """A file for secrets in a diff: only what the diff itself shows, and only where such files are searched."""
    if basket.sealed is None:
        basket.skip(name, "may hold secrets, by its name")
    elif (piece := _partial(name, hunks, basket)) is not None:
        basket.seal(piece)


def _whole(name: str, hunks: list[diffs.Hunk], roots: Sequence[Path], limits: Limits) -> Piece | None:
    """The whole file with its changed lines, where a root holds it as the diff leaves it."""
    if not roots:
        return None
    try:
        text = read(locate(name, roots), limits.file_bytes)
    except (BadCall, Refused):
        return None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for hunk in hunks:
        first = hunk.start - 1
        if lines[first : first + len(hunk.lines)] != [line.removesuffix("\r") for line in hunk.lines]:
            return None
    changed = frozenset[int]().union(*(hunk.changed for hunk in hunks))
    return Piece(path=name, text=text, changed=changed)


def _partial(name: str, hunks: list[diffs.Hunk], basket: Basket) -> Piece | None:
    """The lines that the diff shows, at their numbers, with nothing in between."""
    known = [hunk for hunk in sorted(hunks, key=lambda hunk: hunk.start) if hunk.lines]
    if not known:
        basket.notes.append(f"{name}: lines were only taken out")
        return None
    last = max(hunk.start + len(hunk.lines) - 1 for hunk in known)
    if last > min(_MOST_LINES, basket.limits.file_bytes):
        basket.skip(name, f"its diff speaks of line {last:,}, which is more than can be held")
        return None
    lines = [""] * last
    parts: list[tuple[int, int]] = []
    for hunk in known:
        first, end = max(hunk.start, 1), max(hunk.start, 1) + len(hunk.lines) - 1
        lines[first - 1 : end] = hunk.lines
        if parts and first <= parts[-1][1] + 1:
            parts[-1] = (parts[-1][0], max(parts[-1][1], end))
        else:
            parts.append((first, end))
    changed = frozenset[int]().union(*(hunk.changed for hunk in known))
    text = "\n".join(lines) + "\n"
    return Piece(path=name, text=text, changed=changed, partial=True, parts=tuple(parts))


def _from_git(revisions: str, roots: Sequence[Path], limits: Limits, redactor: Redactor, *, sealed: bool) -> Material:
    """What changed in the first root that is a repository; where nothing did, in the next one."""
    require_roots(roots)
    every = find_repositories(roots)
    for number, (root, repository) in enumerate(every):
        project, problems = read_project(root)
        basket = Basket(project.lowered(limits), ignore=project.ignore, sealed=[] if sealed else None)
        try:
            git.collect(revisions, root, repository, roots, basket)
        except NothingChanged:
            if number < len(every) - 1:
                continue
            raise
        break
    if same := every[:number]:
        basket.notes.append(f"nothing has changed in {', '.join(other.name for other, _ in same)}")
    if left := every[number + 1 :]:
        others = ", ".join(other.name for other, _ in left)
        basket.notes.append(f"of several roots only {root.name} was compared, not {others}")
    return _finished(basket, "git", redactor, project=project, problems=problems)


def _finished(
    basket: Basket,
    origin: Origin,
    redactor: Redactor,
    *,
    language: str | None = None,
    project: ProjectSettings | None = None,
    problems: tuple[str, ...] = (),
) -> Material:
    """Mask what was read: what one file teaches of secrets is masked in all of them."""
    with _COMPUTING:
        masked = redactor.mask_all([(piece.path, piece.text) for piece in basket.pieces])
    files = tuple(
        SourceFile(
            path=piece.path,
            language=language or language_of(piece.path, piece.text),
            text=piece.text,
            masked=hidden,
            changed=piece.changed,
            partial=piece.partial,
            parts=piece.parts,
            plain=not isinstance(piece.text, Recoded),
        )
        for piece, hidden in zip(basket.pieces, masked, strict=True)
    )
    apart = tuple(
        SourceFile(
            path=piece.path,
            language="text",
            text=piece.text,
            masked=sealed_text(piece.text),
            changed=piece.changed,
            partial=piece.partial,
            parts=piece.parts,
        )
        for piece in basket.sealed or ()
    )
    notes = tuple(dict.fromkeys(redactor.mask_values(note) for note in basket.notes))
    return Material(
        files=tuple(sorted(files, key=lambda file: file.path)),
        skipped=basket.left_out(),
        notes=notes,
        origin=origin,
        project=project or ProjectSettings(),
        problems=problems,
        sealed=tuple(sorted(apart, key=lambda file: file.path)),
    )


def _check_text(name: str, text: str, most: int) -> None:
    """Raise `BadCall` for text that is no text, or too much of it."""
    if "\0" in text:
        raise BadCall(f"`{name}` holds a NUL byte at position {text.index(chr(0))}: that is binary data, not source.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise BadCall(
            f"`{name}` holds half of a surrogate pair at position {error.start}; send valid Unicode."
        ) from None
    if size > most:
        raise BadCall(f"`{name}` has {size:,} bytes; at most {most:,} are read. Send a part of it, or `paths`.")
