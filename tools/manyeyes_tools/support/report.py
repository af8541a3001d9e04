"""A support result as people read it, and in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.reports import wording

if TYPE_CHECKING:
    from manyeyes_tools.support.result import SupportResult


def report(result: SupportResult) -> str:
    """The result as Markdown: the reply first, then what it rests on and what a colleague should know."""
    lines = [wording.visible(result.reply).rstrip("\n"), "", "---", "", f"**{wording.one_line(result.summary)}**"]
    if result.needs_human:
        lines += ["", f"Hand over to a person: {wording.one_line(result.human_reason or '')}."]
    if result.citations:
        lines += ["", "It rests on:", ""]
        for one in result.citations:
            place = wording.one_line(f"{one.path}:{one.line}" + (f" ({one.heading})" if one.heading else ""))
            lines.append(f"- {place}: \u201c{wording.one_line(one.quote)}\u201d")
    if problems := wording.problems(result):
        lines += ["", "What could not be done:", "", *(f"- {wording.one_line(text)}" for text in problems)]
    if remedy := wording.remedy(result):
        lines += ["", remedy]
    if result.notes:
        lines += ["", *(f"- {wording.one_line(text)}" for text in result.notes)]
    lines += ["", f"Status: {result.status}. Go on with conversation_id `{wording.one_line(result.conversation_id)}`."]
    if result.cut:
        lines += ["", f"Cut: {result.cut.shown} of {result.cut.total} {result.cut.unit} of the reply are shown."]
    return "\n".join([*lines, "", wording.footer(result.run)]) + "\n"


def pages(result: SupportResult, start: int, room: int) -> tuple[SupportResult, int, int]:
    """The characters of the reply from `start` that take at most about `room` bytes."""
    total = len(result.reply)
    start = min(max(start, 0), total)
    frame = result.model_copy(update={"reply": ""})
    end = start + 1 if start < total else total
    low, high = end, total
    while low < high:  # the longest part that fits
        middle = (low + high + 1) // 2
        if len(result.model_copy(update={"reply": result.reply[start:middle]}).model_dump_json().encode()) <= room:
            low = middle
        else:
            high = middle - 1
    return frame.model_copy(update={"reply": result.reply[start : max(low, end)]}), max(low, end), total
