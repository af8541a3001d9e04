"""The way of one question: what came with it is read, the models are asked, and it is said how that went."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes.cores import compute
from manyeyes.errors import BadCall, NoModel
from manyeyes.types import Usage
from manyeyes_tools.asking.checking import checked
from manyeyes_tools.asking.long_material import read
from manyeyes_tools.asking.media import attach
from manyeyes_tools.asking.panel import convene
from manyeyes_tools.asking.question import Question
from manyeyes_tools.asking.result import AskResult, Source
from manyeyes_tools.borrowing import borrowed
from manyeyes_tools.investigation import Purse, investigate
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.mcp_servers import Borrowed
    from manyeyes.redaction import Redactor
    from manyeyes.tool import Bench
    from manyeyes.types import Completion, Request, Task
    from manyeyes_tools.asking.arguments import AskArguments

_KEYS = "ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY"


async def answer(arguments: AskArguments, bench: Bench) -> AskResult:
    """Answer a question.

    Raises:
        BadCall: there is no question, or what came with it cannot be read.
        NoAnswer: no model answered.
    """
    if not (arguments.prompt or "").strip():
        raise BadCall("There is no question: send `prompt`.")
    question = await _question(arguments, bench)
    problems: list[str] = []
    notes: list[str] = []
    if question.search and not bench.route(question.task()).taken:
        plain = question.without_search()
        if bench.route(plain.task()).taken:
            why = bench.route(question.task()).obstacles
            problems.append(f"Nothing was looked up: no model that can search the web could be asked ({why}).")
            question = plain
    if not question.material and not bench.route(question.task()).taken:
        _nobody(question, bench)
    reading = await read(question, bench)
    question = reading.question
    if not bench.route(question.task()).taken:
        _nobody(question, bench)
    problems += reading.problems
    notes += reading.notes
    # `quick` is one call; and beside the vendor's own search not every vendor takes tools of ours.
    lent = await borrowed(bench) if question.depth != "quick" and not question.search else None
    asking = _Asking(bench, lent)
    if question.depth == "panel":
        heard = await convene(question, bench, asking.hear)
        completions = [one.completion for one in heard.members]
        told = AskResult(
            status="complete",
            summary=f"{len(heard.members)} of several vendors answered; {len(heard.dissent)} objections are kept.",
            problems=heard.problems,
            run=bench.run(),
            answer=heard.answer,
            opinions=heard.opinions,
            claims=heard.claims,
            dissent=heard.dissent,
            notes=heard.notes,
        )
    else:
        completion = await asking.hear(question.task(), question.request(), "answer")
        completions = [completion]
        if question.depth == "standard" and question.model is None:
            # A second model sees neither what was looked up nor what tools said, so it cannot judge what rests on it.
            alone = not question.search and not (lent is not None and lent.specs)
            found = await checked(question, completion, bench, asking.hear, second=alone)
            completion, completions = found.completion, [found.completion]
            notes += found.notes
            problems += found.problems
        told = AskResult(
            status="complete",
            summary=f"{completion.ref} answered.",
            problems=[],
            run=bench.run(),
            answer=completion.text.strip(),
        )
    whole = _concluded(told, question, completions, [*problems, *(lent.problems if lent else ())], notes, bench)
    return await compute(_masked, whole, bench.redactor)


def _masked(told: AskResult, redactor: Redactor) -> AskResult:
    """The result without the secrets that models saw elsewhere, such as in an image, or made up of what they saw."""
    mask = redactor.mask
    return told.model_copy(
        update={
            "answer": mask(told.answer),
            "opinions": [one.model_copy(update={"answer": mask(one.answer)}) for one in told.opinions],
            "claims": [one.model_copy(update={"text": mask(one.text)}) for one in told.claims],
            "dissent": [mask(one) for one in told.dissent],
            "citations": [
                one.model_copy(
                    update={
                        "url": redactor.mask_values(one.url),
                        "title": mask(one.title),
                        "quote": mask(one.quote),
                    }
                )
                for one in told.citations
            ],
        }
    )


def _concluded(  # noqa: PLR0917  # the parts of one result
    told: AskResult,
    question: Question,
    completions: list[Completion],
    problems: list[str],
    notes: list[str],
    bench: Bench,
) -> AskResult:
    pages = {one.url: one for completion in completions for one in completion.citations}
    if question.search:
        notes.append(_searched(completions, bench))
        if not pages:
            notes.append("The model cited no page, so it may have answered from what it knows.")
    problems = [*problems, *told.problems]
    return told.model_copy(
        update={
            "status": "partial" if problems else "complete",
            "problems": problems,
            "citations": [Source(url=one.url, title=one.title, quote=one.quote) for one in pages.values()],
            "notes": [*notes, *told.notes, *bench.notices],
            "run": bench.run(),
        }
    )


def _searched(completions: Sequence[Completion], bench: Bench) -> str:
    """How often the web was searched, and what vendors charge for that beside tokens."""
    told = [(one.ref, one.usage) for one in completions if one.usage is not None]
    count = sum(usage.searches for _, usage in told)
    if not count:
        return "The vendor told of no web search that it charges for."
    searched = f"The web was searched {count} time{'' if count == 1 else 's'}"
    fees = [bench.cost_usd(ref, Usage(searches=usage.searches)) for ref, usage in told if usage.searches]
    known = [fee for fee in fees if fee is not None]
    if len(known) < len(fees):
        return (
            f"{searched}; what the vendor charges for that is unknown, so the call is counted at the most that its "
            "tokens could have cost."
        )
    return f"{searched}, for ${sum(known):.4f} beside tokens; that is in `cost_usd`, with no free allowance taken off."


async def _question(arguments: AskArguments, bench: Bench) -> Question:
    work = partial(attach, arguments.media, bench.roots, bench.settings.limits.media_bytes)
    attached = await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    texts = [(name, f"File: {name}\n{text}") for name, text in attached.texts]
    given = [("", arguments.prompt or ""), ("", arguments.context or ""), *texts]
    prompt, *material = await compute(bench.redactor.mask_all, given)
    return Question(
        prompt=prompt.strip(),
        material="\n\n".join(part for part in material if part.strip()),
        media=attached.media,
        kind=arguments.task_type,
        depth=arguments.depth,
        max_tokens=arguments.max_tokens,
        model=arguments.model,
        search=arguments.task_type == "search_augmented",
    )


def _nobody(question: Question, bench: Bench) -> None:
    """Say why nobody can be asked, and what to do about it.

    Raises:
        NoModel: always.
    """
    route = bench.route(question.task())
    remedy = f" Set {_KEYS}, or name a model server under [endpoints.NAME]." if "_API_KEY" in route.obstacles else ""
    raise NoModel(f"No model can answer this: {route.obstacles}.{remedy}", route=route)


@dataclass(slots=True)
class _Asking:
    """Asks models for one question, with the tools that were lent; all share what these fetched."""

    bench: Bench
    lent: Borrowed | None
    purse: Purse = field(default_factory=Purse)

    async def hear(self, task: Task, request: Request, role: str) -> Completion:
        """One model's answer.

        Raises:
            NoAnswer: it could not be had.
        """
        if self.lent is None or not self.lent.specs or not self._can_call(task):
            return await self.bench.complete(task, request, role=role)
        looking = replace(request, system=f"{request.system}\n\n{load_prompt('ask_tools')}")
        return await investigate(
            task,
            looking,
            self.lent,
            self.bench,
            role=role,
            purse=self.purse,
            remember=False,  # what other servers say may be another thing tomorrow, and calls may change things
        )

    def _can_call(self, task: Task) -> bool:
        """Whether the model that would be asked first can ask for tools."""
        plain, able = self.bench.route(task).taken, self.bench.route(replace(task, tools=True)).taken
        return bool(plain and able) and plain[0] == able[0]
