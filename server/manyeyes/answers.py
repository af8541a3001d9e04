"""A tool's result as one MCP answer: cut to size, as structured content and as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.errors import BadCall
from manyeyes.results import Cut

if TYPE_CHECKING:
    from manyeyes.results import Result
    from manyeyes.tool import Arguments, Tool

ROOM = 60_000
"""Bytes that an answer may have.  Clients cut at 25,000 tokens; JSON and code run at 3 bytes a token and more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The same said twice: for clients that read `structuredContent` and for those that read text."""

    result: Result
    text: str


def fit(tool: Tool[Arguments, Result], result: Result, start: int = 0) -> Answer:
    """The part of a result that begins at item `start` and fits into one answer.

    A whole result that fits is left as it is.
    """
    room = ROOM
    while True:
        part, following, total = tool.pages(result, start, room)
        if start or following < total:
            part = part.model_copy(update={"cut": _cut(result, start, following, total, part)})
        text = tool.report(part)
        longest = max(len(text.encode()), len(part.model_dump_json().encode()))
        if longest <= ROOM * 1.05 or following - start <= 1 or room < ROOM // 16:
            return Answer(part, text)
        room = room * ROOM // longest * 9 // 10


def _cut(result: Result, start: int, following: int, total: int, part: Result) -> Cut:
    return Cut(
        shown=following - start,
        total=total,
        unit="findings"
        if hasattr(part, "findings")
        else "characters"
        if hasattr(part, "document") or hasattr(part, "answer")
        else "items",
        cursor=f"{result.run.id}.{following}" if following < total else "",
        resource=f"manyeyes://runs/{result.run.id}",
    )


def parse_cursor(cursor: str) -> tuple[str, int]:
    """The run's id and the index of the next item.

    Raises:
        BadCall: it is not a cursor of ours.
    """
    run_id, _, start = cursor.rpartition(".")
    if not run_id or not start.isdecimal() or len(start) > 12:  # noqa: PLR2004
        raise BadCall("This is not a cursor. Send the `cut.cursor` of an earlier answer, or leave it out.")
    return run_id, int(start)
