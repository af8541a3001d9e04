"""The features of a message: n-grams of its words and of the characters within them, as hashes."""

from __future__ import annotations

import re
from zlib import crc32

WORDS = range(1, 3)
"""Lengths of the n-grams of words."""
CHARACTERS = range(2, 6)
"""Lengths of the n-grams of characters, within a word and the spaces around it."""
READ_CHARS = 2_000
"""No more of a message is looked at: what it is about stands at its beginning, and the time is bounded."""

_WORD = re.compile(r"\w+")


def word_grams(text: str) -> dict[int, int]:
    """How often each n-gram of words occurs, by hash.  Case does not count."""
    words = _WORD.findall(text[:READ_CHARS].lower())
    counts: dict[int, int] = {}
    for size in WORDS:
        for start in range(len(words) - size + 1):
            gram = crc32(" ".join(words[start : start + size]).encode("utf-8", "surrogatepass"))
            counts[gram] = counts.get(gram, 0) + 1
    return counts


def character_grams(text: str) -> dict[int, int]:
    """How often each n-gram of characters within a word occurs, by hash; other hashes than those of words."""
    counts: dict[str, int] = {}
    for word in text[:READ_CHARS].lower().split():
        padded = f" {word} "
        length = len(padded)
        for size in CHARACTERS:
            for start in range(max(length - size, 0) + 1):
                gram = padded[start : start + size]
                counts[gram] = counts.get(gram, 0) + 1
            if length <= size:
                break  # a short word is one n-gram, whatever the size
    hashed: dict[int, int] = {}
    for gram, count in counts.items():
        number = crc32(gram.encode("utf-8", "surrogatepass"), 1)
        hashed[number] = hashed.get(number, 0) + count
    return hashed
