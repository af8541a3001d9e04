"""Private keys in PEM armour, line by line, however they are dressed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[A-Za-z0-9+/=]{16,}")
_BODY_LINE = re.compile(r"[+\s\"'#*/>-]*[A-Za-z0-9+/=]{16,}(?:\\r)?(?:\\n)?[\s\"'+,;\\)]*")
_LAST_LINE = re.compile(r"[+\s\"'#*/>-]*[A-Za-z0-9+/=]+(?:\\r)?(?:\\n)?[\s\"'+,;\\)]*")
_INSIDE = re.compile(r"([\"'`])(.*?)\1")
_CORE = re.compile(r"(?<!\\)[A-Za-z0-9+/=][A-Za-z0-9+/=]*(?:.*(?<!\\)[A-Za-z0-9+/=])?")
_KEY_LINES = 400


def private_key_spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """What to mask of private keys: start, end, and whether the value is worth looking for elsewhere.

    Keys are found on one line or many, quoted or not, and also where only one end of them is seen.
    """
    if "PRIVATE KEY" not in text:
        return
    done = 0
    for begin in _BEGIN.finditer(text):
        if begin.start() < done:
            continue
        end = _END.search(text, begin.end(), begin.end() + 40_000)
        following = _BEGIN.search(text, begin.end())
        if end and following and following.start() < end.start():
            end = None
        stop = end.end() if end else _run_of_body(text, begin.end())
        if not _BODY.search(text, begin.end(), stop):
            continue  # code that speaks of the format holds no key
        prefix = text[text.rfind("\n", 0, begin.start()) + 1 : begin.start()]
        yield from _key_lines(text, begin.start(), stop, prefix)
        done = stop
    for end in _END.finditer(text):
        if end.start() >= done and not _BEGIN.search(text, max(0, end.start() - 40_000), end.start()):
            start = end.start()
            for form in (_LAST_LINE, *[_BODY_LINE] * _KEY_LINES):
                before = text.rfind("\n", 0, max(0, start - 1)) + 1
                if before >= start or not form.fullmatch(text[before:start].rstrip("\r\n")):
                    break
                start = before
            yield from _key_lines(text, start, end.end(), "")


def _run_of_body(text: str, start: int) -> int:
    """Where the lines that look like a key's body end."""
    inline = re.compile(r"(?:\\n|\\r)*[A-Za-z0-9+/=]*(?:(?:\\n|\\r)+[A-Za-z0-9+/=]+)*").match(text, start)
    stop = inline.end() if inline else start
    position = text.find("\n", stop)
    while position != -1:
        after = text.find("\n", position + 1)
        line = text[position + 1 : after if after != -1 else len(text)].rstrip("\r")
        if not _BODY_LINE.fullmatch(line):
            break
        stop, position = position + 1 + len(line), after
    return stop


def _key_lines(text: str, start: int, stop: int, prefix: str) -> Iterator[tuple[int, int, bool]]:
    """One spot for each line of a key's block, inside its quotes and behind what all lines begin with."""
    at = start
    for line in text[start:stop].splitlines(keepends=True):
        bare = line.rstrip("\r\n")
        offset = len(prefix) if at != start and prefix.strip() and bare.startswith(prefix) else 0
        marker = re.search(r"-----(?:BEGIN|END).*-----", bare)
        if marker:
            first, last = marker.span()
            core = _CORE.search(bare, offset, first)
            if core and not _INSIDE.search(bare):
                first = core.start()
            tail = _BODY.search(bare, last)
            yield at + first, at + (tail.end() if tail else last), False
        else:
            quoted = list(_INSIDE.finditer(bare))
            pieces = [match.span(2) for match in quoted] or [(offset, len(bare))]
            for begin, end in pieces:
                core = _CORE.search(bare, begin, end)
                if core:
                    sure = core.end() - core.start() >= 16  # noqa: PLR2004 -- a key's short last line is no value to look for
                    yield at + core.start(), at + core.end(), sure
        at += len(line)
