from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.catalog import EVERYTHING, Catalog
from manyeyes.errors import BadCall, SettingsError
from manyeyes.prices import Prices
from manyeyes.routing.router import Router
from manyeyes.routing.rules import DEFAULT, rules
from manyeyes.settings import Settings
from manyeyes.types import Candidate, ModelRef, Task, Tier

CLOUD = {"anthropic": False, "openai": False, "google": False}
NOVEMBER = 1_795_000_000.0
OLLAMA = {"ollama": {"url": "http://localhost:11434/v1", "models": ["qwen3"]}}


def router(providers=CLOUD, missing=None, **values) -> Router:
    settings = Settings.model_validate(values)
    prices = Prices(settings.endpoints, clock=lambda: NOVEMBER)
    return Router.build(Catalog.load().with_settings(settings), providers, settings, prices, missing=missing)


def took(ref, reason) -> Candidate:
    return Candidate(ModelRef.parse(ref), taken=True, reason=reason)


def passed(ref, reason) -> Candidate:
    return Candidate(ModelRef.parse(ref), taken=False, reason=reason)


def taken(route) -> list[str]:
    return list(map(str, route.taken))


def reasons(route) -> dict[str, str]:
    return {str(c.ref): c.reason for c in route.candidates if not c.taken}


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("code_generation", "anthropic:claude-opus-5-5"),
        ("long_context_analysis", "anthropic:claude-opus-5-5"),
        ("real_time_chat", "openai:gpt-6-luna"),
        ("multimodal_fusion", "openai:gpt-6.1-sol"),
        ("search_augmented", "google:gemini-3.8-flash"),
        ("media_processing", "google:gemini-3.8-flash"),
        ("analysis", "anthropic:claude-sonnet-5-5"),
        ("chat", "anthropic:claude-sonnet-5-5"),
        ("something else", "anthropic:claude-sonnet-5-5"),
        ("", "anthropic:claude-sonnet-5-5"),
        ("code_review", "anthropic:claude-opus-5-5"),
        ("security_scan", "openai:gpt-6.1-sol"),
        ("doc_generator", "google:gemini-3.8-flash"),
    ],
)
def test_each_kind_of_work_goes_first_where_its_row_says(kind, first):
    route = router().choose(Task(kind=kind))
    assert taken(route)[0] == first
    assert route.candidates[0].reason.startswith("first choice")


def test_a_whole_route_with_its_reasons():
    route = router(endpoints=OLLAMA, providers={"anthropic": False, "openai": False, "ollama": True}).choose(
        Task(kind="code_review", input_tokens=40_000, output_tokens=8_192)
    )
    assert route.candidates == (
        took("anthropic:claude-opus-5-5", "first choice for code_review: anthropic, flagship"),
        took("openai:gpt-6.1-sol", "fallback: openai, flagship"),
        took("anthropic:claude-sonnet-5-5", "fallback: anthropic, balanced"),
        took("openai:gpt-6.1-terra", "fallback: openai, balanced"),
        took("anthropic:claude-haiku-5-5", "fallback: anthropic, fast"),
        took("openai:gpt-6-luna", "fallback: openai, fast"),
        passed("google:gemini-4-argon", "no GEMINI_API_KEY is set"),
        passed(
            "ollama:qwen3",
            "window too small: 40,000 tokens of input beside an answer of up to 4,096; there is room for 28,672",
        ),
    )


@pytest.mark.parametrize(
    ("tier", "order"),
    [
        (Tier.FLAGSHIP, ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"]),
        (Tier.BALANCED, ["claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5"]),
        (Tier.FAST, ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"]),
    ],
)
def test_after_the_wanted_tier_comes_the_next_cheaper_and_a_dearer_one_last(tier, order):
    route = router({"anthropic": False}).choose(Task(kind="code_review", tier=tier))
    assert [ref.model for ref in route.taken] == order


def test_without_any_provider_the_route_is_empty_and_says_why_once_for_each_vendor():
    route = router({}).choose(Task(kind="security_scan"))
    assert route.taken == ()
    assert reasons(route) == {
        "openai:gpt-6.1-sol": "no OPENAI_API_KEY is set",
        "anthropic:claude-opus-5-5": "no ANTHROPIC_API_KEY is set",
        "google:gemini-4-argon": "no GEMINI_API_KEY is set",
    }


def test_another_reason_for_a_missing_provider_can_be_given():
    route = router({}, missing={"openai": "its SDK is not installed"}).choose(Task(kind="security_scan"))
    assert reasons(route)["openai:gpt-6.1-sol"] == "its SDK is not installed"


def test_local_only_asks_nobody_beyond_this_machine():
    made = router(
        {**CLOUD, "ollama": True, "far": False},
        privacy="local-only",
        endpoints={
            **OLLAMA,
            "far": {"url": "https://models.example.com/v1", "models": ["m"]},
        },
    )
    route = made.choose(Task(kind="code_review"))
    assert taken(route) == ["ollama:qwen3"]
    why = "privacy is local-only, and it is not on this machine"
    assert reasons(route)["anthropic:claude-opus-5-5"] == why
    assert reasons(route)["far:m"] == why
    assert taken(made.choose(Task(kind="code_review", model="claude-opus-5-5"))) == []


def test_a_vendors_api_on_this_machine_is_local():
    made = router({"anthropic": True, "openai": False}, privacy="local-only")
    assert {ref.provider for ref in made.choose(Task(kind="code_review")).taken} == {"anthropic"}


@pytest.mark.parametrize(
    ("input_tokens", "output_tokens", "fits"),
    [
        (872_000, 128_000, {"anthropic", "openai", "google"}),
        (922_000, 0, {"anthropic", "openai", "google"}),
        (922_001, 0, {"anthropic", "google"}),  # OpenAI bounds the question beside the window
        (990_000, 8_192, {"anthropic", "google"}),
        (1_000_001, 0, {"google"}),
        (1_048_577, 0, set()),
    ],
)
def test_the_window_holds_question_and_answer(input_tokens, output_tokens, fits):
    made = router().choose(Task(kind="code_review", input_tokens=input_tokens, output_tokens=output_tokens))
    flagships = {"claude-opus-5-5", "gpt-6.1-sol", "gemini-4-argon"}
    assert {ref.provider for ref in made.taken if ref.model in flagships} == fits


def test_a_model_with_short_answers_is_not_passed_over_for_a_long_one_asked_for():
    made = router({"ollama": True}, endpoints=OLLAMA)
    assert taken(made.choose(Task(kind="code_review", input_tokens=28_672, output_tokens=100_000))) == ["ollama:qwen3"]
    assert taken(made.choose(Task(kind="code_review", input_tokens=28_673, output_tokens=100_000))) == []


def test_modalities_decide():
    route = router().choose(Task(kind="multimodal_fusion", modalities=frozenset({"text", "audio", "video"})))
    assert {ref.provider for ref in route.taken} == {"google"}
    assert reasons(route)["openai:gpt-6.1-sol"] == "it does not take in audio, video"


def test_search_needs_a_model_that_has_it():
    made = router({"google": False, "ollama": True}, endpoints=OLLAMA)
    route = made.choose(Task(kind="search_augmented", search=True))
    assert {ref.provider for ref in route.taken} == {"google"}
    assert reasons(route)["ollama:qwen3"] == "it cannot search the web"


@pytest.mark.parametrize(
    ("need", "reason"), [("structured", "it cannot answer in a given shape"), ("tools", "it cannot ask for tools")]
)
def test_shape_and_tools_need_a_model_that_has_them(need, reason):
    settings = Settings()
    plain = Catalog.load()
    lacking = Catalog(tuple(replace(s, **{need: False}) if s.provider == "openai" else s for s in plain.models))
    made = Router.build(lacking, CLOUD, settings, Prices.of(settings))
    route = made.choose(Task(kind="security_scan", **{need: True}))
    assert "openai" not in {ref.provider for ref in route.taken}
    assert reasons(route)["openai:gpt-6.1-sol"] == reason
    assert "openai:gpt-6.1-sol" in taken(made.choose(Task(kind="security_scan")))


def test_a_budget_passes_over_what_may_cost_more_and_tells_the_figures():
    made = router(budget={"usd_per_call": 0.25})
    route = made.choose(Task(kind="code_review", input_tokens=20_000, output_tokens=8_192))
    # Opus: 20,000 tokens stored at 5 and 8,192 answered at 20 dollars per million: 0.1 + 0.16384.
    assert reasons(route)["anthropic:claude-opus-5-5"] == (
        "it may cost $0.2638, and a call may cost no more than $0.25"
    )
    assert taken(route)[0] == "openai:gpt-6.1-sol"


def test_under_a_budget_a_price_must_be_known_unless_the_model_is_on_this_machine():
    endpoints = {**OLLAMA, "far": {"url": "https://models.example.com/v1", "models": ["m"]}}
    made = router({**CLOUD, "ollama": True, "far": False}, budget={"usd_per_call": 0.0}, endpoints=endpoints)
    route = made.choose(Task(kind="code_review", input_tokens=10, output_tokens=10))
    assert taken(route) == ["ollama:qwen3"]
    assert reasons(route)["far:m"] == "its price is not known, and a call may cost no more than $0"
    assert taken(made.choose(Task(kind="code_review", model="gpt-6.2-sol"))) == []
    assert taken(router().choose(Task(kind="code_review", model="gpt-6.2-sol"))) == ["openai:gpt-6.2-sol"]


def test_a_closed_model_is_passed_over_for_the_reason_given():
    closed = {ModelRef("anthropic", "claude-opus-5-5"): "5 failures in a row; asked again in 20 s"}
    route = router().choose(Task(kind="code_review"), closed=closed)
    assert taken(route)[0] == "openai:gpt-6.1-sol"
    assert reasons(route) == {"anthropic:claude-opus-5-5": "5 failures in a row; asked again in 20 s"}


def test_the_caller_may_narrow_the_providers():
    route = router().choose(Task(kind="code_review", providers=frozenset({"google", "openai"})))
    assert {ref.provider for ref in route.taken} == {"openai", "google"}
    assert reasons(route)["anthropic:claude-opus-5-5"] == "the caller asked for google or openai only"


@pytest.mark.parametrize("text", ["claude-4.7", "anthropic:claude-opus-4-7", "CLAUDE-OPUS-4.7"])
def test_a_model_asked_for_by_name_is_the_only_one(text):
    route = router().choose(Task(kind="security_scan", tier=Tier.FAST, model=text))
    assert route.candidates == (took("anthropic:claude-opus-4-7", "asked for by name"),)


@pytest.mark.parametrize(("text", "ref"), [("gpt-5.5", "openai:gpt-5.5"), ("gemini-2.5", "google:gemini-2.5-pro")])
def test_the_other_spellings_of_the_article_resolve(text, ref):
    assert taken(router().choose(Task(kind="chat", model=text))) == [ref]


def test_nobody_takes_the_place_of_a_model_asked_for_by_name():
    route = router({"openai": False}).choose(Task(kind="chat", model="claude-4.7"))
    assert route.candidates == (passed("anthropic:claude-opus-4-7", "no ANTHROPIC_API_KEY is set"),)


def test_a_model_that_ends_soon_says_so():
    (only,) = router().choose(Task(kind="chat", model="claude-sonnet-4-5")).candidates
    assert only.taken
    assert only.reason == "asked for by name; the vendor retires it on 2026-11-30, claude-sonnet-5-5 follows it"


def test_an_unknown_model_is_a_bad_call_that_names_what_is_close_and_what_is_there():
    with pytest.raises(BadCall) as caught:
        router({"anthropic": False}).choose(Task(kind="chat", model="claude-opus-5-6"))
    first, second = str(caught.value).splitlines()
    assert first.startswith("No model is called 'claude-opus-5-6'. Close to it: anthropic:claude-opus-5-5")
    assert second == (
        "Models at hand: anthropic:claude-opus-5-5, anthropic:claude-sonnet-5-5, anthropic:claude-haiku-5-5; "
        "leave `model` out to let the router choose."
    )


@pytest.mark.parametrize("text", ["", "x" * 100_000, "\x00", "\x1b[31mgpt-5.5", "openai:", "nobody:gpt", "plug:\x00"])
def test_whatever_is_asked_for_the_answer_is_short_and_printable(text):
    with pytest.raises(BadCall) as caught:
        router({"plug": False}).choose(Task(kind="chat", model=text))
    assert len(str(caught.value)) < 500
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_plug_ins_model_is_taken_at_its_word():
    made = router({**CLOUD, "plug": False})
    assert taken(made.choose(Task(kind="chat", model="plug:Any:Thing", input_tokens=10**7))) == ["plug:Any:Thing"]
    route = router({"plug": False}, budget={"usd_per_call": 1}).choose(Task(kind="chat", model="plug:x"))
    assert reasons(route) == {"plug:x": "its price is not known, and a call may cost no more than $1"}


def test_an_operators_row_takes_the_place_of_ours():
    made = router(
        {**CLOUD, "ollama": True},
        endpoints=OLLAMA,
        routing={"code_review": {"vendors": ["ollama", "google"]}, "my_kind": {"vendors": ["openai"], "tier": "fast"}},
    )
    assert made.choose(Task(kind="code_review")).candidates[:2] == (
        took("ollama:qwen3", "first choice for code_review: ollama, balanced"),
        took("google:gemini-4-argon", "fallback: google, flagship"),
    )
    assert {ref.provider for ref in made.choose(Task(kind="code_review")).taken} == {"ollama", "google"}
    assert taken(made.choose(Task(kind="my_kind")))[0] == "openai:gpt-6-luna"
    assert taken(made.choose(Task(kind="chat")))[0] == "anthropic:claude-sonnet-5-5"


def test_an_operators_row_for_nobody_is_refused():
    with pytest.raises(SettingsError, match=r"routing\.code_review\.vendors.*'mistral'.*anthropic, openai, google"):
        router(routing={"code_review": {"vendors": ["mistral"]}})


def test_an_endpoint_without_models_says_what_to_set():
    made = router({"box": True}, endpoints={"box": {"url": "http://localhost:1/v1"}})
    assert reasons(made.choose(Task(kind="chat")))["box:*"] == (
        "no model of it is named: set MANYEYES_ENDPOINTS_BOX_MODELS"
    )
    assert taken(made.choose(Task(kind="chat", model="box:any"))) == ["box:any"]


def test_a_plug_in_in_a_row_has_to_be_asked_by_reference():
    made = router({"plug": False}, routing={"chat": {"vendors": ["plug"]}})
    assert reasons(made.choose(Task(kind="chat"))) == {
        "plug:*": "no model of it is known; ask for one by its reference"
    }


def test_one_model_as_the_default_of_two_tiers_is_asked_once():
    made = router(models={"anthropic.balanced": "claude-haiku-5-5", "anthropic.fast": "claude-sonnet-5-5"})
    asked = taken(made.choose(Task(kind="code_review")))
    assert len(asked) == len(set(asked))


def test_the_scripted_provider_takes_part(tmp_path):
    made = router({"scripted": True}, scripted={"file": tmp_path / "answers.json"}, privacy="local-only")
    assert taken(made.choose(Task(kind="code_review"))) == ["scripted:scripted"]


def test_the_shipped_rows_name_all_three_vendors():
    for kind, rule in rules({}).items():
        assert sorted(rule.vendors) == ["anthropic", "google", "openai"], kind
    assert DEFAULT in rules({})


tasks = st.builds(
    Task,
    kind=st.sampled_from([*rules({}), "unknown"]),
    tier=st.none() | st.sampled_from(Tier),
    input_tokens=st.integers(0, 1_200_000),
    output_tokens=st.integers(0, 200_000),
    modalities=st.frozensets(st.sampled_from(sorted(EVERYTHING)), min_size=1),
    structured=st.booleans(),
    tools=st.booleans(),
    search=st.booleans(),
    providers=st.none() | st.frozensets(st.sampled_from([*CLOUD, "ollama"])),
)
BUDGETED = router({"anthropic": False, "google": False, "ollama": True}, endpoints=OLLAMA, budget={"usd_per_call": 0.1})


@given(tasks, st.frozensets(st.sampled_from([spec.ref for spec in BUDGETED.catalog.models])))
def test_what_is_taken_can_do_the_task_and_everyone_else_has_a_reason(task, shut):
    route = BUDGETED.choose(task, closed=dict.fromkeys(shut, "its breaker is open"))
    refs = [c.ref for c in route.candidates]
    assert len(refs) == len(set(refs))
    assert [c.taken for c in route.candidates] == sorted((c.taken for c in route.candidates), reverse=True)
    assert all(c.reason and "\n" not in c.reason for c in route.candidates)
    for ref in route.taken:
        spec = BUDGETED.catalog.get(ref)
        answer = min(task.output_tokens, spec.max_output)
        assert ref not in shut
        assert ref.provider in BUDGETED.local
        assert task.providers is None or ref.provider in task.providers
        assert task.input_tokens <= spec.max_input
        assert task.input_tokens + answer <= spec.window
        assert task.modalities <= spec.modalities
        assert not task.search or spec.search
        assert BUDGETED.prices.ceiling_usd(ref, task.input_tokens, answer) <= 0.1
    assert BUDGETED.choose(task, closed=dict.fromkeys(shut, "its breaker is open")) == route
