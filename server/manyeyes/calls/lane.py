"""The line before one vendor: who comes first goes first, and nobody faster than is allowed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from manyeyes.calls.pace import Learned, PerMinute, Throttle
from manyeyes.clock import loop_time
from manyeyes.settings import Rate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from manyeyes.calls.pace import Spent
    from manyeyes.types import ModelRef, RateLimits

FIRST_PAUSE_S = 1.0
LONGEST_OWN_PAUSE_S = 30.0
LONGEST_PAUSE_S = 900.0
"""A vendor that asks to wait for longer is asked once more after this all the same."""
_NOW_S = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one request takes of the limits, in tokens: its prompt, and that with the longest answer."""

    ref: ModelRef
    prompt: int
    most: int


@dataclass(slots=True)
class _Place:
    need: Need
    wake: anyio.Event = field(default_factory=anyio.Event)


class Late(Exception):
    """The turn would come too late.  `wait` is in seconds; None when nobody can say."""

    def __init__(self, wait: float | None) -> None:
        super().__init__(wait)
        self.wait = wait


class Lane:
    """One vendor's line, shared by all calls of this process."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = loop_time) -> None:
        self._clock = clock
        self._requests = PerMinute(rate.requests_per_minute) if rate.requests_per_minute else None
        self._tokens = PerMinute(rate.tokens_per_minute) if rate.tokens_per_minute else None
        self._learned: dict[ModelRef, tuple[Learned, Learned]] = {}
        self._line: deque[_Place] = deque()
        self._flying = 0
        self._most = rate.concurrent
        self._throttle = Throttle()
        self._paused_until = float("-inf")
        self._pause_s = FIRST_PAUSE_S

    @property
    def paused_s(self) -> float:
        """Seconds for which the vendor has asked to be left alone."""
        return max(0.0, self._paused_until - self._clock())

    async def enter(self, need: Need, latest: float) -> Spent | None:
        """Wait for the turn, and go.

        Args:
            need: What the request takes.
            latest: Whoever cannot go by then, on the clock, need not wait.

        Returns:
            What was taken of the tokens a minute; for `leave`.

        Raises:
            Late: the turn would come later than that.
        """
        if not self._line and self._free() and self._delay([need]) <= _NOW_S:
            return self._go(need)
        wait = self._delay([*(place.need for place in self._line), need])
        if self._clock() + wait > latest:
            raise Late(wait)
        place = _Place(need)
        self._line.append(place)
        try:
            while True:
                until = latest
                if self._line[0] is place and self._free():
                    wait = self._delay([need])
                    if wait <= _NOW_S:
                        return self._go(need)
                    until = min(latest, self._clock() + wait)
                if self._clock() >= latest:
                    raise Late(None)
                place.wake = anyio.Event()
                with anyio.CancelScope(deadline=until):
                    await place.wake.wait()
        finally:
            self._line.remove(place)
            self._call_next()

    def leave(self, spent: Spent | None, tokens: int | None) -> None:
        """A request that went has ended, and used so many tokens; None when that is not known."""
        self._flying -= 1
        if spent is not None and tokens is not None and self._tokens is not None:
            self._tokens.settle(spent, tokens)
        self._call_next()

    def answered(self) -> None:
        """The vendor takes requests again."""
        self._pause_s = FIRST_PAUSE_S

    def slow_down(self, retry_after: float | None) -> None:
        """The vendor said 429: nobody goes for so many seconds, and then they go slower than before.

        Where it does not say for how long, the pause is a second, and twice as long each time.
        """
        if self.paused_s <= 0:  # the first of those that were under way
            self._throttle.hit(self._clock())
            own, self._pause_s = self._pause_s, min(self._pause_s * 2, LONGEST_OWN_PAUSE_S)
        else:
            own = 0.0
        pause = own if retry_after is None else min(retry_after, LONGEST_PAUSE_S)
        self._paused_until = max(self._paused_until, self._clock() + pause)

    def learn(self, ref: ModelRef, limits: RateLimits) -> None:
        """Take in what the vendor said of its limits on a model."""
        requests, tokens = self._learned.setdefault(ref, (Learned(), Learned()))
        if limits.requests is not None:
            requests.learn(limits.requests, limits.seen_at)
        if limits.tokens is not None:
            tokens.learn(limits.tokens, limits.seen_at)

    def _free(self) -> bool:
        return self._flying < self._most

    def _delay(self, needs: list[Need]) -> float:
        """Seconds until the last of these may go, when they go in this order; as far as limits alone decide."""
        now = self._clock()
        return max((0.0, self.paused_s, *self._delays(needs, now)))

    def _delays(self, needs: list[Need], now: float) -> Iterator[float]:
        yield self._throttle.delay(len(needs), now)
        if self._requests is not None:
            yield self._requests.delay(len(needs), now)
        if (limit := self._tokens) is not None:
            yield limit.delay(sum(min(need.most, limit.limit) for need in needs), now)
        ref = needs[-1].ref
        if ref in self._learned:
            requests, tokens = self._learned[ref]
            same = [min(need.prompt, tokens.limit) for need in needs if need.ref == ref]
            yield requests.delay(len(same), now)
            yield tokens.delay(sum(same), now)

    def _go(self, need: Need) -> Spent | None:
        now = self._clock()
        self._flying += 1
        self._throttle.take(now)
        if self._requests is not None:
            self._requests.take(1, now)
        if need.ref in self._learned:
            requests, tokens = self._learned[need.ref]
            requests.take(1, now)
            tokens.take(min(need.prompt, tokens.limit), now)
        return None if self._tokens is None else self._tokens.take(need.most, now)

    def _call_next(self) -> None:
        if self._line:
            self._line[0].wake.set()


class Lanes:
    """The lines of a process, one for each vendor or endpoint."""

    def __init__(self, rates: Mapping[str, Rate], *, clock: Callable[[], float] = loop_time) -> None:
        self._rates = rates
        self._clock = clock
        self._lanes: dict[str, Lane] = {}

    def of(self, provider: str) -> Lane:
        """The line before that provider."""
        lane = self._lanes.get(provider)
        if lane is None:
            lane = self._lanes[provider] = Lane(self._rates.get(provider, Rate()), clock=self._clock)
        return lane
