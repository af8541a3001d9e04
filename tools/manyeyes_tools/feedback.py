"""The tool `feedback`: somebody says whether a run was any good, so that the router learns whom to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from manyeyes.results import Result
from manyeyes.tool import Arguments

if TYPE_CHECKING:
    from manyeyes.tool import Bench


class FeedbackArguments(Arguments):
    """Which run, and what is said of it."""

    run_id: Annotated[str, Field(min_length=1, max_length=60, description="`run.id` of an earlier result")]
    verdict: Literal["good", "bad"]


class FeedbackResult(Result):
    """The models it is about."""

    models: list[str]


class Feedback:
    """Keeps what is said of an earlier run; saying it again changes nothing, the opposite takes it back."""

    __slots__ = ()

    name = "feedback"
    title = "Feedback"
    description = "Say whether an earlier result was good or bad, so that better suited models are asked."
    toolset = "feedback"
    open_world = False
    read_only = False
    arguments = FeedbackArguments
    result = FeedbackResult
    exports = ("terminal",)

    async def run(self, arguments: FeedbackArguments, bench: Bench) -> FeedbackResult:
        """Keep it.

        Raises:
            BadCall: the run is not known, or nothing is learned here.
        """
        models = await bench.feedback(arguments.run_id, good=arguments.verdict == "good")
        summary = f"Kept: {arguments.run_id} was {arguments.verdict}. It is about {', '.join(models)}."
        return FeedbackResult(status="complete", summary=summary, problems=[], run=bench.run(), models=list(models))

    def report(self, result: FeedbackResult) -> str:
        """What was kept, in one line."""
        return result.summary

    def export(self, result: FeedbackResult, form: str) -> str:  # noqa: ARG002  # there is one form
        """The result for a `terminal`."""
        return result.summary

    def pages(self, result: FeedbackResult, start: int, room: int) -> tuple[FeedbackResult, int, int]:  # noqa: ARG002  # it is one line
        """The whole result: it is always short."""
        return result, start + 1, start + 1
