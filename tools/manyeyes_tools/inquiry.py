"""What models are asked about code, and what was heard of them: what all who take part in it pass on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.casework import Casework, Dismissed
    from manyeyes_tools.claims import Answer
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.investigation import Bounds, Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the models are asked about the material.

    Attributes:
        tool: The row of the routing table.
        role: The part the models play.
        prompt: Names the instructions.
        answer: The shape wanted.
        depth: How much is spent on it, see `manyeyes_tools.judgement`.
        model: The model that the caller insists on; nobody else is then asked, not even to check.
        focus: What the caller wants looked at most.
        wish: What the repository under review asks for; it is shown to the models as data, like the code.
        guided: Whether the project's own papers (AGENTS.md and the like) are shown, as data and preferences at most.
        bounds: How far a model may look around for itself; None for the usual.
        checked: Whether somebody else will check what is found, so that no second model reads it here.
        tools: What it may use for that; None for the usual ones, where there are roots and the material has a place.
        casework: Asks about each finding of the evidence; the judgement's findings then hold the evidence too.
        frugal: Whether the instructions tell by themselves how code is given, with few of its lines numbered.
    """

    tool: str
    role: str
    prompt: str
    answer: type[Answer]
    depth: Depth
    model: str | None
    focus: str = ""
    wish: str = ""
    guided: bool = False
    checked: bool = False
    bounds: Bounds | None = None
    tools: Tools | None = None
    casework: Casework | None = None
    frugal: bool = False


@dataclass(slots=True)
class Judgement:
    """What was heard, grounded in the source.

    Attributes:
        findings: Claims whose quote was found, merged, with what others made of them.
        summaries: The models' own words, one for each piece and model.
        verdicts: Their verdicts, where they were asked for one.
        disputed: Evidence that models hold to be wrong: id, who says so and why.
        dismissed: Evidence that models dismissed, where each finding of it was a question.
        folded: Whether `findings` holds the evidence too.
        confirmed: Evidence that models hold to be right: by id, who says so.
        ungrounded: Claims that are not shown, by reason.
        problems: What could not be done, and why.
        notes: What is worth knowing of how the answer came about.
        beside: What models read for themselves besides the material: path, and a digest of it.
        heard: How many answers came.
        asked: How many were asked for.
        keyless: True when nobody could be asked at all.
    """

    findings: list[Finding] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    disputed: list[tuple[str, str, str]] = field(default_factory=list)
    dismissed: list[Dismissed] = field(default_factory=list)
    folded: bool = False
    confirmed: dict[str, list[str]] = field(default_factory=dict)
    ungrounded: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    heard: int = 0
    asked: int = 0
    keyless: bool = False

    @property
    def summary(self) -> str:
        """The models' words, bounded; empty when none was heard."""
        return shorten(" ".join(dict.fromkeys(self.summaries)), 2_000)


def shorten(text: str, limit: int = 120) -> str:
    """The text, cut to so many characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
