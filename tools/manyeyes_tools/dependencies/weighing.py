"""What a model makes of the findings: which can be exploited in this code base, and in which order to upgrade.

One question.  The model is shown the advisories, where each package is used, and the lines around; what it says counts
only for findings that exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from manyeyes.cores import compute
from manyeyes.errors import NoAnswer
from manyeyes.types import Message, Request, Task
from manyeyes_tools.chunks import delimited, tokens
from manyeyes_tools.prompts import load_prompt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from manyeyes.tool import Bench
    from manyeyes_tools.dependencies.concluding import Found
    from manyeyes_tools.dependencies.gathering import Source

MOST = 40
"""Findings put before a model, the worst first."""
ANSWER_TOKENS = 8_000
_AROUND = 6
_PLACES = 3
_DETAILS = 500


class Weighed(BaseModel):
    """What the model says of one finding."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(description="the finding's id, as given")
    exploitable: Literal["likely", "unlikely", "unknown"]
    why: str = Field(description="one or two sentences about this code base")


class UpgradeAnswer(BaseModel):
    """What the model answers."""

    model_config = ConfigDict(extra="forbid")

    summary: str = Field(description="at most three sentences")
    findings: list[Weighed]
    order: list[str] = Field(description="ids of findings, the one to mend first at the beginning")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was heard.  `problem` says why nothing was; `keyless` when nobody could be asked."""

    summary: str = ""
    said: Mapping[str, Weighed] | None = None
    order: tuple[str, ...] = ()
    ref: str = ""
    problem: str = ""
    unknown: int = 0


async def weigh(found: Sequence[Found], sources: Sequence[Source], bench: Bench, *, model: str | None) -> Opinion:
    """Ask the model that the router chooses.  One that fails is named in `problem`; nothing raises but a bad model.

    Raises:
        BadCall: `model` is not known.
    """
    shown = found[:MOST]
    # Masked as whole files, so that a secret that runs over lines is seen for what it is.
    used = {use.path for one in shown for use in one.reach.uses}
    files = [one for one in sources if one.path in used]
    masked = await compute(bench.redactor.mask_all, [(one.path, one.text) for one in files])
    texts = {one.path: text for one, text in zip(files, masked, strict=True)}
    said = await compute(bench.redactor.mask, "\n\n".join(_entry(one, texts) for one in shown))
    text = delimited(said)
    task = Task(
        kind="security_scan",
        input_tokens=tokens(text) + 2_000,
        output_tokens=ANSWER_TOKENS,
        structured=True,
        model=model,
    )
    route = bench.route(task)
    if not route.taken:
        return Opinion(problem=f"No model was asked: {route.obstacles}.")
    request = Request(
        system=load_prompt("dependencies"),
        messages=(Message(role="user", text=text),),
        max_tokens=ANSWER_TOKENS,
        answer=UpgradeAnswer,
    )
    try:
        completion = await bench.complete(task, request, role="dependency auditor")
    except NoAnswer as error:
        return Opinion(problem=f"No model weighed the findings. {error}")
    answer = completion.parsed
    if not isinstance(answer, UpgradeAnswer):
        return Opinion(problem="No model weighed the findings: the answer had another form.")
    known = {one.finding.id for one in shown}
    said_of = {one.id: one for one in answer.findings if one.id in known}
    return Opinion(
        summary=answer.summary[:2_000],
        said=said_of,
        order=tuple(dict.fromkeys(name for name in answer.order if name in known)),
        ref=str(completion.ref),
        unknown=len({one.id for one in answer.findings} - known),
    )


def _entry(one: Found, texts: Mapping[str, str]) -> str:
    """What is told of one finding."""
    finding, advisory = one.finding, one.hit.advisory
    lines = [
        f"Finding {finding.id}: {finding.title}",
        f"Severity {finding.severity}; fixed in {one.hit.fixed or 'no known version'}; {one.reach.said}.",
        _details(advisory.details if advisory else ""),
    ]
    if one.component.via:
        lines.append(f"Comes by way of {' > '.join(one.component.via)}.")
    for use in one.reach.uses[:_PLACES]:
        every = texts.get(use.path, "").split("\n")
        first = max(0, use.line - 1 - _AROUND)
        shown = enumerate(every[first : use.line + _AROUND], first + 1)
        excerpt = "\n".join(f"{number} | {line[:300]}" for number, line in shown)
        lines.append(f"{use.path}:\n{excerpt}")
    return "\n".join(line for line in lines if line)


def _details(text: str) -> str:
    return " ".join(text.split())[:_DETAILS]
