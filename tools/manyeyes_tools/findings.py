"""What a finding is.  These are wire types: their field names are the contract."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from manyeyes.results import Result, Wire

if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        """Whether it is as bad as the other or worse."""
        return self.rank <= other.rank


class Suggestion(Wire):
    """How to mend it, with a patch as a unified diff where there is one.

    `applies` is true only when the patch was applied in memory and a Python file still compiles with it; in other
    languages nothing checks that the result still parses.
    """

    explanation: str
    patch: str | None = None
    applies: bool = False


class Finding(Wire):
    """One thing that is wrong at one place.

    `quote` is the source text of the lines named, secrets masked.  `sources` are the model references and engines
    that reported it.  `confidence` is between 0 and 1.  Lines count from 1.
    """

    id: str
    title: str
    severity: Severity
    category: str
    path: str
    start_line: int
    end_line: int
    quote: str
    explanation: str
    cwe: str | None = None
    owasp: str | None = None
    confidence: float = Field(ge=0, le=1)
    sources: list[str]
    dissent: str | None = None
    suggestion: Suggestion | None = None


class Suppressed(Wire):
    """Findings that were not shown, and why."""

    count: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)


class FindingsResult(Result):
    """A result that consists of findings, the worst and surest first.

    `counts` are all findings by severity, those not shown included.  `notes` tells what was left alone on purpose:
    binary files, files that may hold secrets, files a diff deletes.
    """

    findings: list[Finding]
    counts: dict[str, int] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)


class ReviewResult(FindingsResult):
    """What `code_review` returns.  `verdict` is null when no model judged."""

    verdict: Literal["approve", "comment", "request_changes"] | None = None
    suppressed: Suppressed = Suppressed()


class ScanResult(FindingsResult):
    """What `security_scan` returns.  `sarif` is the address of the resource that holds the report as SARIF."""

    scan_type: Literal["sast", "dast", "sca"]
    rules_run: int
    sarif: str | None = None
    suppressed: Suppressed = Suppressed()


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The worst severity among them; None when there are none."""
    return min((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)
