"""A pipeline's result as people read it, as SARIF, and in parts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from manyeyes import __version__
from manyeyes_tools.documents import report as documents
from manyeyes_tools.documents import terminal as documents_shown
from manyeyes_tools.documents.result import DocResult
from manyeyes_tools.findings import ScanResult
from manyeyes_tools.pipeline.digest import united
from manyeyes_tools.reports import markdown, paging, sarif, terminal, wording

if TYPE_CHECKING:
    from manyeyes_tools.findings import FindingsResult
    from manyeyes_tools.pipeline.result import PipelineResult

PARTS = ("review", "security", "best_practices", "documentation")
"""The parts in the order in which they are read."""
_LAST_WORD = ("review", "best_practices", "security")
"""Of what several parts report, the last of these tells."""
_TITLES = {
    "review": "Review",
    "security": "Security",
    "best_practices": "Best practices",
    "documentation": "Documentation",
}


def report(result: PipelineResult) -> str:
    """The whole result as Markdown: what the steps say in short, then each step's own report."""
    blocks = [f"# Pipeline, {result.mode}", f"**Status:** {result.status}"]
    blocks += [f"- {_TITLES[name]}: {markdown.inline(part.summary)}" for name, part in _parts(result)] or [
        markdown.inline(result.summary)
    ]
    if problems := wording.problems(result):
        blocks += ["## What could not be done", "\n".join(f"- {markdown.inline(line)}" for line in problems)]
    if result.merged:
        blocks += ["## All findings", "\n".join(f"- {markdown.inline(line)}" for line in result.merged)]
    for name, part in _told_once(result):
        text = _titled(name, markdown.report(part).strip(), "# ")
        if len(part.findings) < len(getattr(result, name).findings):
            text = text.replace("**Findings:** none ·", "**Findings:** none of its own ·", 1)
        blocks += ["---", text]
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
        shown = [
            _titled(name, terminal.report(part, colour=True, width=terminal.columns()))
            for name, part in _told_once(result)
        ]
        if result.documentation:
            shown.append(documents_shown.report(result.documentation, width=terminal.columns()))
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
        empty = not totals[name] and offset >= start  # it may hold what was dismissed nevertheless
        offset += totals[name]
        if begin >= totals[name] and not empty:
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


def _told_once(result: PipelineResult) -> list[tuple[str, FindingsResult]]:
    """The parts that hold findings, each finding in the last part that reports it, with all who do."""
    looks = [(name, part) for name, part in _parts(result) if not isinstance(part, DocResult)]
    order = [name for name in _LAST_WORD if any(name == known for known, _ in looks)]
    parts = dict(looks)
    every = {one.id: one for one in united(*(parts[name].findings for name in order))}
    last = {one.id: name for name in order for one in parts[name].findings}
    shown: list[tuple[str, FindingsResult]] = []
    for name, part in looks:
        own = [every[one.id] for one in part.findings if last[one.id] == name]
        elsewhere = Counter(last[one.id] for one in part.findings if last[one.id] != name)
        told = [f"{count} of them {'is' if count == 1 else 'are'} told under {_TITLES[where]}."
                for where, count in elsewhere.items()]  # fmt: skip
        shown.append((name, part.model_copy(update={"findings": own, "notes": [*told, *part.notes]})))
    return shown


def _titled(name: str, text: str, mark: str = "") -> str:
    """A part's report under the part's own name."""
    if name != "best_practices":
        return text
    return text.replace(f"{mark}Code review", f"{mark}{_TITLES[name]}", 1)


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
        # What one step could not do is told of the whole: else a review that failed would look like a clean one.
        update: dict[str, object] = {"findings": every, "status": result.status, "problems": result.problems}
        if isinstance(base, ScanResult):
            standing = {one.id for one in every}
            update["dismissed"] = [one for one in base.dismissed if one.id not in standing]
        return base.model_copy(update=update)
    # Of the same kind as with findings, so that code scanning services file it under the same name.
    return ScanResult(
        status=result.status,
        summary=result.summary,
        problems=result.problems,
        run=result.run,
        findings=every,
        scan_type="sast",
        rules_run=0,
    )
