"""Private keys in PEM armour, line by line, however they are dressed."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[A-Za-z0-9+/=]{16,}")
_BODY_LINE = re.compile(r"[+\s\"'#*/>-]*+[A-Za-z0-9+/=]{12,}+(?:\\r)?(?:\\n)?[\s\"'+,;\\)]*+")
_LAST_LINE = re.compile(r"[+\s\"'#*/>-]*+[A-Za-z0-9+/=]++(?:\\r)?(?:\\n)?[\s\"'+,;\\)]*+")
_INSIDE = re.compile(r"([\"'`])(.*?)\1")
_CORE = re.compile(r"(?<!\\)[A-Za-z0-9+/=][A-Za-z0-9+/=]*(?:.*(?<!\\)[A-Za-z0-9+/=])?")
_INLINE = re.compile(r"(?:\\[nr])*+[A-Za-z0-9+/=]*+(?:(?:\\[nr])++[A-Za-z0-9+/=]++)*+")
_KEY_LINES = 400
_KEY_LENGTH = 40_000
_LINE_LENGTH = 2_000


def private_key_spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """What to mask of private keys: start, end, and whether the value is worth looking for elsewhere.

    Keys are found on one line or many, quoted or not, and also where only one end of them is seen.
    """
    if "PRIVATE KEY" not in text:
        return
    begins = list(_BEGIN.finditer(text))
    ends = list(_END.finditer(text))
    starts = [begin.start() for begin in begins]
    stops = [end.start() for end in ends]
    done = 0
    for number, begin in enumerate(begins):
        if begin.start() < done:
            continue
        stop = _end_of(begin, ends, bisect_left(stops, begin.end()), starts[number + 1 : number + 2])
        if stop is None:
            stop = _run_of_body(text, begin.end())
        if not _BODY.search(text, begin.end(), stop):
            continue  # code that speaks of the format holds no key
        yield from _key_lines(text, begin.start(), stop, _line_start(text, begin.start()))
        done = stop
    for end in ends:
        first = bisect_left(starts, end.start() - _KEY_LENGTH)
        if end.start() >= done and (first == len(starts) or starts[first] >= end.start()):
            yield from _key_lines(text, _start_of_body(text, end.start()), end.end(), "")


def _end_of(begin: re.Match[str], ends: list[re.Match[str]], first: int, following: list[int]) -> int | None:
    """Where the key that begins here ends, unless that is too far or another one begins before."""
    if first == len(ends) or ends[first].end() > begin.end() + _KEY_LENGTH:
        return None
    if following and following[0] < ends[first].start():
        return None
    return ends[first].end()


def _line_start(text: str, at: int) -> str:
    """What stands before `at` on its line; nothing, when that is much."""
    left = max(0, at - 200)
    newline = text.rfind("\n", left, at)
    return text[newline + 1 : at] if newline != -1 or left == 0 else ""


def _start_of_body(text: str, start: int) -> int:
    """Where the lines that look like a key's body begin, read upwards from its last line."""
    for form in (_LAST_LINE, *[_BODY_LINE] * _KEY_LINES):
        left = max(0, start - _LINE_LENGTH)
        before = text.rfind("\n", left, max(0, start - 1)) + 1
        if before >= start or (before == 0 < left) or not form.fullmatch(text[before:start].rstrip("\r\n")):
            break
        start = before
    return start


def _run_of_body(text: str, start: int) -> int:
    """Where the lines that look like a key's body end."""
    inline = _INLINE.match(text, start)
    stop = inline.end() if inline else start
    position = text.find("\n", stop, stop + _LINE_LENGTH)
    while position != -1:
        after = text.find("\n", position + 1, position + _LINE_LENGTH)
        if after == -1 and len(text) > position + _LINE_LENGTH:
            break
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
