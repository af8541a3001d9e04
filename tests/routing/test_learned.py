from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manyeyes.catalog import Catalog
from manyeyes.learning.account import Outcome
from manyeyes.learning.record import Record
from manyeyes.learning.situation import Situation
from manyeyes.prices import Prices
from manyeyes.routing.allocation import Allocation
from manyeyes.routing.router import Router
from manyeyes.settings import Settings
from manyeyes.state.database import Database
from manyeyes.state.posteriors import Explored, Knowledge, Posteriors
from manyeyes.types import Completion, ModelRef, Task, Tier

CLOUD = {"anthropic": False, "openai": False, "google": False}
OPUS, SONNET = "anthropic:claude-opus-5-5", "anthropic:claude-sonnet-5-5"
SOL, LUNA = "openai:gpt-6.1-sol", "openai:gpt-6-luna"
REVIEW = Task(kind="code_review", input_tokens=3_000, output_tokens=8_000, structured=True, language="python")


def record(mean, trials=100.0, usd=0.0) -> Record:
    return Record(trials=trials, quality=mean * trials, calls=trials, cost_usd=usd * trials)


def knowing(explored=None, kind="code_review", **records) -> Knowledge:
    """What is known; `opus=record(…)` and the like."""
    names = {"opus": OPUS, "sonnet": SONNET, "sol": SOL, "luna": LUNA}
    by_name = {names[name]: one for name, one in records.items()}
    return Knowledge({Situation(kind): by_name}, explored or Explored(100, 100, 0.0))


def made(knowledge, **values) -> tuple[Router, Allocation]:
    operator = Settings.model_validate(values)
    prices = Prices.of(operator)
    router = Router.build(Catalog.load().with_settings(operator), CLOUD, operator, prices)
    return router, Allocation(operator.learning, Posteriors(Database(None)), prices, knowledge=knowledge)


def chosen(task, knowledge, **values):
    router, allocation = made(knowledge, **values)
    return router.choose(task, learned=allocation.lesson())


def refs(route) -> list[str]:
    return [str(ref) for ref in route.taken]


@pytest.mark.parametrize(
    "knowledge",
    [
        Knowledge(),
        knowing(sonnet=record(1.0, trials=2.9)),
        knowing(sonnet=record(1.0), kind="doc_generator"),
        Knowledge({Situation("code_review"): {"nobody:knows": record(1.0)}}),
    ],
)
def test_the_rules_alone_decide_until_enough_is_known(knowledge):
    router, _ = made(knowledge)
    assert chosen(REVIEW, knowledge) == router.choose(REVIEW)


def test_the_model_that_is_worth_most_goes_first_and_the_others_stay_as_they_were():
    knowledge = knowing(opus=record(0.7, usd=0.6), sonnet=record(0.7, usd=0.03))
    router, _ = made(knowledge)
    plain, route = refs(router.choose(REVIEW)), chosen(REVIEW, knowledge)
    assert plain[0] == OPUS
    assert refs(route) == [SONNET, *(ref for ref in plain if ref != SONNET)]
    first = route.candidates[0].reason
    assert "fallback: anthropic, balanced; learned to be worth most: expected quality 0.7" in first
    assert first.endswith("$0.03 a call")
    same = record(0.7, usd=0.03)
    known = Knowledge(
        {Situation("code_review"): {OPUS: same}, Situation("code_review", "python", "short"): {OPUS: same}},
        Explored(100, 100, 0.0),
    )
    assert "from 100 outcomes, $0.0" in chosen(REVIEW, known).candidates[0].reason


def test_the_operators_rates_decide_between_good_and_cheap():
    knowledge = knowing(opus=record(0.9, usd=0.5), sonnet=record(0.7, usd=0.05))
    assert refs(chosen(REVIEW, knowledge))[0] == OPUS
    assert refs(chosen(REVIEW, knowledge, learning={"usd": 1.0}))[0] == SONNET


@pytest.mark.parametrize(
    ("task", "values"),
    [
        (Task(kind="code_review", model="claude-opus-5-5", language="python"), {}),
        (Task(kind="code_review", providers=frozenset({"anthropic"}), language="python"), {}),
        (Task(kind="code_review", tier=Tier.FLAGSHIP, language="python"), {}),
        (REVIEW, {"routing": {"code_review": {"vendors": ["anthropic", "openai"], "tier": "flagship"}}}),
        (REVIEW, {"learning": {"least": 101}}),
    ],
)
def test_what_the_caller_or_the_operator_has_named_stands(task, values):
    knowledge = knowing(opus=record(0.2), sonnet=record(1.0))
    router, _ = made(knowledge, **values)
    assert refs(chosen(task, knowledge, **values)) == refs(router.choose(task))


@settings(max_examples=40, deadline=None)
@given(
    quality=st.dictionaries(st.sampled_from(["opus", "sonnet", "sol", "luna"]), st.floats(0, 1)),
    explored=st.sampled_from([Explored(100, 100, 0.0), Explored(1_000, 0, 0.0)]),
    tokens=st.sampled_from([100, 500_000, 950_000]),
    budget=st.sampled_from([None, 0.2]),
    seed=st.integers(0, 5),
)
def test_the_same_models_are_asked_whatever_was_learned(quality, explored, tokens, budget, seed):
    task = Task(kind="code_review", input_tokens=tokens, output_tokens=8_000, language="python")
    knowledge = knowing(explored, **{name: record(mean) for name, mean in quality.items()})
    values = {"budget": {"usd_per_call": budget}, "learning": {"seed": seed}}
    router, _ = made(knowledge, **values)
    plain, route = router.choose(task), chosen(task, knowledge, **values)
    assert sorted(refs(route)) == sorted(refs(plain))
    assert [one for one in route.candidates if not one.taken] == [one for one in plain.candidates if not one.taken]
    assert chosen(task, knowledge, **values) == route


def test_what_is_known_of_a_poor_stand_in_does_not_put_it_first():
    poor = knowing(Explored(100, 100, 0.0), sol=record(0.3))
    assert refs(chosen(REVIEW, poor))[0] == OPUS
    good = knowing(Explored(100, 100, 0.0), sol=record(0.95))
    assert refs(chosen(REVIEW, good))[0] == SOL


def firsts(values, explored, kind="code_review") -> Counter[str]:
    knowledge = knowing(explored, kind, opus=record(0.6, trials=25.0), sol=record(0.59, trials=25.0))
    task = Task(kind=kind, input_tokens=100, language="python")
    return Counter(refs(chosen(task, knowledge, learning={**values, "seed": seed}))[0] for seed in range(40))


def test_chance_tries_others_only_where_it_may():
    free = Explored(1_000, 0, 0.0)
    assert len(firsts({}, free)) > 2
    for values, explored, kind in [
        ({}, Explored(400, 40, 0.0), "code_review"),
        ({"explore_first": 0}, Explored(100, 10, 0.0), "code_review"),
        ({"explore_share": 0.0}, free, "code_review"),
        ({"explore_usd_per_day": 0.5}, Explored(1_000, 0, 0.5), "code_review"),
        ({}, free, "security_scan"),
    ]:
        tried = firsts(values, explored, kind)
        assert len(tried) == 1, (values, explored, kind)
    assert len(firsts({"careful": []}, free, "security_scan")) > 2
    assert len(firsts({}, Explored(40, 39, 0.0))) > 2  # the first tries come before their share counts


def test_a_few_outcomes_let_a_model_lead_but_not_where_nothing_is_tried_out():
    outcomes = {"opus": record(0.2, trials=4.0), "sol": record(1.0, trials=4.0)}
    review = knowing(Explored(1_000, 1_000, 0.0), "code_review", **outcomes)
    assert refs(chosen(REVIEW, review))[0] == "openai:gpt-6.1-sol"
    scan = replace(REVIEW, kind="security_scan")
    turned = {"opus": outcomes["sol"], "sol": outcomes["opus"]}
    few = knowing(Explored(1_000, 1_000, 0.0), "security_scan", **turned)
    assert refs(chosen(scan, few))[0] == "openai:gpt-6.1-sol"
    many = knowing(Explored(), "security_scan", opus=record(1.0, trials=20.0), sol=record(0.2, trials=20.0))
    assert refs(chosen(scan, many))[0] == OPUS


def exploring(knowledge) -> tuple[Router, Allocation]:
    for seed in range(100):
        router, allocation = made(knowledge, learning={"seed": seed, "explore_first": 0})
        lesson = allocation.lesson()
        router.choose(REVIEW, learned=lesson)
        if lesson.plan(REVIEW).explores:
            return router, allocation
    raise AssertionError("nothing was tried out")


def test_exploring_is_given_up_where_the_store_does_not_grant_it():
    knowledge = knowing(Explored(1_000, 0, 0.0), opus=record(0.6, trials=25.0))
    router, allocation = exploring(knowledge)
    lesson = allocation.lesson()
    tried = router.choose(REVIEW, learned=lesson)
    assert "tried out" in tried.candidates[0].reason
    # The store has counted nothing yet, so that one of one would explore.
    assert lesson.ask(REVIEW, None)
    after = router.choose(REVIEW, learned=lesson)
    assert refs(after)[0] == OPUS
    assert "tried out" not in after.candidates[0].reason
    assert not lesson.ask(REVIEW, None)
    assert allocation.posteriors.load().explored == Explored(1, 0, 0.0)


def test_what_was_granted_is_counted_once_for_a_run_and_marks_the_outcome():
    knowledge = knowing(Explored(1_000, 0, 0.0), opus=record(0.6, trials=25.0))
    router, allocation = exploring(knowledge)
    for _ in range(9):
        allocation.posteriors.chose()
    lesson = allocation.lesson()
    first = router.choose(REVIEW, learned=lesson).taken[0]
    assert not lesson.ask(REVIEW, None)
    assert not lesson.ask(REVIEW, None)
    lesson.answered(REVIEW, Completion(ref=first, text=""), cost_usd=0.01, seconds=1.0)
    allocation.keep("r-1", lesson)
    (one,) = allocation.posteriors.outcomes()
    assert one.explored
    known = allocation.posteriors.load().explored
    assert (known.choices, known.explored) == (10, 1)


def test_a_run_keeps_to_its_plan_and_the_next_sees_what_it_has_shown():
    router, allocation = made(knowing(opus=record(0.5, usd=0.2)))
    lesson = allocation.lesson()
    assert refs(router.choose(REVIEW, learned=lesson))[0] == OPUS
    allocation.knowledge = knowing(opus=record(0.1), sol=record(0.9))
    grown = Task(kind="code_review", input_tokens=60_000, language="python")
    assert refs(router.choose(grown, learned=lesson))[0] == OPUS
    assert refs(router.choose(grown, learned=allocation.lesson()))[0] == SOL
    lesson.answered(REVIEW, Completion(ref=ModelRef.parse(OPUS), text=""), cost_usd=0.1, seconds=1.0)
    lesson.answered(grown, Completion(ref=ModelRef.parse(OPUS), text=""), cost_usd=0.1, seconds=1.0)
    assert not allocation.stale or allocation._read_at is None
    allocation.keep("r-1", lesson)
    assert [one.situation for one in allocation.posteriors.outcomes()] == [Situation("code_review", "python", "short")]


def test_a_conversation_that_went_on_with_another_vendor_stays_with_its_model():
    router, allocation = made(knowing(sonnet=record(1.0), luna=record(0.9), opus=record(0.1)))
    lesson = allocation.lesson()
    assert refs(router.choose(REVIEW, learned=lesson))[0] == SONNET
    at_home = {name: replace(REVIEW, providers=frozenset({name})) for name in ("anthropic", "openai")}
    assert refs(router.choose(at_home["anthropic"], learned=lesson))[0] == SONNET
    assert refs(router.choose(at_home["openai"], learned=lesson))[0] == SOL


def test_a_model_that_cannot_do_the_task_does_not_lead():
    knowledge = knowing(luna=record(1.0), opus=record(0.9), sonnet=record(0.1))
    router, allocation = made(knowledge)
    huge = Task(kind="code_review", input_tokens=950_000, language="python")
    plain = refs(router.choose(huge))
    assert LUNA not in plain
    assert refs(router.choose(huge, learned=allocation.lesson()))[0] == OPUS


def test_little_is_learned_at_first_and_much_in_the_end():
    """From the rules' first choice, which is bad, to the best, through exploring within its bounds."""
    router, allocation = made(Knowledge(), learning={"explore_usd_per_day": 100.0})
    truth = {OPUS: 0.2, SOL: 0.9}
    first: list[str] = []
    for number in range(600):
        allocation.refresh()
        lesson = allocation.lesson()
        router.choose(REVIEW, learned=lesson)
        lesson.ask(REVIEW, None)
        ref = router.choose(REVIEW, learned=lesson).taken[0]
        first.append(str(ref))
        quality = float((number * 0.618034) % 1 < truth.get(str(ref), 0.3))
        allocation.posteriors.add(
            f"r-{number}",
            [
                Outcome(
                    situation=Situation("code_review", "python", "short"),
                    model=str(ref),
                    quality=quality,
                    weight=1.0,
                    cost_usd=0.01,
                    seconds=1.0,
                    answers=1,
                )
            ],
        )
    assert set(first[:3]) == {OPUS}
    assert Counter(first[-100:])[SOL] >= 80
    explored = allocation.posteriors.load().explored
    assert explored.explored <= max(40, 0.1 * explored.choices)
