"""How far a vulnerable package is used here: whether it is imported, and whether what matters of it is called.

Read from syntax, never run.  What a program imports under a name that it works out is not seen, so that no use found
lowers how sure a finding is and never takes it away.  Blocking: to be called in a worker thread.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.dependencies.dependency import Ecosystem, canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from manyeyes_tools.dependencies.gathering import Source
    from manyeyes_tools.dependencies.inventory import Component
    from manyeyes_tools.dependencies.lookup import Hit
    from manyeyes_tools.syntax.outline import Outline

    Found: TypeAlias = tuple[Source, Outline, int, str]  # a file, its outline, the line of an import, and its name

PATIENCE_S = 20.0
_LANGUAGES = {
    Ecosystem.PYPI: ("python",),
    Ecosystem.NPM: ("javascript", "typescript"),
    Ecosystem.GO: ("go",),
    Ecosystem.CARGO: ("rust",),
    Ecosystem.MAVEN: ("java", "kotlin"),
    Ecosystem.COMPOSER: ("php",),
    Ecosystem.RUBYGEMS: ("ruby",),
    Ecosystem.NUGET: ("csharp",),
}
_BY_NAME = frozenset({Ecosystem.PYPI, Ecosystem.NPM, Ecosystem.GO, Ecosystem.CARGO})
"""Where the name of a package tells the name it is imported by, so that no import means something."""
_MODULES = {
    "pyyaml": ("yaml",), "pillow": ("PIL",), "beautifulsoup4": ("bs4",), "scikit-learn": ("sklearn",),
    "python-dateutil": ("dateutil",), "opencv-python": ("cv2",), "opencv-python-headless": ("cv2",),
    "attrs": ("attr", "attrs"), "pyjwt": ("jwt",), "pycryptodome": ("Crypto",), "pycryptodomex": ("Cryptodome",),
    "python-jose": ("jose",), "python-multipart": ("multipart", "python_multipart"), "protobuf": ("google.protobuf",),
    "grpcio": ("grpc",), "psycopg2-binary": ("psycopg2",), "mysqlclient": ("MySQLdb",), "pyopenssl": ("OpenSSL",),
    "python-dotenv": ("dotenv",), "setuptools": ("setuptools", "pkg_resources"), "gitpython": ("git",),
    "msgpack-python": ("msgpack",), "pymysql": ("pymysql",), "djangorestframework": ("rest_framework",),
    "scikit-image": ("skimage",), "dnspython": ("dns",), "websocket-client": ("websocket",), "pyzmq": ("zmq",),
    "ruamel-yaml": ("ruamel.yaml",), "markupsafe": ("markupsafe",), "jinja2": ("jinja2",), "werkzeug": ("werkzeug",),
    "google-cloud-storage": ("google.cloud.storage",), "pytorch-lightning": ("pytorch_lightning",),
    "pyasn1-modules": ("pyasn1_modules",), "pypdf2": ("PyPDF2",), "python-magic": ("magic",), "pyserial": ("serial",),
    "faiss-cpu": ("faiss",), "tensorflow-cpu": ("tensorflow",), "tensorflow-gpu": ("tensorflow",),
    "apache-airflow": ("airflow",), "snowflake-connector-python": ("snowflake.connector",), "pywin32": ("win32api",),
    "python-ldap": ("ldap",), "python-gnupg": ("gnupg",), "pygments": ("pygments",), "flask-cors": ("flask_cors",),
}  # fmt: skip
"""What packages of PyPI are imported as, where it is not their own name."""
_SPLIT = re.compile(r"::|[./\\]")


class Level(StrEnum):
    """What was proven of a package's use here, the most first."""

    CALLED = "called"
    IMPORTED = "imported"
    NOT_IMPORTED = "not imported"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Use:
    """A place where a package is imported or called."""

    path: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What was found of one package and advisory.

    Attributes:
        level: What is proven.
        said: The same in words, with the place where there is one.
        uses: Where it is imported or called, a few.
    """

    level: Level
    said: str
    uses: tuple[Use, ...] = ()


@dataclass(slots=True)
class Usage:
    """What the project's own code imports and calls.

    Attributes:
        sources: The code, by language.
        until: When reading ends, on the monotonic clock.
    """

    sources: Sequence[Source]
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)
    _outlines: dict[str, Outline | None] = field(default_factory=dict)

    def of(self, component: Component, hit: Hit) -> Reach:
        """How far what the advisory is about is used."""
        languages = _LANGUAGES[component.ecosystem]
        files = [one for one in self.sources if one.language in languages]
        if not files:
            return Reach(level=Level.UNKNOWN, said=f"no {languages[0]} code was given, so its use is not known")
        modules = component.dependency.modules or modules_of(component.ecosystem, component.dependency.name)
        imports, unread = self._imports(component.ecosystem, modules, files)
        if not imports:
            return _unused(component, modules, files, unread)
        return _used(component, hit, imports)

    def _imports(
        self, ecosystem: Ecosystem, modules: Sequence[str], files: Sequence[Source]
    ) -> tuple[list[Found], int]:
        """Where one of the modules is imported, and how many files that may do so could not be read."""
        found: list[Found] = []
        unread = 0
        for source in files:
            if not any(_fragment(module) in source.text for module in modules):
                continue
            outline = self._outline(source)
            if outline is None or outline.incomplete:
                unread += 1
            if outline is not None:
                found += [
                    (source, outline, one.line, named)
                    for one in outline.imports
                    if (named := _imported(ecosystem, one.module, one.names, modules))
                ]
        return found, unread

    def _outline(self, source: Source) -> Outline | None:
        """The file's outline; None once the time for reading is over."""
        if source.path not in self._outlines:
            if time.monotonic() > self.until:
                return None
            from manyeyes_tools.syntax.symbols import outline  # the grammars' library is slow to load

            self._outlines[source.path] = outline(source.text, source.language)
        return self._outlines[source.path]


def modules_of(ecosystem: Ecosystem, name: str) -> tuple[str, ...]:
    """The names by which a package is imported."""
    package = name.strip() if ecosystem is Ecosystem.NUGET else canonical(ecosystem, name)
    if ecosystem is Ecosystem.PYPI:
        return _MODULES.get(package) or (package.replace("-", "_"),)
    if ecosystem is Ecosystem.CARGO:
        return (package.replace("-", "_"),)
    if ecosystem is Ecosystem.MAVEN:
        return (package.partition(":")[0],)
    if ecosystem is Ecosystem.RUBYGEMS:
        return tuple(dict.fromkeys((package, package.replace("-", "/"))))
    return (package,)


def undeclared(sources: Sequence[Source]) -> list[tuple[str, str, int]]:
    """What Python files import that is neither Python's own nor the project's: package, file and line."""
    python = [one for one in sources if one.language == "python"]
    own = {part for one in python for part in PurePosixPath(one.path).with_suffix("").parts}
    by_module = {module: package for package, modules in _MODULES.items() for module in modules}
    usage = Usage(python)
    found: dict[str, tuple[str, str, int]] = {}
    for source in python:
        outline = usage._outline(source)  # noqa: SLF001  # this module's own
        for one in outline.imports if outline else ():
            top = one.module.partition(".")[0]
            if not top or top in sys.stdlib_module_names or top in own or top in found:
                continue
            package = by_module.get(top) or by_module.get(one.module) or top
            found[top] = (package, source.path, one.line)
    return sorted(found.values())


def _fragment(module: str) -> str:
    """What must stand in a file that imports a module, however its parts are joined."""
    return max(_SPLIT.split(module), key=len)


def _imported(ecosystem: Ecosystem, module: str, names: Iterable[str], modules: Sequence[str]) -> str:
    """The module's name where an import is of one of these; empty otherwise."""
    said = module.strip("\"'")
    if ecosystem is Ecosystem.CARGO:
        said = said.replace("::", ".").replace("extern crate ", "")
    joints = {Ecosystem.NPM: "/", Ecosystem.GO: "/", Ecosystem.RUBYGEMS: "/", Ecosystem.COMPOSER: "\\"}
    joint = joints.get(ecosystem, ".")
    for one in modules:
        if said == one or said.startswith(f"{one}{joint}"):
            return said
        if any(f"{said}{joint}{name}" == one for name in names):
            return one
    return ""


def _used(component: Component, hit: Hit, imports: Sequence[Found]) -> Reach:
    """What is proven of a package that is imported."""
    if hit.symbols and (called := _calls(imports, hit.symbols)):
        source, line, name = called
        said = f"`{name}`, which the advisory names, is called at {source.path}:{line}"
        return Reach(level=Level.CALLED, said=said, uses=(Use(source.path, line),))
    uses = tuple(Use(source.path, line) for source, _, line, _ in imports[:3])
    said = f"it is imported at {uses[0].path}:{uses[0].line}"
    if hit.modules and component.ecosystem is Ecosystem.GO and not {named for *_, named in imports} & {*hit.modules}:
        said += ", though not the part that the advisory names"
        return Reach(level=Level.NOT_IMPORTED, said=said, uses=uses)
    if hit.symbols:
        said += f", and no call of {_few(hit.symbols)} was found"
    return Reach(level=Level.IMPORTED, said=said, uses=uses)


def _calls(imports: Sequence[Found], symbols: Sequence[str]) -> tuple[Source, int, str] | None:
    """A call of one of the symbols in a file that imports the package, taken by name from there."""
    last = {_SPLIT.split(symbol)[-1].strip("()"): symbol for symbol in symbols}
    for source, outline, _, _ in imports:
        known = {name for one in outline.imports for name in one.names}
        for call in outline.calls:
            if call.name in last and (call.receiver or call.name in known or "*" in known):
                return source, call.line, last[call.name]
    return None


def _unused(component: Component, modules: Sequence[str], files: Sequence[Source], unread: int) -> Reach:
    count = f"{len(files)} {files[0].language} file{'' if len(files) == 1 else 's'}"
    if unread:
        return Reach(level=Level.UNKNOWN, said=f"{unread} of {count} could not be read, so its use is not known")
    named = " or ".join(f"`{module}`" for module in modules)
    if component.ecosystem not in _BY_NAME:
        return Reach(level=Level.UNKNOWN, said=f"no import of {named} was found, which proves nothing here")
    return Reach(level=Level.NOT_IMPORTED, said=f"no import of {named} was found in {count}")


def _few(symbols: Sequence[str]) -> str:
    shown = ", ".join(f"`{symbol}`" for symbol in symbols[:3])
    return f"{shown} or {len(symbols) - 3} more" if len(symbols) > 3 else shown  # noqa: PLR2004  # as many as shown
