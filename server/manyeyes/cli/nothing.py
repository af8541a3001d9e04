"""The result of a tool that had no change to look at: empty, and it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_origin

from manyeyes.arguments import parse_arguments
from manyeyes.results import Run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.results import Result
    from manyeyes.tool import Arguments, Tool
    from manyeyes.types import Json

_ID = "none"
"""Of a run that was none, so that nobody looks for it."""


def of_nothing(tool: Tool[Arguments, Result], values: Mapping[str, Json], why: str) -> Result:
    """A result in the tool's own shape.

    Its status is `evidence_only`, since no model was heard, and its summary says that nothing was looked at.

    Args:
        tool: Whose it is.
        values: What the tool was asked; what a result repeats of it stands there too.
        why: Why there was nothing to look at; its first sentence is told.
    """
    arguments = parse_arguments(tool, values)
    told: dict[str, object] = {
        "status": "evidence_only",
        "summary": f"Nothing was looked at. {why.partition('. ')[0].rstrip('.')}.",
        "problems": [],
        "run": Run(id=_ID, models=[], route=[], attempts=[], cost_usd=0.0, seconds=0.0),
    }
    for name, field in tool.result.model_fields.items():
        if name not in told and field.is_required():
            kind = get_origin(field.annotation) or field.annotation
            told[name] = getattr(arguments, name) if name in tool.arguments.model_fields else _empty(kind)
    return tool.result.model_validate(told)


def _empty(kind: object) -> object:
    """An empty list, a nought: what a type makes of nothing."""
    return kind() if isinstance(kind, type) else None
