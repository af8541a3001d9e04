"""The conversation in which a model asks for tools, we run them, and it goes on until it has an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.errors import InvalidAnswer, ManyEyesError
from manyeyes.types import Message, ToolOutput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from manyeyes.types import Completion, Request, ToolCall, ToolSpec

_LAST_WORD = "No more tools can be called. Answer now from what you have."


def never() -> bool:
    """There is no limit but the number of steps."""
    return False


async def run_tools(
    ask: Callable[[Request], Awaitable[Completion]],
    request: Request,
    run: Callable[[ToolCall], Awaitable[ToolOutput]],
    *,
    max_steps: int,
    enough: Callable[[], bool] = never,
) -> Completion:
    """Ask, run the tools asked for, give back what they said, and so on until the model is done.

    The calls of one turn run at the same time.  A call of a tool that was not offered, or with arguments that do
    not fit its schema, is not run: the model is told, as of a failed tool.  After `max_steps` turns with calls the
    model is asked for its answer without tools.

    Args:
        ask: Asks a model; it accounts for what each turn costs.
        request: What is asked, with the tools offered.
        run: Runs one call.  A tool that fails returns an output with `failed`; what it raises ends the loop.
        max_steps: How many turns may call tools; 0 offers none.
        enough: Asked before each turn; once it says so no more tools are offered, as after `max_steps` turns.

    Returns:
        The last answer.  Its usage is that of the last turn alone.

    Raises:
        InvalidAnswer: the model asks for tools when none are offered any more.
        ManyEyesError: what `ask` or `run` raised.
    """
    offered = {tool.name: tool for tool in request.tools}
    for _ in range(max_steps):
        if enough():
            break
        completion = await ask(request)
        if not completion.tool_calls:
            return completion
        outputs = await _all(completion.tool_calls, offered, run)
        request = _continued(request, completion, outputs)
    if request.messages and request.messages[-1].tool_outputs:
        last = replace(request.messages[-1], text=_LAST_WORD)
        request = replace(request, messages=(*request.messages[:-1], last))
    completion = await ask(replace(request, tools=()))
    if completion.tool_calls:
        raise InvalidAnswer(completion.ref, "it asks for tools where none are offered", usage=completion.usage)
    return completion


def _continued(request: Request, completion: Completion, outputs: tuple[ToolOutput, ...]) -> Request:
    told = Message(role="user", tool_outputs=outputs)
    return replace(request, messages=(*request.messages, completion.as_message(), told))


async def _all(
    calls: tuple[ToolCall, ...],
    offered: Mapping[str, ToolSpec],
    run: Callable[[ToolCall], Awaitable[ToolOutput]],
) -> tuple[ToolOutput, ...]:
    """The outputs in the order of the calls.  The first error ends the others and is raised as it is."""
    outputs: dict[int, ToolOutput] = {}
    errors: list[ManyEyesError] = []

    async def one(index: int, call: ToolCall) -> None:
        wrong = misfit(call, offered)
        if wrong:
            outputs[index] = ToolOutput(call.id, call.name, wrong, failed=True)
            return
        try:
            outputs[index] = await run(call)
        except ManyEyesError as error:
            errors.append(error)
            group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for index, call in enumerate(calls):
            group.start_soon(one, index, call)
    if errors:
        raise errors[0]
    return tuple(outputs[index] for index in range(len(calls)))


def misfit(call: ToolCall, offered: Mapping[str, ToolSpec]) -> str:
    """Why a call cannot be run, in words for the model; empty when it can."""
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

    tool = offered.get(call.name)
    if tool is None:
        return f"There is no tool {call.name!r}. There are: {', '.join(sorted(offered)) or 'none'}."
    validator = Draft202012Validator(dict(tool.parameters))
    faults = sorted(validator.iter_errors(dict(call.arguments)), key=lambda fault: list(map(str, fault.path)))
    told = "; ".join(f"{'/'.join(map(str, fault.path)) or 'arguments'}: {fault.message}" for fault in faults[:5])
    return f"The arguments do not fit. {told}" if told else ""
