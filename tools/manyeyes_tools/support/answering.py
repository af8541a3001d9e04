"""How a customer is answered: redact, tell the intent, look things up, have a model reply, check, keep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import time
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes.errors import BadCall, NoAnswer
from manyeyes.state.conversations import Conversation, NotYours, Turn
from manyeyes.state.database import StateBusy
from manyeyes_tools.support import signals
from manyeyes_tools.support.history import summarise, too_many
from manyeyes_tools.support.intent import tell_intent
from manyeyes_tools.support.knowledge import KnowledgeError, Passage, answers, index_file, opened
from manyeyes_tools.support.model import TRAINED, chosen
from manyeyes_tools.support.personal import Personal
from manyeyes_tools.support.replying import HELD_BACK, Case, Reply, write_reply
from manyeyes_tools.support.result import Citation, SupportResult
from manyeyes_tools.support.substance import emptiness

if TYPE_CHECKING:
    from pathlib import Path

    from manyeyes.results import Status
    from manyeyes.tool import Bench
    from manyeyes_tools.support.intent import Intent
    from manyeyes_tools.support.result import SupportArguments

PERSON, KNOWLEDGE = "person", "knowledge"
_SHOWN_PASSAGES = 2
_LEAST_INTENT = 0.25
"""An intent that is less sure than this is a guess, and a person should see the message when no model did."""


@dataclass(frozen=True, slots=True)
class _Found:
    passages: tuple[Passage, ...] = ()
    problems: tuple[str, ...] = ()


async def answer(arguments: SupportArguments, bench: Bench) -> SupportResult:
    """Answer a customer's message.

    Raises:
        BadCall: the message is empty, or the conversation is somebody else's.
        SettingsError: the operator's classifier or instructions cannot be read.
    """
    message = arguments.message.strip()
    if not message:
        raise BadCall("`message` is empty; send what the customer wrote.")
    conversation, notes = await _conversation(arguments, bench)
    personal = Personal(conversation.personal, enabled=bench.settings.privacy != "off")
    masked = personal.mask(bench.redactor.mask(message))
    classifier = await anyio.to_thread.run_sync(chosen, _classifier_file(bench))
    await bench.progress("telling the intent", 0, 3)
    intent = await tell_intent(message, masked, conversation, classifier, bench)
    found = await _look_up(message, bench)
    await bench.progress(f"answering: {intent.name}", 1, 3)
    reply, heard = await _reply(Case(masked, intent.name, conversation, found.passages), intent, arguments, bench)
    # Personal data is the customer's own and comes back; a secret that a model repeats or makes up does not.
    reply.text = bench.redactor.mask(reply.text)
    reply.human = None if reply.human is None else bench.redactor.mask(reply.human)
    await bench.progress("keeping", 2, 3)
    upset = signals.anger(message) > 0
    human = (
        signals.urgent(message)
        or signals.sentiment(message, complaint=intent.name == "complaint", upset_before=conversation.upset)
        or reply.human
    )
    turn = Turn(time(), intent.name, masked, reply.text)
    problems = [*reply.problems, *found.problems]
    problems += await _keep(conversation, turn, personal, bench, upset=upset)
    status: Status = "evidence_only" if not heard else "partial" if problems else "complete"
    return SupportResult(
        status=status,
        summary=_summary(intent, reply, human),
        problems=problems,
        run=bench.run(),
        conversation_id=conversation.id,
        intent=intent.name,
        intent_confidence=round(intent.confidence, 4),
        intent_by=intent.by,
        reply=personal.restore(reply.text),
        handled_by=reply.by,
        needs_human=human is not None,
        human_reason=human,
        citations=reply.citations,
        notes=[*notes, *reply.notes, *bench.notices],
    )


async def _conversation(arguments: SupportArguments, bench: Bench) -> tuple[Conversation, list[str]]:
    kept = bench.conversations
    given = arguments.conversation_id
    if given is None:
        return Conversation(id=kept.new_id(), personal={}), []
    try:
        found = await anyio.to_thread.run_sync(kept.find, given, bench.principal)
    except NotYours:
        raise BadCall("This conversation cannot be gone on with; leave `conversation_id` out to begin one.") from None
    except StateBusy as error:
        raise BadCall(f"The conversation cannot be read at the moment ({error}) Send the message again.") from None
    if found is not None:
        return found, []
    return Conversation(id=given, personal={}), ["Nothing is kept under this conversation_id, so it begins here."]


async def _look_up(question: str, bench: Bench) -> _Found:
    """Passages of the operator's knowledge, secrets in them masked."""
    folder = bench.settings.support.knowledge
    if folder is None:
        return _Found()
    folder = folder.expanduser()
    index = index_file(folder, bench.conversations.folder)
    try:
        passages = await anyio.to_thread.run_sync(opened(folder, index).search, question)
    except KnowledgeError as error:
        return _Found(problems=(str(error),))
    return _Found(tuple(replace(one, text=bench.redactor.mask(one.text)) for one in passages))


async def _reply(case: Case, intent: Intent, arguments: SupportArguments, bench: Bench) -> tuple[Reply, bool]:
    """The reply, and whether a model was heard."""
    heard = False
    try:
        reply = await write_reply(case, arguments, bench)
    except NoAnswer as error:
        attempts = [f"{attempt.ref}: {attempt.message}" for attempt in error.attempts]
        problems = attempts or [f"No model was asked: {error.route.obstacles}."]
        without = "no model answered"
    else:
        empty = emptiness(reply.text, case.masked)
        if not empty:
            return reply, True
        heard = True
        problems = [*reply.problems, f"The reply of {reply.by} was not sent: {empty}."]
        without = f"the model's reply said nothing ({empty})"
    fitting = [one for one in case.passages if answers(case.masked, one)][:_SHOWN_PASSAGES]
    if not fitting:
        why = f"{without}, and the knowledge holds nothing that fits"
        return Reply(HELD_BACK, PERSON, why, problems=problems), heard
    human = "it is unclear what the message is about" if intent.confidence < _LEAST_INTENT else None
    told = "\n\n".join(f"{one.text}\n({one.place})" for one in fitting)
    cited = [Citation(path=p.path, heading=p.heading, line=p.line, quote=p.text.splitlines()[0]) for p in fitting]
    return Reply(told, KNOWLEDGE, human, citations=cited, problems=problems), heard


async def _keep(conversation: Conversation, turn: Turn, personal: Personal, bench: Bench, *, upset: bool) -> list[str]:
    """Keep the turn, and shorten what has become too long.  What could not be kept."""
    kept = bench.conversations
    whole = replace(conversation, turns=(*conversation.turns, turn), personal=personal.known)

    def add() -> None:
        kept.add(conversation.id, bench.principal, turn, run_id=bench.run_id, personal=personal.known, upset=upset)

    try:
        await anyio.to_thread.run_sync(add)
        if oldest := too_many(whole, bench.settings.support.history_turns):
            text = await summarise(whole, whole.turns[:oldest], bench)
            await anyio.to_thread.run_sync(kept.shorten, whole, oldest, text)
    except StateBusy as error:
        return [f"This turn is not kept: {error}"]
    return []


def _classifier_file(bench: Bench) -> Path | None:
    """The operator's classifier: as set, else where training puts it, else None."""
    named = bench.settings.support.classifier
    if named is not None:
        return named.expanduser()
    folder = bench.conversations.folder
    own = None if folder is None else folder / TRAINED
    return own if own is not None and own.is_file() else None


def _summary(intent: Intent, reply: Reply, human: str | None) -> str:
    said = f"{intent.name} ({intent.confidence:.0%}), answered by {reply.by}."
    return said if human is None else f"{said} A person is needed: {human}."
