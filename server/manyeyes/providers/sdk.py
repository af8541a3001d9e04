"""A vendor's SDK and its client: imported and built on first use, off the event loop, once."""

from __future__ import annotations

import functools
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import anyio.to_thread

from manyeyes.errors import SdkUnavailable
from manyeyes.providers.faults import Faults

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    import httpx2

    from manyeyes.types import ModelRef

T = TypeVar("T")

_IMPORTING = threading.Lock()
"""SDK imports take seconds of CPU and share packages: one at a time is as fast and never deadlocks on import locks."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for the wire, in seconds.

    Attributes:
        connect: For a connection.
        stall: Between two pieces of an answer, the first included.  How long the whole call may take is decided
            by whoever makes it.
    """

    connect: float = 10.0
    stall: float = 120.0

    def httpx(self) -> httpx2.Timeout:
        """The same for the SDKs' HTTP library."""
        import httpx2

        return httpx2.Timeout(self.stall, connect=self.connect)


def written(body: Mapping[str, object]) -> bytes:
    """A request's body as JSON, since an SDK that is given an object copies it to the bottom before it writes it.

    Half of a surrogate pair, which no JSON on the wire can hold, becomes a question mark.
    """
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace")


@functools.cache
def tls() -> ssl.SSLContext:
    """The TLS settings of all clients; loading the certificates takes a tenth of a second, once is enough."""
    import httpx2

    return httpx2.create_ssl_context()


class Once(Generic[T]):
    """A client that is built in a worker thread when it is first needed, and then kept."""

    __slots__ = ("_build", "_built")

    def __init__(self, build: Callable[[], T]) -> None:
        """Keep `build`, which imports the SDK and makes its client, for later."""
        self._build = build
        self._built: T | None = None

    async def get(self, ref: ModelRef) -> T:
        """The client; concurrent first callers wait for one import.

        Raises:
            SdkUnavailable: the SDK cannot be imported.
        """
        if self._built is not None:
            return self._built
        try:
            # An import cannot be interrupted; who is cancelled meanwhile leaves, and the thread finishes alone.
            return await anyio.to_thread.run_sync(self._locked, abandon_on_cancel=True)
        except ImportError as error:
            raise SdkUnavailable(ref, f"the SDK cannot be imported: {Faults(ref).line(error)}") from error

    def _locked(self) -> T:
        with _IMPORTING:
            if self._built is None:
                self._built = self._build()
            return self._built

    def take(self) -> T | None:
        """The client if there is one, and forget it: the next `get` builds another."""
        built, self._built = self._built, None
        return built
