"""A pipeline's result as people read it, as SARIF, and in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes import __version__
from manyeyes_tools.documents import report as documents
from manyeyes_tools.documents.result import DocResult
from manyeyes_tools.findings import ReviewResult
from manyeyes_tools.pipeline.digest import united
from manyeyes_tools.reports import markdown, paging, sarif, terminal, wording

if TYPE_CHECKING:
    from manyeyes_tools.findings import FindingsResult
    from manyeyes_tools.pipeline.result import PipelineResult

PARTS = ("review", "security", "best_practices", "documentation")
"""The parts in the order in which they are read."""
_TITLES = {
    "review": "Review",
    "security": "Security",
    "best_practices": "Best practices",
    "documentation": "Documentation",
}


def report(result: PipelineResult) -> str:
    """The whole result as Markdown: what the steps say in short, then each step's own report."""
    blocks = [f"# Pipeline, {result.mode}", f"**Status:** {result.status}"]
    blocks += [f"- {_TITLES[name]}: {markdown.inline(part.summary)}" for name, part in _parts(result)]
    if problems := wording.problems(result):
        blocks += ["## What could not be done", "\n".join(f"- {markdown.inline(line)}" for line in problems)]
    if result.merged:
        blocks += ["## All findings", "\n".join(f"- {markdown.inline(line)}" for line in result.merged)]
    for part in _looks(result):
        blocks += ["---", markdown.report(part).strip()]
    if result.documentation:
        blocks += ["---", documents.report(result.documentation).strip()]
    blocks += ["---", markdown.inline(wording.footer(result.run))]
    return "\n\n".join(blocks) + "\n"


def export(result: PipelineResult, form: str) -> str:
    """The result as `terminal`, `sarif` or `markdown`, or the documentation's `document` alone."""
    if form == "document":
        return result.documentation.document if result.documentation else ""
    if form == "sarif":
        return sarif.report(_findings(result), tool_version=__version__)
    if form == "terminal":
        shown = [terminal.report(part, colour=True, width=100) for part in _looks(result)]
        if result.documentation:
            shown.append(documents.coloured(documents.report(result.documentation)))
        head = [f"Pipeline, {result.mode}: {result.status}", *(f"  {line}" for line in wording.problems(result))]
        return "\n\n".join(["\n".join(head), *shown])
    return report(result)


def pages(result: PipelineResult, start: int, room: int) -> tuple[PipelineResult, int, int]:
    """The items from `start` that take at most about `room` bytes: findings, then the document's characters."""
    totals = {name: _size(part) for name, part in _parts(result)}
    total = sum(totals.values())
    bare = {name: _cut(part, size, 1)[0] for (name, part), size in zip(_parts(result), totals.values(), strict=True)}
    left = room - len(result.model_copy(update=bare).model_dump_json().encode())
    shown: dict[str, FindingsResult | DocResult] = dict(bare)
    offset, end = 0, min(start, total)
    for name, part in _parts(result):
        begin = max(start - offset, 0)
        offset += totals[name]
        if begin >= totals[name]:
            continue
        used = len(bare[name].model_dump_json().encode())
        shown[name], following = _cut(part, begin, max(left + used, 1))
        left -= len(shown[name].model_dump_json().encode()) - used
        end = offset - totals[name] + following
        if following < totals[name]:
            break
    return result.model_copy(update=shown), end, total


def _cut(part: FindingsResult | DocResult, start: int, room: int) -> tuple[FindingsResult | DocResult, int]:
    """The part from an item on, and the item that follows."""
    if isinstance(part, DocResult):
        document, following, _ = documents.pages(part, start, room)
        return document, following
    findings, following, _ = paging.pages(part, start, room)
    return findings, following


def _size(part: FindingsResult | DocResult) -> int:
    return len(part.document) if isinstance(part, DocResult) else len(part.findings)


def _looks(result: PipelineResult) -> list[FindingsResult]:
    """The parts that hold findings."""
    return [part for _, part in _parts(result) if not isinstance(part, DocResult)]


def _parts(result: PipelineResult) -> list[tuple[str, FindingsResult | DocResult]]:
    return [(name, part) for name in PARTS if (part := getattr(result, name)) is not None]


def _findings(result: PipelineResult) -> FindingsResult:
    """The findings of all steps, each once, as one result."""
    looks = _looks(result)
    every = united(*(part.findings for part in looks))
    base = result.security or (looks[0] if looks else None)
    if base is not None:
        return base.model_copy(update={"findings": every})
    return ReviewResult(status=result.status, summary=result.summary, problems=[], run=result.run, findings=every)
