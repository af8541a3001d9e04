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
