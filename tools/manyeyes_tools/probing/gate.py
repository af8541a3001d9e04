"""The only way to the target for other people's scanners: a proxy on loopback that holds them to our own bounds.

What they ask for goes out by the same client as our own requests: to the one origin, at the same rate, with the same
methods, counted with the rest.  What leaves the origin is answered here and sent nowhere.  Every program of this
machine can knock at it, so it has a key, and who does not show it is sent away.
"""

from __future__ import annotations

from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from manyeyes.errors import BadCall
from manyeyes_tools.probing.client import Asked, Exhausted
from manyeyes_tools.probing.scope import Origin, origin_of, wire_target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import h11
    from anyio.abc import SocketStream

    from manyeyes_tools.probing.client import Answer, Client

_MOST_BODY = 1_000_000
_MOST_NAMED = 100
_PIECE = 65_536
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "host", "content-length", "accept-encoding", "content-encoding", "expect"}
)
"""Headers that belong to one connection, and those that the client writes itself."""
_BODILESS = frozenset({204, 304})
_NAME = "manyeyes"
"""Whose key it is: proxies ask for a name and a word."""
_OUTSIDE = 403
_KEYLESS = 407
_UNSAFE = 405
_SPENT = 429
_SILENT = 504
_SHARED_LOAD = 8
"""So many requests are under way at the same time."""


@dataclass(slots=True)
class Gate:
    """What one scanner asks for, and what became of it.

    Attributes:
        client: What sends.
        most: How many requests it may send.
        ends: When it may send no more, on the event loop's clock, so that it has time to write what it found.
        port: Where it listens on loopback.
        sent: How many it has sent.
        outside: Addresses out of scope that it asked for; nothing went there.
        held: How many requests were held back for their method or their name.
        key: What a request must show to be let through.
        refused: How many did not show it.
        spent: Why no more is sent; empty as long as more may be.
        asked: Told of every request that is sent on.
    """

    client: Client
    most: int
    ends: float = float("inf")
    port: int = 0
    sent: int = 0
    outside: dict[str, None] = field(default_factory=dict)
    held: int = 0
    spent: str = ""
    key: str = field(default_factory=token_urlsafe, repr=False)
    refused: int = 0
    _load: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(_SHARED_LOAD))

    @property
    def url(self) -> str:
        """The target as a scanner is to call it: without TLS, which is between us and the target."""
        return f"http://{self._face.host_literal}:{self._face.port}"

    @property
    def proxy(self) -> str:
        """The gate itself, as a scanner's arguments name it, which all of this machine can read."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def opened_by(self) -> str:
        """The same with its key, as a scanner must use it."""
        return f"http://{_NAME}:{self.key}@127.0.0.1:{self.port}"

    @property
    def _face(self) -> _Face:
        origin = self.client.origin
        return _Face(origin, f"[{origin.host}]" if ":" in origin.host else origin.host, origin.port)

    def lets_in(self, request: h11.Request) -> bool:
        """Whether a request shows the key; those that do not are counted."""
        wanted = b"Basic " + b64encode(f"{_NAME}:{self.key}".encode())
        shown = any(one == b"proxy-authorization" and compare_digest(value, wanted) for one, value in request.headers)
        self.refused += not shown
        return shown

    async def answer(self, request: h11.Request, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request on, or say why not."""
        method = request.method.decode("ascii", "replace").upper()
        target = self._inside(request.target.decode("latin-1"), method)
        if target is None:
            return _said(_OUTSIDE, "outside what may be probed")
        if not self.client.may(method) or self.client.spares(target):
            self.held += 1
            return _said(_UNSAFE, "not sent: it may change what the application stores")
        if not self.spent and self.sent >= self.most:
            self.spent = f"its share of {self.most} requests was used up"
        elif not self.spent and anyio.current_time() >= self.ends:
            self.spent = "its share of the time was used up"
        if self.spent:
            return _said(_SPENT, self.spent)
        self.sent += 1
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in request.headers.raw_items()
            if name.lower().decode("latin-1") not in _HOP
        )
        try:
            async with self._load:
                came = await self.client.pass_on(Asked(method, target, headers, body))
        except Exhausted as bound:
            self.spent = str(bound)
            return _said(_SPENT, self.spent)
        except BadCall as error:
            return _said(_UNSAFE, str(error))
        return self._back(came) if came.status else _said(_SILENT, "no answer")

    def _inside(self, target: str, method: str) -> str | None:
        """Path and query within the origin; None, and the address remembered, for all else."""
        try:
            parts = urlsplit(target)
            asked = Origin(self.client.origin.scheme, *_authority(parts.hostname, parts.port))
        except (BadCall, ValueError):
            asked = None
        if method == "CONNECT" or asked != self.client.origin or parts.scheme != "http":
            if len(self.outside) < _MOST_NAMED:
                self.outside[target.partition("?")[0][:200]] = None
            return None
        # As it was written: what a scanner encodes, it means.
        rest = target.partition("://")[2]
        path = rest[min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest)) :]
        path = path if path.startswith("/") else f"/{path}"
        return path if path.isascii() and path.isprintable() and " " not in path else wire_target(path)

    def _back(self, came: Answer) -> tuple[int, list[tuple[str, str]], bytes]:
        headers = [one for one in came.headers if one[0].lower() not in _HOP]
        data = came.data
        if self.client.origin.scheme == "https":  # what leads to the target must lead through here
            headers = [(name, self._outward(value)) for name, value in headers]
            data = self._outward(data.decode("latin-1")).encode("latin-1", "replace")
        return came.status, headers, data

    def _outward(self, text: str) -> str:
        origin = self.client.origin
        return text.replace(f"{origin}:{origin.port}", self.url).replace(str(origin), self.url)


@dataclass(frozen=True, slots=True)
class _Face:
    origin: Origin
    host_literal: str
    port: int


def _authority(host: str | None, port: int | None) -> tuple[str, int]:
    literal = f"[{host}]" if host and ":" in host else host or ""
    found = origin_of(f"http://{literal}:{port or 80}")
    return found.host, found.port


def _said(status: int, why: str) -> tuple[int, list[tuple[str, str]], bytes]:
    return status, [("Content-Type", "text/plain")], f"Not sent on: {why}.\n".encode()


def _sent_away() -> tuple[int, list[tuple[str, str]], bytes]:
    status, headers, said = _said(_KEYLESS, "it does not show the key of this proxy")
    return status, [*headers, ("Proxy-Authenticate", f'Basic realm="{_NAME}"')], said


@asynccontextmanager
async def opened(client: Client, most: int, seconds: float = float("inf")) -> AsyncIterator[Gate]:
    """A gate that is open while the block runs, on loopback at a free port, and lets so many requests through."""
    server = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    port = server.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610  anyio's, not a database's
    gate = Gate(client, most, anyio.current_time() + seconds, port)

    async def serve(stream: SocketStream) -> None:
        async with stream:
            try:
                await _conversation(stream, gate)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                return

    async with server, anyio.create_task_group() as group:
        group.start_soon(server.serve, serve)
        yield gate
        group.cancel_scope.cancel()


async def _conversation(stream: SocketStream, gate: Gate) -> None:
    """Answer the requests of one connection, one after the other."""
    import h11

    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_PIECE)
    while True:
        try:
            request, body = await _request(stream, connection)
        except h11.RemoteProtocolError:
            return
        if request is None:
            return
        status, headers, data = await gate.answer(request, body) if gate.lets_in(request) else _sent_away()
        bare = request.method == b"HEAD" or status in _BODILESS
        kept = [(name, value) for name, value in headers if value.isprintable() or not value]
        kept.append(("Content-Length", str(len(data)))) if status not in _BODILESS else None
        try:
            head = connection.send(
                h11.Response(
                    status_code=max(status, 200),
                    headers=[(one.encode("latin-1", "replace"), two.encode("latin-1", "replace")) for one, two in kept],
                )
            )
            rest = b"" if bare else connection.send(h11.Data(data=data))
            end = connection.send(h11.EndOfMessage())
        except h11.LocalProtocolError:  # the target's headers are no headers; nothing can be said of the rest
            return
        await stream.send(b"".join(part or b"" for part in (head, rest, end)))
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return
        connection.start_next_cycle()


async def _request(stream: SocketStream, connection: h11.Connection) -> tuple[h11.Request | None, bytes]:
    import h11

    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            try:
                connection.receive_data(await stream.receive(_PIECE))
            except anyio.EndOfStream:
                connection.receive_data(b"")
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _MOST_BODY:
                raise anyio.ClosedResourceError
        elif isinstance(event, h11.EndOfMessage):
            return request, bytes(body)
        else:  # the connection is closed
            return None, b""
