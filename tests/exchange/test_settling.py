"""The exchange, with people in place of models."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from manyeyes.errors import AllFailed
from manyeyes.types import Route
from manyeyes_tools.exchange import Opinion, Outcome, Point, Stand, Trial, settle

pytestmark = pytest.mark.anyio

SOURCE = "\n".join(f"total_{n} = price_{n} * {n}" for n in range(9))
NOBODY: frozenset[str] = frozenset()
DECOY = Trial(Point(id="decoy", text="d", quote="nowhere = 0", holders=NOBODY, confidence=0.9), true=False)
CONTROL = Trial(Point(id="control", text="c", quote="total_8 = price_8 * 8", holders=NOBODY, confidence=0.9), true=True)
WHY = "the line there decides it"


def line(number: int) -> str:
    return f"total_{number} = price_{number} * {number}"


def point(name: str, *holders: str, confidence: float = 0.8) -> Point:
    number = int(name[1:])
    return Point(
        id=name, text="t", where=f"a.py:{number}", quote=line(number), holders=frozenset(holders), confidence=confidence
    )


def borne(_point: Point, quote: str) -> bool:
    return quote in SOURCE


@dataclass
class Person:
    """Says of each point what `says` holds for it, of trials what is right, and else that it is unsure."""

    name: str
    says: dict[str, Opinion] = field(default_factory=dict)
    trials: dict[str, Stand] = field(default_factory=lambda: {"decoy": Stand.DISPUTE, "control": Stand.CONFIRM})
    sheets: list = field(default_factory=list)

    async def weigh(self, sheet):
        self.sheets.append(sheet)
        for one in sheet.points:
            if one.id in self.trials:
                self.says.setdefault(one.id, Opinion(one.id, self.trials[one.id], WHY, line(8)))
        return [self.says[one.id] for one in sheet.points if one.id in self.says]


def confirms(name: str, reason: str = WHY, quote: str | None = None) -> Opinion:
    return Opinion(name, Stand.CONFIRM, reason, line(int(name[1:])) if quote is None else quote)


def disputes(name: str, reason: str = WHY, quote: str | None = None) -> Opinion:
    return Opinion(name, Stand.DISPUTE, reason, line(int(name[1:])) if quote is None else quote)


async def settled(points, *people, trials=(DECOY, CONTROL), **more):
    return await settle(points, people, borne=borne, trials=trials, **more)


async def test_a_confirmation_with_evidence_counts():
    done = await settled([point("p1", "a")], Person("a"), Person("b", {"p1": confirms("p1")}))
    one = done.settled["p1"]
    assert (one.outcome, one.confirmed_by) == (Outcome.CONFIRMED, ("b",))
    assert one.confidence == pytest.approx(0.9)


@pytest.mark.parametrize(
    "opinion",
    [confirms("p1", "", ""), confirms("p1", "yes", ""), confirms("p1", WHY, "made_up()"), confirms("p1", "", "x = 1")],
)
async def test_a_confirmation_without_evidence_counts_little(opinion):
    one = (await settled([point("p1", "a")], Person("a"), Person("b", {"p1": opinion}))).settled["p1"]
    assert one.outcome is Outcome.HELD
    assert one.confirmed_by == ()
    assert one.confidence < 0.85


async def test_who_confirms_what_is_false_confirms_nothing():
    flatterer = Person("b", {"p1": confirms("p1")}, {"decoy": Stand.CONFIRM, "control": Stand.CONFIRM})
    done = await settled([point("p1", "a")], Person("a"), flatterer)
    assert done.trust["b"].confirming == 0
    assert done.settled["p1"].outcome is Outcome.HELD
    assert done.settled["p1"].confidence == 0.8


async def test_who_disputes_what_is_true_disputes_nothing():
    liar = Person("b", {"p1": disputes("p1")}, {"decoy": Stand.DISPUTE, "control": Stand.DISPUTE})
    done = await settled([point("p1", "a")], Person("a"), liar)
    assert done.settled["p1"].outcome is Outcome.HELD
    assert done.settled["p1"].confidence == 0.8


async def test_without_trials_who_agrees_with_everything_is_worth_nothing():
    points = [point(f"p{n}", "a") for n in range(4)]
    flatterer = Person("b", {one.id: confirms(one.id) for one in points})
    done = await settled(points, Person("a"), flatterer, trials=())
    assert {one.outcome for one in done.settled.values()} == {Outcome.HELD}
    mixed = Person("b", {one.id: confirms(one.id) for one in points[:3]})
    mixed.says["p3"] = disputes("p3")
    done = await settled(points, Person("a"), mixed, trials=())
    assert done.settled["p0"].outcome is Outcome.CONFIRMED


async def test_a_dispute_lowers_and_two_refute():
    one = (await settled([point("p1", "a")], Person("a"), Person("b", {"p1": disputes("p1")}))).settled["p1"]
    assert one.outcome is Outcome.DISPUTED
    assert one.confidence == pytest.approx(0.32)
    assert one.disputed_by == (("b", WHY),)
    people = [Person("a"), Person("b", {"p1": disputes("p1")}), Person("c", {"p1": disputes("p1")})]
    assert (await settled([point("p1", "a")], *people)).settled["p1"].outcome is Outcome.REFUTED


async def test_who_holds_a_point_may_withdraw_it_and_nobody_else_may():
    gone = Opinion("p1", Stand.WITHDRAW, "I was wrong about it", "")
    done = await settled([point("p1", "a")], Person("a", {"p1": gone}), Person("b", {"p1": gone}))
    assert done.settled["p1"].outcome is Outcome.WITHDRAWN
    assert (await settled([point("p1", "a")], Person("b", {"p1": gone}))).settled["p1"].outcome is Outcome.HELD


async def test_two_who_hold_it_by_themselves_confirm_it():
    assert (await settled([point("p1", "a", "b")], Person("a"), Person("b"))).settled["p1"].outcome is Outcome.CONFIRMED


async def test_the_second_round_shows_what_was_said_and_only_what_is_contested():
    honest = Person("b", {"p1": disputes("p1", "it is checked in line 1"), "p2": confirms("p2")})
    author = Person("a")
    done = await settled([point("p1", "a"), point("p2", "a")], author, honest)
    assert done.rounds == 2
    first, second = author.sheets
    assert {one.id for one in first.points} == {"p1", "p2", "decoy", "control"}
    assert first.own == {"p1", "p2"}
    assert [one.id for one in second.points] == ["p1"]
    assert second.against == {"p1": ("it is checked in line 1",)}
    assert honest.sheets[1].against == {}


async def test_it_ends_when_nothing_changes():
    honest = Person("b", {"p1": disputes("p1")})
    done = await settled([point("p1", "a")], Person("a"), honest, rounds=9)
    assert done.rounds == 2


@dataclass
class Absent:
    name: str

    async def weigh(self, sheet):
        raise AllFailed("it is down", route=Route(()))


async def test_who_fails_is_named_and_the_others_go_on():
    done = await settled([point("p1", "a")], Absent("a"), Person("b", {"p1": confirms("p1")}), Absent("c"))
    assert done.absent == {"a": "it is down", "c": "it is down"}
    assert done.settled["p1"].outcome is Outcome.CONFIRMED


async def test_everybody_sees_another_order_and_the_same_one_again():
    points = [point(f"p{n}", "a") for n in range(8)]
    people = [Person("a"), Person("b")]
    await settled(points, *people)
    orders = [[one.id for one in person.sheets[0].points] for person in people]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    again = Person("b")
    await settled(points, Person("a"), again)
    assert [one.id for one in again.sheets[0].points] == orders[1]


class Player:
    """Honest, lying or flattering, as it was made."""

    def __init__(self, name: str, true: set[str], *, careful: bool) -> None:
        self.name, self.true, self.careful = name, true, careful

    async def weigh(self, sheet):
        return [self.opinion(one, own=one.id in sheet.own) for one in sheet.points]

    def opinion(self, one: Point, *, own: bool) -> Opinion:
        if self.name == "flatterer":
            return Opinion(one.id, Stand.CONFIRM, "I agree with this very good point", one.quote)
        right = Stand.CONFIRM if one.id in self.true or one.id == "control" else Stand.DISPUTE
        wrong = Stand.DISPUTE if right is Stand.CONFIRM else Stand.CONFIRM
        trial = one.id in {"decoy", "control"}
        lies = self.name == "liar" and not (trial and self.careful)
        stand = (wrong if trial or not own else Stand.CONFIRM) if lies else right
        return Opinion(one.id, stand, WHY, line(8) if one.quote not in SOURCE else one.quote)


@pytest.mark.parametrize("careful", [False, True])
async def test_in_two_hundred_cases_a_lie_never_reaches_the_reader_as_confirmed(careful):
    lost = lies = 0
    for seed in range(200):
        rng = random.Random(seed)
        true = {f"p{n}" for n in range(8) if rng.random() < 0.6}
        points = [
            point(f"p{n}", "honest" if f"p{n}" in true else "liar", confidence=rng.uniform(0.5, 0.95)) for n in range(8)
        ]
        people = [Player(name, true, careful=careful) for name in ("honest", "liar", "flatterer")]
        rng.shuffle(people)
        done = await settled(points, *people)
        for one in points:
            end = done.settled[one.id]
            if one.id in true:
                lost += end.outcome in {Outcome.REFUTED, Outcome.WITHDRAWN}
            else:
                lies += 1
                assert end.outcome in {Outcome.DISPUTED, Outcome.REFUTED}
                assert end.confidence < 0.4
                assert careful or end.outcome is Outcome.REFUTED
    assert lies > 500
    assert lost == 0
