"""A reference as Markdown.  The same chapters always give the same text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.documents.overview import Overview
from manyeyes_tools.reports import wording
from manyeyes_tools.reports.markdown import inline as prose
from manyeyes_tools.reports.markdown import span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.documents.entries import Chapter, Entry, Row

_PIPE = re.compile(r"(\\*)\|")
_ITEM = re.compile(r"(?:[-+*]|\d{1,9}[.)])\s")
_UNDERLINE = re.compile(r"^\s{0,3}([=\-~^*#\"'+])\1{2,}\s*$")
_HEADING = re.compile(r"^#{1,6}\s+(\S.*?)\s*#*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}(?=[^`]*$)|~{3,})")


GENERATED = "<!-- Written by manyeyes docs: change the code, not this file. -->"
"""The last line of every reference."""
NOTHING = Overview()
BY_MODEL = "Where the source has no docstring, a model wrote the text; its names were checked."


def render_markdown(reference: Sequence[Chapter], *, by_model: bool, before: Overview = NOTHING) -> str:
    """The whole reference.

    Args:
        reference: Its chapters.
        by_model: Whether its end is to say that a model wrote a part of it.
        before: What the code is for, which a reference of several modules begins with.
    """
    lines: list[str] = []
    single = len(reference) == 1 and not before.source
    if not single:
        lines += [f"# {heading(before)}", ""]
        lines += _overview(before)
        lines += ["## Modules", ""]
        open_to_all = [_listed(one) for one in reference if not one.internal]
        internal = [_listed(one) for one in reference if one.internal]
        lines += [*open_to_all, ""] if open_to_all else []
        lines += ["Internal modules:", "", *internal, ""] if internal else []
    for chapter in reference:
        lines += _chapter(chapter, "#" if single else "##")
    if by_model:
        lines += ["---", "", BY_MODEL, ""]
    lines.append(GENERATED)
    return "\n".join(lines).rstrip() + "\n"


def heading(before: Overview) -> str:
    """What a reference is called."""
    return f"{inline(before.title)} reference" if before.title else "API reference"


def _overview(before: Overview) -> Iterator[str]:
    for text in before.about:
        yield from (inline(text), "")
    if before.usage:
        yield from ("## Usage", "")
        for example, language in before.usage:
            yield from (*fence(example, language), "")
    if before.source:
        yield from (f"From {code(before.source)}.", "")


def _listed(chapter: Chapter) -> str:
    return f"- [`{chapter.module.itself.name}`](#{chapter.overview.anchor}){_dash(chapter.overview.summary)}"


def _chapter(chapter: Chapter, mark: str) -> Iterator[str]:
    module = chapter.module
    yield from (f'<a id="{chapter.overview.anchor}"></a>', "", f"{mark} Module `{module.itself.name}`", "")
    yield from _text(chapter.overview.summary)
    yield from _text(chapter.overview.details)
    for example in chapter.overview.examples:
        yield from (*fence(example, module.language), "")
    yield from (f"Source: `{module.path}`", "")
    if chapter.entries:
        yield from (f"{mark}# Contents", "")
        for entry in chapter.entries:
            indent = "  " * entry.symbol.name.count(".")
            yield f"{indent}- [`{entry.symbol.name}`](#{entry.anchor}){_dash(entry.summary)}"
        yield ""
    if chapter.offers:
        yield from (f"{mark}# Public names", "")
        for one in chapter.offers:
            alias = f" as {code(one.alias)}" if one.alias else ""
            yield f"- [`{one.name}`](#{one.anchor}){alias}{_dash(one.summary)}"
        yield ""
    if chapter.constants:
        yield from (f"{mark}# Constants", "")
        yield from _table(chapter.constants, ("Name", "Type", "Value", "Description"))
    if chapter.entries:
        yield from (f"{mark}# Reference", "")
    for entry in chapter.entries:
        yield from _entry(entry, f"{mark}##")


def _entry(entry: Entry, mark: str) -> Iterator[str]:
    symbol = entry.symbol
    yield from (f'<a id="{entry.anchor}"></a>', "", f"{mark} {symbol.kind.title()} `{symbol.name}`", "")
    yield from (*fence(entry.definition, entry.language), "")
    yield from _text(entry.summary)
    yield from _text(entry.details)
    if entry.parameters:
        yield from ("**Parameters**", "")
        yield from _table(entry.parameters, ("Name", "Type", "Default", "Description"))
    if entry.attributes:
        yield from ("**Attributes**", "")
        yield from _table(entry.attributes, ("Name", "Type", "Default", "Description"))
    if entry.returns:
        yield from (f"**{entry.returns.name}** {_typed(entry.returns)}", "")
    if entry.raises:
        yield from ("**Raises**", "")
        yield from (
            f"- {code(row.name)}{': ' + inline(row.description) if row.description else ''}" for row in entry.raises
        )
        yield ""
    for example in entry.examples:
        yield from ("**Example**", "", *fence(example, entry.language), "")
    if entry.imported:
        yield from (f"Import as `{entry.imported}`", "")
    yield from (f"Source: `{symbol.path}:{symbol.line}`", "")


def _table(rows: Sequence[Row], heads: tuple[str, str, str, str]) -> Iterator[str]:
    """A table without the columns that would be empty throughout."""
    columns = [
        [_cell(code(row.name)) for row in rows],
        [_cell(code(row.type)) for row in rows],
        [_cell(code(row.value)) for row in rows],
        [_cell(inline(row.description)) for row in rows],
    ]
    kept = [place for place, column in enumerate(columns) if any(column)]
    yield "| " + " | ".join(heads[place] for place in kept) + " |"
    yield "|" + " --- |" * len(kept)
    for line in zip(*(columns[place] for place in kept), strict=True):
        yield "| " + " | ".join(line) + " |"
    yield ""


def _typed(row: Row) -> str:
    return ": ".join(filter(None, (code(row.type), inline(row.description))))


def _dash(summary: str) -> str:
    return f": {inline(summary)}" if summary else ""


def _text(text: str) -> Iterator[str]:
    if text:
        yield from (block(text), "")


def _cell(text: str) -> str:
    return _PIPE.sub(lambda match: match[0] if len(match[1]) % 2 else f"{match[1]}\\|", text)


def code(text: str) -> str:
    """A code span, whatever back-ticks the text holds; empty for an empty text."""
    return span(text) if text else ""


def fence(text: str, language: str = "python") -> tuple[str, str, str]:
    """A block of code that no line of the text can end."""
    text = wording.visible(text)
    ticks = "`" * max(3, max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    return (f"{ticks}{language}", text, ticks)


def inline(text: str) -> str:
    """A text on one line in which headings, HTML and links are shown, not obeyed."""
    return prose(text, lists=True)


def block(text: str) -> str:
    """A docstring's text as Markdown that cannot change the document around it.

    Its headings become bold lines; tags, links and addresses are shown as they are written; interactive sessions and
    indented code become blocks of code.
    """
    result: list[str] = []
    held: list[str] = []  # a session or indented code
    lines = [*wording.visible(text).expandtabs(4).splitlines(), ""]
    ends = {place for pair in _fenced(lines) for place in pair}
    inside = listed = False
    for place, line in enumerate(lines):
        if place in ends or inside:
            inside = inside != (place in ends)
            result.append(line)
            continue
        bare = line.lstrip()
        session = bare.startswith(">>>") or (held[:1] and held[0].startswith(">>>") and bare)
        after_nothing = bool(held) or not result or not result[-1].strip()
        if session or (line.startswith("    ") and bare and after_nothing and not listed):
            held.append(bare if session else line.removeprefix("    "))
            continue
        if held:
            result += fence("\n".join(held)) if held[0].startswith(">>>") else fence("\n".join(held), "")
            held = []
        if _UNDERLINE.match(line):
            if result and result[-1].strip():  # the line before was a heading
                result[-1] = _bold(result[-1].strip())
            continue
        if (titled := _HEADING.match(line)) and not (result and result[-1].strip()):
            result.append(_bold(prose(titled[1], lists=True)))
            continue
        listed = (listed and (not bare or line.startswith(" "))) or bool(_ITEM.match(bare))
        result.append(line[: len(line) - len(bare)] + prose(bare, lists=True) if bare else "")
    return "\n".join(result).strip()


def _bold(title: str) -> str:
    """A heading as a bold line; one without a word stays as it is, since stars alone would draw a rule."""
    return f"**{title}**\n" if any(char.isalnum() for char in title) else f"{title}\n"


def _fenced(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where blocks of code open and close; a fence that is never closed opens nothing."""
    place = 0
    while place < len(lines):
        found = _FENCE.match(lines[place])
        if found:
            close = next((n for n in range(place + 1, len(lines)) if _closes(lines[n], found[1])), None)
            if close is not None:
                yield (place, close)
                place = close
        place += 1


def _closes(line: str, opening: str) -> bool:
    mark = line.strip()
    return len(line) - len(line.lstrip()) < 4 and len(mark) >= len(opening) and set(mark) == {opening[0]}  # noqa: PLR2004 -- four spaces make it code
