from __future__ import annotations

import random

import pytest

from manyeyes_tools.findings import Finding, Severity
from manyeyes_tools.questions import OTHERWISE, QUESTIONS, question_for
from manyeyes_tools.security.panel import agreed
from manyeyes_tools.weaknesses import WEAKNESSES

PANEL = ["anthropic:claude-opus-5-5", "google:gemini-4", "openai:gpt-6"]


def finding(source, line=10, cwe="CWE-89", **more):
    fields = {
        "id": f"F-{source[:2]}{line}{cwe}",
        "title": "t",
        "severity": Severity.HIGH,
        "category": "security",
        "path": "a.py",
        "start_line": line,
        "end_line": line,
        "quote": "q",
        "explanation": f"by {source}",
        "cwe": cwe,
        "confidence": 0.8,
        "sources": [source],
    }
    return Finding(**{**fields, **more})


def test_more_who_agree_make_it_surer_and_an_engine_does_too():
    alone = agreed([], [finding(PANEL[0])], PANEL)
    two = agreed([], [finding(name) for name in PANEL[:2]], PANEL)
    all_of_them = agreed([], [finding(name) for name in PANEL], PANEL)
    held = agreed([finding("manyeyes:sql-injection")], [finding(name) for name in PANEL], PANEL)
    sure = [one.confidence for (one,) in (alone, two, all_of_them)]
    assert sure == sorted(sure)
    assert sure[-1] > sure[0] + 0.2
    assert held[0].id == "F-ma10CWE-89"
    assert set(held[0].sources) == {"manyeyes:sql-injection", *PANEL}


def test_one_weakness_under_two_numbers_is_one_finding():
    (one,) = agreed([], [finding(PANEL[0], 10, "CWE-862"), finding(PANEL[1], 14, "CWE-284")], PANEL)
    assert one.cwe in {"CWE-862", "CWE-284"}
    assert one.start_line in {10, 14}


def test_what_engines_alone_report_keeps_its_confidence():
    (one,) = agreed([finding("manyeyes:sql-injection", confidence=0.63)], [], PANEL)
    assert one.confidence == 0.63


def test_the_order_makes_no_difference():
    chance = random.Random(1)
    engines = [finding("manyeyes:sql-injection", line, confidence=0.6) for line in (10, 40, 80)]
    models = [finding(name, line, cwe) for name in PANEL for line in (11, 41, 90) for cwe in ("CWE-89", "CWE-862")]
    models.append(finding(PANEL[0], 5, cwe=None))
    first = agreed(engines, models, PANEL)
    for _ in range(5):
        chance.shuffle(engines)
        chance.shuffle(models)
        assert agreed(engines, models, chance.sample(PANEL, 3)) == first
    assert len({one.id for one in first}) == len(first)


@pytest.mark.parametrize("family", sorted(QUESTIONS))
def test_every_question_belongs_to_a_family_there_is(family):
    assert family in {one.family for one in WEAKNESSES.values()}


def test_most_weaknesses_of_the_top_ten_have_a_question_of_their_own():
    listed = [one.cwe for one in WEAKNESSES.values() if one.owasp]
    asked = [cwe for cwe in listed if question_for(cwe) is not OTHERWISE]
    assert len(asked) >= 0.9 * len(listed)


def test_an_unknown_weakness_is_asked_about_too():
    assert question_for("CWE-99999") is question_for(None) is OTHERWISE
