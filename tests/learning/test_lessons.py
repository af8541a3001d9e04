from __future__ import annotations

import pytest

from manyeyes.learning.account import Outcome
from manyeyes.learning.record import Record
from manyeyes.learning.situation import Situation
from manyeyes.monitor.learning import METHOD, fold_lessons, lessons_json, render_lessons
from manyeyes.settings import Learning
from manyeyes.state.posteriors import Explored, Knowledge

KIND = Situation("code_review")
HERE = Situation("code_review", "python", "short")


def record(mean, usd, trials=50.0) -> Record:
    return Record(trials=trials, quality=mean * trials, calls=trials, cost_usd=usd * trials, timed=1.0, seconds=2.0)


def outcome(model, quality, usd, **more) -> Outcome:
    return Outcome(
        **{"situation": HERE, "weight": 1.0, "answers": 1, **more}, model=model, quality=quality, cost_usd=usd
    )


KNOWN = {"a:dear": record(0.9, 0.5), "b:cheap": record(0.85, 0.05)}


def test_what_was_saved_is_told_against_the_best_single_model_with_the_method():
    knowledge = Knowledge({KIND: KNOWN, HERE: {"a:dear": record(0.9, 0.4)}}, Explored(20, 2, 0.1))
    outcomes = [
        outcome("a:dear", 1.0, 0.4),
        outcome("b:cheap", 0.8, 0.1, answers=3),
        outcome("b:cheap", None, 0.1),
        outcome("a:dear", 0.5, None),
    ]
    told = lessons_json(fold_lessons(knowledge, outcomes, Learning(usd=0.0)))
    assert told["saved"] == {
        "against": "a:dear",
        "outcomes": 2,
        "quality": pytest.approx(0.0),
        "usd": pytest.approx(3 * 0.3),
        "utility": pytest.approx(0.0),
        "method": METHOD,
    }
    assert (told["choices"], told["explored"]) == (20, 2)
    # Where a dollar is dear, the cheap one is the best, and the other's quality was dearly bought.
    saved = fold_lessons(knowledge, outcomes, Learning(usd=1.0)).saved
    assert saved.best == "b:cheap"
    assert saved.quality == pytest.approx(0.9 - 0.85)
    assert saved.usd == pytest.approx(0.05 - 0.4 + 3 * (0.05 - 0.1))
    assert saved.utility == pytest.approx(0.05 + (0.05 - 0.4 + 0.05 - 0.1) / 2)


@pytest.mark.parametrize(
    ("knowledge", "outcomes"),
    [
        (Knowledge({KIND: {"a:dear": record(0.9, 0.5, trials=19.0)}}), [outcome("a:dear", 1.0, 0.4)]),
        (Knowledge({KIND: KNOWN}), []),
        (Knowledge({KIND: KNOWN}), [outcome("a:dear", None, 0.4)]),
    ],
)
def test_nothing_is_said_of_savings_while_too_little_is_known(knowledge, outcomes):
    lessons = fold_lessons(knowledge, outcomes, Learning())
    assert lessons.saved is None
    assert "often enough" in render_lessons(lessons)
    assert lessons_json(lessons)["saved"] is None


def test_people_see_what_was_learned_and_how_the_saving_was_estimated():
    records = {KIND: {**KNOWN, "c:new": Record()}}
    text = render_lessons(fold_lessons(Knowledge(records), [outcome("b:cheap", 0.8, 0.1)], Learning()))
    assert "b:cheap" in text
    assert "0.85 ± 0.05" in text
    assert "$0.0500" in text
    assert "Against always b:cheap, over 1 outcomes: quality -0.050, spent $0.0500" in text
    assert METHOD in text
    assert "code_review   c:new    0.0       -" in text
    assert render_lessons(fold_lessons(Knowledge(), [], Learning())).startswith("Nothing was learned yet")
