"""Outlines that need not be made again, by what the file holds."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from dataclasses import astuple, dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from manyeyes_tools.syntax.outline import Definition, Import, Outline, Reference
from manyeyes_tools.syntax.symbols import outline

if TYPE_CHECKING:
    from collections.abc import Callable

FORMAT = "1"
"""Changes with what an outline holds, so that older ones are not found."""
_MOST_NAMES = 600_000
"""Names kept in memory, about 200 bytes each."""


class Kept(Protocol):
    """Where outlines outlast the process: a key and a text; losing some costs only time."""

    def get(self, key: str) -> str | None:
        """What was put there, if it is still there."""

    def put(self, key: str, value: str) -> None:
        """Keep it for a while."""


def digest(text: str) -> str:
    """What tells one text from another."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(slots=True)
class Outlines:
    """The outlines of lately seen texts, in memory and, if given, in a store.  Any thread may ask.

    Attributes:
        kept: A store, asked when memory has none.
        make: Makes an outline of a text and its language.
    """

    kept: Kept | None = None
    make: Callable[[str, str], Outline] = outline
    made: int = 0
    _held: OrderedDict[str, Outline] = field(default_factory=OrderedDict)
    _names: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, text: str, language: str) -> Outline:
        """The outline of a text.  Blocking: to be called in a worker thread."""
        key = f"outline:{FORMAT}:{language}:{digest(text)}"
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        stored = self.kept.get(key) if self.kept is not None else None
        found = from_json(stored) if stored is not None else None
        if found is None:
            found = self.make(text, language)
            self.made += 1
            # One given up for its time may succeed when there is more of it.
            if self.kept is not None and not found.incomplete:
                self.kept.put(key, to_json(found))
        with self._lock:
            if key not in self._held:
                self._held[key] = found
                self._names += _size(found)
                while self._names > _MOST_NAMES and len(self._held) > 1:
                    _, dropped = self._held.popitem(last=False)
                    self._names -= _size(dropped)
        return found


def to_json(outline: Outline) -> str:
    """An outline as text."""
    return json.dumps(
        [
            [astuple(one) for one in outline.definitions],
            [astuple(one) for one in outline.references],
            [astuple(one) for one in outline.imports],
            outline.incomplete,
            outline.sound,
        ]
    )


def from_json(text: str) -> Outline | None:
    """The outline that `to_json` wrote; None when the text is something else."""
    try:
        definitions, references, imports, incomplete, sound = json.loads(text)
        return Outline(
            tuple(Definition(*one) for one in definitions),
            tuple(Reference(*one) for one in references),
            tuple(
                Import(module, tuple(names), line, tuple((here, own) for here, own in aliases))
                for module, names, line, aliases in imports
            ),
            str(incomplete),
            bool(sound),
        )
    except (ValueError, TypeError):
        return None


def _size(outline: Outline) -> int:
    return len(outline.definitions) * 3 + len(outline.references) + len(outline.imports) + 10


outlines = Outlines()
"""The outlines of this process."""
