"""The network under a connection, by the streams of `asyncio`.

What the HTTP library's own backend does, with fewer steps: each of its reads and writes goes through another two
libraries and back to the event loop.  And a request's head and body go out together.
"""

from __future__ import annotations

import asyncio
import select
import socket
from contextlib import contextmanager, suppress
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, SupportsIndex, TypeAlias

import anyio
import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Sequence

_Address: TypeAlias = "tuple[int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]"

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
        loop = asyncio.get_running_loop()
        reader = _Reader()
        protocol = asyncio.StreamReaderProtocol(reader)
        with _told(httpcore2.ConnectError, httpcore2.ConnectTimeout):
            async with asyncio.timeout(timeout):
                own = await _first(await _addresses(host, port), local_address, list(socket_options or ()))
                transport, _ = await loop.create_connection(lambda: protocol, sock=own)
        return _Stream(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


async def _addresses(host: str, port: int) -> list[_Address]:
    """Where a host is, by turns in one and the other family, of which one may lead nowhere."""
    name = host.encode()  # as text it would be taken for a name of many languages, with other faults
    try:  # what is an address already need not wait for a thread
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    all_of_them = [(family, where) for family, _, _, _, where in found]
    like_first = [one for one in all_of_them if one[0] == all_of_them[0][0]]
    others = [one for one in all_of_them if one not in like_first]
    return [one for one in chain(*zip_longest(like_first, others)) if one is not None]


async def _first(
    addresses: Sequence[_Address], local_address: str | None, options: Sequence[httpcore2.SOCKET_OPTION]
) -> socket.socket:
    """A socket that is connected with the address that answers first.

    What the event loop does by itself in one call; but there a socket is left open when the caller is cancelled in
    the moment in which it has connected.
    """
    if len(addresses) == 1:
        return await _connected(addresses[0], local_address, options)
    won: list[socket.socket] = []
    faults: list[OSError] = []

    async def attempt(address: _Address, failed: anyio.Event) -> None:
        try:
            own = await _connected(address, local_address, options)
        except OSError as fault:
            faults.append(fault)
            failed.set()
            return
        won.append(own)
        group.cancel_scope.cancel()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                failed = anyio.Event()
                group.start_soon(attempt, address, failed)
                with anyio.move_on_after(_NEXT_ADDRESS_S):
                    await failed.wait()
    except BaseException:
        for one in won:
            one.close()
        raise
    for one in won[1:]:  # in the same moment
        one.close()
    if not won:
        raise faults[0] if len(faults) == 1 else OSError("; ".join(map(str, faults)))
    return won[0]


async def _connected(
    address: _Address, local_address: str | None, options: Sequence[httpcore2.SOCKET_OPTION]
) -> socket.socket:
    family, where = address
    own = socket.socket(family, socket.SOCK_STREAM)
    try:
        own.settimeout(0)
        for option in options:
            own.setsockopt(*option)
        if local_address is not None:
            own.bind((local_address, 0))
        await asyncio.get_running_loop().sock_connect(own, where)
    except BaseException:
        own.close()
        raise
    return own


class _Reader(asyncio.StreamReader):
    """What came; that which came before a fault is still read before the fault is told.

    Attributes:
        waiting: So many bytes have come that nobody has read.
        fault: How the connection broke.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.fault: Exception | None = None

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        piece = bytes(data)
        self.waiting += len(piece)
        super().feed_data(piece)

    def set_exception(self, exc: Exception) -> None:
        self.fault = exc
        self.feed_eof()


class _Stream(httpcore2.AsyncNetworkStream):
    """A stream that sends what was written when it is read from: one packet and one call of the system for two."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
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
                data = await self._reader.read(max_bytes)
            if not data and self._reader.fault is not None:
                raise self._reader.fault
        self._reader.waiting -= len(data)
        return data

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
            # Under TLS it shows only with the next piece that the one before has not gone out.
            for start in range(0, len(data), _JOINED):
                self._writer.write(data[start : start + _JOINED])
                if self._writer.transport.get_write_buffer_size() or self._writer.is_closing():
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
        if info == "is_readable":
            return self._reader.waiting > 0 or _readable(self._writer.get_extra_info("socket"))
        return self._writer.get_extra_info(_NAMES.get(info, info))


_NAMES = {"client_addr": "sockname", "server_addr": "peername"}
"""What the library calls otherwise."""


def _readable(idle: socket.socket | None) -> bool:
    """Whether something came that the event loop has not seen yet, which may be the end."""
    if idle is None or idle.fileno() < 0:
        return True
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(idle.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([idle.fileno()], [], [], 0)[0])


@contextmanager
def _told(fault: type[Exception], late: type[Exception]) -> Iterator[None]:
    """Raise the library's faults in the place of the system's."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:  # those of TLS are among them
        raise fault(str(error)) from error
