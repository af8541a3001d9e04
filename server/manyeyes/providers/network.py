"""The network under a connection, by the streams of `asyncio`.

What the HTTP library's own backend does, with fewer steps: each of its reads and writes goes through another two
libraries and back to the event loop.  And a request's head and body go out together.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

_JOINED = 65_536
"""As many bytes wait at most for those that follow."""

_NEXT_ADDRESS_S = 0.25
"""A host's next address is tried beside one that has not answered after so long, as RFC 8305 advises."""


class Network(httpcore2.AnyIOBackend):
    """The network."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the library's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a host; see the library's `AsyncNetworkBackend`."""
        with _told(httpcore2.ConnectError, httpcore2.ConnectTimeout):
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(
                    host,
                    port,
                    local_addr=None if local_address is None else (local_address, 0),
                    happy_eyeballs_delay=_NEXT_ADDRESS_S,
                )
            own = writer.get_extra_info("socket")
            for option in socket_options or ():
                own.setsockopt(*option)
        return _Stream(reader, writer)


class _Stream(httpcore2.AsyncNetworkStream):
    """A stream that sends what was written when it is read from: one packet and one call of the system for two."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._held: list[bytes] = []
        self._size = 0
        self._patience: float | None = None

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  # as above
        if self._held:
            # A server may answer and close before it has read everything: its answer counts, not the failed write.
            with suppress(httpcore2.WriteError):
                await self._send()
        with _told(httpcore2.ReadError, httpcore2.ReadTimeout):
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109  # as above
        if buffer:
            self._held.append(buffer)
            self._size += len(buffer)
            self._patience = timeout
            if self._size > _JOINED:
                await self._send()

    async def _send(self) -> None:
        data, self._held, self._size = b"".join(self._held), [], 0
        with _told(httpcore2.WriteError, httpcore2.WriteTimeout):
            self._writer.write(data)
            if self._writer.transport.get_write_buffer_size():
                async with asyncio.timeout(self._patience):
                    await self._writer.drain()

    async def aclose(self) -> None:
        self._held.clear()
        self._writer.transport.abort()
        await asyncio.sleep(0)  # the loop lets go of the socket

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # as above
    ) -> httpcore2.AsyncNetworkStream:
        try:
            with _told(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                async with asyncio.timeout(timeout):
                    await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except BaseException:
            self._writer.transport.abort()
            raise
        return self

    def get_extra_info(self, info: str) -> object:
        return self._writer.get_extra_info(_NAMES.get(info, info))


_NAMES = {"client_addr": "sockname", "server_addr": "peername"}
"""What the library calls otherwise."""


@contextmanager
def _told(fault: type[Exception], late: type[Exception]) -> Iterator[None]:
    """Raise the library's faults in the place of the system's."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # those of TLS are among them
        raise fault(str(error)) from error
