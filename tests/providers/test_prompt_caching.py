"""What calls have in common comes first and is marked, so that vendors need not read it anew each time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel, SecretStr

from manyeyes.model import no_pulse
from manyeyes.providers import anthropic_request, chat_request, openai, responses_request
from manyeyes.providers.chat_request import Dialect, prefix_key
from manyeyes.settings import OpenAI, Settings
from manyeyes.types import Message, ModelRef, Request, ToolCall, ToolOutput, ToolSpec
from wire.vendors import VENDORS

if TYPE_CHECKING:
    from wire.doubles import Double

CLAUDE, GPT = ModelRef("anthropic", "claude-opus-4-7"), ModelRef("openai", "gpt-5.5")
MARK = {"type": "ephemeral"}
LOOK = ToolSpec(name="look", description="Looks.", parameters={"type": "object", "properties": {}})
READ = ToolSpec(name="read", description="Reads.", parameters={"type": "object", "properties": {}})
ASK = Request(system="Be brief.", messages=(Message(role="user", text="well?"),), tools=(LOOK, READ))


class Yes(BaseModel):
    yes: bool


class No(BaseModel):
    no: bool


def marks(value: object) -> int:
    """How many marks for the cache stand anywhere in it; the vendor takes four."""
    if isinstance(value, dict):
        return ("cache_control" in value) + sum(marks(inner) for inner in value.values())
    return sum(map(marks, value)) if isinstance(value, list | tuple) else 0


def test_claude_is_told_to_keep_the_tools_and_the_system_text() -> None:
    params = anthropic_request.to_params(CLAUDE, ASK)
    assert [tool.get("cache_control") for tool in params["tools"]] == [None, MARK]
    assert [block.get("cache_control") for block in params["system"]] == [MARK]
    assert marks(params) == 3


@pytest.mark.parametrize(
    ("request_", "count"),
    [(replace(ASK, tools=()), 1), (replace(ASK, system=""), 2), (replace(ASK, tools=(), system=""), 0)],
)
def test_claude_is_given_no_mark_without_something_to_keep(request_: Request, count: int) -> None:
    assert marks(anthropic_request.to_params(CLAUDE, request_)) == count


def test_only_the_end_of_a_conversation_with_tools_is_marked() -> None:
    call = Message(role="assistant", tool_calls=(ToolCall("a", "look", {}),))
    seen = Message(role="user", tool_outputs=(ToolOutput("a", "look", "a wall"),))
    params = anthropic_request.to_params(CLAUDE, replace(ASK, messages=(*ASK.messages, call, seen)))
    assert [marks(message) for message in params["messages"]] == [0, 0, 1]
    assert params["messages"][-1]["content"][-1]["cache_control"] == MARK
    assert marks(params) == 3


def test_a_question_without_tools_is_not_marked() -> None:
    params = anthropic_request.to_params(CLAUDE, replace(ASK, tools=()))
    assert [marks(message) for message in params["messages"]] == [0]


@pytest.mark.parametrize(("vendor", "told"), [(True, True), (False, False)])
def test_only_openai_itself_is_told_which_calls_begin_alike(vendor: bool, told: bool) -> None:  # noqa: FBT001  # a table
    chat = chat_request.to_params(GPT, ASK, Dialect(vendor=vendor))
    responses = responses_request.to_params(GPT, ASK, vendor=vendor)
    assert ("prompt_cache_key" in chat) is told
    assert chat.get("prompt_cache_key") == responses.get("prompt_cache_key")


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (replace(ASK, messages=(Message(role="user", text="another"),)), True),
        (replace(ASK, max_tokens=1, effort="low"), True),
        (replace(ASK, system="Be long."), False),
        (replace(ASK, tools=(LOOK,)), False),
        (replace(ASK, answer=Yes), False),
    ],
)
def test_which_calls_begin_alike(other: Request, alike: bool) -> None:  # noqa: FBT001  # a table
    assert (prefix_key(other) == prefix_key(ASK)) is alike
    assert len(prefix_key(other)) <= 64  # the vendor takes no longer one


def test_answers_of_another_shape_begin_otherwise() -> None:
    assert prefix_key(replace(ASK, answer=Yes)) != prefix_key(replace(ASK, answer=No))


@pytest.mark.parametrize("api", ["responses", "chat"])
@pytest.mark.parametrize(("base_url", "vendor"), [(None, True), (openai.HOME, True), ("http://127.0.0.1:9/v1", False)])
def test_openai_is_known_by_its_address(base_url: str | None, api: str, vendor: bool) -> None:  # noqa: FBT001  # a table
    (provider,) = openai.providers(Settings(openai=OpenAI(key=SecretStr("k"), base_url=base_url, api=api)))
    model = provider.model("gpt-5.5")
    known = model.wire.vendor if api == "responses" else model.dialect.vendor
    assert known is vendor


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "compatible"])
async def test_a_gateway_is_sent_no_parameter_it_may_not_know(double: Double, name: str) -> None:
    words = VENDORS[name]
    double.reply(words.says("hi"))
    provider = words.provider(double.url)
    await provider.model(words.model).complete(replace(ASK, tools=()), no_pulse)
    assert "prompt_cache_key" not in double.asked[0].json
    await provider.aclose()


@pytest.mark.anyio
async def test_the_marks_reach_claude_through_the_sdk(double: Double) -> None:
    words = VENDORS["anthropic"]
    double.reply(words.says("hi"))
    provider = words.provider(double.url)
    await provider.model(words.model).complete(ASK, no_pulse)
    assert double.asked[0].json["tools"][-1]["cache_control"] == MARK
    await provider.aclose()
