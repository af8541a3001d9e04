"""Keeps a conversation short: the oldest turns give way to a summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from manyeyes.errors import NoAnswer
from manyeyes.types import Message, Tier
from manyeyes_tools.support.asking import ask, task_of, user
from manyeyes_tools.support.instructions import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.state.conversations import Conversation, Turn
    from manyeyes.tool import Bench

_TOKENS = 600
_LONGEST = 2_000
_TOLD = 2_000
_CUT = 120


class SummaryAnswer(BaseModel):
    """What a fast model makes of the oldest turns."""

    summary: str = Field(min_length=1)


def as_messages(conversation: Conversation) -> list[Message]:
    """What was said before, as models take it."""
    messages: list[Message] = []
    if conversation.summary:
        messages += (
            user(f"<summary>\n{conversation.summary}\n</summary>\n(What was said before, in short.)"),
            Message(role="assistant", text="Understood."),
        )
    for turn in conversation.turns:
        messages += (user(turn.message[:_TOLD]), Message(role="assistant", text=turn.reply[:_TOLD]))
    return messages


def too_many(conversation: Conversation, most: int) -> int:
    """How many of the oldest turns should give way: none, or so many that half of what may stay is left."""
    return len(conversation.turns) - most // 2 if len(conversation.turns) > most else 0


async def summarise(conversation: Conversation, turns: Sequence[Turn], bench: Bench) -> str:
    """A text in the place of the oldest turns: a fast model's where one answers, else their beginnings."""
    told = "\n".join(f"Customer: {turn.message[:_TOLD]}\nService: {turn.reply[:_TOLD]}" for turn in turns)
    text = f"Summary so far: {conversation.summary or '(none)'}\n\n{told}"
    task = task_of("support_summary", len(text), _TOKENS, tier=Tier.FAST)
    if bench.route(task).taken:
        try:
            answer, _ = await ask(bench, task, SummaryAnswer, load("summary"), [user(text)], role="summary")
        except NoAnswer:
            return _beginnings(conversation, turns)
        return bench.redactor.mask(answer.summary)[:_LONGEST]
    return _beginnings(conversation, turns)


def _beginnings(conversation: Conversation, turns: Sequence[Turn]) -> str:
    """The beginnings of what the customer wrote, said to be that; the latest, where even they are too much."""
    lines = [*conversation.summary.splitlines()[1:], *(f"- {' '.join(turn.message.split())[:_CUT]}" for turn in turns)]
    while len(lines) > 1 and sum(map(len, lines)) > _LONGEST - _CUT:
        lines.pop(0)
    return "\n".join(("Not a summary: only the beginnings of the customer's earlier messages.", *lines))
