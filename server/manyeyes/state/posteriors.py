"""What was learned of models: the tables `posteriors`, `outcomes`, `feedback`, `resolutions` and `exploring`.

An outcome is merged into its posterior in one transaction that keeps other processes out, once for a run.  What
people say of a run stands by itself and is added when posteriors are read: saying it again changes nothing, saying
the opposite takes the first back.  Findings that were resolved are added in the same way, each once.  All of it is
bounded in rows and in age.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from manyeyes.learning.account import Outcome
from manyeyes.learning.record import RECENT, Record
from manyeyes.learning.situation import Situation
from manyeyes.state.budget import day_of
from manyeyes.state.database import StateBusy

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from manyeyes.learning.account import Resolved
    from manyeyes.state.database import Database, Row, Value

GET = """SELECT changed, trials, quality, calls, cost_usd, timed, seconds, recent FROM posteriors
    WHERE kind = ? AND language = ? AND size = ? AND model = ?"""
PUT = """INSERT INTO posteriors (kind, language, size, model, at, changed, trials, quality, calls, cost_usd, timed,
    seconds, recent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (kind, language, size, model) DO UPDATE SET at = excluded.at, changed = excluded.changed,
        trials = excluded.trials, quality = excluded.quality, calls = excluded.calls, cost_usd = excluded.cost_usd,
        timed = excluded.timed, seconds = excluded.seconds, recent = excluded.recent"""
ALL = """SELECT kind, language, size, model, changed, trials, quality, calls, cost_usd, timed, seconds
    FROM posteriors"""
PUT_OUTCOME = """INSERT INTO outcomes (run_id, kind, language, size, model, at, quality, weight, cost_usd, seconds,
    answers, explored) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
OUTCOMES = """SELECT kind, language, size, model, quality, weight, cost_usd, seconds, answers, explored
    FROM outcomes WHERE at >= ? ORDER BY at"""
WORKED = "SELECT DISTINCT model FROM outcomes WHERE run_id = ? AND answers > 0 ORDER BY model"
PUT_FEEDBACK = """INSERT INTO feedback (run_id, at, good) VALUES (?, ?, ?)
    ON CONFLICT (run_id) DO UPDATE SET at = excluded.at, good = excluded.good"""
TOLD = """SELECT o.kind, o.language, o.size, o.model, o.run_id, f.at, f.good FROM feedback f
    JOIN outcomes o ON o.run_id = f.run_id WHERE o.answers > 0"""
PUT_RESOLVED = """INSERT INTO resolutions (finding, model, run_id, kind, at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING"""
RESOLVED = """SELECT o.kind, o.language, o.size, o.model, o.run_id, o.at, count(*) FROM resolutions r
    JOIN outcomes o ON o.run_id = r.run_id AND o.model = r.model AND o.kind = r.kind WHERE o.answers > 0
    GROUP BY o.kind, o.language, o.size, o.model, o.run_id, o.at"""
CHOSE = """INSERT INTO exploring (day, choices, explored, usd) VALUES (?, 1, 0, 0)
    ON CONFLICT (day) DO UPDATE SET choices = exploring.choices + 1"""
EXPLORED = "UPDATE exploring SET explored = explored + 1, usd = usd + ? WHERE day = ?"
SPENT = "SELECT coalesce(sum(choices), 0), coalesce(sum(explored), 0) FROM exploring WHERE day >= ?"
SPENT_ON = "SELECT coalesce(sum(usd), 0) FROM exploring WHERE day = ?"
FORGET = (
    "DELETE FROM outcomes WHERE at < ?",
    "DELETE FROM feedback WHERE at < ?",
    "DELETE FROM resolutions WHERE at < ?",
    "DELETE FROM posteriors WHERE at < ?",
)
FORGET_DAYS = "DELETE FROM exploring WHERE day < ?"
KEEP_OUTCOMES = "DELETE FROM outcomes WHERE at < (SELECT at FROM outcomes ORDER BY at DESC LIMIT 1 OFFSET ?)"
KEEP_POSTERIORS = "DELETE FROM posteriors WHERE at < (SELECT at FROM posteriors ORDER BY at DESC LIMIT 1 OFFSET ?)"
KEEP_FEEDBACK = "DELETE FROM feedback WHERE at < (SELECT at FROM feedback ORDER BY at DESC LIMIT 1 OFFSET ?)"
KEEP_RESOLVED = "DELETE FROM resolutions WHERE at < (SELECT at FROM resolutions ORDER BY at DESC LIMIT 1 OFFSET ?)"

FEEDBACK = 1.0
"""Outcomes' worth of one person's word on a run, shared among the models that worked in it."""
RESOLVED_EACH = 0.25
"""Outcomes' worth of one finding that was resolved, for the model that had named it."""
RESOLVED_MOST = 1.0
"""Outcomes' worth of all findings that one model had named in one run."""
KEPT_DAYS = 90
KEPT_OUTCOMES = 20_000
KEPT_POSTERIORS = 2_000
SHARE_DAYS = 30
"""The share of choices that explore is kept to over so many days."""

_WAIT_S = 2.0
"""How long what a run showed waits, in a worker thread, for another process that writes."""
_UNSAVED = 100
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Explored:
    """How much was explored: choices and those that explored in the last days, and dollars today."""

    choices: int = 0
    explored: int = 0
    usd_today: float = 0.0

    def may(self, usd: float, *, share: float, usd_per_day: float, first: int = 0) -> bool:
        """Whether one more choice, expected to cost so much, may explore: within the share, or among the first ones."""
        most = max(share * (self.choices + 1), first) if share else 0.0
        return self.explored + 1 <= most and self.usd_today + usd <= usd_per_day


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that was learned, as it stood at one moment.

    `records` has all of it; `resolved` tells how many findings of a model, which are in its record, were resolved.
    """

    records: Mapping[Situation, Mapping[str, Record]] = field(default_factory=dict)
    explored: Explored = Explored()
    resolved: Mapping[Situation, Mapping[str, int]] = field(default_factory=dict)

    def of(self, situation: Situation) -> Mapping[str, Record]:
        """What is remembered of models in a situation, by reference."""
        return self.records.get(situation, {})


class UnknownRun(Exception):
    """No model is known to have worked in a run of that id."""


class Posteriors:
    """What was learned.  Safe for use from several threads; all of it is for worker threads but `explore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._unsaved: deque[tuple[str, float, tuple[Outcome, ...], tuple[Resolved, ...]]] = deque(maxlen=_UNSAVED)
        database.tidied_by(self._tidy)

    def load(self) -> Knowledge:
        """All that was learned, with what people said and what was resolved."""
        now = self._database.clock()
        (kept, told, gone, counted, spent), _ = self._database.view(
            (ALL, ()),
            (TOLD, ()),
            (RESOLVED, ()),
            (SPENT, (day_of(now - SHARE_DAYS * _DAY_S),)),
            (SPENT_ON, (day_of(now),)),
        )
        records: dict[Situation, dict[str, Record]] = {}
        changed: dict[tuple[Situation, str], float] = {}
        for kind, language, size, model, since, *figures in kept:
            situation = Situation(str(kind), str(language), str(size))
            records.setdefault(situation, {})[str(model)] = _record(figures)
            changed[situation, str(model)] = _float(since)
        _add_feedback(told, records, changed)
        resolved = _add_resolved(gone, records, changed)
        choices, explored = (int(value or 0) for value in counted[0]) if counted else (0, 0)
        return Knowledge(records, Explored(choices, explored, _float(spent[0][0]) if spent else 0.0), resolved)

    def add(self, run_id: str, outcomes: Sequence[Outcome], resolved: Sequence[Resolved] = ()) -> None:
        """Take in what a run showed, of itself and of earlier ones, in one transaction; twice is as good as once.

        While another process holds the file it waits in memory for the next run.
        """
        with self._lock:
            self._unsaved.append((run_id, self._database.clock(), tuple(outcomes), tuple(resolved)))
            while self._unsaved:
                try:
                    self._database.transact(lambda connection: _merge(connection, *self._unsaved[0]), wait_s=_WAIT_S)
                except StateBusy:
                    return
                self._unsaved.popleft()

    def say(self, run_id: str, *, good: bool) -> tuple[str, ...]:
        """Keep what somebody says of a run, in place of what was said before; the models it is about.

        Raises:
            UnknownRun: no model is known to have worked in it.
            StateBusy: another process holds the file; nothing was kept.
        """
        if not run_id.isascii():  # none of ours, and not every text can be looked up
            raise UnknownRun
        now = self._database.clock()

        def work(connection: sqlite3.Connection) -> tuple[str, ...]:
            models = tuple(str(model) for (model,) in connection.execute(WORKED, (run_id,)).fetchall())
            if models:
                connection.execute(PUT_FEEDBACK, (run_id, now, int(good)))
            return models

        models = self._database.transact(work, wait_s=_WAIT_S)
        if not models:
            raise UnknownRun
        return models

    def chose(self) -> None:
        """Count a choice that does not explore; written with whatever else is."""
        self._database.soon(CHOSE, (day_of(self._database.clock()),))

    def explore(self, usd: float, *, share: float, usd_per_day: float, first: int = 0) -> bool:
        """Count a choice, and whether it may explore, over all processes; False when it may not, or none can tell.

        Args:
            usd: What the call is expected to cost.
            share: The part of all choices that may explore.
            usd_per_day: What those may cost together in one day.
            first: So many may, whatever their share.
        """
        now = self._database.clock()
        day = day_of(now)

        def work(connection: sqlite3.Connection) -> bool:
            choices, explored = connection.execute(SPENT, (day_of(now - SHARE_DAYS * _DAY_S),)).fetchone()
            (spent,) = connection.execute(SPENT_ON, (day,)).fetchone()
            so_far = Explored(int(choices), int(explored), float(spent))
            granted = so_far.may(usd, share=share, usd_per_day=usd_per_day, first=first)
            connection.execute(CHOSE, (day,))
            if granted:
                connection.execute(EXPLORED, (usd, day))
            return granted

        try:
            return self._database.transact(work)
        except StateBusy:
            return False

    def outcomes(self, since: float = 0.0) -> list[Outcome]:
        """What single runs showed since a time (seconds since the epoch), the oldest first."""
        return [_outcome(row) for row in self._database.read(OUTCOMES, (since,))]

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Called by the database on opening and once in a while, under its lock."""
        now = self._database.clock()
        for statement in FORGET:
            connection.execute(statement, (now - KEPT_DAYS * _DAY_S,))
        connection.execute(FORGET_DAYS, (day_of(now - KEPT_DAYS * _DAY_S),))
        connection.execute(KEEP_OUTCOMES, (KEPT_OUTCOMES - 1,))
        connection.execute(KEEP_FEEDBACK, (KEPT_OUTCOMES - 1,))
        connection.execute(KEEP_RESOLVED, (KEPT_OUTCOMES - 1,))
        connection.execute(KEEP_POSTERIORS, (KEPT_POSTERIORS - 1,))


def _merge(
    connection: sqlite3.Connection,
    run_id: str,
    at: float,
    outcomes: tuple[Outcome, ...],
    resolved: tuple[Resolved, ...],
) -> None:
    """Keep outcomes and take them into the posteriors of their situations and of the kinds as a whole."""
    for gone in resolved:
        connection.execute(PUT_RESOLVED, (gone.finding, gone.model, gone.run_id, gone.kind, at))
    for one in outcomes:
        where = one.situation
        told: tuple[Value, ...] = (one.quality, one.weight, one.cost_usd, one.seconds, one.answers, int(one.explored))
        key: tuple[Value, ...] = (run_id, where.kind, where.language, where.size, one.model, at)
        if connection.execute(PUT_OUTCOME, (*key, *told)).rowcount != 1:
            continue  # this run was told before
        for situation in {where, where.broader} if one.teaches else ():
            _learn(connection, situation, one, at)


def _learn(connection: sqlite3.Connection, situation: Situation, one: Outcome, at: float) -> None:
    key = (situation.kind, situation.language, situation.size, one.model)
    row = connection.execute(GET, key).fetchone()
    changed, record = 0.0, Record()
    if row is not None:
        changed, *figures, recent = row
        record = _record(figures, recent)
    if one.quality is not None and one.weight > 0 and record.judge(one.quality, one.weight):
        changed = at
    if one.answers:
        record.spend(one.cost_usd, one.seconds)
    figures = (record.trials, record.quality, record.calls, record.cost_usd, record.timed, record.seconds)
    recent = json.dumps([round(quality, 4) for quality in record.recent])
    connection.execute(PUT, (*key, at, changed, *figures, recent))


def _add_feedback(
    told: Sequence[Row],
    records: dict[Situation, dict[str, Record]],
    changed: Mapping[tuple[Situation, str], float],
) -> None:
    """Add what people said to the records.  One run moves all of them together by `FEEDBACK` outcomes at most.

    It goes past the test for a change, so that one word never makes a model's past forgotten; what was said before
    a model changed is forgotten with the rest.
    """
    worked: dict[str, int] = {}
    for row in told:
        worked[str(row[4])] = worked.get(str(row[4]), 0) + 1
    for kind, language, size, model, run_id, at, good in told:
        where, name = Situation(str(kind), str(language), str(size)), str(model)
        weight = FEEDBACK / worked[str(run_id)]
        for situation in {where, where.broader}:
            if _float(at) < changed.get((situation, name), 0.0):
                continue
            record = records.setdefault(situation, {}).setdefault(name, Record())
            record.trials += weight
            record.quality += weight * _float(good)


def _add_resolved(
    gone: Sequence[Row],
    records: dict[Situation, dict[str, Record]],
    changed: Mapping[tuple[Situation, str], float],
) -> dict[Situation, dict[str, int]]:
    """Add findings that were resolved to the records of who had named them; how many those are.

    As what people say, they go past the test for a change, and what a model named before it changed is forgotten.
    """
    shares: dict[tuple[str, str, str], int] = {}
    for row in gone:
        key = str(row[0]), str(row[3]), str(row[4])
        shares[key] = shares.get(key, 0) + 1
    counts: dict[Situation, dict[str, int]] = {}
    told: set[tuple[str, str, str]] = set()
    for kind, language, size, model, run_id, at, findings in gone:
        where, name = Situation(str(kind), str(language), str(size)), str(model)
        key = str(kind), name, str(run_id)
        weight = min(RESOLVED_EACH * _float(findings), RESOLVED_MOST) / shares[key]
        for situation in {where, where.broader}:
            if _float(at) < changed.get((situation, name), 0.0):
                continue
            record = records.setdefault(situation, {}).setdefault(name, Record())
            record.trials += weight
            record.quality += weight
            if situation == where or key not in told:
                of = counts.setdefault(situation, {})
                of[name] = of.get(name, 0) + int(findings or 0)
        told.add(key)
    return counts


def _record(figures: Sequence[Value], recent: str = "[]") -> Record:
    trials, quality, calls, cost_usd, timed, seconds = map(_float, figures)
    return Record(
        trials=trials,
        quality=quality,
        calls=calls,
        cost_usd=cost_usd,
        timed=timed,
        seconds=seconds,
        recent=deque(map(float, json.loads(recent)), maxlen=RECENT),
    )


def _outcome(row: Row) -> Outcome:
    kind, language, size, model, quality, weight, cost_usd, seconds, answers, explored = row
    return Outcome(
        situation=Situation(str(kind), str(language), str(size)),
        model=str(model),
        quality=None if quality is None else float(quality),
        weight=_float(weight),
        cost_usd=None if cost_usd is None else float(cost_usd),
        seconds=None if seconds is None else float(seconds),
        answers=int(answers or 0),
        explored=bool(explored),
    )


def _float(value: Value) -> float:
    return float(value or 0.0)
