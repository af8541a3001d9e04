"""Secrets are put back only where there is one way to read what was masked."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes_tools.unmasking import Unclear, restored, values

ONE, TWO = "<secret:password:1>", "<secret:token:2>"


@pytest.mark.parametrize(
    ("masked", "real", "found"),
    [
        (f'p = "{ONE}"', 'p = "x"', {ONE: "x"}),
        (f"{ONE}", "$1\\1(?", {ONE: "$1\\1(?"}),
        (f"{ONE}:{TWO}\n", "a:b\n", {ONE: "a", TWO: "b"}),
        (f"{ONE} {ONE}", "ab ab", {ONE: "ab"}),
        ("plain", "plain", {}),
    ],
)
def test_what_a_placeholder_stands_for(masked, real, found):
    assert values([masked], [real]) == found


@pytest.mark.parametrize(
    ("masked", "real"),
    [
        (f"{ONE}:{TWO}", "a:b:c"),  # two readings
        (f"{ONE}{TWO}", "abc"),
        (f"{ONE} {ONE}", "ab cd"),
        (f"p{ONE}", "p"),  # nothing is no secret
        (f"aa{ONE}aa", "aaa"),
        ("plain", "other"),
        (f"{ONE};x", "a;y"),
    ],
)
def test_what_is_not_clear_is_not_guessed(masked, real):
    with pytest.raises(Unclear):
        values([masked], [real])


def test_a_hostile_line_takes_no_time():
    masked = ",".join(f"<secret:p:{number}>" for number in range(200)) + "Y"
    before = time.monotonic()
    for real in ("a" + ",a" * 20_000 + "X", "a" + ",a" * 20_000 + "Y"):
        with pytest.raises(Unclear):
            values([masked], [real])
    assert time.monotonic() - before < 1.0


@settings(max_examples=60)
@given(st.lists(st.text("ab,", min_size=1, max_size=4), min_size=1, max_size=4), st.sampled_from([",", "a", ";", ""]))
def test_what_is_found_gives_the_line_back(secrets, between):
    names = [f"<secret:p:{number}>" for number in range(len(secrets))]
    masked, real = between.join(names), between.join(secrets)
    try:
        found = values([masked], [real])
    except Unclear:
        return
    assert restored([masked], found) == (real,)
    if ";" in between:
        assert list(found.values()) == secrets
