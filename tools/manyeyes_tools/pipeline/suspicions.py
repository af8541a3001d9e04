"""What a review and the engines suspect, put to others: each a question of its kind, answered with a quote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.casework import Case, Dismissed, Weighed
from manyeyes_tools.findings import Severity
from manyeyes_tools.merging import merge
from manyeyes_tools.pipeline.digest import joined
from manyeyes_tools.questions import OTHERWISE, Question, question_for
from manyeyes_tools.security.cases import SecurityCases, Vote, doubted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.claims import Heard
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import SourceFile

BORNE, BARE = 0.5, 0.75
"""What a "true" leaves of the doubt: with a quote that is found, and without one."""

_FAULT = Question(
    "Does the code do what is said of it, so that a result is wrong, lost or late, or the program ends?",
    "The case cannot occur, or the code shown deals with it.",
)
"""About what is no weakness."""


@dataclass(frozen=True, slots=True)
class Suspicions:
    """The casework of a pipeline's security step.  See `manyeyes_tools.casework.Casework`.

    Unlike a scan's it keeps every id, since the steps before and after speak of findings by their ids.

    Attributes:
        known: What is asked about, by ids that differ.
        files: All that was read, by path.
    """

    known: tuple[Finding, ...]
    files: Mapping[str, SourceFile]

    def case(self, told: Sequence[Finding], shown: frozenset[str]) -> Case:
        """The candidates by kind, so that each question is put once."""
        beside: list[str] = []
        by_kind: dict[Question, list[str]] = {}
        scan = SecurityCases((), self.files)
        for one in told:
            lines = by_kind.setdefault(_question(one), [])
            title = " ".join(one.title.split())[:200]
            lines.append(
                f"- {one.id} {' '.join(one.path.split())}:{one.start_line} {one.severity} {one.cwe or ''} {title}"
            )
            lines += scan.way(one, shown, beside)
        text = ["Candidates, each to be answered in `checked`:"]
        for question, lines in by_kind.items():
            text += ["", f"Real if: {question.real}", f"Safe if: {question.safe}", *lines]
        return Case("\n".join(text if told else [*text, "- none"]), "\n".join(beside))

    def weigh(
        self,
        spoken: Sequence[Heard],
        claims: Sequence[Finding],
        files: Mapping[str, SourceFile],
        depth: Depth,  # noqa: ARG002  # the votes tell how many were asked
    ) -> Weighed:
        """What stands, surer or in doubt by what was answered, and what was dismissed.

        More must refute it than bear it out.  One model alone strikes nothing grave off the list: it stays, with the
        dissent.
        """
        votes = SecurityCases(self.known, self.files).votes(spoken, claims, files)
        standing: list[Finding] = []
        gone: list[Dismissed] = []
        for one in self.known:
            true, false = ([vote for vote in votes.get(one.id, ()) if vote.real == said] for said in ("true", "false"))
            said = tuple((vote.ref, vote.reason) for vote in false)
            if not false:
                standing.append(_surer(one, true))
            elif len(false) > len(true) and _dismissible(one, len(false)):
                gone.append(Dismissed(one, said))
            else:
                standing.append(doubted(_surer(one, true), said))
        spoken_to = {one.id for one in self.known}
        return Weighed(tuple(joined(standing, merge([one for one in claims if one.id not in spoken_to]))), tuple(gone))

    def exchanged(self, before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:  # noqa: ARG002  # as sure as the exchange left it
        """What a panel's exchange left."""
        return list(after)


def worth_asking(finding: Finding) -> bool:
    """Whether somebody else is to look at it: what is light and no weakness of a known kind is left as it is."""
    return finding.severity.at_least(Severity.MEDIUM) or question_for(finding.cwe) is not OTHERWISE


def _question(finding: Finding) -> Question:
    question = question_for(finding.cwe)
    if question is OTHERWISE and finding.cwe is None and "secur" not in finding.category.casefold():
        return _FAULT
    return question


def _dismissible(finding: Finding, refuted_by: int) -> bool:
    grave = finding.severity.at_least(Severity.HIGH)
    return question_for(finding.cwe).dismissible and not (grave and refuted_by == 1)


def _surer(finding: Finding, true: Sequence[Vote]) -> Finding:
    """The finding with those who confirmed it among its sources, and surer by that."""
    by = [vote for vote in true if vote.ref not in finding.sources]
    if not by:
        return finding
    doubt = 1 - finding.confidence
    for vote in by:
        doubt *= BORNE if vote.borne else BARE
    told = " ".join((finding.explanation, *(vote.reason for vote in by if vote.reason)))
    return finding.model_copy(
        update={
            "sources": sorted({*finding.sources, *(vote.ref for vote in by)}),
            "confidence": round(1 - doubt, 3),
            "explanation": told,
        }
    )
