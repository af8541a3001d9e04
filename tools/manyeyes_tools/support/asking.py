"""One question to a model, with an answer of a given shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from manyeyes.types import Message, Request, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Tier

AnswerT = TypeVar("AnswerT", bound=BaseModel)

CHARACTERS_PER_TOKEN = 3


def task_of(
    kind: str,
    size: int,
    answer_tokens: int,
    *,
    tier: Tier | None = None,
    model: str | None = None,
    only: frozenset[str] | None = None,
) -> Task:
    """What the router needs to know of a question of that many characters."""
    return Task(
        kind=kind,
        tier=tier,
        input_tokens=size // CHARACTERS_PER_TOKEN + 200,
        output_tokens=answer_tokens,
        structured=True,
        model=model,
        providers=only,
    )


async def ask(
    bench: Bench, task: Task, shape: type[AnswerT], system: str, messages: Sequence[Message], *, role: str
) -> tuple[AnswerT, str]:
    """The answer, and the reference of the model that gave it.

    Nothing of a conversation is kept with other answers: deleting it could not reach them there.

    Raises:
        NoAnswer: no model answered.
    """
    request = Request(
        system=system, messages=tuple(messages), max_tokens=task.output_tokens, answer=shape, private=True
    )
    completion = await bench.complete(task, request, role=role)
    return shape.model_validate(completion.parsed, from_attributes=True), str(completion.ref)


def user(text: str) -> Message:
    """A message of the user's."""
    return Message(role="user", text=text)
