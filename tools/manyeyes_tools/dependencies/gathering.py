"""The manifests, locks and code of one call, read safely.  Nothing of it is executed or unpacked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes.redaction import Redactor
from manyeyes_tools.basket import Basket, Piece
from manyeyes_tools.dependencies.dependency import Reading
from manyeyes_tools.dependencies.readers.parsing import Unreadable
from manyeyes_tools.dependencies.readers.registry import reader_by_content, reader_for, understood, without_reader
from manyeyes_tools.languages import language_of
from manyeyes_tools.material import Material
from manyeyes_tools.project import ProjectSettings, read_project, together
from manyeyes_tools.roots import Refused, inside, locate, read
from manyeyes_tools.sources import Listed, listed, read_material

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from manyeyes.settings import Limits
    from manyeyes_tools.arguments import ScanArguments

_CODE = frozenset({"python", "javascript", "typescript", "go", "rust", "java", "kotlin", "php", "ruby", "csharp"})
READ = (
    "requirements*.txt, pyproject.toml, setup.py, Pipfile, uv.lock, poetry.lock, pdm.lock, package.json, "
    "package-lock.json, pnpm-lock.yaml, yarn.lock, go.mod, Cargo.toml, Cargo.lock, pom.xml, gradle.lockfile, "
    "build.gradle, libs.versions.toml, composer.lock, Gemfile.lock, packages.lock.json, *.csproj, CycloneDX (bom.json)"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text.  `changed` are the lines that a diff changed; None when all of it counts."""

    path: str
    language: str
    text: str
    changed: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a call is about.

    Attributes:
        readings: What each manifest says, by its path.
        texts: The manifests themselves.
        sources: The project's own code.
        problems: What should have been read and was not, one line each.
        notes: What was left alone on purpose, and what else is worth knowing.
        project: The project's own settings.
    """

    readings: Mapping[str, Reading]
    texts: Mapping[str, Source]
    sources: tuple[Source, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    project: ProjectSettings


def gather(arguments: ScanArguments, roots: Sequence[Path], limits: Limits) -> Gathered:
    """Read what a call names.  Blocking: to be called in a worker thread.

    Raises:
        BadCall: not exactly one source was given, or it cannot be read as asked.
    """
    if arguments.paths is not None and not any((arguments.code, arguments.diff, arguments.git)):
        return _from_paths(arguments.paths, roots, limits)
    wide = limits.model_copy(update={"file_bytes": max(limits.file_bytes, limits.lock_bytes)})
    # Nothing of it goes to a model, and only the lines of findings are shown; those are masked then.
    material = read_material(arguments, roots, wide, Redactor(enabled=False))
    return _from_material(material, roots, limits)


def _from_paths(paths: tuple[str, ...], roots: Sequence[Path], limits: Limits) -> Gathered:
    """Manifests first, so that no amount of code takes their room."""
    basket = Basket(limits)
    every = listed(paths, roots, basket)
    projects = {root: read_project(root) for root in dict.fromkeys(one.root for one in every)}
    project = together(settings for settings, _ in projects.values())
    lower = project.lowered(limits)
    locks = lower.model_copy(update={"file_bytes": min(limits.lock_bytes, limits.total_bytes)})
    manifests = Basket(locks, skipped=basket.skipped, notes=basket.notes)
    code = Basket(lower)
    for one in every:
        kind = reader_for(one.relative)
        into = manifests if kind or one.named else code
        ignore = () if one.named else projects[one.root][0].ignore
        if without_reader(one.relative):
            manifests.skip(one.shown, "a lock of a kind that is not read here")
        elif kind or one.named or language_of(one.relative) in _CODE:
            into.ignore = ignore
            _take(one, into)
    texts = {
        piece.path: Source(piece.path, language_of(piece.path, piece.text), piece.text) for piece in manifests.pieces
    }
    fetch = _fetching(roots, limits, texts)
    readings, problems = _readings(texts, fetch)
    sources = [one for path, one in texts.items() if path not in readings and one.language in _CODE]
    sources += [Source(piece.path, language_of(piece.path, piece.text), piece.text) for piece in code.pieces]
    material = Material(files=(), skipped=manifests.left_out(), notes=tuple(dict.fromkeys(manifests.notes)))
    unread = code.left_out()
    notes = [*material.left_alone(), *(note for one in readings.values() for note in one.notes)]
    if unread:
        notes.append(f"Code files that were not read: {len(unread)}; what they use does not count.")
    wrong = [problem for _, said in projects.values() for problem in said]
    return Gathered(
        readings=readings,
        texts={path: one for path, one in texts.items() if path in readings},
        sources=tuple(sources),
        problems=(*wrong, *material.missing(), *problems),
        notes=tuple(dict.fromkeys(notes)),
        project=project,
    )


def _take(one: Listed, basket: Basket) -> None:
    if not basket.wants(one.shown):
        return
    try:
        text = read(inside(one.root, one.relative), basket.limits.file_bytes)
    except Refused as refused:
        basket.skip(one.shown, str(refused))
        return
    basket.put(Piece(path=one.shown, text=text))


def _from_material(material: Material, roots: Sequence[Path], limits: Limits) -> Gathered:
    texts: dict[str, Source] = {}
    problems: list[str] = []
    readings: dict[str, Reading] = {}
    for file in material.files:
        if file.partial and reader_for(file.path):
            problems.append(f"{file.path}: only the lines of a diff are known, so it was not read.")
            continue
        texts[file.path] = Source(file.path, file.language, file.text, file.changed)
    if material.origin == "code":
        for path, one in texts.items():
            reader = reader_by_content(one.text) if one.language != "python" else None
            if reader is not None:
                readings[path] = _read(reader, path, one.text, lambda _path: None, problems)
    else:
        readings, wrong = _readings(texts, _fetching(roots, limits, texts))
        problems += wrong
    return Gathered(
        readings=readings,
        texts={path: one for path, one in texts.items() if path in readings},
        sources=tuple(one for path, one in texts.items() if path not in readings and one.language in _CODE),
        problems=(*material.missing(), *problems),
        notes=(*material.left_alone(), *(note for one in readings.values() for note in one.notes)),
        project=material.project,
    )


def _readings(texts: Mapping[str, Source], fetch: Callable[[str], str | None]) -> tuple[dict[str, Reading], list[str]]:
    readings: dict[str, Reading] = {}
    problems: list[str] = []
    for path, one in texts.items():
        reader = reader_for(path)
        if reader is not None:
            readings[path] = _read(reader, path, one.text, fetch, problems)
    return readings, problems


def _read(
    reader: Callable[[str, str, Callable[[str], str | None]], Reading],
    path: str,
    text: str,
    fetch: Callable[[str], str | None],
    problems: list[str],
) -> Reading:
    try:
        reading = understood(path, text, fetch, reader)
    except Unreadable as error:
        problems.append(f"{path} was not understood ({error}), so nothing in it was checked.")
        return Reading()
    named = PurePosixPath(path).name
    problems += [problem if problem.startswith((path, named)) else f"{path}: {problem}" for problem in reading.problems]
    return reading


def _fetching(roots: Sequence[Path], limits: Limits, texts: Mapping[str, Source]) -> Callable[[str], str | None]:
    """Reads files that others include: those at hand, and those under the roots."""

    def fetch(path: str) -> str | None:
        if path in texts:
            return texts[path].text
        try:
            return read(locate(path, roots), limits.lock_bytes)
        except (BadCall, Refused):
            return None

    return fetch
