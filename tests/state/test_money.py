from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.state.money import PER_DOLLAR, at_least, at_most, dollars, exactly, nanos

amounts = st.integers(0, 10**18)


@pytest.mark.parametrize(
    ("amount", "most", "least", "whole"),
    [
        (0, "$0.00", "$0.00", "$0.00"),
        (420_000_000, "$0.42", "$0.42", "$0.42"),
        (420_000_001, "$0.43", "$0.42", "$0.420000001"),
        (1_000_000_000, "$1.00", "$1.00", "$1.00"),
        (4_200_000, "$0.004200", "$0.004200", "$0.0042"),
        (1, "$0.000001", "$0.000000", "$0.000000001"),
        (12_345_678_900_000, "$12345.68", "$12345.67", "$12345.6789"),
        (10**18, "$1000000000.00", "$1000000000.00", "$1000000000.00"),
    ],
)
def test_money_in_words(amount, most, least, whole):
    assert (at_most(amount), at_least(amount), exactly(amount)) == (most, least, whole)


@given(amounts)
def test_a_cost_is_never_told_lower_nor_what_is_left_higher(amount):
    assert Fraction(at_least(amount)[1:]) * PER_DOLLAR <= amount <= Fraction(at_most(amount)[1:]) * PER_DOLLAR
    assert Fraction(exactly(amount)[1:]) * PER_DOLLAR == amount


@given(st.integers(0, 10**15))
def test_dollars_come_back(amount):
    assert nanos(dollars(amount)) == amount


@given(
    st.floats(-1e7, 1e7)
    | st.integers(0, 10**13).map(lambda halves: halves / 2 / PER_DOLLAR)
    | st.tuples(st.integers(0, 10**9), st.integers(0, 12)).map(lambda one: one[0] / 10 ** one[1])
)
def test_the_short_way_and_the_long_one_agree(usd):
    exact = (Decimal(repr(usd)) * PER_DOLLAR).to_integral_value(ROUND_HALF_UP)
    assert nanos(usd) == int(exact)


@pytest.mark.parametrize(
    ("usd", "amount"), [(0.1, 10**8), (1e-9, 1), (4e-10, 0), (0.1 + 0.2, 3 * 10**8), (5, 5 * 10**9)]
)
def test_dollars_become_whole_billionths(usd, amount):
    assert nanos(usd) == amount
