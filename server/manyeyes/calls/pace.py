"""The arithmetic of rate limits: when the next request may go.  Times are seconds on one clock, amounts any unit."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes.types import Allowance

MINUTE_S = 60.0

MEASURED_S = 2.0
"""The rate before a 429 is that of as many seconds."""
SLOWEST = 1.0
"""Requests a second that are not gone below: a rate that was low for want of calls tells nothing of the vendor."""
BACK_TO = 0.7
"""The part of that rate to go on with."""
RECOVERED_S = 20.0
"""Seconds until the rate is what it was."""
FORGOTTEN_S = 300.0
"""Seconds without another 429 after which there is no such limit any more."""


@dataclass(slots=True)
class Spent:
    """An amount that was taken at a moment; `settle` corrects it."""

    at: float
    amount: float


@dataclass(slots=True)
class PerMinute:
    """The operator's limit: no more than `limit` in any minute.  A single amount above it counts as the whole."""

    limit: float
    _taken: deque[Spent] = field(default_factory=deque)
    _sum: float = 0.0

    def delay(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken.  More than the whole is taken over several minutes."""
        self._forget(now)
        rounds = max(0.0, -(-amount // self.limit) - 1)
        missing = self._sum + amount - rounds * self.limit - self.limit
        if missing <= 0:
            return rounds * MINUTE_S
        for spent in self._taken:
            missing -= spent.amount
            if missing <= 0:
                return rounds * MINUTE_S + spent.at + MINUTE_S - now
        return (rounds + 1) * MINUTE_S  # only by rounding: what was taken sums up to what is missing

    def take(self, amount: float, now: float) -> Spent:
        """Take it."""
        spent = Spent(now, min(amount, self.limit))
        self._taken.append(spent)
        self._sum += spent.amount
        return spent

    def settle(self, spent: Spent, amount: float) -> None:
        """It was another amount after all."""
        if self._taken and spent.at >= self._taken[0].at:
            self._sum += amount - spent.amount
            spent.amount = amount

    def _forget(self, now: float) -> None:
        while self._taken and self._taken[0].at + MINUTE_S <= now:
            self._sum -= self._taken.popleft().amount
        if not self._taken:
            self._sum = 0.0  # no rounding error lives on


@dataclass(slots=True)
class Throttle:
    """The rate that a vendor bears, found by trying, since most say nothing of it but 429.

    After a 429 requests go one by one, at a part of the rate at which they went before; that rate is reached again
    after a while, and surpassed.  Without this a crowd that waited for the same moment would meet the next 429.
    """

    _sent: deque[float] = field(default_factory=lambda: deque(maxlen=1_000))
    _bearable: float = float("inf")
    _hit_at: float = float("-inf")
    _next_at: float = float("-inf")

    def hit(self, now: float) -> None:
        """A 429 came."""
        recent = sum(at > now - MEASURED_S for at in self._sent) / MEASURED_S
        self._bearable = max(SLOWEST, min(self._rate(now), recent))
        self._hit_at = now

    def delay(self, count: int, now: float) -> float:
        """Seconds until the last of so many requests may go."""
        rate = self._rate(now)
        return 0.0 if rate == float("inf") else max(0.0, self._next_at - now) + (count - 1) / rate

    def take(self, now: float) -> None:
        """A request goes."""
        self._sent.append(now)
        self._next_at = max(self._next_at, now) + 1 / self._rate(now)

    def _rate(self, now: float) -> float:
        """Requests a second."""
        since = now - self._hit_at
        if since > FORGOTTEN_S:
            return float("inf")
        return self._bearable * (BACK_TO + (1 - BACK_TO) * since / RECOVERED_S)


@dataclass(slots=True)
class Learned:
    """A limit as the vendor tells it: what was left at a moment, and how fast it fills up again."""

    limit: float = float("inf")
    _level: float = float("inf")
    _at: float = float("-inf")
    _rate: float = 0.0
    _told_at: float = float("-inf")
    _since: deque[Spent] = field(default_factory=lambda: deque(maxlen=10_000))

    def learn(self, told: Allowance, seen_at: float) -> None:
        """Believe the vendor; what was sent after it spoke it has not counted yet."""
        if seen_at < self._told_at or told.limit <= 0:
            return
        self.limit, self._at, self._told_at = float(told.limit), seen_at, seen_at
        used = max(0, told.limit - told.remaining)
        # The time is that until the limit is whole again, so this holds for limits by the minute and by the day.
        self._rate = used / told.reset_s if used and told.reset_s > 0 else told.limit / MINUTE_S
        while self._since and self._since[0].at <= seen_at:
            self._since.popleft()
        self._level = told.remaining - sum(spent.amount for spent in self._since)

    def delay(self, amount: float, now: float) -> float:
        """Seconds until so much is there again."""
        level = self._now(now)
        return 0.0 if amount <= level else (amount - level) / self._rate

    def take(self, amount: float, now: float) -> None:
        """Take it."""
        if self.limit != float("inf"):
            self._since.append(Spent(now, amount))
            self._level, self._at = self._now(now) - amount, max(now, self._at)

    def _now(self, now: float) -> float:
        if self.limit == float("inf"):
            return self.limit
        return min(self.limit, self._level + self._rate * max(0.0, now - self._at))
