"""How Composer orders versions: not as semantic versions, for `2.4.4-p2` mends 2.4.4 and comes after it."""

from __future__ import annotations

import re

_VERSION = re.compile(
    r"v?(?P<numbers>\d{1,20}(?:\.\d{1,20})*)"
    r"(?:[._-]?(?P<word>stable|alpha|a|beta|b|rc|patch|pl|p)(?P<count>(?:[.-]?\d{1,20})*))?"
    r"(?P<dev>[._-]?dev)?(?:\+[0-9A-Za-z.-]*)?",
    re.IGNORECASE,
)
_RANKS = {"alpha": -3, "a": -3, "beta": -2, "b": -2, "rc": -1, "stable": 0, "": 0, "patch": 1, "pl": 1, "p": 1}
_DEV = -4
_LONGEST = 200


def composer_key(version: str) -> tuple[tuple[int, ...], int, tuple[int, ...], bool]:
    """What sorts as Composer sorts the version.

    Branches such as `dev-main` and `7.4.x-dev` have no place among versions.

    Raises:
        ValueError: it is no version of Composer's.
    """
    match = _VERSION.fullmatch(version.strip()) if len(version) <= _LONGEST else None
    if match is None:
        raise ValueError(version[:80])
    numbers = [int(number) for number in match["numbers"].split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    word, dev = (match["word"] or "").lower(), bool(match["dev"])
    rank = _DEV if dev and not word else _RANKS[word]
    return tuple(numbers), rank, tuple(map(int, re.findall(r"\d+", match["count"] or ""))), not dev
