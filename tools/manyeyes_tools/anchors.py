"""Where a quote stands.  A model's claim counts when its quote is found; the lines come from there, not from the model.

The quote is sought in four ways, each less strict than the one before: as whole lines, as whole lines but for
spacing, as a part of lines, and as something very much alike that differs in nothing which decides: `verify=False` is
no quote of `verify=True`.  A way that finds several places lets the hint decide if it clearly can; else the quote has
no anchor, because a wrong place is worse than none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.copied_text import elided, lines_in, straight, trimmed, unnumbered
from manyeyes_tools.same_sense import WORD, same_sense

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.material import SourceFile

ALIKE = 90.0
"""How like a place must be for the fuzzy search, in percent."""
CLEARLY = 6.0
"""By how much the best place must be more like the quote than the second best, in percent."""

_ALIKE_AT_BEST = 0.9
"""How well a quote fits that is only alike, at most; one that was copied fits better."""
_NEAR = 8
"""A hint decides among equal places when one of them lies within so many lines and the others much farther away."""
_FAR = 4
_MAX_QUOTE_LINES = 60
_MAX_FUZZY_LINES = 30_000
_MOST_COMPARING = 20_000_000
"""The lines of a file times the square of the quote's, at most: about three seconds of looking for what is alike."""
_MAX_GAP = 400
_MIN_PART = 8
_MIN_FUZZY = 12
_LEAST_GAPPED = 2
_LEFT_OUT = 2
_MARKED = re.compile(r"^(?:[+-](?![+-])|\d*\|)")
_CUT_OFF = re.compile(r"^(.*\S)\s+(?:\.{3}|…)$")
_SPACE = re.compile(r"\s+")
_LOOSE = re.compile(r"(?<!\w) | (?!\w)")
"""Space that parts no words."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place in a file.  `quote` is its masked text; `exactness`, 0 to 1, says how well the quote fits."""

    start_line: int
    end_line: int
    quote: str
    exactness: float

    @property
    def copied(self) -> bool:
        """Whether the quote is the source's, but for its layout; else it is only very much alike."""
        return self.exactness > _ALIKE_AT_BEST


@dataclass(frozen=True, slots=True)
class _Span:
    start: int  # counted from 0
    end: int  # the line after the last
    score: float


def anchor(file: SourceFile, quote: str, hint: int | None = None) -> Anchor | None:
    """The place that a quote names, or None when it is nowhere or not clearly anywhere.

    Args:
        file: The file; only its masked text is looked at, and only known lines of it.
        quote: What the model copied; fences, line numbers and diff marks around it do no harm.
        hint: The line that the model named, from 1; used only to choose among equal places.
    """
    lines = [line.rstrip("\r") for line in file.masked.split("\n")]
    wanted, numbered = _clean(quote)
    hint = hint or numbered
    if not wanted or len(wanted) > _MAX_QUOTE_LINES:
        return None
    segments = _segments(wanted)
    span = _find(lines, segments[0], hint, file) if len(segments) == 1 else _find_elided(lines, segments, hint, file)
    if span is None:
        return None
    return Anchor(span.start + 1, span.end, "\n".join(lines[span.start : span.end]), round(span.score, 3))


def _clean(quote: str) -> tuple[list[str], int | None]:
    """The quote's lines without what models put around them, and the number that stood before the first."""
    lines, number = unnumbered(trimmed(lines_in(quote)))
    lines = trimmed(lines)
    if lines and (cut := _CUT_OFF.match(lines[-1])):
        lines[-1] = cut[1]
    return lines, number


def _segments(lines: list[str]) -> list[list[str]]:
    """The quote cut where it was elided.  A quote that is nothing but dots, as Python has, is left as it is."""
    segments: list[list[str]] = [[]]
    for line in lines:
        if elided(line):
            segments.append([])
        else:
            segments[-1].append(line)
    return [segment for segment in map(trimmed, segments) if segment] or [lines]


def _find_elided(lines: list[str], segments: list[list[str]], hint: int | None, file: SourceFile) -> _Span | None:
    """From the first segment's place to the last one's, when all are there in their order and not far apart."""
    whole = _find(lines, [line for segment in segments for line in segment], hint, file, fuzzy=False)
    parts = _find_parts(lines, segments, hint, file)
    if whole is None or parts is None:
        return whole or parts
    # Lines that follow each other at one place may be those that the quote leaves something out between at another.
    return parts if hint is not None and _distance(parts, hint) < _distance(whole, hint) else whole


def _find_parts(lines: list[str], segments: list[list[str]], hint: int | None, file: SourceFile) -> _Span | None:
    first = _find(lines, segments[0], hint, file)
    if first is None:
        return None
    end, score = first.end, first.score
    for segment in segments[1:]:
        window = lines[end : end + _MAX_GAP]
        places = [_Span(one.start + end, one.end + end, one.score) for one in _strict(window, segment)]
        if not places:
            return None
        end, score = places[0].end, min(score, places[0].score)
    return _Span(first.start, end, score)


def _find(
    lines: list[str], wanted: list[str], hint: int | None, file: SourceFile, *, fuzzy: bool = True
) -> _Span | None:
    known = [one for one in _strict(lines, wanted) if _known(one, file)]
    if known:
        best = max(one.score for one in known)
        return _choose([one for one in known if one.score == best], hint)
    return _alike(lines, wanted, hint, file) if fuzzy else None


def _strict(lines: list[str], wanted: list[str]) -> list[_Span]:
    """Places that hold the quote's very characters, spacing aside; all of the strictest way that finds any."""
    for plain, copied, score in (
        (str.rstrip, str.rstrip, 1.0),
        (str.rstrip, _without_mark, 0.99),
        (_squeezed, _squeezed, 0.98),
        (_unspaced, _unspaced, 0.96),
    ):
        text, quote = [plain(line) for line in lines], [copied(line) for line in wanted]
        if not any(quote):
            return []
        count = len(quote)
        found = [
            _Span(at, at + count, score)
            for at, line in enumerate(text)
            if line == quote[0] and text[at : at + count] == quote
        ]
        if found:
            return found
    return list(_parts(lines, wanted)) or list(_gapped(lines, wanted))


def _gapped(lines: list[str], wanted: list[str]) -> Iterator[_Span]:
    """Places that hold all of the quote's lines in their order, with a line or two in between that it leaves out."""
    quote = [text for line in wanted if (text := _unspaced(line))]
    if len(quote) < _LEAST_GAPPED or sum(map(len, quote)) < _MIN_FUZZY:
        return
    filled = [(number, text) for number, line in enumerate(lines) if (text := _unspaced(line))]
    for at, (first, text) in enumerate(filled):
        if text != quote[0]:
            continue
        found, reach = 1, at + len(quote) + _LEFT_OUT
        for number, other in filled[at + 1 : reach]:
            if other == quote[found]:
                found += 1
                if found == len(quote):
                    yield _Span(first, number + 1, 0.93)
                    break


def _squeezed(line: str) -> str:
    return _SPACE.sub(" ", line).strip()


def _without_mark(line: str) -> str:
    """Without the mark that a diff puts before a line, indentation and all."""
    return _MARKED.sub("", line).rstrip()


def _unspaced(line: str) -> str:
    """Without spacing but between words, so that `f( x )` is `f(x)`, a diff's mark, and the quotes of typography."""
    return _LOOSE.sub("", _squeezed(_MARKED.sub("", straight(line))))


def _parts(lines: list[str], wanted: list[str]) -> Iterator[_Span]:
    """Places where the quote begins or ends within a line.  Words are not cut."""
    quote = " ".join(_squeezed(line) for line in wanted if line.strip())
    if len(quote) < _MIN_PART:
        return
    starts: list[int] = []
    numbers: list[int] = []
    text = ""
    pieces = []
    position = 0
    for number, line in enumerate(lines):
        plain = _squeezed(line)
        if plain:
            starts.append(position)
            numbers.append(number)
            pieces.append(plain)
            position += len(plain) + 1
    text = " ".join(pieces)
    at = text.find(quote)
    while at >= 0:
        stop = at + len(quote)
        cut = (at > 0 and _is_word(text[at - 1]) and _is_word(quote[0])) or (
            stop < len(text) and _is_word(text[stop]) and _is_word(quote[-1])
        )
        if not cut:
            yield _Span(numbers[_index(starts, at)], numbers[_index(starts, stop - 1)] + 1, 0.95)
        at = text.find(quote, at + 1)


def _index(starts: list[int], position: int) -> int:
    return bisect_right(starts, position) - 1


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _alike(lines: list[str], wanted: list[str], hint: int | None, file: SourceFile) -> _Span | None:
    """The one place that is very much like the quote, when no other comes near it."""
    quote = _tokens(wanted)
    count = sum(bool(line.strip()) for line in wanted)
    dear = len(lines) > _MAX_FUZZY_LINES or len(lines) * count**2 > _MOST_COMPARING
    if len(quote) < _MIN_FUZZY or dear:
        return None
    from rapidfuzz import fuzz, process  # only needed for quotes that were not copied well

    filled = [(number, tokens) for number, tokens in enumerate(map(_line_tokens, lines)) if tokens]
    spans: list[_Span] = []
    for size in range(max(1, count - 1), count + 2):
        windows = [" ".join(one for _, one in filled[at : at + size]) for at in range(len(filled) - size + 1)]
        floor = ALIKE - CLEARLY
        for _, score, at in process.extract(quote, windows, scorer=fuzz.ratio, score_cutoff=floor, limit=40):
            spans.append(_Span(filled[at][0], filled[at + size - 1][0] + 1, score))
    spans = sorted(
        (one for one in spans if _known(one, file)), key=lambda one: (-one.score, one.end - one.start, one.start)
    )
    places: list[_Span] = []
    for span in spans:
        if not any(span.start < other.end and other.start < span.end for other in places):
            places.append(span)
    if not places or places[0].score < ALIKE:
        return None
    rivals = [one for one in places if one.score > places[0].score - CLEARLY]
    chosen = _choose(rivals, None) or (_choose([one for one in rivals if one.score == places[0].score], hint))
    if chosen is None or (len(rivals) > 1 and chosen.score < max(one.score for one in rivals)):
        return None
    words = {word for _, tokens in filled for word in tokens.split()}
    same_words = chosen.score == 100  # noqa: PLR2004  # percent: nothing but case and spacing differ
    if not same_words and len(rivals) > 1:
        return None
    if not same_words and not same_sense(wanted, lines[chosen.start : chosen.end], words, file.language):
        return None
    return _Span(chosen.start, chosen.end, _ALIKE_AT_BEST * chosen.score / 100)


def _tokens(lines: list[str]) -> str:
    return " ".join(filter(None, map(_line_tokens, lines)))


def _line_tokens(line: str) -> str:
    return " ".join(WORD.findall(straight(line))).casefold()


def _choose(places: list[_Span], hint: int | None) -> _Span | None:
    """The only place, or the one that the hint clearly means."""
    if len(places) == 1:
        return places[0]
    if hint is None or not places:
        return None
    nearest, second = sorted(places, key=lambda place: _distance(place, hint))[:2]
    near, far = _distance(nearest, hint), _distance(second, hint)
    if near == 0:
        return nearest if far > 0 else None
    return nearest if near <= _NEAR and far >= _FAR * near else None


def _distance(span: _Span, hint: int) -> int:
    return 0 if span.start < hint <= span.end else min(abs(span.start + 1 - hint), abs(span.end - hint))


def _known(span: _Span, file: SourceFile) -> bool:
    """Whether a place lies in what is known of a file."""
    if not file.partial:
        return True
    return any(first <= span.start + 1 and span.end <= last for first, last in file.parts)
