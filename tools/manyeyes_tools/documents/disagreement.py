"""What is told of a place where documentation and code disagree."""

from __future__ import annotations

from manyeyes.results import Wire


class Disagreement(Wire):
    """A place where documentation and code disagree: what is said there, and what the code has."""

    path: str
    line: int
    said: str
    instead: str
