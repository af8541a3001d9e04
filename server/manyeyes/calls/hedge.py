"""When a second call may start: a model is slow by its own measure, and second calls are still few.

A hedge costs twice to be quick, so it is bounded on every side: by the share of calls that may have a second one,
by recent rate limits, by the budget, and by what is known of the model.
"""

from __future__ import annotations

import time
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from manyeyes.events import CallEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from manyeyes.events import Event
    from manyeyes.settings import Hedge
    from manyeyes.types import ModelRef

WINDOW = 512
"""As many first tokens of a model are remembered: enough for its tail, few enough to follow its changes."""
QUIET_S = 60.0
"""So long after a rate limit of a vendor it takes part in no hedge."""
SAVED = 5.0
"""As many second calls can be saved up, so that calm times do not end in a burst."""

_UNHEARD = frozenset({"cancelled", "timed_out", "deadline_passed"})
"""Ends of a call that show how long the first token did not come."""


@dataclass(slots=True)
class Waits:
    """How long a model's latest first tokens took, in seconds; quantiles without sorting anew."""

    _arrived: deque[float] = field(default_factory=deque)
    _ordered: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._arrived)

    def add(self, seconds: float) -> None:
        """Take in one more and forget the oldest beyond `WINDOW`."""
        self._arrived.append(seconds)
        insort(self._ordered, seconds)
        if len(self._arrived) > WINDOW:
            del self._ordered[bisect_left(self._ordered, self._arrived.popleft())]

    def quantile(self, share: float) -> float:
        """The smallest that at least this share does not exceed; there is at least one."""
        # The product of a share such as 0.95 and a count may come out a hair above a whole number.
        return self._ordered[max(0, ceil(round(share * len(self._ordered), 9)) - 1)]


def never() -> bool:
    """The budget that is never tight."""
    return False


@dataclass(slots=True)
class Hedges:
    """What all calls of the process share to decide on a second call.  Hears of every wire call, as a `Listener`.

    For use on the event loop alone.

    Attributes:
        settings: The operator's.
        tight: Whether the budget is too tight for second calls at the moment.
        clock: Seconds since the epoch, as in the events.
        earned: Calls so far that could have had a second one, and whose vendor began to answer.
        started: Second calls so far; never more than `settings.extra_share` of `earned`.
    """

    settings: Hedge
    tight: Callable[[], bool] = never
    clock: Callable[[], float] = time.time
    earned: int = 0
    started: int = 0
    _saved: float = 0.0
    _waits: dict[ModelRef, Waits] = field(default_factory=dict)
    _limited: dict[str, float] = field(default_factory=dict)

    def note(self, event: Event) -> None:
        """Learn from a wire call, of now or of the past."""
        if not isinstance(event, CallEvent):
            return
        if event.error == "rate_limited":
            at = event.at + event.seconds
            self._limited[event.ref.provider] = max(at, self._limited.get(event.ref.provider, at))
        waits = self._waits.get(event.ref)
        if event.first_token_s is not None:
            self._waits.setdefault(event.ref, Waits()).add(event.first_token_s)
        elif waits and event.error in _UNHEARD and event.seconds >= waits.quantile(self.settings.quantile):
            # It would have taken longer than this.  Leaving such calls out would bias the quantile: hedges stop the
            # slowest calls, so each would lower the bar for the next.  A call stopped early says nothing of the tail.
            waits.add(event.seconds)

    def wait_s(self, ref: ModelRef) -> float | None:
        """After how many seconds without a first token this model is slow; None while too little is known of it."""
        waits = self._waits.get(ref)
        if not self.settings.enabled or waits is None or len(waits) < self.settings.min_samples:
            return None
        return waits.quantile(self.settings.quantile)

    def limited(self, ref: ModelRef) -> bool:
        """Whether this model's vendor asked to slow down within the last minute."""
        at = self._limited.get(ref.provider)
        return at is not None and self.clock() - at < QUIET_S

    def earn(self) -> None:
        """Count a call whose vendor began to answer: it earns its share of a second call."""
        self.earned += 1
        self._saved = min(SAVED, self._saved + self.settings.extra_share)

    def take(self, first: ModelRef, second: ModelRef) -> bool:
        """Whether `second` may be asked now, while `first` is silent.  True counts it as started."""
        # Sums of shares such as 0.05 come out a hair below a whole number.
        if self._saved < 1 - 1e-9 or self.limited(first) or self.limited(second) or self.tight():
            return False
        self._saved -= 1
        self.started += 1
        return True
