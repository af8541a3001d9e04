"""How far the engines have come, for whoever waits: the engines count, and from time to time it is told."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Tell: TypeAlias = "Callable[[str, float], Awaitable[None]]"
"""Takes what is being done, in a few words, and how much of all is done, from 0 to 1."""

EVERY_S = 1.0


@dataclass(slots=True)
class Watch:
    """Written by engines, in whatever thread they work; read by `tell_of`.

    Attributes:
        doing: What is being done, as `read {done} of {total} files`; empty as long as there is nothing to tell.
        done: How many of them are done.
        total: Of how many.
        before: How much of the whole was done before these, from 0 to 1.
        share: How much of the whole they are.
    """

    doing: str = ""
    done: int = 0
    total: int = 0
    before: float = 0.0
    share: float = 1.0

    def begin(self, doing: str, total: int, *, before: float, share: float) -> None:
        """Begin to count something else."""
        self.doing, self.done, self.total, self.before, self.share = doing, 0, total, before, share

    def text(self) -> str:
        """What is being done, with the figures."""
        return self.doing.format(done=f"{min(self.done, self.total):,}", total=f"{self.total:,}")

    def part(self) -> float:
        """How much of the whole is done, from 0 to 1."""
        return min(1.0, self.before + self.share * min(self.done, self.total) / max(1, self.total))


_current: ContextVar[Watch | None] = ContextVar("how far the engines have come", default=None)


def current_watch() -> Watch:
    """The one that somebody reads; one that nobody does where nobody waits."""
    return _current.get() or Watch()


def watched() -> Watch:
    """A new one for the engines that are started from here on."""
    watch = Watch()
    _current.set(watch)
    return watch


async def tell_of(watch: Watch, tell: Tell) -> None:
    """Tell every second how far it has come; never returns."""
    while True:
        await anyio.sleep(EVERY_S)
        if watch.doing:
            await tell(watch.text(), watch.part())
