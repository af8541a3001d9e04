"""Connections to a vendor, found in a time that does not grow with their number.

The HTTP library's pool looks at all of its connections, and asks the system about each idle one, whenever a request
begins or ends: with dozens of calls at once that takes longer than the rest of the call.  Here every connection is a
pool of its own, and the one used last is used next.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies

import anyio
import httpx2

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
    one = httpx2.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT_S)
    return Connections(lambda: httpx2.AsyncHTTPTransport(verify=verify, limits=one, socket_options=_KEPT_ALIVE))


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
            await self._body.aclose()
        finally:
            if home is not None:
                await home.give_back(self._one)
