from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes.learning.account import Outcome, Resolved
from manyeyes.learning.situation import Situation
from manyeyes.state import posteriors as module
from manyeyes.state.database import Database
from manyeyes.state.posteriors import FEEDBACK, RESOLVED_EACH, RESOLVED_MOST, Explored, Posteriors, UnknownRun

HERE = Situation("code_review", "python", "short")
NOON = 1_795_392_000.0 + 43_200
DAY = 86_400.0


class Clock:
    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now


def outcome(quality=1.0, model="a:one", weight=1.0, **more) -> Outcome:
    return Outcome(
        **{"situation": HERE, "cost_usd": 0.02, "seconds": 3.0, "answers": 1, **more},
        model=model,
        quality=quality,
        weight=weight,
    )


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def kept(tmp_path, clock):
    """Opens what is kept, as another process would."""
    opened = []

    def open_() -> Posteriors:
        opened.append(Database(tmp_path / "state.db", clock=clock))
        return Posteriors(opened[-1])

    yield open_
    for database in opened:
        database.close()


def mean(posteriors, model="a:one", where=HERE):
    return posteriors.load().of(where)[model].mean


def test_what_was_learned_is_there_after_a_restart_and_in_other_processes(kept):
    one, other = kept(), kept()
    one.add("r-1", [outcome(1.0)])
    other.add("r-2", [outcome(0.0)])
    one.add("r-3", [outcome(1.0)])
    for posteriors in (one, other, kept()):
        record = posteriors.load().of(HERE)["a:one"]
        assert (record.trials, record.quality) == (3.0, 2.0)
        assert (record.calls, record.cost_usd) == (3.0, pytest.approx(0.06))
        assert (record.timed, record.seconds) == (3.0, 9.0)
        assert posteriors.load().of(HERE.broader)["a:one"].trials == 3.0


def test_a_run_is_taken_in_once(kept):
    posteriors = kept()
    posteriors.add("r-1", [outcome(1.0)])
    posteriors.add("r-1", [outcome(0.0)])
    assert (posteriors.load().of(HERE)["a:one"].trials, mean(posteriors)) == (1.0, 1.0)


def test_what_nobody_judged_is_kept_with_cost_and_time_alone(kept):
    posteriors = kept()
    posteriors.add("r-1", [outcome(None, weight=0.0)])
    record = posteriors.load().of(HERE)["a:one"]
    assert (record.trials, record.mean, record.calls, record.timed) == (0.0, None, 1.0, 1.0)


def test_a_model_that_changed_is_judged_by_what_came_since(kept):
    posteriors = kept()
    for number in range(40):
        posteriors.add(f"r-{number}", [outcome(1.0 if number < 25 else 0.0)])
    record = posteriors.load().of(HERE)["a:one"]
    assert record.mean < 0.25  # of all of them 0.63 were good
    assert record.trials < 20


@settings(max_examples=25, deadline=None)
@given(
    before=st.lists(st.booleans(), max_size=60),
    verdicts=st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_feedback_moves_a_posterior_by_a_bounded_amount_and_a_run_counts_once(before, verdicts):
    posteriors = Posteriors(Database(None))
    for number, good in enumerate([*before, True]):
        posteriors.add(f"r-{number}", [outcome(float(good))])
    was = posteriors.load().of(HERE)["a:one"]
    for good in verdicts:
        assert posteriors.say("r-0", good=good) == ("a:one",)
    now = posteriors.load().of(HERE)["a:one"]
    assert now.trials == pytest.approx(was.trials + FEEDBACK)
    assert now.quality == pytest.approx(was.quality + FEEDBACK * verdicts[-1])
    assert abs(now.mean - was.mean) <= FEEDBACK / (was.trials + FEEDBACK) + 1e-9


def test_feedback_is_shared_among_the_models_that_worked(kept):
    posteriors = kept()
    posteriors.add("r-1", [outcome(None, weight=0.0), outcome(None, model="b:two", weight=0.0)])
    posteriors.add("r-1b", [outcome(None, model="c:three", weight=0.0, answers=0)])
    assert posteriors.say("r-1", good=False) == ("a:one", "b:two")
    known = posteriors.load().of(HERE)
    assert [known[name].trials for name in ("a:one", "b:two", "c:three")] == [FEEDBACK / 2, FEEDBACK / 2, 0.0]
    assert known["a:one"].mean == 0.0


@pytest.mark.parametrize("run_id", ["r-404", "", "r-\udcff", "r-ä"])
def test_feedback_on_a_run_that_nobody_knows_is_refused(kept, run_id):
    with pytest.raises(UnknownRun):
        kept().say(run_id, good=True)


def test_what_was_said_before_a_model_changed_is_forgotten_with_the_rest(kept, clock):
    posteriors = kept()
    posteriors.add("r-first", [outcome(1.0)])
    posteriors.say("r-first", good=True)
    for number in range(40):
        clock.now += 60
        posteriors.add(f"r-{number}", [outcome(1.0 if number < 25 else 0.0)])
    forgotten = posteriors.load().of(HERE)["a:one"].trials
    assert forgotten < 20
    posteriors.say("r-39", good=True)
    assert posteriors.load().of(HERE)["a:one"].trials == forgotten + FEEDBACK
    assert posteriors._database.read("SELECT count(*) FROM feedback") == [(2,)]


def gone(*findings, run="r-0", model="a:one", kind=HERE.kind) -> list[Resolved]:
    return [Resolved(run, kind, model, one) for one in findings]


@settings(max_examples=25, deadline=None)
@given(
    before=st.lists(st.booleans(), max_size=30),
    told=st.lists(st.lists(st.sampled_from(["F-1", "F-2", "F-3", "F-4", "F-5", "F-6"]), max_size=6), max_size=5),
)
def test_findings_that_were_resolved_count_once_each_and_are_bounded_in_a_run(before, told):
    posteriors = Posteriors(Database(None))
    for number, good in enumerate([True, *before]):
        posteriors.add(f"r-{number}", [outcome(float(good))])
    was = posteriors.load().of(HERE)["a:one"]
    for number, findings in enumerate(told):
        posteriors.add(f"r-later-{number}", [], gone(*findings))
    known = posteriors.load()
    different = len({one for findings in told for one in findings})
    weight = min(RESOLVED_EACH * different, RESOLVED_MOST)
    for situation in (HERE, HERE.broader):
        now = known.of(situation)["a:one"]
        assert (now.trials - was.trials, now.quality - was.quality) == (pytest.approx(weight), pytest.approx(weight))
        assert known.resolved.get(situation, {}) == ({"a:one": different} if different else {})


def test_a_finding_that_comes_back_and_goes_again_counts_once(kept):
    posteriors = kept()
    for run in ("r-0", "r-1"):
        posteriors.add(run, [outcome(None, weight=0.0)])
        posteriors.add(f"{run} later", [], gone("F-1", run=run))
    assert kept().load().of(HERE)["a:one"].trials == RESOLVED_EACH


def test_what_was_resolved_speaks_for_who_had_named_it_where_it_worked(kept):
    other = Situation("code_review", "go", "short")
    posteriors = kept()
    posteriors.add("r-0", [outcome(None, weight=0.0), outcome(None, weight=0.0, situation=other)])
    posteriors.add("r-0b", [outcome(None, model="b:two", weight=0.0, answers=0)])
    posteriors.add("r-1", [], [*gone("F-1"), *gone("F-2", run="r-unknown"), *gone("F-3", model="c:three")])
    posteriors.add("r-2", [], [*gone("F-4", kind="doc_generator"), *gone("F-5", run="r-0b", model="b:two")])
    known = posteriors.load()
    assert [known.of(where)["a:one"].trials for where in (HERE, other)] == [RESOLVED_EACH / 2] * 2
    assert known.of(HERE.broader)["a:one"].trials == pytest.approx(RESOLVED_EACH)
    assert known.resolved[HERE.broader] == {"a:one": 1}
    assert known.of(HERE)["b:two"].trials == 0.0
    assert "c:three" not in known.of(HERE)


def test_what_a_model_named_before_it_changed_is_forgotten_with_the_rest(kept, clock):
    posteriors = kept()
    posteriors.add("r-0", [outcome(1.0)])
    for number in range(1, 40):
        clock.now += 60
        posteriors.add(f"r-{number}", [outcome(1.0 if number < 25 else 0.0)])
    was = posteriors.load().of(HERE)["a:one"].trials
    posteriors.add("r-a", [], gone("F-1"))
    assert posteriors.load().of(HERE)["a:one"].trials == was
    posteriors.add("r-b", [], gone("F-2", run="r-39"))
    assert posteriors.load().of(HERE)["a:one"].trials == was + RESOLVED_EACH


def test_exploring_keeps_to_its_share_and_its_money_over_all_processes(kept, clock):
    one, other = kept(), kept()
    granted = [(one if number % 2 else other).explore(0.3, share=0.1, usd_per_day=1.0) for number in range(100)]
    # The first ten choices leave no room for one that explores; ten later it has, until a dollar is spent.
    assert [number for number, yes in enumerate(granted, 1) if yes] == [10, 20, 30]
    assert one.load().explored == Explored(100, 3, pytest.approx(0.9))
    clock.now += DAY
    assert one.load().explored == Explored(100, 3, 0.0)
    assert other.explore(0.3, share=0.1, usd_per_day=1.0)
    clock.now += 31 * DAY
    assert one.load().explored == Explored(0, 0, 0.0)


@given(st.integers(0, 500), st.floats(0, 0.5), st.integers(0, 50))
def test_exploring_never_exceeds_its_share_or_what_is_granted_at_first(choices, share, first):
    explored = 0
    for number in range(choices):
        explored += Explored(number, explored).may(0.0, share=share, usd_per_day=0.0, first=first)
    assert explored <= max(share * choices, first if share else 0)
    assert not Explored(choices, 0, 1.0).may(0.1, share=share, usd_per_day=1.0, first=first)


def test_another_process_that_writes_delays_what_was_learned_and_loses_nothing(kept, monkeypatch):
    monkeypatch.setattr(module, "_WAIT_S", 0.02)
    one, other = kept(), kept()
    one.add("r-1", [outcome()])
    other.load()
    held = one._database._connection
    held.execute("BEGIN IMMEDIATE")
    other.add("r-2", [outcome()])
    assert not other.explore(0.1, share=0.5, usd_per_day=9.0)
    held.execute("ROLLBACK")
    other.add("r-3", [outcome()])
    assert other.load().of(HERE)["a:one"].trials == 3.0


def test_all_of_it_is_bounded_in_age_and_in_number(kept, clock, monkeypatch):
    monkeypatch.setattr(module, "KEPT_OUTCOMES", 5)
    monkeypatch.setattr(module, "KEPT_POSTERIORS", 4)
    posteriors = kept()
    for number in range(8):
        clock.now += 1
        posteriors.add(f"r-{number}", [outcome(model=f"a:{number}")])
        posteriors.say(f"r-{number}", good=True)
    posteriors._database.transact(posteriors._tidy)
    assert len(posteriors.outcomes()) == 5
    assert len(posteriors._database.read("SELECT run_id FROM feedback")) == 5
    assert len(posteriors._database.read("SELECT model FROM posteriors")) == 4
    clock.now += 91 * DAY
    posteriors.add("r-later", [], gone("F-1"))
    clock.now += 91 * DAY
    posteriors._database.transact(posteriors._tidy)
    assert posteriors._database.read("SELECT * FROM resolutions") == []
    assert posteriors.outcomes() == []
    assert posteriors.load().records == {}


def test_outcomes_come_back_as_they_were(kept):
    posteriors = kept()
    told = [outcome(0.5, explored=True), outcome(None, model="b:two", weight=0.0, cost_usd=None, seconds=None)]
    posteriors.add("r-1", told)
    assert posteriors.outcomes() == told
    assert posteriors.outcomes(NOON + 1) == []
