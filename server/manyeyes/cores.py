"""Work that keeps a processor busy, kept to about as many threads as there are processors.

Threads of Python take turns.  With dozens of them at work the event loop would get its turn so seldom that pings and
answers wait for seconds, and nothing would be done sooner.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

THREADS = max(2, min(8, os.cpu_count() or 2))
"""More than one even where there is one processor, so that a large piece of work does not hold up all small ones."""

AT_ONCE = 2_000
"""Characters that are worked on where they are: handing them to a thread, and taking back what came of it, takes two
tenths of a millisecond, which is longer."""

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, anyio.CapacityLimiter] = WeakKeyDictionary()


async def compute(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work returns, done in a thread when it is its turn.

    For work that computes.  What waits for files, programs or the network would take a turn for nothing.
    """
    loop = asyncio.get_running_loop()
    limiter = _limiters.get(loop)
    if limiter is None:
        limiter = _limiters[loop] = anyio.CapacityLimiter(THREADS)
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=limiter)


async def compute_on(size: int, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What the work returns: done here and now where it has little to read, else as `compute` does it.

    Args:
        size: How much it reads, in characters.
        work: Whose time grows with that and with nothing else.
        args: Its arguments.
        kwargs: The same, by name.
    """
    return work(*args, **kwargs) if size <= AT_ONCE else await compute(work, *args, **kwargs)
