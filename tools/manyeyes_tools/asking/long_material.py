"""Material that is too long for one piece: whole to a model whose window holds it, or noted part by part."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import anyio

from manyeyes.errors import NoAnswer
from manyeyes.routing.reading import NOTE_TOKENS
from manyeyes.types import TEXT_ONLY, Message, Request
from manyeyes_tools.chunks import BYTES_PER_TOKEN, delimited, tokens
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.tool import Bench
    from manyeyes.types import Task
    from manyeyes_tools.asking.question import Question

PART_TOKENS = (60_000, 24_000, 8_000, 3_000)
"""Sizes of a part, the largest first: the first that some model of the route can take is used."""
PARALLEL = 4
"""Parts that are read at the same time."""


@dataclass(slots=True)
class Read:
    """What came of reading.

    Attributes:
        question: The question as it is to be asked now.
        notes: How it was read, and why.
        problems: Parts that nobody read, and why.
    """

    question: Question
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


async def read(question: Question, bench: Bench) -> Read:
    """The question with material that fits: as it is, or with notes in its place.

    Raises:
        NoAnswer: no part was read.
    """
    if tokens(question.material) <= PART_TOKENS[-1]:
        return Read(question)
    task = question.task()
    size = next((one for one in PART_TOKENS if bench.route(replace(_noting(task), input_tokens=one)).taken), 0)
    if not size:
        return Read(question)
    reading = await bench.reading(task, size)
    if reading.way == "once":
        return Read(question)
    made = Read(question, [f"How the material was read: {reading.way}; {reading.reason}."])
    if reading.way == "parts":
        await _note(made, size, bench)
    return made


def split(text: str, limit: int) -> list[str]:
    """A text in parts of at most `limit` tokens, cut after blank lines, else lines, else anywhere; nothing is lost."""
    return list(_parts(text, limit * BYTES_PER_TOKEN))


def _parts(text: str, room: int) -> Iterator[str]:
    """Parts of at most `room` bytes."""
    at = 0
    while at < len(text):
        part = text[at : at + room]
        while len(part.encode()) >= room:  # characters beyond ASCII take more bytes than one
            part = part[: max(1, len(part) * room // (len(part.encode()) + 1) - 1)]
            if len(part) == 1:
                break
        if at + len(part) < len(text):
            for mark in ("\n\n", "\n"):
                end = part.rfind(mark, len(part) // 2)
                if end >= 0:
                    part = part[: end + len(mark)]
                    break
        yield part
        at += len(part)


async def _note(made: Read, size: int, bench: Bench) -> None:
    question = made.question
    parts = split(question.material, size)
    limiter = anyio.CapacityLimiter(PARALLEL)
    noted: dict[int, str] = {}
    last: list[NoAnswer] = []
    system = load_prompt("ask_notes")
    base = _noting(question.task())

    async def one(number: int, part: str) -> None:
        text = f"Part {number} of {len(parts)}.\n\n{delimited(part)}\n\nThe question: {question.prompt}"
        task = replace(base, input_tokens=tokens(system) + tokens(text))
        request = Request(system=system, messages=(Message(role="user", text=text),), max_tokens=NOTE_TOKENS)
        async with limiter:
            try:
                noted[number] = (await bench.complete(task, request, role="reader")).text
            except NoAnswer as error:
                last.append(error)
                made.problems.append(f"Part {number} of {len(parts)} of the material was not read: {error}")
            await bench.progress(f"read part {number} of {len(parts)}", len(noted), len(parts) + 1)

    async with anyio.create_task_group() as group:
        for number, part in enumerate(parts, 1):
            group.start_soon(one, number, part)
    if not noted:
        raise last[0]
    text = "\n\n".join(f"Notes on part {number} of {len(parts)}:\n{noted[number]}" for number in sorted(noted))
    made.question = replace(question, material=text)


def _noting(task: Task) -> Task:
    """The task of reading one part: text alone, and no search."""
    return replace(task, output_tokens=NOTE_TOKENS, modalities=TEXT_ONLY, search=False)
