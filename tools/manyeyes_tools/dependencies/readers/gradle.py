"""Reads the locks of Gradle, its version catalogs, and the plain lines of build.gradle."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Reading
from manyeyes_tools.dependencies.readers.parsing import (
    Unreadable,
    line_of,
    normal,
    rows,
    table,
    text_of,
    toml_table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manyeyes.types import Json

_LOCKED = re.compile(r"([^:#=\s]+):([^:=\s]+):([^:=\s]+)(?:=(.*))?")
_EXACT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z_-])?")
_WORDS = re.compile(r"latest\..*", re.IGNORECASE)
_CONFIGURATION = (
    r"(?:\w*(?:[iI]mplementation|[aA]pi|[cC]ompileOnly|[rR]untimeOnly|[aA]nnotationProcessor|[cC]lasspath)"
    r"|(?:test|androidTest|debug)?(?:[cC]ompile|[rR]untime)|provided|kapt\w*|ksp\w*|\w*[dD]evelopmentOnly"
    r"|coreLibraryDesugaring|shadow|minecraftLibrary|force)"
)
_CALL = re.compile(rf"^\s*[\"']?({_CONFIGURATION})[\"']?(?:\s*\(|\s+)(.*)$", re.DOTALL)
_GIVEN = re.compile(rf"^\s*add\s*\(\s*[\"']({_CONFIGURATION})[\"']\s*,(.*)$", re.DOTALL)
_OTHER = re.compile(r"^\s*(\w+)[\s(]+(?:\w+\s*\(\s*)?(?=[\"'][\w.-]+:[\w.-]+:[^\"':]+(?::[^\"']*)?[\"'])(.*)$")
"""Any other call that is given a whole coordinate: plug-ins bring configurations of their own."""
_NO_CONFIGURATION = re.compile(
    r"artifact|because|dependency|description|exclude|explicitApi|group|id|include(?:Dependency)?|mavenBom|module|println"
    r"|replacedBy|substitute|using|version"
)
_TEXT = re.compile(r"\"((?:[^\"\\\n]|\\.){1,400})\"|'((?:[^'\\\n]|\\.){1,400})'")
_COORDINATE = re.compile(r"([\w.-]+):([\w.-]+)(?::([^:@]+))?(?::[\w.-]+)?(?:@\w+)?")
_PART = re.compile(r"\b(group|name|version|module)\s*[:=]\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|([\w.]+))")
_TABLE = re.compile(r"\[[^\[\]]*\]")
_ALIAS = re.compile(r"\b([a-z]\w*)\.((?:\w+\.)*\w+)")
_OWN = re.compile(
    r"\bprojects\.|\bsourceSets\.|\b(?:project|files|fileTree|gradleApi|gradleKotlinDsl|localGroovy|gradleTestKit)\s*\("
)
_FILES = re.compile(r"\b(?:files|fileTree)\s*\(")
_CREATED = re.compile(r"\b(create)\s*\(\s*(?=[\"'][\w.-]+:[\w.-]+:)(.*)$")
_NPM = re.compile(r"\b(?:n|devN|peerN|optionalN)pm\s*\(\s*[\"']([^\"']+)[\"']\s*(?:,\s*[\"']([^\"']+)[\"'])?")
_THREE = re.compile(r"\s*\"([\w.-]+)\"\s*,\s*\"([\w.-]+)\"(?:\s*,\s*\"([^\"]+)\")?\s*\)")
_KOTLIN = re.compile(r"\bkotlin\s*\(\s*\"([\w-]+)\"(?:\s*,\s*\"([^\"]+)\")?")
_COMMENT = re.compile(r"(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|//[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_SET = re.compile(
    r"^[ \t]*(?:(?:const[ ]+)?(?:def|val|var|final[ ]+String|String)[ ]+|(?:project\.)?ext\.|extra\[\")?"
    r"(\w[\w.]{0,200})(?:\"\])?[ \t]*(?::[ ]*String[ ]*)?=[ \t]*(?:\"([^\"$\n]{1,200})\"|'([^'\n]{1,200})')[ \t]*$",
    re.MULTILINE,
)
_USED = re.compile(
    r"\$\{(?:rootProject\.|project\.|ext\.|rootProject\.ext\.|extra\[\")?([\w.]+?)(?:\.get\(\))?(?:\"\])?\}|\$(\w+)"
)
_BLOCK = re.compile(rf"{_TEXT.pattern}|(?P<open>\{{)|(?P<close>\}})|(?P<end>\bexclude\b)")
"""Texts, which are left alone, and where it begins and ends what a call says of what it is given."""
_OPENED = re.compile(r"^\s*(?:[\w.]+(?:\s*\([^()\n]{0,200}\))?\s*\{\s*)+(?=[\w\"'])")
"""Blocks that are opened on the line of their first call: `buildscript { dependencies { classpath …`."""
_LONGEST = 4_000
_MOST_LINES = 1_000
"""Of one call.  One that is longer, or does not end at all, is told and read as far as `_LINES_OF_ENDLESS`."""
_LINES_OF_ENDLESS = 40
_MOST = 2_000_000
_SHOWN = 5
_PLATFORM = "its version comes from a platform or a plug-in; gradle.lockfile would name it"


def lock(path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """gradle.lockfile, and the older files below gradle/dependency-locks, one for each configuration."""
    found = []
    odd: list[int] = []
    empty = False
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("empty="):
            empty = True
        elif match := _LOCKED.fullmatch(bare):
            said = match[4].split(",") if match[4] else []
            configurations = said or [PurePosixPath(path).name.removesuffix(".lockfile")]
            found.append(
                Dependency(
                    ecosystem=Ecosystem.MAVEN,
                    name=f"{match[1]}:{match[2]}",
                    version=match[3],
                    line=number,
                    development=all("test" in one.lower() for one in configurations),
                    locked=True,
                )
            )
        else:
            odd.append(number)
    if odd and not found and not empty:
        raise Unreadable("it locks nothing")
    problems = [f"not understood, so what is locked there was not checked: line {_few(odd)}"] if odd else []
    if found and not empty and path.endswith("gradle.lockfile"):
        problems.append("its last line, `empty=`, is missing, so it may be cut off; what is missing was not checked")
    return Reading(dependencies=tuple(found), problems=tuple(problems))


def catalog(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """A version catalog: libraries that builds may ask for by an alias."""
    whole = toml_table(text)
    found = [one for _, one in _libraries(whole, text)]
    odd = sum(1 for value in table(whole.get("libraries")).values()) - len(found)
    problems = (f"libraries that are not understood: {odd}; they were not checked",) if odd else ()
    plugins = len(table(whole.get("plugins")))
    notes = (
        (f"Plug-ins of a Gradle build ({plugins}) are not checked; advisories do not name them.",) if plugins else ()
    )
    return Reading(dependencies=tuple(found), problems=problems, notes=notes)


def _libraries(whole: Mapping[str, Json], text: str) -> Iterator[tuple[str, Dependency]]:
    """The aliases of a catalog, as builds write them, with what they stand for."""
    versions = table(whole.get("versions"))
    section = line_of(text, "[libraries]") if "[libraries]" in text else 1
    places: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if number > section and (match := re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*[.=]", line)):
            places.setdefault(match[1], number)
    for alias, value in table(whole.get("libraries")).items():
        told = table(value)
        parts = text_of(value).split(":")
        name = text_of(told.get("module")) or ":".join(
            part for part in (text_of(told.get("group")), text_of(told.get("name"))) if part
        )
        said = _rich(told.get("version"), versions)
        if len(parts) in (2, 3):
            name, said = ":".join(parts[:2]), parts[2] if parts[2:] else ""
        if name.count(":") == 1:
            yield _spelt(alias), _asked(name, said, places.get(alias, section), offered=True)


def _spelt(alias: str) -> str:
    """An alias as builds write it."""
    return alias.replace("-", ".").replace("_", ".")


def _rich(value: Json, versions: Mapping[str, Json]) -> str:
    """A version as a text: what is required strictly, else what is required, else what is preferred."""
    told = table(value)
    if "ref" in told:
        value = versions.get(text_of(told.get("ref")))
        told = table(value)
    return text_of(value) or next((text_of(told[key]) for key in ("strictly", "require", "prefer") if key in told), "")


def _asked(
    name: str, said: str, line: int, *, offered: bool = False, development: bool = False, within: str = ""
) -> Dependency:
    exact = bool(_EXACT.fullmatch(said)) and not _WORDS.fullmatch(said)
    return Dependency(
        ecosystem=Ecosystem.MAVEN,
        name=name,
        version=said if exact else "",
        asked="" if exact else said,
        unknown="" if said else _PLATFORM,
        line=line,
        direct=True,
        development=development,
        strength="offered" if offered else "least",
        within=within,
    )


def build(path: str, text: str, fetch: Callable[[str], str | None]) -> Reading:
    """The dependencies that build.gradle names as plain texts or by a catalog.  It is a program, and never run."""
    if len(text) > _MOST:
        raise Unreadable(f"too large a build file; at most {_MOST:,} characters are read")
    text = _COMMENT.sub(lambda match: match[1] or "\n" * match[0].count("\n"), text)
    catalogs = _Catalogs(path, fetch)
    values = {**catalogs.versions(), **_values(path, text, fetch)}
    found: list[Dependency] = []
    odd: list[int] = []
    files: list[int] = []
    endless: list[int] = []
    for call in _calls(text):
        number, said = call.line, call.said
        endless += [] if call.whole else [number]
        development = "test" in call.configuration.lower()
        named = [_asked(name, version, number, development=development) for name, version in _named(said, values)]
        named += [_of_npm(match, number, development=development) for match in _NPM.finditer(said)]
        for match in _ALIAS.finditer(_TEXT.sub("", said).replace("rootProject.", "")):
            named += catalogs.named(match[1], match[2], number)
        found += named
        if not named:
            odd += [] if _OWN.search(said) else [number]
            files += [number] if _FILES.search(said) else []
    notes = []
    if files:
        notes.append(f"{path} takes files in place of packages on line {_few(files)}; they are not checked.")
    said = f"what is asked for on line {_few(odd)} is worked out when it is built, and it is never run"
    locked = fetch(str(PurePosixPath(path).parent / "gradle.lockfile")) is not None
    if odd and locked:
        notes.append(f"{path}: {said}; its lock names what it is.")
    problems = [f"{said}, so that was not checked; a gradle.lockfile would name it"] if odd and not locked else []
    if endless:
        problems.append(
            f"calls that do not end within {_MOST_LINES:,} lines, and were not read to their end, so what else they "
            f"ask for was not checked: line {_few(endless)}"
        )
    cut = [number for number, line in enumerate(text.split("\n"), 1) if len(line) > _LONGEST]
    if cut:
        problems.append(f"longer than {_LONGEST:,} characters, and what is behind these not checked: line {_few(cut)}")
    return Reading(dependencies=tuple(found), problems=tuple(problems), notes=tuple(notes))


def _of_npm(match: re.Match[str], line: int, *, development: bool) -> Dependency:
    """A package of npm, which Kotlin for JavaScript asks for in its own way."""
    exact = re.fullmatch(r"\d+\.\d+\.\d+(?:[-+][\w.+-]+)?", match[2] or "")
    return Dependency(
        ecosystem=Ecosystem.NPM,
        name=match[1],
        version=match[2] if exact else "",
        asked="" if exact else match[2] or "",
        line=line,
        direct=True,
        development=development,
    )


def _few(lines: list[int]) -> str:
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return ", ".join(map(str, lines[:_SHOWN])) + more


def _call(line: str) -> re.Match[str] | None:
    return _CALL.match(line) or _GIVEN.match(line) or _OTHER.match(line) or _CREATED.search(line)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that names dependencies: its first line, the configuration, what is given, and whether that is all."""

    line: int
    configuration: str
    said: str
    whole: bool


def _calls(text: str) -> Iterator[_Call]:
    """Calls that name dependencies, over several lines where brackets do."""
    lines = [line[:_LONGEST] for line in text.split("\n")]
    depths = [_opened(line) for line in lines]
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        match = _call(line)
        if match is None and (opened := _OPENED.match(line)):
            line = line[opened.end() :]
            match = _call(line)
        if match is None or _NO_CONFIGURATION.fullmatch(match[1]):
            continue
        number, said = at, match[2]
        if re.match(r"\s*(?:[=.{;]|$)", said) and "(" not in line[: match.start(2)]:
            continue  # `api = …`, `classpath.from(…)`, a block
        depth, last = _opened(line), said.rstrip()
        while at < min(len(lines), number + _MOST_LINES) and (depth > 0 or last.endswith(",")):
            depth += depths[at]
            last = lines[at].rstrip() or last
            at += 1
        whole = depth <= 0 and not last.endswith(",")
        if not whole:
            at = min(at, number + _LINES_OF_ENDLESS)
        yield _Call(number, match[1], _given("\n".join([said, *lines[number:at]])), whole)


def _opened(line: str) -> int:
    """How many brackets more it opens than it closes; those within texts are none."""
    bare = _TEXT.sub("", line)
    return bare.count("(") - bare.count(")")


def _given(said: str) -> str:
    """What a call is given, without the blocks that say more of it."""
    kept: list[str] = []
    depth = at = 0
    for match in _BLOCK.finditer(said):
        if match["open"]:
            kept.append(said[at : match.start()] if not depth else "")
            depth += 1
        elif match["close"] and depth:
            depth -= 1
            at = match.end()
        elif match["end"] and not depth:
            return "".join([*kept, said[at : match.start()]])
    return "".join(kept if depth else [*kept, said[at:]])


def _named(said: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a call names in full: `"group:name:version"`, or its parts one by one."""
    if three := _THREE.match(said):
        yield f"{three[1]}:{three[2]}", three[3] or ""
        return
    for match in _KOTLIN.finditer(said):
        yield f"org.jetbrains.kotlin:kotlin-{match[1]}", match[2] or ""
    if by_parts := _by_parts(_TABLE.sub("", said), values):
        yield by_parts
    for match in _TABLE.finditer(said):
        if one := _by_parts(match[0], values):
            yield one
    for match in _TEXT.finditer("" if by_parts else _TABLE.sub(_unless_parts, said)):
        whole = _USED.sub(lambda used: values.get(used[1] or used[2], used[0]), _inside(match))
        if coordinate := _COORDINATE.fullmatch(whole):
            yield f"{coordinate[1]}:{coordinate[2]}", (coordinate[3] or "").removesuffix("!!")


def _by_parts(piece: str, values: Mapping[str, str]) -> tuple[str, str] | None:
    """A package that is named by `group: …, name: …`, with its version; None where there is none."""
    parts = {match[1]: match[2] or match[3] or values.get(match[4] or "", "${}") for match in _PART.finditer(piece)}
    return (
        (f"{parts['group']}:{parts['name']}", parts.get("version", "")) if {"group", "name"} <= parts.keys() else None
    )


def _unless_parts(match: re.Match[str]) -> str:
    return "" if _by_parts(match[0], {}) else match[0]


def _inside(match: re.Match[str]) -> str:
    return match[1] or match[2] or ""


def _values(path: str, text: str, fetch: Callable[[str], str | None]) -> dict[str, str]:
    """Plain texts under a name, in the build and in gradle.properties; what is set in several ways is left out."""
    said: dict[str, set[str]] = {}
    for folder in PurePosixPath(path).parents:
        properties = fetch(str(folder / "gradle.properties")) or ""
        for match in re.finditer(
            r"(?m)^[ \t]*([\w.-]{1,200})[ \t]*[=:][ \t]*([^\s#]{1,200})[ \t]*$", properties[:200_000]
        ):
            said.setdefault(match[1], {match[2]})
    own: dict[str, set[str]] = {}
    for match in _SET.finditer(text):
        own.setdefault(match[1], set()).add(match[2] or match[3])
    return {name: next(iter(values)) for name, values in {**said, **own}.items() if len(values) == 1}


@dataclass(slots=True)
class _Catalogs:
    """The version catalogs that a build can name, each looked for once."""

    path: str
    fetch: Callable[[str], str | None]
    known: dict[str, tuple[str, dict[str, Dependency]] | None] = field(default_factory=dict)

    def named(self, catalog_: str, alias: str, line: int) -> list[Dependency]:
        """What an alias stands for.  It counts with the catalog, where that is read too."""
        if catalog_ not in self.known:
            self.known[catalog_] = self._find(catalog_)
        known = self.known[catalog_]
        if known is None:
            return []
        where, libraries = known
        alias = _spelt(alias.removesuffix(".get"))
        wanted = [one for name, one in libraries.items() if name == alias or name.startswith(f"{alias}#")]
        return [_asked(one.name, one.version or one.asked, line, within=where) for one in wanted]

    def versions(self) -> dict[str, str]:
        """The versions of the usual catalog, as builds name them."""
        found = self._read("libs")
        said = table(found[1].get("versions")) if found else {}
        return {f"libs.versions.{_spelt(name)}": text for name, value in said.items() if (text := _rich(value, {}))}

    def _read(self, name: str) -> tuple[str, Mapping[str, Json], str] | None:
        """Where a catalog is, what it holds, and its text."""
        for folder in PurePosixPath(self.path).parents:
            where = normal(folder / "gradle" / f"{name}.versions.toml")
            text = self.fetch(where) if where else None
            if where and text is not None:
                try:
                    return where, toml_table(text), text
                except Unreadable:
                    return None  # it is read by itself too, and what is wrong with it is told there
        return None

    def _find(self, name: str) -> tuple[str, dict[str, Dependency]] | None:
        found = self._read(name)
        if found is None:
            return None
        where, whole, text = found
        libraries = dict(_libraries(whole, text))
        for bundle, members in table(whole.get("bundles")).items():
            for alias in (_spelt(text_of(one)) for one in rows(members)):
                if alias in libraries:
                    libraries[f"bundles.{_spelt(bundle)}#{alias}"] = libraries[alias]
        return where, libraries
