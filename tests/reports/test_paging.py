from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.results import Run
from manyeyes_tools.findings import Finding, ReviewResult, Severity, Suggestion
from manyeyes_tools.reports.paging import clipped, pages

ROOM = 6_000
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


def a_finding(number: int, size: int, text: str = "x") -> Finding:
    return Finding(
        id=f"F-{number}",
        title=text,
        severity=Severity.LOW,
        category="style",
        path="a.py",
        start_line=number + 1,
        end_line=number + 1,
        quote="q" * size,
        explanation="ü" * size,
        confidence=0.5,
        sources=["ruff"],
        suggestion=Suggestion(explanation=text, patch="+" * size, applies=True),
    )


def a_review(findings: list[Finding], problems: list[str]) -> ReviewResult:
    run = Run(id="r-1", models=[], route=[], attempts=[], cost_usd=0.0, seconds=1.0)
    return ReviewResult(status="complete", summary="s", problems=problems, run=run, findings=findings)


@given(st.lists(st.tuples(st.integers(0, 8_000), TEXT), max_size=12), st.lists(TEXT, max_size=300))
def test_parts_fit_and_together_hold_every_finding(sizes, problems):
    whole = a_review([a_finding(number, size, text) for number, (size, text) in enumerate(sizes)], problems)
    seen, start = [], 0
    while True:
        part, following, total = pages(whole, start, ROOM)
        assert total == len(sizes)
        assert len(part.model_dump_json().encode()) <= ROOM
        seen += [finding.id for finding in part.findings]
        if following >= total:
            break
        assert following > start
        start = following
    assert seen == [finding.id for finding in whole.findings]


def test_a_result_that_fits_is_left_as_it_is():
    whole = a_review([a_finding(0, 10), a_finding(1, 10)], ["one"])
    assert pages(whole, 0, ROOM) == (whole, 2, 2)


def test_what_is_shortened_says_so():
    finding = pages(a_review([a_finding(0, 50_000)], []), 0, ROOM)[0].findings[0]
    assert "more characters]" in finding.quote
    assert "more characters]" in finding.explanation
    assert finding.suggestion.patch is None
    assert finding.suggestion.applies is False
    assert "patch of 50000 characters left out" in finding.suggestion.explanation


def test_very_many_problems_are_counted():
    part, _, _ = pages(
        a_review([a_finding(0, 10)], [f"file {number} cannot be read" for number in range(900)]), 0, ROOM
    )
    assert len(part.findings) == 1
    assert part.problems[0] == "file 0 cannot be read"
    assert part.problems[-1] == f"… and {900 - len(part.problems) + 1} more problems, left out here for length"


@pytest.mark.parametrize(("start", "shown", "following"), [(-5, 2, 2), (1, 1, 2), (2, 0, 2), (99, 0, 2)])
def test_a_start_outside_is_brought_inside(start, shown, following):
    part, at, total = pages(a_review([a_finding(0, 1), a_finding(1, 1)], []), start, ROOM)
    assert (len(part.findings), at, total) == (shown, following, 2)


def test_clipping_keeps_what_fits():
    assert clipped("abc", 3) == "abc"
    assert clipped("abcd", 3) == "abc … [1 more characters]"
