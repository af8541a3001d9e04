"""Connections to a vendor, found in a time that does not grow with their number.

The HTTP library's pool looks at all of its connections, and asks the system about each idle one, whenever a request
begins or ends: with dozens of calls at once that takes longer than the rest of the call.  Here a request takes the
connection that was used last, and that one alone is looked at.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import AsyncIterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

import anyio
import httpcore2
import httpx2

from manyeyes.providers.network import Network
from manyeyes.settings import is_loopback

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

KEPT_S = 5.0
"""A connection that nobody used for so long is closed."""

_KEPT_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 60), ("TCP_KEEPCNT", 5))
        if hasattr(socket, name)
    ),
]
"""As the vendors' SDKs have it: a model may think for minutes without a word, and routers forget silent connections."""


def transport(verify: ssl.SSLContext, base_url: str) -> Connections | None:
    """Connections for an HTTP client of the server at an address.

    None where the environment names proxies, which the library knows to ask.  On the way to this machine's loopback
    there is no proxy whatever the environment says: what is to stay on the machine would leave it.
    """
    if getproxies() and not is_loopback(urlsplit(base_url).hostname or ""):
        return None
    return Connections(lambda: Single(verify))


@lru_cache(maxsize=64)
def address(url: str) -> httpx2.URL:
    """An address taken apart, which takes a tenth of the time of a whole call; few are asked, and often."""
    return httpx2.URL(url)


class Connections(httpx2.AsyncBaseTransport):
    """As many connections as there are requests at once, each made when none is idle.

    Args:
        make: Makes a transport of one connection.
        clock: Seconds that never go back.
    """

    def __init__(
        self, make: Callable[[], httpx2.AsyncBaseTransport], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._make = make
        self._clock = clock
        self._idle: deque[tuple[float, httpx2.AsyncBaseTransport]] = deque()
        self._all: set[httpx2.AsyncBaseTransport] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it over a connection that is the request's alone until the response is closed."""
        one = self._idle.pop()[1] if self._idle else self._make()
        self._all.add(one)
        try:
            response = await one.handle_async_request(request)
        except BaseException:
            await self.give_back(one)
            raise
        stream = response.stream
        if not isinstance(stream, httpx2.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        response.stream = _Lent(stream, one, self)
        return response

    async def give_back(self, one: httpx2.AsyncBaseTransport) -> None:
        """Let the next request have it, and close those that have been idle for too long."""
        if one not in self._all:
            return
        now = self._clock()
        self._idle.append((now, one))
        while self._idle and self._idle[0][0] < now - KEPT_S:  # while one closes, others may take the rest
            _, old = self._idle.popleft()
            self._all.discard(old)
            with anyio.CancelScope(shield=True):
                await old.aclose()

    async def aclose(self) -> None:
        """Close all of them."""
        everyone, self._all = self._all, set()
        self._idle.clear()
        for one in everyone:
            await one.aclose()


class _Lent(httpx2.AsyncByteStream):
    """A response's body; with it ends the use of its connection."""

    def __init__(self, body: httpx2.AsyncByteStream, one: httpx2.AsyncBaseTransport, home: Connections) -> None:
        self._body = body
        self._one = one
        self._home: Connections | None = home

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.__aiter__()

    async def aclose(self) -> None:
        home, self._home = self._home, None
        try:
            # For whoever was cancelled too, or the vendor would go on answering.
            with anyio.CancelScope(shield=True):
                await self._body.aclose()
        finally:
            if home is not None:
                await home.give_back(self._one)


class Single(httpx2.AsyncBaseTransport):
    """One connection for one request at a time, made anew when the server has closed it.

    What the HTTP library's own transport does, without the pool between it and the connection.

    Args:
        verify: The TLS settings.
    """

    def __init__(self, verify: ssl.SSLContext) -> None:
        self._verify = verify
        self._connection: httpcore2.AsyncHTTPConnection | None = None
        self._origin: httpcore2.Origin | None = None
        self._stream: httpcore2.AsyncNetworkStream | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it, and come back with the head of the answer.

        Raises:
            httpx2.TransportError: there is none.
        """
        where = request.url
        url = httpcore2.URL(scheme=where.raw_scheme, host=where.raw_host, port=where.port, target=where.raw_path)
        if where.scheme not in {"http", "https"}:
            raise httpx2.UnsupportedProtocol(f"there is no way to an address of {where.scheme}://")
        try:
            response = await (await self._to(url.origin)).handle_async_request(
                httpcore2.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        except _FAULTS as fault:
            raise _told(fault) from fault
        self._stream = response.extensions["network_stream"]
        return httpx2.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close it."""
        connection, self._connection, self._stream = self._connection, None, None
        if connection is not None:
            await connection.aclose()

    async def _to(self, origin: httpcore2.Origin) -> httpcore2.AsyncHTTPConnection:
        if self._connection is not None:
            # What comes on an idle connection can only be its end, or no answer to what is asked next.
            stray = self._stream is None or self._stream.get_extra_info("is_readable")
            if self._origin == origin and self._connection.is_available() and not stray:
                return self._connection
            await self.aclose()
        self._origin = origin
        self._connection = httpcore2.AsyncHTTPConnection(
            origin, ssl_context=self._verify, socket_options=_KEPT_ALIVE, network_backend=Network()
        )
        return self._connection


class _Body(httpx2.AsyncByteStream):
    """A response's body, whose faults are the HTTP library's."""

    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._response.stream
        if not isinstance(pieces, AsyncIterable):
            raise TypeError("an asynchronous connection answers with an asynchronous stream")
        try:
            async for piece in pieces:
                yield piece
        except _FAULTS as fault:
            raise _told(fault) from fault

    async def aclose(self) -> None:
        await self._response.aclose()


_TOLD: dict[type[Exception], type[httpx2.TransportError]] = {
    httpcore2.ConnectTimeout: httpx2.ConnectTimeout,
    httpcore2.ReadTimeout: httpx2.ReadTimeout,
    httpcore2.WriteTimeout: httpx2.WriteTimeout,
    httpcore2.TimeoutException: httpx2.TimeoutException,
    httpcore2.ConnectError: httpx2.ConnectError,
    httpcore2.ReadError: httpx2.ReadError,
    httpcore2.WriteError: httpx2.WriteError,
    httpcore2.NetworkError: httpx2.NetworkError,
    httpcore2.LocalProtocolError: httpx2.LocalProtocolError,
    httpcore2.RemoteProtocolError: httpx2.RemoteProtocolError,
    httpcore2.ProtocolError: httpx2.ProtocolError,
    httpcore2.ConnectionNotAvailable: httpx2.NetworkError,
}
"""The faults of a connection as the HTTP library names them."""
_FAULTS = tuple(_TOLD)


def _told(fault: Exception) -> httpx2.TransportError:
    return next(_TOLD[kind] for kind in type(fault).__mro__ if kind in _TOLD)(str(fault))
