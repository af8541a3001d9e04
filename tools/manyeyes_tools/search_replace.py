"""What a model wants replaced by what, found in a file's lines, as edits.

Models copy imperfectly: with line numbers, the marks of a diff, other indentation, typographic quotes, dots for what
they left out.  The search text is sought as it stands first and then in less strict readings; the lines that it and
the replacement have in common are never taken from the model but left as they are in the file.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from manyeyes_tools.copied_text import elided, lines_in, straight, trimmed, unmarked, unnumbered
from manyeyes_tools.edits import Edit, narrowed
from manyeyes_tools.indentation import Indentation, depth, respaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from manyeyes_tools.anchors import Anchor

_NEAR = 40
"""A text that stands in a file several times is meant where the finding is, at most so many lines away."""
_CLEARLY = 3
"""So many times farther away must the second place be, when none lies where the finding is."""
_MOST_LINES = 400
_GAP = 400
_SPACES = " \t\r\n"
"""What may be more or less around a line; a form feed is a character like others."""
_RUNS = re.compile(r"[ \t\r\n]+")
_SHORT = 4
"""A shorter text is found within a line only where the finding is."""
_KEPT_SPACES = frozenset({"text", "markdown"})
"""What spaces at the end of a line mean something in."""


class NoPatch(Exception):  # named after what it means
    """No patch can be offered; its text says why."""


class _NotHere(Exception):
    """This reading of the search text stands nowhere."""


def readings(
    lines: Sequence[str], search: str, replace: str, near: Anchor, language: str
) -> Iterator[tuple[Edit, ...]]:
    """The edits that may be meant, the likeliest first; none changes nothing.

    Args:
        lines: The file's lines with their endings, secrets masked.
        search: The text to be replaced, as the model copied it.
        replace: What it is to become.
        near: Where the finding is; decides when the text stands there more than once.
        language: What the file is written in.

    Raises:
        NoPatch: the text is nowhere, or not clearly anywhere, or the change is not said in full.
    """
    if not search.strip():
        raise NoPatch("it does not say what to replace")
    if max(search.count("\n"), replace.count("\n")) > _MOST_LINES:
        raise NoPatch(f"it replaces more than {_MOST_LINES} lines")
    seen: set[tuple[Edit, ...]] = set()
    for pair in _variants(search, replace):
        wanted, offered = _ends_in_common(*pair)
        if not any(line.strip() for line in wanted):
            continue
        try:
            found = _found(lines, wanted, offered, near, language)
        except _NotHere:
            continue
        for edits in found:
            kept = tuple(edit for one in sorted(edits) if (edit := narrowed(one, lines)))
            if kept and kept not in seen:
                seen.add(kept)
                yield kept
        if not seen:
            raise NoPatch("it would change nothing")
        return
    raise NoPatch("the text to replace is not in the file")


def _variants(search: str, replace: str) -> Iterator[tuple[list[str], list[str]]]:
    """Search and replacement as they are, and then without what may have been put around them."""
    wanted, offered = lines_in(search), lines_in(replace)
    bare, number = unnumbered(wanted)
    renumbered, other = unnumbered(offered)
    if number is None:
        yield wanted, _unplussed(wanted, offered)
    else:
        yield wanted, offered
        yield bare, renumbered if other is not None else offered
    if number is None and other is not None and len(offered) > 1:
        yield wanted, renumbered
    before = unmarked(wanted, "-")
    if before:
        after = unmarked(offered, "+")
        yield before, offered if after is None else after
    plain, smooth = [straight(line) for line in bare], [straight(line) for line in renumbered]
    if (plain, smooth) != (wanted, offered):
        yield plain, smooth
    if len(wanted) == 1 and "\\n" in search:  # line ends escaped once too often
        yield (
            lines_in(search.replace("\\n", "\n").replace('\\"', '"')),
            lines_in(replace.replace("\\n", "\n").replace('\\"', '"')),
        )


def _ends_in_common(wanted: list[str], offered: list[str]) -> tuple[list[str], list[str]]:
    """Both without the empty lines that they begin or end with alike; a replacement of empty lines alone is none."""
    if not any(line.strip() for line in offered):
        return trimmed(wanted), []
    while wanted and not wanted[0].strip() and not offered[0].strip():
        wanted, offered = wanted[1:], offered[1:]
    while wanted and not wanted[-1].strip() and not offered[-1].strip():
        wanted, offered = wanted[:-1], offered[:-1]
    return wanted, offered


def _unplussed(wanted: Sequence[str], offered: list[str]) -> list[str]:
    """The replacement without the `+` before each line, where the search text has no such marks."""
    full = [line for line in offered if line.strip()]
    if full and all(line.startswith("+") for line in full) and not any(line[:1] in {"+", "-"} for line in wanted):
        return [line.removeprefix("+") for line in offered]
    return offered


def _found(
    lines: Sequence[str], wanted: list[str], offered: list[str], near: Anchor, language: str
) -> list[tuple[Edit, ...]]:
    plain = [line.rstrip(_SPACES) for line in lines]
    dotted = {at for at, line in enumerate(wanted) if elided(line)}
    literal = [at for at in range(len(plain) - len(wanted) + 1) if plain[at : at + len(wanted)] == wanted]
    if dotted and not literal:
        return [_across(lines, wanted, offered, near, language)]
    _refuse_dots(wanted, offered, language)
    whole: list[tuple[int, ...]] = [tuple(range(at, at + len(wanted))) for at in literal]
    for key in (_bare, _close, _unspaced):
        if not whole:
            wanted, offered = trimmed(wanted), trimmed(offered)
            whole = list(_places(plain, wanted, key))
    parts = _inner(plain, wanted) if len(wanted) == 1 or not whole else []
    parts = [place for place in parts if not whole or _distance(place, near) == 0]
    if not whole and not parts:
        raise _NotHere
    chosen = _nearest([*whole, *parts], near, first=len(whole))
    if chosen in whole:
        rewritten = _indented_otherwise(wanted, offered, plain[chosen[0]])
        return [_aligned(lines, wanted, one, chosen, language) for one in rewritten]
    if _distance(chosen, near) > 0 and len("".join(wanted).strip()) < _SHORT:
        raise NoPatch("the text to replace is too short to be sought elsewhere than at the finding")
    return [_within(lines, wanted, offered, chosen, language)]


def _bare(line: str) -> str:
    return line.strip(_SPACES)


def _close(line: str) -> str:
    return _RUNS.sub(" ", line).strip(_SPACES)


def _unspaced(line: str) -> str:
    return _RUNS.sub("", line)


def _places(plain: Sequence[str], wanted: Sequence[str], key: Callable[[str], str]) -> Iterator[tuple[int, ...]]:
    """For each place where the wanted lines stand, empty lines aside: the numbers of the lines there."""
    filled = [(number, text) for number, line in enumerate(plain) if (text := key(line))]
    quote = [text for line in wanted if (text := key(line))]
    texts = [text for _, text in filled]
    for at in range(len(filled) - len(quote) + 1):
        if texts[at] == quote[0] and texts[at : at + len(quote)] == quote:
            numbers = iter(range(at, at + len(quote)))
            last = -1
            place: list[int] = []
            for line in wanted:
                if key(line):
                    last = filled[next(numbers)][0]
                elif last + 1 < len(plain) and not key(plain[last + 1]):
                    last += 1
                place.append(last)
            yield tuple(place)


def _inner(plain: Sequence[str], wanted: Sequence[str]) -> list[tuple[int, ...]]:
    """Places where the text begins or ends within a line.  Words are not cut."""
    text = "\n".join(plain)
    quote = "\n".join(wanted).strip()
    places: list[tuple[int, ...]] = []
    at = text.find(quote)
    while at >= 0:
        stop = at + len(quote)
        cut = (at > 0 and _is_word(text[at - 1]) and _is_word(quote[0])) or (
            stop < len(text) and _is_word(text[stop]) and _is_word(quote[-1])
        )
        first = text.count("\n", 0, at)
        place = tuple(range(first, first + len(wanted)))
        if not cut:
            places.append(place)
        at = text.find(quote, at + 1)
    return places


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _distance(place: tuple[int, ...], near: Anchor) -> int:
    return max(near.start_line - (place[-1] + 1), place[0] + 1 - near.end_line, 0)


def _nearest(places: Sequence[tuple[int, ...]], near: Anchor, *, first: int = 0) -> tuple[int, ...]:
    """The place that is meant; of those equally near one of the `first` is taken before any of the others."""
    whole = list(dict.fromkeys(places[:first]))
    others = [place for place in places[first:] if place not in whole]
    if len(whole) + len(set(others)) == 1:
        return (whole or others)[0]
    ordered = sorted(
        [*((_distance(one, near), 0, one) for one in whole), *((_distance(one, near), 1, one) for one in others)]
    )
    (best, kind, place), (second, other, _) = ordered[:2]
    clear = best < second or kind < other
    far = best > 0 and (best > _NEAR or second < _CLEARLY * best)
    if not clear or far:
        raise NoPatch("the text to replace stands in the file several times")
    return place


def _refuse_dots(wanted: Sequence[str], offered: Sequence[str], language: str) -> None:
    """Raise `NoPatch` when the replacement leaves something out that the search text does not."""
    there = {line.strip() for line in wanted}
    for line in offered:
        body = language == "python" and line.strip() == "..." and any("..." in one for one in there)
        if elided(line) and line.strip() not in there and not body:
            raise NoPatch("the replacement leaves out a part")


def _indented_otherwise(wanted: list[str], offered: list[str], there: str) -> list[list[str]]:
    """The replacement in the indentation of the search text, the likeliest reading of it first."""
    if not any(line.strip() for line in offered):
        return [[]]
    asked = depth(next(line for line in wanted if line.strip()))
    first = depth(next(line for line in offered if line.strip()))
    same_words = [line.strip() for line in wanted if line.strip()] == [line.strip() for line in offered if line.strip()]
    base = depth(there)
    alone = len(wanted) == 1 and len(offered) > 1
    if alone and not asked and base and all(line.startswith(base) for line in offered[1:] if line.strip()):
        # The first line may have lost its indentation in both, or only the search text.
        less = [line.removeprefix(base) for line in offered]
        opens = not first and offered[0].endswith((":", "{", "(", "[", ","))
        return [offered, less] if opens else [less, offered]
    if first == asked or same_words:
        return [offered]
    if first == base and not asked:  # copied without its indentation, offered with it
        return [[line.removeprefix(first) if line.startswith(first) else line.lstrip() for line in offered], offered]
    if not first and all(map(depth, filter(None, wanted))):  # offered without the indentation it was copied with
        return [[asked + line if line.strip() else line for line in offered], offered]
    return [offered]


def _aligned(
    lines: Sequence[str], wanted: Sequence[str], offered: Sequence[str], place: tuple[int, ...], language: str
) -> tuple[Edit, ...]:
    """Only what differs between search and replacement, laid upon the file's lines."""
    pairs = [(line, lines[at]) for line, at in zip(wanted, place, strict=True) if line.strip() and not elided(line)]
    indentation = Indentation.of(pairs, lines)
    rest = Indentation.of(pairs[1:] or pairs, lines)  # the first line is often copied without its indentation
    matcher = SequenceMatcher(None, wanted, offered, autojunk=False)
    edits: list[Edit] = []
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        after = place[first - 1] + 1 if first else place[0]
        start = after if first == last else max(after, place[first])
        stop = start if first == last else max(start, place[last - 1] + 1)
        new = [(rest if at else indentation).there(offered[at]) for at in range(begin, end)]
        if last - first == end - begin:
            same = zip(new, wanted[first:last], place[first:last], strict=True)
            new = [respaced(line, here, lines[at]) for line, here, at in same]
        edits.append(Edit(start, stop, _ended(new, lines, (start, stop), language)))
    return tuple(edits)


def _across(
    lines: Sequence[str], wanted: list[str], offered: list[str], near: Anchor, language: str
) -> tuple[Edit, ...]:
    """The same where the search text leaves something out: what is left out must be left out of the replacement too."""
    while wanted and offered and elided(wanted[0]) and elided(offered[0]):
        wanted, offered = trimmed(wanted[1:]), trimmed(offered[1:])
    while wanted and offered and elided(wanted[-1]) and elided(offered[-1]):
        wanted, offered = trimmed(wanted[:-1]), trimmed(offered[:-1])
    matcher = SequenceMatcher(None, wanted, offered, autojunk=False)
    same = [pair for block in matcher.get_matching_blocks() for pair in _pairs(block.a, block.b, block.size)]
    kept, left = {one for one, _ in same}, {other for _, other in same}
    if any(elided(line) and at not in kept for at, line in enumerate(wanted)) or any(
        elided(line) and at not in left for at, line in enumerate(offered)
    ):
        raise NoPatch("it leaves out a part, and not the same in the text to replace and in the replacement")
    plain = [line.rstrip(_SPACES) for line in lines]
    place: list[int] = []
    segment: list[str] = []
    for line in [*wanted, None]:
        if line is not None and not elided(line):
            segment.append(line)
            continue
        if trimmed(segment):
            place += _next_place(plain, segment, place[-1] + 1 if place else 0, near)
        if line is not None:
            place.append(place[-1] if place else 0)
        segment = []
    return _aligned(lines, wanted, offered, tuple(place), language)


def _pairs(first: int, second: int, size: int) -> Iterator[tuple[int, int]]:
    return zip(range(first, first + size), range(second, second + size), strict=True)


def _next_place(plain: Sequence[str], segment: list[str], start: int, near: Anchor) -> tuple[int, ...]:
    """Where a segment stands: the first where the finding is, the others in the lines that follow."""
    window = plain if start == 0 else plain[start : start + _GAP]
    for key in (_bare, _close):
        places = [tuple(at + start for at in place) for place in _places(window, segment, key)]
        if places:
            return _nearest(places, near, first=len(places))
    raise _NotHere


def _within(
    lines: Sequence[str], wanted: Sequence[str], offered: Sequence[str], place: tuple[int, ...], language: str
) -> tuple[Edit, ...]:
    """Lines in a part of which the text stands."""
    start, stop = place[0], place[-1] + 1
    region = "\n".join(line.rstrip("\r\n") for line in lines[start:stop])
    quote = "\n".join(wanted).strip()
    if region.count(quote) != 1:
        raise NoPatch("the text to replace stands several times in its line")
    indentation = Indentation.of([(wanted[0], lines[start])], lines)
    first, *more = [*offered] or [""]
    body = "\n".join([first.strip(), *(indentation.there(line) for line in more)])
    new = region.replace(quote, body).split("\n") if region.strip() != quote or body else []
    return (Edit(start, stop, _ended(new, lines, (start, stop), language)),)


def _ended(new: Sequence[str], lines: Sequence[str], region: tuple[int, int], language: str) -> tuple[str, ...]:
    """New lines with the endings of the file, and without spaces before them where they mean nothing.

    A missing ending at the end of the file stays missing.
    """
    start, stop = region
    around = lines[start:stop] or lines[max(0, start - 1) : start + 1]
    ending = "\r\n" if any(line.endswith("\r\n") for line in around) else "\n"
    strip = str.rstrip if language not in _KEPT_SPACES else _without_ending
    done = [strip(line) + ending for line in new]
    if done and stop == len(lines) and lines and not lines[-1].endswith("\n"):
        done[-1] = done[-1].removesuffix(ending)
    return tuple(done)


def _without_ending(line: str) -> str:
    return line.rstrip("\r\n")
