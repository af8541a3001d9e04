"""Pages that an answer rests on, as the vendors name them, made plain and told once each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manyeyes.types import Citation

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 40
"""Pages told of one answer at most."""
_URL_CHARS, _TITLE_CHARS, _QUOTE_CHARS = 2_000, 200, 400


def cited(found: Iterable[tuple[str, str, str]]) -> tuple[Citation, ...]:
    """The pages in the order of their first mention, each once, with the first quote there is.

    What is no web address is left out: a title or address comes from anybody's page.

    Args:
        found: Address, title and quote of each mention.
    """
    pages: dict[str, Citation] = {}
    for url, title, quote in found:
        if not _is_web(url):
            continue
        known = pages.get(url)
        if known is None:
            pages[url] = Citation(url, _line(title, _TITLE_CHARS), _line(quote, _QUOTE_CHARS))
        elif not known.quote and quote:
            pages[url] = Citation(url, known.title, _line(quote, _QUOTE_CHARS))
    return tuple(pages.values())[:MOST]


def _is_web(url: str) -> bool:
    if not 0 < len(url) <= _URL_CHARS or not url.isprintable() or any(char.isspace() for char in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _line(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
