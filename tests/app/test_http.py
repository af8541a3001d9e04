"""The server over HTTP answers to this machine alone."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from contextlib import closing

import pytest
from mcp import Client

from manyeyes.cli import main

pytestmark = pytest.mark.anyio
HELLO = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
)


@pytest.fixture(scope="module", params=["127.0.0.1", "127.0.0.2"])
def served(request, tmp_path_factory):
    """Host and port of a running server."""
    host = request.param
    with socket.create_server((host, 0)) as free:
        port = free.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "manyeyes", "serve", "--http", f"{host}:{port}"]
    with subprocess.Popen(command, cwd=home, env={"HOME": str(home)}, stderr=subprocess.DEVNULL) as process:
        for _ in range(300):
            try:
                socket.create_connection((host, port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield host, port
        process.terminate()


def status(served, *, path="/mcp", method="POST", **headers):
    kinds = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    with closing(http.client.HTTPConnection(*served, timeout=10)) as connection:
        connection.request(method, path, HELLO if method == "POST" else None, {**kinds, **headers})
        with connection.getresponse() as response:
            return response.status


def test_health_is_told(served):
    assert status(served, path="/health", method="GET") == 200


async def test_metrics_are_told(served):
    async with Client(f"http://{served[0]}:{served[1]}/mcp") as client:
        await client.call_tool("security_scan", {"code": "eval(input())\n", "language": "python"})
    with closing(http.client.HTTPConnection(*served, timeout=10)) as connection:
        connection.request("GET", "/metrics")
        with connection.getresponse() as response:
            assert response.status == 200
            text = response.read().decode()
    assert 'manyeyes_runs_total{status="evidence_only",tool="security_scan"}' in text


def test_it_answers_its_own_name(served):
    assert status(served) == 200


@pytest.mark.parametrize("headers", [{"Host": "evil.example.com"}, {"Origin": "http://evil.example.com"}])
def test_a_page_from_elsewhere_is_refused(served, headers):
    assert status(served, **headers) in {403, 421}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_client_calls_a_tool(served, mode):
    async with Client(f"http://{served[0]}:{served[1]}/mcp", mode=mode) as client:
        result = await client.call_tool("security_scan", {"code": "eval(input())\n", "language": "python"})
    assert result.structured_content["findings"][0]["cwe"] == "CWE-95"


@pytest.mark.parametrize("address", ["0.0.0.0:8900", "192.0.2.1:8900", "example.com:8900", "[::]:8900"])
def test_binding_elsewhere_is_refused_with_the_reason(address, capsys):
    assert main(["serve", "--http", address]) == 2
    assert "authentication" in capsys.readouterr().err
