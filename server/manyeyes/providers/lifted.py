"""An HTTP client that hands an answer to whoever asked for it, past the SDK.

Google's SDK has no way to be asked for the bytes of an answer.  So it sends the request by this client and answers for
the errors, and in the place of a good answer it is given an empty one.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx2

from manyeyes.providers.connections import address

if TYPE_CHECKING:
    from contextvars import Token

_OK = 200


_waiting: ContextVar[Lift | None] = ContextVar("_waiting", default=None)


@dataclass(slots=True)
class Lift:
    """Has the good answer to what this task sends within its `async with` put here, and closes it in the end.

    Attributes:
        response: The answer; None as long as there is none.
    """

    response: httpx2.Response | None = None
    _before: Token[Lift | None] | None = None

    async def __aenter__(self) -> Self:
        self._before = _waiting.set(self)
        return self

    async def __aexit__(self, *_fault: object) -> None:
        if self._before is not None:
            _waiting.reset(self._before)
        if self.response is not None:
            await self.response.aclose()


class LiftingClient(httpx2.AsyncClient):
    """A client whose answers are lifted, where somebody waits for them."""

    def build_request(self, method: str, url: httpx2.URL | str, **options: Any) -> httpx2.Request:
        """Make a request; see `httpx2.AsyncClient.build_request`."""
        return super().build_request(method, address(url) if isinstance(url, str) else url, **options)

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send a request; see `httpx2.AsyncClient.send`."""
        response = await super().send(request, stream=stream, **options)
        lift = _waiting.get()
        if lift is None or not stream or response.status_code != _OK:
            return response
        lift.response = response
        return httpx2.Response(_OK, headers={"content-type": "text/event-stream"}, request=request, content=b"")
