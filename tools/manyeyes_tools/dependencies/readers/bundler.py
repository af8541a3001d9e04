"""Reads Gemfile and Gemfile.lock."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manyeyes_tools.dependencies.dependency import Dependency, Ecosystem, Origin, Reading
from manyeyes_tools.dependencies.readers.parsing import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

_GEM = re.compile(r"^ {4}(?P<name>[^\s(]+)(?: \((?P<version>[^-()]*)(?:-[^()]*)?\))?$")
"""A gem; what stands behind a hyphen is the platform it was built for, since no version of a gem has one."""
_NEED = re.compile(r"^ {6}(?P<name>[A-Za-z0-9._-]+)")
_DIRECT = re.compile(r"^ {2}(?P<name>[A-Za-z0-9._-]+)!?(?: \([^)]*\))?!?$")
_SOURCES = frozenset({"GEM", "GIT", "PATH", "PLUGIN SOURCE"})
_OTHERS = frozenset({"PLATFORMS", "DEPENDENCIES", "CHECKSUMS", "RUBY VERSION", "BUNDLED WITH"})
_HOSTS = ("rubygems.org", "rubygems.global.ssl.fastly.net")
_GEMFILE = re.compile(r"^\s*gem[\s(]+[\"']([A-Za-z0-9._-]+)[\"'](?:\s*,\s*[\"']([^\"']+)[\"'])?(.*)$")
_ELSEWHERE = re.compile(r"(?::|\b)(?:git|github|gist|bitbucket|gitlab|source)\b\s*(?::|=>)")
_LOCAL = re.compile(r"(?::|\b)path\b\s*(?::|=>)")
_EXACT = re.compile(r"=\s*(\d+(?:\.[0-9A-Za-z]+)+)")
_CALLED = re.compile(r"^\s*(?:eval_gemfile|gemspec)\b")
_SHOWN = 3
_MIXED = "It names several sources together, and not which gem comes from which; all were looked up as public ones."


def lock(_path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """Gemfile.lock."""
    said = _Lock()
    for number, line in enumerate(text.split("\n"), 1):
        said.take(number, line)
    if not said.specs and not {"GEM", "GIT", "PATH"} & said.sections:
        raise Unreadable("it holds no gems")
    found: dict[tuple[str, str, Origin], Dependency] = {}
    for name, version, number, origin in said.specs:
        found.setdefault(
            (name, version, origin),
            Dependency(
                ecosystem=Ecosystem.RUBYGEMS,
                name=name,
                version=version,
                line=number,
                origin=origin,
                direct=name in said.direct,
                needs=tuple(dict.fromkeys(said.needs.get(name, ()))),
                key=name,
                locked=True,
            ),
        )
    problems = [f"not understood, so what stands there was not checked: line {_few(said.odd)}"] if said.odd else []
    if "DEPENDENCIES" not in said.sections:
        problems.append("it ends before its DEPENDENCIES, so it may be cut off; what is missing was not checked")
    return Reading(dependencies=tuple(found.values()), problems=tuple(problems), notes=(_MIXED,) if said.mixed else ())


@dataclass(slots=True)
class _Lock:
    """What was read of a lock so far: its gems with version, line and origin, what they need, and what is direct."""

    section: str = ""
    remotes: list[str] = field(default_factory=list)
    sections: set[str] = field(default_factory=set)
    specs: list[tuple[str, str, int, Origin]] = field(default_factory=list)
    needs: dict[str, list[str]] = field(default_factory=dict)
    direct: set[str] = field(default_factory=set)
    odd: list[int] = field(default_factory=list)
    mixed: bool = False

    def take(self, number: int, line: str) -> None:
        """One more line."""
        if not line.strip():
            return
        if not line.startswith(" "):
            self.section, self.remotes = line.strip(), []
            self.sections.add(self.section)
            if self.section not in _SOURCES | _OTHERS:
                self.odd.append(number)
        elif self.section in _SOURCES:
            if line.startswith("  remote: "):
                self.remotes.append(line.removeprefix("  remote: ").strip())
            elif line.startswith("    "):
                self._gem(number, line)
        elif self.section == "DEPENDENCIES":
            if match := _DIRECT.match(line):
                self.direct.add(match["name"])
            else:
                self.odd.append(number)

    def _gem(self, number: int, line: str) -> None:
        if match := _GEM.match(line):
            public = [_public(one) for one in self.remotes]
            self.mixed = self.mixed or (self.section == "GEM" and any(public) and not all(public))
            self.specs.append((match["name"], match["version"] or "", number, _origin(self.section, public)))
        elif (match := _NEED.match(line)) and self.specs:
            self.needs.setdefault(self.specs[-1][0], []).append(match["name"])
        else:
            self.odd.append(number)


def _few(lines: list[int]) -> str:
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return ", ".join(map(str, lines[:_SHOWN])) + more


def _public(remote: str) -> bool:
    try:
        host = urlsplit(remote).hostname or ""
    except ValueError:
        return False
    return host in _HOSTS or host.endswith(".rubygems.org")


def _origin(section: str, public: list[bool]) -> Origin:
    if section == "PATH":
        return "local"
    if section == "GEM":
        return "registry" if any(public) or not public else "elsewhere"
    return "elsewhere"


def manifest(path: str, text: str, _fetch: Callable[[str], str | None]) -> Reading:
    """The plain lines of a Gemfile.  It is a program, and never run."""
    found = []
    odd: list[int] = []
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw[:2_000]
        if match := _GEMFILE.match(line):
            asked, rest = (match[2] or "").strip(), match[3] or ""
            exact = _EXACT.fullmatch(asked)
            found.append(
                Dependency(
                    ecosystem=Ecosystem.RUBYGEMS,
                    name=match[1],
                    version=exact[1] if exact else "",
                    asked="" if exact else asked,
                    line=number,
                    origin="local" if _LOCAL.search(rest) else "elsewhere" if _ELSEWHERE.search(rest) else "registry",
                    direct=True,
                )
            )
        elif re.match(r"^\s*gem[\s(]+\S", line) or _CALLED.match(line):
            odd.append(number)
    said = f"what {path} asks for on line {_few(odd)} is worked out when it runs, and it is never run; a lock names it."
    return Reading(dependencies=tuple(found), notes=(said,) if odd else ())
