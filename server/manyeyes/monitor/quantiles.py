"""Quantiles that stay honest for a handful of samples."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Latency:
    """How long things took, in seconds."""

    p50: float
    p95: float
    p99: float


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest sample that at least this share of the samples do not exceed (the nearest rank).

    It is always a time that was measured.  Interpolating, as is usual, would make up values between few samples,
    and show a p99 of ten calls that is below the slowest of them.

    Args:
        ordered: The samples, smallest first; at least one.
        share: Above 0, at most 1.
    """
    # The product of a share such as 0.95 and a count may come out a hair above a whole number.
    return ordered[max(0, ceil(round(share * len(ordered), 9)) - 1)]


def latency(samples: Iterable[float]) -> Latency | None:
    """The three quantiles people look at; None when nothing was measured."""
    ordered = sorted(samples)
    if not ordered:
        return None
    return Latency(quantile(ordered, 0.50), quantile(ordered, 0.95), quantile(ordered, 0.99))
