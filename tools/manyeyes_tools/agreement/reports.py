"""What one observer reported at one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["high", "medium", "low"]
"""How bad the observer holds it to be, as coarse as models agree on: critical counts as high."""


@dataclass(frozen=True, slots=True, order=True)
class Report:
    """A weakness as one observer, a model or an engine, states it.

    `line` counts from 1; `cwe` is written `CWE-89`.
    """

    observer: str
    path: str
    line: int
    cwe: str
    level: Level = "medium"
