"""What is going to stay is kept out of the search for garbage, which goes through all that is alive.

Through half a million objects that takes a tenth of a second, in which nothing else runs.  The interpreter has one
switch for everybody, so whoever uses it does so here.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(slots=True)
class _Switch:
    lock: Lock = field(default_factory=Lock)
    building: int = 0
    settled: bool = False


_switch = _Switch()


def settle() -> None:
    """After a call, when what has been imported by then is going to stay; does nothing where that is known already."""
    with _switch.lock:
        if _switch.settled or _switch.building:
            return
        _switch.settled = True
    gc.collect()
    gc.freeze()


@contextmanager
def building() -> Iterator[Callable[[], None]]:
    """While a large thing is made that holds no garbage: calling what this gives keeps all made so far out of it.

    At the end everything is looked through again, until the next call has settled.
    """
    with _switch.lock:
        _switch.building += 1
    try:
        yield gc.freeze
    finally:
        with _switch.lock:
            _switch.building -= 1
            if not _switch.building:
                gc.unfreeze()
                _switch.settled = False
