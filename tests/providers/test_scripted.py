from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from manyeyes.calls.repairing import Repairing
from manyeyes.errors import InvalidAnswer, RateLimited, RequestRejected, SettingsError
from manyeyes.model import no_pulse
from manyeyes.providers.scripted import ERRORS, Answer, Call, ScriptedModel, providers
from manyeyes.settings import Scripted, Settings
from manyeyes.types import Message, ModelRef, Request, ToolCall, ToolOutput, Usage

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
REF = ModelRef("scripted", "m")


class Yes(BaseModel):
    yes: bool


def asking(text: str = "hello", **more: object) -> Request:
    return Request(messages=(Message(role="user", text=text),), **more)


async def test_answers_are_given_in_order_and_run_out() -> None:
    model = ScriptedModel(REF, [Answer(text="one"), Answer(text="two", times=2)])
    assert [(await model.complete(asking(), no_pulse)).text for _ in range(3)] == ["one", "two", "two"]
    with pytest.raises(RequestRejected, match="holds no answer"):
        await model.complete(asking(), no_pulse)
    assert len(model.asked) == 4


async def test_answers_are_chosen_by_what_is_asked() -> None:
    model = ScriptedModel(
        REF,
        [
            Answer(contains="SELECT", text="sql", times=None),
            Answer(shape="Yes", json={"yes": True}, times=None),
            Answer(text="other", times=None),
        ],
    )
    assert (await model.complete(asking("a SELECT b"), no_pulse)).text == "sql"
    assert (await model.complete(asking(system="SELECT"), no_pulse)).text == "sql"
    output = Message(role="user", tool_outputs=(ToolOutput("a", "b", "SELECT"),))
    assert (await model.complete(Request(messages=(output,)), no_pulse)).text == "sql"
    assert (await model.complete(asking(answer=Yes), no_pulse)).parsed == Yes(yes=True)
    assert (await model.complete(asking(), no_pulse)).text == "other"


async def test_a_scripted_answer_is_validated_like_any_other() -> None:
    model = ScriptedModel(REF, [Answer(text="no json", usage=Usage(input_tokens=1)), Answer(text='{"yes": true}')])
    with pytest.raises(InvalidAnswer) as caught:
        await model.complete(asking(answer=Yes), no_pulse)
    assert caught.value.usage == Usage(input_tokens=1)
    assert (await model.complete(asking(answer=Yes), no_pulse)).parsed == Yes(yes=True)


async def test_tool_calls_are_asked_for() -> None:
    call = Call(id="a", name="look", arguments={"at": "x"})
    model = ScriptedModel(REF, [Answer(tool_calls=(call,))])
    assert (await model.complete(asking(answer=Yes), no_pulse)).tool_calls == (ToolCall("a", "look", {"at": "x"}),)


@pytest.mark.parametrize("kind", sorted(ERRORS))
async def test_every_error_can_be_scripted(kind: str) -> None:
    answer = Answer(error=kind, status=418, retry_after=2.0, usage=Usage(output_tokens=1), partial="half")
    with pytest.raises(ERRORS[kind]) as caught:
        await ScriptedModel(REF, [answer]).complete(asking(), no_pulse)
    error = caught.value
    assert (error.kind, error.status, error.retry_after, error.partial) == (kind, 418, 2.0, "half")
    assert error.usage == Usage(output_tokens=1)


async def test_a_delay_is_waited_for_on_the_clock_that_is_given() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    pulses: list[None] = []
    model = ScriptedModel(REF, [Answer(text="late", delay_s=60)], sleep=sleep)
    assert (await model.complete(asking(), lambda: pulses.append(None))).text == "late"
    assert waited == [60]
    assert len(pulses) == 2


async def test_a_script_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"models": {"m": [{"json": {"yes": False}}, {"error": "rate_limited"}]}}))
    (provider,) = providers(Settings(scripted=Scripted(file=path)))
    await provider.warm()
    assert list(await provider.served()) == ["m"]
    assert provider.local
    model = provider.model("m")
    assert model.ref == REF
    assert (await model.complete(asking(answer=Yes), no_pulse)).parsed == Yes(yes=False)
    with pytest.raises(RateLimited):
        await provider.model("m").complete(asking(), no_pulse)
    with pytest.raises(RequestRejected):
        await provider.model("other").complete(asking(), no_pulse)
    await provider.aclose()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "Invalid JSON"),
        ('{"models": {"m": [{"txt": "x"}]}}', "models.m.0.txt"),
        ('{"models": {"m": [{"error": "bored"}]}}', "rate_limited"),
        (None, "cannot be read"),
    ],
)
def test_a_script_that_cannot_be_used(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "script.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingsError, match=told):
        providers(Settings(scripted=Scripted(file=path)))


USED = Usage(input_tokens=10, output_tokens=2)


@pytest.mark.parametrize(
    ("second", "usage"),
    [
        (Answer(error="refused", usage=USED), USED + USED),
        (Answer(error="rate_limited"), USED),
        (Answer(error="timed_out"), None),
    ],
)
async def test_a_repair_that_fails_costs_both_rounds(second: Answer, usage: Usage | None) -> None:
    model = Repairing(ScriptedModel(REF, [Answer(text="{}", usage=USED), second]))
    assert model.ref == REF
    with pytest.raises(ERRORS[second.error]) as caught:
        await model.complete(asking(answer=Yes), no_pulse)
    assert caught.value.usage == usage


async def test_a_repair_of_nothing_asks_without_an_empty_turn() -> None:
    inner = ScriptedModel(REF, [Answer(text=" "), Answer(text='{"yes": true}', usage=USED)])
    completion = await Repairing(inner).complete(asking(answer=Yes), no_pulse)
    assert completion.usage is None  # the first round did not say
    assert [message.role for message in inner.asked[1].messages] == ["user", "user"]
