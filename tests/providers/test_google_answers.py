"""Gemini's answers, which are read past the SDK: what it would have said of them is said here."""

from __future__ import annotations

import json
from dataclasses import replace

import anyio
import pytest

from manyeyes.errors import BrokenAnswer, Overloaded, RateLimited
from manyeyes.model import no_pulse
from manyeyes.types import Message, Request, ToolSpec
from wire.doubles import Reply, body, events, google_stream
from wire.vendors import VENDORS

pytestmark = pytest.mark.anyio

WORDS = VENDORS["google"]
ASK = Request(messages=(Message(role="user", text="hello"),))
WHOLE = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2},
}


@pytest.fixture
async def model(double):
    provider = WORDS.provider(double.url)
    yield provider.model(WORDS.model)
    await provider.aclose()


async def test_a_server_that_does_not_stream_is_understood(model, double):
    double.reply(body(WHOLE))
    answer = await model.complete(ASK, no_pulse)
    assert answer.text == "ok"
    assert answer.usage.input_tokens == 10


@pytest.mark.parametrize("whole", [True, False])
async def test_an_error_may_come_with_a_good_status(model, double, whole):
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}
    limit = {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED", "details": [wait]}}
    double.reply(body(limit) if whole else events({"candidates": []}, limit))
    with pytest.raises(RateLimited, match="slow down") as caught:
        await model.complete(ASK, no_pulse)
    assert caught.value.retry_after == 17
    double.reply(events({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}))
    with pytest.raises(Overloaded):
        await model.complete(ASK, no_pulse)


@pytest.mark.parametrize(
    "piece",
    [
        b"[1, 2]",
        b'{"candidates": 7}',
        b'{"candidates": [{"content": {"parts": "text"}}]}',
        b'{"candidates": [{"content": {"parts": [{"text": 7}]}}]}',
        b'{"candidates": [{"content": {"parts": [{"functionCall": "look"}]}}]}',
        b'{"candidates": [{"content": {"parts": [{"functionCall": {"name": "look", "args": [1]}}]}}]}',
        b'{"error": "what"}',
        b'{"candidates": [{',
    ],
)
async def test_a_piece_of_another_form_breaks_the_answer(model, double, piece):
    double.reply(Reply([b"data: " + piece + b"\n\n", b"data: " + json.dumps(WHOLE).encode() + b"\n\n"]))
    with pytest.raises(BrokenAnswer):
        await model.complete(ASK, no_pulse)


async def test_answers_at_the_same_time_are_each_their_own(model, double):
    texts = [f"answer {number}" for number in range(12)]
    double.reply(*(google_stream({"text": text}) for text in texts))
    heard = []

    async def ask():
        heard.append((await model.complete(ASK, no_pulse)).text)

    async with anyio.create_task_group() as group:
        for _ in texts:
            group.start_soon(ask)
    assert sorted(heard) == sorted(texts)


async def test_every_piece_is_a_sign_of_life_and_the_connection_is_used_again(model, double):
    signs = []
    for _ in range(2):
        double.reply(google_stream({"text": "a"}, {"text": "b"}))
        await model.complete(ASK, lambda: signs.append(1))
    assert len(signs) == 6
    assert double.most_open == 1


@pytest.mark.parametrize("system", ["", "Be brief."])
@pytest.mark.parametrize("turns", [1, 3])
@pytest.mark.parametrize("tools", [(), (ToolSpec(name="look", description="Looks.", parameters={"type": "object"}),)])
async def test_what_is_sent_is_the_same_whichever_way_the_sdk_is_asked(model, double, system, turns, tools):
    said = tuple(Message(role="user" if turn % 2 == 0 else "assistant", text=f"turn {turn}") for turn in range(turns))
    double.reply(google_stream({"text": "ok"}))
    await model.complete(replace(ASK, system=system, messages=said, tools=tools, max_tokens=77), no_pulse)
    (asked,) = double.asked
    roles = ["user" if turn % 2 == 0 else "model" for turn in range(turns)]
    assert asked.json["contents"] == [
        {"role": role, "parts": [{"text": f"turn {turn}"}]} for turn, role in enumerate(roles)
    ]
    assert asked.json.get("systemInstruction") == ({"role": "user", "parts": [{"text": system}]} if system else None)
    assert asked.json["generationConfig"] == {"maxOutputTokens": 77}
    assert ("tools" in asked.json) is bool(tools)


async def test_half_a_surrogate_pair_is_no_fault_of_the_model(vendor, double):
    provider = vendor.provider(double.url)
    double.reply(vendor.says("Good morning."))
    if provider.name != "google":
        text = (await provider.model(vendor.model).complete(replace(ASK, system="a\udc80b"), no_pulse)).text
        assert text == "Good morning."
        assert vendor.system(double.asked[0].json) == "a?b"
        assert double.asked[0].headers["content-type"] == "application/json"
    await provider.aclose()
