"""Names in a page that lead to what the page says of them."""

from __future__ import annotations

import re
from html import escape, unescape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.documents.entries import Chapter, Entry

_WORD: Final = re.compile(r"(?<![\w.$\"'])[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?![\w\"'])")
_SPAN: Final = re.compile(r"<code>([^<>]{2,120})</code>")
_TYPES: Final = frozenset({"class", "interface", "struct", "enum", "type"})
_AMBIGUOUS: Final = ""


class Links:
    """Where each name of a reference leads.  A name that several things have leads nowhere."""

    def __init__(self, reference: Sequence[Chapter]) -> None:
        self._types: dict[str, str] = {}
        self._names: dict[str, str] = {}
        for chapter in reference:
            _add(self._names, chapter.module.itself.name, chapter.overview.anchor)
            for entry in chapter.entries:
                for name in _names(entry, chapter.module.itself.name):
                    _add(self._names, name, entry.anchor)
                if entry.symbol.kind in _TYPES:
                    _add(self._types, entry.symbol.name.rpartition(".")[2], entry.anchor)

    def code(self, text: str, here: str = "") -> str:
        """A type or a value as HTML, its classes as links; `here` is the anchor that needs none."""
        parts: list[str] = []
        place = 0
        for match in _WORD.finditer(text):
            target = self._types.get(match[0].rpartition(".")[2])
            parts.append(escape(text[place : match.start()], quote=False))
            shown = escape(match[0], quote=False)
            parts.append(f'<a href="#{escape(target)}">{shown}</a>' if target and target != here else shown)
            place = match.end()
        return "".join(parts) + escape(text[place:], quote=False)

    def prose(self, html: str, here: str = "") -> str:
        """Rendered text whose code spans are links where they name something of the reference."""
        parts = re.split(r"(<pre>.*?</pre>|<a\b.*?</a>)", html, flags=re.DOTALL)
        return "".join(
            part if part.startswith(("<pre>", "<a ")) else _SPAN.sub(lambda m: self._span(m, here), part)
            for part in parts
        )

    def _span(self, match: re.Match[str], here: str) -> str:
        said = unescape(match[1]).strip()
        name = said.partition("(")[0]
        if name == said and name.islower() and "." not in name:
            return match[0]  # rather a parameter or a word
        target = self._names.get(name)
        return f'<a href="#{escape(target)}">{match[0]}</a>' if target and target != here else match[0]


def _names(entry: Entry, module: str) -> Iterator[str]:
    name = entry.symbol.name
    yield from {name, f"{module}.{name}", *([entry.imported] if entry.imported else [])}


def _add(names: dict[str, str], name: str, anchor: str) -> None:
    names[name] = anchor if names.get(name, anchor) == anchor else _AMBIGUOUS
