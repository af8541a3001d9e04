"""Is every planted weakness proved, and is nothing reported where it was repaired?

    python bench/dast.py [--others FOLDER] [--engines] [--json]

Applications run on loopback, each weak and repaired, and are probed by the whole tool as an MCP client would call it.
The first was written for the tests (`tests/probing/weak_application.py`): its weaknesses are found by crawling alone.
The second is by others: the source distribution of `presidio-hardened-vuln-scanner` 0.1.0 (MIT) brings a vulnerable and
a fixed application for lessons; it is fetched with pip into a temporary folder, or read from FOLDER.  Its pages do not
link to each other, so the tool is given the code as well, which it reads and never runs.  Each is one row: what was
planted, what of it was proved, what else was reported by a request, requests and seconds.  What is reported besides at
the fixed one is true: `/transfer` writes values unescaped, and only its policy keeps scripts from running.  Then
the bounds: a target that is not listed, and a redirect to a listener outside the scope, which must hear nothing.

With `--engines`, wapiti and schemathesis run as well, each behind the gate: from the PATH, else installed into a
temporary environment of its own with uv.  The rows are the same applications, with what the two reported besides:
`of them` is how many of the proved weaknesses they report too, `unproved` what they report that no request proved.
Last, a server whose answers are late by chance (half of them within 0.1 s, four in a hundred by more than a second, and
up to 3 s) is probed for SQL that shows in time alone: as often as `trials` says, and nothing may be found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socketserver
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import httpx2

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import BadCall
from manyeyes.settings import Dast
from manyeyes_tools.probing.client import connected
from manyeyes_tools.probing.entries import Entry, Parameter, Point
from manyeyes_tools.probing.probes import sql
from manyeyes_tools.probing.probes.sql_time import by_time
from manyeyes_tools.probing.proof import Lab
from manyeyes_tools.probing.scope import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
OWN = ROOT / "tests" / "probing" / "weak_application.py"
OTHERS = "presidio-hardened-vuln-scanner==0.1.0"
NEEDED = ("flask-talisman", "flask-wtf")
PLANTED_OWN = {
    ("sql-injection", "/search"), ("sql-injection", "/quiet"), ("sql-injection", "/user/1"),
    ("reflected-xss", "/greet"), ("reflected-xss", "/attribute"), ("reflected-xss", "/inline"),
    ("stored-xss", "/notes"),
    ("path-traversal", "/file"), ("command-injection", "/ping"), ("server-side-request", "/fetch"),
    ("open-redirect", "/go"), ("template-injection", "/card"), ("code-evaluation", "/calculate"),
    ("header-content-security-policy", "/"), ("header-x-content-type-options", "/"), ("header-x-frame-options", "/"),
    ("cookie-httponly", "/"), ("cookie-samesite", "/"), ("cors", "/profile"), ("error-leak", "/number"),
    ("sql-injection", "/queue"), ("sql-injection", "/api/items"), ("path-traversal", "/assets/"),
}  # fmt: skip
PLANTED_BY_OTHERS = {("no-login", "/api/secret"), ("server-error", "/api/ratio/1")}
"""What only a scanner that reads the description for such things leads to; a request of ours then proves it."""
ENGINES = ("wapiti", "schemathesis")
PLANTED_OTHERS = {
    ("sql-injection", "/search"), ("reflected-xss", "/profile"), ("template-injection", "/profile"),
    ("command-injection", "/admin"), ("code-evaluation", "/debug"), ("header-content-security-policy", "/"),
    ("header-x-content-type-options", "/"), ("header-x-frame-options", "/"),
}  # fmt: skip
"""What its own description says that a request can show; for its headers, those that its fixed twin sends."""


@contextmanager
def running(command: list[str], port: int | None = None, environ: dict[str, str] | None = None) -> Iterator[str]:
    """The application's address while it runs; without a port it prints its own."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **(environ or {})}
    ) as process:
        try:
            if port is None:
                assert process.stdout is not None
                port = int(process.stdout.readline())
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


@contextmanager
def counting() -> Iterator[tuple[str, list[bytes]]]:
    """A listener outside the scope, and what it heard."""
    heard: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(1_000))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/outside", heard
        server.shutdown()


async def scan(url: str, listed: str, paths: list[Path], state: str, more: dict[str, str] | None = None) -> Any:
    environ = {
        **(more or {}), "HOME": state, "MANYEYES_STATE_URL": "sqlite://", "MANYEYES_DAST_TARGETS": listed,
        "MANYEYES_DAST_UNSAFE_METHODS": "true", "MANYEYES_DAST_REQUESTS_PER_SECOND": "2000",
        "MANYEYES_ROOTS": os.pathsep.join(str(path.parent) for path in paths) or state,
    }  # fmt: skip
    settings = operator.load(environ, cwd=Path(state))
    values: dict[str, Any] = {"scan_type": "dast", "target_url": url}
    if paths:
        values["paths"] = [str(path) for path in paths]
    async with Desk.open(settings, environ) as desk:
        try:
            return await desk.call("security_scan", values)
        except BadCall as error:  # raised, the desk's task group would wrap it
            return error


def measure(  # noqa: PLR0917  a row, and what it takes
    name: str,
    url: str,
    planted: set[tuple[str, str]],
    paths: list[Path],
    state: str,
    more: dict[str, str] | None = None,
) -> dict[str, Any]:
    began = time.perf_counter()
    result = anyio.run(scan, url, url, paths, state, more)
    seconds = time.perf_counter() - began
    proved = set()
    for finding in result.findings:
        kinds = [one.removeprefix("manyeyes:dast-") for one in finding.sources if one.startswith("manyeyes:dast-")]
        addresses = {step.path for step in finding.trace if step.path.startswith(url)}
        proved |= {(kind, address.removeprefix(url)) for kind in kinds for address in addresses}
    return {
        "application": name, "planted": len(planted), "proved": len(planted & proved),
        "missed": sorted(planted - proved),
        "besides": sorted(proved - planted), "requests": int(result.summary.split(" requests")[0].split()[-1]),
        "seconds": round(seconds, 1), "status": result.status,
        "problems": result.problems, **(_others_say(result) if more else {}),
    }  # fmt: skip


def _others_say(result: Any) -> dict[str, Any]:
    """What the two other scanners made of it."""
    theirs = [one for one in result.findings if any(two.split(":")[0] in ENGINES for two in one.sources)]
    unproved = [one for one in theirs if not any(two.startswith("manyeyes:dast-") for two in one.sources)]
    return {
        "of them": len(theirs) - len(unproved),
        "unproved": [f"{one.title}: {one.path}" for one in unproved],
        "engines": [note for note in result.notes if note.startswith(ENGINES)],
    }


def engines(folder: str) -> dict[str, str]:
    """The settings that run both scanners; what is not on the PATH is installed where it is forgotten again."""
    settings = {
        "MANYEYES_DAST_ENGINES": ",".join(ENGINES), "MANYEYES_DAST_MAX_REQUESTS": "12000",
        "MANYEYES_DAST_MAX_SECONDS": "400",
    }  # fmt: skip
    for name, package in zip(ENGINES, ("wapiti3", "schemathesis"), strict=True):
        program = shutil.which(name)
        if program is None:
            own = f"{folder}/{name}"
            uv = (
                shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
                or "uv"
            )
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, own], check=True)
            subprocess.run([uv, "pip", "install", "-q", "--python", f"{own}/bin/python", package], check=True)
            program = f"{own}/bin/{name}"
        settings[f"MANYEYES_DAST_{name.upper()}"] = program
    return settings


async def uneven(url: str, trials: int) -> tuple[int, int]:
    """How often SQL was said to show in time at a sound server whose answers are late by chance, and its requests."""
    origin = origin_of(url)
    entry = Entry("GET", "/uneven", (Parameter("q", "query", "a"),))
    point = Point(entry, entry.parameters[0])
    limits = Dast(requests_per_second=2_000, max_requests=100_000)
    found = 0
    async with connected(origin, ("127.0.0.1",), limits) as client:
        lab = Lab(client)

        async def one() -> None:
            nonlocal found
            usual = [await lab.ask(point, "a") for _ in range(3)]
            found += await by_time(point, lab, sql.WEAKNESS, usual) is not None

        for _ in range(0, trials, 20):
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(one)
        return found, client.sent


def fetched(folder: str) -> Path:
    """The unpacked source distribution, with what its fixed application needs beside it."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = ["--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", folder, OTHERS]
    subprocess.run([*pip, "download", *build], check=True, stderr=subprocess.DEVNULL)
    archive = next(Path(folder).glob("*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    subprocess.run([*pip, "install", "--target", f"{folder}/needed", *NEEDED], check=True, stderr=subprocess.DEVNULL)
    return Path(folder) / archive.name.removesuffix(".tar.gz")


def others(source: Path, needed: str, state: str) -> Iterator[dict[str, Any]]:
    for kind, planted in (("vulnerable_app", PLANTED_OTHERS), ("fixed_app", set[tuple[str, str]]())):
        with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as free:
            port = free.server_address[1]
        app = source / kind / "app.py"
        command = [sys.executable, "-m", "flask", "--app", str(app), "run", "--port", str(port)]
        with running(command, port, {"PYTHONPATH": needed}) as url:
            for _ in range(100):
                try:
                    httpx2.get(url, trust_env=False)
                    break
                except httpx2.ConnectError:
                    time.sleep(0.1)
            yield measure(f"presidio-hardened-vuln-scanner, {kind}", url, planted, [app], state)


def signed_in(state: str) -> dict[str, Any]:
    """Behind a login: what is proved there with the operator's header, and whether anything shows it or ends it."""
    token = "letmein-token-5521"  # noqa: S105  the application's own
    more = {"MANYEYES_DAST_HEADERS": "Authorization: Bearer $LOGIN", "LOGIN": token}
    with running([sys.executable, str(OWN)]) as url:
        result = anyio.run(scan, f"{url}/account", url, [], state, more)
        headers = {"Authorization": f"Bearer {token}"}
        still = httpx2.get(f"{url}/account", headers=headers, trust_env=False).status_code
        inside = [one for one in result.findings if one.path == f"{url}/account/find" and one.cwe == "CWE-89"]
        shown = result.model_dump_json().count(token)
    return {
        "bound": "behind a login: proved there, times the token is shown, status after all was tried",
        "figure": f"{len(inside)}, {shown}, {still}",
    }


def bounds(state: str, more: dict[str, str] | None = None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with counting() as (outside, heard), running([sys.executable, str(OWN), "--repaired", "--away", outside]) as url:
        if more:
            result = anyio.run(scan, url, url, [], state, more)
            tried = sum(outside in note for note in result.notes if note.startswith(ENGINES))
            rows.append({"bound": "other scanners that were led out of scope", "figure": tried})
            rows.append({"bound": "requests of theirs that the listener heard", "figure": len(heard)})
            return rows
        anyio.run(scan, url, url, [], state)
        rows.append({"bound": "a redirect out of scope: requests that the listener heard", "figure": len(heard)})
        other = outside.removesuffix("/outside")
        tried = [other, url.replace("127.0.0.1", "localhost"), "http://127.0.0.1:1", url.replace("http:", "https:")]
        refused = 0
        for target in tried:
            refused += isinstance(anyio.run(scan, target, url, [], state), BadCall)
        rows.append({"bound": f"targets not listed that were refused, of {len(tried)}", "figure": refused})
        rows.append({"bound": "requests that the listener heard after all", "figure": len(heard)})
    return rows


def main() -> None:  # noqa: C901  one row after the other
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--others", type=Path, metavar="FOLDER", help="the unpacked source distribution")
    parser.add_argument("--needed", default="", metavar="FOLDER", help="with --others: where its requirements lie")
    parser.add_argument("--json", action="store_true", help="print one JSON list of objects")
    parser.add_argument("--engines", action="store_true", help="also with wapiti and schemathesis; takes minutes")
    parser.add_argument("--trials", type=int, default=200, help="at the server whose answers are late by chance")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for flags, planted in (([], PLANTED_OWN), (["--repaired"], set[tuple[str, str]]())):
            with running([sys.executable, str(OWN), *flags]) as url:
                rows.append(measure(f"written for the tests{', repaired' if flags else ''}", url, planted, [], folder))
        try:
            source = options.others or fetched(folder)
            rows += others(source, options.needed or f"{folder}/needed", folder)
        except subprocess.CalledProcessError as error:
            rows.append({"application": "by others", "problems": [f"not measured: {error.cmd[3]} failed"]})
        edges = [*bounds(folder), signed_in(folder)]
        with running([sys.executable, str(OWN), "--repaired", "--uneven"]) as url:
            false, sent = anyio.run(uneven, url, options.trials)
        edges.append(
            {"bound": f"SQL in time at an uneven server, {options.trials} trials, {sent} requests", "figure": false}
        )
        if options.engines:
            both = engines(folder)
            for flags, planted in (([], PLANTED_OWN | PLANTED_BY_OTHERS), (["--repaired"], set[tuple[str, str]]())):
                with running([sys.executable, str(OWN), *flags]) as url:
                    name = f"with wapiti and schemathesis{', repaired' if flags else ''}"
                    rows.append(measure(name, url, planted, [], folder, both))
            edges += bounds(folder, both)
    if options.json:
        print(json.dumps([*rows, *edges]))
        return
    print(f"{'application':<54}{'planted':>8}{'proved':>8}{'besides':>9}{'requests':>10}{'seconds':>9}")
    for row in rows:
        figures = [row.get(key) for key in ("planted", "proved", "besides", "requests", "seconds")]
        shown = [len(one) if isinstance(one, list) else "-" if one is None else one for one in figures]
        print(f"{row['application']:<54}{shown[0]:>8}{shown[1]:>8}{shown[2]:>9}{shown[3]:>10}{shown[4]:>9}")
        if "of them" in row:
            print(f"    of them reported by the two as well: {row['of them']}")
        for kind in ("missed", "besides", "problems", "engines", "unproved"):
            for one in row.get(kind, []):
                print(f"    {kind}: {' at '.join(one) if isinstance(one, tuple) else one}")
    print()
    for row in edges:
        print(f"{row['bound']:<84}{row['figure']:>8}")


if __name__ == "__main__":
    main()
