"""How much a stronger model would gain on a text, learned from how weaker and stronger ones did on others.

A linear model over hashed character n-grams within words, weighted by how rare they are, corrected a little after
each example.  What is kept are numbers by hash: no text can be read back from them.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from math import log, sqrt
from zlib import crc32

BUCKETS = 1 << 15
"""Weights; n-grams that fall on the same one share it."""
GRAMS = range(2, 6)
"""Lengths of the n-grams, in characters."""
RATE = 0.5
"""Share of the error that one example corrects, as each text has length one."""
READ_CHARS = 20_000
"""No more of a text is looked at."""


def _numbers(code: str, size: int) -> array[float]:
    return array(code, bytes(array(code).itemsize * size))


@dataclass(slots=True)
class Benefit:
    """The learned numbers.

    Attributes:
        weights: One for each bucket.
        seen: In how many texts each bucket occurred.
        texts: How many texts were seen.
        mean: Mean gain over all of them.
    """

    weights: array[float] = field(default_factory=lambda: _numbers("f", BUCKETS))
    seen: array[float] = field(default_factory=lambda: _numbers("f", BUCKETS))
    texts: int = 0
    mean: float = 0.0

    def expect(self, text: str) -> float:
        """The expected gain, in the units of what was learned; the mean for a text like none before."""
        return self._sum(self._features(text))

    def learn(self, text: str, gain: float) -> None:
        """Take in how much better the stronger model did on a text; negative where it did worse."""
        self.texts += 1
        self.mean += (gain - self.mean) / self.texts
        for bucket in _grams(text):
            self.seen[bucket] += 1
        features = self._features(text)
        step = RATE * (gain - self._sum(features))
        for bucket, value in features.items():
            self.weights[bucket] += step * value

    def _sum(self, features: dict[int, float]) -> float:
        return self.mean + sum(self.weights[bucket] * value for bucket, value in features.items())

    def _features(self, text: str) -> dict[int, float]:
        values = {
            bucket: count * (log((1 + self.texts) / (1 + self.seen[bucket])) + 1)
            for bucket, count in _grams(text).items()
        }
        length = sqrt(sum(value * value for value in values.values())) or 1.0
        return {bucket: value / length for bucket, value in values.items()}


def _grams(text: str) -> dict[int, float]:
    """The n-grams of a text by bucket, each counting as one plus the logarithm of how often it occurs."""
    counts: dict[str, int] = {}
    for word in text[:READ_CHARS].lower().split():
        padded = f" {word} "
        for size in GRAMS:
            for start in range(len(padded) - size + 1):
                gram = padded[start : start + size]
                counts[gram] = counts.get(gram, 0) + 1
    buckets: dict[int, float] = {}
    for gram, count in counts.items():
        bucket = crc32(gram.encode("utf-8", "surrogatepass")) % BUCKETS
        buckets[bucket] = buckets.get(bucket, 0.0) + 1 + log(count)
    return buckets
