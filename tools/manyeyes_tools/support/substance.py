"""Whether a reply says anything: small models repeat themselves, the customer, or what they were told to answer."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_MARKS = re.compile(
    r"</?\s*(?:passages|reply|replies|citations|confidence)\b|\bthe customer's message\b", re.IGNORECASE
)
"""Words of the question that no reply to a customer holds."""
_RUN = 3
"""So many words in a row are compared with others."""
_LEAST = 12
"""A reply of fewer words is too short to be told by what recurs in it."""
_FRESH = 0.5
"""The part of the runs in a reply that must differ from each other."""


def emptiness(reply: str, message: str) -> str:
    """Why a reply says nothing to the customer, in a few words; empty when it may say something.

    Args:
        reply: What a model would send.
        message: What the customer wrote.
    """
    if _MARKS.search(reply):
        return "it repeats what it was asked"
    words = _WORD.findall(reply.casefold())
    runs = [tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)]
    if len(words) >= _LEAST and len(set(runs)) < _FRESH * len(runs):
        return "it says the same over and over"
    asked = _WORD.findall(message.casefold())
    if len(words) > _RUN and set(words) <= set(asked):
        return "it repeats the customer's words"
    return ""
