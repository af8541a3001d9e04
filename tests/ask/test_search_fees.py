"""What vendors charge for web searches beside tokens is a part of what a call cost."""

from __future__ import annotations

import json

import pytest

from manyeyes.prices import Prices
from manyeyes.types import ModelRef, Usage
from wire.doubles import anthropic_stream, google_stream, responses_stream, responses_text

pytestmark = pytest.mark.anyio


def by_claude(searches, told=None):
    def think(_texts):
        blocks = [
            {"type": "server_tool_use", "id": f"s{n}", "name": "web_search", "input": {"query": str(n)}}
            for n in range(searches)
        ]
        output = {"output_tokens": 5, **({} if told is None else {"server_tool_use": {"web_search_requests": told}})}
        return anthropic_stream(*blocks, {"type": "text", "text": "So."}, output=output)

    return think


def by_gpt(*actions):
    def think(_texts):
        calls = [
            {"type": "web_search_call", "id": f"ws_{n}", "status": "completed", **({"action": one} if one else {})}
            for n, one in enumerate(actions)
        ]
        return responses_stream(*calls, responses_text("So."))

    return think


def by_gemini(*queries, pages=1):
    def think(_texts):
        reply = google_stream({"text": "So."})
        last = json.loads(reply.pieces[-1].removeprefix(b"data: "))
        last["candidates"][0]["groundingMetadata"] = {
            "groundingChunks": [{"web": {"uri": "https://a.example/x", "title": "A"}}] * pages,
            "webSearchQueries": list(queries),
        }
        return type(reply)([*reply.pieces[:-1], b"data: " + json.dumps(last).encode() + b"\n\n"])

    return think


@pytest.mark.parametrize(
    ("name", "think", "model", "count", "fee"),
    [
        ("claude", by_claude(2), None, 2, 0.02),
        ("claude", by_claude(2, told=3), None, 3, 0.03),
        ("claude", by_claude(0, told=0), None, 0, 0.0),
        ("gpt", by_gpt({"type": "search"}, {"type": "open_page"}, None), None, 2, 0.02),
        ("gemini", by_gemini("a", "b", "a"), None, 2, 0.028),
        ("gemini", by_gemini("a", "b"), "gemini-2.5-flash", 1, 0.035),
        ("gemini", by_gemini(pages=0), None, 0, 0.0),
    ],
)
async def test_each_vendors_searches_are_counted_and_paid(  # noqa: PLR0917  # a row of the table
    connect, vendors, name, think, model, count, fee
):
    _members, environ = vendors(**{name: think}, responses=True)
    plain = {"gpt": by_gpt(), "claude": by_claude(0), "gemini": by_gemini(pages=0)}[name]
    costs = []
    for thinks in (think, plain):
        _members[name].think = thinks
        async with connect(**environ) as client:
            arguments = {"prompt": "Is it so?", "task_type": "search_augmented", **({"model": model} if model else {})}
            result = (await client.call_tool("ask", arguments)).structured_content
        costs.append(result["run"]["cost_usd"])
        if thinks is think:
            notes = " ".join(result["notes"])
    assert costs[0] - costs[1] == pytest.approx(fee, abs=1e-6)
    if count:
        assert f"searched {count} time{'' if count == 1 else 's'}, for ${fee:.4f} beside tokens" in notes
    else:
        assert "told of no web search that it charges for" in notes


def test_a_search_whose_price_is_not_known_makes_the_sum_unknown_and_never_smaller():
    prices = Prices()
    ref = ModelRef("anthropic", "claude-haiku-5-5")
    tokens = Usage(input_tokens=1_000, output_tokens=10)
    assert prices.cost_usd(ref, tokens + Usage(searches=1)) == pytest.approx(prices.cost_usd(ref, tokens) + 0.01)
    old = ModelRef("openai", "gpt-3.5-turbo")
    assert prices.cost_usd(old, tokens) is not None
    assert prices.cost_usd(old, tokens + Usage(searches=1)) is None


async def test_where_the_price_of_a_search_is_not_known_it_is_said(connect, vendors, monkeypatch):
    from manyeyes import prices

    real = prices._price

    def without(ref, hour):
        class Price:
            def __getattr__(self, name):
                return None if name == "web_searches_kcount" else getattr(real(ref, hour), name)

        return Price()

    monkeypatch.setattr(prices, "_price", without)
    prices._cost_usd.cache_clear()
    _members, environ = vendors(claude=by_claude(1))
    async with connect(**environ) as client:
        result = (
            await client.call_tool("ask", {"prompt": "Is it?", "task_type": "search_augmented"})
        ).structured_content
    prices._cost_usd.cache_clear()
    assert result["run"]["models"][0]["cost_usd"] is None
    assert result["run"]["cost_usd"] > 0.1
    assert "unknown, so the call is counted at the most that its tokens could have cost" in " ".join(result["notes"])
