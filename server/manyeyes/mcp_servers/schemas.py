"""What another server says of its tools' arguments, fit to be shown to models: bounded, and without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from manyeyes.types import Json

MOST_CHARS = 8_000
"""The longest schema that is offered, as JSON; a model pays for each."""
READ_CHARS = 200_000
"""A longer one is not even looked at, whatever is left of it when its descriptions are cut."""
WORDS_CHARS = 500
"""What is shown of each description in it."""
_WORDS = frozenset({"description", "title", "$comment"})


class Unfit(Exception):
    """The schema cannot be shown; the message says why, in a few words."""


def fit(schema: Mapping[str, Json], mask: Callable[[str], str]) -> dict[str, Json]:
    """The schema as vendors take it, its descriptions bounded and all of its strings masked.

    Raises:
        Unfit: it is too long even so, or the names in it look like secrets.
    """
    plain = {key: value for key, value in schema.items() if key != "$schema"}  # vendors refuse what is about itself
    if (length := len(json.dumps(plain, ensure_ascii=False))) > READ_CHARS:
        raise Unfit(f"what it says of its arguments takes {length:,} characters")
    shown = cast("dict[str, Json]", _masked({"type": "object", "properties": {}, **plain}, mask))
    text = json.dumps(shown, ensure_ascii=False)
    if len(text) > MOST_CHARS:
        raise Unfit(f"what it says of its arguments takes {len(text):,} characters, more than {MOST_CHARS:,}")
    try:  # once more as a whole: some values are secrets by what they stand next to
        told = json.loads(mask(text))
    except ValueError:
        raise Unfit("what it says of its arguments holds secrets") from None
    if _names(told) != _names(shown):
        raise Unfit("the names of its arguments look like secrets")
    return cast("dict[str, Json]", told)


def words(text: str, mask: Callable[[str], str], most: int) -> str:
    """A description in one line, masked before it is cut: half a secret would not be known as one."""
    line = " ".join(mask(text[:READ_CHARS]).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _masked(value: Json, mask: Callable[[str], str], key: str = "") -> Json:
    if isinstance(value, str):
        return words(value, mask, WORDS_CHARS) if key in _WORDS else mask(value)
    if isinstance(value, dict):
        return {name: _masked(inner, mask, name) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner, mask) for inner in value]
    return value


def _names(value: Json) -> Json:
    """The shape of it: names without what they stand for."""
    if isinstance(value, dict):
        return {name: _names(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_names(inner) for inner in value]
    return None
