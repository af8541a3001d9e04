"""The casework of a scan: each candidate of the engines with its way and question, and what comes of the answers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.casework import Case, Dismissed, Weighed
from manyeyes_tools.claims import CaseAnswer
from manyeyes_tools.findings import Severity
from manyeyes_tools.merging import is_engine, merge
from manyeyes_tools.questions import question_for
from manyeyes_tools.scrutiny import found
from manyeyes_tools.security.panel import agreed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes_tools.arguments import Depth
    from manyeyes_tools.claims import Check, Heard
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import SourceFile
    from manyeyes_tools.security.routes import Route

BORNE, BARE = 0.75, 0.5
"""How sure a model's "true" makes by itself: with a quote that is found, and without one."""
DOUBTED = 0.5
"""What is left of an engine's confidence where a model holds it to be wrong and it stays nevertheless."""
ROUTES = 80
"""Routes told with one piece."""
_STEPS = 12
_REASON_CHARS = 12
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(
    r"""
      (?:\#|//|--|;|%).*                 # up to the end of the line
    | /\*.*?(?:\*/|$) | ^\s*\*.*         # a block, or a line within one
    | <!--.*?(?:-->|$) | \{\#.*?(?:\#\}|$)
    | (?:\"{3}|'{3}).*                   # a text that documents
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Vote:
    """What one model answered to one question, after its quote was looked for."""

    ref: str
    real: str
    reason: str
    borne: bool


@dataclass(frozen=True, slots=True)
class SecurityCases:
    """The casework on the evidence of one scan.  See `manyeyes_tools.casework.Casework`.

    Attributes:
        evidence: The candidates: one for each weakness and place.
        files: The material's files by path.
        routes: The ways in that the material declares.
    """

    evidence: tuple[Finding, ...]
    files: Mapping[str, SourceFile]
    routes: tuple[Route, ...] = ()

    def case(self, told: Sequence[Finding], shown: frozenset[str]) -> Case:
        """The candidates of a piece, each with its question, and the routes to hunt along."""
        beside: list[str] = []
        lines = ["Candidates, each to be answered in `checked`:"]
        for one in told:
            question = question_for(one.cwe)
            lines.append(
                f"- {one.id} {_flat(one.path)}:{one.start_line} {one.severity} {one.cwe or ''} {_flat(one.title)} "
                f"({', '.join(one.sources)})"
            )
            lines += self.way(one, shown, beside)
            lines += [f"    Real if: {question.real}", f"    Safe if: {question.safe}"]
        if not told:
            lines.append("- none")
        here = [one for one in self.routes if one.file in shown][:ROUTES]
        if here:
            lines += ["", "Routes declared in this code, to hunt along:", *(_flat(one.told(), 300) for one in here)]
            beside += [f"{one.method} {one.path} {one.handler}" for one in here]
        return Case("\n".join(lines), "\n".join(beside))

    def way(self, finding: Finding, shown: frozenset[str], beside: list[str]) -> list[str]:
        """The steps of a value's way; of those in files that are not shown also their text."""
        lines: list[str] = []
        for step in finding.trace[:_STEPS]:
            said = f"    {_flat(step.path)}:{step.line} {_flat(step.note)}"
            file = self.files.get(step.path)
            if step.path not in shown and file is not None:
                text = file.masked.split("\n")
                if 0 < step.line <= len(text):
                    said += f": {text[step.line - 1].strip()[:200]}"
                beside.append(said)
            lines.append(said)
        if len(finding.trace) > _STEPS:
            lines.append(f"    … and {len(finding.trace) - _STEPS} more steps")
        return lines

    def weigh(
        self, spoken: Sequence[Heard], claims: Sequence[Finding], files: Mapping[str, SourceFile], depth: Depth
    ) -> Weighed:
        """What stands of the evidence and the claims, and what the models dismissed."""
        votes = self.votes(spoken, claims, files)
        standing: list[Finding] = []
        confirmed: list[Finding] = []
        dismissed: list[Dismissed] = []
        for one in self.evidence:
            cast = votes.get(one.id, [])
            true = [vote for vote in cast if vote.real == "true"]
            false = [vote for vote in cast if vote.real == "false"]
            said = tuple((vote.ref, vote.reason) for vote in false)
            if len(false) > len(true):
                grave = one.severity.at_least(Severity.HIGH)
                # One inexpensive model alone strikes nothing grave off the list.
                if question_for(one.cwe).dismissible and not (grave and depth == "quick"):
                    dismissed.append(Dismissed(one, said))
                else:
                    standing.append(doubted(one, said))
                continue
            standing.append(doubted(one, said) if false else one)
            confirmed += [_as_reported(one, vote) for vote in true]
        gone = {one.finding.id for one in dismissed}
        own = [one for one in claims if one.id not in gone]
        if depth == "panel":
            return Weighed(agreed(standing, [*confirmed, *own], [one.ref for one in spoken]), tuple(dismissed))
        return Weighed(merge([*standing, *confirmed, *own]), tuple(dismissed))

    def votes(
        self, spoken: Sequence[Heard], claims: Sequence[Finding], files: Mapping[str, SourceFile]
    ) -> dict[str, list[Vote]]:
        """The answers by candidate, one of each model; what is not borne out counts as unsure."""
        texts = {path: _SPACE.sub(" ", file.masked).strip() for path, file in files.items()}
        at = {one.id: one.path for one in self.evidence}
        votes: defaultdict[str, dict[str, Vote]] = defaultdict(dict)
        for heard in spoken:
            assert isinstance(heard.answer, CaseAnswer)  # noqa: S101  # what was asked for
            for check in heard.answer.checked:
                name = check.id.strip()
                if name not in at:
                    continue
                vote = _vote(check, heard.ref, at[name], files, texts)
                known = votes[name].get(heard.ref)
                # A model that answers twice, and not the same, has not answered.
                if known is not None and known.real != vote.real:
                    vote = Vote(heard.ref, "unsure", "", borne=False)
                votes[name][heard.ref] = vote
        for claim in claims:  # who reports it by itself holds it to be real
            if claim.id in at and claim.sources[0] not in votes[claim.id]:
                votes[claim.id][claim.sources[0]] = Vote(claim.sources[0], "true", "", borne=True)
        return {name: [cast[ref] for ref in sorted(cast)] for name, cast in votes.items()}

    def exchanged(self, before: Sequence[Finding], after: Sequence[Finding]) -> list[Finding]:
        """What stands after a panel's exchange: the fitted probability, and less where somebody disputes it."""
        prior = {one.id: one for one in before}
        result: list[Finding] = []
        for one in after:
            was = prior[one.id]
            fitted = was.confidence if one.dissent == was.dissent else min(was.confidence, one.confidence)
            result.append(one.model_copy(update={"confidence": fitted}))
        return result


def _vote(check: Check, ref: str, path: str, files: Mapping[str, SourceFile], texts: Mapping[str, str]) -> Vote:
    quote = "\n".join(code for line in check.quote.split("\n") if (code := _without_comment(line)))
    borne = bool(quote) and found(quote, path, files, texts)
    reason = check.reason.strip()
    real = check.real
    if real == "false" and not (borne and len(reason) >= _REASON_CHARS):
        real = "unsure"
    if real == "true" and check.quote.strip() and not found(check.quote, path, files, texts):
        real = "unsure"
    return Vote(ref, real, reason, borne)


def _without_comment(line: str) -> str:
    """What of a line is code: comments are what somebody says of it."""
    return _COMMENT.sub("", line).rstrip()


def doubted(finding: Finding, said: Sequence[tuple[str, str]]) -> Finding:
    """The finding, less sure, with what models said against it."""
    dissent = " | ".join(f"{name}: {reason}" for name, reason in said)
    return finding.model_copy(update={"dissent": dissent or None, "confidence": round(finding.confidence * DOUBTED, 3)})


def _as_reported(finding: Finding, vote: Vote) -> Finding:
    """A model's "true" as a report of its own about the same place."""
    told = f"{finding.explanation} {vote.reason}".strip() if vote.reason else finding.explanation
    return finding.model_copy(
        update={
            "sources": [vote.ref],
            "confidence": BORNE if vote.borne else BARE,
            "explanation": told,
            "dissent": None,
            "trace": [],
        }
    )


def candidates(evidence: Sequence[Finding]) -> tuple[Finding, ...]:
    """The engines' findings as candidates: one for each weakness and place, whichever engines saw it."""
    return merge(evidence)


def by_engines(findings: Sequence[Finding]) -> Counter[str]:
    """How many findings each engine has a part in."""
    return Counter(source for one in findings for source in one.sources if is_engine(source))


def _flat(text: str, most: int = 200) -> str:
    return " ".join(text.split())[:most]
