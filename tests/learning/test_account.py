from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.learning.account import WEIGHTS, Account, Signal, judged
from manyeyes.learning.situation import Situation

HERE = Situation("code_review", "python", "short")
THERE = Situation("code_review", "go", "short")


@pytest.mark.parametrize(
    ("language", "tokens", "meant"),
    [
        ("python", 4_000, Situation("code_review", "python", "short")),
        ("python", 4_001, Situation("code_review", "python", "medium")),
        ("go", 24_000, Situation("code_review", "go", "medium")),
        ("go", 24_001, Situation("code_review", "go", "long")),
        ("", 24_001, Situation("code_review")),
    ],
)
def test_a_situation_is_a_kind_a_language_and_a_class_of_size(language, tokens, meant):
    assert Situation.of("code_review", language, tokens) == meant
    assert meant.broader == Situation("code_review")


@given(st.dictionaries(st.sampled_from(Signal), st.lists(st.floats(0, 1), min_size=1, max_size=5)))
def test_quality_and_weight_stay_between_0_and_1(signals):
    quality, weight = judged(signals)
    assert (quality is None) == (not signals)
    assert 0 <= weight <= 1
    if quality is not None:
        assert -1e-9 <= quality <= 1 + 1e-9
        assert weight == pytest.approx(min(1, sum(WEIGHTS[one] for one in signals)))


def test_a_run_counts_once_for_a_model_with_the_mean_of_its_signals_and_what_an_answer_took():
    account = Account()
    for usd in (0.02, 0.04):
        account.used(HERE, "a:one", cost_usd=usd, seconds=3.0)
    account.signal("code_review", "a:one", Signal.ANCHORED, 1.0)
    account.signal("code_review", "a:one", Signal.ANCHORED, 0.5)
    account.signal("code_review", "a:one", Signal.UPHELD, 0.0)
    (one,) = account.outcomes()
    assert one.quality == pytest.approx((0.4 * 0.75 + 0.6 * 0.0) / 1.0)
    assert (one.weight, one.answers) == (1.0, 2)
    assert (one.cost_usd, one.seconds) == (pytest.approx(0.03), 3.0)


def test_turns_on_the_way_to_an_answer_are_paid_for_by_that_answer():
    account = Account()
    account.used(HERE, "a:one", cost_usd=0.01, seconds=1.0, done=False)
    account.used(HERE, "a:one", cost_usd=0.02, seconds=2.0)
    (one,) = account.outcomes()
    assert (one.answers, one.cost_usd, one.seconds) == (1, pytest.approx(0.03), 3.0)
    assert one.quality is None  # nobody has said how good it was


def test_an_answer_that_was_there_already_is_judged_no_second_time():
    account = Account()
    account.used(HERE, "a:one", cost_usd=0.0, seconds=0.0, cached=True)
    account.signal("code_review", "a:one", Signal.ANCHORED, 1.0)
    (one,) = account.outcomes()
    assert (one.quality, one.weight, one.cost_usd, one.seconds, one.answers) == (None, 0.0, None, None, 1)


def test_what_was_learned_of_a_kind_is_shared_out_among_its_situations():
    account = Account()
    for where in (HERE, HERE, HERE, THERE):
        account.used(where, "a:one", cost_usd=0.01, seconds=1.0)
    account.signal("code_review", "a:one", Signal.UPHELD, 1.0)
    weights = {one.situation: one.weight for one in account.outcomes()}
    assert weights == {HERE: pytest.approx(0.45), THERE: pytest.approx(0.15)}


def test_signals_of_another_kind_of_work_are_kept_apart():
    account = Account()
    account.used(HERE, "a:one", cost_usd=None, seconds=1.0)
    account.signal("security_scan", "a:one", Signal.UPHELD, 0.0)
    (one,) = account.outcomes()
    assert one.quality is None
    assert one.cost_usd is None


def test_answers_of_no_use_count_by_their_share():
    account = Account()
    account.failed(HERE, "a:one")
    account.used(HERE, "a:one", cost_usd=0.01, seconds=1.0)
    account.failed(HERE, "b:two")
    by_model = {one.model: one for one in account.outcomes()}
    assert by_model["a:one"].quality == 0.5
    assert (by_model["b:two"].quality, by_model["b:two"].answers) == (0.0, 0)
