"""Reads what Python projects say of themselves: pyproject.toml, setup.cfg, setup.py (parsed, never run), Pipfile."""

from __future__ import annotations

import ast
import configparser
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Reading
from manyeyes_tools.dependencies.readers.parsing import Unreadable, line_of, normal, rows, table, text_of, toml_table
from manyeyes_tools.dependencies.readers.requirements import read as read_requirements
from manyeyes_tools.dependencies.readers.requirements import requirement
from manyeyes_tools.python_ast import parse_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manyeyes.types import Json

_OPEN = frozenset("<>=!~^*,| ")


def pyproject(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """`[project]`, dependency groups, and what poetry and pdm have of their own."""
    whole = toml_table(text)
    found: list[Dependency] = []
    problems: list[str] = []
    project = table(whole.get("project"))
    tools = table(whole.get("tool"))
    for name in map(text_of, rows(project.get("dynamic"))):
        if "dependencies" in name and not table(tools.get("poetry")).get("dependencies"):
            said = table(table(table(tools.get("setuptools")).get("dynamic")).get(name))
            files = _files(path, said.get("file"), fetch)
            found += [one for reading in files for one in reading.dependencies]
            problems += [line for reading in files for line in reading.problems]
            if not files:
                problems.append(f"`{name}` of pyproject.toml are made when it is built, and are not known")
    _requirements(rows(project.get("dependencies")), text, found, problems)
    for group in table(project.get("optional-dependencies")).values():
        _requirements(rows(group), text, found, problems)
    for group in (*table(whole.get("dependency-groups")).values(), *_pdm_groups(whole)):
        _requirements(rows(group), text, found, problems, development=True)
    _requirements(rows(table(whole.get("build-system")).get("requires")), text, found, problems, development=True)
    poetry = table(table(whole.get("tool")).get("poetry"))
    found += _poetry(table(poetry.get("dependencies")), text)
    found += _poetry(table(poetry.get("dev-dependencies")), text, development=True)
    for group in table(poetry.get("group")).values():
        found += _poetry(table(table(group).get("dependencies")), text, development=True)
    return Reading(dependencies=tuple(found), problems=tuple(problems))


def _files(path: str, named: Json, fetch: Callable[[str], str | None]) -> list[Reading]:
    """The requirements files that a project takes its dependencies from."""
    readings = []
    for one in [named] if isinstance(named, str) else rows(named):
        where = normal(PurePosixPath(path).parent / text_of(one)) if text_of(one) else None
        text = fetch(where) if where else None
        if where and text is not None:
            reading = read_requirements(where, text, fetch)
            within = [replace(inner, within=inner.within or where, line=1) for inner in reading.dependencies]
            readings.append(Reading(dependencies=tuple(within), problems=reading.problems))
        else:
            said = str(one)[:200]
            problem = f"pyproject.toml takes dependencies from {said}: not there, or made when it is built; not known"
            readings.append(Reading(problems=(problem,)))
    return readings


def pipfile(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """Pipenv's own manifest."""
    whole = toml_table(text)
    found = _poetry(table(whole.get("packages")), text)
    return Reading(dependencies=(*found, *_poetry(table(whole.get("dev-packages")), text, development=True)))


def setup_cfg(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """`install_requires` and the extras of setup.cfg."""
    config = configparser.RawConfigParser(strict=False)
    try:
        config.read_string(text)
    except (configparser.Error, ValueError) as error:
        raise Unreadable(f"not a configuration file: {str(error).splitlines()[0][:80]}") from None
    said = [config.get("options", "install_requires", fallback="")]
    if config.has_section("options.extras_require"):
        said += [value for _, value in config.items("options.extras_require")]
    found: list[Dependency] = []
    problems: list[str] = []
    _requirements([line for one in said for line in one.splitlines() if line.strip()], text, found, problems)
    return Reading(dependencies=tuple(found), problems=tuple(problems))


def setup_py(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What setup.py passes to `setup` as plain texts.  It is parsed; nothing of it is run."""
    try:
        tree = parse_module(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable("not Python that can be parsed") from None
    found: list[Dependency] = []
    problems: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _sets_up(node.func) and _is_open(node):
            problems.append("what setup.py passes to `setup` with `**` is worked out when it runs, and it is never run")
        if not isinstance(node, ast.keyword) or node.arg not in {"install_requires", "extras_require"}:
            continue
        try:
            value = ast.literal_eval(node.value)
        except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
            problems.append(f"`{node.arg}` of setup.py is worked out when it runs, and it is never run")
            continue
        lists = list(value.values()) if isinstance(value, dict) else [value]
        for one in lists:
            if isinstance(one, str | list | tuple | set):
                _requirements(one.splitlines() if isinstance(one, str) else list(one), text, found, problems)
    return Reading(dependencies=tuple(found), problems=tuple(problems))


def _sets_up(function: ast.expr) -> bool:
    """Whether it is `setup`, by whatever name its module goes."""
    return (function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")) == "setup"


def _is_open(call: ast.Call) -> bool:
    """Whether the call may be given requirements that do not stand in it."""
    given = {one.arg for one in call.keywords}
    return None in given and "install_requires" not in given


def _pdm_groups(whole: object) -> Iterable[Json]:
    groups = table(table(table(table(whole).get("tool")).get("pdm")).get("dev-dependencies"))
    uv = table(table(table(whole).get("tool")).get("uv")).get("dev-dependencies")
    return [*groups.values(), *([uv] if uv else [])]


def _requirements(
    said: Iterable[object],
    text: str,
    found: list[Dependency],
    problems: list[str],
    *,
    development: bool = False,
) -> None:
    for one in said:
        if not isinstance(one, str):
            continue  # `include-group` tables name lists that are read anyway
        read = requirement(one, line_of(text, one.split(";")[0].strip()), development=development)
        if read is None:
            problems.append(f"a requirement is not understood: {one[:60]}")
        else:
            found.append(read)


def _poetry(said: object, text: str, *, development: bool = False) -> list[Dependency]:
    found = []
    for name, value in table(said).items():
        if name.lower() == "python":
            continue
        told = table(value)
        asked = text_of(value) or text_of(told.get("version"))
        elsewhere = any(key in told for key in ("git", "url", "source", "index"))
        exact = asked.removeprefix("==").strip()
        pinned = asked.startswith("==") and not _OPEN.intersection(exact)
        found.append(
            Dependency(
                ecosystem=Ecosystem.PYPI,
                name=name,
                version=exact if pinned else "",
                asked="" if pinned else asked,
                line=line_of(text, name),
                origin="local" if "path" in told else "elsewhere" if elsewhere else "registry",
                direct=True,
                development=development,
            )
        )
    return found
