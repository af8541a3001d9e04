from __future__ import annotations

import itertools
import json
from contextlib import aclosing

import anyio
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.errors import BrokenAnswer, RateLimited, VendorFault
from manyeyes.model import no_pulse
from manyeyes.providers.sse import events, read_on, streamed
from manyeyes.types import Message, Request
from wire.doubles import Reply, body
from wire.vendors import VENDORS

ASK = Request(messages=(Message(role="user", text="hello"),))


class Pieces(httpx2.AsyncByteStream):
    def __init__(self, pieces):
        self.pieces = pieces

    async def __aiter__(self):
        for piece in self.pieces:
            yield piece


async def read(*pieces: bytes) -> list[bytes]:
    return [data async for data in events(httpx2.Response(200, stream=Pieces(pieces)))]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"data: a\n\ndata: b\n\n", [b"a", b"b"]),
        (b"data:a\r\n\r\ndata:  b\r\n\r\n", [b"a", b" b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"event: x\nid: 7\nretry: 9\ndata: a\ndata: b\n\n", [b"a\nb"]),
        (b": nothing\n\n\n\ndata: a\n\n", [b"a"]),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"dat", []),
        (b"", []),
        (b"event: ping\n\n", []),
        (b'{"not": "an event"}\n\n', []),
    ],
)
async def test_every_way_to_write_events(text, data):
    assert await read(text) == data


@given(st.data())
def test_where_the_pieces_are_cut_makes_no_difference(data):
    text = "".join(data.draw(st.lists(st.sampled_from(["data: é", "\r", "\n", "\r\n", "\n\n", ": x", "data", ":"]))))
    whole = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=6)) | {0, len(whole)})
    pieces = [whole[start:end] for start, end in itertools.pairwise(cuts)]

    async def both():
        return await read(whole), await read(*pieces)

    at_once, cut = anyio.run(both)
    assert at_once == cut


@pytest.mark.anyio
async def test_reading_on_comes_to_the_end_and_bears_a_break():
    class Broken(Pieces):
        async def __aiter__(self):
            yield b"data: a\n\ndata: b\n\n"
            raise httpx2.ReadError("gone")

    async with aclosing(events(httpx2.Response(200, stream=Broken([])))) as pieces:
        assert await anext(pieces) == b"a"
        await read_on(pieces)


@pytest.mark.parametrize(
    ("kind", "stream"),
    [
        ("text/event-stream; charset=utf-8", True),
        ("application/json", False),
        ("Application/JSON; charset=utf-8", False),
        ("", True),
    ],
)
def test_the_content_type_tells_a_stream(kind, stream):
    assert streamed(httpx2.Response(200, headers={"content-type": kind})) is stream


WHOLE = {
    "openai-chat": {
        "id": "c1",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
    },
    "openai-responses": {
        "id": "r1",
        "object": "response",
        "status": "completed",
        "model": "m",
        "output": [{"type": "message", "id": "m1", "content": [{"type": "output_text", "text": "ok"}]}],
        "usage": {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12},
    },
}


@pytest.fixture(params=sorted(WHOLE))
async def imitator(request, double):
    """A vendor's model at a server that does not know how to stream, and what it says."""
    words = VENDORS[request.param]
    provider = words.provider(double.url)
    yield provider.model(words.model), WHOLE[request.param]
    await provider.aclose()


@pytest.mark.anyio
async def test_a_server_that_does_not_stream_is_understood(imitator, double):
    model, said = imitator
    double.reply(body(said))
    pulses = []
    answer = await model.complete(ASK, lambda: pulses.append(1))
    assert answer.text == "ok"
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (10, 2)
    assert pulses


@pytest.mark.anyio
async def test_a_whole_answer_may_ask_for_tools(double):
    call = {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"word": "a"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call, {**call, "id": "t2"}]}
    double.reply(body({"model": "m", "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}]}))
    words = VENDORS["openai-chat"]
    provider = words.provider(double.url)
    answer = await provider.model(words.model).complete(ASK, no_pulse)
    await provider.aclose()
    assert [(one.id, one.name, one.arguments) for one in answer.tool_calls] == [
        ("t1", "look", {"word": "a"}),
        ("t2", "look", {"word": "a"}),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("content", [b"", b"[]", b"ok", b'{"choices": [], "output": []}', b"null"])
async def test_a_whole_answer_without_an_end_is_none(imitator, double, content):
    model, _ = imitator
    double.reply(Reply(pieces=[content], kind="application/json"))
    with pytest.raises(BrokenAnswer):
        await model.complete(ASK, no_pulse)


@pytest.mark.anyio
async def test_a_whole_answer_that_is_cut_is_none(imitator, double):
    model, said = imitator
    double.reply(Reply(pieces=[json.dumps(said).encode()[:-20]], kind="application/json"))
    with pytest.raises(BrokenAnswer):
        await model.complete(ASK, no_pulse)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 502, "message": "no upstream"}, VendorFault),
        ({"code": "rate_limit_exceeded", "message": "slow"}, RateLimited),
        ({"type": "rate_limit_error"}, RateLimited),
        ("it broke", VendorFault),
    ],
)
async def test_an_error_in_a_whole_answer_is_one(double, error, kind):
    words = VENDORS["openai-chat"]
    provider = words.provider(double.url)
    double.reply(body({"error": error}))
    with pytest.raises(kind):
        await provider.model(words.model).complete(ASK, no_pulse)
    await provider.aclose()
