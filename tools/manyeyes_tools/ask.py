"""The tool `ask`: a question to the model that suits it, or to several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.asking.arguments import AskArguments
from manyeyes_tools.asking.result import AskResult

if TYPE_CHECKING:
    from manyeyes.tool import Bench


class Ask:
    """Answers a question by the model that the kind of work calls for."""

    __slots__ = ()

    name = "ask"
    title = "Ask"
    description = (
        "Ask a model of another vendor, chosen by the kind of work: code, long texts, images, PDF, audio, video, or "
        "the web with citations. panel: several opinions, what they dispute, and one answer."
    )
    toolset = "chat"
    open_world = True
    read_only = True
    arguments = AskArguments
    result = AskResult
    exports = ("terminal", "markdown")

    async def run(self, arguments: AskArguments, bench: Bench) -> AskResult:
        """Answer.

        Raises:
            BadCall: there is no question, or what came with it cannot be read.
            NoAnswer: no model answered.
        """
        from manyeyes_tools.asking.answering import answer

        return await answer(arguments, bench)

    def report(self, result: AskResult) -> str:
        """The answer as Markdown, with its sources, the dissent and what it cost."""
        from manyeyes_tools.asking import report

        return report.report(result)

    def export(self, result: AskResult, form: str) -> str:  # noqa: ARG002  # both forms are the same text
        """The result as `terminal` or `markdown`."""
        return self.report(result)

    def pages(self, result: AskResult, start: int, room: int) -> tuple[AskResult, int, int]:
        """The characters of the answer from `start` that take at most about `room` bytes."""
        from manyeyes_tools.asking import report

        return report.pages(result, start, room)
