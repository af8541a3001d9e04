from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from manyeyes.events import AskEvent, CallEvent, RunEvent
from manyeyes.monitor.prometheus import BUCKETS, Metrics
from manyeyes.types import ModelRef, Usage

OPUS = ModelRef("anthropic", "claude-opus-5-5")
SOL = ModelRef("openai", "gpt-6.1-sol")


def call(ref=OPUS, error="", seconds=1.0, **values) -> CallEvent:
    fixed = {"at": 0.0, "run_id": "r", "tool": "code_review", "role": "reviewer"}
    return CallEvent(**fixed, ref=ref, error=error, seconds=seconds, **values)


def ended(tool="code_review", status="complete", seconds=2.0, cost=0.0) -> RunEvent:
    return RunEvent(at=60.0, run_id="r", tool=tool, status=status, seconds=seconds, cost_usd=cost)


def ask(ref=OPUS, tool="code_review", **values) -> AskEvent:
    return AskEvent(at=0.0, run_id="r", tool=tool, role="reviewer", first=OPUS, ref=ref, seconds=1.0, **values)


def read(*events, breakers=None) -> Samples:
    """All samples, by name and labels, as Prometheus' own parser reads them."""
    metrics = Metrics()
    for event in events:
        metrics.note(event)
    return samples(metrics.text(breakers or {}))


class Samples(dict):
    """By name and the values of the labels, in whatever order."""

    def __getitem__(self, key):
        return super().__getitem__((key[0], *sorted(key[1:])))


def samples(text: str) -> Samples:
    return Samples(
        ((sample.name, *sorted(sample.labels.values())), sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    )


def test_calls_are_counted_by_model_and_error():
    seen = read(call(), call(), call(error="rate_limited", cost_usd=0.0), call(SOL, cost_usd=0.5))
    model = str(OPUS)
    assert seen["manyeyes_calls_total", model, ""] == 2
    assert seen["manyeyes_calls_total", model, "rate_limited"] == 1
    assert seen["manyeyes_calls_total", str(SOL), ""] == 1
    assert seen["manyeyes_unknown_costs_total", model] == 2
    assert seen["manyeyes_cost_usd_total", model] == 0
    assert seen["manyeyes_cost_usd_total", str(SOL)] == 0.5


def test_times_fall_into_buckets():
    seen = read(call(seconds=0.5, first_token_s=0.1), call(seconds=0.51), call(error="truncated", seconds=1000.0))
    model = str(OPUS)
    assert seen["manyeyes_call_seconds_bucket", model, "0.25"] == 0
    assert seen["manyeyes_call_seconds_bucket", model, "0.5"] == 1  # the bound itself belongs to its bucket
    assert seen["manyeyes_call_seconds_bucket", model, "1.0"] == 2
    assert seen["manyeyes_call_seconds_count", model] == 2  # answers alone
    assert seen["manyeyes_call_seconds_sum", model] == pytest.approx(1.01)
    assert seen["manyeyes_first_token_seconds_count", model] == 1


def test_tokens_are_summed_by_kind():
    usage = Usage(input_tokens=10, cached_tokens=4, output_tokens=5, reasoning_tokens=2)
    seen = read(call(usage=usage), call(error="truncated", usage=usage), call())
    told = {
        kind: seen[f"manyeyes_{kind}_tokens_total", str(OPUS)] for kind in ("input", "cached", "output", "reasoning")
    }
    assert told == {"input": 20, "cached": 8, "output": 10, "reasoning": 4}


def test_runs_are_counted_by_tool_and_status():
    seen = read(ended(), ended(status="error", seconds=400.0), ended("ask"))
    assert seen["manyeyes_runs_total", "code_review", "complete"] == 1
    assert seen["manyeyes_runs_total", "code_review", "error"] == 1
    assert seen["manyeyes_runs_total", "ask", "complete"] == 1
    assert seen["manyeyes_run_seconds_bucket", "code_review", "+Inf"] == 2
    assert seen["manyeyes_run_seconds_bucket", "code_review", "320.0"] == 1


def test_hits_fallbacks_and_second_calls_are_counted_by_model_and_tool():
    seen = read(
        ask(),
        ask(cached=True),
        ask(SOL),
        ask(SOL, hedge=SOL),
        ask(hedge=SOL, tool="ask"),
        ask(None, error="timed_out"),
    )
    opus, sol = str(OPUS), str(SOL)
    assert seen["manyeyes_questions_total", opus, "code_review", ""] == 2
    assert seen["manyeyes_questions_total", "", "code_review", "timed_out"] == 1
    assert seen["manyeyes_cache_hits_total", opus, "code_review"] == 1
    assert seen["manyeyes_cache_hits_total", sol, "code_review"] == 0  # there from the start, so that a rate shows
    assert seen["manyeyes_fallbacks_total", sol, "code_review"] == 1
    assert seen["manyeyes_hedges_total", sol, "code_review", "true"] == 1
    assert seen["manyeyes_hedges_total", sol, "ask", "false"] == 1


def test_what_nobody_reported_is_in_the_cost_and_told_apart():
    seen = read(call(cost_usd=0.5), call(error="cancelled", cost_usd=0.25, estimated=True), ended(cost=0.75))
    assert seen["manyeyes_cost_usd_total", str(OPUS)] == 0.75
    assert seen["manyeyes_estimated_usd_total", str(OPUS)] == 0.25
    assert seen["manyeyes_run_cost_usd_total", "code_review"] == 0.75
    assert ("manyeyes_unknown_costs_total", str(OPUS)) not in seen


def test_a_vendor_that_is_out_closes_its_models():
    seen = read(call(), call(SOL), breakers={"openai": "refused the key"})
    assert seen["manyeyes_breaker_open", str(SOL)] == 1
    assert seen["manyeyes_breaker_open", str(OPUS)] == 0


def test_breakers_are_one_while_open_and_zero_else():
    seen = read(call(), breakers={str(SOL): "5 failures in a row"})
    assert seen["manyeyes_breaker_open", str(SOL)] == 1
    assert seen["manyeyes_breaker_open", str(OPUS)] == 0


def test_nothing_yet_is_a_valid_page():
    assert read() == {}


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "ä{}"])
def test_odd_names_of_models_stay_one_label(name):
    assert read(call(ModelRef("box", name)))["manyeyes_calls_total", f"box:{name}", ""] == 1


@given(st.lists(st.floats(0, 1e5), max_size=50))
def test_a_histogram_holds_every_sample_once(seconds):
    seen = read(*(call(seconds=each) for each in seconds))
    if not seconds:
        return
    model = str(OPUS)
    counts = [seen["manyeyes_call_seconds_bucket", model, str(bound)] for bound in BUCKETS]
    assert counts == [sum(each <= bound for each in seconds) for bound in BUCKETS]
    assert seen["manyeyes_call_seconds_bucket", model, "+Inf"] == len(seconds)
    assert math.isclose(seen["manyeyes_call_seconds_sum", model], sum(seconds))


def test_counters_never_fall():
    metrics = Metrics()
    before = Samples()
    for event in (call(), call(error="timed_out"), ended(), call(SOL, seconds=9.0, usage=Usage(input_tokens=1))):
        metrics.note(event)
        now = samples(metrics.text({}))
        assert all(now[key] >= value for key, value in before.items())
        before = now


def test_the_names_are_as_documented():
    """Dashboards and alerts are built on them."""
    metrics = Metrics()
    metrics.note(call(usage=Usage(), first_token_s=0.1, cost_usd=0.1))
    metrics.note(call(error="cancelled", cost_usd=0.1, estimated=True))
    metrics.note(ask(hedge=SOL))
    metrics.note(ended())
    families = {family.name: family.type for family in text_string_to_metric_families(metrics.text({}))}
    assert families == {
        "manyeyes_calls": "counter",
        "manyeyes_call_seconds": "histogram",
        "manyeyes_first_token_seconds": "histogram",
        "manyeyes_input_tokens": "counter",
        "manyeyes_cached_tokens": "counter",
        "manyeyes_output_tokens": "counter",
        "manyeyes_reasoning_tokens": "counter",
        "manyeyes_cost_usd": "counter",
        "manyeyes_estimated_usd": "counter",
        "manyeyes_unknown_costs": "counter",
        "manyeyes_questions": "counter",
        "manyeyes_cache_hits": "counter",
        "manyeyes_fallbacks": "counter",
        "manyeyes_hedges": "counter",
        "manyeyes_run_cost_usd": "counter",
        "manyeyes_runs": "counter",
        "manyeyes_run_seconds": "histogram",
        "manyeyes_breaker_open": "gauge",
    }
