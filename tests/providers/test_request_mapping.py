"""What is sent, where the vendors' ways differ; and what only one of them answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from manyeyes.errors import AccessDenied, BrokenAnswer, ModelError, Overloaded, RateLimited, Refused, VendorFault
from manyeyes.model import no_pulse
from manyeyes.providers import anthropic_request, chat_request, google_request, responses_request
from manyeyes.providers.chat_request import Dialect
from manyeyes.types import Message, ModelRef, Request, ToolCall, ToolOutput, ToolSpec
from wire.doubles import Reply, anthropic_stream, body, chat_stream, events, google_stream, responses_stream
from wire.vendors import VENDORS, CompatibleWords

if TYPE_CHECKING:
    from manyeyes.types import Completion
    from wire.doubles import Double


class Yes(BaseModel):
    yes: bool


ASK = Request(messages=(Message(role="user", text="well?"),), system="Be brief.")
TOOL = ToolSpec(name="look", description="Looks.", parameters={"type": "object", "properties": {}})


@pytest.mark.parametrize(
    ("model", "effort"),
    [
        ("claude-opus-5-5", "high"),
        ("claude-opus-4-7", "high"),
        ("claude-opus-4-5-20251101", "high"),
        ("claude-sonnet-4-6", "high"),
        ("claude-sonnet-4-5-20250929", None),
        ("claude-haiku-4-5", None),
        ("claude-opus-4-1-20250805", None),
        ("claude-opus-4-20250514", None),
        ("claude-3-7-sonnet-latest", None),
    ],
)
def test_which_claude_is_told_how_much_to_reason(model: str, effort: str | None) -> None:
    params = anthropic_request.to_params(ModelRef("anthropic", model), replace(ASK, effort="high"))
    assert params.get("thinking") == (effort and {"type": "adaptive"})
    assert params.get("output_config") == (effort and {"effort": effort})
    assert "temperature" not in params


def test_claude_is_given_the_tools_that_the_conversation_mentions() -> None:
    call = ToolCall("a", "look", {})
    turns = (
        *ASK.messages,
        Message(role="assistant", tool_calls=(call,)),
        Message(role="user", text="and now answer", tool_outputs=(ToolOutput("a", "look", "a tree"),)),
    )
    params = anthropic_request.to_params(ModelRef("anthropic", "claude-opus-4-7"), replace(ASK, messages=turns))
    assert [tool["name"] for tool in params["tools"]] == ["look"]
    assert params["tool_choice"] == {"type": "none"}
    assert [block["type"] for block in params["messages"][-1]["content"]] == ["tool_result", "text"]


@pytest.mark.parametrize(
    ("model", "dialect", "limit", "effort"),
    [
        ("gpt-5.5", Dialect(), "max_completion_tokens", "low"),
        ("o4-mini", Dialect(), "max_completion_tokens", "low"),
        ("openai/gpt-5.5", Dialect(), "max_completion_tokens", "low"),
        ("gpt-4.1", Dialect(), "max_completion_tokens", None),
        ("llama3", Dialect(), "max_tokens", None),
        ("gpt-5.5", Dialect(own=False), "max_tokens", None),
    ],
)
def test_limits_and_effort_in_chat(model: str, dialect: Dialect, limit: str, effort: str | None) -> None:
    params = chat_request.to_params(ModelRef("openai", model), replace(ASK, effort="low"), dialect)
    assert params[limit] == ASK.max_tokens
    assert params.get("reasoning_effort") == effort


def test_responses_stores_nothing_and_asks_for_encrypted_reasoning() -> None:
    params = responses_request.to_params(ModelRef("openai", "gpt-5.5"), replace(ASK, effort="low", answer=Yes))
    assert params["store"] is False
    assert params["include"] == ["reasoning.encrypted_content"]
    assert params["reasoning"] == {"effort": "low"}
    assert params["text"]["format"]["strict"] is True
    assert "include" not in responses_request.to_params(ModelRef("openai", "gpt-4.1"), ASK)


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("gemini-2.5-pro", "low", {"thinking_budget": 1024}),
        ("gemini-2.5-flash", "high", {"thinking_budget": 24576}),
        ("gemini-3-pro-preview", "medium", {"thinking_level": "HIGH"}),
        ("gemini-3.5-flash", "medium", {"thinking_level": "MEDIUM"}),
        ("gemini-2.0-flash", "high", None),
        ("gemma-3", "high", None),
    ],
)
def test_how_gemini_is_told_how_much_to_reason(model: str, effort: str, thinking: dict[str, object] | None) -> None:
    config = google_request.to_config(ModelRef("google", model), replace(ASK, effort=effort))
    assert config.get("thinking_config") == thinking


def test_gemini_is_asked_for_a_shape_in_words_when_there_are_tools() -> None:
    ref = ModelRef("google", "gemini-2.5-pro")
    both = google_request.to_config(ref, replace(ASK, answer=Yes, tools=(TOOL,)))
    assert "response_json_schema" not in both
    assert "JSON Schema" in both["system_instruction"]
    assert "response_json_schema" in google_request.to_config(ref, replace(ASK, answer=Yes))


async def asked(words: CompatibleWords, double: Double, request: Request = ASK) -> Completion:
    provider = words.provider(double.url)
    try:
        return await provider.model(words.model).complete(request, no_pulse)
    finally:
        await provider.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("mode", "sent"), [("json_schema", "json_schema"), ("json_object", "json_object"), ("prompt", None)]
)
async def test_the_ways_to_ask_an_endpoint_for_a_shape(double: Double, mode: str, sent: str | None) -> None:
    double.reply(chat_stream('{"yes": true}'))
    completion = await asked(CompatibleWords(mode), double, replace(ASK, answer=Yes))
    assert completion.parsed == Yes(yes=True)
    request = double.asked[0].json
    assert request.get("response_format", {}).get("type") == sent
    assert ("JSON Schema" in request["messages"][0]["content"]) is (mode != "json_schema")


@pytest.mark.anyio
async def test_an_endpoint_without_key_is_sent_none_and_never_the_organisation(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-operator")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-the-operator")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-operator")
    double.reply(chat_stream("hi"))
    await asked(CompatibleWords(key=None), double)
    assert "authorization" not in double.asked[0].headers
    assert "of-the-operator" not in json.dumps(double.asked[0].headers)


@pytest.mark.anyio
async def test_calls_without_numbers_or_ids(double: Double) -> None:
    whole = [{"id": i, "function": {"name": "look", "arguments": json.dumps({"at": i})}} for i in ("x", "y")]
    double.reply(
        events(
            {"choices": [{"delta": {"tool_calls": [whole[0]]}}]},
            {"choices": [{"delta": {"tool_calls": [whole[1]]}, "finish_reason": "tool_calls"}]},
            done=True,
        )
    )
    calls = (await asked(CompatibleWords(), double, replace(ASK, tools=(TOOL,)))).tool_calls
    assert [(call.id, call.arguments) for call in calls] == [("x", {"at": "x"}), ("y", {"at": "y"})]


@pytest.mark.anyio
async def test_gemini_calls_without_ids_get_ours_which_stay_here(double: Double) -> None:
    words = VENDORS["google"]
    double.reply(google_stream({"functionCall": {"name": "look", "args": {}}}), google_stream({"text": "a tree"}))
    provider = words.provider(double.url)
    model = provider.model(words.model)
    first = await model.complete(replace(ASK, tools=(TOOL,)), no_pulse)
    (call,) = first.tool_calls
    output = Message(role="user", tool_outputs=(ToolOutput(call.id, call.name, "green"),))
    await model.complete(replace(ASK, messages=(*ASK.messages, first.as_message(), output)), no_pulse)
    assert call.id not in json.dumps(double.asked[1].json)
    await provider.aclose()


@pytest.mark.anyio
async def test_a_foreign_call_bears_the_mark_that_gemini_wants(double: Double) -> None:
    words = VENDORS["google"]
    double.reply(google_stream({"text": "so"}))
    provider = words.provider(double.url)
    turns = (*ASK.messages, Message(role="assistant", tool_calls=(ToolCall("a", "look", {}),)), *ASK.messages)
    await provider.model(words.model).complete(replace(ASK, messages=turns), no_pulse)
    assert '"skip_thought_signature_validator"' in json.dumps(double.asked[0].json)
    await provider.aclose()


def named(*items: object) -> Reply:
    return events(*items, named=True)


def claude(*after_start: object) -> Reply:
    message = {"model": "claude-served", "usage": {"input_tokens": 10, "output_tokens": 1}}
    return named({"type": "message_start", "message": message}, *after_start)


BEGIN = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "x"}}
BEGIN_TOOL = {
    "type": "content_block_start",
    "index": 0,
    "content_block": {"type": "tool_use", "id": "a", "name": "look", "input": {}},
}
HALF = {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"at'}}
CLOSE = {"type": "content_block_stop", "index": 0}
LAST = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 2}}
STOP = {"type": "message_stop"}

IN_STREAM = [
    ("anthropic", claude({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}}), BrokenAnswer),
    ("anthropic", claude(BEGIN, {"type": "content_block_delta", "index": 0}), BrokenAnswer),
    ("anthropic", claude(BEGIN, {**HALF, "delta": {"type": "holograph_delta"}}), BrokenAnswer),
    ("anthropic", claude(CLOSE), BrokenAnswer),
    ("anthropic", claude(BEGIN_TOOL, HALF, CLOSE), BrokenAnswer),
    ("anthropic", claude(BEGIN_TOOL, LAST, STOP), BrokenAnswer),
    ("openai-chat", chat_stream(calls=[("a", "look", '{"at')], finish="tool_calls"), BrokenAnswer),
    ("openai-chat", chat_stream(calls=[("a", "", "{}")], finish="tool_calls"), BrokenAnswer),
    ("anthropic", named({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}), Overloaded),
    ("anthropic", anthropic_stream(stop="model_context_window_exceeded"), "context_too_long"),
    ("anthropic", anthropic_stream({"type": "text", "text": "x"}, stop="pause_turn"), BrokenAnswer),
    ("openai-chat", events({"error": {"message": "x", "code": "rate_limit_exceeded"}}), RateLimited),
    ("openai-chat", events({"error": {"message": "x", "code": 502}}), VendorFault),
    ("openai-chat", chat_stream("x", finish="content_filter"), Refused),
    ("openai-chat", chat_stream("x", finish="error"), BrokenAnswer),
    ("openai-responses", named({"type": "error", "code": "rate_limit_exceeded", "message": "x"}), RateLimited),
    (
        "openai-responses",
        responses_stream(status="failed", error={"code": "server_error", "message": "x"}),
        VendorFault,
    ),
    ("openai-responses", responses_stream(status="failed", error={"code": "bio_policy", "message": "x"}), Refused),
    ("openai-responses", responses_stream(status="incomplete", reason="content_filter"), Refused),
    ("openai-responses", responses_stream(status="incomplete", reason="steered"), BrokenAnswer),
    ("openai-responses", responses_stream(), BrokenAnswer),
    ("google", google_stream(finish=None, feedback={"blockReason": "PROHIBITED_CONTENT"}), Refused),
    ("google", google_stream({"text": "x"}, finish="MALFORMED_FUNCTION_CALL"), BrokenAnswer),
    ("google", google_stream({"text": "x"}, finish="CONTINUATION"), "truncated"),
    ("google", google_stream({"text": "x"}, finish="SOMETHING_NEW"), BrokenAnswer),
]


@pytest.mark.anyio
@pytest.mark.filterwarnings("ignore:SOMETHING_NEW is not a valid FinishReason:UserWarning")
@pytest.mark.parametrize(("name", "reply", "kind"), IN_STREAM)
async def test_what_goes_wrong_inside_a_stream(
    double: Double, name: str, reply: Reply, kind: type[ModelError] | str
) -> None:
    words = VENDORS[name]
    double.reply(reply)
    provider = words.provider(double.url)
    with pytest.raises(ModelError) as caught:
        await provider.model(words.model).complete(ASK, no_pulse)
    assert kind in {type(caught.value), caught.value.kind}
    await provider.aclose()


@pytest.mark.anyio
async def test_google_says_in_the_body_how_long_to_wait_and_why_a_key_is_bad(double: Double) -> None:
    words = VENDORS["google"]
    provider = words.provider(double.url)
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"}
    bad = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    for status, detail in ((429, wait), (400, bad), (429, {"retryDelay": "soon"})):
        error = {"code": status, "message": "no", "status": "X", "details": [detail, 7]}
        double.reply(body({"error": error}, status))
    errors = []
    for _ in range(3):
        with pytest.raises(ModelError) as caught:
            await provider.model(words.model).complete(ASK, no_pulse)
        errors.append(caught.value)
    assert [error.retry_after for error in errors] == [17.0, None, None]
    assert [type(error) for error in errors] == [RateLimited, AccessDenied, RateLimited]
    await provider.aclose()


@pytest.mark.anyio
async def test_citations_are_kept_for_the_vendor(double: Double) -> None:
    words = VENDORS["anthropic"]
    cited = {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {"at": 1}}}
    last = {**LAST, "delta": {"stop_reason": "end_turn"}}
    double.reply(claude(BEGIN, cited, cited, CLOSE, {"type": "of_the_future"}, last, STOP))
    provider = words.provider(double.url)
    completion = await provider.model(words.model).complete(ASK, no_pulse)
    assert completion.native is not None
    assert json.loads(completion.native.blob) == [{"type": "text", "text": "x", "citations": [{"at": 1}, {"at": 1}]}]
    await provider.aclose()


@pytest.mark.anyio
async def test_only_the_first_of_several_answers_counts(double: Double) -> None:
    first, second = {"index": 0, "delta": {"content": "one"}}, {"index": 1, "delta": {"content": "two"}}
    double.reply(events({"choices": [first, second]}, {"choices": [{"index": 0, "finish_reason": "stop"}]}))
    completion = await asked(CompatibleWords(), double)
    assert completion.text == "one"
    assert completion.usage is None
