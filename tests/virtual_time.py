"""An event loop whose clock jumps to the next moment at which something happens, so that nothing really waits."""

from __future__ import annotations

import asyncio
import selectors


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time is what the loop has waited for.  Everything that asks the loop for the time sees it: timers, scopes,
    `anyio.current_time`.  Not for code that waits for threads or sockets."""

    def __init__(self) -> None:
        self._now = 1_000.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits and nothing will happen any more")
            self._loop.jump(timeout)
        return ready


BACKEND = ("asyncio", {"loop_factory": VirtualTimeLoop})
"""For anyio: its pytest fixture `anyio_backend`, or `anyio.run`."""
