"""What every provider does, with the vendors' real SDKs against a double of their servers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import anyio
import pytest
from pydantic import BaseModel, Field

from manyeyes.calls.repairing import Repairing
from manyeyes.calls.tool_loop import run_tools
from manyeyes.errors import (
    AccessDenied,
    BrokenAnswer,
    ContextTooLong,
    InvalidAnswer,
    ModelError,
    ModelGone,
    Overloaded,
    RateLimited,
    Refused,
    RequestRejected,
    TimedOut,
    Truncated,
    Unreachable,
    VendorFault,
)
from manyeyes.model import no_pulse
from manyeyes.providers.sdk import Timeouts
from manyeyes.types import Media, Message, Request, ToolCall, ToolOutput, ToolSpec, Usage
from wire.doubles import Reply, body
from wire.vendors import KEY, VENDORS

if TYPE_CHECKING:
    from manyeyes.model import Model, Provider
    from wire.doubles import Double
    from wire.vendors import VendorWords

pytestmark = pytest.mark.anyio


class Found(BaseModel):
    line: int
    severity: Literal["low", "high"] = "low"


class Review(BaseModel):
    summary: str
    findings: list[Found] = Field(default_factory=list)


GOOD = '{"summary": "fine", "findings": [{"line": 3, "severity": "high"}]}'
BAD = '{"summary": "fine", "findings": [{"line": "three"}]}'
LOOK_UP = ToolSpec(
    name="look_up",
    description="Looks a word up.",
    parameters={"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
)


def asking(text: str = "hello", **more: object) -> Request:
    return replace(Request(messages=(Message(role="user", text=text),)), **more)


@pytest.fixture
def model(provider: Provider, vendor: VendorWords) -> Model:
    return provider.model(vendor.model)


async def failing(model: Model, request: Request | None = None) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await model.complete(request or asking(), no_pulse)
    error = caught.value
    assert KEY not in f"{error} {error.args} {error.partial}"
    assert "http://" not in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < 300
    return error


async def test_says_what_the_vendor_said(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says("Good morning."))
    pulses: list[None] = []
    completion = await model.complete(asking(system="Be kind."), lambda: pulses.append(None))
    assert completion.text == "Good morning."
    assert completion.ref == model.ref
    assert completion.served.endswith("-served")
    assert completion.usage == Usage(input_tokens=10, output_tokens=7)
    assert completion.tool_calls == ()
    assert len(pulses) >= 3
    assert vendor.system(double.asked[0].json) == "Be kind."
    assert KEY in " ".join(double.asked[0].headers.values())


async def test_counts_cached_and_reasoning_tokens_in_one_convention(
    model: Model, vendor: VendorWords, double: Double
) -> None:
    double.reply(vendor.counts())
    usage = (await model.complete(asking(), no_pulse)).usage
    assert usage is not None
    written = 0 if model.ref.provider == "google" else 10  # Google does not say
    assert usage == Usage(
        input_tokens=100, cached_tokens=40, cache_write_tokens=written, output_tokens=30, reasoning_tokens=20
    )


async def test_history_and_media_reach_the_vendor(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says("A cat."))
    image = Media("image/png", b"\x89PNG-cat")
    request = Request(
        messages=(
            Message(role="user", text="first question"),
            Message(role="assistant", text="first answer"),
            Message(role="user", text="and this?", media=(image, Media("application/pdf", b"%PDF-1.7"))),
        )
    )
    await model.complete(request, no_pulse)
    sent = json.dumps(double.asked[0].json)
    places = [
        sent.index(text) for text in ("first question", "first answer", "iVBORy1jYXQ", "JVBERi0xLjc", "and this?")
    ]
    assert places == sorted(places)


async def test_unknown_media_is_refused_before_the_wire(model: Model, double: Double) -> None:
    request = Request(messages=(Message(role="user", text="x", media=(Media("image/svg+xml", b"<svg/>"),)),))
    error = await failing(model, request)
    assert isinstance(error, RequestRejected)
    assert "image/svg+xml" in str(error)
    assert double.asked == []


async def test_a_shape_is_asked_for_and_validated(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says(GOOD))
    completion = await model.complete(asking(answer=Review), no_pulse)
    assert completion.parsed == Review(summary="fine", findings=[Found(line=3, severity="high")])
    assert '"findings"' in json.dumps(double.asked[0].json)


async def test_a_fence_around_the_answer_is_taken_off(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says(f"```json\n{GOOD}\n```"))
    assert isinstance((await model.complete(asking(answer=Review), no_pulse)).parsed, Review)


@pytest.mark.parametrize("text", [BAD, "I would rather talk.", GOOD[:-8]])
async def test_an_answer_of_another_shape_is_an_error(
    model: Model, vendor: VendorWords, double: Double, text: str
) -> None:
    double.reply(vendor.says(text))
    error = await failing(model, asking(answer=Review))
    assert isinstance(error, InvalidAnswer)
    assert error.partial == text
    assert error.usage == Usage(input_tokens=10, output_tokens=7)


async def test_an_invalid_answer_is_repaired_once(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says(BAD), vendor.says(GOOD))
    completion = await Repairing(model).complete(asking(answer=Review), no_pulse)
    assert isinstance(completion.parsed, Review)
    assert completion.usage == Usage(input_tokens=20, output_tokens=14)
    second = json.dumps(double.asked[1].json)
    assert "three" in second
    assert "findings.0.line" in second


async def test_a_second_invalid_answer_is_the_end(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says(BAD), vendor.says(BAD))
    error = await failing(Repairing(model), asking(answer=Review))
    assert isinstance(error, InvalidAnswer)
    assert error.usage == Usage(input_tokens=20, output_tokens=14)
    assert len(double.asked) == 2


async def test_tools_round_trip_with_the_vendors_own_turn(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.asks(("a", "look_up", {"word": "x"}), ("b", "look_up", {"word": 7})), vendor.says("Done."))
    ran: list[ToolCall] = []

    async def run(call: ToolCall) -> ToolOutput:
        ran.append(call)
        return ToolOutput(call.id, call.name, "it means a cross")

    async def ask(request: Request):
        return await model.complete(request, no_pulse)

    completion = await run_tools(ask, asking(tools=(LOOK_UP,), effort="low"), run, max_steps=3)
    assert completion.text == "Done."
    assert [(call.id, dict(call.arguments)) for call in ran] == [("a", {"word": "x"})]
    first, second = (json.dumps(asked.json) for asked in double.asked)
    assert "Looks a word up." in first
    assert "it means a cross" in second
    assert "do not fit" in second
    own = {"Claude": '"signature": "c2ln"', "Gemini": '"thoughtSignature": "c2ln"', "ResponsesModel": '"ZW5j"'}
    assert own.get(type(model).__name__, "") in second


async def test_another_vendors_turn_is_given_in_neutral_form(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says("Done."))
    call = ToolCall("call_9", "look_up", {"word": "x"})
    request = Request(
        messages=(
            Message(role="user", text="what is x?"),
            Message(role="assistant", text="Let me see.", tool_calls=(call,)),
            Message(
                role="user",
                text="go on",
                tool_outputs=(ToolOutput("call_9", "look_up", "no such word", failed=True),),
            ),
        )
    )
    assert (await model.complete(request, no_pulse)).text == "Done."
    sent = json.dumps(double.asked[0].json)
    places = [sent.index(text) for text in ("what is x?", "Let me see.", "look_up", "no such word", "go on")]
    assert places == sorted(places)


async def test_arguments_that_are_not_an_object_are_a_broken_answer(model: Model, vendor: VendorWords, double: Double):
    double.reply(vendor.asks(("a", "look_up", [1, 2])))
    assert isinstance(await failing(model, asking(tools=(LOOK_UP,))), BrokenAnswer)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRejected),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, ModelGone),
        (408, TimedOut),
        (410, ModelGone),
        (413, ContextTooLong),
        (422, RequestRejected),
        (429, RateLimited),
        (500, VendorFault),
        (502, VendorFault),
        (503, Overloaded),
        (504, VendorFault),
        (529, Overloaded),
        (302, RequestRejected),
    ],
)
async def test_each_status_has_its_error(
    model: Model, vendor: VendorWords, double: Double, status: int, kind: type[ModelError]
) -> None:
    double.reply(vendor.error(status, f"no, {KEY} at https://x.example/?key={KEY}", "", location="/elsewhere"))
    error = await failing(model)
    assert type(error) is kind
    assert error.status == status
    assert len(double.asked) == 1


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        ("prompt is too long: 250 tokens > 20 maximum", "invalid_request_error", ContextTooLong),
        ("This model's maximum context length is 8192 tokens", "context_length_exceeded", ContextTooLong),
        ("The input token count (250) exceeds the maximum", "INVALID_ARGUMENT", ContextTooLong),
        ("the request exceeds the available context size", "exceed_context_size_error", ContextTooLong),
        ("API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", AccessDenied),
        ("Your credit balance is too low", "invalid_request_error", AccessDenied),
        ("The model `gpt-4` does not exist", "model_not_found", ModelGone),
        ("flagged", "content_policy_violation", Refused),
        ("max_tokens must be positive", "", RequestRejected),
    ],
)
async def test_a_400_is_told_apart_by_what_it_says(  # noqa: PLR0917  # pytest passes them by name
    model: Model, vendor: VendorWords, double: Double, words: str, code: str, kind: type[ModelError]
) -> None:
    double.reply(vendor.error(400, words, code))
    assert type(await failing(model)) is kind


@pytest.mark.parametrize(
    "content", [b"", b"<html>gateway</html>" * 99, b'{"err', b"[]", b'"x"', b"null", b'{"error": []}']
)
@pytest.mark.parametrize("status", [401, 500])
async def test_error_bodies_of_any_kind(model: Model, double: Double, content: bytes, status: int) -> None:
    double.reply(body(content, status))
    assert type(await failing(model)) is (AccessDenied if status == 401 else VendorFault)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b'{"half": ',
        b"data: {not json\n\n",
        b"event: message_start\ndata: {not json\n\n",
        b"data: []\n\n",
        b'data: "x"\n\n',
        b"data: null\n\n",
        b"data: 7\n\n",
        b"data: {}\n\n",
        b"data: \xff\xfe\n\n",
        b'data: {"choices": "x", "candidates": "x", "type": 7}\n\n',
        b'data: {"choices": [7], "candidates": [7], "type": "response.completed", "response": 7}\n\n',
        b'data: {"candidates": [{"content": "x"}], "type": "response.completed", "response": {"output": 1}}\n\n',
        b'data: {"choices": [{"delta": {"content": 7}}], "candidates": [{"content": {"parts": 7}}], "type": "x"}\n\n',
    ],
)
async def test_bodies_that_cannot_be_read(model: Model, double: Double, content: bytes) -> None:
    double.reply(Reply([content]))
    assert type(await failing(model)) is BrokenAnswer


@pytest.mark.parametrize("kept", [0, 1, 2])
async def test_a_stream_that_ends_early_is_never_an_answer(
    model: Model, vendor: VendorWords, double: Double, kept: int
) -> None:
    whole = vendor.says("A long answer that matters.")
    double.reply(replace(whole, pieces=whole.pieces[:kept]))
    assert type(await failing(model)) is BrokenAnswer


async def test_a_corrupt_piece_spoils_the_answer(model: Model, vendor: VendorWords, double: Double) -> None:
    whole = vendor.says("A long answer that matters.")
    middle = len(whole.pieces) // 2
    broken = [*whole.pieces]
    broken[middle] = broken[middle][: len(broken[middle]) // 2] + b"\n\n"
    double.reply(replace(whole, pieces=broken))
    assert type(await failing(model)) is BrokenAnswer


async def test_an_empty_answer_is_not_an_answer(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says("  "))
    assert type(await failing(model)) is BrokenAnswer


async def test_a_reset_in_the_stream(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(replace(vendor.says("half"), pieces=vendor.says("half").pieces[:1], then="reset"))
    assert type(await failing(model)) is Unreachable


async def test_nobody_there(vendor: VendorWords) -> None:
    provider = vendor.provider("http://127.0.0.1:9")
    assert type(await failing(provider.model(vendor.model))) is Unreachable
    await provider.aclose()


@pytest.mark.parametrize("kept", [0, 1])
async def test_silence(vendor: VendorWords, double: Double, kept: int) -> None:
    provider = vendor.provider(double.url, Timeouts(connect=1.0, stall=0.2))
    double.reply(replace(vendor.says("half"), pieces=vendor.says("half").pieces[:kept], then="hold"))
    error = await failing(provider.model(vendor.model))
    assert type(error) is TimedOut
    assert "0.2 s" in str(error)
    await provider.aclose()


async def test_a_cut_answer_is_truncated(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.cuts('{"summary": "fi'))
    error = await failing(model, asking(answer=Review))
    assert type(error) is Truncated
    assert error.partial == '{"summary": "fi'
    assert error.usage == Usage(input_tokens=10, output_tokens=7)


async def test_a_refusal(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.refuses("I will not do that."))
    error = await failing(model, asking(answer=Review))
    assert type(error) is Refused
    assert ("SAFETY" if model.ref.provider == "google" else "I will not do that.") in str(error)
    assert error.usage == Usage(input_tokens=10, output_tokens=7)


async def test_retry_after_is_read(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.error(429, "slow down", "", retry_after="7"))
    error = await failing(model)
    assert type(error) is RateLimited
    assert error.retry_after == 7.0


async def test_cancelling_closes_the_connection(model: Model, vendor: VendorWords, double: Double) -> None:
    double.reply(replace(vendor.says("half"), pieces=vendor.says("half").pieces[:1], then="hold"))
    started = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(model.complete, asking(), started.set)
        await started.wait()
        group.cancel_scope.cancel()
    assert await anyio.to_thread.run_sync(double.gone.wait, 5)


async def test_calls_run_at_the_same_time_over_one_client(model: Model, vendor: VendorWords, double: Double) -> None:
    held = replace(vendor.says("half"), pieces=vendor.says("half").pieces[:1], then="hold")
    double.reply(held, held, held)
    started: list[None] = []
    all_started = anyio.Event()

    def pulse() -> None:
        started.append(None)
        if len(started) == 3:
            all_started.set()

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(model.complete, asking(), pulse)
        await all_started.wait()
        assert double.most_open == 3
        group.cancel_scope.cancel()


async def test_lists_what_is_served(provider: Provider, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.lists("one", "two"))
    assert list(await provider.served()) == ["one", "two"]


async def test_a_list_that_cannot_be_had_is_an_error(provider: Provider, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.error(401, f"bad key {KEY}", ""))
    with pytest.raises(AccessDenied) as caught:
        await provider.served()
    assert KEY not in str(caught.value)


async def test_a_closed_provider_can_be_used_again(provider: Provider, vendor: VendorWords, double: Double) -> None:
    double.reply(vendor.says("one"), vendor.says("two"))
    await provider.warm()
    assert (await provider.model(vendor.model).complete(asking(), no_pulse)).text == "one"
    await provider.aclose()
    assert (await provider.model(vendor.model).complete(asking(), no_pulse)).text == "two"


def test_every_vendor_takes_part() -> None:
    assert {name.partition("-")[0] for name in VENDORS} == {"anthropic", "openai", "google", "compatible"}
