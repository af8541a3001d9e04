"""Pages as a browser's tokenizer reads them, in time that grows with their length and no faster.

The standard library's parser takes minutes over some pages of a few hundred kilobytes, and pages come from strangers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

RAW = frozenset("script style textarea title noscript template xmp noembed noframes iframe".split())  # noqa: SIM905  a list of words
"""Elements whose content is text up to their end tag.  Of these a browser runs what is in `script` alone."""
_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_GAP = re.compile(r"[\s/]*")
_SPACE = re.compile(r"\s*")
_ATTRIBUTE = re.compile(r"[^\s/>][^\s/>=]*")
_BARE = re.compile(r"[^\s>]*")


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag with its attributes, or an end tag; `content` is what stands in an element of `RAW`."""

    name: str
    closing: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    content: str = ""


def tags(text: str) -> Iterator[Tag]:
    """The tags of a page in their order."""
    at = 0
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<!--", at):
            # `<!-->` and `<!--->` are whole comments
            end = at + 4 if text.startswith((">", "->"), at + 4) else text.find("-->", at + 4)
            if end < 0:
                return
            at = text.find(">", end) + 1
            continue
        closing = text.startswith("</", at)
        named = _NAME.match(text, at + 1 + closing)
        if named is None:
            if not text.startswith(("<!", "<?", "</"), at):
                at += 1
                continue
            at = text.find(">", at) + 1
            if not at:
                return
            continue
        name = named[0].lower()
        read = _attributes(text, named.end())
        if read is None:
            return
        attributes, at = read
        content = ""
        if name in RAW and not closing:
            shut = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, at)
            content, at = (text[at : shut.start()], shut.start()) if shut else (text[at:], len(text))
        yield Tag(name, closing, attributes, content)


def _attributes(text: str, at: int) -> tuple[dict[str, str], int] | None:
    """The attributes from here on and the place after the tag; None when it does not end."""
    found: dict[str, str] = {}
    while True:
        at = _end(_GAP, text, at)
        if at >= len(text):
            return None
        if text[at] == ">":
            return found, at + 1
        named = _ATTRIBUTE.match(text, at)
        if named is None:
            return None
        at = _end(_SPACE, text, named.end())
        value = ""
        if text.startswith("=", at):
            at = _end(_SPACE, text, at + 1)
            mark = text[at : at + 1]
            if mark in {'"', "'"}:
                end = text.find(mark, at + 1)
                if end < 0:
                    return None
                value, at = text[at + 1 : end], end + 1
            else:
                end = _end(_BARE, text, at)
                value, at = text[at:end], end
        found.setdefault(named[0].lower(), unescape(value))  # as in browsers, the first of two counts


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
