"""Reads the locks of Python's package managers: uv, poetry, pdm, Pipenv, and pylock.toml."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading, canonical
from manyeyes_tools.dependencies.readers.parsing import (
    Unreadable,
    first_line,
    json_object,
    key_lines,
    keys_of,
    package_lines,
    rows,
    table,
    text_of,
    toml_table,
)
from manyeyes_tools.dependencies.readers.requirements import requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import Json

_PUBLIC = re.compile(r"https://(?:pypi(?:\.python)?|files\.pythonhosted)\.org/")


def uv(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """uv.lock: what the project's own entry needs is direct."""
    packages = _packages(toml_table(text))
    lines = package_lines(text)
    own = [one for one in packages if keys_of(one.get("source"))[:1] in {("virtual",), ("editable",), ("directory",)}]
    direct = {name for one in own for name in _uv_needs(one, every=True)}
    found = []
    for index, one in enumerate(packages):
        if one in own:
            continue
        source = table(one.get("source"))
        name = text_of(one.get("name"))
        public = bool(_PUBLIC.match(text_of(source.get("registry")))) or not source
        local = bool({"path", "directory", "editable", "virtual"} & set(source))
        found.append(
            _locked(
                one,
                first_line(lines, index),
                origin="registry" if public else "local" if local else "elsewhere",
                direct=(canonical(Ecosystem.PYPI, name) in direct) if own else None,
                needs=_uv_needs(one),
            )
        )
    return Reading(dependencies=tuple(found))


def _uv_needs(one: Mapping[str, Json], *, every: bool = False) -> tuple[str, ...]:
    lists = [rows(one.get("dependencies"))]
    if every:
        lists += [rows(value) for key in ("optional-dependencies", "dev-dependencies", "dependency-groups")
                  for value in table(one.get(key)).values()]  # fmt: skip
    return tuple(canonical(Ecosystem.PYPI, text_of(table(need).get("name"))) for said in lists for need in said)


def poetry(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """poetry.lock, all versions; which are direct stands in pyproject.toml."""
    lines = package_lines(text)
    found = []
    for index, one in enumerate(_packages(toml_table(text))):
        kind = text_of(table(one.get("source")).get("type"))
        origin: Origin = "registry" if not kind else "local" if kind in {"directory", "file"} else "elsewhere"
        needs = tuple(canonical(Ecosystem.PYPI, name) for name in keys_of(one.get("dependencies")))
        groups = [text_of(group) for group in rows(one.get("groups"))]
        development = text_of(one.get("category")) == "dev" or bool(groups and "main" not in groups)
        found.append(_locked(one, first_line(lines, index), origin=origin, needs=needs, development=development))
    return Reading(dependencies=tuple(found))


def pdm(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """pdm.lock."""
    lines = package_lines(text)
    found = []
    for index, one in enumerate(_packages(toml_table(text))):
        elsewhere = any(key in one for key in ("git", "url", "ref"))
        origin: Origin = "local" if "path" in one else "elsewhere" if elsewhere else "registry"
        asked = [requirement(text_of(need), 1) for need in rows(one.get("dependencies"))]
        needs = tuple(need.package for need in asked if need)
        groups = [text_of(group) for group in rows(one.get("groups"))]
        found.append(
            _locked(
                one,
                first_line(lines, index),
                origin=origin,
                needs=needs,
                development=bool(groups) and "default" not in groups,
            )
        )
    return Reading(dependencies=tuple(found))


def pylock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """pylock.toml, the format that Python's packagers agreed on."""
    whole = toml_table(text)
    text = text.replace("[[packages]]", "[[package]]")
    lines = package_lines(text)
    found = []
    for index, one in enumerate(rows(whole.get("packages"))):
        told = table(one)
        index_url = text_of(told.get("index"))
        elsewhere = any(key in told for key in ("vcs", "archive")) or (index_url and not _PUBLIC.match(index_url))
        origin: Origin = "local" if "directory" in told else "elsewhere" if elsewhere else "registry"
        needs = tuple(
            canonical(Ecosystem.PYPI, text_of(table(need).get("name"))) for need in rows(told.get("dependencies"))
        )
        found.append(_locked(told, first_line(lines, index), origin=origin, needs=needs))
    return Reading(dependencies=tuple(found))


def pipfile_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """Pipfile.lock; which are direct stands in Pipfile."""
    whole = json_object(text)
    if "default" not in whole and "develop" not in whole:
        raise Unreadable("it has neither `default` nor `develop`")
    lines = key_lines(text, opening=True)
    private = {
        text_of(table(source).get("name"))
        for source in rows(table(whole.get("_meta")).get("sources"))
        if not _PUBLIC.match(text_of(table(source).get("url")))
    }
    found = []
    for section in ("default", "develop"):
        for name, value in table(whole.get(section)).items():
            told = table(value)
            version = text_of(told.get("version"))
            index = text_of(told.get("index"))
            elsewhere = any(key in told for key in ("git", "file", "ref")) or (bool(index) and index in private)
            found.append(
                Dependency(
                    ecosystem=Ecosystem.PYPI,
                    name=name,
                    version=version.removeprefix("==") if version.startswith("==") else "",
                    asked="" if version.startswith("==") else version,
                    line=lines.get(name, 1),
                    origin="local" if "path" in told else "elsewhere" if elsewhere else "registry",
                    development=section == "develop",
                    locked=True,
                )
            )
    return Reading(dependencies=tuple(found))


def _packages(whole: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    packages = rows(whole.get("package"))
    if not packages and not {"version", "metadata", "lock-version"} & set(whole):
        raise Unreadable("it holds no packages")
    return [table(one) for one in packages]


def _locked(
    one: Mapping[str, Json],
    line: int,
    *,
    origin: Origin,
    needs: tuple[str, ...] = (),
    direct: bool | None = None,
    development: bool = False,
) -> Dependency:
    name = text_of(one.get("name"))
    return Dependency(
        ecosystem=Ecosystem.PYPI,
        name=name,
        version=text_of(one.get("version")),
        line=line,
        origin=origin,
        direct=direct,
        needs=needs,
        key=canonical(Ecosystem.PYPI, name),
        development=development,
        locked=True,
    )
