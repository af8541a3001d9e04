"""Which models and vendors are not asked for a while, since they failed too often.

How calls went is counted in this process; that something is out is shared with the others through the database.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes.errors import BreakerOpen
from manyeyes.state.database import StateBusy
from manyeyes.types import ModelRef

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from manyeyes.errors import ModelError
    from manyeyes.settings import Breaker as Rules
    from manyeyes.state.database import Database

GET = "SELECT key, state FROM breakers"
PUT = """INSERT INTO breakers (key, state, at) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET state = excluded.state, at = excluded.at"""
DROP = "DELETE FROM breakers WHERE key = ?"
SWAP = "UPDATE breakers SET state = ?, at = ? WHERE key = ? AND state = ?"

PROBE_S = 150.0
"""A probe that has not reported after so long is taken for lost, with its process."""
QUICK_S = 5.0
AGAIN_S = 2.0
"""A probe that failed within `QUICK_S` is repeated once, after so long, before the time doubles: a vendor that is well
fails now and then too, and a quick failure has cost its caller next to nothing.  In seconds."""
_READ_EVERY_S = 1.0
_FORGOTTEN_S = 3600.0
_REMEMBERED = 200
_FORBIDDEN = 403
_ONE_MODEL = 2
"""A vendor is out only when at least so many of its models fail; otherwise the model is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Something is not asked.  Times are seconds since the epoch.

    Attributes:
        why: For people: `failed 5 times in a row`.
        until: When one call may try again.
        lasts: How long it was set out for, in seconds.
        probe_until: While this lies ahead, one call is trying.
    """

    why: str
    until: float
    lasts: float
    probe_until: float = 0.0

    def text(self) -> str:
        """As it is kept in the database."""
        return json.dumps(asdict(self), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Admission:
    """A call may go out at a moment.  `probes` are what it tries, as the one call that does: a vendor, a model."""

    ref: ModelRef
    at: float
    probes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Closed(Mapping[ModelRef, str]):
    """The models that are not to be asked, for the router.  A vendor that is out closes all its models."""

    reasons: Mapping[str, str]

    def __getitem__(self, ref: ModelRef) -> str:
        reason = self.reasons.get(ref.provider) or self.reasons[str(ref)]
        return f"passed over: {reason}"

    def __iter__(self) -> Iterator[ModelRef]:
        return (ModelRef.parse(key) if ":" in key else ModelRef(key, "*") for key in self.reasons)

    def __len__(self) -> int:
        return len(self.reasons)


@dataclass(slots=True)
class _Record:
    """How the last calls went: when, to which model, and whether it did its part."""

    calls: deque[tuple[float, str, bool]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    row: int = 0
    row_from: float = 0.0

    def add(self, at: float, model: str, *, began: float, well: bool, window_s: float) -> None:
        if not well:
            self.row_from = began if self.row == 0 else self.row_from
            self.row += 1
        elif began >= self.row_from:
            # An answer that was under way before the first failure says nothing of what is now.
            self.row = 0
        self.calls.append((at, model, well))
        while self.calls[0][0] < at - window_s:
            self.calls.popleft()

    def verdict(self, rules: Rules, *, models: int) -> str:
        """Why this is too bad, when at least so many models fail; empty when it is not."""
        failed = [model for _, model, well in self.calls if not well]
        if len(set(failed)) < models:
            return ""
        if self.row >= rules.failures:
            return f"failed {self.row} times in a row"
        if len(self.calls) >= rules.calls and len(failed) >= rules.share * len(self.calls):
            return f"failed {len(failed)} of {len(self.calls)} times within {rules.window_s:g} s"
        return ""


class Breakers:
    """All circuit breakers of a process: one for each model, one for each vendor."""

    def __init__(
        self, rules: Rules, database: Database | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._rules = rules
        self._database = database
        self._clock = clock
        self._records: dict[str, _Record] = {}
        self._shared: dict[str, Outage] = {}
        # A refused key or a model that is not served may be this process's own: its settings may differ.
        self._own: dict[str, Outage] = {}
        self._doubted: set[str] = set()
        self._read_at = float("-inf")

    def admit(self, ref: ModelRef) -> Admission:
        """Let a call go out, perhaps as the one that tries whether something works again.

        Raises:
            BreakerOpen: the model or its vendor is not to be asked; `retry_after` says for how long.
        """
        self._refresh()
        probes: list[str] = []
        for key in (ref.provider, str(ref)):
            outage = self._outage(key)
            if outage is None:
                continue
            wait = max(outage.until, outage.probe_until) - self._clock()
            if wait > 0 or not self._claim(key, outage):
                self.release(Admission(ref, self._clock(), tuple(probes)))
                reason = _reason(outage, self._clock())
                raise BreakerOpen(ref, f"not asked: {key} {reason}", retry_after=max(wait, 0.0))
            probes.append(key)
        return Admission(ref, self._clock(), tuple(probes))

    def answered(self, admission: Admission) -> None:
        """The call was answered: what it tried is asked again from now on."""
        self._note(admission, well=True)

    def failed(self, admission: Admission, failure: ModelError) -> None:
        """The call failed; what that means for the model and its vendor is written on the error's class."""
        match failure.health:
            case "well":
                self._note(admission, well=True)
            case "ill":
                self._note(admission, well=False)
            case "out":
                self.release(admission)
                # A key may be good and just not for this model.
                vendor = failure.skips == "provider" and failure.status != _FORBIDDEN
                key = admission.ref.provider if vendor else str(admission.ref)
                why = "refused the key" if failure.skips == "provider" else "is not served"
                lasts = self._rules.denied_s
                self._own[key] = Outage(why=why, until=self._clock() + lasts, lasts=lasts)
            case "unknown":
                self.release(admission)

    def release(self, admission: Admission) -> None:
        """The call ended without telling anything: whatever it was to try, the next call may."""
        for key in admission.probes:
            if (outage := self._outage(key)) is not None:
                self._put(key, replace(outage, probe_until=0.0))

    def reasons(self) -> Mapping[str, str]:
        """What is out at the moment and why, for people: by vendor, or by the model's reference."""
        self._refresh()
        now = self._clock()
        return {key: _reason(outage, now) for key, outage in sorted({**self._shared, **self._own}.items())}

    def closed(self) -> Closed:
        """What the router is to pass over now.  Not what may be tried: that must be chosen to be tried."""
        self._refresh()
        now = self._clock()
        outages = {**self._shared, **self._own}
        return Closed({key: _reason(one, now) for key, one in outages.items() if max(one.until, one.probe_until) > now})

    def _note(self, admission: Admission, *, well: bool) -> None:
        now, model = self._clock(), str(admission.ref)
        for key, models in ((admission.ref.provider, _ONE_MODEL), (model, 1)):
            outage = self._outage(key)
            if key in admission.probes:
                if outage is not None:
                    self._probed(key, outage, well=well, quick=now - admission.at <= QUICK_S)
            elif outage is None:
                # Calls that went out before it was set out tell nothing new, and are not counted.
                record = self._records.setdefault(key, _Record())
                record.add(now, model, began=admission.at, well=well, window_s=self._rules.window_s)
                if not well and (why := record.verdict(self._rules, models=models)):
                    del self._records[key]
                    self._put(key, Outage(why=why, until=now + self._rules.open_s, lasts=self._rules.open_s))

    def _probed(self, key: str, outage: Outage, *, well: bool, quick: bool) -> None:
        doubted = key in self._doubted
        self._doubted.discard(key)
        if well:
            self._own.pop(key, None)
            if self._shared.pop(key, None) is not None and self._database is not None:
                self._database.write(DROP, (key,))
            return
        if quick and not doubted:
            self._doubted.add(key)
            self._put(key, replace(outage, until=self._clock() + AGAIN_S, probe_until=0.0))
            return
        # What is out for another reason, and so for longer, does not come back sooner for failing.
        lasts = max(outage.lasts, min(outage.lasts * 2, self._rules.longest_open_s))
        self._put(key, replace(outage, until=self._clock() + lasts, lasts=lasts, probe_until=0.0))

    def _outage(self, key: str) -> Outage | None:
        return self._own.get(key) or self._shared.get(key)

    def _put(self, key: str, outage: Outage) -> None:
        if key in self._own:
            self._own[key] = outage
            return
        self._shared[key] = outage
        if self._database is not None:
            self._database.write(PUT, (key, outage.text(), self._clock()))

    def _claim(self, key: str, outage: Outage) -> bool:
        """Take the one try for this process; False when another process was quicker."""
        now = self._clock()
        claimed = replace(outage, probe_until=now + PROBE_S)
        if key in self._own:
            self._own[key] = claimed
            return True
        database = self._database
        if database is not None and database.lasting:

            def swap(connection: sqlite3.Connection) -> int:
                return connection.execute(SWAP, (claimed.text(), now, key, outage.text())).rowcount

            try:
                if not database.transact(swap):
                    self._read_at = float("-inf")
                    return False
            except StateBusy:
                pass  # one try too many does less harm than none
        self._shared[key] = claimed
        return True

    def _refresh(self) -> None:
        """Learn what the other processes have found, once a second at most."""
        database, now = self._database, self._clock()
        if database is None or 0 <= now - self._read_at < _READ_EVERY_S:
            return
        self._read_at = now
        (rows,), waiting = database.view((GET, ()))
        # What could not be read, or is not written yet, must not be taken for nothing.
        if not database.lasting or database.notice or any(statement in {PUT, DROP} for statement, _ in waiting):
            return
        self._shared = {
            str(key): outage for key, text in rows if (outage := read(str(text))) and outage.until > now - _FORGOTTEN_S
        }


def read(text: str) -> Outage | None:
    """An outage as it was kept; None when it cannot be read."""
    try:
        kept = json.loads(text)
        return Outage(
            why=str(kept["why"]),
            until=float(kept["until"]),
            lasts=float(kept["lasts"]),
            probe_until=float(kept["probe_until"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _reason(outage: Outage, now: float) -> str:
    if outage.probe_until > now:
        return f"{outage.why}, is being asked again just now"
    if outage.until > now:
        return f"{outage.why}, asked again in {max(1.0, outage.until - now):.0f} s"
    return f"{outage.why}, asked again at the next call"
