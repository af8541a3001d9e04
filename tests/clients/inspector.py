"""The MCP Inspector's command line, started from the repository's own `mcp.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from clients.harness import CODE, EVAL_LINE, REPOSITORY, SQL_LINE, Output, Place, check, http_server, node
from clients.seen import check_documentation, check_findings, check_lists, check_resources

if TYPE_CHECKING:
    from collections.abc import Callable

ERAS = {"legacy": "2025-11-25", "modern": "2026-07-28"}
TOOL_ERROR, RPC_ERROR = 5, 1
"""The Inspector's exit codes for `isError` or an unknown tool, and for an error of the protocol."""


@dataclass(frozen=True, slots=True)
class Inspector:
    """The Inspector on one server: `target` are the arguments that name it."""

    place: Place
    target: tuple[str, ...]

    def __call__(self, method: str, *arguments: str, exits: int = 0) -> Output:
        command = (node(".bin", "node"), node(".bin", "mcp-inspector"), "--cli", "-q", *self.target)
        output = self.place.run(
            *command,
            *("--format", "json", "--method", method),
            *arguments,
            cwd=REPOSITORY,
            limit=90,
            MCP_INSPECTOR_SECRET_STORE="memory",
        )
        return output.expect(exits, " ".join((method, *arguments))[:80])

    def result(self, method: str, *arguments: str, exits: int = 0) -> dict[str, Any]:
        return json.loads(self(method, *arguments, exits=exits).stdout)["result"]

    def call(self, tool: str, exits: int = 0, **arguments: Any) -> dict[str, Any]:
        as_json = json.dumps(arguments)
        return self.result("tools/call", "--tool-name", tool, "--tool-args-json", as_json, exits=exits)


def from_configuration(era: str, place: Place) -> str:
    config = ("--config", str(REPOSITORY / "mcp.json"), "--server", "manyeyes", "--protocol-era", era)
    return inspect(Inspector(place, config), ERAS[era])


def over_http(era: str, place: Place) -> str:
    with http_server(place) as url:
        return inspect(Inspector(place, (url, "--transport", "http", "--protocol-era", era)), ERAS[era])


def inspect(inspector: Inspector, version: str) -> str:
    """Everything that the server offers, and what it says to bad requests."""
    greeting = inspector.result("initialize")
    check(greeting["serverInfo"]["name"] == "manyeyes", f"connected to {greeting['serverInfo']}")
    check(greeting["protocolVersion"] == version, f"spoke {greeting['protocolVersion']} instead of {version}")
    check("code_review" in greeting["instructions"], "the instructions do not name the tools")
    inspector("tools/list", "--strict")
    lists = {
        kind: inspector.result(f"{method}/list")[kind]
        for kind, method in (
            ("tools", "tools"),
            ("resources", "resources"),
            ("resourceTemplates", "resources/templates"),
            ("prompts", "prompts"),
        )
    }
    check_lists(lists)
    review = inspector.call("code_review", code=CODE, language="python")
    check_findings(review, SQL_LINE, EVAL_LINE)
    scan = inspector.call("security_scan", code=CODE, language="python")
    check_findings(scan, SQL_LINE, EVAL_LINE)
    check_documentation(inspector.call("doc_generator", code=CODE, language="python"))
    run = scan["structuredContent"]["run"]["id"]
    check_resources(lambda uri: inspector.result("resources/read", "--uri", uri)["contents"], run)
    prompt = inspector.result("prompts/get", "--prompt-name", "document_module", "--prompt-args", "path=server")
    check('paths=["server"]' in json.dumps(prompt).replace('\\"', '"'), "the prompt does not name its path")

    bad = inspector.call("code_review", exits=TOOL_ERROR, snippet="x = 1")
    text = bad["content"][0]["text"]
    check(bad["isError"] and "snippet" in text and "http" not in text, f"a bad argument is not explained: {text[:200]}")
    inspector("tools/call", "--tool-name", "no_such_tool", exits=TOOL_ERROR)
    unknown = inspector("resources/read", "--uri", "manyeyes://nothing", exits=RPC_ERROR)
    check("manyeyes://nothing" in unknown.stderr, f"an unknown resource is not named: {unknown.stderr[:200]}")
    inspector("prompts/get", "--prompt-name", "no_such_prompt", exits=RPC_ERROR)
    return "lists, 3 tools, 4 resources, a prompt, 4 bad requests, --strict"


SCENARIOS: dict[str, Callable[[Place], str]] = {
    **{f"inspector-stdio-{era}": partial(from_configuration, era) for era in ERAS},
    **{f"inspector-http-{era}": partial(over_http, era) for era in ERAS},
}
