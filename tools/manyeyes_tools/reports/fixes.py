"""A unified diff of one file as the replacements that SARIF and editors want."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Replacement:
    """Whole lines to replace: from the start of line `first` up to the start of line `after`, by `text`."""

    first: int
    after: int
    text: str


def replacements(patch: str) -> tuple[Replacement, ...]:
    """The changes of a patch, in order; none when it is not plain changes to the lines of one file."""
    changes: list[Replacement] = []
    lines = iter(patch.split("\n"))
    for text in lines:
        hunk = _HUNK.match(text)
        if hunk is None:
            if changes and text.startswith(("--- ", "diff ", "\\")):
                return ()  # a second file, or a last line without an end: more than plain replacements
            continue
        old, new = (int(count or "1") for count in hunk.group(2, 3))
        # A hunk that takes no old line stands after the line it names.
        line = int(hunk[1]) + (1 if old == 0 else 0)
        first, added = line, list[str]()
        while old > 0 or new > 0:
            inner = next(lines, None)
            if inner is None or inner.startswith("\\"):
                return ()
            if inner.startswith("+"):
                added.append(inner[1:])
                new -= 1
            elif inner.startswith("-"):
                line, old = line + 1, old - 1
            else:
                _close(changes, first, line, added)
                line, old, new = line + 1, old - 1, new - 1
                first, added = line, []
        _close(changes, first, line, added)
    return tuple(changes)


def _close(changes: list[Replacement], first: int, after: int, added: list[str]) -> None:
    if added or after > first:
        changes.append(Replacement(first, after, "".join(f"{text}\n" for text in added)))
