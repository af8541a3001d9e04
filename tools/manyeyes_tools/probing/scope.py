"""What may be probed: an origin that the operator listed, at the addresses it had when the run began."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

import anyio

from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]

_PORTS = {"http": 80, "https": 443}
_MOST_ADDRESSES = 4
_TRANSLATED = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")))
"""Prefixes whose last 32 bits are an address of IPv4."""
_SAFE = "/%:@!$&'()*+,;=~?[]{}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what the operator lists, and what no request of a run ever leaves."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        return str(self).partition("://")[2]

    @property
    def loopback(self) -> bool:
        """Whether it names this machine, by its form alone."""
        return self.host == "localhost" or is_local(self.host)

    def inside(self, base: str, location: str) -> str | None:
        """The path and query of an address met at `base`, or None when it lies outside this origin."""
        try:
            there = urljoin(f"{self}{base}", location.strip())
            if origin_of(there) != self:
                return None
        except (BadCall, ValueError):
            return None
        return wire_target(there)


def wire_target(url: str) -> str:
    """Path and query of an address as they may go over the wire: what does not belong there is encoded."""
    parts = urlsplit(url)
    path, query = (quote(part, safe=_SAFE, errors="replace") for part in (parts.path, parts.query))
    return (path if path.startswith("/") else f"/{path}") + (f"?{query}" if query else "")


def origin_of(url: str) -> Origin:
    """The origin of an address.

    Raises:
        BadCall: it is no plain address of the web; nobody's name or password may be in it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadCall("`target_url` is not an address. Send one such as http://127.0.0.1:8000/") from None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or not host.isascii() or any(one.isspace() for one in host):
        raise BadCall("`target_url` must begin with http:// or https:// and name a host: http://127.0.0.1:8000/")
    if parts.username is not None or parts.password is not None:
        raise BadCall("`target_url` holds a user's name or password. Leave them out.")
    if port == 0:
        raise BadCall("`target_url` names port 0, at which nothing can listen. Name the port, or none.")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme])


def allowed(url: str, targets: Iterable[str]) -> Origin:
    """The origin of an address that the operator listed.

    Raises:
        BadCall: it is not listed.  Loopback is no exception: what runs there is often open to whoever asks from there.
    """
    origin = origin_of(url)
    if origin in {origin_of(one) for one in targets}:
        return origin
    raise BadCall(
        f"{origin} may not be probed: the operator has not listed it. Whoever runs the server can add it to `targets` "
        f"of [dast] in manyeyes.toml or to MANYEYES_DAST_TARGETS, with scheme, host and port."
    )


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a host, as the system knows them now."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


async def pinned(origin: Origin, lookup: Resolve = resolve) -> tuple[str, ...]:
    """The addresses that are used for the whole run, so that a name cannot come to mean another machine meanwhile.

    Raises:
        BadCall: there are none, or the name of another machine leads to this one, or that of this one to another.
    """
    try:
        addresses = (await lookup(origin.host, origin.port))[:_MOST_ADDRESSES]
    except OSError:
        addresses = ()
    if not addresses:
        raise BadCall(f"The host of {origin} has no address here. Check the name in `target_url`.")
    if origin.loopback and not all(is_local(one) for one in addresses):
        raise BadCall(
            f"{origin} names this machine, and its name leads to another one here. Mend the entry of {origin.host} in "
            f"the hosts file, or list and send the address: {origin.scheme}://127.0.0.1:{origin.port}"
        )
    if not origin.loopback and any(is_local(one) for one in addresses):
        raise BadCall(
            f"{origin} leads to this machine itself or to its own network link, which its name does not say. If that "
            f"is meant, list and send the address itself: {origin.scheme}://127.0.0.1:{origin.port}"
        )
    return addresses


def is_local(address: str) -> bool:
    """Whether an address is this machine's own: loopback, unspecified, or of its own link."""
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(plain.is_loopback or plain.is_unspecified or plain.is_link_local for plain in (one, *_embedded(one)))


def _embedded(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The addresses of IPv4 that one of IPv6 may be sent on to: mapped, compatible, 6to4, Teredo and translated."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [one for one in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if one is not None]
    if any(address in network for network in _TRANSLATED):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found
