"""The tool `code_review`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools import findings_tool
from manyeyes_tools.arguments import ReviewArguments
from manyeyes_tools.findings import ReviewResult

if TYPE_CHECKING:
    from manyeyes.tool import Bench


@dataclass(frozen=True, slots=True)
class CodeReview(findings_tool.FindingsTool[ReviewArguments, ReviewResult]):
    """Reviews code: evidence from engines, judgement from the model the router chooses."""

    name: str = "code_review"
    title: str = "Code review"
    description: str = (
        "Review code for bugs and risks: static analysis plus a model of another vendor. Returns a verdict and "
        "findings with exact lines and patches that apply."
    )
    arguments: type[ReviewArguments] = ReviewArguments
    result: type[ReviewResult] = ReviewResult

    async def run(self, arguments: ReviewArguments, bench: Bench) -> ReviewResult:
        """Review the material.

        Raises:
            BadCall: there is nothing to review, or not as asked.
        """
        from manyeyes_tools.reviewing import review

        return await review(arguments, bench)
