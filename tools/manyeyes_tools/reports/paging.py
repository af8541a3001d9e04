"""Results with many findings, cut into parts that a client can take."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pydantic import BaseModel

    from manyeyes_tools.findings import Finding, FindingsResult, Suggestion

    ResultT = TypeVar("ResultT", bound=FindingsResult)

_LONGEST_TEXT = 16_384
_SHORTEST_TEXT = 64
_COMMA = 1


def pages(result: ResultT, start: int, room: int) -> tuple[ResultT, int, int]:
    """The part of a result that begins at finding `start` and takes at most about `room` bytes as JSON.

    A finding that is too long for a part of its own is shortened, and so are the problems when there are very many;
    a mark says how much was left out.  What a run used is never shortened: it has a handful of lines.

    Returns:
        The part, the index of the first finding left out, and how many findings there are.
    """
    total = len(result.findings)
    start = min(max(start, 0), total)
    frame = _without_packages(result.model_copy(update={"findings": []}), room // 4)
    frame = _without_dismissed(frame, room // 4, first=start == 0)
    if _size(frame) > room // 2:
        frame = frame.model_copy(update={"problems": _fewer(frame, room // 2)})
    left = room - _size(frame)
    taken: list[Finding] = []
    for finding in result.findings[start:]:
        if taken and _size(finding) + _COMMA > left:
            break
        taken.append(_shortened(finding, left))
        left -= _size(taken[-1]) + _COMMA
    return frame.model_copy(update={"findings": taken}), start + len(taken), total


def _without_packages(frame: ResultT, room: int) -> ResultT:
    """With as many packages as there is room for, the vulnerable and unchecked first, and a note that counts them.

    What they need of each other stays with the whole result: places in a list that was cut mean nothing.
    """
    packages = getattr(frame, "packages", None)
    if not packages or sum(map(_size, packages)) <= room:
        return frame
    kept = []
    for one in packages:
        bare = one.model_copy(update={"needs": []})
        room -= _size(bare) + _COMMA
        if room < 0:
            break
        kept.append(bare)
    note = f"{len(kept)} of {len(packages)} packages are listed here; manyeyes://runs/{frame.run.id} has all."
    return frame.model_copy(update={"packages": kept, "notes": [*frame.notes, note]})


def _without_dismissed(frame: ResultT, room: int, *, first: bool) -> ResultT:
    """With as many of those that models dismissed as there is room for on the first part, and a note on the others."""
    gone = getattr(frame, "dismissed", None)
    if not gone:
        return frame
    kept = []
    for one in gone if first else ():
        room -= _size(one) + _COMMA
        if room < 0:
            break
        kept.append(one)
    if len(kept) == len(gone):
        return frame
    note = f"{len(kept)} of {len(gone)} dismissed findings are listed here; manyeyes://runs/{frame.run.id} has all."
    return frame.model_copy(update={"dismissed": kept, "notes": [*frame.notes, note]})


def clipped(text: str, limit: int) -> str:
    """The text, or as much of it as `limit` characters hold, with a mark that says how much is missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]} … [{len(text) - limit} more characters]"


def _size(value: BaseModel) -> int:
    return len(value.model_dump_json().encode())


def _fewer(frame: FindingsResult, room: int) -> list[str]:
    """As many problems as leave the frame within its room, at least one, and a line that counts the others."""
    kept = [clipped(problem, 500) for problem in frame.problems]
    while len(kept) > 1 and _size(frame.model_copy(update={"problems": kept})) > room:
        kept = kept[: len(kept) // 2]
    missing = len(frame.problems) - len(kept)
    return [*kept, f"… and {missing} more problems, left out here for length"] if missing else kept


def _shortened(finding: Finding, room: int) -> Finding:
    """The finding with its long texts cut, as little as makes it fit."""
    limit, short = _LONGEST_TEXT, finding
    while _size(short) > room and limit >= _SHORTEST_TEXT:
        short = finding.model_copy(
            update={
                "title": clipped(finding.title, limit),
                "quote": clipped(finding.quote, limit),
                "explanation": clipped(finding.explanation, limit),
                "dissent": clipped(finding.dissent, limit) if finding.dissent else None,
                "suggestion": _shorter(finding.suggestion, limit) if finding.suggestion else None,
            }
        )
        limit //= 2
    return short


def _shorter(suggestion: Suggestion, limit: int) -> Suggestion:
    """A patch is whole or absent: half of one would apply as something else."""
    explanation, patch = clipped(suggestion.explanation, limit), suggestion.patch
    if patch is None or len(patch) <= limit:
        return suggestion.model_copy(update={"explanation": explanation})
    note = f"{explanation} [patch of {len(patch)} characters left out here for length]".lstrip()
    return suggestion.model_copy(update={"explanation": note, "patch": None, "applies": False})
