"""How settings are read: from the operator's file, then from the environment, which wins."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.errors import SettingsError
from manyeyes.settings.environment import from_environment
from manyeyes.settings.faults import explain
from manyeyes.settings.folders import config_path, default_roots, existing
from manyeyes.settings.headers import with_variables
from manyeyes.settings.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.types import Json


def load(environ: Mapping[str, str] | None = None, *, cwd: Path | None = None) -> Settings:
    """Read the operator's settings.

    Args:
        environ: The environment; the process's own by default.
        cwd: The working directory, for the default root; the process's own by default.

    Raises:
        SettingsError: a file cannot be read, or a key or variable is unknown or has an impossible value.
    """
    environ = os.environ if environ is None else environ
    path = config_path(environ)
    values = _read_file(path, named=bool(environ.get("MANYEYES_CONFIG")))
    for key, value in from_environment(environ):
        _put(values, key, value)
    _name_variables(values, environ)
    if not values.get("roots"):
        values["roots"] = list(map(str, default_roots(Path.cwd() if cwd is None else cwd, environ)))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, path)) from None
    found, missing = existing(settings.roots)
    settings = settings.model_copy(update={"roots": found})
    settings._missing_roots = missing  # noqa: SLF001  # its own, which a copy cannot be given
    return settings


def _name_variables(values: dict[str, Json], environ: Mapping[str, str]) -> None:
    """Put what variables hold into the headers of [dast] that name them."""
    section = values.get("dast")
    headers = section.get("headers") if isinstance(section, dict) else None
    if isinstance(section, dict) and isinstance(headers, str):
        section["headers"] = with_variables(headers, environ)
    elif isinstance(section, dict) and isinstance(headers, dict):
        section["headers"] = {
            name: with_variables(value, environ) if isinstance(value, str) else value for name, value in headers.items()
        }


def _put(values: dict[str, Json], dotted: str, value: Json) -> None:
    *sections, key = dotted.split(".")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"`{section}` must be a section, [{section}].")
        values = inner
    values[key] = value


def _read_file(path: Path, *, named: bool) -> dict[str, Json]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if named:
            raise SettingsError(f"MANYEYES_CONFIG names {path}, which does not exist.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
