"""What an engine is and what it says: rules, the places where they hold, and how these become findings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from manyeyes_tools.findings import Finding, Severity, Step, Suggestion
from manyeyes_tools.weaknesses import owasp_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manyeyes_tools.material import Material, SourceFile

Purpose: TypeAlias = Literal["review", "security"]
"""What the evidence is for; engines choose their rules by it."""

ACCEPTED = re.compile(r"#\s*(?:noqa\b|nosec\b|ruff:\s*ignore)", re.IGNORECASE)
_ACCEPTED_WEIGHT = 0.5
_MAX_QUOTE_LINES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that an engine looks for.

    Attributes:
        id: Its name; with its engine's name before a colon it is a finding's source.
        title: What is wrong, in a few words.
        severity: How bad it is as a rule.
        confidence: How often it is right, 0 to 1.
        explanation: What is wrong and what may come of it.
        remedy: What to do instead.
        cwe: The weakness, where there is a number for it.
        category: `security`, `bug`, `syntax`, …
    """

    id: str
    title: str
    severity: Severity
    confidence: float
    explanation: str
    remedy: str
    cwe: str | None = None
    category: str = "security"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place where a rule holds.

    Attributes:
        file: The file it is in.
        rule: The rule.
        source: The finding's source, such as `ruff:S608`.
        start_line: First line of the place, counted from 1.
        end_line: Its last line.
        related: Further lines that belong to it, so that a change there counts as a change here.
        detail: What is particular to this place; a sentence put after the rule's explanation.
        confidence: Where it differs from the rule's.
        trace: The way of a value from where it comes in to this place.
    """

    file: SourceFile
    rule: Rule
    source: str
    start_line: int
    end_line: int
    related: frozenset[int] = frozenset()
    detail: str = ""
    confidence: float | None = None
    trace: tuple[Step, ...] = ()

    def in_change(self) -> bool:
        """Whether it lies on lines that the change touched; always, when there is no change but the whole file."""
        changed = self.file.changed
        if changed is None:
            return True
        return not changed.isdisjoint(range(self.start_line, self.end_line + 1)) or not changed.isdisjoint(self.related)

    def finding(self, masked: list[str]) -> Finding:
        """It as a finding whose id is still to be set.  `masked` are the file's masked lines."""
        start = min(max(self.start_line, 1), len(masked))
        end = min(max(self.end_line, start), len(masked))
        lines = [line.removesuffix("\r") for line in masked[start - 1 : end]]
        confidence = self.rule.confidence if self.confidence is None else self.confidence
        sentences = [self.rule.explanation, self.detail]
        if any(map(ACCEPTED.search, lines)):
            confidence *= _ACCEPTED_WEIGHT
            sentences.append("A comment there tells linters to pass over it.")
        return Finding(
            id="",
            title=self.rule.title,
            severity=self.rule.severity,
            category=self.rule.category,
            path=self.file.path,
            start_line=start,
            end_line=end,
            quote="\n".join(lines[:_MAX_QUOTE_LINES]),
            explanation=" ".join(filter(None, sentences)),
            cwe=self.rule.cwe,
            owasp=owasp_of(self.rule.cwe),
            confidence=round(confidence, 3),
            sources=[self.source],
            suggestion=Suggestion(explanation=self.rule.remedy),
            trace=list(self.trace),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What one engine has to say.

    Attributes:
        hits: The places it found.
        rules: How many rules it went through.
        problems: What it should have looked at and could not, and why.
        notes: What it did not look at by its nature.
        followed: The files in which it followed values, so that cruder rules for the same weaknesses need not speak.
    """

    hits: tuple[Hit, ...]
    rules: int
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    followed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Engine:
    """Something that finds faults without a model.

    Attributes:
        name: Its name; its findings' sources begin with `prefix` and a colon.
        prefix: `ruff`, `manyeyes`, …
        languages: The languages whose code it understands; empty when it reads any text only as text.
        look: Goes over the material.
    """

    name: str
    prefix: str
    languages: frozenset[str]
    look: Callable[[Material, Purpose], Awaitable[Looked]]


class EngineFailed(Exception):  # named after what happened, as the tree of errors is
    """An engine could not do its work; its text says why, without any of the code."""
