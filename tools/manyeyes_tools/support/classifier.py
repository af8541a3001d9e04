"""What a message is about: a linear classifier over hashed n-grams, and how sure it is.

It is made of numbers alone: no text that it was trained on can be read back.  Weights are bytes.  All classes are
summed at once, as the lanes of one large integer, so that a message takes a fraction of a millisecond without a
library for numbers.
"""

from __future__ import annotations

import json
import sys
import zlib
from array import array
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import TYPE_CHECKING

from manyeyes_tools.support.grams import character_grams, word_grams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAGIC = b"manyeyes-intents-1\n"
_LANE = 4
"""Bytes for one class in the sum: 255 times the largest value times the n-grams of a message stays far below."""
_VALUES = 4095
"""Values between nothing and one are counted in so many steps."""
_MIDDLE = 128
"""What stands for a weight of nothing; weights are kept without a sign."""
_LONGEST = 200_000_000


class UnusableClassifier(ValueError):
    """A file that is no classifier of this version."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Turns what was measured of an answer into a probability: a logistic curve over three figures.

    The figures are the best class's score, how far it is ahead of the second, and the share of words never seen.
    """

    top: float
    lead: float
    unseen: float
    bias: float

    def probability(self, figures: tuple[float, float, float]) -> float:
        """Between 0 and 1."""
        top, lead, unseen = figures
        log_odds = self.top * top + self.lead * lead + self.unseen * unseen + self.bias
        return 1 / (1 + exp(-max(-60.0, min(60.0, log_odds))))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a message is about.

    Attributes:
        intent: The likeliest.
        confidence: The probability that it is right, provided the message is about any of the intents.
        known: The probability that the message is about any of them.
        sure: Whether both are high enough to act upon without asking anybody.
        ranking: The three likeliest, the best first.
    """

    intent: str
    confidence: float
    known: float
    sure: bool
    ranking: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """The learned numbers.

    Attributes:
        intents: The names, in the order of the weights.
        rows: Where the weights of an n-gram stand, by its hash.
        rarity: How rare each n-gram is: its inverse document frequency.
        weights: One byte for each n-gram and intent, `_MIDDLE` for nothing.
        step: What one step of a weight is worth.
        biases: One for each intent.
        right: How a measured answer becomes the probability that it is right.
        inside: And the probability that the message is about any of the intents; None when nothing else was known.
        sure_at: From which confidence on an answer is acted upon.
        known_at: From which probability on a message counts as being about one of the intents.
        measured: What was found in training, for people.
    """

    intents: tuple[str, ...]
    rows: Mapping[int, int]
    rarity: array[float]
    weights: bytes
    step: float
    biases: tuple[float, ...]
    right: Scale
    inside: Scale | None
    sure_at: float
    known_at: float
    measured: Mapping[str, float]

    def classify(self, text: str) -> Verdict:
        """What a message is about, and how sure that is."""
        scores, unseen = self.scores(text)
        order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        best = scores[order[0]]
        figures = (best, best - scores[order[1]], unseen)
        confidence = self.right.probability(figures)
        known = 1.0 if self.inside is None else self.inside.probability(figures)
        return Verdict(
            intent=self.intents[order[0]],
            confidence=confidence,
            known=known,
            # Of a message without one word that was ever seen nothing is known, whatever the figures say.
            sure=confidence >= self.sure_at and known >= self.known_at and unseen < 1.0,
            ranking=tuple(self.intents[index] for index in order[:3]),
        )

    def scores(self, text: str) -> tuple[list[float], float]:
        """One score for each intent, and the share of the words that were never seen."""
        total = values = 0
        words = word_grams(text)
        lanes = bytearray(_LANE * len(self.intents))
        width = len(self.intents)
        for counts in (words, character_grams(text)):
            found = [(row, count) for gram, count in counts.items() if (row := self.rows.get(gram)) is not None]
            raw = [(row, (1 + log(count)) * self.rarity[row]) for row, count in found]
            length = sqrt(sum(value * value for _, value in raw)) or 1.0
            for row, value in raw:
                steps = round(_VALUES * value / length)
                lanes[::_LANE] = self.weights[row * width : (row + 1) * width]
                total += steps * int.from_bytes(lanes, "little")
                values += steps
        sums = memoryview(total.to_bytes(_LANE * width, "little")).cast("B")
        middle = _MIDDLE * values
        scores = [
            (int.from_bytes(sums[_LANE * at : _LANE * (at + 1)], "little") - middle) * self.step / _VALUES + bias
            for at, bias in enumerate(self.biases)
        ]
        seen = sum(count for gram, count in words.items() if gram in self.rows)
        return scores, 1 - seen / (sum(words.values()) or 1) if words else 1.0

    def pack(self) -> bytes:
        """The classifier as a file holds it."""
        header = {
            "intents": self.intents,
            "step": self.step,
            "biases": self.biases,
            "right": _plain(self.right),
            "inside": None if self.inside is None else _plain(self.inside),
            "sure_at": self.sure_at,
            "known_at": self.known_at,
            "measured": dict(self.measured),
        }
        hashes = array("I", self.rows)
        head = json.dumps(header).encode()
        body = b"".join((len(head).to_bytes(4, "little"), head, len(hashes).to_bytes(4, "little")))
        # Weights by intent, not by n-gram: of one intent most are nothing.
        width = len(self.intents)
        columns = b"".join(self.weights[at::width] for at in range(width))
        return _MAGIC + zlib.compress(body + _bytes(hashes) + _bytes(self.rarity) + columns, 9)

    @classmethod
    def unpack(cls, data: bytes) -> Classifier:
        """The classifier that a file holds.

        Raises:
            UnusableClassifier: it holds none of this version, or not all of it.
        """
        if not data.startswith(_MAGIC):
            raise UnusableClassifier("it is no classifier of this version; train it anew")
        try:
            body = memoryview(_inflated(data[len(_MAGIC) :]))
            size = int.from_bytes(body[:4], "little")
            header = json.loads(bytes(body[4 : 4 + size]))
            body = body[4 + size :]
            count, body = int.from_bytes(body[:4], "little"), body[4:]
            hashes = _numbers("I", body[: 4 * count])
            columns = body[8 * count :]
            made = cls(
                intents=tuple(header["intents"]),
                rows={int(gram): row for row, gram in enumerate(hashes)},
                rarity=_numbers("f", body[4 * count : 8 * count]),
                weights=_rows(columns, count, len(header["intents"])),
                step=float(header["step"]),
                biases=tuple(header["biases"]),
                right=Scale(*header["right"]),
                inside=None if header["inside"] is None else Scale(*header["inside"]),
                sure_at=float(header["sure_at"]),
                known_at=float(header["known_at"]),
                measured=header["measured"],
            )
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise UnusableClassifier(f"it is damaged ({error}); train it anew") from None
        if len(made.intents) < 2 or len(made.biases) != len(made.intents):  # noqa: PLR2004  # one is no choice
            raise UnusableClassifier("it is damaged (it names too few intents); train it anew")
        return made


def _plain(scale: Scale) -> Sequence[float]:
    return (scale.top, scale.lead, scale.unseen, scale.bias)


def _inflated(data: bytes) -> bytes:
    """What was compressed, as long as it is of a size that a classifier may have."""
    inflater = zlib.decompressobj()
    body = inflater.decompress(data, _LONGEST)
    if not inflater.eof:
        raise ValueError("it ends too early, or is too large")
    return body


def _rows(columns: memoryview, count: int, width: int) -> bytes:
    if len(columns) != count * width:
        raise ValueError("weights are missing")
    rows = bytearray(count * width)
    for at in range(width):
        rows[at::width] = columns[at * count : (at + 1) * count]
    return bytes(rows)


def _bytes(numbers: array[float] | array[int]) -> bytes:
    """The numbers as a file holds them: the lowest byte first."""
    copy = numbers[:]
    if sys.byteorder == "big":
        copy.byteswap()
    return copy.tobytes()


def _numbers(code: str, data: memoryview) -> array[float]:
    numbers: array[float] = array(code)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
