"""A project to work in, and servers that stand for model endpoints."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one grave fault, as the working directory; state stays in memory."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "bad.py").write_text("def run():\n    return eval(input())\n")
    (tmp_path / "good.py").write_text('"""Nothing wrong."""\n\nVALUE = 1\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return tmp_path


@pytest.fixture
def serving() -> Iterator[Callable[[int, object], int]]:
    """Starts servers on loopback that answer every GET with a status and a JSON body; gives the port."""
    running: list[ThreadingHTTPServer] = []

    def start(status: int, body: object) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append(server)
        return server.server_port

    yield start
    for server in running:
        server.shutdown()
        server.server_close()
