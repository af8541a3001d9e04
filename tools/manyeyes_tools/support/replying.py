"""Has a model write the reply, and takes of it what holds: quotes that are found, rules that are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from manyeyes.errors import NoAnswer
from manyeyes.types import Message, Tier
from manyeyes_tools.support.asking import ask, task_of, user
from manyeyes_tools.support.checking import check_rules
from manyeyes_tools.support.history import as_messages
from manyeyes_tools.support.instructions import for_intent
from manyeyes_tools.support.knowledge import Passage, holds
from manyeyes_tools.support.result import Citation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.state.conversations import Conversation
    from manyeyes.tool import Bench
    from manyeyes_tools.support.result import SupportArguments

_TOKENS = 3_000
HELD_BACK = "Thank you for your message. A colleague will look into it and answer you personally."
"""What a customer reads when no model's reply may be sent."""


class Cited(BaseModel):
    """A passage's number, and words of it."""

    passage: int
    quote: str


class ReplyAnswer(BaseModel):
    """What the model that answers says."""

    reply: str = Field(min_length=1)
    citations: list[Cited] = Field(default_factory=list)
    confidence: float = Field(ge=0, le=1)
    needs_human: bool
    reason: str = ""


@dataclass(slots=True)
class Reply:
    """A reply with placeholders still in it, who wrote it, what it rests on, and why a person should see it."""

    text: str
    by: str
    human: str | None = None
    citations: list[Citation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Case:
    """What is to be answered: the message without secrets and personal data, what it is about, what is known."""

    masked: str
    intent: str
    conversation: Conversation
    passages: Sequence[Passage]


async def write_reply(case: Case, arguments: SupportArguments, bench: Bench) -> Reply:
    """The reply to a message.

    Raises:
        NoAnswer: no model wrote one.
        SettingsError: the operator's own instructions cannot be read.
    """
    passages = case.passages
    support = bench.settings.support
    system = for_intent(case.intent, support)
    messages = [*as_messages(case.conversation), user(_with_passages(case.masked, passages))]
    size = len(system) + sum(len(message.text) for message in messages)
    tier = Tier.FAST if arguments.depth == "quick" else None
    task = task_of(f"support_{case.intent}", size, _TOKENS, tier=tier, model=arguments.model)
    answer, author = await ask(bench, task, ReplyAnswer, system, messages, role="support")
    reply = _held_to(answer, author, passages, support.confidence)
    if not support.never_promise:
        return reply
    check = await check_rules(reply.text, author, support.never_promise, bench)
    if check.broken:
        again = [*messages, *_objection(answer, check.broken)]
        try:
            answer, author = await ask(bench, task, ReplyAnswer, system, again, role="support")
        except NoAnswer as error:
            return _withheld(check.broken, author, [f"The reply was not written anew: {error}"])
        reply = _held_to(answer, author, passages, support.confidence)
        reply.notes.append(f"Written anew, since the first reply broke: {'; '.join(check.broken)}.")
        check = await check_rules(reply.text, author, support.never_promise, bench)
        if check.broken:
            return _withheld(check.broken, author, [])
    if not check.by_model:
        # Asked for, and not to be had, is a part not done; otherwise it is how this operator's set-up works.
        (reply.problems if arguments.depth == "panel" else reply.notes).append(check.note)
    return reply


def _held_to(answer: ReplyAnswer, author: str, passages: Sequence[Passage], least: float) -> Reply:
    reply = Reply(answer.reply.strip(), author)
    dropped = 0
    for cited in answer.citations:
        passage = passages[cited.passage - 1] if 1 <= cited.passage <= len(passages) else None
        line = None if passage is None else holds(passage, cited.quote)
        if passage is None or line is None:
            dropped += 1
            continue
        quote = " ".join(cited.quote.split())
        reply.citations.append(Citation(path=passage.path, heading=passage.heading, line=line, quote=quote))
    if dropped:
        reply.notes.append(f"{dropped} quote{'s' * (dropped > 1)} left out: not found in the passages.")
    if answer.needs_human:
        reply.human = (
            f"the model says so: {answer.reason.strip()[:200]}" if answer.reason.strip() else "the model says so"
        )
    elif answer.confidence < least:
        reply.human = f"the model is unsure of its answer ({answer.confidence:.0%})"
    elif dropped and not reply.citations:
        reply.human = "what the reply claims to rest on was not found"
    return reply


def _withheld(rules: Sequence[str], author: str, problems: list[str]) -> Reply:
    reason = f"the reply would promise what must not be promised: {'; '.join(rules)}"
    return Reply(
        HELD_BACK,
        "person",
        reason,
        notes=[f"A reply of {author} was held back twice, or not mended."],
        problems=problems,
    )


def _objection(answer: ReplyAnswer, rules: Sequence[str]) -> tuple[Message, Message]:
    said = "\n".join(f"- {rule}" for rule in rules)
    return (
        Message(role="assistant", text=answer.model_dump_json()),
        user(
            f"This reply makes promises that it must not make:\n{said}\nWrite it anew without them, in the same shape."
        ),
    )


def _with_passages(masked: str, passages: Sequence[Passage]) -> str:
    if not passages:
        return f"(No passage of the company's knowledge fits.)\n\nThe customer's message:\n{masked}"
    told = "\n\n".join(f"[{number}] {one.place}\n{one.text}" for number, one in enumerate(passages, 1))
    mark = sha256(told.encode("utf-8", "replace")).hexdigest()[:16]  # no text can hold the hash of itself
    return f'<passages id="{mark}">\n{told}\n</passages id="{mark}">\n\nThe customer\'s message:\n{masked}'
