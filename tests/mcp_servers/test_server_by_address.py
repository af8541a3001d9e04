"""A server that is reached over streamable HTTP, with a token; and what the doctor says of servers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import anyio
import pytest
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

from manyeyes.cli import doctor, main
from manyeyes.mcp_servers import Borrowed, Servers
from manyeyes.settings import McpServer
from manyeyes.types import ToolCall
from wire.served import Served

LENDER = Path(__file__).with_name("lender.py")


@pytest.fixture
def address():
    """Where a server answers to whoever has the token."""
    server = MCPServer("web")

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def double(number: int) -> int:
        """Twice as much."""
        return 2 * number

    app = server.streamable_http_app()

    async def guarded(scope, receive, send):
        if scope["type"] == "http" and dict(scope["headers"]).get(b"authorization") != b"Bearer right":
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    with Served(guarded) as served:
        yield f"{served.url}/mcp"


async def used(settings):
    async with anyio.create_task_group() as tasks:
        borrowed = await Borrowed.of(Servers({"web": settings}, tasks), mask=str, mark=str)
        output = await borrowed.run(ToolCall("c", "web__double", {"number": 21}))
        tasks.cancel_scope.cancel()
    return borrowed, output


@pytest.mark.anyio
async def test_a_server_at_an_address_is_used_with_its_token(address):
    headers = {"Authorization": "Bearer right"}
    borrowed, output = await used(McpServer(url=address, headers=headers, tools=("*",), timeout_s=10))
    assert borrowed.problems == []
    assert output.text == "42"


@pytest.mark.anyio
async def test_on_the_way_to_loopback_there_is_no_proxy(address, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    headers = {"Authorization": "Bearer right"}
    borrowed, output = await used(McpServer(url=address, headers=headers, tools=("*",), timeout_s=10))
    assert (borrowed.problems, output.text) == ([], "42")


@pytest.mark.anyio
async def test_a_server_that_refuses_the_token_is_left_out(address):
    headers = {"Authorization": "Bearer wrong"}
    borrowed, output = await used(McpServer(url=address, headers=headers, tools=("*",), timeout_s=10))
    (problem,) = borrowed.problems
    assert problem.startswith("The MCP server web is left out: ")
    assert "wrong" not in problem
    assert output.failed


def test_the_doctor_says_what_models_may_use(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", ())
    monkeypatch.chdir(tmp_path)
    args = json.dumps([str(LENDER), str(tmp_path / "diary")])
    config = tmp_path / "operator.toml"
    config.write_text(
        f'[mcp_servers.good]\ncommand = "{sys.executable}"\nargs = {args}\ntools = ["look", "fail"]\n'
        '[mcp_servers.bad]\ncommand = "/no/such/program"\ntools = ["*"]\n'
    )
    monkeypatch.setenv("MANYEYES_CONFIG", str(config))
    assert main(["doctor", "--json"]) == 4
    checks = {check["name"]: check for check in json.loads(capsys.readouterr().out)}
    assert checks["good"]["state"] == "ok"
    assert checks["good"]["detail"].endswith("fail, look")
    assert checks["bad"]["state"] == "broken"
    assert "No such file" in checks["bad"]["detail"]
