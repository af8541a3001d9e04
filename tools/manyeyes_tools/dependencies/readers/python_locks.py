"""Reads the locks of Python's package managers: uv, poetry, pdm, Pipenv, and pylock.toml."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
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
    ours = set(map(id, own))  # comparing tables with all others takes the square of their number
    direct = {name for one in own for name in _uv_needs(one, every=True)}
    found = []
    for index, one in enumerate(packages):
        if id(one) in ours:
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
    whole = toml_table(text)
    for index, one in enumerate(_packages(whole)):
        kind = text_of(table(one.get("source")).get("type"))
        origin: Origin = "registry" if not kind else "local" if kind in {"directory", "file"} else "elsewhere"
        needs = tuple(canonical(Ecosystem.PYPI, name) for name in keys_of(one.get("dependencies")))
        groups = [text_of(group) for group in rows(one.get("groups"))]
        development = text_of(one.get("category")) == "dev" or bool(groups and "main" not in groups)
        found.append(_locked(one, first_line(lines, index), origin=origin, needs=needs, development=development))
    cut = "it ends before its `metadata`, so it may be cut off; what is missing was not checked"
    return Reading(dependencies=tuple(found), problems=() if "metadata" in whole else (cut,))


def pdm(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """pdm.lock; which are direct, and which of its groups are extras, stands in pyproject.toml."""
    lines = package_lines(text)
    main = {"default", *_extras(path, fetch)}
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
                development=bool(groups) and not main.intersection(groups),
            )
        )
    return Reading(dependencies=tuple(found))


def _extras(path: str, fetch: Callable[[str], str | None]) -> tuple[str, ...]:
    """The extras of the project beside a lock."""
    text = fetch(str(PurePosixPath(path).parent / "pyproject.toml"))
    try:
        return keys_of(table(toml_table(text or "").get("project")).get("optional-dependencies"))
    except Unreadable:
        return ()  # it is read by itself too, and what is wrong with it is told there


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
    """Pipfile.lock, all its categories; which are direct stands in Pipfile."""
    whole = json_object(text)
    sections = [name for name, value in whole.items() if name != "_meta" and isinstance(value, dict)]
    if "default" not in whole and "develop" not in whole and "_meta" not in whole:
        raise Unreadable("it has neither `default` nor `develop`")
    if odd := next((name for name, value in whole.items() if value and not isinstance(value, dict)), None):
        raise Unreadable(f"its `{odd[:80]}` is no table")
    lines = key_lines(text, opening=True)
    public = {
        text_of(table(source).get("name")): bool(_PUBLIC.match(text_of(table(source).get("url"))))
        for source in rows(table(whole.get("_meta")).get("sources"))
    }
    private = {name for name, is_public in public.items() if not is_public}
    found = []
    unsaid = False
    for section in sections:
        for name, value in table(whole.get(section)).items():
            told = table(value)
            version = text_of(told.get("version"))
            index = text_of(told.get("index"))
            unsaid = unsaid or not index
            # Without an index of its own a package comes from any of the sources.
            hidden = index in private if index else bool(private) and len(private) == len(public)
            elsewhere = any(key in told for key in ("git", "hg", "svn", "file", "ref")) or hidden
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
    mixed = unsaid and 0 < len(private) < len(public)
    said = "It names several sources, and not of each package which; those were looked up as public ones."
    return Reading(dependencies=tuple(found), notes=(said,) if mixed else ())


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
