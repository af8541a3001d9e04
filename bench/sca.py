"""Are the dependencies of real projects read, is nothing vulnerable called clean, and how long does it take?

    python bench/sca.py [--folder PATH] [--dependencies N] [--json]

`files`: lock files that real package managers write or packages ship, gathered for the run: by npm, pnpm, yarn, uv,
Pipenv, poetry and pdm where they can be had, from this project, and from PATH.  Each is read and its packages are
counted against a count made by other means (a line pattern or the file's own JSON).

`faults`: the whole scan against a double of OSV's service on loopback, for each way to fail and how often.  The
dependencies that the double knows to be vulnerable are known; `false_clean` must be 0.

`speed`: a package-lock.json of N dependencies, a tenth of them vulnerable, with nothing kept from before, and again.

`hostile`: what is meant to hurt, with the time and the memory it took, and what was said of it.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import anyio

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from dependencies.osv_service import FAULTS, Osv, record, serving
from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import BadCall
from manyeyes_tools.dependencies.readers.parsing import Unreadable
from manyeyes_tools.dependencies.readers.registry import reader_for

MANIFEST = {
    "name": "shop",
    "version": "1.0.0",
    "dependencies": {"express": "4.17.1", "lodash": "4.17.20", "axios": "^0.21.0"},
    "devDependencies": {"mocha": "^9.0.0"},
}
PYPROJECT = (
    '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["flask", "requests"]\n'
)
POETRY = (
    '[tool.poetry]\nname = "shop"\nversion = "1"\ndescription = ""\nauthors = []\npackage-mode = false\n'
    '[tool.poetry.dependencies]\npython = "^3.11"\nflask = "*"\n'
)
PIPFILE = '[packages]\nflask = "*"\n[dev-packages]\npytest = "*"\n'
GRADLE = (
    r"(?m)^\s*(?:\w*[iI]mplementation|api|classpath|compileOnly|runtimeOnly|annotationProcessor)\b"
    r"(?:[ (]+[\"']|[ (]*group\s*[:=])"
)
COUNTS = {
    "uv.lock": r"(?m)^source = \{ (?!virtual|editable|directory)",
    "poetry.lock": r"(?m)^\[\[package\]\]",
    "pdm.lock": r"(?m)^\[\[package\]\]",
    "pylock.toml": r"(?m)^\[\[packages\]\]",
    "Cargo.lock": r"(?m)^source = ",
    "Pipfile.lock": r'"version": "==',
    "yarn.lock": r"(?m)^  version:? (?!0\.0\.0-use\.local)",
    "go.mod": r"(?m)^(?:\t|require )\S+ v\S+",
    "pom.xml": r"(?s)<dependency>",
    "requirements.txt": r"(?m)^[A-Za-z0-9][^\s=]*==",
    "gradle.lockfile": r"(?m)^[^#\s=]+:[^=]+=",
    "Gemfile.lock": r"(?m)^    [a-z][\w.-]* \(\d",
    "build.gradle": GRADLE,
    "build.gradle.kts": GRADLE,
    "Gemfile": r"(?m)^\s*gem ",
}


def run(folder: Path, *command: str) -> bool:
    """Whether a package manager did its work."""
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=100, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def made(folder: Path) -> None:
    """Lock files as the real tools write them, as far as they are here."""
    for version in ("1", "2", "3"):
        at = folder / f"npm{version}"
        at.mkdir()
        (at / "package.json").write_text(json.dumps(MANIFEST))
        run(
            at, "npm", "install", "--package-lock-only", "--lockfile-version", version, "--ignore-scripts", "--no-audit"
        )
    for name, command in {
        "pnpm": ("npx", "-y", "pnpm@9", "install", "--lockfile-only", "--ignore-scripts"),
        "yarn": ("npx", "-y", "yarn@1", "install", "--ignore-scripts", "--non-interactive"),
        "berry": ("npx", "-y", "@yarnpkg/cli-dist@4", "install", "--mode=update-lockfile"),
    }.items():
        at = folder / name
        at.mkdir()
        (at / "package.json").write_text(json.dumps(MANIFEST))
        if name == "berry":
            (at / "yarn.lock").touch()
        run(at, *command)
    at = folder / "uv"
    at.mkdir()
    (at / "pyproject.toml").write_text(PYPROJECT)
    if run(at, "uv", "lock"):
        run(at, "uv", "export", "-o", "pylock.toml")
        run(at, "uv", "export", "--format", "requirements-txt", "-o", "requirements.txt")
    at = folder / "pipenv"
    at.mkdir()
    (at / "Pipfile").write_text(PIPFILE)
    run(at, "uv", "tool", "run", "pipenv", "lock")
    for name, text, command in (
        ("poetry", POETRY, ("uv", "tool", "run", "poetry", "lock")),
        ("pdm", PYPROJECT, ("uv", "tool", "run", "--with", "hishel<1", "pdm", "lock")),
    ):
        at = folder / name
        at.mkdir()
        (at / "pyproject.toml").write_text(text)
        run(at, *command)


def count(path: Path, text: str) -> int:  # noqa: PLR0911  # one line for each kind of file
    """How many packages the file names, told by other means than its reader."""
    if path.name == "package-lock.json":
        whole = json.loads(text)
        if "packages" in whole:
            return sum(
                "node_modules/" in f"{place}/" and not told.get("link") for place, told in whole["packages"].items()
            )
        return text.count('"version":') - 1
    if path.name == "package.json":
        return sum(
            len(json.loads(text).get(kind, {})) for kind in ("dependencies", "devDependencies", "peerDependencies")
        )
    if path.name == "pnpm-lock.yaml":
        return len(re.findall(r"(?m)^    resolution:", text))
    if path.name == "go.sum":
        return len({line.split()[0] for line in text.splitlines() if "/go.mod " not in line and line.strip()})
    if path.name.endswith((".csproj", ".props")):
        return text.count("<PackageReference ") + text.count("<PackageVersion ")
    if path.name == "yarn.lock":
        return len(re.findall(COUNTS["yarn.lock"], text)) - ("__metadata:" in text)
    pattern = COUNTS.get(path.name) or (COUNTS["requirements.txt"] if path.name.startswith("requirements") else "")
    return len(re.findall(pattern, text)) if pattern else -1


def files(extra: Path | None) -> list[dict[str, Any]]:
    """Real files, read."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made(folder)
        own = Path(__file__).resolve().parents[1]
        found = [own / "requirements.lock", own / "tests/clients/package-lock.json"]
        for above in (folder, extra):
            found += sorted(path for path in above.rglob("*") if path.is_file()) if above else []
        for path in found:
            reader = reader_for(str(path))
            if reader is None or "node_modules" in path.parts[:-1] or not path.is_file():
                continue
            text = path.read_text(errors="replace")
            began = time.perf_counter()
            try:
                got, why = len(reader(path.name, text, lambda _path: None).dependencies), ""
            except Unreadable as error:
                got, why = 0, str(error)
            expected = count(path, text)
            rows.append(
                {
                    "part": "files",
                    "file": f"{path.parent.name}/{path.name}",
                    "bytes": len(text),
                    "packages": got,
                    "counted": expected,
                    "ms": round((time.perf_counter() - began) * 1000, 1),
                    "agrees": got == expected if expected >= 0 else None,
                    "refused": why,
                }
            )
    return rows


async def scan(root: Path, url: str, calls: int = 1, **more: str) -> list[Any]:
    environ = {
        "HOME": str(root.parent),
        "MANYEYES_ROOTS": str(root),
        "MANYEYES_STATE_URL": "sqlite://",
        "MANYEYES_OSV_URL": url,
        **more,
    }
    results: list[Any] = []
    async with Desk.open(operator.load(environ, cwd=root), environ) as desk:
        for _ in range(calls):
            began = time.perf_counter()
            try:
                result: Any = await desk.call("security_scan", {"paths": ["."], "scan_type": "sca"})
            except BadCall as error:
                result = error
            results.append((result, time.perf_counter() - began))
    return results


def lock(root: Path, number: int) -> Osv:
    """A project of so many dependencies, of which every tenth is vulnerable, and the service that knows."""
    names = [f"package-{index}" for index in range(number)]
    placed = {f"node_modules/{name}": {"version": "1.0.0", "license": "MIT"} for name in names}
    root.mkdir(parents=True)
    whole = {"lockfileVersion": 3, "packages": {"": {"dependencies": dict.fromkeys(names[:20], "^1")}, **placed}}
    (root / "package-lock.json").write_text(json.dumps(whole, indent=1))
    weak = names[::10]
    return Osv(
        {("npm", name, "1.0.0"): (f"GHSA-{name}",) for name in weak},
        {f"GHSA-{name}": record(f"GHSA-{name}", "npm", name, fixed="2.0.0") for name in weak},
    )


def false_clean(result: Any, osv: Osv) -> int:
    weak = {name for _, name, _ in osv.ids}
    return sum(one.status == "clean" and one.purl.split("/")[1].split("@")[0] in weak for one in result.packages)


def faults(number: int = 500) -> list[dict[str, Any]]:
    rows = []
    for fault in FAULTS:
        for share in (0.2, 1.0):
            with tempfile.TemporaryDirectory() as name:
                osv = lock(Path(name) / "project", number)
                osv.fault, osv.share, osv.slow_s = fault, share, 0.5
                with serving(osv):
                    ((result, seconds),) = anyio.run(
                        lambda root=Path(name) / "project", url=osv.url: scan(
                            root, url, MANYEYES_OSV_TIMEOUT_S="0.3", MANYEYES_RETRY_BACKOFF_S="0.02"
                        )
                    )
            rows.append(
                {
                    "part": "faults",
                    "fault": fault,
                    "share": share,
                    **result.checked,
                    "false_clean": false_clean(result, osv),
                    "requests": len(osv.requests),
                    "seconds": round(seconds, 2),
                }
            )
    return rows


def speed(number: int) -> list[dict[str, Any]]:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        osv = lock(root, number)
        osv.delay_s = 0.02
        with serving(osv):
            results = anyio.run(scan, root, osv.url, 2)
        for what, (result, seconds) in zip(("first", "kept"), results, strict=True):
            rows.append(
                {
                    "part": "speed",
                    "dependencies": number,
                    "answers": what,
                    **result.checked,
                    "false_clean": false_clean(result, osv),
                    "most_at_once": osv.most_at_once,
                    "seconds": round(seconds, 2),
                }
            )
    return rows


def hostile() -> list[dict[str, Any]]:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    mark = Path(tempfile.gettempdir()) / f"manyeyes-bench-{time.time_ns()}"
    run_me = f"open({str(mark)!r}, 'w').close()\n"
    cases: dict[str, dict[str, str | bytes]] = {
        "billion laughs": {"pom.xml": f'<!DOCTYPE l [<!ENTITY l0 "ha">{laughs}]><project>&l11;</project>'},
        "50 MB lock": {"package-lock.json": '{"packages": {' + '"node_modules/a": {},' * 2_500_000 + '"b": {}}}'},
        "15 MB lock": {
            "package-lock.json": json.dumps(
                {
                    "lockfileVersion": 3,
                    "packages": {f"node_modules/p{n}": {"version": "1.0.0", "x": "y" * 900} for n in range(15_000)},
                }
            )
        },
        "deep JSON": {"package-lock.json": '{"a":' * 1_000_000},
        "deep TOML": {"poetry.lock": "a = " + "[" * 1_000_000},
        "long TOML keys": {"uv.lock": "version = 1\n" + ("a." * 90_000 + "b = 1\n")},
        "one long line": {"yarn.lock": "# yarn lockfile v1\n" + "a" * 10_000_000},
        "own code": {
            "conftest.py": run_me,
            "setup.py": run_me + "from setuptools import setup\nsetup(install_requires=['six==1.0'])\n",
            "tools/__init__.py": run_me,
            "server/__init__.py": run_me,
            "sitecustomize.py": run_me,
            "build.gradle": "implementation 'a:b:1.0'\n",
            "Gemfile": "gem 'rake', '= 1.0'\n",
        },
        "links": {"requirements.txt": "six==1.0\n-r loop/../loop/requirements.txt\n"},
    }
    rows = []
    for what, tree in cases.items():
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "project"
            root.mkdir()
            for path, text in tree.items():
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_text(str(text))
            if what == "links":
                (root / "loop").symlink_to(root)
                (root / "Pipfile.lock").symlink_to(root / "Pipfile.lock")
                (root / "go.mod").symlink_to("/etc/passwd")
            rows.append(_hurt(what, root, {}, mark))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        root.mkdir()
        (root / "requirements.txt").write_text("six==1.0\n")
        bomb = Path(name) / "all.zip"
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("GHSA-x.json", json.dumps(record("GHSA-x", "PyPI", "other")))
            for number in range(20):
                archive.writestr(f"bomb{number}.json", b" " * 100_000_000)
        rows.append(_hurt("zip bomb database", root, {"MANYEYES_OSV_DB": str(bomb)}, mark))
    return rows


def _hurt(what: str, root: Path, more: dict[str, str], mark: Path) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with serving(Osv()) as osv:
        ((result, seconds),) = anyio.run(lambda: scan(root, osv.url, **more))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ran, said = mark.exists(), str(result) if isinstance(result, BadCall) else " ".join(result.problems)
    checked = {} if isinstance(result, BadCall) else result.checked
    return {
        "part": "hostile",
        "case": what,
        "seconds": round(seconds, 2),
        "more_mb": round((after - before) / 1024),
        "executed": ran,
        **checked,
        "said": re.sub(r"\s+", " ", said)[:160],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, help="further lock files to read")
    parser.add_argument("--dependencies", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    rows = [*hostile(), *speed(options.dependencies), *faults(), *files(options.folder)]
    if options.json:
        print(json.dumps(rows))
    else:
        for part in ("files", "faults", "speed", "hostile"):
            print(f"\n{part}")
            for row in (row for row in rows if row["part"] == part):
                print("  " + "  ".join(f"{key}={value}" for key, value in row.items() if key != "part" and value != ""))
    bad = any(row.get("false_clean") or row.get("executed") for row in rows)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
