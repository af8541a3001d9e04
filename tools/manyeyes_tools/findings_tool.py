"""What the tools that return findings have in common as MCP tools: reports, exports, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from manyeyes import __version__
from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools.findings import ReviewResult, ScanResult

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from manyeyes.fixes import Fixes
    from manyeyes.tool import Arguments, Bench
    from manyeyes_tools.material import Material

ArgumentsT = TypeVar("ArgumentsT", bound="Arguments")
ResultT = TypeVar("ResultT", ReviewResult, ScanResult)


class FindingsTool(Generic[ArgumentsT, ResultT]):
    """The members of `manyeyes.tool.Tool` that do not depend on how the findings came about."""

    __slots__ = ()

    toolset = "default"
    open_world = True
    read_only = True
    exports = ("terminal", "sarif", "markdown", "html", "pull_request")

    def report(self, result: ResultT) -> str:
        """The result as Markdown, complete in itself."""
        from manyeyes_tools.reports import markdown

        return markdown.report(result)

    def export(self, result: ResultT, form: str) -> str:
        """The result as `terminal`, `sarif`, `markdown`, `html`, or `pull_request`: Markdown for a comment."""
        from manyeyes_tools.reports import html, markdown, pull_request, sarif, terminal

        if form == "html":
            return html.report(result)
        if form == "pull_request":
            return pull_request.report(result)
        if form == "sarif":
            return sarif.report(result, tool_version=__version__)
        if form == "terminal":
            return terminal.report(result, colour=True, width=terminal.columns())
        return markdown.report(result)

    def fixes(self, result: ResultT, roots: Sequence[Path], since: float) -> Fixes:
        """The patches of a result, for `review --apply`; see `manyeyes.fixes.Fixing`."""
        from manyeyes_tools import applying

        return applying.plan(result.findings, roots, since)

    def pages(self, result: ResultT, start: int, room: int) -> tuple[ResultT, int, int]:
        """The findings from `start` that fit into about `room` bytes."""
        from manyeyes_tools.reports import paging

        return paging.pages(result, start, room)


def require_files(material: Material) -> None:
    """See that there is something to look at.

    Raises:
        BadCall: nothing of what was given could be read; it says why.
    """
    if material.files or material.sealed:
        return
    why = [*(f"{one.path}: {one.reason}" for one in material.skipped[:3]), *material.notes[:3]]
    raise BadCall(f"There is nothing to look at in what was given. {'; '.join(why)}".strip())


def limit(material: Material, bench: Bench) -> int:
    """How many findings to show: the operator's limit, or the project's where that is lower."""
    limits = bench.settings.limits
    return (material.project.lowered(limits) if material.project else limits).findings


async def masked(text: str, bench: Bench) -> str:
    """A caller's or project's own words with secrets masked: they go to the models too."""
    return await compute(bench.redactor.mask, text) if text else ""
