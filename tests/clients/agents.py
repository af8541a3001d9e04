"""Coding agents that run whole: a scripted vendor double makes each call `code_review` and end with what it found."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clients.codex_vendor import CodexVendor
from clients.harness import CODE, EVAL_LINE, SQL_LINE, Output, Place, background, check, free_port, get_json, node
from clients.seen import check_structured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ASKED = "REVIEW-IT"
ENDED = "THE REVIEW IS DONE"
ARGUMENTS = {"code": CODE, "language": "python"}


@contextmanager
def scripted_vendor(place: Place, tool: str) -> Iterator[str]:
    """A double of the vendors' APIs that asks for `tool` once and then ends; gives its address."""
    script = place.home / "script.json"
    call = {"name": tool, "arguments": json.dumps(ARGUMENTS)}
    fixtures = [
        {"match": {"userMessage": ASKED, "hasToolResult": False}, "response": {"toolCalls": [call]}},
        {"match": {"userMessage": ASKED, "hasToolResult": True}, "response": {"content": ENDED}},
    ]
    script.write_text(json.dumps({"fixtures": fixtures}))
    port = free_port()
    command = [node(".bin", "node"), node(".bin", "llmock"), "-p", str(port), "-f", script]
    url = f"http://127.0.0.1:{port}"
    with background(command, f"{url}/__aimock/health", cwd=place.home, env=place.environment()):
        yield url


def server(place: Place) -> dict[str, Any]:
    """The server as it stands in an agent's configuration."""
    return {"command": str(place.manyeyes), "args": ["serve"], "env": {"MANYEYES_ROOTS": str(place.work)}}


def tool_results(url: str) -> list[str]:
    """What came back to the model from tools; the double writes down all vendors' messages in one form."""
    bodies = [entry["body"] or {} for entry in get_json(f"{url}/__aimock/journal")]
    found = [message for body in bodies for message in body.get("messages", []) if message["role"] == "tool"]
    check(found, "the tool's result did not come back to the model")
    return [message["content"] for message in found]


def check_ended(output: Output, agent: str) -> None:
    output.expect(0, agent)
    check(ENDED in output.stdout, f"{agent} did not come to the end: {output.stdout[-300:]}")


def claude_code(place: Place) -> str:
    config = place.home / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"manyeyes": server(place)}}))
    tool = "mcp__manyeyes__code_review"
    with scripted_vendor(place, tool) as url:
        output = place.run(
            node(".bin", "claude"),
            *("-p", ASKED, "--mcp-config", config, "--strict-mcp-config", "--allowedTools", tool),
            *("--output-format", "stream-json", "--verbose", "--max-turns", "4"),
            limit=120,
            ANTHROPIC_BASE_URL=url,
            ANTHROPIC_API_KEY="sk-ant-of-the-double",
            DISABLE_AUTOUPDATER="1",
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        )
        results = tool_results(url)
    check_ended(output, "claude")
    events = [json.loads(line) for line in output.stdout.splitlines() if line.startswith("{")]
    begun = next(event for event in events if event.get("subtype") == "init")
    check(begun["mcp_servers"][0]["status"] == "connected", f"not connected: {begun['mcp_servers']}")
    check(events[-1]["result"] == ENDED and not events[-1]["permission_denials"], f"ended with {events[-1]}")
    check_structured(json.loads(results[-1]), SQL_LINE, EVAL_LINE)
    return f"called {tool}; the model got the findings as structured content"


def gemini_cli(place: Place) -> str:
    settings = place.home / ".gemini" / "settings.json"
    settings.parent.mkdir()
    auth = {"auth": {"selectedType": "gemini-api-key"}}
    settings.write_text(json.dumps({"security": auth, "mcpServers": {"manyeyes": server(place) | {"trust": True}}}))
    tool = "mcp_manyeyes_code_review"
    with scripted_vendor(place, tool) as url:
        output = place.run(
            node(".bin", "node"),
            node(".bin", "gemini"),
            *("-p", ASKED, "-m", "gemini-2.5-flash"),
            limit=120,
            GEMINI_API_KEY="of-the-double",
            GOOGLE_GEMINI_BASE_URL=url,
            GEMINI_CLI_TRUST_WORKSPACE="true",
        )
        results = tool_results(url)
    check_ended(output, "gemini")
    text = json.loads(results[-1])["output"]
    for line, word in ((SQL_LINE, "SELECT"), (EVAL_LINE, "eval(formula)")):
        check(f"code.py:{line}`" in text and word in text, f"the model got no {word} on line {line}: {text[:400]}")
    return f"called {tool}; the model got the findings as text"


def codex(place: Place) -> str:
    folder = place.home / ".codex"
    folder.mkdir()
    with CodexVendor(server="manyeyes", tool="code_review", arguments=ARGUMENTS, end=ENDED).serve() as vendor:
        (folder / "config.toml").write_text(_codex_config(place, vendor.url))
        output = place.run(
            node(".bin", "node"),
            node(".bin", "codex"),
            *("exec", "--skip-git-repo-check", "--json", ASKED),
            limit=120,
            DOUBLE_KEY="of-the-double",
        )
    check_ended(output, "codex")
    results = [item for item in vendor.bodies[-1]["input"] if item["type"] == "function_call_output"]
    check(results, "the tool's result did not come back to the model")
    text = results[-1]["output"]
    check_structured(json.loads(text[text.index("{") :]), SQL_LINE, EVAL_LINE)
    return "called mcp__manyeyes/code_review; the model got the findings as structured content"


def _codex_config(place: Place, url: str) -> str:
    own = server(place)
    quoted = json.dumps  # strings and lists of JSON are those of TOML too
    return "\n".join(
        (
            'model = "double"',  # one that Codex does not know gets all tools at once, not a search for them
            'model_provider = "double"',
            'approval_policy = "never"',
            "[model_providers.double]",
            'name = "double"',
            f"base_url = {quoted(url + '/v1')}",
            'env_key = "DOUBLE_KEY"',
            'wire_api = "responses"',
            "[mcp_servers.manyeyes]",
            f"command = {quoted(own['command'])}",
            f"args = {quoted(own['args'])}",
            "required = true  # else the first turn may begin before the server is up",
            "startup_timeout_sec = 30",
            "[mcp_servers.manyeyes.env]",
            *(f"{name} = {quoted(value)}" for name, value in own["env"].items()),
            "",
        )
    )


SCENARIOS: dict[str, Callable[[Place], str]] = {
    "claude-code": claude_code,
    "gemini-cli": gemini_cli,
    "codex": codex,
}
