"""Reports of several observers become weaknesses with a probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes_tools.agreement.alignment import REACH, align, kin_of
from manyeyes_tools.agreement.belief import FEATURES, features, shipped
from manyeyes_tools.agreement.reports import Report

if TYPE_CHECKING:
    import random

PANEL = ("gpt-5.5", "claude-opus-4-7", "gemini-3.1-pro")


def report(observer: str, line: int, cwe: str = "CWE-89", path: str = "app.py") -> Report:
    return Report(observer, path, line, cwe, "high")


def test_one_weakness_under_two_numbers_of_one_kind_is_one() -> None:
    (one,) = align([report("a", 40, "CWE-284"), report("b", 47, "CWE-862"), report("c", 41, "CWE-306")], "abc")
    assert one.observers == {"a", "b", "c"}
    assert one.line == 41


def test_what_one_observer_reports_twice_are_two_weaknesses_and_pairs_are_made_nearest_first() -> None:
    groups = align([report("a", 10), report("a", 14), report("b", 11), report("b", 15)], "ab")
    assert [sorted(one.line for one in group.reports) for group in groups] == [[10, 11], [14, 15]]


@pytest.mark.parametrize(
    "other",
    [report("b", 10 + REACH + 1), report("b", 10, "CWE-79"), report("b", 10, path="other.py")],
    ids=["too far away", "another kind", "another file"],
)
def test_other_weaknesses_stay_apart(other: Report) -> None:
    assert len(align([report("a", 10), other], "ab")) == 2


reports = st.lists(
    st.builds(
        Report,
        st.sampled_from(PANEL),
        st.sampled_from(["a.py", "b.py"]),
        st.integers(1, 60),
        st.sampled_from(["CWE-89", "CWE-943", "CWE-79", "CWE-862", "CWE-4711"]),
        st.sampled_from(["high", "medium", "low"]),
    ),
    max_size=25,
)


@given(reports, st.randoms(use_true_random=False))
def test_no_report_is_lost_none_counts_twice_and_order_does_not_matter(
    given: list[Report], dice: random.Random
) -> None:
    groups = align(given, PANEL)
    assert sorted(one for group in groups for one in group.reports) == sorted(set(given))
    assert all(len(group.observers) == len(group.reports) for group in groups)
    mixed = list(given)
    dice.shuffle(mixed)
    assert align(mixed, PANEL) == groups


@given(reports)
def test_probabilities_are_probabilities_and_the_surest_come_first(given: list[Report]) -> None:
    sure = [one.probability for one in shipped().settle(given, PANEL)]
    assert all(0 < one < 1 for one in sure)
    assert sure == sorted(sure, reverse=True)


def test_agreement_makes_sure_and_silence_unsure() -> None:
    def sure(*observers: str) -> float:
        (one,) = shipped().settle([report(name, 12) for name in observers], PANEL)
        return one.probability

    alone, two, three = sure(PANEL[2]), sure(*PANEL[1:]), sure(*PANEL)
    assert alone < two < three
    assert three > 0.9
    assert alone < 0.75


def test_a_lone_report_beside_a_better_supported_one_counts_less() -> None:
    common = [report(name, 12) for name in PANEL]
    with_neighbour = shipped().settle([*common, report(PANEL[0], 12, "CWE-94")], PANEL)
    (by_itself,) = shipped().settle([report(PANEL[0], 12, "CWE-94")], PANEL)
    assert with_neighbour[-1].cwe == "CWE-94"
    assert with_neighbour[-1].probability < by_itself.probability


def test_the_number_most_observers_gave_wins() -> None:
    (one,) = shipped().settle(
        [report(PANEL[0], 12, "CWE-284"), report(PANEL[1], 13, "CWE-639"), report(PANEL[2], 16, "CWE-639")], PANEL
    )
    assert (one.cwe, one.line) == ("CWE-639", 13)


def test_models_are_known_with_vendor_and_date_and_unknown_ones_count_as_average() -> None:
    known = shipped().experience
    assert known.of("anthropic:claude-opus-4-7-20260301") == known.skills["claude-opus-4-7"]
    assert known.of("openrouter:z-ai/glm-5.1") == known.skills["glm-5.1"]
    assert known.of("box:mystery") == known.skill


def test_features_have_names_and_every_coefficient_is_there() -> None:
    belief = shipped().belief
    assert len(belief.weights) == len(belief.means) == len(belief.scales) == len(FEATURES)
    groups = align([report(PANEL[0], 3)], PANEL)
    (row,) = features(groups, PANEL, shipped().experience, [Report("semgrep", "app.py", 5, "CWE-89")])
    assert row[FEATURES.index("engine")] == 1.0
    assert row[FEATURES.index("alone")] == 1.0


def test_kin_is_wider_than_a_family_and_unknown_numbers_are_akin_to_themselves() -> None:
    assert kin_of("CWE-287") == kin_of("CWE-639")
    assert kin_of("CWE-4711") != kin_of("CWE-4712")
