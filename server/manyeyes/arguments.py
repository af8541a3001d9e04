"""Checks a tool's arguments and says in plain words what is wrong with them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import ValidationError

from manyeyes.errors import BadCall
from manyeyes.settings import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from manyeyes.results import Result
    from manyeyes.tool import Arguments, Tool
    from manyeyes.types import Json


def parse_arguments(tool: Tool[Arguments, Result], values: Mapping[str, Json]) -> Arguments:
    """The arguments as the tool's own type.

    Raises:
        BadCall: one is unknown, missing or of the wrong type; two lines, and no value is repeated in them.
    """
    try:
        return tool.arguments.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
    known = list(tool.arguments.model_fields)
    said = list(dict.fromkeys(_describe(fault, known) for fault in faults if fault["type"] != "none_required"))
    shown = "; ".join(said[:3])
    more = f" (and {len(said) - 3} more)" if len(said) > 3 else ""  # noqa: PLR2004
    end = "" if f"{shown}{more}".endswith("?") else "."
    raise BadCall(f"{tool.name} cannot be called like this: {shown}{more}{end}\nIt takes: {', '.join(known)}.")


def _describe(fault: ErrorDetails, known: list[str]) -> str:
    # Past the field's name pydantic gives the branch of a union or the item's number, which say nothing to a caller.
    name = _short(str(fault["loc"][0])) if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        close = get_close_matches(name, known, n=1)
        return f"there is no argument `{name}`" + (f", did you mean `{close[0]}`?" if close else "")
    said = in_words(fault)
    if fault["type"] in {"value_error", "assertion_error"}:
        return f"`{name}`: {said.removeprefix('is not usable: ')}" if name else said
    if fault["type"] in {"tuple_type", "list_type"}:
        said = "must be a list of strings"
    if any(isinstance(part, int) for part in fault["loc"][1:]):
        return f"each item of `{name}` {_should(said)}"
    return f"`{name}` {_should(said)}"


def _should(said: str) -> str:
    return f"should {said.removeprefix('must ')}" if said.startswith("must ") else said


def _short(text: str) -> str:
    """A name from outside, made safe to show: printable and short."""
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004
