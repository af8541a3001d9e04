"""The real server with the conformance suite's fixtures beside its own tools, resources and prompts.

`python server.py PORT` serves it by `manyeyes.http` on loopback.  Whatever the suite does not name goes to the handlers
of `manyeyes.app`: its lists are the app's lists and then the fixtures', an unknown resource gets the app's answer.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import fixture_data as data
import fixture_tools as tools
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPDeprecationWarning

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

Ctx = ServerRequestContext[Any]
Base = Callable[[Ctx, Any], Awaitable[Any]]


def with_fixtures(server: Server[Any]) -> Server[Any]:
    """Let `server` answer what the suite asks for by name, and everything else as before."""
    _tools(server)
    _resources(server)
    _prompts(server)
    _handshake_era(server)
    # The app asks its clients for nothing; the fixtures do, and their state must not be forgeable.
    server.middleware.append(RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience=server.name))
    return server


def _base(server: Server[Any], method: str) -> Base:
    entry = server.get_request_handler(method)
    if entry is None:
        raise SystemExit(f"the app serves no {method}")
    return entry.handler


def _append(server: Server[Any], method: str, params_type: type[Any], field: str, extra: list[Any]) -> None:
    """Lengthen the app's list by `extra`, on its last page."""
    base = _base(server, method)

    async def handler(ctx: Ctx, params: Any) -> Any:
        page = await base(ctx, params)
        if page.next_cursor is not None:
            return page
        return page.model_copy(update={field: [*getattr(page, field), *extra]})

    server.add_request_handler(method, params_type, handler)


def _tools(server: Server[Any]) -> None:
    listed = tools.listed()
    _append(server, "tools/list", types.PaginatedRequestParams, "tools", listed)
    base = _base(server, "tools/call")

    async def call(ctx: Ctx, params: types.CallToolRequestParams) -> Any:
        return await tools.HANDLERS.get(params.name, base)(ctx, params)

    server.add_request_handler("tools/call", types.CallToolRequestParams, call)
    if (lookup := server.get_tool_input_schema) is not None:
        schemas = {tool.name: tool.input_schema for tool in listed}
        server.get_tool_input_schema = lambda name: schemas.get(name) or lookup(name)


def _resources(server: Server[Any]) -> None:
    page = types.PaginatedRequestParams
    _append(server, "resources/list", page, "resources", data.RESOURCES)
    _append(server, "resources/templates/list", page, "resource_templates", data.TEMPLATES)
    base = _base(server, "resources/read")

    async def read(ctx: Ctx, params: types.ReadResourceRequestParams) -> Any:
        return data.read(str(params.uri)) or await base(ctx, params)

    server.add_request_handler("resources/read", types.ReadResourceRequestParams, read)


def _prompts(server: Server[Any]) -> None:
    _append(server, "prompts/list", types.PaginatedRequestParams, "prompts", data.PROMPTS)
    base = _base(server, "prompts/get")

    async def get(ctx: Ctx, params: types.GetPromptRequestParams) -> Any:
        return data.prompt(params) or await base(ctx, params)

    server.add_request_handler("prompts/get", types.GetPromptRequestParams, get)
    fixtures = {prompt.name for prompt in data.PROMPTS}
    base_complete = _base(server, "completion/complete")

    async def complete(ctx: Ctx, params: types.CompleteRequestParams) -> Any:
        if isinstance(params.ref, types.PromptReference) and params.ref.name in fixtures:
            return types.CompleteResult(completion=types.Completion(values=[f"{params.argument.value}ing"]))
        return await base_complete(ctx, params)

    server.add_request_handler("completion/complete", types.CompleteRequestParams, complete)


def _handshake_era(server: Server[Any]) -> None:
    """What the suite scores before 2026-07-28 and the app leaves out on purpose, since the protocol gave it up."""

    async def accept(ctx: Ctx, params: Any) -> types.EmptyResult:
        return types.EmptyResult()

    for method, params_type in (
        ("logging/setLevel", types.SetLevelRequestParams),
        ("resources/subscribe", types.SubscribeRequestParams),
        ("resources/unsubscribe", types.UnsubscribeRequestParams),
    ):
        if server.get_request_handler(method) is not None:
            raise SystemExit(f"the app serves {method} now: let the suite try that, not a fixture")
        server.add_request_handler(method, params_type, accept)


def main() -> None:
    import anyio  # from here on only for the script: `with_fixtures` serves any server

    from manyeyes import http, settings

    warnings.simplefilter("ignore", MCPDeprecationWarning)  # the suite still asks for logging and sampling
    build = http.build
    http.build = lambda desk: with_fixtures(build(desk))
    anyio.run(http.serve_http, settings.load(), "127.0.0.1", int(sys.argv[1]))


if __name__ == "__main__":
    main()
