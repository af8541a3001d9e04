"""The tool `code_pipeline`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.arguments import PipelineArguments
from manyeyes_tools.pipeline.result import PipelineResult

if TYPE_CHECKING:
    from manyeyes.tool import Bench


class CodePipeline:
    """Review, security scan and documentation of the same code, each step knowing what the earlier ones found."""

    __slots__ = ()

    name = "code_pipeline"
    title = "Code pipeline"
    description = (
        "Review, security scan and documentation in one call, each step told what the earlier ones found. Cheaper than "
        "three calls."
    )
    toolset = "default"
    open_world = True
    read_only = True
    arguments = PipelineArguments
    result = PipelineResult
    exports = ("terminal", "sarif", "markdown", "document")

    async def run(self, arguments: PipelineArguments, bench: Bench) -> PipelineResult:
        """Run the steps.

        Raises:
            BadCall: there is nothing to look at, or no step could be done.
        """
        from manyeyes_tools.piping import pipe

        return await pipe(arguments, bench)

    def report(self, result: PipelineResult) -> str:
        """The result as Markdown, complete in itself."""
        from manyeyes_tools.pipeline import report

        return report.report(result)

    def export(self, result: PipelineResult, form: str) -> str:
        """The result as `terminal`, `sarif`, `markdown`, or the `document` alone."""
        from manyeyes_tools.pipeline import report

        return report.export(result, form)

    def pages(self, result: PipelineResult, start: int, room: int) -> tuple[PipelineResult, int, int]:
        """The parts from `start` that take at most about `room` bytes, each part cut as its own tool cuts it."""
        from manyeyes_tools.pipeline import report

        return report.pages(result, start, room)
