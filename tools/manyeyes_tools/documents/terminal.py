"""A documentation result for a terminal: no marks of Markdown but those of the document itself."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from manyeyes_tools.documents.report import MENDING
from manyeyes_tools.reports import wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.documents.result import DocResult

_BOLD, _DIM, _GREEN, _RED, _YELLOW = "1", "2", "32", "31", "33"


def report(result: DocResult, *, width: int) -> str:
    """What it is, what is missing, then the document or what disagrees with it; about `width` columns, coloured."""
    lines = [*_head(result, width)]
    if result.disagreements is not None:
        lines += _disagreements(result, width)
    else:
        lines += ["", *_document(result)]
    return "\n".join([*lines, "", *(_paint(line, _DIM) for line in _wrapped(wording.footer(result.run), width))]) + "\n"


def _head(result: DocResult, width: int) -> Iterator[str]:
    yield from (_paint(line, _BOLD) for line in _wrapped(result.summary, width))
    yield f"Status: {wording.status(result)}."
    for title, colour, told in (
        ("What could not be done", _YELLOW, wording.problems(result)),
        ("Notes", _BOLD, result.notes),
    ):
        if told:
            yield from ("", _paint(title, colour))
        for text in told:
            yield from _wrapped(text, width, first="  - ", rest="    ")
    if remedy := wording.remedy(result):
        yield from ("", *_wrapped(remedy, width))
    coverage = result.coverage
    if coverage.missing and result.disagreements is None:
        more = f" and {coverage.more} more" if coverage.more else ""
        yield from ("", *_wrapped(f"Without a docstring: {', '.join(coverage.missing)}{more}.", width))
    if result.cut:
        shown = f"{result.cut.shown} of {result.cut.total} {result.cut.unit} of the document are below."
        yield from ("", *_wrapped(f"Cut: {shown} All of it: {result.cut.resource}", width))


def _disagreements(result: DocResult, width: int) -> Iterator[str]:
    """Each place with what is said there, and what the code has."""
    for one in result.disagreements or ():
        yield from ("", _paint(f"{wording.one_line(one.path)}:{one.line}", _BOLD))
        for label, text, colour in (("says", one.said, _RED), ("the code has", one.instead, _GREEN)):
            first, *more = _wrapped(text, width, first=f"  {label:<14}", rest=" " * 16)
            yield first[:16] + _paint(first[16:], colour)
            yield from (line[:16] + _paint(line[16:], colour) for line in more)
    if result.disagreements:
        yield from ("", *_wrapped(MENDING, width))


def _document(result: DocResult) -> Iterator[str]:
    """The document as it would stand in a file; of Markdown the headings bold and the source lines dim."""
    code = result.format != "markdown"
    for raw in result.document.rstrip("\n").split("\n"):
        line = wording.visible(raw)
        code = code != (line.startswith("```") and result.format == "markdown")
        if not code and line.startswith("<a id="):
            continue  # a link's target means nothing on a terminal
        if not code and line.startswith("#"):
            line = _paint(line, _BOLD)
        elif not code and line.startswith("Source: "):
            line = _paint(line, _DIM)
        yield line


def _wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        wording.one_line(text),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first]


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
