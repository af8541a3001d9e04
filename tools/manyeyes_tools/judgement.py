"""What models say about code, held against the code: the part that code_review and security_scan share.

`quick` asks one fast model.  `standard` asks the model that the router chooses, checks whether its answer holds up,
and asks a more capable one where it does not; what is high or critical is read once more by another vendor's model.
`panel` asks one model of each vendor, none of which sees the others; then each judges what the others found.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.chunks import make_chunks
from manyeyes_tools.claims import CaseAnswer, Claim, Dispute, ReviewAnswer, SecurityAnswer
from manyeyes_tools.court import ANSWER_TOKENS, CHUNK_TOKENS, Court, shorten, task_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.casework import Casework, Dismissed
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.claims import Answer
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.investigation import Bounds, Tools
    from manyeyes_tools.material import Material, SourceFile

__all__ = [
    "ANSWER_TOKENS",
    "CHUNK_TOKENS",
    "CaseAnswer",
    "Claim",
    "Dispute",
    "Judgement",
    "Question",
    "ReviewAnswer",
    "SecurityAnswer",
    "judge",
]

QUESTIONS = 60
"""Findings of the evidence that are asked about in one call."""
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
        checked: Whether somebody else will check what is found, so that no second model reads it here.
        tools: What it may use for that; None for the usual ones, where there are roots and the material has a place.
        casework: Asks about each finding of the evidence; the judgement's findings then hold the evidence too.
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


async def judge(material: Material, evidence: Sequence[Finding], question: Question, bench: Bench) -> Judgement:
    """Ask the models that the router chooses about all of the material.

    Models that fail are named in `problems`; nothing raises but cancellation and a bad `model` argument.

    Raises:
        BadCall: `question.model` is not known.
    """
    judgement = Judgement()
    tasks = _panel(question, bench) if question.depth == "panel" else [task_for(question, CHUNK_TOKENS[-1])]
    sizes = [size for size in CHUNK_TOKENS if _fits(tasks, size, bench)]
    if not sizes:
        judgement.problems.append(f"No model was asked: {bench.route(tasks[0]).obstacles}.")
        judgement.keyless = True
        return judgement
    chunks = await compute(make_chunks, material.files, sizes[0])
    for smaller in sizes[1:]:  # one answer speaks to so many questions only
        if question.casework is None or not _crowded(chunks, evidence):
            break
        chunks = await compute(make_chunks, material.files, smaller)
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
        if question.depth == "standard" and question.model is None and not question.checked:
            await court.doubt(tasks[0])
    judgement.beside = {path: digest_of(file) for path, file in court.library.fetched.items()}
    return judgement


def _crowded(chunks: Sequence[Chunk], evidence: Sequence[Finding]) -> bool:
    """Whether some piece holds more findings of the evidence than can be asked about at once."""
    asked = Counter(finding.path for finding in evidence)
    return any(sum(asked[path] for path in {path for path, _, _ in one.places}) > QUESTIONS for one in chunks)


def _panel(question: Question, bench: Bench) -> list[Task]:
    """One task for each vendor that can be asked; the endpoints count as one more."""
    everybody = {ref.provider for ref in bench.route(task_for(question, CHUNK_TOKENS[-1])).taken}
    seats = [frozenset({vendor}) for vendor in VENDORS if vendor in everybody]
    if rest := everybody - set(VENDORS):
        seats.append(frozenset(rest))
    return [task_for(question, CHUNK_TOKENS[-1], seat) for seat in seats] or [task_for(question, CHUNK_TOKENS[-1])]


def _fits(tasks: Sequence[Task], size: int, bench: Bench) -> bool:
    return all(bench.route(replace(task, input_tokens=size + _OVERHEAD_TOKENS)).taken for task in tasks)


def digest_of(file: SourceFile) -> str:
    """Tells a file's text from another, without its secrets."""
    return sha256(file.masked.encode("utf-8", "surrogatepass")).hexdigest()[:20]
