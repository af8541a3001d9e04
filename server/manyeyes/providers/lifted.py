"""An HTTP client that hands an answer to whoever asked for it, past the SDK.

Google's SDK has no way to be asked for the bytes of an answer.  So it sends the request by this client and answers for
the errors, and in the place of a good answer it is given an empty one.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_OK = 200


@dataclass(slots=True)
class Lift:
    """Where the good answer to the request of this task is put; None as long as there is none."""

    response: httpx2.Response | None = None


_waiting: ContextVar[Lift | None] = ContextVar("_waiting", default=None)


@asynccontextmanager
async def lifted() -> AsyncIterator[Lift]:
    """Have a good answer to what this task sends put into the `Lift`; it is closed in the end."""
    lift = Lift()
    token = _waiting.set(lift)
    try:
        yield lift
    finally:
        _waiting.reset(token)
        if lift.response is not None:
            await lift.response.aclose()


class LiftingClient(httpx2.AsyncClient):
    """A client whose answers are lifted, where somebody waits for them."""

    async def send(self, request: httpx2.Request, *, stream: bool = False, **options: Any) -> httpx2.Response:
        """Send a request; see `httpx2.AsyncClient.send`."""
        response = await super().send(request, stream=stream, **options)
        lift = _waiting.get()
        if lift is None or not stream or response.status_code != _OK:
            return response
        lift.response = response
        return httpx2.Response(_OK, headers={"content-type": "text/event-stream"}, request=request, content=b"")
