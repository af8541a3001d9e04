# the SDKs take seconds to import, so only the tests that compare with them do
from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.catalog import EVERYTHING, SCRIPTED, Catalog, ModelSpec
from manyeyes.errors import SettingsError
from manyeyes.settings import Settings
from manyeyes.types import ModelRef, Tier

VENDORS = ("anthropic", "openai", "google")
CATALOG = Catalog.load()

NOT_PRICED = {"openai:gpt-6.2-sol"}
"""Models that the SDK names and genai-prices does not know yet."""


def ids(spec: ModelSpec) -> str:
    return str(spec.ref)


def literals(alias: object) -> set[str]:
    """All strings in the `Literal`s of a type, however deep its unions."""
    found: set[str] = set()
    for part in get_args(alias):
        found |= {part} if isinstance(part, str) else literals(part)
    return found


def known_to_sdk(provider: str) -> set[str]:
    if provider == "anthropic":
        from anthropic.types.model import Model

        return literals(Model)
    if provider == "openai":
        from openai.types.shared.all_models import AllModels

        return literals(AllModels)
    from google.genai._gaos.types.interactions.model import Model as GoogleModel

    return literals(GoogleModel)


@pytest.mark.parametrize("provider", VENDORS)
def test_the_vendors_own_sdk_knows_every_model(provider):
    ours = {spec.model for spec in CATALOG.models if spec.provider == provider}
    assert ours
    assert ours <= known_to_sdk(provider)


def priced(spec):
    from genai_prices.data_snapshot import get_snapshot

    return get_snapshot().find_provider_model(spec.model, None, spec.provider, None)[1]


@pytest.mark.parametrize("spec", CATALOG.models, ids=ids)
def test_windows_are_those_of_genai_prices(spec):
    if str(spec.ref) in NOT_PRICED:
        with pytest.raises(LookupError):  # once this fails the price is known: take the model off the list
            priced(spec)
        return
    assert priced(spec).context_window in {None, spec.window}


@pytest.mark.parametrize(("provider", "tier"), list(product(VENDORS, Tier)))
def test_every_vendor_has_one_default_for_each_tier_and_its_price_is_known(provider, tier):
    (only,) = [s for s in CATALOG.models if s.default and s.provider == provider and s.tier is tier]
    assert CATALOG.default(provider, tier) == only
    assert priced(only).id == only.model


@pytest.mark.parametrize("spec", CATALOG.models, ids=ids)
def test_every_entry_makes_sense(spec):
    assert spec.provider in VENDORS
    assert 0 < spec.max_output < spec.window
    assert spec.max_input <= spec.window
    assert {"text"} <= spec.modalities <= EVERYTHING
    assert spec.strengths
    assert not spec.endpoint
    assert (spec.retires is None) == (not spec.successor)
    if spec.successor:
        assert isinstance(spec.retires, date)
        assert CATALOG.find(f"{spec.provider}:{spec.successor}") is not None


def test_the_file_has_no_field_of_another_type():
    fields = {name: spec_field.type for name, spec_field in ModelSpec.__dataclass_fields__.items()}
    expected = {"str": str, "int": int, "bool": bool, "Tier": str, "date | None": date}
    tables = tomllib.loads(files("manyeyes").joinpath("catalog.toml").read_text(encoding="utf-8"))["models"]
    for table in tables:
        for name, value in table.items():
            kind = expected.get(fields[name], list)
            assert type(value) is kind, (table["model"], name)


def test_the_first_announced_end_matches_the_sdks():
    from anthropic.resources.messages.messages import DEPRECATED_MODELS

    for spec in CATALOG.models:
        if spec.provider == "anthropic":
            said = DEPRECATED_MODELS.get(spec.model)
            ours = spec.retires and f"{spec.retires:%B} {spec.retires.day}th, {spec.retires.year}"
            assert ours == said, spec.model


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("claude-4.7", "anthropic:claude-opus-4-7"),
        ("claude-opus-4.7", "anthropic:claude-opus-4-7"),
        ("Claude 4.7", "anthropic:claude-opus-4-7"),
        ("anthropic:claude-4.7", "anthropic:claude-opus-4-7"),
        ("ANTHROPIC/claude-opus-4-7", "anthropic:claude-opus-4-7"),
        ("  claude-opus-4-7\n", "anthropic:claude-opus-4-7"),
        ("gpt-5.5", "openai:gpt-5.5"),
        ("GPT-5.5", "openai:gpt-5.5"),
        ("openai:gpt-5.5", "openai:gpt-5.5"),
        ("gemini-2.5", "google:gemini-2.5-pro"),
        ("Gemini 2.5 Pro", "google:gemini-2.5-pro"),
        ("google:gemini-2.5-pro", "google:gemini-2.5-pro"),
        ("opus", "anthropic:claude-opus-5-5"),
    ],
)
def test_models_are_found_however_people_write_them(text, ref):
    found = CATALOG.find(text)
    assert found is not None
    assert str(found.ref) == ref


@pytest.mark.parametrize(
    "text", ["", " ", ":", "claude", "google:gpt-5.5", "gpt-5.5\x1b[31m", "\x00", "x" * 10_000, "/", "anthropic/"]
)
def test_what_is_no_model_is_not_found(text):
    assert CATALOG.find(text) is None


@given(st.text())
def test_looking_up_never_fails(text):
    found = CATALOG.find(text)
    assert found is None or found in CATALOG.models


@given(st.sampled_from(CATALOG.models), st.sampled_from([str.upper, str.title, "  {}  ".format]))
def test_every_name_and_reference_leads_to_its_model(spec, spelt):
    assert CATALOG.find(spelt(spec.model)) == spec
    assert CATALOG.find(spelt(str(spec.ref))) == spec
    assert CATALOG.get(spec.ref) == spec


def test_no_two_models_share_a_name():
    names = [name for spec in CATALOG.models for name in (spec.model, *spec.aliases)]
    assert len(names) == len(set(names))


def with_settings(**values) -> Catalog:
    return CATALOG.with_settings(Settings.model_validate(values))


def test_nothing_said_changes_nothing():
    assert with_settings().models == CATALOG.models


ENDPOINTS = {
    "ollama": {"url": "http://localhost:11434/v1", "models": ["qwen3", "gpt-5.5"], "window": 8192, "tier": "fast"},
    "bare": {"url": "http://localhost:1/v1"},
}


def test_endpoints_add_their_models():
    catalog = with_settings(endpoints=ENDPOINTS)
    qwen = catalog.get(ModelRef("ollama", "qwen3"))
    assert qwen is not None
    assert (qwen.window, qwen.max_input, qwen.tier, qwen.default, qwen.search) == (8192, 8192, Tier.FAST, True, False)
    assert catalog.find("qwen3") == qwen
    assert catalog.default("ollama", Tier.FAST) == qwen
    assert catalog.default("ollama", Tier.FLAGSHIP) is None
    assert [str(spec.ref) for spec in catalog.models[-2:]] == ["ollama:qwen3", "ollama:gpt-5.5"]


def test_a_bare_name_means_the_vendors_model_even_when_an_endpoint_serves_one_of_that_name():
    catalog = with_settings(endpoints=ENDPOINTS)
    assert catalog.find("gpt-5.5").provider == "openai"
    assert catalog.find("ollama:gpt-5.5").provider == "ollama"


def test_an_endpoints_model_need_not_be_listed():
    found = with_settings(endpoints=ENDPOINTS).find("bare:Llama:70b")
    assert found.ref == ModelRef("bare", "Llama:70b")
    assert found.window == 32_768


def test_the_operator_chooses_another_default():
    catalog = with_settings(models={"anthropic.flagship": "claude-4.7", "google.fast": "google:gemini-3.8-flash"})
    assert catalog.default("anthropic", Tier.FLAGSHIP).model == "claude-opus-4-7"
    assert catalog.default("google", Tier.FAST).model == "gemini-3.8-flash"
    assert catalog.default("anthropic", Tier.BALANCED) == CATALOG.default("anthropic", Tier.BALANCED)
    assert sorted(map(str, (s.ref for s in catalog.models))) == sorted(map(str, (s.ref for s in CATALOG.models)))


def test_a_default_the_catalogue_does_not_know_gets_the_most_cautious_figures():
    spec = with_settings(models={"openai.flagship": "gpt-7"}).default("openai", Tier.FLAGSHIP)
    assert (spec.model, spec.window, spec.max_input, spec.max_output) == ("gpt-7", 400_000, 272_000, 128_000)
    assert spec.aliases == ()


@pytest.mark.parametrize("key", ["anthropic", "anthropic.big", "mistral.fast", ""])
def test_a_default_for_nobody_is_refused(key):
    with pytest.raises(SettingsError, match=r"VENDOR\.TIER"):
        with_settings(models={key: "claude-opus-5"})


def test_the_scripted_model_is_there_when_a_file_of_answers_is_named(tmp_path):
    assert CATALOG.get(SCRIPTED) is None
    assert with_settings(scripted={"file": tmp_path / "answers.json"}).get(SCRIPTED) is not None
