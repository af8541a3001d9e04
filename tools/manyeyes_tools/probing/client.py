"""The one way in which anything is sent: to one origin, slowly, so many times and no more."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes import __version__
from manyeyes.errors import BadCall
from manyeyes_tools.probing.endings import ends, leaves
from manyeyes_tools.probing.scope import origin_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    import httpx2

    from manyeyes.settings import Dast
    from manyeyes_tools.probing.scope import Origin

AGENT = f"ManyEyes/{__version__} (security scan; asked for by the operator of this application)"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_BYTES = 1_000_000
"""So much of an answer is read, and no more."""
_MOST_HOPS = 5
_MOST_COOKIES = 50
_MOST_SILENT = 5
_MOST_SPARED = 1_000
_REDIRECT = range(300, 400)


class Exhausted(Exception):
    """The run has sent as many requests as it may, or the target answers no more; the message says which."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `target` is path and query as they go over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def __str__(self) -> str:
        sent = f"{self.method} {self.target}"
        return f"{sent} with {self.body.decode(errors='replace')}" if self.body else sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` is 0 when nothing did.

    Attributes:
        asked: The request; after redirects the last one.
        headers: Names in lower case, in the order they came.
        body: As much of it as is read, decoded.
        data: The same as it came.
        seconds: From the request to the end of the body.
        left: Where a redirect led that was not followed, since it leaves the origin.
    """

    asked: Asked
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    seconds: float = 0.0
    left: str = ""
    data: bytes = b""

    def header(self, name: str) -> str:
        """A header's value; empty when it is not there."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """The values of a header that comes several times."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def html(self) -> bool:
        """Whether a browser takes it for a page."""
        kind = self.header("content-type").lower()
        if not kind:
            return self.header("x-content-type-options").lower() != "nosniff" and "<" in self.body
        return any(one in kind for one in ("text/html", "xhtml", "image/svg", "text/xml"))


@dataclass(slots=True)
class Client:
    """Sends requests to one origin.  Its bounds hold for all who use it together.

    Attributes:
        origin: Where everything goes.
        address: The origin's address, found once.
        limits: The operator's bounds.
        sent: How many requests have gone out.
        most: How many may; the limits' own number unless some are kept for others.
        outside: Where redirects led that were not followed.
        spared: What was not asked for, since its name says that it ends or takes away something.
        given: The operator's headers for this origin, cookies apart: they are sent and never shown.
        cookies: The session: the operator's cookies, and what the target set since.
    """

    origin: Origin
    address: str
    limits: Dast
    http: httpx2.AsyncClient
    sent: int = 0
    most: int = 0
    outside: dict[str, None] = field(default_factory=dict)
    spared: dict[str, None] = field(default_factory=dict)
    given: tuple[tuple[str, str], ...] = ()
    cookies: dict[str, str] = field(default_factory=dict)
    _own: dict[str, str] = field(default_factory=dict)
    _next: float = 0.0
    _silent: int = 0

    def __post_init__(self) -> None:
        self.most = self.most or self.limits.max_requests

    def may(self, method: str) -> bool:
        """Whether the operator lets this method be sent."""
        return method in SAFE or (self.limits.unsafe_methods and method.isascii())

    def spares(self, target: str) -> bool:
        """Whether a path and query are left alone: a page may change things on GET though it should not.

        What ends the session is left alone in any case.
        """
        return leaves(target) or (not self.limits.unsafe_methods and ends(target))

    @property
    def known(self) -> bool:
        """Whether requests say who asks: the operator may have headers, and mean them for another origin."""
        return bool(self.given or self._own)

    def carry(self, headers: Iterable[tuple[str, str]]) -> None:
        """Send these headers with every request from now on; cookies among them stay, whatever the target says."""
        given = tuple(headers)
        self.given = tuple((name, value) for name, value in given if name.lower() != "cookie")
        for text in (value for name, value in given if name.lower() == "cookie"):
            self._own |= _cookies_of(text)
        self.cookies |= self._own

    async def pass_on(self, asked: Asked) -> Answer:
        """Send what another program asks for, within the same bounds and with its own session.

        Raises:
            Exhausted: as `ask`.
            BadCall: as `ask`.
        """
        return await self._once(asked, read=True, session=False)

    async def bare(self, asked: Asked) -> Answer:
        """Ask as nobody: without the operator's headers and without a session.

        Raises:
            Exhausted: as `ask`.
            BadCall: as `ask`.
        """
        return await self._once(asked, read=True, session=None)

    async def ask(self, asked: Asked, *, follow: bool = False, read: bool = True) -> Answer:
        """Send a request and read the answer.  With `follow`, redirects within the origin are followed.

        What `spares` names is never sent; it has an answer of status 0, as what did not answer has.

        Raises:
            Exhausted: the run's bounds are reached, or the target no longer answers.
            BadCall: the method is not allowed; whoever builds requests asks `may` before.
        """
        answer = await self._once(asked, read=read)
        for _ in range(_MOST_HOPS):
            location = answer.header("location") if answer.status in _REDIRECT else ""
            if not location:
                break
            inside = self.origin.inside(answer.asked.target, location)
            if inside is None:
                if follow:  # others were meant to lead away: a probe sent them
                    self.outside[location.partition("?")[0][:200]] = None
                return replace(answer, left=location)
            if not follow:
                break
            if self.spares(inside):
                self._spare(inside)
                break
            answer = await self._once(Asked("GET", inside), read=read)
        return answer

    async def _once(self, asked: Asked, *, read: bool, session: bool | None = True) -> Answer:
        import httpx2  # with the SDKs' own start-up: never before it is needed

        if not self.may(asked.method):
            raise BadCall(f"{asked.method} may not be sent: set `unsafe_methods` of [dast].")
        if self.spares(asked.target):
            self._spare(asked.target)
            return Answer(asked, 0)
        await self._turn()
        self.http.cookies.clear()  # sessions are kept here and nowhere else: who asks as nobody must be nobody
        request = self.http.build_request(
            asked.method,
            f"{self.origin.scheme}://{_literal(self.address)}:{self.origin.port}/",
            # As bytes: what others send, or a target led them to send, need not be ASCII.
            headers=[
                (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in self._headers(asked, session=session)
            ],
            content=asked.body or None,
            extensions={"target": asked.target.encode("ascii", "replace"), "sni_hostname": self.origin.host}
            | {"timeout": httpx2.Timeout(self.limits.timeout_s).as_dict()},
        )
        began = anyio.current_time()
        try:
            with anyio.fail_after(self.limits.timeout_s):
                response = await self.http.send(request, stream=True)
                try:
                    body = await _beginning(response) if read else b""
                finally:
                    await response.aclose()
        except (httpx2.LocalProtocolError, httpx2.InvalidURL):  # it cannot be sent as it is; the target is not to blame
            return Answer(asked, 0)
        except (httpx2.HTTPError, httpx2.StreamError, OSError):  # a time-out is an OSError too
            self._silent += 1
            if self._silent >= _MOST_SILENT:
                raise Exhausted(f"{self.origin} has stopped answering") from None
            return Answer(asked, 0, seconds=anyio.current_time() - began)
        self._silent = 0
        headers = tuple((key.lower(), value) for key, value in response.headers.multi_items())
        seconds = anyio.current_time() - began
        answer = Answer(asked, response.status_code, headers, body.decode("utf-8", "replace"), seconds, data=body)
        if session:
            self._keep(answer)
        return answer

    def _spare(self, target: str) -> None:
        if len(self.spared) < _MOST_SPARED:
            self.spared[target.partition("?")[0][:200]] = None

    async def _turn(self) -> None:
        if self.sent >= self.most:
            raise Exhausted(f"the limit of {self.most} requests is reached")
        now = anyio.current_time()
        begins = max(now, self._next)
        self._next = begins + 1 / self.limits.requests_per_second  # taken before the wait: others may ask meanwhile
        self.sent += 1
        if begins > now:
            await anyio.sleep(begins - now)

    def _headers(self, asked: Asked, *, session: bool | None) -> list[tuple[str, str]]:
        """What goes over the wire: what the request says itself, but never in place of the operator's headers.

        `session` is False for others' requests, which have a session of their own, and None for nobody's.
        """
        ours = () if session is None else self.given
        given = {name.lower() for name, _ in ours}
        mine = [one for one in asked.headers if one[0].lower() not in {*given, "cookie"}]
        cookies = dict(self.cookies if session else self._own if session is not None else {})
        for name, value in asked.headers:
            if name.lower() == "cookie":
                cookies = {**_cookies_of(value), **cookies} if not session else {**cookies, **_cookies_of(value)}
        named = [
            ("Host", self.origin.authority),
            ("User-Agent", AGENT),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),  # nothing is unpacked here, so nothing can swell
        ]
        taken = {*given, *(name.lower() for name, _ in mine)}
        kept = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return [
            *(one for one in named if one[0].lower() not in taken),
            *ours,
            *mine,
            *([("Cookie", kept)] if kept else []),
        ]

    def _keep(self, answer: Answer) -> None:
        """The session that the target began stays the run's; nothing of it goes anywhere else."""
        for line in answer.all("set-cookie"):
            name, equals, value = (part.strip() for part in line.partition(";")[0].partition("="))
            plain = f"{name}{value}".isascii() and f"{name}{value}".isprintable()
            if equals and name and plain and (name in self.cookies or len(self.cookies) < _MOST_COOKIES):
                # What takes the operator's own session away is not followed; what renews it is.
                self.cookies[name] = value or self._own.get(name, "")


@asynccontextmanager
async def connected(origin: Origin, addresses: tuple[str, ...], limits: Dast) -> AsyncIterator[Client]:
    """A client for one run, at the first of the addresses that answers.

    Raises:
        BadCall: nothing answers there.
    """
    import httpx2

    async with httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=limits.timeout_s) as http:
        spent = 0
        for address in addresses:
            client = Client(origin, address, limits, http, sent=spent)
            if limits.headers_for is None or origin_of(limits.headers_for) == origin:
                client.carry((name, value.get_secret_value()) for name, value in limits.headers.items())
            try:
                answers = bool((await client.ask(Asked("GET", "/"), read=False)).status)
            except Exhausted:
                break
            if answers:
                yield client
                return
            spent = client.sent
        raise BadCall(f"Nothing answers at {origin}. Start the application, or correct `target_url`.")


def _cookies_of(text: str) -> dict[str, str]:
    """The cookies of a `Cookie` header."""
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name: value for name, equals, value in pairs if equals and name}


def _literal(address: str) -> str:
    return f"[{address}]" if ":" in address else address


async def _beginning(response: httpx2.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_raw():
        parts.append(part)
        size += len(part)
        if size >= BODY_BYTES:
            break
    return b"".join(parts)[:BODY_BYTES]
