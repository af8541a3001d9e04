"""What is learned of models, and how it decides whom to ask."""

from __future__ import annotations

import random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.learning.benefit import Benefit
from manyeyes.learning.choice import Arm, Rates, draw
from manyeyes.learning.ladder import Rung, best_ladder, climb
from manyeyes.learning.record import HORIZON, RECENT, Record, changed_at


def record(good: int, bad: int, cost: float | None = None) -> Record:
    made = Record()
    for quality in [1.0] * good + [0.0] * bad:
        made.trials += 1
        made.quality += quality
        if cost is not None:
            made.spend(cost)
    return made


def test_what_is_not_known_is_not_counted() -> None:
    one = Record()
    one.spend(None, 3.0)
    one.spend(0.5)
    assert (one.calls, one.cost_usd, one.timed, one.seconds, one.mean) == (1, 0.5, 1, 3.0, None)


def test_a_steady_model_is_not_taken_for_a_changed_one() -> None:
    changed = 0
    for seed in range(20):
        dice = random.Random(seed)
        one = Record()
        changed += sum(one.judge(float(dice.random() < 0.7)) for _ in range(600))
    assert changed <= 2


def test_a_model_that_gets_much_worse_is_noticed_and_judged_by_what_it_is_now() -> None:
    dice = random.Random(3)
    one = Record()
    for _ in range(300):
        one.judge(float(dice.random() < 0.8))
    noticed = next(n for n in range(1, 200) if one.judge(float(dice.random() < 0.2)))
    assert noticed < 60
    assert one.mean is not None
    assert one.mean < 0.45
    assert one.trials < 70


@given(st.lists(st.floats(0, 1), max_size=60))
def test_a_change_leaves_enough_on_both_sides(outcomes: list[float]) -> None:
    at = changed_at(tuple(outcomes))
    assert at is None or 10 <= at <= len(outcomes) - 10


def test_memory_is_bounded() -> None:
    one = Record()
    for number in range(5_000):
        one.judge(float(number % 2))
        one.spend(1.0, 2.0)
    assert one.trials <= HORIZON
    assert len(one.recent) <= RECENT
    assert one.mean == pytest.approx(0.5, abs=0.02)
    assert one.cost_usd / one.calls == pytest.approx(1.0)
    assert one.seconds / one.timed == pytest.approx(2.0)


def test_one_judgement_moves_the_expectation_by_a_bounded_amount() -> None:
    arms = [Arm("a", 0.6), Arm("b", 0.6)]
    before = draw(arms, {}, Rates(0), random.Random(1), temper=0)
    one = Record()
    one.judge(0.0)
    after = draw(arms, {"a": one}, Rates(0), random.Random(1), temper=0)
    moved = {d.name: d.quality for d in before}["a"] - {d.name: d.quality for d in after}["a"]
    assert 0 < moved < 0.25


def test_equal_dice_give_equal_choices_and_other_dice_others() -> None:
    arms = [Arm(f"model {n}") for n in range(8)]
    first = [one.name for one in draw(arms, {}, Rates(), random.Random(5))]
    assert [one.name for one in draw(arms, {}, Rates(), random.Random(5))] == first
    assert any([one.name for one in draw(arms, {}, Rates(), random.Random(seed))] != first for seed in range(6, 12))


def test_the_exchange_rate_decides_between_good_and_cheap() -> None:
    arms = [Arm("good"), Arm("cheap")]
    known = {"good": record(90, 10, 1.0), "cheap": record(60, 40, 0.01)}
    assert draw(arms, known, Rates(usd=0.0), random.Random(1), temper=0)[0].name == "good"
    assert draw(arms, known, Rates(usd=0.5), random.Random(1), temper=0)[0].name == "cheap"


def test_time_counts_at_the_operators_rate() -> None:
    quick, slow = record(60, 40), record(70, 30)
    quick.spend(None, 2.0)
    slow.spend(None, 60.0)
    arms = [Arm("quick", seconds=2.0), Arm("slow", seconds=60.0)]
    known = {"quick": quick, "slow": slow}
    assert draw(arms, known, Rates(0, 0), random.Random(1), temper=0)[0].name == "slow"
    assert draw(arms, known, Rates(0, 0.01), random.Random(1), temper=0)[0].name == "quick"


def test_a_wider_situation_is_the_prior_of_a_narrower_one() -> None:
    arms = [Arm("a"), Arm("b")]
    wide = {"a": record(2, 18), "b": record(18, 2)}
    drawn = {one.name: one.quality for one in draw(arms, {}, Rates(0), random.Random(1), broader=wide)}
    assert drawn["b"] > drawn["a"] + 0.3


def test_the_best_model_ends_up_asked_most_and_little_is_lost_on_the_way() -> None:
    dice = random.Random(11)
    truth = {"a": 0.4, "b": 0.55, "c": 0.8, "d": 0.5}
    arms, records, got = [Arm(name) for name in truth], {name: Record() for name in truth}, []
    for _ in range(600):
        chosen = draw(arms, records, Rates(0), dice)[0].name
        quality = float(dice.random() < truth[chosen])
        records[chosen].judge(quality)
        got.append(quality)
    assert max(records, key=lambda name: records[name].trials) == "c"
    assert mean(got) > 0.92 * truth["c"]


CHEAP = Rung("cheap", 0.6, 0.02, 0.04)
MIDDLE = Rung("middle", 0.65, 0.25, 0.35)
DEAR = Rung("dear", 0.75, 0.6, 0.9)


def test_a_ladder_of_one_solves_and_costs_what_its_model_does() -> None:
    alone = climb([MIDDLE], 0.1, 0.1)
    assert alone.solved == pytest.approx(MIDDLE.quality, abs=0.01)
    assert alone.cost_usd == pytest.approx(MIDDLE.cost_usd, rel=0.01)


def test_with_a_check_a_cheap_model_first_solves_more_for_less() -> None:
    ladder = best_ladder([CHEAP, MIDDLE, DEAR], 0.75)
    assert ladder is not None
    assert ladder.rungs[0] == CHEAP
    assert ladder.solved > DEAR.quality
    assert ladder.cost_usd < DEAR.cost_usd


def test_the_budget_is_kept_and_none_fits_says_so() -> None:
    for budget in (0.05, 0.2, 0.5, 2.0):
        ladder = best_ladder([CHEAP, MIDDLE, DEAR], budget)
        assert ladder is not None
        assert ladder.cost_usd <= budget
    assert best_ladder([DEAR], 0.1) is None


def test_a_check_that_is_worse_than_nothing_makes_no_ladder_worth_it() -> None:
    ladder = best_ladder([CHEAP, DEAR], 5.0, miss=0.9, alarm=0.9)
    assert ladder is not None
    assert [one.name for one in ladder.rungs] == ["dear"]


def test_benefit_learns_which_texts_gain() -> None:
    benefit = Benefit()
    hard = [
        "Count the spanning trees of the graph modulo 998244353.",
        "Maximise the xor over all subtrees of the tree.",
    ]
    easy = ["Print the sum of the two numbers given.", "Print the larger of two numbers."]
    for _ in range(6):
        for text in hard:
            benefit.learn(text, 1.0)
        for text in easy:
            benefit.learn(text, 0.0)
    assert benefit.expect("Count the subtrees of a graph whose xor is odd.") > 0.5
    assert benefit.expect("Print the smaller of the numbers.") < 0.4
    assert 0.3 < benefit.mean < 0.7


@given(st.text(max_size=200))
def test_any_text_can_be_asked_and_learned(text: str) -> None:
    benefit = Benefit()
    assert benefit.expect(text) == 0.0
    benefit.learn(text, 0.5)
    assert abs(benefit.expect(text) - 0.5) < 0.51
