"""Names for findings that stay the same from run to run as long as the code does."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from manyeyes_tools.weaknesses import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import Material

_PLACEHOLDER = re.compile(r"<secret:([^:>\s]+):\d+>")
_WORDS = re.compile(r"\s+")


def finding_id(path: str, category_or_cwe: str, quote: str, context: str = "", ordinal: int = 0) -> str:
    """A name such as `F-3f9a1c2b`.

    It does not depend on line numbers, on how placeholders are numbered, on spacing, or on the words of whoever
    reported it.

    Args:
        path: The file, as the material names it.
        category_or_cwe: What kind of fault; a CWE counts by its family.
        quote: The masked source there; its first line with content counts, since observers differ in where it ends.
        context: What the place lies in, see `context_of`.
        ordinal: Tells apart the same fault at several places with the same text, counted from 0.
    """
    key = "\0".join((path, family_of(category_or_cwe), _first(quote), context, str(ordinal)))
    return f"F-{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def context_of(lines: list[str], line: int) -> str:
    """What the line lies in, from the outside in: the lines above it that are less and less indented.

    Works for any language that indents; `lines` are masked, `line` counts from 1.
    """
    return _Contexts.of(lines).above(line)


@dataclass(slots=True)
class _Contexts:
    """What each line of a file lies in; read once for all of the file's findings.

    Attributes:
        lines: The file's masked lines.
        headers: For each of them the index of the nearest line above that is less indented; -1 for none.
    """

    lines: list[str]
    headers: list[int]
    _known: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: list[str]) -> _Contexts:
        headers: list[int] = []
        open_: list[int] = []  # lines that later ones may lie in, each more indented than the one before
        depths: list[int] = []
        for index, line in enumerate(lines):
            depth = _indent(line)
            if depth == len(line) or line.isspace():
                place = bisect_left(depths, depth)
                headers.append(open_[place - 1] if place else -1)
                continue
            while depths and depths[-1] >= depth:
                depths.pop()
                open_.pop()
            headers.append(open_[-1] if open_ else -1)
            depths.append(depth)
            open_.append(index)
        return cls(lines, headers)

    def above(self, line: int) -> str:
        """The lines that a line, counted from 1, lies in."""
        if not 0 < line <= len(self.lines):
            return ""
        chain: list[str] = []
        header = self.headers[line - 1]
        if header not in self._known:
            at = header
            while at >= 0:
                chain.append(_plain(self.lines[at]))
                at = self.headers[at]
            self._known[header] = "\n".join(reversed(chain))
        return self._known[header]


def identify(findings: Iterable[Finding], material: Material) -> tuple[Finding, ...]:
    """The findings of one observer with their ids set, in the order of their places.

    Call it once for each observer (an engine, a model), then merge: two observers that saw the same fault have
    then given it the same id.

    Blocking, about 20 ms for a thousand findings: to be called in a worker thread.
    """
    texts = {file.path: file.masked for file in (*material.files, *material.sealed)}
    contexts: dict[str, _Contexts] = {}
    ordered = sorted(findings, key=lambda one: (one.path, one.start_line, one.end_line, one.cwe or "", one.title))
    places: defaultdict[tuple[str, str, str, str], dict[int, int]] = defaultdict(dict)
    identified = []
    for one in ordered:
        kind = one.cwe or one.category
        if one.path not in contexts:
            contexts[one.path] = _Contexts.of(texts[one.path].split("\n") if one.path in texts else [])
        context = contexts[one.path].above(one.start_line)
        seen = places[one.path, family_of(kind), _first(one.quote), context]
        ordinal = seen.setdefault(one.start_line, len(seen))
        named = finding_id(one.path, kind, one.quote, context, ordinal)
        identified.append(one.model_copy(update={"id": named}))
    return tuple(identified)


def _first(quote: str) -> str:
    return next((line for line in map(_plain, quote.splitlines()) if line), "")


def _plain(line: str) -> str:
    return _WORDS.sub(" ", _PLACEHOLDER.sub(r"<secret:\1>", line)).strip()


def _indent(line: str) -> int:
    if "\t" in line:
        line = line.expandtabs(4)
    return len(line) - len(line.lstrip())
