"""One other server: started, held open by a task of its own, asked, and ended with the desk."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from manyeyes.mcp_servers.last_words import LastWords
from manyeyes.mcp_servers.said import Said, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import TaskGroup, TaskStatus
    from mcp import Client
    from mcp_types import Tool

    from manyeyes.settings import McpServer
    from manyeyes.types import Json

MOST_TOOLS = 500
"""Tools of one server that are listed at most; a paginator that never ends must end."""
_LAST_WORDS = 300
_GONE_CODES = frozenset({-32000})
"""The SDK's code for a connection that is closed."""


class Unusable(Exception):
    """The server could not be started or is gone; the message says why, in a few words."""


@dataclass(slots=True)
class Connection:
    """A server that is open.  Made by `opened`.

    Attributes:
        name: The operator's name for it.
        settings: How it is reached.
        tools: What it offers.
    """

    name: str
    settings: McpServer
    tools: tuple[Tool, ...] = ()
    gone: str = ""
    _client: Client | None = None
    _log: LastWords | None = None
    _stop: anyio.Event = field(default_factory=anyio.Event)

    @classmethod
    async def opened(cls, name: str, settings: McpServer, tasks: TaskGroup) -> Connection:
        """Start or reach a server and see what it offers.

        Args:
            name: The operator's name for it.
            settings: How it is reached.
            tasks: Where the task lives that holds it open.

        Raises:
            Unusable: it cannot be had.
        """
        made = cls(name, settings)
        try:
            with anyio.fail_after(settings.timeout_s):
                await tasks.start(made._hold)
        except TimeoutError:
            raise Unusable(f"it did not start within {settings.timeout_s:g} s{await made.last_words()}") from None
        if made.gone:
            raise Unusable(made.gone)
        return made

    async def call(self, tool: str, arguments: Mapping[str, Json]) -> Said:
        """Call one of its tools.

        Raises:
            Unusable: the server is gone; whether the call was carried out is not known.
        """
        from mcp.shared.exceptions import MCPError

        if self._client is None or self.gone:
            raise Unusable(self.gone or "it is closed")
        try:
            result = await self._client.call_tool(tool, dict(arguments), read_timeout_seconds=self.settings.timeout_s)
        except MCPError as error:
            if error.code in _GONE_CODES:
                self._leave(f"it ended{await self.last_words()}")
                raise Unusable(self.gone) from None
            return Said(f"The tool failed: {_line(error.message)}", failed=True)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError, anyio.EndOfStream):
            self._leave(f"it ended{await self.last_words()}")
            raise Unusable(self.gone) from None
        except (RuntimeError, ValueError) as error:  # an answer that is not what its own schema promises
            return Said(f"The tool's answer cannot be used: {_line(str(error))}", failed=True)
        return said(result)

    def close(self) -> None:
        """Let it end; the task that holds it does the rest."""
        self._stop.set()

    async def last_words(self) -> str:
        """The end of what it wrote to standard error, for the reason of its end; empty when it wrote nothing."""
        if self._log is None:
            return ""
        said = await anyio.to_thread.run_sync(self._log.heard)
        return f": {_line(said)}" if said else ""

    def _leave(self, why: str) -> None:
        self.gone = self.gone or why
        self._stop.set()

    async def _hold(self, *, task_status: TaskStatus[None]) -> None:
        """The task in which the connection is opened and closed, since its scopes must end where they began.

        Whatever a server does, the desk's other tasks go on: its failures end here and are told by `gone`.
        """
        from httpx2 import HTTPError
        from mcp.shared.exceptions import MCPError

        started = False
        try:
            async with AsyncExitStack() as stack:
                self._client = await stack.enter_async_context(await self._reach(stack))
                if self._log is not None:
                    self._log.way_in.close()  # the program has its own
                self.tools = await _listed(self._client)
                started = True
                task_status.started()
                await self._stop.wait()
        except* (OSError, MCPError, HTTPError, ValueError, RuntimeError, anyio.BrokenResourceError) as group:
            self.gone = self.gone or f"{_line(_first(group))}{await self.last_words()}"
        finally:
            self._client = None
            self.gone = self.gone or "it is closed"
        if not started:
            task_status.started()

    async def _reach(self, stack: AsyncExitStack) -> Client:
        from mcp import Client, StdioServerParameters
        from mcp.client.stdio import stdio_client
        from mcp_types import Implementation

        from manyeyes import __version__

        info = Implementation(name="manyeyes", version=__version__)
        settings = self.settings
        if settings.url is not None:
            from httpx2 import AsyncClient, AsyncHTTPTransport
            from mcp.client.streamable_http import streamable_http_client

            headers = {key: value.get_secret_value() for key, value in settings.headers.items()}
            # Without redirects: a header with a token would follow one to any host.  To loopback without the proxies
            # that the environment names: token and arguments would leave this machine.
            way_there = AsyncHTTPTransport() if settings.local else None
            http = await stack.enter_async_context(
                AsyncClient(headers=headers, follow_redirects=False, timeout=settings.timeout_s, transport=way_there)
            )
            way = streamable_http_client(settings.url, http_client=http)
        else:
            assert settings.command is not None  # noqa: S101  # the settings have one of both
            self._log = LastWords()
            stack.callback(self._log.way_in.close)
            # The SDK gives it a few harmless variables and these; our keys are not among them.  It starts at home
            # and not in the project, from which some programs would load code.
            start = StdioServerParameters(
                command=settings.command,
                args=list(settings.args),
                env={key: value.get_secret_value() for key, value in settings.env.items()},
                cwd=Path.home(),
            )
            way = stdio_client(start, errlog=self._log.way_in)
        return Client(way, client_info=info, read_timeout_seconds=settings.timeout_s)


async def _listed(client: Client) -> tuple[Tool, ...]:
    tools: list[Tool] = []
    cursor: str | None = None
    while len(tools) < MOST_TOOLS:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if not cursor or not page.tools:
            break
    return tuple(tools[:MOST_TOOLS])


def _first(group: BaseExceptionGroup[BaseException]) -> str:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return str(error) or type(error).__name__


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LAST_WORDS else f"{line[: _LAST_WORDS - 1]}…"
