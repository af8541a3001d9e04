"""An answer as people read it, and in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.reports import wording

if TYPE_CHECKING:
    from manyeyes_tools.asking.result import AskResult


def report(result: AskResult) -> str:
    """The result as Markdown: the answer first, then what it rests on, then who said what."""
    lines = [result.answer.rstrip("\n") or "(no more text)"]
    if result.citations:
        lines += ["", "Sources:", ""]
        lines += [f"{number}. {_linked(one.title, one.url)}" for number, one in enumerate(result.citations, 1)]
    if result.dissent:
        lines += ["", "Dissent:", "", *(f"- {wording.one_line(text)}" for text in result.dissent)]
    doubtful = [one for one in result.claims if one.outcome in {"disputed", "refuted", "withdrawn"}]
    if doubtful:
        lines += ["", "Claims that did not hold or are in dispute:", ""]
        lines += [f"- {one.outcome} ({', '.join(one.held_by)}): {wording.one_line(one.text)}" for one in doubtful]
    for opinion in result.opinions:
        lines += ["", f"### {opinion.model} by itself", "", opinion.answer.rstrip("\n")]
    lines += ["", "---", ""]
    if problems := wording.problems(result):
        lines += ["What could not be done:", "", *(f"- {wording.one_line(text)}" for text in problems), ""]
    if result.notes:
        lines += ["Notes:", "", *(f"- {wording.one_line(text)}" for text in result.notes), ""]
    if result.cut:
        lines.append(f"Cut: {result.cut.shown} of {result.cut.total} {result.cut.unit} of the answer are above.")
        if result.cut.cursor:
            lines[-1] += f" Call again with cursor `{result.cut.cursor}` to read on."
        lines += [f"All of it: {result.cut.resource}", ""]
    lines.append(wording.footer(result.run))
    return "\n".join(lines) + "\n"


def pages(result: AskResult, start: int, room: int) -> tuple[AskResult, int, int]:
    """The characters of the answer from `start` that take at most about `room` bytes.

    The opinions stand in the first part alone, each cut to its share of the room where they are long.
    """
    text = result.answer
    start = min(max(start, 0), len(text))
    changes: dict[str, object] = {"answer": ""}
    if start:
        changes.update({"opinions": [], "claims": [], "dissent": [], "citations": []})
    elif result.opinions:
        share = max(room // (3 * len(result.opinions)), 200)
        changes["opinions"] = [
            one.model_copy(update={"answer": _shortened(one.answer, share)}) for one in result.opinions
        ]
    frame = result.model_copy(update=changes)
    left = max(room - len(frame.model_dump_json().encode()), room // 4, 1)
    part = text[start : start + left]
    while len(part) > 1 and len(part.encode()) > left:
        part = part[: max(1, len(part) * left // len(part.encode()))]
    return frame.model_copy(update={"answer": part}), start + len(part), len(text)


def _shortened(text: str, limit: int) -> str:
    return text if len(text.encode()) <= limit else f"{text[: limit // 4]}… [cut; all of it is in the run's resource]"


def _linked(title: str, url: str) -> str:
    """A Markdown link that a page's title cannot break out of."""
    plain = "".join(char for char in wording.one_line(title) if char not in "[]<>`\\") or url
    return f"[{plain}](<{url.replace('<', '%3C').replace('>', '%3E')}>)"
