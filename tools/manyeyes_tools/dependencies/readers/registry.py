"""Which reader reads which file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TypeAlias

from manyeyes_tools.dependencies.dependency import Reading
from manyeyes_tools.dependencies.readers import (
    cargo,
    cyclonedx,
    golang,
    jvm,
    npm,
    others,
    python_locks,
    python_projects,
    requirements,
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
    "pnpm-lock.yaml": npm.pnpm_lock,
    "yarn.lock": npm.yarn_lock,
    "go.mod": golang.go_mod,
    "go.sum": golang.go_sum,
    "Cargo.toml": cargo.cargo_toml,
    "Cargo.lock": cargo.cargo_lock,
    "pom.xml": jvm.pom,
    "gradle.lockfile": jvm.gradle_lock,
    "buildscript-gradle.lockfile": jvm.gradle_lock,
    "build.gradle": jvm.gradle_build,
    "build.gradle.kts": jvm.gradle_build,
    "composer.json": others.composer_json,
    "composer.lock": others.composer_lock,
    "Gemfile": others.gemfile,
    "gems.rb": others.gemfile,
    "Gemfile.lock": others.gemfile_lock,
    "gems.locked": others.gemfile_lock,
    "packages.lock.json": others.nuget_lock,
    "packages.config": others.msbuild,
    "Directory.Packages.props": others.msbuild,
    "bom.json": cyclonedx.bom,
    "sbom.json": cyclonedx.bom,
}
_PATTERNS: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"(?:.*[-_.])?requirements?(?:[-_.].*)?\.(?:txt|in|lock)"), requirements.read),
    (re.compile(r"pylock(?:\.[^.]+)?\.toml"), python_locks.pylock),
    (re.compile(r".*\.cdx\.json|.*[-_.]s?bom\.json"), cyclonedx.bom),
    (re.compile(r".*\.(?:cs|fs|vb)proj"), others.msbuild),
    (re.compile(r".*\.lockfile"), jvm.gradle_lock),
)
_IN_REQUIREMENTS = re.compile(r".*\.(?:txt|in)")
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
    ('"packages-dev"', others.composer_lock),
    ('"resolved"', others.nuget_lock),
    ('"dependencies"', npm.package_json),
    ('"devDependencies"', npm.package_json),
    ('"require"', others.composer_json),
)
_CONTENT: tuple[tuple[re.Pattern[str], Reader], ...] = (
    (re.compile(r"^# yarn lockfile v1|^__metadata:", re.MULTILINE), npm.yarn_lock),
    (re.compile(r"^lockfileVersion:", re.MULTILINE), npm.pnpm_lock),
    (re.compile(r"^module \S+\s*$", re.MULTILINE), golang.go_mod),
    (re.compile(r"^\S+ v\S+ h1:", re.MULTILINE), golang.go_sum),
    (re.compile(r"<project[\s>]"), jvm.pom),
    (re.compile(r"^source = \"registry\+", re.MULTILINE), cargo.cargo_lock),
    (re.compile(r"^source = \{ registry", re.MULTILINE), python_locks.uv),
    (re.compile(r"^\[\[package\]\]", re.MULTILINE), python_locks.poetry),
    (re.compile(r"^\[(?:project|tool\.poetry|dependency-groups)", re.MULTILINE), python_projects.pyproject),
    (re.compile(r"^\[package\]|^\[workspace\]", re.MULTILINE), cargo.cargo_toml),
    (re.compile(r"^GEM$", re.MULTILINE), others.gemfile_lock),
)  # fmt: skip
_REQUIREMENT = re.compile(
    r"^[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*(?:(?:[<>=!~]=?|===)\s*[^\s;#]+.*|;.*|@\s*\S+.*|\\)$"
)

__all__ = ["Reader", "Unreadable", "reader_by_content", "reader_for", "without_reader"]
