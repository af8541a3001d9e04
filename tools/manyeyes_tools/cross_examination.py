"""How what was found is put before others: one of another vendor, or the panel's other members."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.casework import Dismissed
from manyeyes_tools.court import identified
from manyeyes_tools.findings import Severity
from manyeyes_tools.interview import CHUNK_TOKENS, task_for
from manyeyes_tools.merging import is_engine, merge
from manyeyes_tools.outcomes import tell_panel, tell_scrutiny
from manyeyes_tools.scrutiny import REFUTED, scrutinise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.types import ModelRef, Task
    from manyeyes_tools.court import Court
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.inquiry import Judgement
    from manyeyes_tools.scrutiny import Scrutiny

ROUNDS = 2
"""Rounds of a panel's exchange."""
DOUBTED = 0.5
"""When more than this share of what is high or critical is disputed, a more capable model is asked."""
_DOUBTERS = 2
"""So many vendors are tried for the skeptical reading."""


async def doubt(court: Court, base: Task) -> None:
    """Have what is high or critical read by a model of another vendor, in one call."""
    grave = [one for one in court.judgement.findings if one.severity.at_least(Severity.HIGH)]
    grave += [one.finding for one in court.judgement.dismissed if one.finding.severity.at_least(Severity.HIGH)]
    if not grave:
        return
    authors = {source.partition(":")[0] for one in grave for source in one.sources}
    if court.judgement.folded:  # who was asked about the evidence has spoken to it
        authors |= {one.heard.ref.partition(":")[0] for one in court.answers}
    route = court.bench.route(task_for(court.question, CHUNK_TOKENS[-1]))
    others: dict[str, ModelRef] = {}
    for ref in route.taken:
        if ref.provider not in authors:
            others.setdefault(ref.provider, ref)
    absent = "; ".join(await _read_by(court, grave, tuple(others.values()), base))
    if absent:
        court.judgement.notes.append(f"Nobody of another vendor checked what is high or critical: {absent}.")


async def _read_by(court: Court, grave: Sequence[Finding], others: Sequence[ModelRef], base: Task) -> list[str]:
    """Put findings before the first of these that answers; why none did."""
    await court.tell("having what is grave read by another vendor's model")
    why: list[str] = []
    for ref in others[:_DOUBTERS]:
        readers = {str(ref): replace(base, model=None, providers=frozenset({ref.provider}))}
        looked = await scrutinise(grave, readers, court.seen(), court.bench, role="skeptic", rounds=1, tell=court.tell)
        court.judgement.notes += [looked.cost] if looked.cost else []
        tell_scrutiny(court.bench, court.question.tool, grave, looked)
        if not looked.heard:
            why += [f"{name}: {reason}" for name, reason in looked.absent.items()]
            continue
        ids = {one.id for one in grave}
        light = [one for one in court.judgement.findings if one.id not in ids]
        court.judgement.findings = [*light, *_reinstated(court.judgement, looked.findings, str(ref))]
        court.judgement.ungrounded += looked.hidden
        _dismiss(court, grave, looked)
        _tell_unread(court.judgement, looked.unread)
        if len(grave) > 1 and looked.contested > DOUBTED * len(grave):
            await _again(court, grave, base, str(ref))
        return []
    return why or ["none can be asked"]


async def _again(court: Court, grave: Sequence[Finding], base: Task, skeptic: str) -> None:
    """Most of what was grave is in doubt: a more capable model looks at those pieces, once."""
    if court.escalated:
        return
    paths = {one.path for one in grave}
    chunks = [one.chunk for one in court.answers if any(path in paths for path, _, _ in one.chunk.places)]
    court.judgement.notes.append(f"{skeptic} disputes most of what was held to be high or critical.")
    before = len(court.answers)
    await court.escalate(chunks, base)
    late = [finding for one in court.answers[before:] for finding in one.heard.findings]
    for one in court.answers[before:]:
        court.judgement.ungrounded += one.heard.ungrounded
        court.judgement.summaries.append(one.heard.answer.summary.strip())
    whole = [*court.judgement.findings, *await compute(identified, late, court.whole())]
    court.judgement.findings = list(await compute(merge, whole))


async def exchange(court: Court, tasks: Sequence[Task]) -> None:
    """Let the members of the panel judge what the others found."""
    speakers: dict[str, Task] = {}
    for task in tasks:
        refs = [one.heard.ref for one in court.answers if one.heard.ref.partition(":")[0] in (task.providers or ())]
        if refs:
            ref, _ = Counter(refs).most_common(1)[0]
            speakers[ref] = replace(task, model=ref, providers=None)
    if len(speakers) < 2:  # noqa: PLR2004  # nobody to speak to
        if speakers:
            court.judgement.notes.append("The panel was one model, so nobody checked what it found.")
        return
    await court.tell("having the panel's members judge each other's findings")
    before = court.judgement.findings
    looked = await scrutinise(before, speakers, court.seen(), court.bench, role="panel", rounds=ROUNDS, tell=court.tell)
    court.judgement.notes += [looked.cost] if looked.cost else []
    tell_scrutiny(court.bench, court.question.tool, before, looked)
    tell_panel(court.bench, court.question.tool, tuple(speakers), before, looked)
    casework = court.question.casework
    court.judgement.findings = casework.exchanged(before, looked.findings) if casework else looked.findings
    court.judgement.ungrounded += looked.hidden
    _dismiss(court, before, looked)
    _tell_unread(court.judgement, looked.unread)
    court.judgement.problems += [f"{name} left the exchange: {why}" for name, why in sorted(looked.absent.items())]


def _reinstated(judgement: Judgement, read: Sequence[Finding], reader: str) -> list[Finding]:
    """What stands after a second reading: of what was dismissed only that which the reader holds to be real."""
    dismissed = {one.finding.id: one for one in judgement.dismissed}
    standing: list[Finding] = []
    for one in read:
        was = dismissed.get(one.id)
        if was is None:
            standing.append(one)
        elif reader in one.sources:
            said = " | ".join(f"{name}: {reason}" for name, reason in was.said)
            standing.append(one.model_copy(update={"dissent": said or None}))
            judgement.dismissed.remove(was)
    return standing


def _dismiss(court: Court, before: Sequence[Finding], looked: Scrutiny) -> None:
    """What was reported before and models refuted together is dismissed, not merely out of sight."""
    judgement = court.judgement
    if not judgement.folded:
        return
    known = {one.finding.id for one in judgement.dismissed}
    evidence = {one.id for one in court.evidence}
    for one in before:
        if one.id in looked.refuted and (one.id in evidence or any(map(is_engine, one.sources))):
            judgement.ungrounded[REFUTED] -= 1
            if one.id not in known:
                judgement.dismissed.append(Dismissed(one, looked.refuted[one.id]))
    judgement.ungrounded += Counter()  # takes out what is none


def _tell_unread(judgement: Judgement, unread: int) -> None:
    if unread:
        judgement.notes.append(f"{unread} findings were not put before other models, since others weigh more.")
