"""Which reader reads which file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeAlias

from manyeyes_tools.dependencies.dependency import Reading
from manyeyes_tools.dependencies.readers import (
    bundler,
    cargo,
    composer,
    cyclonedx,
    golang,
    gradle,
    maven,
    npm,
    nuget,
    pnpm,
    python_locks,
    python_projects,
    requirements,
    yarn,
)
from manyeyes_tools.dependencies.readers.parsing import Unreadable

Reader: TypeAlias = Callable[[str, str, Callable[[str], str | None]], Reading]
"""From a file's path and text, and a way to read files it includes, to what it says.  Raises `Unreadable`."""

BY_NAME: dict[str, Reader] = {
    "pyproject.toml": python_projects.pyproject,
    "setup.cfg": python_projects.setup_cfg,
    "setup.py": python_projects.setup_py,
    "Pipfile": python_projects.pipfile,
    "uv.lock": python_locks.uv,
    "poetry.lock": python_locks.poetry,
    "pdm.lock": python_locks.pdm,
    "Pipfile.lock": python_locks.pipfile_lock,
    "package.json": npm.package_json,
    "package-lock.json": npm.package_lock,
    "npm-shrinkwrap.json": npm.package_lock,
    "pnpm-lock.yaml": pnpm.lock,
    "yarn.lock": yarn.lock,
    "go.mod": golang.go_mod,
    "go.sum": golang.go_sum,
    "Cargo.toml": cargo.cargo_toml,
    "Cargo.lock": cargo.cargo_lock,
    "pom.xml": maven.pom,
    "gradle.lockfile": gradle.lock,
    "buildscript-gradle.lockfile": gradle.lock,
    "build.gradle": gradle.build,
    "build.gradle.kts": gradle.build,
    "composer.json": composer.manifest,
    "composer.lock": composer.lock,
    "Gemfile": bundler.manifest,
    "gems.rb": bundler.manifest,
    "Gemfile.lock": bundler.lock,
    "gems.locked": bundler.lock,
    "packages.lock.json": nuget.lock,
    "packages.config": nuget.config,
    "Directory.Packages.props": nuget.central,
    "Directory.Build.props": nuget.project,
    "Directory.Build.targets": nuget.project,
    "bom.json": cyclonedx.bom,
    "sbom.json": cyclonedx.bom,
}
_PATTERNS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"(?:.*[-_.])?requirements?(?:[-_.].*)?\.(?:txt|in|lock)"), requirements.read),
    (re.compile(r"pylock(?:\.[^.]+)?\.toml"), python_locks.pylock),
    (re.compile(r".*\.cdx\.json|.*[-_.]s?bom\.json"), cyclonedx.bom),
    (re.compile(r".*\.(?:cs|fs|vb)proj"), nuget.project),
    (re.compile(r".*\.lockfile"), gradle.lock),
    (re.compile(r".*\.versions\.toml"), gradle.catalog),
    (re.compile(r".*\.gradle(?:\.kts)?"), gradle.build),
    (re.compile(r"packages\.[^/]{1,200}\.lock\.json"), nuget.lock),
)
_IN_REQUIREMENTS = re.compile(r".*\.(?:txt|in)")
_UNMERGED = re.compile(r"^<<<<<<< .*$", re.MULTILINE)
_KNOWN_ONLY = frozenset(
    {
        "bun.lockb",
        "bun.lock",
        "deno.lock",
        "conda-lock.yml",
        "environment.yml",
        "mix.lock",
        "pubspec.lock",
        "Podfile.lock",
        "Package.resolved",
        "pixi.lock",
        "Cartfile.resolved",
    }
)
"""Locks that nothing here reads."""


def reader_for(path: str) -> Reader | None:
    """The reader of a file by its name; None when it is no manifest."""
    pure = PurePosixPath(path)
    if pure.name in BY_NAME:
        return BY_NAME[pure.name]
    if pure.parent.name == "requirements" and _IN_REQUIREMENTS.fullmatch(pure.name):
        return requirements.read
    return next((reader for pattern, reader in _PATTERNS if pattern.fullmatch(pure.name)), None)


def understood(path: str, text: str, fetch: Callable[[str], str | None], reader: Reader | None = None) -> Reading:
    """What a file says, whichever reader is its own.

    Args:
        path: Where it stands, relative to a root.
        text: What stands in it; line ends and a mark at its beginning do not matter.
        fetch: Reads further files by such a path; None for what is not there or may not be read.
        reader: The reader, where the path does not tell it.

    Raises:
        Unreadable: it is not what its name says, or a merge in it was not finished.
    """
    chosen = reader or reader_for(path)
    if chosen is None:
        raise Unreadable("no reader is for such a file")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "<<<<<<< " in text and (match := _UNMERGED.search(text)):
        line = text.count("\n", 0, match.start()) + 1
        raise Unreadable(f"a merge in it was not finished: its marks stand on line {line}")
    reading = chosen(path, text, fetch)
    named = tuple(one for one in reading.dependencies if one.name.strip())
    if nameless := len(reading.dependencies) - len(named):
        problem = f"entries without a name: {nameless}; they were not checked"
        return replace(reading, dependencies=named, problems=(*reading.problems, problem))
    return reading


def without_reader(path: str) -> bool:
    """Whether it is a lock of a kind that nothing here reads."""
    return PurePosixPath(path).name in _KNOWN_ONLY


def reader_by_content(text: str) -> Reader | None:
    """The reader of a manifest that came as text without a name, by what stands in it; None when it is none."""
    head = text.lstrip()[:20_000]
    if head.startswith("{"):
        return next((reader for word, reader in _JSON if word in head), None)
    for pattern, reader in _CONTENT:
        if pattern.search(head):
            return reader
    lines = [line for line in head.split("\n") if line.strip() and not line.lstrip().startswith(("#", "-"))]
    if lines and all(_REQUIREMENT.match(line.strip()) for line in lines[:200]):
        return requirements.read
    return None


_JSON: tuple[tuple[str, Reader], ...] = (
    ('"bomFormat"', cyclonedx.bom),
    ('"lockfileVersion"', npm.package_lock),
    ('"_meta"', python_locks.pipfile_lock),
    ('"packages-dev"', composer.lock),
    ('"resolved"', nuget.lock),
    ('"dependencies"', npm.package_json),
    ('"devDependencies"', npm.package_json),
    ('"require"', composer.manifest),
)
_CONTENT: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"^# yarn lockfile v1|^__metadata:", re.MULTILINE), yarn.lock),
    (re.compile(r"^lockfileVersion:", re.MULTILINE), pnpm.lock),
    (re.compile(r"^module \S+\s*$", re.MULTILINE), golang.go_mod),
    (re.compile(r"^\S+ v\S+ h1:", re.MULTILINE), golang.go_sum),
    (re.compile(r"<project[\s>]"), maven.pom),
    (re.compile(r"^source = \"registry\+", re.MULTILINE), cargo.cargo_lock),
    (re.compile(r"^source = \{ registry", re.MULTILINE), python_locks.uv),
    (re.compile(r"^\[\[package\]\]", re.MULTILINE), python_locks.poetry),
    (re.compile(r"^\[(?:project|tool\.poetry|dependency-groups)", re.MULTILINE), python_projects.pyproject),
    (re.compile(r"^\[package\]|^\[workspace\]", re.MULTILINE), cargo.cargo_toml),
    (re.compile(r"^GEM$", re.MULTILINE), bundler.lock),
)  # fmt: skip
_REQUIREMENT = re.compile(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*(?:(?:[<>=!~]=?|===)\s*[^\s;#]+.*|;.*|@\s*\S+.*|\\)$"
)

__all__ = ["Reader", "Unreadable", "reader_by_content", "reader_for", "understood", "without_reader"]
