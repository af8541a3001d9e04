"""Findings for a terminal: the source with line numbers, the fault marked, the patch coloured."""

from __future__ import annotations

import shutil
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.reports import wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.findings import Finding, FindingsResult, Suggestion

_COLOURS = {
    Severity.CRITICAL: "1;31",
    Severity.HIGH: "31",
    Severity.MEDIUM: "33",
    Severity.LOW: "36",
    Severity.INFO: "34",
}
_BOLD, _DIM, _GREEN, _RED, _YELLOW = "1", "2", "32", "31", "33"
_NARROWEST, _WIDEST = 40, 100
_QUOTE_LINES = 12
_STEPS = 8
_INDENT = "  "


def columns() -> int:
    """How wide a report is to be: as the terminal that it goes to is, and no wider than is read well."""
    if sys.stdout is None or not sys.stdout.isatty():
        return _WIDEST
    return min(max(shutil.get_terminal_size((_WIDEST, 24)).columns, _NARROWEST), _WIDEST)


def report(result: FindingsResult, *, colour: bool, width: int) -> str:
    """The whole result as text of about `width` columns, with ANSI colours or without."""
    return "\n".join(_Page(colour, max(width, _NARROWEST)).lines(result)) + "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    colour: bool
    width: int

    def lines(self, result: FindingsResult) -> Iterator[str]:
        verdict = wording.verdict(result)
        yield self.paint(wording.kind(result) + (f": {verdict}" if verdict else ""), _BOLD)
        yield from self.wrapped(result.summary)
        for finding in result.findings:
            yield ""
            yield from self.finding(finding)
        for title, colour, rows in (
            ("What could not be done", _YELLOW, wording.problems(result)),
            (wording.DISMISSED, _BOLD, wording.dismissed(result)),
            ("What a target would get", _BOLD, wording.plan(result)),
        ):
            yield from self.listed(title, colour, rows)
        yield ""
        yield from self.wrapped(f"Findings: {wording.counts(result.findings)}. Status: {wording.status(result)}.")
        for note in (*result.notes, wording.suppressed(result), wording.cut(result), wording.remedy(result)):
            if note and note not in result.summary:  # said at the top
                yield from self.wrapped(note)
        for line in self.wrapped(wording.footer(result.run)):
            yield self.paint(line, _DIM)

    def listed(self, title: str, colour: str, rows: Sequence[str]) -> Iterator[str]:
        """A title and its rows; nothing where there are none."""
        if rows:
            yield ""
            yield self.paint(title, colour)
        for row in rows:
            yield from self.wrapped(row, first="  - ", rest="    ")

    def finding(self, finding: Finding) -> Iterator[str]:
        colour = _COLOURS[finding.severity]
        label = finding.severity.upper()
        head, *more = self.wrapped(f"{label} {finding.title}", rest=" " * (len(label) + 1))
        yield self.paint(label, colour) + self.paint(head.removeprefix(label), _BOLD)
        yield from (self.paint(line, _BOLD) for line in more)
        about = [wording.place(finding), *wording.classes(finding)]
        yield from self.wrapped(" · ".join(about), first=_INDENT, rest=_INDENT)
        yield from self.source(finding, colour)
        yield from self.prose(finding.explanation)
        yield from self.trace(finding)
        if finding.suggestion:
            yield from self.suggestion(finding.suggestion)
        if finding.dissent:
            yield from self.prose(f"Dissent: {finding.dissent}")
        for line in self.wrapped(f"Reported by {wording.origin(finding)}", first=_INDENT, rest=_INDENT):
            yield self.paint(line, _DIM)

    def trace(self, finding: Finding) -> Iterator[str]:
        """The way of a value, one step a line."""
        steps = wording.steps(finding)
        if not steps:
            return
        yield f"{_INDENT}{self.paint(f'{wording.way(finding)}:', _DIM)}"
        for number, step in enumerate(steps[:_STEPS], 1):
            said = f"{number}. {wording.one_line(step.path)}:{step.line} {step.note}"
            yield from self.wrapped(said, first=_INDENT * 2, rest=_INDENT * 3)
        if len(steps) > _STEPS:
            yield f"{_INDENT * 2}… {len(steps) - _STEPS} more steps"

    def source(self, finding: Finding, colour: str) -> Iterator[str]:
        """The lines named, numbered; a single line is underlined, several are marked at the gutter."""
        quote = textwrap.dedent(wording.visible(finding.quote).expandtabs(4)).rstrip("\n").split("\n")
        if not any(quote):
            return
        shown = quote[:_QUOTE_LINES]
        gutter = len(str(finding.start_line + len(shown) - 1))
        room = self.width - gutter - len(_INDENT) - 3
        for number, line in enumerate(shown, finding.start_line):
            mark = self.paint("|", colour if len(quote) > 1 else _DIM)
            yield f"{_INDENT}{self.paint(str(number).rjust(gutter), _DIM)} {mark} {_clipped(line, room)}".rstrip()
        if len(quote) == 1:
            line = _clipped(quote[0], room)
            under = " " * (len(line) - len(line.lstrip())) + "^" * len(line.strip())
            yield f"{_INDENT}{' ' * gutter} {self.paint('|', _DIM)} {self.paint(under, colour)}"
        if len(quote) > len(shown):
            yield f"{_INDENT}{' ' * gutter} {self.paint(f'… {len(quote) - len(shown)} more lines', _DIM)}"

    def suggestion(self, suggestion: Suggestion) -> Iterator[str]:
        tried = " (the patch was tried: it applies)" if suggestion.applies else " (the patch does not apply as it is)"
        yield from self.prose(f"Suggestion: {suggestion.explanation}{tried if suggestion.patch else ''}")
        for line in wording.visible(suggestion.patch or "").strip("\n").split("\n") if suggestion.patch else ():
            colour = {"+": _GREEN, "-": _RED, "@": _DIM}.get(line[:1])
            yield f"{_INDENT * 2}{self.paint(line, colour) if colour else line}".rstrip()

    def prose(self, text: str) -> Iterator[str]:
        for paragraph in wording.visible(text).strip().split("\n"):
            yield from self.wrapped(paragraph, first=_INDENT, rest=_INDENT)

    def wrapped(self, text: str, *, first: str = "", rest: str = "") -> list[str]:
        return textwrap.wrap(
            wording.one_line(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]

    def paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour and text else text


def _clipped(line: str, room: int) -> str:
    return line if len(line) <= room else line[: max(room - 1, 1)] + "…"
