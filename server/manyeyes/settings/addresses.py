"""Addresses, judged by their form alone: no name is looked up."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def web_address(url: str) -> str:
    """An address of the web without the slash at its end.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address such as https://host/v1")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its form alone; a name other than `localhost` never is."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
