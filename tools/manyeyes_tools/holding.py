"""Whether an answer holds up, as far as that can be told without asking anybody; and whom to ask when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.types import Tier
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from manyeyes.types import ModelRef, Route
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.claims import Heard
    from manyeyes_tools.findings import Finding

ANCHORED = 0.5
"""An answer of whose claims a smaller share can be found in the code does not hold up."""
SURE = 0.7
"""Evidence at least so sure, and high or critical, must be spoken to."""
IGNORED = 0.5
"""An answer that passes over a larger share of it does not hold up."""
_NEAR = 2
"""A claim so few lines from a piece of evidence speaks to it."""


def flaw(heard: Heard, chunk: Chunk, evidence: Sequence[Finding]) -> str:
    """Why an answer to a piece does not hold up, in a few words; empty when it does."""
    if heard.anchored < ANCHORED:
        made = len(heard.answer.findings)
        lost = made - round(heard.anchored * made)
        return f"{lost} of its {made} quotes {'is' if lost == 1 else 'are'} not in the code"
    sure = must_speak(chunk, evidence)
    ignored = [one for one in sure if not _spoken_to(one, heard)]
    if sure and len(ignored) > IGNORED * len(sure):
        return f"it passes over {len(ignored)} of {len(sure)} grave findings of the evidence"
    return ""


def must_speak(chunk: Chunk, evidence: Sequence[Finding]) -> list[Finding]:
    """The evidence that an answer to a piece must speak to: what is grave, and sure."""
    return [one for one in evidence if _counts(one) and _shown(one, chunk)]


def next_tier(route: Route, asked: Collection[str]) -> ModelRef | None:
    """A flagship that was not asked yet, of another vendor than the flagships that were; None when there is none.

    Args:
        route: For the flagship tier.
        asked: The references of those that were asked.
    """
    flagships = [one.ref for one in route.candidates if one.taken and one.tier is Tier.FLAGSHIP]
    heard = {ref.provider for ref in flagships if str(ref) in asked}
    return next((ref for ref in flagships if ref.provider not in heard), None)


def _counts(finding: Finding) -> bool:
    return finding.severity.at_least(Severity.HIGH) and finding.confidence >= SURE


def _shown(finding: Finding, chunk: Chunk) -> bool:
    return any(path == finding.path and first <= finding.start_line <= last for path, first, last in chunk.places)


def _spoken_to(finding: Finding, heard: Heard) -> bool:
    named = {*heard.answer.confirmed, *(one.id for one in heard.answer.disputed)}
    return finding.id in named or any(
        one.path == finding.path
        and one.start_line - _NEAR <= finding.end_line
        and finding.start_line <= one.end_line + _NEAR
        for one in heard.findings
    )
