"""Names that look like a much used package's and are not: a hint that a package may not be the one that was meant."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.dependencies.dependency import Ecosystem
    from manyeyes_tools.dependencies.inventory import Component

_SHORTEST = 5
_HONEST = frozenset({
    "preact", "colors", "color", "httpx2", "requests2", "request", "expresso", "redux", "reflux", "asyncpg", "jinja",
    "pyjwt", "pytest", "types", "chokidar", "dayjs", "vue", "nuxt", "koa", "yamljs", "boto", "boto3", "botocore",
    "psycopg", "psycopg2", "psycopg3", "redis", "rediss", "attr", "attrs", "debugpy", "cython", "python", "regex",
    "lodash-es", "aiohttp", "urllib3", "urllib2", "h11", "tomli", "tomlkit", "tomli-w", "mocha", "rimraf", "semver",
    "pygments", "pymysql", "mysql2", "mysql", "sqlite3", "markdown", "babel", "flask", "click", "slick", "jest",
    "fs-extra", "node-fetch", "through2", "through", "split2", "split", "concat-stream", "uuid4", "nanoid",
})  # fmt: skip
"""Names close to others that are themselves."""


@cache
def popular() -> dict[str, frozenset[str]]:
    """Much used packages by ecosystem, from `popular.txt`: the most downloaded of their registries."""
    found: dict[str, set[str]] = {}
    section = ""
    for line in files("manyeyes_tools.dependencies").joinpath("popular.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        else:
            found.setdefault(section, set()).update(line.split())
    return {name: frozenset(names) for name, names in found.items()}


def looks_like(components: Iterable[Component]) -> list[tuple[Component, str]]:
    """Components whose name is one slip away from a much used one's, each with that name.

    Only what the project asks for itself: others' packages ask for by name what their makers meant.
    """
    found = []
    for one in components:
        if one.direct is False or one.dependency.origin != "registry":
            continue
        if other := _near(one.ecosystem, one.package):
            found.append((one, other))
    return found


def _near(ecosystem: Ecosystem, name: str) -> str:
    from rapidfuzz.distance import OSA

    known = popular().get(ecosystem, frozenset())
    if len(name) < _SHORTEST or name in known or name in _HONEST or name.startswith("@"):
        return ""
    squeezed = name.replace("-", "").replace("_", "").replace(".", "")
    for other in sorted(known):
        if abs(len(other) - len(name)) <= 1 and OSA.distance(name, other, score_cutoff=1) <= 1:
            return other
        if squeezed == other.replace("-", "").replace("_", "").replace(".", ""):
            return other
    return ""
