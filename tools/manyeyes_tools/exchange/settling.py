"""The exchange itself: rounds of opinions, weighed by what each participant's judgement has shown to be worth.

What counts is not how many agree.  A confirmation counts when its quote is found in the source and it says why, and as
far as its author can tell true from false: who confirms what is known to be false agrees with everything, and who
disputes what is known to be true disputes everything.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from math import prod
from typing import TYPE_CHECKING

import anyio

from manyeyes.errors import NoAnswer
from manyeyes_tools.exchange.points import Opinion, Sheet, Stand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from manyeyes_tools.exchange.points import Participant, Point, Trial

    Borne: TypeAlias = Callable[[Point, str], bool]
    """Whether a quote given for or against a point is found in the source."""

ROUNDS = 2
"""The second asks only about what is contested after the first."""
ENOUGH = 0.5
"""Weight of the confirmations by others from which on a point is confirmed."""
CONTESTED = 0.3
"""Weight of what is said against a point from which on it is disputed."""
UNTRIED = 0.7
"""What a participant's judgement is worth before anything is known of it."""
INDISCRIMINATE = 4
"""Who confirms all of at least so many points of others, where no trial tells more, agrees with everything."""

_FULL, _REASONED, _BARE, _INVENTED = 1.0, 0.4, 0.15, 0.05
"""What an opinion counts with a found quote and a reason; with a reason alone; with neither; with a quote that is
nowhere, which is worse than none."""
_REASON_CHARS = 12
_UP, _DOWN, _WITHDRAWN = 0.5, 0.6, 0.5
"""How far a full confirmation closes the gap to certainty, how much a full dispute takes away, and a withdrawal."""
_SUREST = 0.99


class Outcome(StrEnum):
    """What became of a point."""

    CONFIRMED = "confirmed"
    """Somebody else whose judgement counts confirms it, or several hold it by themselves; nothing stands against."""
    HELD = "held"
    """Nobody whose judgement counts has confirmed or disputed it."""
    DISPUTED = "disputed"
    """There is something against it that counts."""
    REFUTED = "refuted"
    """More stands against it than for it."""
    WITHDRAWN = "withdrawn"
    """Everybody who held it has given it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A point after the exchange.

    Attributes:
        point: As it was.
        outcome: What became of it.
        confidence: How sure it is now, 0 to 1.
        confirmed_by: Others whose confirmation counted, by name.
        disputed_by: Who is against it, and why; only those whose dispute counted.
        withdrawn_by: Who held it and gave it up, and why.
    """

    point: Point
    outcome: Outcome
    confidence: float
    confirmed_by: tuple[str, ...] = ()
    disputed_by: tuple[tuple[str, str], ...] = ()
    withdrawn_by: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """One opinion as it was given: in which round, by whom, and whether its quote was found; None without a quote."""

    round: int
    speaker: str
    opinion: Opinion
    borne: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a participant's judgement is worth, 0 to 1: when it confirms, and when it disputes."""

    confirming: float = UNTRIED
    disputing: float = UNTRIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How the exchange ended.

    Attributes:
        settled: Every point, by id; trials are not among them.
        trust: What each participant's judgement is worth.
        absent: Who could not be heard, and why; what they held still counts as theirs.
        said: Everything that was said, in order; opinions on trials too.
        rounds: How many there were.
    """

    settled: Mapping[str, Settled]
    trust: Mapping[str, Trust]
    absent: Mapping[str, str]
    said: tuple[Said, ...]
    rounds: int


@dataclass(slots=True)
class _Floor:
    """The state of an exchange: the last opinion of each participant on each point."""

    points: dict[str, Point]
    trials: dict[str, Trial]
    borne: Borne
    stands: dict[tuple[str, str], Said] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    absent: dict[str, str] = field(default_factory=dict)

    def take(self, number: int, speaker: str, opinions: Sequence[Opinion]) -> bool:
        """Note what somebody said; whether that changes anything.  The first word on a point in a round counts."""
        changed = False
        heard: set[str] = set()
        for opinion in opinions:
            point = self.points.get(opinion.point) or self._trial(opinion.point)
            if point is None or opinion.point in heard:
                continue
            heard.add(opinion.point)
            stand = opinion.stand
            if stand is Stand.WITHDRAW and speaker not in point.holders:
                stand = Stand.UNSURE  # what nobody gave them they cannot take back
            borne = self.borne(point, opinion.quote) if opinion.quote.strip() else None
            said = Said(number, speaker, replace(opinion, stand=stand), borne)
            before = self.stands.get((speaker, opinion.point))
            changed = changed or before is None or before.opinion.stand is not stand
            self.stands[speaker, opinion.point] = said
            self.said.append(said)
        return changed

    def _trial(self, name: str) -> Point | None:
        trial = self.trials.get(name)
        return trial.point if trial else None

    def on(self, point: Point) -> list[Said]:
        """The last opinions on a point, in the order of names."""
        return [said for (_, about), said in sorted(self.stands.items()) if about == point.id]


async def settle(
    points: Sequence[Point],
    participants: Sequence[Participant],
    *,
    borne: Borne,
    trials: Sequence[Trial] = (),
    rounds: int = ROUNDS,
) -> Settlement:
    """Let everybody judge everybody's points, until nothing changes or the rounds are over.

    All participants of a round are asked at the same time.  One that fails is left out from then on.

    Args:
        points: What is claimed, with who holds it.
        participants: Whom to ask; they need not hold anything.
        borne: Whether a quote is found in the source.
        trials: Points known to be true or false, put among the others; their ids must differ from all others.
        rounds: At most so many.
    """
    floor = _Floor({one.id: one for one in points}, {one.point.id: one for one in trials}, borne)
    number = 0
    open_ = list(points)
    while open_ and participants and number < rounds:
        number += 1
        present = [one for one in participants if one.name not in floor.absent]
        changed = await _round(number, open_, present, floor)
        if not changed:
            break
        trust = {one.name: _trust(one.name, floor) for one in participants}
        open_ = [one for one in open_ if _is_contested(_settled(one, floor, trust))]
    trust = {one.name: _trust(one.name, floor) for one in participants}
    return Settlement(
        settled={one.id: _settled(one, floor, trust) for one in points},
        trust=trust,
        absent=floor.absent,
        said=tuple(floor.said),
        rounds=number,
    )


async def _round(number: int, points: Sequence[Point], present: Sequence[Participant], floor: _Floor) -> bool:
    heard: dict[str, Sequence[Opinion]] = {}
    trials = [one.point for one in floor.trials.values()] if number == 1 else []

    async def ask(participant: Participant) -> None:
        try:
            heard[participant.name] = await participant.weigh(_sheet(participant.name, number, points, trials, floor))
        except NoAnswer as error:
            floor.absent[participant.name] = str(error)

    async with anyio.create_task_group() as group:
        for participant in present:
            group.start_soon(ask, participant)
    changes = [floor.take(number, name, heard[name]) for name in sorted(heard)]  # all of them, in a fixed order
    return any(changes)


def _sheet(name: str, number: int, points: Sequence[Point], trials: Sequence[Point], floor: _Floor) -> Sheet:
    """The points in an order of the participant's own, so that none stands first with everybody."""
    ordered = sorted((*points, *trials), key=lambda one: sha256(f"{name}\0{one.id}".encode()).digest())
    against = {
        one.id: tuple(
            said.opinion.reason
            for said in floor.on(one)
            if said.opinion.stand is Stand.DISPUTE and said.speaker != name and said.opinion.reason.strip()
        )
        for one in points
    }
    return Sheet(
        round=number,
        points=tuple(ordered),
        own=frozenset(one.id for one in points if name in one.holders),
        against={about: reasons for about, reasons in against.items() if reasons},
    )


def _trust(name: str, floor: _Floor) -> Trust:
    """What the trials, and the quotes given, tell of somebody's judgement."""
    confirming = _tried(name, floor, true=False)
    disputing = _tried(name, floor, true=True)
    mine = [said for (speaker, _), said in floor.stands.items() if speaker == name]
    others = [
        said
        for said in mine
        if said.opinion.point in floor.points and name not in floor.points[said.opinion.point].holders
    ]
    if confirming is None:
        agreed = [said for said in others if said.opinion.stand is Stand.CONFIRM]
        confirming = 0.0 if len(agreed) == len(others) >= INDISCRIMINATE else UNTRIED
    if disputing is None:
        against = [said for said in others if said.opinion.stand is Stand.DISPUTE]
        disputing = 0.0 if len(against) == len(others) >= INDISCRIMINATE else UNTRIED
    quotes = [said.borne for said in mine if said.borne is not None]
    honest = sum(quotes) / len(quotes) if quotes else 1.0
    return Trust(confirming=round(confirming * honest, 3), disputing=round(disputing * honest, 3))


def _tried(name: str, floor: _Floor, *, true: bool) -> float | None:
    """How somebody did on the trials of one kind, squared so that one mistake counts; None without such trials."""
    trials = [one for one in floor.trials.values() if one.true is true]
    wrong = Stand.DISPUTE if true else Stand.CONFIRM
    right = Stand.CONFIRM if true else Stand.DISPUTE
    if not trials:
        return None
    marks = []
    for trial in trials:
        said = floor.stands.get((name, trial.point.id))
        stand = said.opinion.stand if said else Stand.UNSURE
        marks.append(0.0 if stand is wrong else 1.0 if stand is right else UNTRIED**0.5)
    return float((sum(marks) / len(marks)) ** 2) if min(marks) > 0 else 0.0


def _weight(said: Said) -> float:
    """What an opinion counts by what it brings: a quote that is found, a reason."""
    reasoned = len(said.opinion.reason.strip()) >= _REASON_CHARS
    if said.borne is None:
        return _REASONED if reasoned else _BARE
    if not said.borne:
        return _INVENTED
    return _FULL if reasoned else _REASONED


def _settled(point: Point, floor: _Floor, trust: Mapping[str, Trust]) -> Settled:
    said = floor.on(point)
    withdrawn = [one for one in said if one.opinion.stand is Stand.WITHDRAW]
    # Who disputes what they hold themselves gives it up, by another word.
    withdrawn += [one for one in said if one.opinion.stand is Stand.DISPUTE and one.speaker in point.holders]
    others = [one for one in said if one.speaker not in point.holders]
    pro = {
        one.speaker: _weight(one) * trust[one.speaker].confirming
        for one in others
        if one.opinion.stand is Stand.CONFIRM
    }
    con = {
        one.speaker: _weight(one) * trust[one.speaker].disputing for one in others if one.opinion.stand is Stand.DISPUTE
    }
    holders = point.holders - {one.speaker for one in withdrawn}
    unknown = Trust(confirming=1.0, disputing=1.0)  # whoever is not in the exchange, such as an engine, was not tried
    weights = [min(trust.get(name, unknown).confirming, trust.get(name, unknown).disputing) for name in holders]
    confidence = 1 - (1 - point.confidence) * prod(1 - _UP * weight for weight in pro.values())
    confidence *= prod(1 - _DOWN * weight for weight in con.values()) * _WITHDRAWN ** len(withdrawn)
    return Settled(
        point=point,
        outcome=_outcome(sum(pro.values()), sum(con.values()), weights),
        confidence=round(min(confidence, max(_SUREST, point.confidence)), 3),
        confirmed_by=tuple(name for name, weight in pro.items() if weight >= ENOUGH),
        disputed_by=tuple(
            (one.speaker, one.opinion.reason.strip()) for one in others if con.get(one.speaker, 0.0) >= CONTESTED
        ),
        withdrawn_by=tuple((one.speaker, one.opinion.reason.strip()) for one in withdrawn),
    )


def _outcome(pro: float, con: float, holders: Sequence[float]) -> Outcome:
    if not holders:
        return Outcome.WITHDRAWN
    if con >= CONTESTED:
        return Outcome.REFUTED if con > pro + sum(holders) else Outcome.DISPUTED
    independent = sum(sorted(holders)[:-1])  # what the holders beside the most trusted one add
    return Outcome.CONFIRMED if pro + independent >= ENOUGH else Outcome.HELD


def _is_contested(settled: Settled) -> bool:
    return settled.outcome in {Outcome.DISPUTED, Outcome.REFUTED} or bool(settled.withdrawn_by and settled.confirmed_by)
