"""Reads pnpm-lock.yaml."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.archives import another
from manyeyes_tools.dependencies.readers.npm import SECTIONS, origin_of
from manyeyes_tools.dependencies.readers.parsing import Block, Unreadable, flow, indented

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = re.compile(r"^(?P<slash>/?)(?P<name>(?:@[^@/]+/)?[^@/]+)(?P<joint>[@/])(?P<version>\d[^(_/]*)")
"""`name@1.0.0`, `/name@1.0.0` or `/name/1.0.0`; without the slash a host stands there, as `github.com/…` does."""
_OWN = ("configDependencies", "packageManagerDependencies")
"""What pnpm itself needs, in a document of its own."""
_MOST_DOCUMENTS = 2
_BLOCKS = frozenset({"packages", "snapshots", "importers"})
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,80}")
_YAML_MARKS = "?:&*!|>%`<[]{},#-"


def lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """pnpm-lock.yaml, from version 5 on; what pnpm needs itself may stand before it, in a document of its own."""
    lines = text.split("\n")
    marks = [number for number, line in enumerate(lines) if line.rstrip() == "---"]
    starts = [0, *(mark + 1 for mark in marks)]
    documents = [
        "\n" * start + "\n".join(lines[start:end])
        for start, end in zip(starts, [*marks, len(lines)], strict=True)
        if "".join(lines[start:end]).strip()
    ]
    if len(documents) > _MOST_DOCUMENTS:
        raise Unreadable(f"it holds {len(documents)} documents")
    found = [one for document in documents or [text] for one in _document(document)]
    last = documents[-1] if documents else text
    cut = re.search(r"^packages:$", last, re.MULTILINE) and not re.search(r"^snapshots:", last, re.MULTILINE)
    newer = re.search(r"^lockfileVersion: '?(?:9|[1-9]\d)", last, re.MULTILINE)
    said = "it ends before its `snapshots`, so it may be cut off; what is missing was not checked"
    return Reading(dependencies=tuple(found), problems=(said,) if cut and newer else ())


def _document(text: str) -> list[Dependency]:
    root = indented(text)
    if root.get("lockfileVersion") is None:
        raise Unreadable("it has no `lockfileVersion`")
    _in_blocks(root)
    importers = root.get("importers")
    direct: dict[str, bool] = {}
    for importer in importers.inner if importers else [root]:
        for section, development in (*SECTIONS, *((name, True) for name in _OWN)):
            for one in (importer.get(section) or Block("", "", 0)).inner:
                version = one.value or one.value_of("version")
                for key in {_key(one.key, version), version.partition("(")[0]}:
                    direct[key] = direct.get(key, True) and development
    packages, snapshots = root.get("packages"), root.get("snapshots")
    if packages is None and any("link:" not in key and "workspace:" not in key for key in direct):
        raise Unreadable("it names what is needed and no `packages`")
    needs_of = {one.key: one for one in (snapshots.inner if snapshots else [])}
    by_base: dict[str, list[Block]] = {}
    for key, block in needs_of.items():
        by_base.setdefault(key.partition("(")[0], []).append(block)
    found = []
    for block in packages.inner if packages else []:
        match = _KEY.match(block.key)
        if match is None or "://" in block.key or not (match["slash"] or match["joint"] == "@"):
            name = block.value_of("name") or block.key[:200]
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NPM,
                    name=name,
                    version=block.value_of("version"),
                    line=block.line,
                    origin="local" if "file:" in block.key else "elsewhere",
                    direct=block.key.partition("(")[0] in direct,
                    key=block.key,
                    locked=True,
                )
            )
            continue
        key = f"{match['name']}@{match['version']}"
        lists = [
            needed
            for one in [block, *by_base.get(key, [])]
            for kind in ("dependencies", "optionalDependencies")
            if (needed := one.get(kind))
        ]
        resolution = block.get("resolution")
        tarball = _tarball(resolution) if resolution else ""
        found.append(
            Dependency(
                ecosystem=Ecosystem.NPM,
                name=match["name"],
                version=match["version"],
                line=block.line,
                origin=_origin(block, tarball),
                fetched=another(match["name"], match["version"], tarball),
                direct=key in direct,
                needs=tuple(_key(need.key, need.value) for one in lists for need in one.inner),
                key=key,
                development=direct.get(key, False) or block.value_of("dev") == "true",
                locked=True,
            )
        )
    return found


def _in_blocks(root: Block) -> None:
    """See that a lock of pnpm is written as pnpm writes it, so that nothing in it goes unseen.

    Raises:
        Unreadable: it is not; YAML has other ways to say the same, and this is no reader of YAML.
    """
    for one in root.inner:
        if not one.joined or not _PLAIN_KEY.fullmatch(one.key):
            raise Unreadable(f"line {one.line} is written in a way that pnpm does not write")
        if one.key not in _BLOCKS:
            continue
        if one.value not in {"", "{}"}:
            raise Unreadable(f"its `{one.key}` are not written line by line (line {one.line})")
        if any(other is not one and other.key == one.key for other in root.inner):
            raise Unreadable(f"it has several `{one.key}`")
        for entry in one.inner:
            odd = not entry.joined or not entry.key or entry.key[0] in _YAML_MARKS or "\\" in entry.key
            if odd or (not entry.value.startswith("{") if not entry.inner else entry.value):
                raise Unreadable(f"line {entry.line} is written in a way that pnpm does not write")


def _tarball(resolution: Block) -> str:
    return flow(resolution.value).get("tarball", "") or resolution.value_of("tarball")


def _origin(block: Block, tarball: str) -> Origin:
    if "tarball" in block.value or "tarball" in (block.value_of("resolution") if not tarball else ""):
        return "elsewhere"  # an address is told in a way that is not read
    return origin_of(tarball) if tarball.startswith("http") else "registry"


def _key(name: str, version: str) -> str:
    """`name@version` from how pnpm writes a need: with peers behind it, an alias, or a path."""
    match = _KEY.match(version) if version.startswith("/") or "@" in version.partition("(")[0][1:] else None
    if match:
        return f"{match['name']}@{match['version']}"
    return f"{name}@{re.split('[(_]', version, maxsplit=1)[0]}"
