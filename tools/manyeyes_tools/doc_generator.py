"""The tool `doc_generator`: reference documentation of code, as Markdown, OpenAPI or an HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.arguments import DocArguments
from manyeyes_tools.documents.result import DocResult

if TYPE_CHECKING:
    from manyeyes.tool import Bench


class DocGenerator:
    """Writes documentation: what the source says by engines, what it means by a model, checked against the source."""

    __slots__ = ()

    name = "doc_generator"
    title = "Documentation"
    description = (
        "Write documentation of source code: a reference as Markdown or HTML, or OpenAPI 3.1 of its routes; or hold a "
        "document against the code. Changes no file."
    )
    toolset = "default"
    open_world = True
    read_only = True
    arguments = DocArguments
    result = DocResult
    exports = ("terminal", "document")

    async def run(self, arguments: DocArguments, bench: Bench) -> DocResult:
        """Document what the arguments name.

        Raises:
            BadCall: there is nothing to read, or it cannot be read as asked.
        """
        from manyeyes_tools.documenting import document
        from manyeyes_tools.findings_tool import require_files
        from manyeyes_tools.sources import gather

        material = await gather(arguments, bench)
        require_files(material)
        return await document(material, arguments, bench)

    def report(self, result: DocResult) -> str:
        """The result as Markdown: what it is, what is missing, then the document."""
        from manyeyes_tools.documents import report

        return report.report(result)

    def export(self, result: DocResult, form: str) -> str:
        """The result for a `terminal`, or the `document` alone as it would stand in a file."""
        if form == "document":
            return result.document
        from manyeyes_tools.documents import terminal
        from manyeyes_tools.reports.terminal import columns

        return terminal.report(result, width=columns())

    def pages(self, result: DocResult, start: int, room: int) -> tuple[DocResult, int, int]:
        """The characters of the document from `start` that take at most about `room` bytes, cut where a line ends."""
        from manyeyes_tools.documents import report

        return report.pages(result, start, room)
