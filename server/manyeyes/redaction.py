"""Secrets become placeholders before anything leaves the machine.

A `Redactor` belongs to one run.  It remembers which placeholder stands for which value, so that the same secret
gets the same placeholder in every text, also where nothing but its value gives it away.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from manyeyes.recurrences import Recurrences
from manyeyes.secret_spans import PLACEHOLDER, Spot, find, merge, outside_placeholders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ROUNDS = 4
_ROUNDS_BY_LINE = 40
_MIN_KNOWN = 6
_MIN_QUOTED = 4
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
        self._recurrences: Recurrences | None = None
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
        """Replace, and look again until nothing changes: what is gone may lay something else open."""
        masked = self._replace(text, spots)
        if not self._enabled or masked == text:
            return masked
        for number in range(_ROUNDS + _ROUNDS_BY_LINE):
            more = find(masked, path)
            after = self._replace(masked, more if number < _ROUNDS else list(_whole_lines(masked, more)))
            if after == masked:
                break
            masked = after
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
                learned = self._anywhere
            elif "-----" not in value and len(value) >= _MIN_QUOTED:
                learned = self._quoted
            else:
                return  # the armour of a key, or the few characters of its last line, are no secret by themselves
            if value not in learned:
                learned[value] = None
                self._recurrences = None

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
            if self._recurrences is None:
                self._recurrences = Recurrences(
                    [*self._anywhere, *(f"{quote}{value}{quote}" for value in self._quoted for quote in _QUOTES)]
                )
            recurrences = self._recurrences
        yield from outside_placeholders((self._seen(at, string) for at, string in recurrences.find(text)), text)

    def _seen(self, at: int, string: str) -> Spot:
        if string in self._anywhere:
            return Spot(at, at + len(string), self._kind(string))
        return Spot(at + 1, at + len(string) - 1, self._kind(string[1:-1]), sure=False)

    def _kind(self, value: str) -> str:
        return self._placeholders[value].split(":")[1]


def _whole_lines(text: str, spots: Iterable[Spot]) -> Iterator[Spot]:
    """For each spot all of its line but the placeholders: the end of a search that finds ever more."""
    done = 0
    for spot in spots:
        if spot.start >= done:
            at = text.rfind("\n", 0, spot.start) + 1
            stop = text.find("\n", spot.end)
            done = stop if stop != -1 else len(text)
            for placeholder in PLACEHOLDER.finditer(text, at, done):
                yield Spot(at, placeholder.start(), spot.kind, sure=False)
                at = placeholder.end()
            yield Spot(at, done, spot.kind, sure=False)
