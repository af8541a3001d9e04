"""What models may cost: for one tool call, and for one day (UTC, as the vendors bill, whoever shares the file where).

Every attempt reserves its worst case before it is sent and is settled at what it cost.  What counts against a limit
is the sum of both, and a reservation is made only if that sum stays within it, in one transaction that keeps all
other processes out: so the limits hold however many share the file.  What a killed process left counts in full: after
its lease it is no longer a reservation but spent, since the vendor may have charged it.
"""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from manyeyes.errors import OverBudget
from manyeyes.prices import VENDORS
from manyeyes.state import reservations as sql
from manyeyes.state.database import StateBusy
from manyeyes.state.money import at_least, at_most, dollars, exactly, nanos
from manyeyes.state.reservations import Entry, entries_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable

    from manyeyes.prices import Prices
    from manyeyes.settings import Settings
    from manyeyes.state.database import Database
    from manyeyes.types import ModelRef, Usage

KEPT_DAYS = 92
"""How long the account goes back."""
KEPT_ATTEMPTS = 50_000
"""As many attempts of earlier days are kept."""

MARGIN_S = 60.0
"""How long after the deadline of its tool call an attempt may still be settled."""
_PATIENCE_S = 10.0
"""How long to try to reserve while another process holds the file."""
_WAIT_S = 0.005
"""How long one try may hold the event loop."""
_PAUSE_S = 0.02
_FOLDED_EVERY = 64
_SCOPES = 1_000
_PROCESS = secrets.token_hex(4)
_NUMBERS = count()
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Account:
    """What a run has cost in US dollars.

    Attributes:
        cost_usd: All that is known or estimated; what is under way counts with its worst case.
        estimated_usd: The part of it that nobody reported, so that the worst case stands for it.
        unknown: How many attempts have no known price.
    """

    cost_usd: float
    estimated_usd: float
    unknown: int


class Budget:
    """The limits, and the account that they are held against.  One per process; safe for use by many calls.

    Where the file cannot be used the account is kept in memory, going on from the sums seen last: then the limits
    hold for this process alone, and `notice` says so.
    """

    def __init__(
        self,
        database: Database,
        prices: Prices,
        *,
        per_call: float | None = None,
        per_day: float | None = None,
        deadline_s: float = 300.0,
        margin_s: float = MARGIN_S,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self.prices = prices
        self._database = database
        self._per_call = None if per_call is None else nanos(per_call)
        self._per_day = None if per_day is None else nanos(per_day)
        self._lease_s = deadline_s + margin_s
        self._sleep = sleep
        self._warm = False
        self._opened = False
        self._seen: dict[str, int] = {}
        self._carried = False
        self._until_folding = _FOLDED_EVERY
        database.tidied_by(self._forget)

    @classmethod
    def of(cls, settings: Settings, database: Database, prices: Prices) -> Budget:
        """The operator's limits, held against that database."""
        limits = settings.budget
        return cls(
            database,
            prices,
            per_call=limits.usd_per_call,
            per_day=limits.usd_per_day,
            deadline_s=settings.deadline_s,
        )

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self._per_call is not None or self._per_day is not None

    @property
    def notice(self) -> str:
        """Why the limits hold for this process alone; empty when they hold for all, or there are none."""
        if not self.limited or self._database.lasting:
            return ""
        return self._database.notice or "The state is kept in memory: the limits on cost hold for this process alone."

    async def worst_case(self, ref: ModelRef, input_tokens: int, output_tokens: int) -> int | None:
        """The most that a call of this size can cost, in billionths of a US dollar; None when that is not known."""
        if not self._warm and ref.provider in VENDORS:
            await anyio.to_thread.run_sync(self.prices.warm)  # 0.4 s, once
            self._warm = True
        most = self.prices.ceiling_usd(ref, input_tokens, output_tokens)
        return None if most is None else nanos(most)

    async def reserve(
        self, ref: ModelRef, *, run_id: str, tool: str, role: str, most: int | None, local: bool
    ) -> Entry:
        """Set the worst case of an attempt aside.  To be settled, whatever becomes of it.

        Args:
            ref: The model that is to be asked.
            run_id: The tool call it is for.
            tool: The tool of that call.
            role: The part it plays there.
            most: What it can cost at most, in billionths of a US dollar; None when that is not known.
            local: The model runs on this machine, so that an unknown price is none.

        Raises:
            OverBudget: it could cost more than is left, or nobody knows what it could cost; names the figures.
        """
        if not self._opened:
            await anyio.to_thread.run_sync(self._database.connect)
            self._opened = True
        now = self._database.clock()
        entry = Entry(
            id=f"{time.time_ns():x}-{_PROCESS}-{next(_NUMBERS):x}",  # in the order of time, for the index's sake
            at=now,
            until=now + self._lease_s,
            day=day_of(now),
            run_id=run_id,
            tool=tool,
            role=role,
            ref=ref,
            state="open",
            nanos=most or 0,
        )
        if not self.limited:
            # Nothing is held against it, so that it may be written together with others, while the vendor answers.
            self._database.soon(sql.PUT, entry.values)
            return entry
        unpriced = most is None and not local
        refusal = await self._patiently(lambda connection: self._admit(connection, entry, unpriced=unpriced))
        if refusal:
            raise OverBudget(ref, refusal)
        return entry

    def settle(self, entry: Entry, cost_usd: float | None, usage: Usage | None, *, priced: bool = True) -> Entry:
        """Put what an attempt cost in the place of what was set aside.  Never raises and never waits for long.

        Args:
            entry: What was reserved.
            cost_usd: What it cost; None when nobody said: then the worst case stands, marked as estimated.
            usage: The tokens used, where the vendor said.
            priced: The model's price is known, so that the worst case says something.

        Returns:
            The entry as settled.
        """
        settled = replace(
            entry,
            state="known" if cost_usd is not None else "estimated" if priced else "unknown",
            nanos=entry.nanos if cost_usd is None else nanos(cost_usd),
            input_tokens=None if usage is None else usage.input_tokens,
            cached_tokens=None if usage is None else usage.cached_tokens,
            output_tokens=None if usage is None else usage.output_tokens,
        )
        self._database.soon(sql.SETTLE, settled.values)
        return settled

    def account(self, run_id: str) -> Account:
        """What a run has cost so far: every attempt, also those that failed, were cancelled or lost a race."""
        found = entries_of(self._database, run_id)
        return Account(
            cost_usd=dollars(sum(entry.nanos for entry in found)),
            estimated_usd=dollars(sum(entry.nanos for entry in found if entry.state in {"open", "estimated"})),
            unknown=sum(entry.state == "unknown" for entry in found),
        )

    async def _patiently(self, work: Callable[[sqlite3.Connection], str]) -> str:
        """Have it done in a transaction; while others hold the file, wait without holding the event loop."""
        give_up_at = anyio.current_time() + _PATIENCE_S
        while True:
            try:
                return self._database.transact(work, wait_s=_WAIT_S)
            except StateBusy as busy:
                if anyio.current_time() >= give_up_at:
                    return f"what has been spent cannot be read, so no more is spent. {busy}"
                await self._sleep(random.uniform(0, _PAUSE_S))  # noqa: S311  # it spreads processes, no secret

    def _admit(self, connection: sqlite3.Connection, entry: Entry, *, unpriced: bool) -> str:
        """Reserve if that fits; else say why not."""
        if not self._database.lasting and self._database.path is not None and not self._carried:
            self._carried = True
            connection.executemany(sql.SPEND, list(self._seen.items()))
        today, run = _one(connection, sql.COUNTED, entry.day, entry.day, entry.run_id, entry.run_id)
        refusals = (
            _refusal(entry.nanos, today, self._per_day, "today (UTC)", unpriced=unpriced),
            _refusal(entry.nanos, run, self._per_call, "for this call", unpriced=unpriced),
        )
        if refusal := next(filter(None, refusals), ""):
            return refusal
        connection.execute(sql.PUT, entry.values)
        self._saw(entry.day, today + entry.nanos)
        self._saw(entry.run_id, run + entry.nanos)
        self._until_folding -= 1
        if self._until_folding <= 0:
            self._fold(connection, entry)
        return ""

    def _fold(self, connection: sqlite3.Connection, entry: Entry) -> None:
        """Put what is settled for good into one sum, so that summing up takes as long at night as in the morning."""
        self._until_folding = _FOLDED_EVERY
        (done,) = _one(connection, sql.DONE, entry.day, entry.at)
        connection.execute(sql.SPEND, (entry.day, done))
        connection.execute(sql.FOLD, (entry.day, entry.at))

    def _saw(self, scope: str, total: int) -> None:
        self._seen.pop(scope, None)
        self._seen[scope] = total
        if len(self._seen) > _SCOPES:
            del self._seen[next(iter(self._seen))]

    def _forget(self, connection: sqlite3.Connection) -> None:
        now = self._database.clock()
        oldest = now - KEPT_DAYS * _DAY_S
        for statement, before in zip(sql.FORGET, (oldest, day_of(oldest)), strict=True):
            connection.execute(statement, (before,))
        connection.execute(sql.KEEP, (day_of(now), KEPT_ATTEMPTS - 1))


def _refusal(most: int, counted: int, limit: int | None, scope: str, *, unpriced: bool) -> str:
    """Why an attempt does not fit; empty when it does.  What costs nothing always fits."""
    if limit is None or (not unpriced and (most == 0 or counted + most <= limit)):
        return ""
    left = f"{at_least(max(0, limit - counted))} of {exactly(limit)} are left {scope}"
    return f"its price is not known, and {left}" if unpriced else f"it could cost up to {at_most(most)}, and {left}"


def _one(connection: sqlite3.Connection, statement: str, *values: str | float) -> tuple[int, ...]:
    row: tuple[int, ...] = connection.execute(statement, values).fetchone()
    return row


def day_of(at: float) -> str:
    """The day (UTC) of a time in seconds since the epoch, as `2026-11-22`."""
    return _day(int(at // _DAY_S))


@lru_cache(maxsize=4)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * _DAY_S, UTC).date().isoformat()
