"""What `code_pipeline` returns.  A wire type: its field names are the contract."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from manyeyes.results import Result, Run
from manyeyes_tools.documents.result import DocResult
from manyeyes_tools.findings import ReviewResult, ScanResult

Mode = Literal["sequential", "parallel"]

# The schemas of the parts are those of the tools that make them; said twice they would double what clients must read.
_Review = Annotated[ReviewResult | None, WithJsonSchema({"type": ["object", "null"]})]
_Scan = Annotated[ScanResult | None, WithJsonSchema({"type": ["object", "null"]})]
_Document = Annotated[DocResult | None, WithJsonSchema({"type": ["object", "null"]})]


class PipelineResult(Result):
    """The results of the steps, each as its own tool returns it; null for a step that could not be done.

    `merged` are all findings of all steps by id, one line each, the worst first.
    """

    run: Annotated[Run, WithJsonSchema({"type": "object"})]
    mode: Mode
    review: _Review = None
    security: _Scan = None
    documentation: _Document = None
    best_practices: _Review = None
    merged: list[str] = Field(default_factory=list)
