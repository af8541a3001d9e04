"""Findings as a comment on a pull request: a table, each finding folded, within what such a comment may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import ScanResult
from manyeyes_tools.reports import wording
from manyeyes_tools.reports.markdown import fenced, inline, quoted, span
from manyeyes_tools.reports.paging import clipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.findings import Finding, FindingsResult

LONGEST = 65_000
"""Characters that a comment may have: GitHub refuses more than 65,536."""
_ROWS = 50
_TITLE = 160
_PROSE = 3_000


def report(result: FindingsResult) -> str:
    """The result as Markdown for a pull request; findings that there is no room for are counted."""
    verdict = wording.verdict(result)
    head = [f"### {wording.kind(result)}" + (f": {verdict}" if verdict else "")]
    head.append(inline(clipped(wording.one_line(result.summary), _PROSE)))
    head.append(f"**Findings:** {wording.counts(result.findings)} · **Status:** {wording.status(result)}")
    if result.findings:
        head.append("\n".join(_table(result.findings)))
    foot = list(_foot(result))
    room = LONGEST - sum(len(block) + 2 for block in (*head, *foot)) - 200
    shown: list[str] = []
    for number, finding in enumerate(result.findings, 1):
        block = "\n\n".join(_details(number, finding))
        if len(block) + 2 > room:
            shown.append(f"{len(result.findings) - number + 1} further findings have no room here.")
            break
        room -= len(block) + 2
        shown.append(block)
    return "\n\n".join([*head, *shown, *foot]) + "\n"


def _table(findings: list[Finding]) -> Iterator[str]:
    yield "| | Severity | Finding | Place | Confidence |"
    yield "|---|---|---|---|---|"
    for number, one in enumerate(findings[:_ROWS], 1):
        title = inline(clipped(wording.one_line(one.title), _TITLE))
        cells = [
            str(number),
            str(one.severity),
            title,
            span(clipped(wording.place(one), _TITLE)),
            f"{one.confidence:.0%}",
        ]
        yield f"| {' | '.join(_cell(cell) for cell in cells)} |"
    if len(findings) > _ROWS:
        yield f"| | | and {len(findings) - _ROWS} more | | |"


def _cell(text: str) -> str:
    """A bar would begin the next cell, in code too."""
    return text.replace("|", "\\|")


def _details(number: int, finding: Finding) -> Iterator[str]:
    # A heading of HTML takes no Markdown, so it holds plain words that nobody else chose.
    yield f"<details><summary>{number}. {finding.severity}: {_plain(finding.title)}</summary>"
    yield " · ".join([span(wording.place(finding)), *map(inline, wording.classes(finding))])
    if finding.quote.strip():
        yield fenced(clipped(finding.quote, _PROSE))
    yield quoted(clipped(finding.explanation, _PROSE))
    if steps := wording.steps(finding):
        yield "\n".join(
            f"{at}. {span(f'{step.path}:{step.line}')} {inline(step.note)}" for at, step in enumerate(steps, 1)
        )
    if finding.suggestion:
        yield quoted(clipped(finding.suggestion.explanation, _PROSE))
        if finding.suggestion.patch and len(finding.suggestion.patch) <= _PROSE:
            yield fenced(finding.suggestion.patch, "diff")
    if finding.dissent:
        yield "**Dissent:**"
        yield quoted(clipped(finding.dissent, _PROSE))
    yield f"Reported by {inline(wording.origin(finding))} · id {span(finding.id)}"
    yield "</details>"


def _plain(title: str) -> str:
    """A title in which nothing is HTML, a link or a mention."""
    text = clipped(wording.one_line(title), _TITLE).replace("`", "")
    for mark, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;"), ("://", "&#58;//")):
        text = text.replace(mark, name)
    return text


def _foot(result: FindingsResult) -> Iterator[str]:
    if problems := wording.problems(result):
        yield "**What could not be done**"
        yield "\n".join(f"- {inline(clipped(problem, _PROSE))}" for problem in problems[:10])
    dismissed = len(result.dismissed) if isinstance(result, ScanResult) else 0
    if dismissed:
        yield f"{dismissed} reported by engines were dismissed by models that read the code; the SARIF report says why."
    for note in (*result.notes[:5], wording.suppressed(result), wording.remedy(result)):
        if note:
            yield inline(clipped(note, _PROSE))
    yield inline(wording.footer(result.run))
