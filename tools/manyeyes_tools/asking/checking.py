"""Whether an answer holds up, and a more capable model's where it does not.

Some of that shows without asking anybody: Python that does not parse, quotes of what was given that are not in it.  The
answer of a fast model is also read by another one, of another vendor where there is one; what that holds against the
answer counts when it quotes words that are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from textwrap import dedent
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from manyeyes.cores import compute
from manyeyes.errors import NoAnswer
from manyeyes.learning.account import Signal
from manyeyes.types import Message, Request, Tier
from manyeyes_tools.chunks import delimited, tokens
from manyeyes_tools.prompts import load_prompt
from manyeyes_tools.python_ast import parse_python

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from manyeyes.tool import Bench
    from manyeyes.types import Completion, ModelRef, Task
    from manyeyes_tools.asking.question import Question

    Hear = Callable[[Task, Request, str], Awaitable[Completion]]

VERDICT_TOKENS = 4_000
"""Upper bound of what the second reader writes, reasoning included."""
INVENTED = 0.5
"""An answer of whose quotes a larger share is nowhere in what was given does not hold up."""
_QUOTED_WORDS = 6
"""Shorter passages in quotation marks are names and figures of speech."""
_SEVERAL = 2
"""One passage that is nowhere may be a proposal of the answer's own."""
_REASON_CHARS = 12
_REASON_SHOWN = 300
_UP = {Tier.FAST: (Tier.BALANCED, Tier.FLAGSHIP), Tier.BALANCED: (Tier.FLAGSHIP,), Tier.FLAGSHIP: (Tier.FLAGSHIP,)}
"""The tiers that are asked when an answer of one does not hold up; of the same tier only other vendors."""
_STRAIGHT = {0x201C: '"', 0x201D: '"', 0x2018: "'", 0x2019: "'"}
"""Typographers' quotation marks, and what keyboards have for them."""
_PYTHON = frozenset({"```python", "```py", "```python3"})
_QUOTE = re.compile(r"“([^“”\n]{20,600})”|\"([^\"\n]{20,600})\"|^> ?(.{20,600})$", re.MULTILINE)


class Verdict(BaseModel):
    """What the second reader is asked for."""

    model_config = ConfigDict(extra="ignore")

    holds: Literal["yes", "no", "unsure"]
    reason: Annotated[str, Field(max_length=1_200)] = ""
    quote: Annotated[str, Field(max_length=2_000)] = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer to give, and what is worth knowing of how it came about."""

    completion: Completion
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


async def checked(question: Question, first: Completion, bench: Bench, hear: Hear, *, second: bool) -> Checked:
    """The answer, or that of a more capable model where it does not hold up.

    Args:
        question: What was asked.
        first: The answer.
        bench: Knows the models.
        hear: Asks one, with the tools that it may use.
        second: Whether a second model may judge it: one that sees all that the first has seen.
    """
    notes: list[str] = []
    tier = next((one.tier for one in bench.route(question.task()).candidates if one.ref == first.ref), None)
    why, shown = await compute(flaw, question, first.text)
    if not why and second and tier is Tier.FAST:
        why, shown = await _doubted(question, first, bench, notes)
    if shown:
        bench.outcome(str(first.ref), question.kind, Signal.HELD_UP, 0.0 if why else 1.0)
    if not why:
        return Checked(first, tuple(notes))
    lead = f"The answer of {first.ref} did not hold up: {why}."
    stronger = _stronger(question, first.ref, tier, bench)
    if stronger is None:
        said = f"{lead} It is given all the same, since no more capable model could be asked."
        return Checked(first, tuple(notes), (said,))
    await bench.progress(f"{lead} Asking {stronger}", 1, 2)
    try:
        again = await hear(replace(question.task(), model=str(stronger)), question.request(), "second answer")
    except NoAnswer as error:
        said = f"{lead} It is given all the same, since {stronger} could not answer: {error}"
        return Checked(first, tuple(notes), (said,))
    notes.append(f"{lead} {again.ref} was asked in its place.")
    why, shown = await compute(flaw, question, again.text)
    if shown:
        bench.outcome(str(again.ref), question.kind, Signal.HELD_UP, 0.0 if why else 1.0)
    problems = (f"The answer of {again.ref} does not hold up either: {why}.",) if why else ()
    return Checked(again, tuple(notes), problems)


def flaw(question: Question, answer: str) -> tuple[str, bool]:
    """Why an answer does not hold up, as far as that shows by itself, and whether there was anything to look at.

    Blocking: parses.
    """
    if not answer.strip():
        return "it is empty", True
    code, prose = _parted(answer)
    for number, block in enumerate(code, 1):
        if line := _broken(block):
            return f"the Python in block {number} of it does not parse (line {line})", True
    given = _plain(f"{question.material}\n{question.prompt}").casefold()
    quotes = [_plain(next(filter(None, match.groups()))) for match in _QUOTE.finditer(prose)]
    quotes = [one for one in quotes if len(one.split()) >= _QUOTED_WORDS] if question.material else []
    lost = sum(one.strip(".,;:!?… ").casefold() not in given for one in quotes)
    if lost >= _SEVERAL and lost > INVENTED * len(quotes):
        return f"{lost} of the {len(quotes)} passages that it quotes are nowhere in what was given", True
    return "", bool(code or quotes)


def _parted(answer: str) -> tuple[list[str], str]:
    """The blocks of Python in an answer, and what stands outside of blocks; one that is never closed is none."""
    code: list[str] = []
    prose: list[str] = []
    block: list[str] | None = None
    fence = ""
    for line in answer.splitlines(keepends=True):
        mark = line.strip().lower()
        if block is None and mark.startswith("```") and not mark.endswith("````"):
            block, fence = [], mark
        elif block is None:
            prose.append(line)
        elif mark == "```":
            code += ["".join(block)] if fence in _PYTHON else []
            block = None
        else:
            block.append(line)
    return code, "".join(prose)


def _broken(block: str) -> int:
    """The line at which Python does not parse; 0 when it does, or is a session with a prompt or a fragment."""
    text = dedent(block)
    if text.lstrip().startswith((">>>", "$", "%", "!")):
        return 0
    try:
        parse_python(text)
    except SyntaxError as error:
        return 0 if _fragment(text) else error.lineno or 1
    except (ValueError, RecursionError, MemoryError):
        return 0  # too deep or odd for the parser, which says nothing of the answer
    return 0


def _fragment(text: str) -> bool:
    """Whether the text is a part of something, or left open on purpose: that parses nowhere and is no fault."""
    if "..." in text or "…" in text:
        return True
    for frame in ("async def f():\n{}", "class C:\n{}", "match x:\n{}", "for _ in x:\n{}"):
        body = "".join(f"    {line}" for line in text.splitlines(keepends=True))
        try:
            parse_python(frame.format(body))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return True
    return False


async def _doubted(question: Question, first: Completion, bench: Bench, notes: list[str]) -> tuple[str, bool]:
    """What another model holds against a fast one's answer, and whether it was clear about it."""
    system = load_prompt("ask_check")
    given = f"What was given with it:\n{question.material}\n\n" if question.material else ""
    text = await compute(delimited, f"{given}The question:\n{question.prompt}\n\nThe answer:\n{first.text}")
    task = replace(
        question.task(),
        tier=Tier.FAST,
        input_tokens=question.size + tokens(system) + tokens(first.text),
        output_tokens=VERDICT_TOKENS,
        structured=True,
        search=False,
    )
    reader = _reader(first.ref, task, bench)
    if reader is None:
        notes.append(f"Nobody else could be asked to check the answer of {first.ref}.")
        return "", False
    request = Request(
        system=system,
        messages=(Message(role="user", text=text, media=question.media),),
        max_tokens=VERDICT_TOKENS,
        answer=Verdict,
    )
    await bench.progress(f"having {reader} check the answer", 0, 2)
    try:
        completion = await bench.complete(replace(task, model=str(reader)), request, role="checker")
    except NoAnswer as error:
        notes.append(f"The answer of {first.ref} was not checked: {error}")
        return "", False
    verdict = completion.parsed
    assert isinstance(verdict, Verdict)  # noqa: S101  # the gateway validated it
    if verdict.holds != "no":
        return "", verdict.holds == "yes"
    words = await compute(_plain, f"{first.text}\n{question.material}\n{question.prompt}")
    quote, reason = _plain(verdict.quote), " ".join(verdict.reason.split())
    if len(reason) < _REASON_CHARS or not quote or quote not in words:
        notes.append(f"{reader} objected to the answer without words of it that are there, which counts for nothing.")
        return "", False
    reason = await compute(bench.redactor.mask, reason[:_REASON_SHOWN])
    return f"{reader} says: {reason.rstrip('.')}", True


def _reader(first: ModelRef, task: Task, bench: Bench) -> ModelRef | None:
    """Who checks: a fast model of another vendor, else any other model that the route of the fast tier leads to."""
    others = [one for one in bench.route(task).taken if one != first]
    return next((one for one in others if one.provider != first.provider), others[0] if others else None)


def _stronger(question: Question, first: ModelRef, tier: Tier | None, bench: Bench) -> ModelRef | None:
    """The first model of a higher tier; for the highest that of another vendor."""
    for wanted in _UP[tier or Tier.BALANCED]:
        for one in bench.route(replace(question.task(), tier=wanted)).candidates:
            another = one.ref != first and (wanted is not tier or one.ref.provider != first.provider)
            if one.taken and one.tier is wanted and another:
                return one.ref
    return None


def _plain(text: str) -> str:
    """The text for comparing: spacing, emphasis and the form of quotation marks do not count."""
    return " ".join(text.translate(_STRAIGHT).replace("**", "").replace("`", "").split())
