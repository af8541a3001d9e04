"""Findings as Markdown: complete in itself, for people and for clients that read text only.

Quotes come from the code under review, and titles and explanations from models that have read it.  None of it may
break out of its place: quotes and patches stand in fences longer than any in them, prose stands in block quotes,
and images, HTML and links that hide their address are shown as the text they are.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from manyeyes_tools.reports import wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.findings import Finding, FindingsResult, Suggestion

_TICKS = re.compile(r"`+")
_TICK = re.compile(r"\\*`")
_FENCE = re.compile(r"(`{3,})[^`]*")  # an indented one may lie in a list, which ends it sooner
_LIVE = re.compile(
    r"!\[|\]\s?[(\[]|\]:|\\*<(?=[A-Za-z/!?])|(?<=[A-Za-z0-9+.-]):(?=//)|(?<=\bwww)\.|(?<=[\w.+-])@(?=[\w-]+\.)"
)
"""What makes images, links, references to links, HTML and bare addresses; the last character is shown as itself."""
_MARKS = r"(?:[-+*>]\s*|\d{1,9}[.)]\s+)*"
_BLOCK = re.compile(rf"^({_MARKS})(#{{1,6}}(?=\s|$)|~{{3,}}|=+(?=\s*$)|-+(?=\s*$)|(?:[*_]\s*){{3,}}$)")
"""What at the beginning of a line makes a heading, a rule or a block of code, in a list or a quote too."""
_BULLET = re.compile(r"^(?:([-+*>])(?=\s|$|>)|(\d{1,9})([.)])(?=\s|$))")
_LONGEST_TAG = 10


def report(result: FindingsResult) -> str:
    """The whole result as Markdown."""
    return "\n\n".join(_blocks(result)) + "\n"


def fenced(text: str, tag: str = "") -> str:
    """The text as a code block that it cannot end itself."""
    text = wording.visible(text).strip("\n")
    fence = "`" * max(3, *(len(run) + 1 for run in _TICKS.findall(text)), 3)
    return f"{fence}{tag}\n{text}\n{fence}"


def span(text: str) -> str:
    """The text as a code span that it cannot end itself."""
    text = wording.one_line(text)
    ticks = "`" * max((len(run) + 1 for run in _TICKS.findall(text)), default=1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def inline(line: str, *, lists: bool = False) -> str:
    """One line of prose: code spans stay; headings, images, HTML, links and bare addresses are shown as text.

    With `lists`, it may begin an item of a list or a quote.
    """
    line = _plain_start(wording.one_line(line), lists=lists)
    done, at = [], 0
    while opened := _TICKS.search(line, at):
        closed = next((run for run in _TICKS.finditer(line, opened.end()) if len(run[0]) == len(opened[0])), None)
        if closed is None or line[: opened.start()].endswith("\\"):
            break
        done += [_defuse(line[at : opened.start()]), line[opened.start() : closed.end()]]
        at = closed.end()
    # Where a backtick has no partner, what stands after it is not trusted to be code.
    return "".join(done) + _TICK.sub(_escaped, _defuse(line[at:]))


def quoted(text: str) -> str:
    """Prose as a block quote: whatever blocks it opens end with the quote."""
    done, fence = [], ""
    for line in wording.visible(text).strip().split("\n"):
        if fence:
            fence = "" if not line.strip().strip("`") and line.count("`") >= len(fence) else fence
        elif opened := _FENCE.fullmatch(line):
            fence = opened[1]
        else:
            bare = line.lstrip()
            line = line[: len(line) - len(bare)] + inline(bare, lists=True)  # noqa: PLW2901  the line as it is shown
        done.append(f"> {line}".rstrip())
    return "\n".join(done)


def _blocks(result: FindingsResult) -> Iterator[str]:
    verdict = wording.verdict(result)
    yield f"# {wording.kind(result)}" + (f": {verdict}" if verdict else "")
    yield inline(result.summary)
    yield f"**Findings:** {wording.counts(result.findings)} · **Status:** {wording.status(result)}"
    for number, finding in enumerate(result.findings, 1):
        yield from _finding(number, finding)
    if problems := wording.problems(result):
        yield "## What could not be done"
        yield "\n".join(f"- {inline(problem)}" for problem in problems)
    if gone := wording.dismissed(result):
        yield f"## {wording.DISMISSED}"
        yield "\n".join(f"- {inline(row)}" for row in gone)
    if plan := wording.plan(result):
        yield "## What a target would get"
        yield "\n".join(f"- {inline(row)}" for row in plan)
    for note in (*result.notes, wording.suppressed(result), wording.cut(result), wording.remedy(result)):
        if note:
            yield inline(note)
    yield "---"
    yield inline(wording.footer(result.run))


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f"## {number}. {finding.severity}: {inline(finding.title)}"
    yield " · ".join([span(wording.place(finding)), *map(inline, wording.classes(finding))])
    if finding.quote.strip():
        yield fenced(finding.quote, _tag(finding.path))
    yield quoted(finding.explanation)
    if steps := wording.steps(finding):
        yield f"**{wording.way(finding)}:**"
        yield "\n".join(
            f"{at}. {span(f'{step.path}:{step.line}')} {inline(step.note)}" for at, step in enumerate(steps, 1)
        )
    if finding.suggestion:
        yield from _suggestion(finding.suggestion)
    if finding.dissent:
        yield "**Dissent:**"
        yield quoted(finding.dissent)
    yield f"Reported by {inline(wording.origin(finding))} · id {span(finding.id)}"


def _suggestion(suggestion: Suggestion) -> Iterator[str]:
    yield "**Suggestion:**"
    yield quoted(suggestion.explanation)
    if suggestion.patch:
        yield fenced(suggestion.patch, "diff")
        yield "The patch was tried: it applies." if suggestion.applies else "The patch does not apply as it stands."


def _tag(path: str) -> str:
    """The file's ending: what renderers know a language by."""
    ending = PurePosixPath(path).suffix[1:]
    return ending if ending.isascii() and ending.isalnum() and len(ending) <= _LONGEST_TAG else ""


def _plain_start(line: str, *, lists: bool) -> str:
    """The line with whatever would make a block of it shown as text."""
    if not lists and (found := _BULLET.match(line)):
        at = found.end(2) if found[2] else 0
        line = f"{line[:at]}\\{line[at:]}"
    return _BLOCK.sub(lambda match: f"{match[1]}\\{match[2]}" if match[2] else match[0], line, count=1)


def _defuse(text: str) -> str:
    return _LIVE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    """A mark made harmless by a backslash before its last character, unless one that counts stands there already."""
    before = match[0][:-1]
    return match[0] if (len(before) - len(before.rstrip("\\"))) % 2 else f"{before}\\{match[0][-1]}"
