"""Which of a value's origins matter to a condition."""

from __future__ import annotations

import re

from manyeyes_tools.evidence.taint.values import Value

OUTSIDE = frozenset({"request", "upload", "cli", "content", "remote"})
REQUESTED = frozenset({"request", "upload", "content", "param"})


def outside(value: Value, kinds: frozenset[str] = OUTSIDE) -> Value | None:
    """The value with those of its origins that are of these kinds; None when there are none."""
    atoms = {origin: atom for origin, atom in value.atoms.items() if origin.kind in kinds or origin.kind == "param"}
    return Value(atoms, value.kind, value.const, value.prefix, value.text, value.built, value.fields) if atoms else None


DATABASE = re.compile(
    r"cur(?:sor)?\d?$|conn|(?:^|_|\.)db|session|engine|database|(?:^|_|\.)(?:c|con|tx|sql|orm|crsr)$|pool|trans|objects|manager|query|client|store$|repo|bind|postgres|sqlite|mysql|duck|dbh|transaction",
    re.IGNORECASE,
)
