"""What models claim about code, and what of it the code bears out."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from manyeyes_tools.anchors import anchor
from manyeyes_tools.findings import Finding, Severity, Suggestion
from manyeyes_tools.patches import make_patch
from manyeyes_tools.weaknesses import canonical_cwe, owasp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from manyeyes.types import Completion
    from manyeyes_tools.anchors import Anchor
    from manyeyes_tools.material import SourceFile

NEAR = 3
"""A finding so few lines from a change lies in it: where lines were taken out, and where a statement goes on."""

UNSHOWN = "it names a file that was not shown"
NOWHERE = "its quote is not in the code"
OUTSIDE = "it lies outside the change"
UNASKED = "it lies in a file that was not asked about"
LINTING = "it is a matter of style, which is for linters"
NO_FAULT = "it finds no fault"

Short = Annotated[str, Field(max_length=200)]
Long = Annotated[str, Field(max_length=4_000)]
Ids = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=100)]

_STYLE = frozenset(
    {
        "style", "styling", "formatting", "format", "naming", "readability", "nit", "nitpick", "lint", "linting",
        "typo", "spelling", "whitespace", "indentation", "convention", "conventions", "documentation", "docs",
        "docstring", "docstrings", "comment", "comments", "cosmetic", "praise", "code-style", "import-order",
        "type-hints",
    }
)  # fmt: skip
_STYLISH = re.compile(
    r"""
    \b(?:missing|lacks?|no|add(?:ing)?|incomplete|inconsistent|outdated)\s+(?:a\s+|an\s+|the\s+)?
        (?:\w+\s+)?(?:docstrings?|comments?|type\s+(?:hints?|annotations?)|documentation|trailing\s+\w+|blank\s+lines?)\b
    | \b(?:line|name|identifier)s?\s+(?:is\s+|are\s+)?too\s+(?:long|short)\b
    | \btrailing\s+whitespace\b | \bunused\s+(?:import|variable|parameter|argument)s?\b
    | \b(?:naming|import)\s+(?:convention|style|order)s?\b | \b(?:snake_?case|camel_?case|PEP\s?-?8)\b
    | \binconsistent\s+(?:naming|spacing|indentation|quotes?|formatting)\b | \bmagic\s+(?:number|string)s?\b
    | \bconsider\s+(?:renaming|reformatting)\b | \btypos?\s+in\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PRAISE = re.compile(
    r"^\W*(?:(?:good|great|nice|excellent|lgtm|well[\s-](?:done|written|structured|handled)|looks\s+good"
    r"|clean\s+(?:code|design|structure)|no\s+(?:issues?|problems?|bugs?|findings?|vulnerabilit(?:y|ies))\s+found)\b)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_MARK = re.compile(r"^\s*(?:\d+\s*)?[+|]\|?\s?")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Claim(_Answer):
    """A finding as a model states it, before anything of it was checked."""

    path: Annotated[str, Field(max_length=1_000)]
    quote: Long
    line: int
    title: Short
    severity: Literal["critical", "high", "medium", "low", "info"]
    category: Annotated[str, Field(max_length=60)]
    cwe: Annotated[str | None, Field(max_length=12)] = None
    explanation: Long
    remedy: Annotated[str, Field(max_length=2_000)] = ""
    search: Long = ""
    replace: Long = ""
    caused_by: Long = ""
    confidence: Annotated[float, Field(ge=0, le=1)]


class Dispute(_Answer):
    """A finding of the evidence that the model holds to be wrong."""

    id: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=600)]


class ReviewAnswer(_Answer):
    """What a reviewer is asked for."""

    summary: Annotated[str, Field(max_length=1_200)]
    verdict: Literal["approve", "comment", "request_changes"]
    findings: Annotated[list[Claim], Field(max_length=40)]
    confirmed: Ids = Field(default_factory=list)
    disputed: Annotated[list[Dispute], Field(max_length=40)] = Field(default_factory=list)


class Check(_Answer):
    """What a model answers to the question about one finding of the evidence: whether it is real."""

    id: Annotated[str, Field(max_length=40)]
    real: Literal["true", "false", "unsure"]
    reason: Annotated[str, Field(max_length=600)] = ""
    quote: Long = ""


class CaseAnswer(_Answer):
    """What a security engineer is asked for: each finding of the evidence is a question."""

    summary: Annotated[str, Field(max_length=1_200)]
    findings: Annotated[list[Claim], Field(max_length=40)]
    checked: Annotated[list[Check], Field(max_length=120)] = Field(default_factory=list)

    @property
    def confirmed(self) -> list[str]:
        """The evidence that it holds to be right, or cannot tell about: it was not passed over."""
        return [one.id for one in self.checked if one.real != "false"]

    @property
    def disputed(self) -> list[Dispute]:
        """The evidence that it holds to be wrong."""
        return [Dispute(id=one.id, reason=one.reason) for one in self.checked if one.real == "false"]


Answer: TypeAlias = ReviewAnswer | CaseAnswer


@dataclass(frozen=True, slots=True)
class Scope:
    """What claims may be about.

    Attributes:
        files: The material's files, by path: what was asked about.
        seen: Further files that a model read while it looked for itself, by path.
    """

    files: Mapping[str, SourceFile]
    seen: Mapping[str, SourceFile]

    def file(self, path: str) -> SourceFile | None:
        """The file that a model most likely means."""
        for files in (self.files, self.seen):
            if path in files:
                return files[path]
        return _same_file(path, self.files) or _same_file(path, self.seen)

    def objection(self, file: SourceFile, place: Anchor, claim: Claim) -> str:
        """Why a place is none to report on; empty when it is one.

        Whoever asked about a change, or about some files, is told of other places only where these are to blame, and
        the model can point at what in them is.
        """
        if file.path in self.files:
            if file.changed is None or any(
                place.start_line - NEAR <= line <= place.end_line + NEAR for line in file.changed
            ):
                return ""
            return "" if self._to_blame(claim.caused_by) else OUTSIDE
        asked = any(one.changed is not None for one in self.files.values())
        return "" if self._to_blame(claim.caused_by) else OUTSIDE if asked else UNASKED

    def _to_blame(self, quote: str) -> bool:
        """Whether a quote stands in what was asked about: on changed lines, where there are such."""
        wanted = [plain for line in quote.split("\n") if (plain := _plain(_MARK.sub("", line)))]
        if not any(len(line) >= 4 for line in wanted):  # noqa: PLR2004  # a bracket is on every line
            return False
        for file in self.files.values():
            lines = file.masked.split("\n")
            numbers = range(1, len(lines) + 1) if file.changed is None else sorted(file.changed)
            changed = [_plain(lines[number - 1]) for number in numbers if number <= len(lines)]
            if all(any(line in one for one in changed) for line in wanted):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, grounded.

    Attributes:
        ref: Who gave it.
        answer: What was said.
        findings: The claims whose quote was found, without ids yet.
        ungrounded: The others, counted by reason.
    """

    ref: str
    answer: Answer
    findings: tuple[Finding, ...]
    ungrounded: Counter[str]

    @property
    def anchored(self) -> float:
        """The share of the claims whose quote was found; 1 when there were none."""
        lost = self.ungrounded[NOWHERE] + self.ungrounded[UNSHOWN]
        made = len(self.answer.findings)
        return 1.0 if made == 0 else (made - lost) / made


def ground_all(completion: Completion, scope: Scope) -> Heard:
    """Hold an answer against the code.

    Blocking: to be called in a worker thread.
    """
    answer = completion.parsed
    assert isinstance(answer, ReviewAnswer | CaseAnswer)  # noqa: S101  # the gateway validated it
    ref, ungrounded = str(completion.ref), Counter[str]()
    findings: list[Finding] = []
    for claim in answer.findings:
        grounded = _ground(claim, ref, scope)
        if isinstance(grounded, str):
            ungrounded[grounded] += 1
        else:
            findings.append(grounded)
    return Heard(ref, answer, tuple(findings), ungrounded)


def _ground(claim: Claim, ref: str, scope: Scope) -> Finding | str:
    """A claim as a finding, with the lines where its quote stands; else why it is none."""
    file = scope.file(claim.path)
    if file is None:
        return UNSHOWN
    place = anchor(file, claim.quote, claim.line or None)
    if place is None:
        return NOWHERE
    if _PRAISE.match(claim.title):
        return NO_FAULT
    if is_style(claim.title, claim.category, Severity(claim.severity)):
        return LINTING
    if why := scope.objection(file, place, claim):
        return why
    cwe = canonical_cwe(claim.cwe)
    suggestion: Suggestion | None = None
    if claim.search.strip() and claim.search != claim.replace:
        suggestion = make_patch(file, claim.search, claim.replace, place, explanation=claim.remedy.strip())
    elif claim.remedy.strip():
        suggestion = Suggestion(explanation=claim.remedy.strip())
    return Finding(
        id="",
        title=claim.title.strip(),
        severity=Severity(claim.severity),
        category=claim.category.strip() or "bug",
        path=file.path,
        start_line=place.start_line,
        end_line=place.end_line,
        quote=place.quote,
        explanation=claim.explanation.strip(),
        cwe=cwe,
        owasp=owasp_of(cwe),
        confidence=round(min(claim.confidence, 0.95) * place.exactness, 3),
        sources=[ref],
        suggestion=suggestion,
    )


def is_style(title: str, category: str, severity: Severity) -> bool:
    """Whether a model's remark is one that a linter or formatter would make.

    What a model holds to be high or worse is looked at whatever it is called.
    """
    if severity.at_least(Severity.HIGH):
        return False
    plain = category.strip().casefold().replace(" ", "-").replace("_", "-")
    return plain in _STYLE or bool(_STYLISH.search(title))


def _same_file(path: str, files: Mapping[str, SourceFile]) -> SourceFile | None:
    """The only file whose path ends as a model says."""
    tail = path.removeprefix("./").removeprefix("a/").removeprefix("b/")
    matching = [file for name, file in files.items() if name == tail or name.endswith(f"/{tail}")]
    if not matching and len(files) == 1 and "/" not in tail:
        return next(iter(files.values()))
    return matching[0] if len(matching) == 1 else None


def _plain(line: str) -> str:
    return _SPACE.sub(" ", line).strip()


def by_path(files: Iterable[SourceFile]) -> dict[str, SourceFile]:
    """The files by their paths."""
    return {file.path: file for file in files}
