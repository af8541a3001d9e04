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

    `applies` is true only when the patch was applied in memory, the file then parsed as well as before (where its
    language has a grammar here; Python is compiled), and `git apply` takes it.  A patch that touches a masked secret
    shows placeholders: it has `applies` false, and `manyeyes review --apply` can write it.
    """

    explanation: str
    patch: str | None = None
    applies: bool = False


class Step(Wire):
    """One place on a value's way from where it comes in to where it does harm."""

    path: str
    line: int
    note: str


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
    trace: list[Step] = Field(default_factory=list)


class Suppressed(Wire):
    """Findings that were not shown, and why."""

    count: int = 0
    reasons: dict[str, int] = Field(default_factory=dict)


class FindingsResult(Result):
    """A result that consists of findings, the worst first and among equals the surest.

    `counts` are all findings by severity, those not shown included.  `notes` tells what was left alone on purpose:
    binary files, files that may hold secrets, files a diff deletes.
    """

    findings: list[Finding]
    counts: dict[str, int] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)


class ReviewResult(FindingsResult):
    """What `code_review` returns.  `verdict` is null when no model judged.

    `resolved` are the ids of what an earlier review of the same files found and this one does not.
    """

    verdict: Literal["approve", "comment", "request_changes"] | None = None
    resolved: list[str] = Field(default_factory=list)
    suppressed: Suppressed = Suppressed()


class Package(Wire):
    """A dependency as a manifest or lock file names it, and whether something answered for it.

    `why` says why it is unchecked.  `direct` is null where no file tells.  `needs` are places in the same list.
    """

    purl: str
    status: Literal["vulnerable", "clean", "unchecked"]
    why: str = ""
    path: str
    line: int
    direct: bool | None = None
    licence: str = ""
    needs: list[int] = Field(default_factory=list)


class Planned(Wire):
    """A request that a scan of a running application would send, and what in its answer would prove the weakness.

    `parameters` are all values that it would be tried in, one after the other.
    """

    weakness: str
    cwe: str
    request: str
    parameters: list[str]
    expects: str


class ScanResult(FindingsResult):
    """What `security_scan` returns.  `sarif` is the address of the resource that holds the report as SARIF.

    Of a scan of dependencies, `packages` are all of them and `checked` counts them by status.  `plan` is what a target
    would get, where code was given for dast and no target.
    """

    scan_type: Literal["sast", "dast", "sca"]
    rules_run: int
    dismissed: list[Finding] = Field(default_factory=list)
    sarif: str | None = None
    suppressed: Suppressed = Suppressed()
    plan: list[Planned] = Field(default_factory=list)
    checked: dict[str, int] = Field(default_factory=dict)
    packages: list[Package] = Field(default_factory=list)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The worst severity among them; None when there are none."""
    return min((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)
