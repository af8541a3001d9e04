"""What is wrong with a setting, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes.settings.environment import PREFIX

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


def explain(error: ValidationError, path: Path) -> str:
    """The first fault in one line.  Values are not repeated: one of them may be a key."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part) for part in fault["loc"]) or "settings"
    variable = PREFIX + key.replace(".", "_").upper()
    if fault["type"] == "extra_forbidden":
        return f"There is no setting `{key}` ({variable}, or in {path}). See docs/settings.md for those there are."
    said = in_words(fault)
    if not fault["loc"]:
        return f"{said[:1].upper()}{said[1:]} (in the environment, or in {path})."
    return f"Setting `{key}` ({variable}, or in {path}) {said}."


def in_words(fault: ErrorDetails) -> str:
    """What is wrong with a value, said of it in plain words: `must be greater than 0`."""
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if fault["type"] == "missing":
        return "is missing"
    if fault["type"] in {"tuple_type", "list_type"}:
        return "must be a list"
    if fault["type"] in {"dict_type", "mapping_type", "model_type", "model_attributes_type"}:
        return "must be a section with keys of its own"
    # What the library tried with the text interests nobody who wrote it.
    message = message.partition(", unable to parse")[0].partition(", unable to interpret")[0]
    for said, meant in (("a valid boolean", "true or false"), ("a valid integer", "a whole number")):
        message = message.replace(said, meant)
    for said, meant in (("Input should be ", "must be "), ("String should ", "must "), ("Value should ", "must ")):
        if message.startswith(said):
            return meant + message.removeprefix(said)
    return message if message.startswith("must ") or not fault["loc"] else f"is not usable: {message}"
