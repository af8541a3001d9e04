"""Whether a file is still right in its language after a change."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from manyeyes_tools.fragments import parses_alone

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = 8
"""Files whose faults are remembered: several patches of one review are made against the same text."""


class Unsound(Exception):  # named after what it means
    """A change would leave a file wrong; the text says how."""


def check_whole(before: str, after: str, language: str) -> None:
    """See that a changed file parses, or that it is no worse than it was where it did not parse before.

    A language without a grammar is not judged.  Blocking: to be called in a worker thread.

    Raises:
        Unsound: it does not parse any more, or worse than before.
    """
    faults = _faults(after, language)
    if not faults:
        return
    place, fault = next(iter(faults))
    if not _faults(before, language):
        kind = "compile" if language == "python" and _parses_as_python(after) else "parse"
        raise Unsound(
            f"the file would no longer {kind} ({fault}: `{place}`)"
            if place
            else f"the file would no longer {kind} ({fault})"
        )
    if language == "python":  # its parser tells only the first fault, so that another one would not be seen
        raise Unsound("the file does not parse, before or after")
    if faults - _faults(before, language):
        raise Unsound("the file did not parse before, and would be worse")


def check_part(before: Sequence[str], after: Sequence[str], language: str) -> None:
    """The same for a part of a file, all that is known of it.

    Raises:
        Unsound: it cannot be read by itself afterwards, or is worse than before.
    """
    if language == "python":
        if not parses_alone("".join(after).split("\n")):
            raise Unsound("the part of the file that is known does not parse by itself afterwards")
    elif _faults("".join(after), language) - _faults("".join(before), language):
        raise Unsound("the part of the file that is known would no longer parse")


@lru_cache(maxsize=_KEPT)
def _faults(text: str, language: str) -> Counter[tuple[str, str]]:
    """Where a text leaves the grammar, by the words there, so that faults are known again after lines moved."""
    from manyeyes_tools.syntax.parsing import errors  # the grammars are loaded when the first patch is checked

    lines = text.split("\n")
    return Counter(
        (" ".join(lines[min(one.line, len(lines)) - 1].split())[:60], one.message) for one in errors(text, language)
    )


def _parses_as_python(text: str) -> bool:
    from manyeyes_tools.fragments import Unparsable, parse

    try:
        parse(text)
    except Unparsable:
        return False
    return True
