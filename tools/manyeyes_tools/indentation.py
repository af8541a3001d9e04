"""Lines indented as a model wrote them, turned into the indentation of the file they are for."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_USUAL = 4
_PIECE = re.compile(r"(\S+)(\s*)")
_WIDEST = 8


def depth(line: str) -> str:
    """The spaces and tabs that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def respaced(line: str, here: str, there: str) -> str:
    """A new line with the spacing that the file has between the words that it keeps.

    Args:
        line: The new line, indented as the file is.
        here: The line that it replaces, as it was copied.
        there: The same line in the file.
    """
    copied, real = _PIECE.findall(here.strip()), _PIECE.findall(there.strip())
    if here.strip() == there.strip() or len(copied) != len(real):
        return line
    indent, pieces = depth(line), _PIECE.findall(line.strip())
    words, kept = [word for word, _ in pieces], [word for word, _ in copied]
    was: dict[int, int] = {}  # the numbers of words in the new line, and of those that stood in their places
    for _, first, last, begin, end in SequenceMatcher(None, kept, words, autojunk=False).get_opcodes():
        if last - first == end - begin:
            was.update(zip(range(begin, end), range(first, last), strict=True))
    for at in range(len(pieces) - 1):
        if at in was and was.get(at + 1) == was[at] + 1:
            pieces[at] = (pieces[at][0], real[was[at]][1])
    return indent + "".join(word + space for word, space in pieces)


@dataclass(frozen=True, slots=True)
class Indentation:
    """How indentation here becomes indentation there.

    Attributes:
        known: What lines found in both places are indented by, here and there.
        tabs: Whether the file is indented by tabs.
        unit: One step there, in columns.
        step: One step here, in columns.
    """

    known: dict[str, str]
    tabs: bool
    unit: int
    step: int

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], lines: Sequence[str]) -> Indentation:
        """Learned from pairs of the same line here and there, and from all lines of the file."""
        known: dict[str, str] = {}
        for here, there in pairs:
            known.setdefault(depth(here), depth(there))
        depths = [depth(line) for line in lines if line.strip()]
        tabs = sum(one.startswith("\t") for one in depths) > sum(one.startswith("  ") for one in depths)
        steps = Counter(more for before, after in pairwise(depths) if 1 < (more := len(after) - len(before)) <= _WIDEST)
        unit = steps.most_common(1)[0][0] if steps and not tabs else _USUAL
        ours = sorted({len(one.expandtabs(_USUAL)) for one in known})
        gaps = [wide - narrow for narrow, wide in pairwise(ours) if wide - narrow > 1]
        step = min(gaps, default=unit)
        return cls(known or {"": ""}, tabs, unit, step)

    def there(self, line: str) -> str:
        """The line as the file would have it; an empty one has no indentation."""
        here = depth(line)
        rest = line[len(here) :]
        if not rest:
            return ""
        key = max((one for one in self.known if here.startswith(one)), key=len, default=None)
        if key is not None:
            return self.known[key] + self._more(here, here[len(key) :]) + rest
        nearest = min(self.known, key=lambda one: len(one.expandtabs(_USUAL)))
        less = len(nearest.expandtabs(_USUAL)) - len(here.expandtabs(_USUAL))
        base = self.known[nearest]
        if "\t" in base:
            return base[: max(0, len(base) - max(1, less // max(self.step, 1)))] + rest if less > 0 else base + rest
        return base[: max(0, len(base) - less)] + rest

    def _more(self, here: str, extra: str) -> str:
        """Further indentation in the file's own kind."""
        if self.tabs and extra and "\t" not in here:
            tabs, spaces = divmod(len(extra), max(self.step, 1))
            return "\t" * tabs + " " * spaces
        if not self.tabs and "\t" in extra:
            return extra.replace("\t", " " * self.unit)
        scaled = self._scaled(extra)
        return extra if scaled is None else scaled

    def _scaled(self, extra: str) -> str | None:
        """Steps of another width, where the lines known show that steps here are narrower or wider than there."""
        theirs = sorted({len(one) for one in self.known.values()})
        gaps = [wide - narrow for narrow, wide in pairwise(theirs) if wide - narrow > 1]
        if self.tabs or not gaps or min(gaps) == self.step or len(extra) % self.step:
            return None
        return " " * (len(extra) // self.step * min(gaps))
