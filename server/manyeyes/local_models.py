"""Model servers that run on this machine already: Ollama, LM Studio, llama.cpp, vLLM on their usual ports.

Only loopback is asked, all ports at once, and each for a fraction of a second.
"""

from __future__ import annotations

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

USUAL = (("Ollama", 11434), ("LM Studio", 1234), ("llama.cpp", 8080), ("vLLM", 8000))
"""The servers there are, and the ports they choose by themselves."""
PROBE_S = 0.3
"""Seconds that a server on this machine has to accept a connection, and to answer."""
SMALL_BILLIONS = 9.0
"""Up to so many billions of parameters a model is offered for what is quick and simple."""

_LONGEST_BODY = 200_000
_SHOWN = 5
_NAME_CHARS = 80
_SIZE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)(b|m)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A place where a server may be.  `models` is None when none answers there, and empty when it has none loaded."""

    name: str
    port: int
    models: tuple[str, ...] | None

    @property
    def endpoint(self) -> str:
        """What it is called in the settings."""
        return re.sub(r"[^a-z0-9]", "", self.name.lower())

    @property
    def settings(self) -> str:
        """The lines of the operator's file that put it to use; empty when there is nothing to use."""
        if not self.models:
            return ""
        listed = ", ".join(json.dumps(model) for model in self.models[:_SHOWN])
        tier = "fast" if is_small(self.models[0]) else "balanced"
        return (
            f"[endpoints.{self.endpoint}]\n"
            f'url = "http://127.0.0.1:{self.port}/v1"\n'
            f"models = [{listed}]\n"
            f'tier = "{tier}"\n'
        )


def look(places: Sequence[tuple[str, int]] = USUAL, *, but: Collection[int | None] = ()) -> list[LocalServer]:
    """Look at all places at once; they are told in their own order.  Blocking.

    Args:
        places: Names and ports.
        but: Ports that are known already.
    """
    wanted = [(name, port) for name, port in places if port not in but]
    if not wanted:
        return []
    with ThreadPoolExecutor(len(wanted)) as threads:
        found = threads.map(models_at, [port for _, port in wanted])
        return [LocalServer(name, port, models) for (name, port), models in zip(wanted, found, strict=True)]


def listens(url: str) -> bool:
    """Whether anybody takes a connection at an address of this machine, which is decided at once.  Blocking."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=PROBE_S).close()
    except (OSError, ValueError):
        return False
    return True


def models_at(port: int) -> tuple[str, ...] | None:
    """The models that an OpenAI-compatible server lists at a port here; None when there is none."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PROBE_S)
    try:
        connection.request("GET", "/v1/models", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = json.loads(answer.read(_LONGEST_BODY))
        # Another program may well live at such a port: what it says is not taken on trust.
        listed = body.get("data") if answer.status == 200 and isinstance(body, dict) else None  # noqa: PLR2004  # HTTP OK
        if body == {"object": "list", "data": None}:  # Ollama without a model
            return ()
        if not isinstance(listed, list):
            return None
        names = (str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one)
        return tuple(name[:_NAME_CHARS] for name in names if name and name.isprintable() and name.isascii())
    except (OSError, HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()


def is_small(model: str) -> bool:
    """Whether a model's name says that it is a small one; one that says nothing is not taken for small."""
    sizes = [float(number) / (1 if unit in "bB" else 1000) for number, unit in _SIZE.findall(model)]
    return bool(sizes) and max(sizes) <= SMALL_BILLIONS
