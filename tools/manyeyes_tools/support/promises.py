"""What an operator never promises, looked for in a reply by plain words.

A second model judges better; this is what is left without one, and stands beside it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"[\w%]+")
_DENIED = re.compile(r"\b(?:not|never|cannot|no|unable|nor|without)\b|n['\u2019]t\b", re.IGNORECASE)
_EMPTY_WORDS = """
a an and any are as at be before by for from give in is it of on or our promise say tell that the their them they
this to we will with you your
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_STEM = 5
_SHARE = 0.75


def broken(reply: str, rules: Sequence[str]) -> tuple[str, ...]:
    """The rules that a reply seems to break: most of a rule's words in one sentence that does not say no."""
    sentences = [(set(_stems(one)), one) for one in _SENTENCE.split(reply)]
    found: list[str] = []
    for rule in rules:
        wanted = set(_stems(rule))
        if wanted and any(
            len(wanted & said) >= _SHARE * len(wanted) and not _DENIED.search(sentence) for said, sentence in sentences
        ):
            found.append(rule)
    return tuple(found)


def _stems(text: str) -> list[str]:
    return [word[:_STEM] for word in _WORD.findall(text.lower()) if word not in _EMPTY]
