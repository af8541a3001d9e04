"""What a judgement shows of the models that took part, told to whoever chooses models.

Silence is no virtue: an answer without claims, to a piece in which nothing had to be spoken to, tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.learning.account import Resolved, Signal
from manyeyes_tools.exchange import Outcome
from manyeyes_tools.holding import flaw, must_speak
from manyeyes_tools.merging import is_engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.tool import Bench
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.claims import Heard
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.scrutiny import Scrutiny

UPHELD: Mapping[Outcome, float | None] = {
    Outcome.CONFIRMED: 1.0,
    Outcome.HELD: None,
    Outcome.DISPUTED: 0.4,
    Outcome.REFUTED: 0.0,
    Outcome.WITHDRAWN: 0.0,
}
"""How good a claim was by what became of it before other models; None where nobody spoke to it."""


def tell_answer(bench: Bench, kind: str, heard: Heard, chunk: Chunk, evidence: Sequence[Finding]) -> None:
    """Tell what one answer shows by itself.

    Args:
        bench: Is told.
        kind: The kind of work that was asked for.
        heard: The answer, grounded.
        chunk: What it was about.
        evidence: What the engines had found.
    """
    claims = heard.answer.findings
    if claims:
        bench.outcome(heard.ref, kind, Signal.ANCHORED, heard.anchored)
    if claims or must_speak(chunk, evidence):
        bench.outcome(heard.ref, kind, Signal.HELD_UP, 0.0 if flaw(heard, chunk, evidence) else 1.0)
    # A finding keeps its patch only where it could be made; of those without one, some had none to give.
    offered = sum(bool(claim.search.strip()) and claim.search != claim.replace for claim in claims)
    if offered:
        applied = sum(one.suggestion is not None and one.suggestion.applies for one in heard.findings)
        bench.outcome(heard.ref, kind, Signal.PATCHES, min(applied / offered, 1.0))


def tell_scrutiny(bench: Bench, kind: str, before: Sequence[Finding], looked: Scrutiny) -> None:
    """Tell what became of each model's claims before others.

    Args:
        bench: Is told.
        kind: The kind of work the claims came from.
        before: The claims, with those who made them.
        looked: What came of them.
    """
    for one in before:
        outcome = looked.outcomes.get(one.id)
        upheld = UPHELD[outcome] if outcome is not None else None
        if upheld is not None:
            for model in _models(one.sources):
                bench.outcome(model, kind, Signal.UPHELD, upheld)


def tell_panel(bench: Bench, kind: str, members: Sequence[str], before: Sequence[Finding], looked: Scrutiny) -> None:
    """Tell how much each member of a panel had found by itself of what others confirmed in the end.

    What one member alone holds counts for nobody: it would count against all others whether it is so or not.
    """
    sound = [one for one in before if looked.outcomes.get(one.id) is Outcome.CONFIRMED]
    for model in members if sound else ():
        found = sum(model in one.sources for one in sound)
        bench.outcome(model, kind, Signal.FOUND, found / len(sound))


def tell_resolved(bench: Bench, kind: str, mended: Sequence[tuple[Finding, str]]) -> None:
    """Tell of findings that a later review found mended, and in which run each was named.

    What an engine had found, and models only agreed to, is nobody's merit: they were asked about it by its id.

    Args:
        bench: Is told.
        kind: The kind of work the findings came from.
        mended: The findings, and the ids of those runs.
    """
    for one, run in mended:
        for model in () if any(map(is_engine, one.sources)) else _models(one.sources):
            bench.resolved(Resolved(run, kind, model, one.id))


def _models(sources: Sequence[str]) -> list[str]:
    """The models among those that reported a finding."""
    return [source for source in sources if not is_engine(source)]
