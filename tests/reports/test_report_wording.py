from __future__ import annotations

import pytest

from manyeyes_tools.findings import Suppressed
from manyeyes_tools.reports import markdown, terminal, wording

KEYLESS = "No model was asked: no OPENAI_API_KEY is set; no ANTHROPIC_API_KEY is set; no GEMINI_API_KEY is set."


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ({"it lies outside the change": 3}, "3 findings are not shown: 3 outside the change."),
        ({"it is too unsure": 1}, "1 finding is not shown: 1 too unsure."),
        ({"its quote is not in the code": 2}, "2 findings are not shown: 2 since its quote is not in the code."),
        ({}, None),
    ],
)
def test_what_is_left_out_is_told_in_words(review, reasons, said):
    held = Suppressed(count=sum(reasons.values()), reasons=reasons)
    assert wording.suppressed(review.model_copy(update={"suppressed": held})) == said


def test_what_is_beyond_the_limit_is_told_with_the_way_to_see_it(review):
    held = Suppressed(count=31, reasons={"there are more than 50": 31})
    text = wording.suppressed(review.model_copy(update={"suppressed": held}))
    assert text.startswith("31 findings are not shown: 31 beyond the limit of 50 (MANYEYES_LIMITS_FINDINGS")


@pytest.mark.parametrize("report", [markdown.report, lambda one: terminal.report(one, colour=False, width=200)])
def test_missing_keys_are_one_line_and_no_failure(review, report):
    text = report(review.model_copy(update={"problems": [KEYLESS, "ruff gave no evidence: it is gone"]}))
    assert "could not be done" in text
    assert "no OPENAI_API_KEY is set" not in text
    line = "No model was asked. To ask one set one of ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENAI_API_KEY, or name"
    assert text.count(line) == 1
    assert "could not be done" not in report(review.model_copy(update={"problems": [KEYLESS]}))


@pytest.mark.parametrize(
    "problem",
    [
        "No model was asked: no OPENAI_API_KEY is set; not on this machine, and privacy is local-only.",
        "No model was asked: no model is configured.",
        "openai:gpt-5.5 failed: 500",
    ],
)
def test_any_other_obstacle_stays_a_problem(review, problem):
    result = review.model_copy(update={"problems": [problem]})
    assert wording.problems(result) == [problem]
    assert wording.remedy(result) is None


def test_one_key_that_is_missing_is_named_alone(review):
    problems = ["no model wrote descriptions: No model was asked: no ANTHROPIC_API_KEY is set."]
    result = review.model_copy(update={"problems": problems})
    assert wording.remedy(result) == "No model was asked. To ask one set ANTHROPIC_API_KEY, or name an endpoint."
    assert wording.problems(result) == []
