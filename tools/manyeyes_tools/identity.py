"""Names for findings that stay the same from run to run as long as the code does."""

from __future__ import annotations

import re
from collections import defaultdict
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
    first = next((line for line in map(_plain, quote.splitlines()) if line), "")
    key = "\0".join((path, family_of(category_or_cwe), first, context, str(ordinal)))
    return f"F-{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def context_of(lines: list[str], line: int) -> str:
    """What the line lies in, from the outside in: the lines above it that are less and less indented.

    Works for any language that indents; `lines` are masked, `line` counts from 1.
    """
    headers: list[str] = []
    depth = _indent(lines[line - 1]) if 0 < line <= len(lines) else 0
    for text in reversed(lines[: max(line - 1, 0)]):
        if depth == 0:
            break
        if text.strip() and _indent(text) < depth:
            depth = _indent(text)
            headers.append(_plain(text))
    return "\n".join(reversed(headers))


def identify(findings: Iterable[Finding], material: Material) -> tuple[Finding, ...]:
    """The findings of one observer with their ids set, in the order of their places.

    Call it once for each observer (an engine, a model), then merge: two observers that saw the same fault have
    then given it the same id.
    """
    lines = {file.path: file.masked.split("\n") for file in material.files}
    ordered = sorted(findings, key=lambda one: (one.path, one.start_line, one.end_line, one.cwe or "", one.title))
    places: defaultdict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    identified = []
    for one in ordered:
        kind = one.cwe or one.category
        context = context_of(lines.get(one.path, []), one.start_line)
        seen = places[one.path, family_of(kind), _first(one.quote), context]
        if one.start_line not in seen:
            seen.append(one.start_line)
        named = finding_id(one.path, kind, one.quote, context, seen.index(one.start_line))
        identified.append(one.model_copy(update={"id": named}))
    return tuple(identified)


def _first(quote: str) -> str:
    return next((line for line in map(_plain, quote.splitlines()) if line), "")


def _plain(line: str) -> str:
    return _WORDS.sub(" ", _PLACEHOLDER.sub(r"<secret:\1>", line)).strip()


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
