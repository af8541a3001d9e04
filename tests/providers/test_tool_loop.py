from __future__ import annotations

import anyio
import pytest

from manyeyes.calls.tool_loop import misfit, run_tools
from manyeyes.errors import BadCall, InvalidAnswer
from manyeyes.model import no_pulse
from manyeyes.providers.scripted import Answer, Call, ScriptedModel
from manyeyes.types import Completion, Message, ModelRef, Request, ToolCall, ToolOutput, ToolSpec

pytestmark = pytest.mark.anyio

LOOK = ToolSpec(
    name="look",
    description="Looks.",
    parameters={"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]},
)
REQUEST = Request(messages=(Message(role="user", text="well?"),), tools=(LOOK,))


def wants(*ids: str, name: str = "look") -> Answer:
    return Answer(tool_calls=tuple(Call(id=id_, name=name, arguments={"at": id_}) for id_ in ids))


async def looked(call: ToolCall) -> ToolOutput:
    return ToolOutput(call.id, call.name, f"saw {call.arguments['at']}")


async def ran(model: ScriptedModel, run=looked, max_steps: int = 3) -> Completion:
    async def ask(request: Request) -> Completion:
        return await model.complete(request, no_pulse)

    return await run_tools(ask, REQUEST, run, max_steps=max_steps)


def scripted(*answers: Answer) -> ScriptedModel:
    return ScriptedModel(ModelRef("scripted", "m"), answers)


async def test_it_goes_on_until_the_model_is_done() -> None:
    model = scripted(wants("a"), wants("b", "c"), Answer(text="done"))
    assert (await ran(model)).text == "done"
    outputs = [output.text for message in model.asked[-1].messages for output in message.tool_outputs]
    assert outputs == ["saw a", "saw b", "saw c"]


async def test_the_calls_of_a_turn_run_at_the_same_time() -> None:
    met = anyio.Event()

    async def run(call: ToolCall) -> ToolOutput:
        if call.id == "a":
            await met.wait()
        else:
            met.set()
        return await looked(call)

    with anyio.fail_after(5):
        model = scripted(wants("a", "b"), Answer(text="done"))
        await ran(model, run)
    assert [output.call_id for output in model.asked[1].messages[-1].tool_outputs] == ["a", "b"]


async def test_at_the_limit_it_asks_for_an_answer_without_tools() -> None:
    model = scripted(wants("a"), wants("b"), Answer(text="done"))
    assert (await ran(model, max_steps=2)).text == "done"
    last = model.asked[-1]
    assert last.tools == ()
    assert "Answer now" in last.messages[-1].text
    assert last.messages[-1].tool_outputs


async def test_no_steps_means_no_tools() -> None:
    model = scripted(Answer(text="done"))
    assert (await ran(model, max_steps=0)).text == "done"
    assert model.asked[0].tools == ()
    assert model.asked[0].messages == REQUEST.messages


async def test_a_model_that_does_not_stop_is_an_error() -> None:
    with pytest.raises(InvalidAnswer):
        await ran(scripted(wants("a"), wants("b")), max_steps=1)


async def test_an_error_of_a_tool_comes_out_as_it_is_and_ends_the_others() -> None:
    async def run(call: ToolCall) -> ToolOutput:
        if call.id == "a":
            await anyio.sleep_forever()
        raise BadCall("no such place")

    with anyio.fail_after(5), pytest.raises(BadCall, match="no such place"):
        await ran(scripted(wants("a", "b")), run)


async def test_what_does_not_fit_goes_back_to_the_model() -> None:
    model = scripted(wants("a", name="jump"), Answer(text="sorry"))
    assert (await ran(model)).text == "sorry"
    (output,) = model.asked[1].messages[-1].tool_outputs
    assert output.failed
    assert output.text == "There is no tool 'jump'. There are: look."


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"at": "x"}, ""), ({}, "'at' is a required property"), ({"at": 7}, "at: 7 is not of type 'string'")],
)
def test_misfits(arguments: dict[str, object], told: str) -> None:
    said = misfit(ToolCall("a", "look", arguments), {"look": LOOK})
    assert told in said
    assert bool(said) is bool(told)
