from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.catalog import Catalog
from manyeyes.prices import Prices
from manyeyes.settings import Settings
from manyeyes.types import ModelRef, Usage

NOVEMBER = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 2, tzinfo=UTC).timestamp()
PRICES = Prices(clock=lambda: NOVEMBER)
OPUS = ModelRef("anthropic", "claude-opus-5-5")
ARGON = ModelRef("google", "gemini-4-argon")
PRICED = [spec.ref for spec in Catalog.load().models if spec.model != "gpt-6.2-sol"]


def mtok(ref, *, at=NOVEMBER, **tokens):
    """The cost of so many thousand tokens, in dollars per million: a price as the vendors print it."""
    return PRICES.cost_usd(ref, Usage(**{name: 1_000 * value for name, value in tokens.items()}), at=at) * 1_000


# Opus 5.5: 4 for the prompt, 0.20 read from the cache, 5 written to it, 20 for the answer.
@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        ({"input_tokens": 1}, 4),
        ({"output_tokens": 1}, 20),
        ({"input_tokens": 1, "cached_tokens": 1}, 0.2),
        ({"input_tokens": 1, "cache_write_tokens": 1}, 5),
        ({"input_tokens": 10, "cached_tokens": 6, "cache_write_tokens": 3}, 6 * 0.2 + 3 * 5 + 1 * 4),
        ({"output_tokens": 2, "reasoning_tokens": 2}, 40),  # reasoning is a part of the answer, not beside it
        ({}, 0),
    ],
)
def test_cached_stored_and_reasoning_tokens_are_parts_of_the_whole(tokens, cost):
    assert mtok(OPUS, **tokens) == pytest.approx(cost)


def test_a_longer_prompt_costs_more_per_token_where_the_vendor_says_so():
    sol = ModelRef("openai", "gpt-6.1-sol")
    assert mtok(sol, input_tokens=272) == pytest.approx(272 * 2)
    assert mtok(sol, input_tokens=273) == pytest.approx(273 * 4)


def test_an_announced_price_holds_from_its_day():
    assert mtok(ARGON, at=NOVEMBER, input_tokens=1, output_tokens=1) == pytest.approx(12)
    assert mtok(ARGON, at=DECEMBER, input_tokens=1, output_tokens=1) == pytest.approx(24)
    assert Prices(clock=lambda: DECEMBER).ceiling_usd(ARGON, 1_000_000, 0) == pytest.approx(4)


@pytest.mark.parametrize("ref", [ModelRef("openai", "gpt-6.2-sol"), ModelRef("plugin", "x"), ModelRef("google", "")])
def test_an_unknown_price_is_none(ref):
    assert PRICES.cost_usd(ref, Usage(input_tokens=1)) is None
    assert PRICES.ceiling_usd(ref, 1, 1) is None


def test_figures_that_contradict_each_other_have_no_cost():
    assert PRICES.cost_usd(OPUS, Usage(input_tokens=1, cached_tokens=2)) is None


tokens = st.integers(min_value=0, max_value=1_000_000)


@given(st.sampled_from(PRICED), tokens, tokens, st.floats(0, 1), st.floats(0, 1))
def test_nothing_costs_more_than_its_ceiling(ref, asked, answered, cached, stored):
    read = int(asked * cached)
    usage = Usage(
        input_tokens=asked,
        cached_tokens=read,
        cache_write_tokens=int((asked - read) * stored),
        output_tokens=answered,
    )
    cost = PRICES.cost_usd(ref, usage)
    assert cost is not None
    assert 0 <= cost <= PRICES.ceiling_usd(ref, asked, answered) * (1 + 1e-9)


@pytest.mark.parametrize("ref", PRICED, ids=str)
def test_the_ceiling_is_reached_by_a_prompt_that_is_stored_or_not_cached(ref):
    plain = PRICES.cost_usd(ref, Usage(input_tokens=9_999, output_tokens=777))
    stored = PRICES.cost_usd(ref, Usage(input_tokens=9_999, cache_write_tokens=9_999, output_tokens=777))
    assert PRICES.ceiling_usd(ref, 9_999, 777) == pytest.approx(max(plain, stored))


def endpoint(**values):
    return Prices.of(Settings.model_validate({"endpoints": {"box": values}}))


@pytest.mark.parametrize(
    ("values", "cost"),
    [
        ({"url": "http://localhost:1/v1"}, 0.0),
        ({"url": "http://127.0.0.1:1/v1"}, 0.0),
        ({"url": "https://models.example.com/v1"}, None),
        ({"url": "https://models.example.com/v1", "usd_per_mtok_input": 1}, None),
        ({"url": "https://models.example.com/v1", "usd_per_mtok_input": 1, "usd_per_mtok_output": 2}, 5.0),
        ({"url": "http://localhost:1/v1", "usd_per_mtok_input": 1, "usd_per_mtok_output": 2}, 5.0),
    ],
)
def test_an_endpoint_costs_what_the_operator_says(values, cost):
    box = ModelRef("box", "m")
    usage = Usage(input_tokens=1_000_000, cached_tokens=500_000, output_tokens=2_000_000)
    assert endpoint(**values).cost_usd(box, usage) == cost
    assert endpoint(**values).ceiling_usd(box, 1_000_000, 2_000_000) == cost


def test_the_scripted_provider_costs_nothing():
    assert PRICES.ceiling_usd(ModelRef("scripted", "x"), 10**6, 10**6) == 0.0


def test_loading_the_price_list_ahead_changes_no_price():
    before = PRICES.rates(OPUS)
    PRICES.warm()
    assert PRICES.rates(OPUS) == before


def test_the_price_list_is_loaded_only_when_a_price_is_asked_for():
    code = """
import sys
from manyeyes.catalog import Catalog
from manyeyes.prices import Prices
from manyeyes.routing.router import Router
from manyeyes.settings import Settings
from manyeyes.types import ModelRef, Task, Usage
settings = Settings()
prices = Prices.of(settings)
Router.build(Catalog.load().with_settings(settings), {"anthropic": False}, settings, prices).choose(Task(kind="x"))
assert "genai_prices" not in sys.modules
assert not {"anthropic", "openai", "google.genai", "sqlite3"} & set(sys.modules)
prices.warm()
assert "genai_prices" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
