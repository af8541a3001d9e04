"""What a judgement tells of models: of single answers, and of claims before others."""

from __future__ import annotations

from collections import Counter

import pytest

from manyeyes.learning.account import Signal
from manyeyes_tools.chunks import Chunk
from manyeyes_tools.claims import NOWHERE, Claim, Heard, ReviewAnswer
from manyeyes_tools.exchange import Outcome
from manyeyes_tools.findings import Finding, Severity, Suggestion
from manyeyes_tools.outcomes import tell_answer, tell_panel, tell_resolved, tell_scrutiny
from manyeyes_tools.scrutiny import Scrutiny

CHUNK = Chunk(text="x", places=(("a.py", 1, 9),))


class Told:
    def __init__(self):
        self.told = []

    def outcome(self, model, kind, signal, quality):
        self.told.append((model, kind, signal, quality))

    def resolved(self, one):
        self.told.append((one.model, one.run_id, one.finding))


def claim(**more) -> Claim:
    fields = {"path": "a.py", "quote": "x = 1", "line": 1, "title": "t", "severity": "low", "category": "bug"}
    return Claim(**{**fields, "explanation": "e", "confidence": 0.5, **more})


def finding(id_="f-1", *, sources=("a:one",), severity=Severity.LOW, **more) -> Finding:
    return Finding(
        id=id_,
        title="t",
        severity=severity,
        category="bug",
        path="a.py",
        start_line=3,
        end_line=3,
        quote="x = 1",
        explanation="e",
        confidence=0.9,
        sources=list(sources),
        **more,
    )


def heard(claims=(), findings=(), lost=0) -> Heard:
    answer = ReviewAnswer(summary="s", verdict="comment", findings=list(claims))
    return Heard("a:one", answer, tuple(findings), Counter({NOWHERE: lost} if lost else {}))


GRAVE = finding("e-1", sources=["ruff:S102"], severity=Severity.HIGH)
PATCH = {"search": "x = 1", "replace": "x = 2"}


@pytest.mark.parametrize(
    ("answer", "evidence", "meant"),
    [
        (heard(), [], {}),
        (heard(), [GRAVE], {Signal.HELD_UP: 0.0}),
        (heard([claim(), claim()], [finding()], lost=1), [], {Signal.ANCHORED: 0.5, Signal.HELD_UP: 1.0}),
        (heard([claim()], lost=1), [], {Signal.ANCHORED: 0.0, Signal.HELD_UP: 0.0}),
        (heard([claim()], [finding()]), [GRAVE], {Signal.ANCHORED: 1.0, Signal.HELD_UP: 1.0}),
        (
            heard(
                [claim(**PATCH), claim(**PATCH), claim()],
                [finding(suggestion=Suggestion(explanation="", patch="p", applies=True)), finding()],
            ),
            [],
            {Signal.ANCHORED: 1.0, Signal.HELD_UP: 1.0, Signal.PATCHES: 0.5},
        ),
    ],
)
def test_what_one_answer_shows_by_itself(answer, evidence, meant):
    told = Told()
    tell_answer(told, "code_review", answer, CHUNK, evidence)
    assert {(model, kind) for model, kind, *_ in told.told} <= {("a:one", "code_review")}
    assert {signal: quality for _, _, signal, quality in told.told} == meant


BEFORE = [
    finding("f-1", sources=["a:one", "b:two"]),
    finding("f-2", sources=["a:one", "ruff:S102"]),
    finding("f-3", sources=["b:two"]),
    finding("f-4", sources=["b:two"]),
    finding("f-5", sources=["c:three"]),
]
LOOKED = Scrutiny(
    [],
    outcomes={
        "f-1": Outcome.CONFIRMED,
        "f-2": Outcome.REFUTED,
        "f-3": Outcome.CONFIRMED,
        "f-4": Outcome.DISPUTED,
        "f-5": Outcome.HELD,
    },
)


def test_what_others_make_of_a_claim_speaks_of_those_who_made_it():
    told = Told()
    tell_scrutiny(told, "code_review", BEFORE, LOOKED)
    assert sorted((model, quality) for model, _, signal, quality in told.told if signal is Signal.UPHELD) == [
        ("a:one", 0.0),
        ("a:one", 1.0),
        ("b:two", 0.4),
        ("b:two", 1.0),
        ("b:two", 1.0),
    ]


def test_a_member_of_a_panel_is_measured_by_what_it_had_found_of_what_stands():
    told = Told()
    tell_panel(told, "code_review", ["a:one", "b:two", "c:three"], BEFORE, LOOKED)
    assert [(model, signal, quality) for model, _, signal, quality in told.told] == [
        ("a:one", Signal.FOUND, 0.5),
        ("b:two", Signal.FOUND, 1.0),
        ("c:three", Signal.FOUND, 0.0),
    ]
    nothing = Told()
    tell_panel(nothing, "code_review", ["a:one"], BEFORE, Scrutiny([]))
    assert nothing.told == []


def test_what_an_engine_had_found_is_no_models_merit_once_it_is_mended() -> None:
    told = Told()
    mended = [
        (finding("f-1", sources=["a:one", "b:two"]), "r-1"),
        (finding("e-1", sources=["a:one", "ruff:S102"]), "r-1"),
        (finding("e-2", sources=["a:one", "bandit/B307"]), "r-1"),
    ]
    tell_resolved(told, "code_review", mended)
    assert told.told == [("a:one", "r-1", "f-1"), ("b:two", "r-1", "f-1")]
