"""A server in a thread that ends as soon as it is told to: uvicorn's own looks whether it should ten times a second."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Sequence

LATEST_S = 5.0
"""How long a server may take to start or to end."""


class _Server(uvicorn.Server):
    """Waits to be told, and owes nobody a farewell."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self.told = asyncio.Event()
        await super().startup(sockets)

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for one in sockets or ():
            one.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await _ended(self.server_state.tasks)
        for server in self.servers:
            await server.wait_closed()
        await self.lifespan.shutdown()


async def _ended(tasks: Sequence[asyncio.Task[None]] | set[asyncio.Task[None]]) -> None:
    """Wait for tasks whose client has gone; those that do not mind are cancelled."""
    left = set(tasks)
    if left:
        _, left = await asyncio.wait(left, timeout=1)
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=1)


class Served:
    """An ASGI application at an address of its own on this machine, while the context is open."""

    def __init__(self, app: Any, **options: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = _Server(uvicorn.Config(app, log_level="critical", **options))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        until = time.monotonic() + LATEST_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.001)
        assert self._server.started, "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.loop.call_soon_threadsafe(self._server.told.set)
        self._thread.join(LATEST_S)
        assert not self._thread.is_alive(), "the server did not end"
