"""Reads package.json and the locks of npm, pnpm and yarn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote as percent_decoded

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.archives import another
from manyeyes_tools.dependencies.readers.parsing import (
    Block,
    Unreadable,
    flow,
    indented,
    json_object,
    key_lines,
    keys_of,
    table,
    text_of,
    unquote,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import Json

_EXACT = re.compile(r"=?v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")
_PUBLIC = re.compile(r"https://registry\.(?:npmjs\.org|yarnpkg\.com)/")
_LOCAL = ("file:", "link:", "portal:", "workspace:", "./", "../")
_PNPM_KEY = re.compile(r"^/?(?P<name>(?:@[^@/]+/)?[^@/]+)[@/](?P<version>[^(_]+)")
_SECTIONS = (("dependencies", False), ("optionalDependencies", False), ("peerDependencies", False),
             ("devDependencies", True))  # fmt: skip
_DEEPEST = 60
_BLOCKS = frozenset({"packages", "snapshots", "importers"})
_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,80}")
_YAML_MARKS = "?:&*!|>%`<[]{},#-"


def package_json(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """What a package asks for."""
    whole = json_object(text)
    lines = key_lines(text)
    found = []
    for section, development in _SECTIONS:
        for name, value in table(whole.get(section)).items():
            found.append(_asked(name, text_of(value), lines.get(name, 1), development=development))
    return Reading(dependencies=tuple(found))


def _asked(name: str, asked: str, line: int, *, development: bool) -> Dependency:
    if asked.startswith("npm:"):
        name, _, asked = asked[4:].rpartition("@")
    exact = _EXACT.fullmatch(asked.strip())
    origin: Origin = "registry"
    if asked.startswith(_LOCAL):
        origin = "local"
    elif ":" in asked or "/" in asked:
        origin = "elsewhere"
    return Dependency(
        ecosystem=Ecosystem.NPM,
        name=name,
        version=exact[1] if exact else "",
        asked="" if exact else asked,
        line=line,
        origin=origin,
        direct=True,
        development=development,
    )


def package_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """package-lock.json and npm-shrinkwrap.json, versions 1 to 3."""
    whole = json_object(text)
    lines = key_lines(text)
    if isinstance(whole.get("packages"), dict):
        return Reading(dependencies=tuple(_placed(table(whole.get("packages")), lines)))
    if isinstance(whole.get("dependencies"), dict):
        return Reading(dependencies=tuple(_nested(table(whole.get("dependencies")), key_lines(text, opening=True))))
    if "lockfileVersion" not in whole:
        raise Unreadable("it has neither `packages` nor `dependencies`")
    return Reading()


def _placed(packages: Mapping[str, Json], lines: Mapping[str, int]) -> list[Dependency]:
    """Versions 2 and 3: a table by place in node_modules."""
    roots = [place for place in packages if "node_modules/" not in f"{place}/"]
    direct = {
        _resolve(packages, place, name)
        for place in roots
        for section, _ in _SECTIONS
        for name in keys_of(table(packages[place]).get(section))
    }
    found = []
    for place, value in packages.items():
        told = table(value)
        if "node_modules/" not in f"{place}/" or told.get("link") is True:
            continue
        name = text_of(told.get("name")) or place.rpartition("node_modules/")[2]
        needs = tuple(
            key
            for section, development in _SECTIONS
            if not development
            for need in keys_of(told.get(section))
            if (key := _resolve(packages, place, need))
        )
        licence = told.get("license")
        version, resolved = text_of(told.get("version")), text_of(told.get("resolved"))
        found.append(
            Dependency(
                ecosystem=Ecosystem.NPM,
                name=name,
                version=version,
                line=lines.get(place, 1),
                origin=_origin(resolved),
                fetched=another(name, version, resolved),
                direct=place in direct,
                needs=needs,
                key=place,
                licence=text_of(licence) or text_of(table(licence).get("type")),
                development=told.get("dev") is True,
                locked=True,
            )
        )
    return found


def _resolve(packages: Mapping[str, Json], place: str, name: str) -> str:
    """Where Node would find a package from a place: the nearest node_modules above; empty when nowhere."""
    at = place
    for _ in range(_DEEPEST):
        candidate = f"{at}/node_modules/{name}" if at else f"node_modules/{name}"
        if candidate in packages:
            told = table(packages[candidate])
            return text_of(told.get("resolved")) if told.get("link") is True else candidate
        if not at:
            return ""
        at = at.rpartition("node_modules/")[0].rstrip("/") if "node_modules/" in at else at.rpartition("/")[0]
    return ""


def _nested(top: Mapping[str, Json], lines: Mapping[str, int]) -> list[Dependency]:
    """Version 1: tables inside tables.  Which are direct stands in package.json."""
    found: list[Dependency] = []
    waiting: list[tuple[tuple[Mapping[str, Json], ...], tuple[str, ...]]] = [((top,), ())]
    while waiting:
        scopes, above = waiting.pop()
        for name, value in scopes[-1].items():
            told = table(value)
            inner = table(told.get("dependencies"))
            reach = (*scopes, inner)
            needs = tuple(
                "/".join((*(*above, name)[:depth], need))
                for need in keys_of(told.get("requires"))
                for depth in range(len(reach) - 1, -1, -1)
                if need in reach[depth]
            )
            said = text_of(told.get("version"))
            exact = _EXACT.fullmatch(said)
            alias = said[4:].rpartition("@") if said.startswith("npm:") else None
            meant, version = (alias[0], alias[2]) if alias else (name, exact[1] if exact else "")
            resolved = text_of(told.get("resolved"))
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NPM,
                    name=meant,
                    version=version,
                    fetched=another(meant, version, resolved),
                    asked="" if exact or alias else said,
                    line=lines.get(name, 1),
                    origin=_origin(resolved or ("" if exact or alias else said)),
                    needs=needs,
                    key="/".join((*above, name)),
                    development=told.get("dev") is True,
                    locked=True,
                )
            )
            if inner and len(scopes) < _DEEPEST:
                waiting.append((reach, (*above, name)))
    return found


def _origin(resolved: str) -> Origin:
    if resolved.startswith(_LOCAL):
        return "local"
    if not resolved or _PUBLIC.match(resolved):
        return "registry"
    return "elsewhere"


def pnpm_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """pnpm-lock.yaml, from version 5 on."""
    root = indented(text)
    if root.get("lockfileVersion") is None:
        raise Unreadable("it has no `lockfileVersion`")
    _in_blocks(root)
    importers = root.get("importers")
    direct: dict[str, bool] = {}
    for importer in importers.inner if importers else [root]:
        for section, development in _SECTIONS:
            for one in (importer.get(section) or Block("", "", 0)).inner:
                version = one.value or one.value_of("version")
                key = _pnpm_key(one.key, version)
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
        match = _PNPM_KEY.match(block.key)
        if match is None or "://" in block.key or block.key.startswith("file:"):
            name = block.value_of("name") or block.key[:200]
            found.append(
                Dependency(
                    ecosystem=Ecosystem.NPM,
                    name=name,
                    version=block.value_of("version"),
                    line=block.line,
                    origin="local" if "file:" in block.key else "elsewhere",
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
                origin=_pnpm_origin(block, tarball),
                fetched=another(match["name"], match["version"], tarball),
                direct=key in direct,
                needs=tuple(_pnpm_key(need.key, need.value) for one in lists for need in one.inner),
                key=key,
                development=direct.get(key, False) or block.value_of("dev") == "true",
                locked=True,
            )
        )
    return Reading(dependencies=tuple(found))


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


def _pnpm_origin(block: Block, tarball: str) -> Origin:
    if "tarball" in block.value or "tarball" in (block.value_of("resolution") if not tarball else ""):
        return "elsewhere"  # an address is told in a way that is not read
    return _origin(tarball) if tarball.startswith("http") else "registry"


def _pnpm_key(name: str, version: str) -> str:
    """`name@version` from how pnpm writes a need: with peers behind it, an alias, or a path."""
    match = _PNPM_KEY.match(version) if version.startswith("/") or "@" in version.partition("(")[0][1:] else None
    if match:
        return f"{match['name']}@{match['version']}"
    return f"{name}@{re.split('[(_]', version, maxsplit=1)[0]}"


def yarn_lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """yarn.lock, of yarn 1 and of berry.  Which are direct stands in package.json; berry's lock tells too."""
    berry = "__metadata:" in text
    if not berry and "yarn lockfile v1" not in text[:400]:
        raise Unreadable("it is neither of yarn 1 nor of berry")
    root = indented(text, ":" if berry else " ")
    _long_keys(root)
    blocks = [one for one in root.inner if one.key != "__metadata" and one.inner]
    if root.inner and not blocks and not any(one.key == "__metadata" for one in root.inner):
        raise Unreadable("it holds no packages")
    for one in root.inner:
        _whole(one)
    names = {descriptor: block.key for block in blocks for descriptor in _descriptors(block.key)}
    direct = {
        names[descriptor]
        for block in blocks
        if berry and "@workspace:" in block.key
        for section in ("dependencies", "devDependencies", "peerDependencies")
        for need in (block.get(section) or Block("", "", 0)).inner
        if (descriptor := _descriptor(need, berry=berry)) in names
    }
    found = []
    for block in blocks:
        if berry and "@workspace:" in block.key:
            continue
        resolution = block.value_of("resolution") if berry else block.value_of("resolved")
        first = next(iter(_descriptors(block.key)), block.key)
        name, asked = _named(resolution if berry and resolution else first)
        if not berry and asked.startswith("npm:"):  # an alias of yarn 1
            name = asked[4:].rpartition("@")[0] or asked[4:]
        needs = tuple(
            names[descriptor]
            for section in ("dependencies", "optionalDependencies")
            for need in (block.get(section) or Block("", "", 0)).inner
            if (descriptor := _descriptor(need, berry=berry)) in names
        )
        origin = _yarn_origin(asked, resolution, berry=berry)
        version = block.value_of("version")
        fetched = _other_of_berry(name, version, asked) if berry else another(name, version, resolution)
        found.append(
            Dependency(
                ecosystem=Ecosystem.NPM,
                name=name,
                version=version,
                line=block.line,
                origin=origin,
                fetched=fetched,
                direct=(block.key in direct) if direct else None,
                needs=needs,
                key=block.key,
                locked=True,
            )
        )
    return Reading(dependencies=tuple(found))


def _long_keys(root: Block) -> None:
    """Put together what berry writes on two lines since the key is long: `? key` and `:`."""
    kept: list[Block] = []
    for one in root.inner:
        if kept and kept[-1].key.startswith("? ") and not kept[-1].inner and not one.key and not one.value:
            key = unquote(kept.pop().key[2:].strip())
            one = Block(key, "", one.line, one.inner)  # noqa: PLW2901  the two are one
        kept.append(one)
    root.inner = kept


def _whole(block: Block) -> None:
    """See that an entry of yarn.lock is one.

    Raises:
        Unreadable: it has lines that are none of yarn's; what they hide is not known.
    """
    if not block.inner or block.value or not block.joined:
        raise Unreadable(f"line {block.line} is none of yarn's")
    names = [one.key for one in block.inner]
    for needed in ("version",) if block.key == "__metadata" else ("version", "resolution", "resolved"):
        if names.count(needed) > 1 or (needed == "version" and needed not in names):
            raise Unreadable(f"the entry of line {block.line} has no version or several")
    waiting = [*block.inner]
    while waiting:
        one = waiting.pop()
        if not one.joined:
            raise Unreadable(f"line {one.line} is none of yarn's")
        waiting += one.inner


def _other_of_berry(name: str, version: str, asked: str) -> str:
    """What berry fetches in place of the version it names; empty where it is that one."""
    if not asked.startswith("npm:"):
        return ""
    reference, _, bound = asked[4:].partition("::")
    address = next((part[13:] for part in bound.split("&") if part.startswith("__archiveUrl=")), "")
    if reference.partition("#")[0] != version:
        return f"{name} {reference}"
    return another(name, version, percent_decoded(address)) if address else ""


def _yarn_origin(asked: str, resolution: str, *, berry: bool) -> Origin:
    if berry:
        if asked.startswith(("npm:", "patch:")):
            return "registry"
        return "local" if asked.startswith(_LOCAL) else "elsewhere"
    return _origin(resolution) if resolution else "local" if asked.startswith(_LOCAL) else "registry"


def _descriptors(key: str) -> list[str]:
    return [part.strip().strip('"') for part in key.split(",")]


def _descriptor(need: Block, *, berry: bool) -> str:
    value = need.value
    if berry and ":" not in value:
        value = f"npm:{value}"
    return f"{need.key}@{value}"


def _named(descriptor: str) -> tuple[str, str]:
    """`@scope/name@^1.0` as name and what was asked."""
    at = descriptor.find("@", 1)
    return (descriptor, "") if at < 0 else (descriptor[:at], descriptor[at + 1 :])


__all__ = ["package_json", "package_lock", "pnpm_lock", "yarn_lock"]
