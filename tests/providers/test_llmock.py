"""The same providers against llmock, a server written by others: faults as third parties imagine them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from manyeyes.errors import (
    AccessDenied,
    BrokenAnswer,
    ContextTooLong,
    ModelError,
    Overloaded,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
    Unreachable,
    VendorFault,
)
from manyeyes.model import no_pulse
from manyeyes.providers import anthropic, compatible, google, openai
from manyeyes.providers.sdk import Timeouts
from manyeyes.settings import Endpoint, Google, OpenAI, Settings, Vendor
from manyeyes.types import Message, Request, ToolSpec

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from llmock.pytest_plugin import LLMock

    from manyeyes.model import Model, Provider

pytestmark = pytest.mark.anyio

KEY = "test-key"
QUESTION = Request(messages=(Message(role="user", text="Say something of a few words, please."),))
MODELS = {
    "anthropic": "claude-opus-4-7",
    "openai-responses": "gpt-5.5",
    "openai-chat": "gpt-5.5",
    "google": "gemini-2.5-pro",
    "compatible": "gpt-oss",
}


def made(name: str, llmock: LLMock, timeouts: Timeouts) -> Provider:
    match name:
        case "anthropic":
            settings = Settings(anthropic=Vendor(key=KEY, base_url=llmock.base_url("anthropic")))
            return anthropic.providers(settings, timeouts=timeouts)[0]
        case "google":
            settings = Settings(google=Google(key=KEY, base_url=llmock.base_url("gemini"), api_version="v1beta"))
            return google.providers(settings, timeouts=timeouts)[0]
        case "compatible":
            settings = Settings(endpoints={"gateway": Endpoint(url=llmock.base_url("openai"))})
            return compatible.providers(settings, timeouts=timeouts)[0]
        case _:
            api = name.partition("-")[2]
            settings = Settings(openai=OpenAI(key=KEY, base_url=llmock.base_url("openai"), api=api))
            return openai.providers(settings, timeouts=timeouts)[0]


@pytest.fixture(params=sorted(MODELS))
async def model(request: pytest.FixtureRequest, llmock: LLMock) -> AsyncIterator[Model]:
    provider = made(request.param, llmock, Timeouts(connect=2.0, stall=0.4))
    yield provider.model(MODELS[request.param])
    await provider.aclose()


async def failing(model: Model, request: Request = QUESTION) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await model.complete(request, no_pulse)
    return caught.value


async def test_a_plain_answer(model: Model, llmock: LLMock) -> None:
    llmock.reply("Good morning to you.")
    completion = await model.complete(QUESTION, no_pulse)
    assert completion.text == "Good morning to you."
    assert completion.usage is not None
    assert completion.usage.input_tokens > 0
    assert completion.usage.output_tokens > 0


async def test_a_shape(model: Model, llmock: LLMock) -> None:
    class Verdict(BaseModel):
        word: str
        sure: bool

    llmock.reply('{"word": "yes", "sure": true}')
    request = Request(messages=QUESTION.messages, answer=Verdict)
    assert (await model.complete(request, no_pulse)).parsed == Verdict(word="yes", sure=True)


async def test_a_tool_call(model: Model, llmock: LLMock) -> None:
    tool = ToolSpec(
        name="weather",
        description="The weather of a city.",
        parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    )
    llmock.call_tool("weather", {"city": "Paris"})
    completion = await model.complete(Request(messages=QUESTION.messages, tools=(tool,)), no_pulse)
    assert [(call.name, dict(call.arguments)) for call in completion.tool_calls] == [("weather", {"city": "Paris"})]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AccessDenied), (500, VendorFault), (503, Overloaded), (529, Overloaded)],
)
async def test_statuses(model: Model, llmock: LLMock, status: int, kind: type[ModelError]) -> None:
    llmock.fail(status)
    error = await failing(model)
    assert type(error) is kind
    assert error.status == status


async def test_a_rate_limit_says_how_long_to_wait(model: Model, llmock: LLMock) -> None:
    llmock.rate_limit(retry_after=7)
    error = await failing(model)
    assert type(error) is RateLimited
    assert error.retry_after == pytest.approx(7.0)


async def test_a_prompt_that_does_not_fit(model: Model, llmock: LLMock) -> None:
    llmock.limits(context_window=20)
    request = Request(messages=(Message(role="user", text="word " * 200),))
    assert type(await failing(model, request)) is ContextTooLong


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("disconnect", {Unreachable}),
        ("truncate", {BrokenAnswer}),
        ("corrupt", {BrokenAnswer}),
        ("stall", {TimedOut}),
    ],
)
@pytest.mark.parametrize("after", [1, 3])
async def test_streams_that_go_wrong(
    model: Model, llmock: LLMock, fault: str, kinds: set[type[ModelError]], after: int
) -> None:
    llmock.reply("one two three four five six seven eight")
    getattr(llmock, fault)(after_chunks=after)
    assert type(await failing(model)) in kinds


async def test_nothing_comes(model: Model, llmock: LLMock) -> None:
    llmock.delay(1)
    assert type(await failing(model)) is TimedOut


@pytest.mark.parametrize(("finish", "kind"), [("content_filter", Refused), ("length", Truncated)])
async def test_finish_reasons(model: Model, llmock: LLMock, finish: str, kind: type[ModelError]) -> None:
    from llmock.scenarios import Reply

    llmock.add(Reply(text="Some of the answer", finish_reason=finish))
    path_of_responses = type(model).__name__ == "ResponsesModel"
    if finish == "content_filter" and path_of_responses:
        # llmock reports a filtered Responses answer as completed; our own double covers that case.
        assert (await model.complete(QUESTION, no_pulse)).text == "Some of the answer"
        return
    assert type(await failing(model)) is kind
