"""What models say about code, held against the code: the part that code_review and security_scan share.

`quick` asks one fast model.  `standard` asks the model that the router chooses, checks whether its answer holds up,
and asks a more capable one where it does not; what is high or critical is read once more by another vendor's model.
`panel` asks one model of each vendor, none of which sees the others; then each judges what the others found.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from manyeyes.cores import compute, compute_on
from manyeyes_tools.chunks import make_chunks
from manyeyes_tools.claims import CaseAnswer, Claim, Dispute, ReviewAnswer
from manyeyes_tools.court import Court
from manyeyes_tools.cross_examination import doubt, exchange
from manyeyes_tools.extent import at_once
from manyeyes_tools.inquiry import Judgement, Question
from manyeyes_tools.interview import ANSWER_TOKENS, CHUNK_TOKENS, task_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.chunks import Chunk
    from manyeyes_tools.findings import Finding
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
    "judge",
]

QUESTIONS = 60
"""Findings of the evidence that are asked about in one call."""
VENDORS = ("anthropic", "openai", "google")
_OVERHEAD_TOKENS = 6_000
"""What stands around a piece in a question."""


@dataclass(frozen=True, slots=True)
class _Room:
    """How much is asked at once.

    Attributes:
        sizes: Tokens of a piece, the largest first.
        around: Tokens that may stand around it.
        questions: Findings of the evidence that are asked about.
    """

    sizes: tuple[int, ...]
    around: int
    questions: int

    @property
    def least(self) -> int:
        """The smallest prompt."""
        return self.sizes[-1] + self.around

    def sizes_for(self, tasks: Sequence[Task], bench: Bench) -> list[int]:
        """The sizes that those who would be asked can take."""
        return [size for size in self.sizes if _fits(tasks, size + self.around, self.least, bench)]


_USUAL = _Room(CHUNK_TOKENS, _OVERHEAD_TOKENS, QUESTIONS)
_LEAN = _Room((3_000, 1_000), 2_500, 12)
"""For models with a small window: a piece is shown with nothing beside it, and nobody looks around."""


async def judge(material: Material, evidence: Sequence[Finding], question: Question, bench: Bench) -> Judgement:
    """Ask the models that the router chooses about all of the material.

    Models that fail are named in `problems`; nothing raises but cancellation and a bad `model` argument.

    Raises:
        BadCall: `question.model` is not known.
    """
    judgement = Judgement()
    tasks = _panel(question, bench) if question.depth == "panel" else [task_for(question, CHUNK_TOKENS[-1])]
    room = _USUAL if (sizes := _USUAL.sizes_for(tasks, bench)) else _LEAN
    sizes = sizes or _LEAN.sizes_for(tasks, bench)
    if not sizes:
        obstacles = bench.route(replace(tasks[0], input_tokens=_LEAN.least)).obstacles
        judgement.problems.append(f"No model was asked: {obstacles}.")
        judgement.keyless = True
        return judgement
    chunks = await compute_on(material.size, _pieces, material, evidence, question, sizes, room.questions)
    parts, seats, whole = chunks, tasks, None
    if len(chunks) > 1 and room is _USUAL:
        crowded = question.casework is not None and len(evidence) > QUESTIONS
        whole, why = await at_once(chunks, sizes[0], tasks, bench, around=room.around, crowded=crowded)
        judgement.notes.append(why)
    if whole is not None:
        chunks, tasks = await compute(make_chunks, material.files, sys.maxsize, sparse=question.frugal), whole
    total = len(chunks) * len(tasks)
    court = Court(material, tuple(evidence), question, bench, judgement, total=total, lean=room is _LEAN)
    hear = court.hear_panel if question.depth == "panel" else court.hear_one
    await hear(chunks, tasks)
    if whole is not None and not court.answers:
        tasks = seats
        court.start_anew(len(parts) * len(tasks), "Nobody read it whole, so it was read in parts after all")
        await hear(parts, tasks)
    if question.depth == "panel":
        await court.gather_findings()
        await exchange(court, tasks)
    else:
        if question.depth == "standard" and question.model is None:
            await court.escalate(court.weak(), tasks[0])
        await court.gather_findings()
        if question.depth == "standard" and question.model is None and not question.checked:
            await doubt(court, tasks[0])
    judgement.beside = {path: digest_of(file) for path, file in court.library.fetched.items()}
    return judgement


def _pieces(
    material: Material, evidence: Sequence[Finding], question: Question, sizes: Sequence[int], questions: int
) -> tuple[Chunk, ...]:
    """The material in pieces of the largest size whose questions one answer can speak to."""
    chunks = make_chunks(material.files, sizes[0], sparse=question.frugal)
    for smaller in sizes[1:]:
        if question.casework is None or not _crowded(chunks, evidence, questions):
            break
        chunks = make_chunks(material.files, smaller, sparse=question.frugal)
    return chunks


def _crowded(chunks: Sequence[Chunk], evidence: Sequence[Finding], most: int) -> bool:
    """Whether some piece holds more findings of the evidence than can be asked about at once."""
    asked = Counter(finding.path for finding in evidence)
    return any(sum(asked[path] for path in {path for path, _, _ in one.places}) > most for one in chunks)


def _panel(question: Question, bench: Bench) -> list[Task]:
    """One task for each vendor that can be asked; the endpoints count as one more."""
    # Whose window is too small for a question as the others are asked it has no seat, and keeps nobody from theirs.
    everybody = {ref.provider for ref in bench.route(task_for(question, _USUAL.least)).taken}
    seats = [frozenset({vendor}) for vendor in VENDORS if vendor in everybody]
    if rest := everybody - set(VENDORS):
        seats.append(frozenset(rest))
    return [task_for(question, CHUNK_TOKENS[-1], seat) for seat in seats] or [task_for(question, CHUNK_TOKENS[-1])]


def _fits(tasks: Sequence[Task], size: int, least: int, bench: Bench) -> bool:
    """Whether prompts of that size go to those that the smallest ones would, so that nobody is passed over for less."""
    firsts = [[bench.route(replace(task, input_tokens=one)).taken[:1] for one in (size, least)] for task in tasks]
    return all(large and large == small for large, small in firsts)


def digest_of(file: SourceFile) -> str:
    """Tells a file's text from another, without its secrets."""
    return sha256(file.masked.encode("utf-8", "surrogatepass")).hexdigest()[:20]
