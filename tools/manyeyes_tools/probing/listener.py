"""Our own listener: it hears whether the target asks for an address that only it was given."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio.abc import SocketStream

_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_MOST_PATHS = 1_000
_PATIENCE_S = 3.0


@dataclass(slots=True)
class Listener:
    """Where the target can be made to ask, as it would have to write it, and what was asked for so far."""

    url: str
    paths: dict[str, None] = field(default_factory=dict)

    def heard(self, word: str) -> bool:
        """Whether someone asked for this word."""
        return any(word in path for path in self.paths)


@asynccontextmanager
async def listening(url: str | None) -> AsyncIterator[Listener]:
    """Listen while the block runs: on loopback at a free port, or where the operator said.

    Raises:
        BadCall: nothing can listen there.
    """
    parts = urlsplit(url) if url else None
    try:
        server = await anyio.create_tcp_listener(
            local_host=(parts.hostname if parts else None) or "127.0.0.1", local_port=(parts.port if parts else 0) or 0
        )
    except OSError as error:
        raise BadCall(f"`callback` of [dast]: nothing can listen at {url}: {error.strerror or error}") from None
    port = server.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610  anyio's, not a database's
    listener = Listener(url or f"http://127.0.0.1:{port}")

    async def answer(stream: SocketStream) -> None:
        async with stream:
            try:
                with anyio.move_on_after(_PATIENCE_S):
                    line = (await stream.receive(4_096)).split(b"\r\n", 1)[0].decode("latin-1")
                    if len(listener.paths) < _MOST_PATHS:
                        listener.paths[" ".join(line.split()[1:2])[:300]] = None
                    await stream.send(_REPLY)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return

    async with server, anyio.create_task_group() as group:
        group.start_soon(server.serve, answer)
        yield listener
        group.cancel_scope.cancel()
