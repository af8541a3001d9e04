from __future__ import annotations

import pytest

from manyeyes.cli import exits

HIGH = [{"severity": "high"}]


def result(status="complete", findings=(), attempts=(), route=()):
    return {"status": status, "findings": list(findings), "run": {"attempts": list(attempts), "route": list(route)}}


@pytest.mark.parametrize(
    ("value", "fail_on", "models", "code"),
    [
        (result(), None, True, 0),
        (result(findings=HIGH), None, True, 0),
        (result(findings=HIGH), "high", True, 1),
        (result(findings=HIGH), "info", True, 1),
        (result(findings=HIGH), "critical", True, 0),
        (result("partial", HIGH), "critical", True, 4),
        (result("partial", HIGH), "high", True, 1),  # findings come before a part that was not done
        (result("partial"), None, False, 4),
        (result("evidence_only", route=["no key"]), None, False, 0),  # no key was given: evidence is all there is
        (result("evidence_only", route=["failed"]), None, True, 4),
        (result("evidence_only", attempts=["500"]), None, False, 4),
        (result("evidence_only"), None, True, 0),  # no model was wanted
        ({"review": result(findings=HIGH), "run": {}}, "high", True, 1),  # findings of a pipeline's steps
        ({"review": result(), "security": result(findings=[{"severity": "low"}])}, "medium", True, 0),
        (None, "info", True, 0),
    ],
)
def test_the_exit_code_tells_what_happened(value, fail_on, models, code):
    assert exits.code_for(value, fail_on=fail_on, models_at_hand=models) == code


@pytest.mark.parametrize(
    ("sure", "code"),
    [(0.0, 1), (0.44, 1), (0.45, 0), (0.9, 0)],
)
def test_what_is_less_sure_than_asked_does_not_count(sure, code):
    value = result(findings=[{"severity": "high", "confidence": 0.44}, {"severity": "low", "confidence": 0.95}])
    value["counts"] = {"high": 1, "low": 1}
    assert exits.code_for(value, fail_on="high", models_at_hand=False, sure=sure) == code
    assert exits.code_for({"security": value}, fail_on="high", models_at_hand=False, sure=sure) == code
    assert exits.code_for(value, fail_on="low", models_at_hand=False, sure=sure) == 1
