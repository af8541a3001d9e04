"""The weak application, weak and repaired, and a tool call against it."""

from __future__ import annotations

import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

APPLICATION = Path(__file__).with_name("weak_application.py")


@contextmanager
def running(*flags: str) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, str(APPLICATION), *flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


@contextmanager
def outside() -> Iterator[tuple[str, list[bytes]]]:
    """A listener out of scope, and what it heard."""
    heard: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(1_000))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/outside", heard
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def away() -> Iterator[tuple[str, list[bytes]]]:
    with outside() as listener:
        yield listener


@pytest.fixture(scope="session")
def weak(away) -> Iterator[str]:
    with running("--away", away[0]) as url:
        yield url


@pytest.fixture(scope="session")
def repaired(away) -> Iterator[str]:
    with running("--repaired", "--away", away[0]) as url:
        yield url


@pytest.fixture
def scan(tmp_path) -> Callable[..., object]:
    async def call(listed: str, environ: dict[str, str] | None = None, **values: object) -> object:
        variables = {
            "HOME": str(tmp_path),
            "MANYEYES_STATE_URL": "sqlite://",
            "MANYEYES_DAST_TARGETS": listed,
            "MANYEYES_DAST_REQUESTS_PER_SECOND": "5000",
            "MANYEYES_ROOTS": str(APPLICATION.parent),
            **(environ or {}),
        }
        settings = operator.load(variables, cwd=tmp_path)
        async with Desk.open(settings, variables) as desk:
            try:
                return await desk.call("security_scan", {"scan_type": "dast", **values})
            except BadCall as error:  # raised, the desk's task group would wrap it
                return error

    return call
