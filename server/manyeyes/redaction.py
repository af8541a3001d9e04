"""Secrets become placeholders before anything leaves the machine.

A `Redactor` belongs to one run.  It remembers which placeholder stands for which value, so that the same secret
gets the same placeholder in every text, also where nothing but its value gives it away.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from manyeyes.secret_spans import PLACEHOLDER, Spot, find, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ROUNDS = 4
_MIN_KNOWN = 6
_QUOTES = ("'", '"', "`")


class Redactor:
    """Masks secrets, keeping lines where they are; the same secret gets the same placeholder.

    A placeholder is written `<secret:KIND:N>`, numbered by kind in the order of first sight.  Values that cannot
    be mistaken for ordinary words are masked wherever they appear again; short and word-like ones only where they
    stand alone within quotes, because `admin` is a password here and a name there.  All methods may be called
    from several threads at once.

    Args:
        enabled: False masks nothing but `known`.
        known: Values that are secret in any case, such as the operator's keys.
    """

    def __init__(self, *, enabled: bool = True, known: Iterable[str] = ()) -> None:
        self._enabled = enabled
        self._lock = threading.Lock()
        self._placeholders: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._foreign: set[str] = set()
        self._anywhere: dict[str, None] = {}
        self._quoted: dict[str, None] = {}
        for value in known:
            if len(value) >= _MIN_KNOWN and len(value.splitlines()) == 1:
                self._learn(value, "operator-key", anywhere=True)

    def mask(self, text: str, path: str = "") -> str:
        """The text with every secret replaced by a placeholder; it has as many lines as before.

        Masking what is masked already changes nothing.  `path` tells the kind of file, where it is one: in
        configuration files a value needs no quotes to be found.
        """
        return self.mask_all([(path, text)])[0]

    def mask_all(self, texts: Sequence[tuple[str, str]]) -> list[str]:
        """Mask several texts, given as path and text: what one of them teaches is masked in all of them."""
        found: list[list[Spot]] = []
        for path, text in texts:
            self._respect(text)
            spots = find(text, path) if self._enabled else []
            for spot in spots:
                self._learn(text[spot.start : spot.end], spot.kind, anywhere=spot.sure)
            found.append(spots)
        return [self._settle(text, spots, path) for (path, text), spots in zip(texts, found, strict=True)]

    def mask_values(self, text: str) -> str:
        """Mask only values known or learned before: cheap enough for every log line and error message."""
        return self._replace(text, [])

    def restore(self, text: str) -> str:
        """Put the secrets back.  For what stays on this machine alone, such as a patch applied to the user's files."""
        return PLACEHOLDER.sub(lambda match: self._values.get(match[0], match[0]), text)

    def _settle(self, text: str, spots: list[Spot], path: str) -> str:
        """Replace, and look again at the lines that changed: what is gone may lay something else open."""
        masked = self._replace(text, spots)
        if not self._enabled:
            return masked
        before: Sequence[str] = text.splitlines(keepends=True)
        for _ in range(_ROUNDS):
            after = masked.splitlines(keepends=True)
            changed = "".join(new for old, new in zip(before, after, strict=True) if old != new)
            more = find(changed, path) if changed else []
            if not more:
                break
            for spot in more:
                self._learn(changed[spot.start : spot.end], spot.kind, anywhere=spot.sure)
            before, masked = after, self._replace(masked, find(masked, path))
        return masked

    def _respect(self, text: str) -> None:
        """Never give out a placeholder that a text already holds as its own words."""
        if "<secret:" in text:
            with self._lock:
                self._foreign.update(set(PLACEHOLDER.findall(text)) - set(self._values))

    def _learn(self, value: str, kind: str, *, anywhere: bool) -> None:
        with self._lock:
            if value not in self._placeholders:
                number = self._counts.get(kind, 0) + 1
                while (placeholder := f"<secret:{kind}:{number}>") in self._foreign:
                    number += 1
                self._counts[kind] = number
                self._placeholders[value] = placeholder
                self._values[placeholder] = value
            if anywhere:
                self._anywhere[value] = None
            elif "-----" not in value:  # the armour of a key is no secret where it stands without one
                self._quoted[value] = None

    def _replace(self, text: str, spots: list[Spot]) -> str:
        spots = [*spots, *self._again(text)]
        if not spots:
            return text
        parts: list[str] = []
        at = 0
        for spot in merge(iter(spots), text):
            value = text[spot.start : spot.end]
            if value not in self._placeholders:
                self._learn(value, spot.kind, anywhere=spot.sure)
            parts += (text[at : spot.start], self._placeholders[value])
            at = spot.end
        return "".join((*parts, text[at:]))

    def _again(self, text: str) -> Iterator[Spot]:
        """Where values learned before appear, outside placeholders."""
        with self._lock:
            anywhere = [value for value in self._anywhere if value in text]
            quoted = [value for value in self._quoted if value not in self._anywhere and value in text]
        expressions = [re.escape(value) for value in sorted(anywhere, key=len, reverse=True)]
        if quoted:
            either = "|".join(re.escape(value) for value in sorted(quoted, key=len, reverse=True))
            expressions += [rf"(?<={quote})(?:{either})(?={quote})" for quote in _QUOTES]
        if not expressions:
            return
        taken = [match.span() for match in PLACEHOLDER.finditer(text)]
        for match in re.finditer("|".join(expressions), text):
            start, end = match.span()
            if not any(first < end and start < last for first, last in taken):
                kind = PLACEHOLDER_KIND.match(self._placeholders[match[0]])
                yield Spot(start, end, kind[1] if kind else "value", sure=match[0] in self._anywhere)


PLACEHOLDER_KIND = re.compile(r"<secret:([a-z0-9-]+):")
