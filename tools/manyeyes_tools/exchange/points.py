"""What is exchanged: points that somebody holds, and what others think of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stand(StrEnum):
    """How somebody stands to a point.  Only who holds a point can withdraw it."""

    CONFIRM = "confirm"
    DISPUTE = "dispute"
    WITHDRAW = "withdraw"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Something that is claimed.

    Attributes:
        id: Its name; no two points of one exchange have the same.
        text: What is claimed and why, in a few sentences.
        where: The place it speaks of, for people and models; empty when it is none.
        quote: The evidence, word for word.
        holders: Who claims it, each by itself, by name.
        confidence: How sure they are together, 0 to 1.
    """

    id: str
    text: str
    where: str = ""
    quote: str = ""
    holders: frozenset[str]
    confidence: float


@dataclass(frozen=True, slots=True)
class Trial:
    """A point whose truth is known beforehand: how somebody judges it tells what their judgement is worth."""

    point: Point
    true: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody thinks of a point.  `quote` is the evidence for it, `reason` a sentence or two."""

    point: str
    stand: Stand
    reason: str = ""
    quote: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a participant is given to judge.

    Attributes:
        round: 1 for the first.
        points: In an order of this participant's own, trials among them; nothing tells who else holds one.
        own: The ids of those that this participant holds.
        against: What was said against a point in earlier rounds, without names, by id.
    """

    round: int
    points: tuple[Point, ...]
    own: frozenset[str]
    against: dict[str, tuple[str, ...]]


class Participant(Protocol):
    """Somebody who takes part."""

    @property
    def name(self) -> str:
        """As in `Point.holders`; a model's reference."""
        ...

    async def weigh(self, sheet: Sheet) -> Sequence[Opinion]:
        """Judge the points of the sheet; those left out count as unsure.

        Raises:
            NoAnswer: it cannot be heard any more.
        """
        ...
