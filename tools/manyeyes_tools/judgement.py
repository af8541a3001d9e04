"""What models say about code, held against the code: the part that code_review and security_scan share.

`quick` asks one fast model.  `standard` asks the model that the router chooses, checks whether its answer holds up,
and asks a more capable one where it does not; what is high or critical is read once more by another vendor's model.
`panel` asks one model of each vendor, none of which sees the others; then each judges what the others found.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes_tools.chunks import make_chunks
from manyeyes_tools.claims import Claim, Dispute, ReviewAnswer, SecurityAnswer
from manyeyes_tools.court import ANSWER_TOKENS, CHUNK_TOKENS, Court, shorten, task_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.investigation import Bounds, Tools
    from manyeyes_tools.material import Material

__all__ = [
    "ANSWER_TOKENS",
    "CHUNK_TOKENS",
    "Claim",
    "Dispute",
    "Judgement",
    "Question",
    "ReviewAnswer",
    "SecurityAnswer",
    "judge",
]

VENDORS = ("anthropic", "openai", "google")
_OVERHEAD_TOKENS = 6_000
"""What stands around a piece in a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the models are asked about the material.

    Attributes:
        tool: The row of the routing table.
        role: The part the models play.
        prompt: Names the instructions.
        answer: The shape wanted.
        depth: How much is spent on it, see the module.
        model: The model that the caller insists on; nobody else is then asked, not even to check.
        focus: What the caller wants looked at most.
        wish: What the repository under review asks for; it is shown to the models as data, like the code.
        guided: Whether the project's own papers (AGENTS.md and the like) are shown, as data and preferences at most.
        bounds: How far a model may look around for itself; None for the usual.
        tools: What it may use for that; None for the usual ones, where there are roots and the material has a place.
    """

    tool: str
    role: str
    prompt: str
    answer: type[ReviewAnswer | SecurityAnswer]
    depth: Depth
    model: str | None
    focus: str = ""
    wish: str = ""
    guided: bool = False
    bounds: Bounds | None = None
    tools: Tools | None = None


@dataclass(slots=True)
class Judgement:
    """What was heard, grounded in the source.

    Attributes:
        findings: Claims whose quote was found, merged, with what others made of them.
        summaries: The models' own words, one for each piece and model.
        verdicts: Their verdicts, where they were asked for one.
        disputed: Evidence that models hold to be wrong: id, who says so and why.
        ungrounded: Claims that are not shown, by reason.
        problems: What could not be done, and why.
        notes: What is worth knowing of how the answer came about.
        heard: How many answers came.
        asked: How many were asked for.
        keyless: True when nobody could be asked at all.
    """

    findings: list[Finding] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    disputed: list[tuple[str, str, str]] = field(default_factory=list)
    ungrounded: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    heard: int = 0
    asked: int = 0
    keyless: bool = False

    @property
    def summary(self) -> str:
        """The models' words, bounded; empty when none was heard."""
        return shorten(" ".join(dict.fromkeys(self.summaries)), 2_000)


async def judge(material: Material, evidence: Sequence[Finding], question: Question, bench: Bench) -> Judgement:
    """Ask the models that the router chooses about all of the material.

    Models that fail are named in `problems`; nothing raises but cancellation and a bad `model` argument.

    Raises:
        BadCall: `question.model` is not known.
    """
    judgement = Judgement()
    tasks = _panel(question, bench) if question.depth == "panel" else [task_for(question, CHUNK_TOKENS[-1])]
    chunk_tokens = next((size for size in CHUNK_TOKENS if _fits(tasks, size, bench)), 0)
    if not chunk_tokens:
        judgement.problems.append(f"No model was asked: {bench.route(tasks[0]).obstacles}.")
        judgement.keyless = True
        return judgement
    chunks = make_chunks(material.files, chunk_tokens)
    court = Court(material, tuple(evidence), question, bench, judgement, total=len(chunks) * len(tasks))
    if question.depth == "panel":
        await court.hear_panel(chunks, tasks)
        await court.gather_findings()
        await court.exchange(tasks)
    else:
        await court.hear(chunks, tasks[0])
        if question.depth == "standard" and question.model is None:
            await court.escalate(court.weak(), tasks[0])
        await court.gather_findings()
        if question.depth == "standard" and question.model is None:
            await court.doubt(tasks[0])
    return judgement


def _panel(question: Question, bench: Bench) -> list[Task]:
    """One task for each vendor that can be asked; the endpoints count as one more."""
    everybody = {ref.provider for ref in bench.route(task_for(question, CHUNK_TOKENS[-1])).taken}
    seats = [frozenset({vendor}) for vendor in VENDORS if vendor in everybody]
    if rest := everybody - set(VENDORS):
        seats.append(frozenset(rest))
    return [task_for(question, CHUNK_TOKENS[-1], seat) for seat in seats] or [task_for(question, CHUNK_TOKENS[-1])]


def _fits(tasks: Sequence[Task], size: int, bench: Bench) -> bool:
    return all(bench.route(replace(task, input_tokens=size + _OVERHEAD_TOKENS)).taken for task in tasks)
