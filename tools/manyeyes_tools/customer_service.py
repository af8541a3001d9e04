"""The tool `customer_service`: answers a customer's message, remembers the conversation, knows when to hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.support.result import SupportArguments, SupportResult

if TYPE_CHECKING:
    from manyeyes.tool import Bench


class CustomerService:
    """Tells what a message is about, has the model that suits it reply from the operator's knowledge, checks that."""

    __slots__ = ()

    name = "customer_service"
    title = "Customer service"
    description = (
        "Answers a customer's message: tells its intent, replies from the operator's knowledge with citations, "
        "remembers the conversation, and says when a person must take over. Personal data is masked for the models."
    )
    toolset = "support"
    open_world = True
    read_only = False
    arguments = SupportArguments
    result = SupportResult
    exports = ("terminal",)

    async def run(self, arguments: SupportArguments, bench: Bench) -> SupportResult:
        """Answer the message.

        Raises:
            BadCall: the message is empty, or the conversation is somebody else's.
        """
        from manyeyes_tools.support.answering import answer

        return await answer(arguments, bench)

    def report(self, result: SupportResult) -> str:
        """The reply first, then what a colleague should know."""
        from manyeyes_tools.support import report

        return report.report(result)

    def export(self, result: SupportResult, form: str) -> str:  # noqa: ARG002  # there is one form
        """The result for a `terminal`."""
        return self.report(result)

    def pages(self, result: SupportResult, start: int, room: int) -> tuple[SupportResult, int, int]:
        """The characters of the reply from `start` that take at most about `room` bytes."""
        from manyeyes_tools.support import report

        return report.pages(result, start, room)
