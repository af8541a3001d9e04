"""What a message is about: the classifier where it is sure, else a fast model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from manyeyes.errors import NoAnswer
from manyeyes.types import Tier
from manyeyes_tools.support.asking import ask, task_of, user
from manyeyes_tools.support.instructions import load

if TYPE_CHECKING:
    from manyeyes.state.conversations import Conversation
    from manyeyes.tool import Bench
    from manyeyes_tools.support.classifier import Classifier

CLASSIFIER = "classifier"
_TOKENS = 300
_BEFORE = 3
_SHOWN = 1_500


class IntentAnswer(BaseModel):
    """What a fast model says."""

    intent: str = Field(description="One of the listed names.")
    confidence: float = Field(ge=0, le=1)


@dataclass(frozen=True, slots=True)
class Intent:
    """What the message is about, how sure that is, and who said so."""

    name: str
    confidence: float
    by: str


async def tell_intent(
    message: str, masked: str, conversation: Conversation, classifier: Classifier, bench: Bench
) -> Intent:
    """Tell what a message is about.

    Args:
        message: As the customer wrote it; it stays here.
        masked: The same without secrets and personal data, for a model.
        conversation: What was said before.
        classifier: Knows the intents.
        bench: What to ask with.
    """
    verdict = classifier.classify(message)
    if verdict.sure:
        return Intent(verdict.intent, round(verdict.confidence, 4), CLASSIFIER)
    guess = Intent(verdict.intent, round(verdict.confidence * verdict.known, 4), CLASSIFIER)
    before = "\n".join(f"({turn.intent}) {turn.message[:300]}" for turn in conversation.turns[-_BEFORE:])
    text = "\n\n".join(
        (
            f"Intents: {', '.join(classifier.intents)}",
            f"Said before by the customer:\n{before or '(nothing)'}",
            f"Latest message:\n{masked[:_SHOWN]}",
        )
    )
    task = task_of("support_intent", len(text), _TOKENS, tier=Tier.FAST)
    if not bench.route(task).taken:
        return _held(guess, conversation)
    try:
        answer, by = await ask(bench, task, IntentAnswer, load("intent"), [user(text)], role="intent")
    except NoAnswer:
        return _held(guess, conversation)
    name = answer.intent.strip()
    return Intent(name, answer.confidence, by) if name in classifier.intents else guess


def _held(guess: Intent, conversation: Conversation) -> Intent:
    """With nobody to ask: an unclear message in the middle of a conversation goes on about the same."""
    last = conversation.turns[-1].intent if conversation.turns else None
    return guess if last is None else Intent(last, guess.confidence, guess.by)
