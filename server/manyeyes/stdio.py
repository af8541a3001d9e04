"""The server over standard input and output."""

from __future__ import annotations

import os
import sys
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import anyio
import anyio.to_thread

from manyeyes.app import build
from manyeyes.desk import Desk, log_masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.settings import Settings

_CHUNK = 65_536


async def serve_stdio(settings: Settings) -> None:
    """Serve one client until it closes its end, or reads no more."""
    from mcp.server.stdio import stdio_server  # only here

    log_masked(settings)
    with _streams() as own:
        try:
            async with Desk.open(settings, os.environ) as desk:
                server = build(desk)
                async with stdio_server(*own) as (incoming, outgoing):
                    await server.run(incoming, outgoing, server.create_initialization_options())
        except* _Left:
            pass


class _Left(Exception):
    """The client reads no more."""


@contextmanager
def _streams() -> Iterator[tuple[anyio.AsyncFile[str], anyio.AsyncFile[str]] | tuple[()]]:
    """Standard input and output for the protocol alone; none where the protocol's library is to take them itself.

    The library hands every line to a thread by itself, and every answer twice.  When many calls come at once, what
    comes after them, a ping or a cancellation, would be read only when the threads have got to it.
    """
    with ExitStack() as stack:
        own: tuple[anyio.AsyncFile[str], anyio.AsyncFile[str]] | tuple[()] = ()
        if sys.platform != "win32":  # there standard handles have more to them than their numbers
            out = stack.enter_context(_taken(1, 2))
            nothing = stack.enter_context(Path(os.devnull).open("rb"))
            wire = stack.enter_context(_taken(0, nothing.fileno()))
            own = cast("anyio.AsyncFile[str]", _Lines(wire)), cast("anyio.AsyncFile[str]", _Out(out))
        yield own


@contextmanager
def _taken(number: int, instead: int) -> Iterator[int]:
    """A copy of a stream that nobody else uses: what this process or its children read or write there goes elsewhere.

    The copy is left open, since a thread may still wait for a line.  Whoever started this may have left a stream so
    that nobody waits at it; we have threads for that.
    """
    own = os.dup(number)
    waits = os.get_blocking(own)
    os.set_blocking(own, True)
    os.dup2(instead, number)
    try:
        yield own
    finally:
        os.dup2(own, number)
        os.set_blocking(number, waits)


@dataclass(slots=True)
class _Lines:
    """The lines that come in.  Whatever has come is read in one go."""

    wire: int
    _ready: deque[bytes] = field(default_factory=deque)
    _begun: list[bytes] = field(default_factory=list)
    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        while not self._ready:
            # Nobody need wait for a line that may never come.
            read = await anyio.to_thread.run_sync(
                os.read, self.wire, _CHUNK, abandon_on_cancel=True, limiter=self._limiter
            )
            if not read:
                if not self._begun:
                    raise StopAsyncIteration
                read = b"\n"  # the last line has no end of its own
            first, *more = read.split(b"\n")
            self._begun.append(first)
            if more:
                self._ready.append(b"".join(self._begun))
                self._ready.extend(more[:-1])
                self._begun = [more[-1]] if more[-1] else []
        return self._ready.popleft().decode("utf-8", "replace")


@dataclass(slots=True)
class _Out:
    """Where answers go."""

    wire: int
    _held: list[str] = field(default_factory=list)
    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    async def write(self, text: str) -> None:
        """Keep it for `flush`."""
        self._held.append(text)

    async def flush(self) -> None:
        """Send what was written.

        Raises:
            _Left: the client has closed its end.
        """
        data, self._held = "".join(self._held).encode(), []
        try:
            await anyio.to_thread.run_sync(_send, self.wire, data, limiter=self._limiter)
        except (BrokenPipeError, ConnectionResetError):
            raise _Left from None


def _send(wire: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(wire, rest) :]
