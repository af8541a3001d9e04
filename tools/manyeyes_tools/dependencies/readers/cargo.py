"""Reads Cargo.toml and Cargo.lock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.parsing import (
    first_line,
    line_of,
    package_lines,
    rows,
    table,
    text_of,
    toml_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from manyeyes.types import Json

_EXACT = re.compile(r"=\s*(\d+\.\d+\.\d+\S*)")
_PUBLIC = ("registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/")
_SECTIONS = (("dependencies", False), ("build-dependencies", False), ("dev-dependencies", True))


def cargo_toml(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a crate or workspace asks for."""
    whole = toml_table(text)
    found: list[Dependency] = []
    holders = [whole, table(whole.get("workspace")), *map(table, table(whole.get("target")).values())]
    for holder in holders:
        for section, development in _SECTIONS:
            found += _asked(table(holder.get(section)), text, development=development)
    return Reading(dependencies=tuple(found))


def _asked(said: Mapping[str, Json], text: str, *, development: bool) -> Iterable[Dependency]:
    for name, value in said.items():
        told = table(value)
        if told.get("workspace") is True:
            continue
        asked = text_of(value) or text_of(told.get("version"))
        exact = _EXACT.fullmatch(asked.strip())
        elsewhere = any(key in told for key in ("git", "registry", "registry-index"))
        yield Dependency(
            ecosystem=Ecosystem.CARGO,
            name=text_of(told.get("package")) or name,
            version=exact[1] if exact else "",
            asked="" if exact else asked,
            line=line_of(text, name),
            origin="local" if "path" in told else "elsewhere" if elsewhere else "registry",
            direct=True,
            development=development,
        )


def cargo_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """Cargo.lock: packages without a source are the project's own, and what they need is direct."""
    packages = [table(one) for one in rows(toml_table(text).get("package"))]
    lines = package_lines(text)
    by_name: dict[str, list[str]] = {}
    for one in packages:
        by_name.setdefault(text_of(one.get("name")), []).append(text_of(one.get("version")))

    def needs(one: Mapping[str, Json]) -> tuple[str, ...]:
        """`name`, `name version` or `name version (source)`, as keys."""
        keys = []
        for need in map(text_of, rows(one.get("dependencies"))):
            name, _, rest = need.partition(" ")
            version = rest.partition(" ")[0] or next(iter(by_name.get(name, [])), "")
            keys.append(f"{name} {version}")
        return tuple(keys)

    direct = {key for one in packages if "source" not in one for key in needs(one)}
    found = []
    for index, one in enumerate(packages):
        source = text_of(one.get("source"))
        if not source:
            continue
        origin: Origin = "registry" if source.startswith(_PUBLIC) else "elsewhere"
        key = f"{text_of(one.get('name'))} {text_of(one.get('version'))}"
        found.append(
            Dependency(
                ecosystem=Ecosystem.CARGO,
                name=text_of(one.get("name")),
                version=text_of(one.get("version")),
                line=first_line(lines, index),
                origin=origin,
                direct=key in direct,
                needs=needs(one),
                key=key,
                locked=True,
            )
        )
    return Reading(dependencies=tuple(found))
