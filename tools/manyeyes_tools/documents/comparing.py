"""Whether a committed document still says what the code says, in each format."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from manyeyes_tools.documents.checking import check_markdown
from manyeyes_tools.documents.checking_docstrings import check_docstrings
from manyeyes_tools.documents.disagreement import Disagreement
from manyeyes_tools.documents.facts import Facts
from manyeyes_tools.documents.markdown import BY_MODEL
from manyeyes_tools.documents.overview import overview

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes.types import Json
    from manyeyes_tools.arguments import Format
    from manyeyes_tools.documents.symbols import Module

DOCUMENT = "the document"
"""How the text given to be checked is called."""
_PROSE = frozenset({"summary", "description"})
_CHANGES = re.compile(r"(?:change(?:s|log)?|history|news|releases?|release[-_]?notes|whats[-_]?new)\b", re.IGNORECASE)
_MOST = 200
"""Disagreements told; the others are counted."""


def disagreements(
    modules: Sequence[Module], guides: Sequence[tuple[str, str]], given: str, written: str, form: Format
) -> list[Disagreement]:
    """Where documentation and code disagree.

    Args:
        modules: The code.
        guides: Markdown files beside it, by path.
        given: The document to be checked; empty to check only the guides and what stands in the code itself.
        written: What would be written now, without a model.
        form: What the document is.
    """
    facts = Facts(modules)
    before = overview(modules, guides)
    found: list[Disagreement] = []
    if given:
        given = given.replace("\r\n", "\n")
        if form == "openapi":
            found += _in_json(given, written)
        elif form == "html":
            found += _in_page(given, written)
        else:
            found += check_markdown(DOCUMENT, given, facts, before)
    else:
        found += check_docstrings(facts)
    for path, text in guides:
        if tells_of_the_past(path):
            continue
        found += check_markdown(path, text, facts, before)
    if len(found) > _MOST:
        more = Disagreement(path="…", line=0, said=f"and {len(found) - _MOST} more", instead="not listed")
        found = [*found[:_MOST], more]
    return found


def tells_of_the_past(path: str) -> bool:
    """Whether a file is a list of changes, which speaks of names that are gone."""
    return bool(_CHANGES.match(path.rpartition("/")[2]))


def _in_json(given: str, written: str) -> Iterator[Disagreement]:
    """Where two OpenAPI descriptions differ; a model may have written what only describes."""
    try:
        ours: Json = json.loads(given)
    except ValueError as error:
        yield Disagreement(path=DOCUMENT, line=1, said=f"not JSON: {error}", instead="an OpenAPI description")
        return
    for place, one, other in _differences(ours, json.loads(written), ""):
        yield Disagreement(path=DOCUMENT, line=_line_of(given, place), said=f"{place}: {one}", instead=other)


def _differences(one: Json, other: Json, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            if key in _PROSE and isinstance(one.get(key, ""), str):
                continue
            inner = f"{place}/{key}"
            if key not in other:
                yield inner, _brief(one[key]), "not in the code"
            elif key not in one:
                yield inner, "missing", _brief(other[key])
            else:
                yield from _differences(one[key], other[key], inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place_in, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differences(left, right, f"{place}/{place_in}")
    elif one != other:
        yield place, _brief(one), _brief(other)


def _brief(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:159]}…"  # noqa: PLR2004 -- as much as one line of a report takes


def _line_of(text: str, place: str) -> int:
    """The first line that holds the last name of a place."""
    name = next((part for part in reversed(place.split("/")) if part and not part.isdigit()), "")
    found = re.search(re.escape(json.dumps(name)), text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _in_page(given: str, written: str) -> Iterator[Disagreement]:
    """Where two pages differ in what they define; without a model's part, in anything."""
    if given == written:
        return
    ours, theirs = _definitions(given), _definitions(written)
    quiet = True
    for anchor in dict.fromkeys((*ours, *theirs)):
        said, have = ours.get(anchor), theirs.get(anchor)
        if said != have:
            quiet = False
            line = given[: given.find(f'id="{anchor}"')].count("\n") + 1 if said else 1
            yield Disagreement(
                path=DOCUMENT,
                line=line,
                said=f"{anchor}: {said or 'missing'}"[:240],
                instead=(have or "not in the code")[:240],
            )
    if quiet and BY_MODEL not in given:
        pairs = enumerate(zip([*given.split("\n"), ""], [*written.split("\n"), ""], strict=False), 1)
        line, (one, other) = next(((n, pair) for n, pair in pairs if pair[0] != pair[1]), (1, (given, written)))
        yield Disagreement(path=DOCUMENT, line=line, said=one[:240], instead=other[:240])


def _definitions(page: str) -> dict[str, str]:
    """All code of each article by its anchor: definitions, names, types and defaults."""
    reader = _Page()
    reader.feed(page)
    return {anchor: "".join(parts) for anchor, parts in reader.found.items()}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self.at = ""
        self.depth = 0
        self.prose = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"article", "section"}:
            self.at = dict(attrs).get("id") or self.at
            self.found.setdefault(self.at, [])
        fixed = "data-fixed" in dict(attrs)
        if tag in {"pre", "code", "span"} and (fixed or self.depth):
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in {"pre", "code", "span"} and self.depth:
            self.depth -= 1
            if not self.depth and self.at:
                self.found[self.at].append(" · ")

    def handle_data(self, data: str) -> None:
        if self.depth and self.at:
            self.found[self.at].append(data)
