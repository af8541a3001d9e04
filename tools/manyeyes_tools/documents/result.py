"""What `doc_generator` returns.  A wire type: its field names are the contract."""

from __future__ import annotations

from pydantic import Field

from manyeyes.results import Result
from manyeyes_tools.arguments import Format
from manyeyes_tools.documents.coverage import Coverage
from manyeyes_tools.documents.disagreement import Disagreement


class DocResult(Result):
    """What `doc_generator` returns.

    `valid` says whether the document passed its format's check; it is null for markdown, which has none.
    `notes` tells what was taken out of a model's text because the source does not bear it
    out, and what was left alone on purpose.  `disagreements` is null unless `check` was asked for.
    """

    format: Format
    document: str
    coverage: Coverage
    valid: bool | None
    notes: list[str] = Field(default_factory=list)
    disagreements: list[Disagreement] | None = None
