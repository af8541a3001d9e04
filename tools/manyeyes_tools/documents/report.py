"""A documentation result as people read it, and in parts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from manyeyes_tools.reports import wording
from manyeyes_tools.reports.markdown import inline, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.arguments import Format
    from manyeyes_tools.documents.result import DocResult

_FENCES: dict[Format, str] = {"openapi": "json", "html": "html", "markdown": ""}
MENDING = (
    "To mend it, change these lines, or the code where it is wrong. The same command without --check writes a document "
    "of this program anew."
)
_PROBLEMS = 50
"""Problems told in a part of a cut result; the others are counted."""


def report(result: DocResult) -> str:
    """The result as Markdown: what it is, what is missing, then the document."""
    if result.disagreements is not None:
        return "\n".join([*_head(result), *_disagreements(result), "", "---", "", wording.footer(result.run)]) + "\n"
    mark = _FENCES[result.format]
    ticks = "`" * 3
    while ticks in result.document:
        ticks += "`"
    shown = [f"{ticks}{mark}", result.document.rstrip("\n"), ticks] if mark else [result.document.rstrip("\n")]
    return "\n".join([*_head(result), "", "---", "", *shown, "", "---", "", wording.footer(result.run)]) + "\n"


def pages(result: DocResult, start: int, room: int) -> tuple[DocResult, int, int]:
    """The characters of the document from `start` that take at most about `room` bytes, cut where a line ends."""
    text = result.document
    total = len(text)
    start = min(max(start, 0), total)
    frame = result.model_copy(update={"document": "", "problems": _fewer(result.problems)})
    left = max(room - len(frame.model_dump_json().encode()), 1)
    end = _end(text, start, left)
    return frame.model_copy(update={"document": text[start:end]}), end, total


def _head(result: DocResult) -> list[str]:
    coverage = result.coverage
    lines = [f"**{result.summary}** Status: {result.status}."]
    if problems := wording.problems(result):
        lines += ["", "What could not be done:", "", *(f"- {inline(text)}" for text in problems)]
    if remedy := wording.remedy(result):
        lines += ["", remedy]
    if result.notes:
        lines += ["", "Notes:", "", *(f"- {inline(text)}" for text in result.notes)]
    if coverage.missing and result.disagreements is None:
        more = f" and {coverage.more} more" if coverage.more else ""
        lines += ["", f"Without a docstring: {', '.join(span(name) for name in coverage.missing)}{more}."]
    if result.cut:
        lines += ["", f"Cut: {result.cut.shown} of {result.cut.total} {result.cut.unit} of the document are below."]
        if result.cut.cursor:
            lines[-1] += f" Call again with cursor `{result.cut.cursor}` to read on."
        lines[-1] += f" All of it: {result.cut.resource}"
    return lines


def _disagreements(result: DocResult) -> Iterator[str]:
    """Where documentation and code disagree, and how to mend it."""
    for one in result.disagreements or ():
        yield from (
            "",
            f"- {span(f'{one.path}:{one.line}')} says {span(one.said)}",
            f"  the code has {span(one.instead)}",
        )
    if result.disagreements:
        yield from ("", MENDING)


def _fewer(problems: Sequence[str]) -> list[str]:
    if len(problems) <= _PROBLEMS:
        return list(problems)
    return [*problems[:_PROBLEMS], f"… and {len(problems) - _PROBLEMS} more problems, left out here for length"]


def _end(text: str, start: int, room: int) -> int:
    """Where a part that begins at `start` ends: after a line if one fits, and after one character at least."""
    low, high = start + 1, len(text)
    if start >= len(text) or len(json.dumps(text[start:], ensure_ascii=False).encode()) <= room:
        return len(text)
    while low < high:  # the longest part whose JSON fits
        middle = (low + high + 1) // 2
        if len(json.dumps(text[start:middle], ensure_ascii=False).encode()) <= room:
            low = middle
        else:
            high = middle - 1
    line = text.rfind("\n", start, low) + 1
    return line if line > start else low
