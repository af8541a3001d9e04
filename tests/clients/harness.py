"""What every client scenario needs: Node, a clean environment, processes that end, a server, a vendor that hangs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
MODULES = HERE / "node_modules"

CODE = """\
import sqlite3


def find(name):
    query = f"SELECT * FROM users WHERE name = '{name}'"
    return sqlite3.connect("app.db").execute(query).fetchall()


def total(formula):
    return eval(formula)
"""
SQL_LINE, EVAL_LINE = 5, 10


class Failed(Exception):  # a verdict, not a fault of the runner
    """The client did not see what it should have seen."""


class Skipped(Exception):  # as above
    """The client cannot be had on this machine."""


def check(condition: object, message: str) -> None:
    if not condition:
        raise Failed(message)


@dataclass(frozen=True, slots=True)
class Output:
    """What a process left behind."""

    code: int
    stdout: str
    stderr: str

    def expect(self, code: int, what: str) -> Output:
        check(self.code == code, f"{what}: exit {self.code} instead of {code}: {tail(self.stderr or self.stdout)}")
        return self


def tail(text: str, length: int = 400) -> str:
    return " ".join(text.strip().split())[-length:]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one scenario runs.

    Attributes:
        home: An empty home of its own, so that no credential or setting of this machine is seen.
        work: An empty project folder: the working directory and the root of the server.
        manyeyes: The command under test.
    """

    home: Path
    work: Path
    manyeyes: Path

    def environment(self, **extra: str) -> dict[str, str]:
        """As `env -i` would leave it, and then only what a client needs."""
        path = [str(MODULES / ".bin"), str(self.manyeyes.parent), "/usr/local/bin", "/usr/bin", "/bin"]
        own = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join(path),
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
            "MANYEYES_ROOTS": str(self.work),
        }
        return own | extra

    def run(self, *command: str | Path, limit: float = 60, cwd: Path | None = None, **extra: str) -> Output:
        """Run a client to its end; after `limit` seconds it and all that it started are killed."""
        return run(command, limit=limit, cwd=cwd or self.work, env=self.environment(**extra))


def run(command: Sequence[str | Path], *, limit: float, cwd: Path, env: Mapping[str, str]) -> Output:
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise Failed(f"{Path(command[0]).name} did not end within {limit:g} s") from None
    finally:
        end(process)
    return Output(process.returncode, stdout, stderr)


def end(process: subprocess.Popen[str]) -> None:
    """End a process and whatever it started: each has a group of its own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


@contextmanager
def background(
    command: Sequence[str | Path], ready: str, *, cwd: Path, env: Mapping[str, str], limit: float = 30
) -> Iterator[None]:
    """Run a server until the block ends; the block begins when `ready` answers."""
    log = cwd / f"{Path(command[0]).name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + limit
            while not answers(ready):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Failed(f"{Path(command[0]).name} did not start: {tail(log.read_text())}")
                time.sleep(0.1)
            yield
        finally:
            end(process)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def http_server(place: Place, **extra: str) -> Iterator[str]:
    """`manyeyes serve --http`; gives the address of its MCP endpoint."""
    port = free_port()
    command = [place.manyeyes, "serve", "--http", f"127.0.0.1:{port}"]
    env = place.environment(**extra)
    with background(command, f"http://127.0.0.1:{port}/health", cwd=place.home, env=env):
        yield f"http://127.0.0.1:{port}/mcp"


def ensure_node() -> None:
    """Install the packages of `package-lock.json` where they are missing or of another lock file.

    Raises:
        Skipped: there is no npm.
        Failed: npm could not install them.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise Skipped("npm is not installed")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".of-lock-file"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    # npm needs this machine's registry settings, so it alone gets the environment of this process.
    installed = run([npm, "ci", "--no-progress", "--loglevel=error"], limit=900, cwd=HERE, env=os.environ)
    installed.expect(0, "npm ci")
    stamp.write_text(lock)


def node(*parts: str) -> Path:
    """A file in `node_modules`.

    Raises:
        Failed: the package did not bring it.
    """
    path = MODULES.joinpath(*parts)
    if not path.exists():
        raise Failed(f"{'/'.join(parts)} is not installed")
    return path


@dataclass(slots=True)
class HangingVendor:
    """An OpenAI-compatible endpoint that takes a request and never answers it.

    `GET /asked` answers when a request has come in, `GET /hung-up` when the one who asked has gone away: how a client
    in any language sees that cancelling a tool call stops the vendor's work.
    """

    url: str = ""
    _asked: threading.Event = field(default_factory=threading.Event)
    _hung_up: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def serve(self) -> Iterator[dict[str, str]]:
        """Serve it; gives the variables that make it the endpoint `hanging` of Many Eyes."""
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                vendor._asked.set()
                self.connection.settimeout(30)
                try:
                    gone = not self.connection.recv(1)
                except ConnectionError:
                    gone = True
                except TimeoutError:
                    gone = False
                if gone:
                    vendor._hung_up.set()
                self.close_connection = True

            def do_GET(self) -> None:
                event = {"/asked": vendor._asked, "/hung-up": vendor._hung_up}.get(self.path)
                happened = event is not None and event.wait(20)
                self.send_response(204 if happened else 504)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield {"MANYEYES_ENDPOINTS_HANGING_URL": f"{self.url}/v1", "MANYEYES_ENDPOINTS_HANGING_MODELS": "slow"}
        finally:
            server.shutdown()
            server.server_close()


def default_command() -> Path:
    return Path(sys.executable).with_name("manyeyes")
