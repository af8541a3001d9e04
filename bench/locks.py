"""Does each reader of lock files and manifests see what the package managers themselves see in real files?

    python bench/locks.py FOLDER [--kind KIND] [--differences N] [--json]

Every file below FOLDER that a reader here knows is read twice: by that reader, and by a second reading that shares
nothing with it.  The second reading is the package manager's own where this machine has it: Bundler's parser through
ruby, Composer's loader through php, Maven's model builder through java.  It is `packaging` for requirements and
pylock.toml, PyYAML for pnpm's and berry's locks, and else a few lines over `json`, `tomllib`, `ElementTree` or a line
pattern.  `by` says which.  Compared are names with versions; for Bundler and NuGet also which are direct.

`differ` counts files of which the second reading says something that the reader does not, `more` those of which only
the reader says more (as of versions that a profile chooses), `refused` those that neither takes, `ours only` those that
the reader refuses and the second reading takes.  `told` are files of which the reader says itself that it did not
understand all, which may differ then; `open` are packages whose version only the second reading knows: they come out as
unchecked.  Time and memory are the reader's own: `ms` of the slowest file, `mb` the most that was held while one was
read.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import tracemalloc
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import yaml  # type: ignore[import-untyped]
from packaging.pylock import Pylock, PylockValidationError
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from manyeyes_tools.dependencies.readers.parsing import Unreadable
from manyeyes_tools.dependencies.readers.registry import reader_for, understood
from manyeyes_tools.roots import Refused, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manyeyes_tools.dependencies.dependency import Dependency, Reading

HERE = Path(__file__).parent / "second"
MAVEN = Path(os.environ.get("MAVEN_HOME", "/usr/share/maven")) / "lib"
PIN = re.compile(r"^===?\s*([^\s,;*]+)$")
LIMIT = 16_000_000


@dataclass(frozen=True, slots=True)
class Second:
    """What the second reading says of a file: pairs of name and version, what is direct, or why it is refused."""

    pairs: frozenset[tuple[str, str]] = frozenset()
    direct: frozenset[str] | None = None
    refused: str = ""
    by: str = ""


@dataclass(slots=True)
class Row:
    """The figures of one kind of file."""

    by: str = ""
    files: int = 0
    packages: int = 0
    agree: int = 0
    differ: int = 0
    more: int = 0
    told: int = 0
    open: int = 0
    refused: int = 0
    ours_only: int = 0
    ms: float = 0.0
    mb: float = 0.0
    differences: list[str] = field(default_factory=list)


def python_name(name: str) -> str:
    return str(canonicalize_name(name))


def same(name: str) -> str:
    return name


def lower(name: str) -> str:
    return name.lower()


# --- readings of one text ---


def toml_packages(text: str) -> Iterable[tuple[str, str]]:
    for one in tomllib.loads(text).get("package", []):
        yield one["name"], str(one.get("version", ""))


def uv(text: str) -> Iterable[tuple[str, str]]:
    for one in tomllib.loads(text)["package"]:
        if not {"virtual", "editable", "directory"} & set(one.get("source", {})):
            yield one["name"], one.get("version", "")


def cargo(text: str) -> Iterable[tuple[str, str]]:
    return [(one["name"], one["version"]) for one in tomllib.loads(text)["package"] if "source" in one]


def pipfile_lock(text: str) -> Iterable[tuple[str, str]]:
    for section, listed in json.loads(text).items():
        for name, told in listed.items() if section != "_meta" else ():
            yield name, re.sub("^==", "", told.get("version", ""))


def pylock(text: str) -> Iterable[tuple[str, str]]:
    whole = tomllib.loads(text)
    try:
        return [(str(one.name), str(one.version or "")) for one in Pylock.from_dict(whole).packages]
    except PylockValidationError:  # stricter than the tools that write such files
        return [(one["name"], one.get("version", "")) for one in whole["packages"]]


def npm(text: str) -> Iterable[tuple[str, str]]:
    whole = json.loads(text)
    if not {"packages", "dependencies", "lockfileVersion"} & set(whole):
        raise ValueError("not a lock")
    for place, told in whole.get("packages", {}).items():
        if "node_modules/" in place and not told.get("link"):
            yield told.get("name") or place.split("node_modules/")[-1], told.get("version", "")
    if "packages" not in whole:
        yield from npm_1(whole.get("dependencies", {}))


def npm_1(listed: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for name, told in listed.items():
        version = told.get("version", "")
        if version.startswith("npm:"):
            alias, _, said = version[4:].rpartition("@")
            yield alias, said
        else:
            yield name, version if re.fullmatch(r"\d+\.\d+\.\d+\S*", version) else ""
        yield from npm_1(told.get("dependencies", {}))


def pnpm(text: str) -> Iterable[tuple[str, str]]:
    documents = [one for one in yaml.load_all(text, Loader=yaml.CBaseLoader) if one]
    named = re.findall(r"(?m)^ +version: (?!link:|file:|workspace:)", text)
    if named and not any(one.get("packages") for one in documents):
        raise ValueError("pnpm calls such a lock broken")
    for key, told in (item for one in documents for item in (one.get("packages") or {}).items()):
        match = re.match(r"/?((?:@[^/@]+/)?[^/@]+)[/@](\d[^/_(]*)", key)
        if match and "://" not in key and not key.startswith("github.com"):
            yield match[1], match[2]
        else:
            yield told.get("name") or key, told.get("version", "")


def yarn(text: str) -> Iterable[tuple[str, str]]:
    if "__metadata:" not in text and "yarn lockfile v1" not in text:
        raise ValueError("not a lock")
    if "__metadata:" in text:
        for key, told in yaml.load(text, Loader=yaml.CBaseLoader).items():  # noqa: S506  it makes texts only
            if key != "__metadata" and "@workspace:" not in key:
                yield re.sub(r"(?<=.)@.*$", "", told.get("resolution") or key), told["version"]
        return
    for key, version in re.findall(r"(?ms)^(\S[^\n]*):\n(?:  [^\n]*\n)*?  version \"?([^\"\n]+)\"?$", text):
        descriptor = key.split(",")[0].strip('" ')
        name, _, asked = descriptor[1:].partition("@")
        alias = re.match(r"npm:(@?[^@]+)", asked)
        yield alias[1] if alias else descriptor[0] + name, version


def go_mod(text: str) -> Iterable[tuple[str, str]]:
    """Requirements by line, with what replaces them."""
    text = re.sub(r"(?m)//.*$", "", text)
    said = re.findall(r"(?m)^\s*(?:replace\s+)?(\S+)(?:[ \t]+v(\S+))?[ \t]*=>[ \t]*(\S+(?:[ \t]+\S+)?)", text)
    replaced = {(name, version): target for name, version, target in said}
    blocks = re.findall(r"(?ms)^require\s*\((.*?)^\)", text) + re.findall(r"(?m)^require\s+([^(\n]+)$", text)
    for name, version in re.findall(r"(?m)^\s*\"?([^\s\"]+)\"?\s+(v\S+)", "\n".join(blocks)):
        target = (replaced.get((name, version[1:])) or replaced.get((name, ""), "")).split()
        if not target:
            yield name, version[1:]
        else:
            yield (target[0], target[1][1:]) if len(target) > 1 else (name, "")


def go_sum(text: str) -> Iterable[tuple[str, str]]:
    last = {}
    for line in filter(str.strip, text.splitlines()):
        name, version, _ = line.split()
        if not version.endswith("/go.mod"):
            last[name] = version[1:]
    return last.items()


def requirements(text: str) -> Iterable[tuple[str, str]]:
    for raw in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if not line or line.startswith("-"):
            continue
        try:
            one = Requirement(re.split(r"\s--", line)[0])
        except InvalidRequirement:
            continue  # a folder, an address, or nothing that pip takes
        pin = PIN.match(str(one.specifier))
        yield one.name, pin[1] if pin else ""


def gradle(text: str) -> Iterable[tuple[str, str]]:
    for line in text.splitlines():
        if line.strip() and not line.startswith(("#", "empty=")):
            group, name, version = line.split("=")[0].split(":")
            yield f"{group}:{name}", version


def catalog(text: str) -> Iterable[tuple[str, str]]:
    whole = tomllib.loads(text)
    for told in whole.get("libraries", {}).values():
        if isinstance(told, str):
            group, name, *version = told.split(":")
            yield f"{group}:{name}", plain("".join(version))
            continue
        version_ = told.get("version", "")
        if isinstance(version_, dict) and "ref" in version_:
            version_ = whole["versions"][version_["ref"]]
        if isinstance(version_, dict):
            version_ = version_.get("strictly") or version_.get("require") or version_.get("prefer") or ""
        yield told.get("module") or f"{told['group']}:{told['name']}", plain(version_)


def plain(version: str) -> str:
    return version if re.fullmatch(r"[\w.-]*\w", version) else ""


def nuget(text: str) -> Iterable[tuple[str, str]]:
    for listed in json.loads(text)["dependencies"].values():
        for name, told in listed.items():
            yield name, told.get("resolved", "")


def nuget_direct(text: str) -> frozenset[str]:
    listed = [one for told in json.loads(text)["dependencies"].values() for one in told.items()]
    return frozenset(name.lower() for name, told in listed if told["type"] == "Direct")


def msbuild_files(path: Path, root: Path) -> Iterable[ET.Element]:
    """A project and the nearest files above that MSBuild takes into it."""
    yield ET.fromstring(decode(path.read_bytes(), path.name))  # noqa: S314  files that somebody chose
    above = [folder for folder in path.parents if folder.is_relative_to(root)]
    for name in ("Directory.Packages.props", "Directory.Build.props"):
        near = next((folder / name for folder in above if (folder / name).is_file()), None)
        if near is not None and near != path:
            yield ET.fromstring(decode(near.read_bytes(), name))  # noqa: S314  likewise


def msbuild(path: Path, root: Path) -> Iterable[tuple[str, str]]:
    """What a project references, several versions where conditions choose among them."""
    trees = [*msbuild_files(path, root)]
    properties: dict[str, str] = {}
    for tree in trees:
        own = Counter[str]()
        for group in tree.iter():
            for one in group if group.tag.endswith("PropertyGroup") else ():
                name = one.tag.rpartition("}")[2].lower()
                own[name] += properties.get(name, "") != (one.text or "").strip()
                properties.setdefault(name, (one.text or "").strip())
        properties = {name: value for name, value in properties.items() if own[name] == 1}
    central: defaultdict[str, list[str]] = defaultdict(list)
    for one in (one for tree in trees[1:] for one in tree.iter() if one.tag.endswith("PackageVersion")):
        central[str(one.get("Include") or one.get("Update")).lower()].append(msbuild_version(one, properties) or "")
    for one in trees[0].iter():
        tag = one.tag.rpartition("}")[2]
        names = one.get("Include") or one.get("Update") or one.get("id") or ""
        if tag in {"PackageReference", "PackageVersion", "GlobalPackageReference", "package"}:
            for part in filter(None, map(str.strip, names.split(";"))):
                version = msbuild_version(one, properties)
                for each in (central.get(part.lower()) or [""]) if version is None else [version]:
                    yield part, each


def msbuild_version(one: ET.Element, properties: dict[str, str]) -> str | None:
    """The exact version; empty for an open one, None where none is written."""
    inner = next((child.text for child in one if child.tag.endswith("Version")), "")
    said = one.get("VersionOverride") or one.get("Version") or one.get("version") or inner
    if not said:
        return None
    said = re.sub(r"\$\((\w+)\)", lambda match: properties.get(match[1].lower(), match[0]), said).strip()
    said = re.sub(r"^\[([^,\]]+)\]$", r"\1", said)
    return said if re.fullmatch(r"\d[\w.+-]*", said) else ""


def package_json(text: str) -> Iterable[tuple[str, str]]:
    whole = json.loads(text)
    for section in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        for name, asked in whole.get(section, {}).items():
            alias = re.match(r"npm:(@?[^@]+)@?(.*)", asked)
            said = alias[2] if alias else asked
            exact = re.fullmatch(r"=?v?(\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)", said)
            yield alias[1] if alias else name, exact[1] if exact else ""


def composer_json(text: str) -> Iterable[tuple[str, str]]:
    whole = json.loads(text)
    for section in ("require", "require-dev"):
        for name, asked in (whole.get(section) or {}).items():
            if "/" in name:
                exact = re.fullmatch(r"=*\s*v?(\d+(?:\.\d+){2,3})", asked.strip())
                yield name, exact[1] if exact else ""


def cyclonedx(text: str) -> Iterable[tuple[str, str]]:
    from packageurl import PackageURL

    known = {"pypi": "/", "npm": "/", "golang": "/", "cargo": "/", "maven": ":", "composer": "/", "gem": "/"}
    known["nuget"] = "/"
    whole = json.loads(text)
    if whole.get("bomFormat") != "CycloneDX":
        raise ValueError("not CycloneDX")
    waiting = list(whole.get("components", []))
    for one in waiting:
        waiting.extend(one.get("components", []))
        if one.get("purl"):
            url = PackageURL.from_string(one["purl"])
            if url.type in known:
                name = known[url.type].join(filter(None, (url.namespace, url.name)))
                version = url.version or one.get("version", "")
                yield name, re.sub("^v", "", version) if url.type == "golang" else version


# --- readings of many files by a package manager ---


def bundler(paths: list[Path]) -> dict[Path, Second]:
    return {
        Path(one["path"]): Second(
            pairs=frozenset((name, version) for name, version in one.get("packages", [])),
            direct=frozenset(one.get("direct", [])),
            refused=one.get("refused", ""),
        )
        for one in lines_of(["ruby", str(HERE / "bundler.rb")], paths)
    }


def composer(paths: list[Path]) -> dict[Path, Second]:
    return {
        Path(one["path"]): Second(
            pairs=frozenset((name.lower(), exact_of_composer(version)) for name, version in one.get("packages", [])),
            refused=one.get("refused", ""),
        )
        for one in lines_of(["php", str(HERE / "composer.php")], paths)
    }


def exact_of_composer(version: str) -> str:
    return re.sub("^v", "", version) if re.fullmatch(r"v?\d+(\.\d+)*(-[A-Za-z0-9.-]+)?", version) else ""


def maven(paths: list[Path]) -> dict[Path, Second]:
    command = ["java", "-cp", f"{MAVEN}/*", str(HERE / "Effective.java")]
    told: defaultdict[Path, set[tuple[str, str]]] = defaultdict(set)
    refused: dict[Path, str] = {}
    for line in given(command, paths).splitlines():
        path, name, *version = line.split("\t")
        if name == "refused":
            refused[Path(path)] = version[0]
        elif name != "ok":
            exact = version[0] if re.fullmatch(r"\[?[\w][\w.+-]*\]?", version[0]) else ""
            told[Path(path)].add((name, exact.strip("[]")))
    return {path: Second(pairs=frozenset(told[path]), refused=refused.get(path, "")) for path in paths}


def lines_of(command: list[str], paths: list[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in given(command, paths).splitlines() if line.startswith("{")]


def given(command: list[str], paths: list[Path]) -> str:
    text = "\n".join(map(str, paths))
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=300, check=True).stdout


# --- kinds ---


@dataclass(frozen=True, slots=True)
class Kind:
    """How files of a kind are read a second time: text by text, or all at once where `program` is on the path."""

    name: str
    pattern: str
    by: str
    read: Callable[[str], Iterable[tuple[str, str]]] | None = None
    direct: Callable[[str], frozenset[str]] | None = None
    at: Callable[[Path, Path], Iterable[tuple[str, str]]] | None = None
    program: str = ""
    batch: Callable[[list[Path]], dict[Path, Second]] | None = None
    spelling: Callable[[str], str] = same


KINDS = (
    Kind("poetry.lock", r"poetry\.lock", "tomllib", toml_packages, spelling=python_name),
    Kind("pdm.lock", r"pdm\.lock", "tomllib", toml_packages, spelling=python_name),
    Kind("uv.lock", r"uv\.lock", "tomllib", uv, spelling=python_name),
    Kind("Pipfile.lock", r"Pipfile\.lock", "json", pipfile_lock, spelling=python_name),
    Kind("pylock.toml", r"pylock(\.[^.]+)?\.toml", "packaging", pylock, spelling=python_name),
    Kind("requirements.txt", r"(.*[-_.])?requirements?([-_.].*)?\.(txt|in|lock)", "packaging", requirements,
         spelling=python_name),
    Kind("package-lock.json", r"package-lock\.json|npm-shrinkwrap\.json", "json", npm),
    Kind("pnpm-lock.yaml", r"pnpm-lock\.yaml", "PyYAML", pnpm),
    Kind("yarn.lock", r"yarn\.lock", "PyYAML, pattern", yarn),
    Kind("package.json", r"package\.json", "json", package_json),
    Kind("Cargo.lock", r"Cargo\.lock", "tomllib", cargo),
    Kind("go.mod", r"go\.mod", "pattern", go_mod),
    Kind("go.sum", r"go\.sum", "split", go_sum),
    Kind("composer.lock", r"composer\.lock", "Composer", program="php", batch=composer, spelling=lower),
    Kind("composer.json", r"composer\.json", "json", composer_json, spelling=lower),
    Kind("Gemfile.lock", r"Gemfile\.lock|gems\.locked", "Bundler", program="ruby", batch=bundler),
    Kind("packages.lock.json", r"packages\.lock\.json", "json", nuget, direct=nuget_direct, spelling=lower),
    Kind("*.csproj, *.props", r".*\.(cs|fs|vb)proj|Directory\.Packages\.props|packages\.config", "ElementTree",
         at=msbuild, spelling=lower),
    Kind("gradle.lockfile", r".*\.lockfile", "split", gradle),
    Kind("version catalog", r".*\.versions\.toml", "tomllib", catalog),
    Kind("pom.xml", r"pom\.xml", "Maven", program="java", batch=maven),
    Kind("CycloneDX", r"s?bom\.json|.*\.cdx\.json|.*[-_.]s?bom\.json", "packageurl", cyclonedx, spelling=lower),
)  # fmt: skip


def ours(path: Path, root: Path) -> tuple[Reading | None, str, float, float]:
    """Our reading, or why there is none, with the milliseconds and megabytes it took."""
    try:
        text = decode(path.read_bytes(), path.name)
    except Refused as error:
        return None, str(error), 0.0, 0.0

    def fetch(name: str) -> str | None:
        at = root / name
        return decode(at.read_bytes(), name) if at.is_file() and at.resolve().is_relative_to(root) else None

    name = path.relative_to(root).as_posix()
    began = time.perf_counter()
    try:
        reading, why = understood(name, text, fetch), ""
    except Unreadable as error:
        reading, why = None, str(error)
    took = (time.perf_counter() - began) * 1000
    tracemalloc.start()
    with suppress(Unreadable):
        understood(name, text, fetch)
    most = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return reading, why, took, most


def second(kind: Kind, path: Path, root: Path) -> Second:
    """The second reading of one file."""
    try:
        text = decode(path.read_bytes(), path.name)
        pairs = frozenset((kind.read(text) if kind.read else ()) if kind.at is None else kind.at(path, root))
        return Second(pairs, kind.direct(text) if kind.direct else None)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, Refused) as error:
        return Second(refused=f"{type(error).__name__}: {error}")
    except (yaml.YAMLError, ET.ParseError, InvalidRequirement, PylockValidationError) as error:
        return Second(refused=f"{type(error).__name__}: {error}"[:100])


def pairs_of(kind: Kind, dependencies: Iterable[Dependency]) -> frozenset[tuple[str, str]]:
    return frozenset((kind.spelling(one.name), one.version) for one in dependencies)


def weigh(kind: Kind, path: Path, root: Path, said: Second, row: Row) -> None:
    """Hold the two readings of a file against each other."""
    reading, why, took, most = ours(path, root)
    row.files += 1
    row.ms, row.mb = max(row.ms, took), max(row.mb, most)
    shown = path.relative_to(root)
    if reading is None:
        if said.refused:
            row.refused += 1
        else:
            row.ours_only += 1
            row.differences.append(f"{shown}: only refused here: {why}")
        return
    row.packages += len(reading.dependencies)
    if said.refused:
        row.more += not reading.problems
        row.told += bool(reading.problems)
        row.differences.append(f"{shown}: only the second refuses: {said.refused[:160]}; {reading.problems[:1]}")
        return
    names = {kind.spelling(name) for name, _ in said.pairs}
    mine = frozenset(
        (name, version)
        for name, version in pairs_of(kind, (one for one in reading.dependencies if kind.batch or not one.within))
        if version or name in names or kind.name != "requirements.txt"  # folders and addresses, which have no version
    )
    theirs = frozenset((kind.spelling(name), version) for name, version in said.pairs)
    direct = frozenset(kind.spelling(one.name) for one in reading.dependencies if one.direct)
    left_open = {name for name, version in mine - theirs if not version}
    row.open += len(left_open)
    wrong = [f"+{name} {version}" for name, version in sorted(mine - theirs) if version or name not in names]
    wrong += [f"-{name} {version}" for name, version in sorted(theirs - mine) if name not in left_open]
    if said.direct is not None:
        named = {name for name, _ in mine}
        expected = frozenset(map(kind.spelling, said.direct)) & named
        wrong += [f"direct? {name}" for name in sorted(direct ^ expected)]
    if not wrong:
        row.agree += 1
        return
    if reading.problems:
        row.told += 1
    elif any(one.startswith("+") for one in wrong) and not any(one.startswith("-") for one in wrong):
        row.more += 1
    else:
        row.differ += 1
    row.differences.append(f"{shown}: {' '.join(wrong[:12])}{' ...' if len(wrong) > 12 else ''} {reading.problems[:2]}")


def measured(root: Path, only: str) -> dict[str, Row]:
    every = [one for one in sorted(root.rglob("*")) if one.is_file() and one.stat().st_size <= LIMIT]
    rows: dict[str, Row] = {}
    for kind in KINDS:
        if only and only != kind.name:
            continue
        paths = [one for one in every if re.fullmatch(kind.pattern, one.name) and reader_for(str(one)) is not None]
        row = rows[kind.name] = Row(by=kind.by)
        if kind.batch is not None:
            if shutil.which(kind.program) is None or (kind.program == "java" and not MAVEN.is_dir()):
                row.by = f"{kind.by} is not here"
                continue
            said = kind.batch(paths) if paths else {}
        else:
            said = {path: second(kind, path, root) for path in paths}
        for path in paths:
            weigh(kind, path, root, said.get(path, Second(refused="no answer")), row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="real files, at any depth")
    parser.add_argument("--kind", default="", help="only this one, as the table names it")
    parser.add_argument("--differences", type=int, default=5, help="as many of each kind are shown")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measured(options.folder.resolve(), options.kind)
    if options.json:
        told = [
            {"kind": name, **{key: getattr(row, key) for key in Row.__dataclass_fields__ if key != "differences"}}
            for name, row in rows.items()
        ]
        print(json.dumps(told))
    else:
        print(f"{'kind':19} {'second reading':17} {'files':>5} {'packages':>8} {'agree':>5} {'differ':>6} {'more':>4} "
              f"{'told':>4} {'open':>4} {'refused':>7} {'ours only':>9} {'ms':>7} {'mb':>6}")  # fmt: skip
        for name, row in rows.items():
            print(f"{name:19} {row.by:17} {row.files:5} {row.packages:8} {row.agree:5} {row.differ:6} {row.more:4} "
                  f"{row.told:4} {row.open:4} {row.refused:7} {row.ours_only:9} {row.ms:7.1f} "
                  f"{row.mb:6.1f}")  # fmt: skip
        total = Counter[str]()
        for row in rows.values():
            total.update(files=row.files, packages=row.packages, agree=row.agree, differ=row.differ, more=row.more)
        print(", ".join(f"{number:,} {what}" for what, number in total.items()))
        for name, row in rows.items():
            for line in row.differences[: options.differences]:
                print(f"  {name}: {line}")
    return 1 if any(row.differ for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
