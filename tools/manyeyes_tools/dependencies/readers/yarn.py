"""Reads yarn.lock, of yarn 1 and of berry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote as percent_decoded

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.archives import another
from manyeyes_tools.dependencies.readers.npm import LOCAL, origin_of
from manyeyes_tools.dependencies.readers.parsing import Block, Unreadable, indented, unquote

if TYPE_CHECKING:
    from collections.abc import Callable


def lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
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
        resolution = block.value_of("resolution") if berry else block.value_of("resolved")
        if berry and "@workspace:" in (resolution or block.key):  # the key may name others with it
            continue
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
        origin = _origin(asked, resolution, berry=berry)
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


def _origin(asked: str, resolution: str, *, berry: bool) -> Origin:
    if berry:
        if asked.startswith(("npm:", "patch:")):
            return "registry"
        return "local" if asked.startswith(LOCAL) else "elsewhere"
    return origin_of(resolution) if resolution else "local" if asked.startswith(LOCAL) else "registry"


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
