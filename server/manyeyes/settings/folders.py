"""Where the operator's file and what is kept lie, and which folders may be read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_MARKS = (".git", ".hg", "pyproject.toml", "package.json", "go.mod", "Cargo.toml", "pom.xml", "setup.py")
"""What makes a folder a project."""


def config_path(environ: Mapping[str, str]) -> Path:
    """Where the operator's file lies (it need not exist): `MANYEYES_CONFIG`, else the user's configuration folder."""
    if named := environ.get("MANYEYES_CONFIG"):
        return Path(named).expanduser()
    return user_folder(environ, "config") / "manyeyes.toml"


def user_folder(environ: Mapping[str, str], kind: Literal["config", "data"]) -> Path:
    """The user's own folder for Many Eyes, by each system's custom (XDG, Library, AppData)."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home())
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "manyeyes"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "manyeyes"
    variable, fallback = (
        ("XDG_CONFIG_HOME", home / ".config") if kind == "config" else ("XDG_DATA_HOME", home / ".local" / "share")
    )
    return Path(environ.get(variable) or fallback) / "manyeyes"


def default_roots(cwd: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The working directory when it is a project, and nothing when it is a home, `/` or just some folder."""
    cwd = cwd.resolve()
    return (cwd,) if is_project(cwd) and not holds_home(cwd, environ) else ()


def holds_home(folder: Path, environ: Mapping[str, str]) -> bool:
    """Whether a folder, resolved, is the user's home or one that it lies in."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or Path.home()).resolve()
    return home.is_relative_to(folder)


def is_project(folder: Path) -> bool:
    """Whether a folder has what makes it a project."""
    return any((folder / mark).exists() for mark in PROJECT_MARKS)


def existing(roots: tuple[Path, ...]) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The roots that are folders, resolved, and those that are none.

    A server that did not start for one of them could tell its client nothing; so each call names them instead.
    """
    found: dict[Path, None] = {}
    missing: dict[str, None] = {}
    for root in roots:
        try:
            real = root.expanduser().resolve()
            there = real.is_dir()
        except (OSError, RuntimeError, ValueError):  # no such user, a circle of links, a character no path has
            real, there = root, False
        if there:
            found[real] = None
        else:
            missing[str(real)] = None
    return tuple(found), tuple(missing)
