"""Secrets in the code: reported where something gives them away, and only if masking took them out.

Masking goes further: a value found in one place is masked in others too, where it may be an ordinary word.  There
it is no finding.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes.cores import compute_on
from manyeyes.secret_spans import PLACEHOLDER, find
from manyeyes_tools.evidence.rules import Engine, Hit, Looked, Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.secret_spans import Spot
    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.material import Material, SourceFile

RULE = Rule(
    id="secret",
    title="Secret in the source",
    severity=Severity.HIGH,
    confidence=0.9,
    cwe="CWE-798",
    explanation=(
        "A secret is written into this file. Whoever can read the repository, its history or a copy of it has it."
    ),
    remedy=(
        "Revoke the secret and issue a new one: it stays in the history. Then read it from the environment or from a "
        "secret store when the program runs."
    ),
)
PRIVATE_KEY = replace(
    RULE, id="private-key", title="Private key in the source", severity=Severity.CRITICAL, cwe="CWE-321"
)
_RANDOM = "random-string"
"""The kind that is found by its looks alone, not by a form or a name that only secrets have."""
_UNSURE = 0.6
_KEY = "private-key"
"""The kind that goes over several lines, each with a spot of its own."""
_IDENTIFIES = re.compile(r"(?i)(?<![a-z])(?<!key[_-])(?<!key)ids?[\"']?\]?\s{0,8}[:=]{1,2}\s{0,8}[\"'`]$")
"""What stands before a random string that is an identifier, as in the samples of many interfaces."""

_TEXT_IN_QUOTES = frozenset({
    "python", "javascript", "typescript", "go", "rust", "java", "kotlin", "c", "cpp", "csharp", "ruby", "php", "swift",
    "scala",
})  # fmt: skip
"""Languages in which a word outside quotes is the name of something."""
_LEFT_OUT = re.compile(r"…|\.\.\.|\*\*\*|[xX]{5}")
"""What stands in samples for the rest of a secret."""
_PATTERN = re.compile(r"(?:[\w-]+\.)?\*[\w.-]+\*?[\w.-]*|[\w-]+\.\*")
"""Patterns of file names, such as `credentials.*`."""


async def _look(material: Material, purpose: Purpose) -> Looked:  # noqa: ARG001  # the same for either purpose
    return Looked(hits=await compute_on(material.size, _hits, material), rules=2)


def _hits(material: Material) -> tuple[Hit, ...]:
    return tuple(hit for file in (*material.files, *material.sealed) for hit in _secrets(file))


def _secrets(file: SourceFile) -> list[Hit]:
    hits: list[Hit] = []
    for number, kinds in _found(file):
        for kind in kinds:
            last = hits[-1] if hits else None
            if kind == _KEY and last and last.end_line == number - 1 and last.rule is PRIVATE_KEY:
                hits[-1] = replace(last, end_line=number)
                continue
            rule = PRIVATE_KEY if kind == _KEY else RULE
            hits.append(
                Hit(
                    file=file,
                    rule=rule,
                    source=f"manyeyes:{rule.id}",
                    start_line=number,
                    end_line=number,
                    detail=f"Its kind: {kind.replace('-', ' ')}.",
                    confidence=_UNSURE if kind == _RANDOM else None,
                )
            )
    return hits


def _found(file: SourceFile) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The lines on which a secret stands and was masked, and the kinds of secret there."""
    if file.text == file.masked:
        return
    texts, masks = file.text.split("\n"), file.masked.split("\n")  # masking keeps the number of lines
    kinds: dict[int, dict[str, None]] = {}
    line, at = 1, 0
    for spot in find(file.text, file.path):
        line += file.text.count("\n", at, spot.start)
        at = spot.start
        if _masked(texts[line - 1], masks[line - 1]) and not _harmless(file, spot):
            kinds.setdefault(line, {})[spot.kind] = None
    yield from ((number, tuple(named)) for number, named in kinds.items())


def _harmless(file: SourceFile, spot: Spot) -> bool:
    """Whether it was only masked to be on the safe side."""
    text = file.text
    if spot.kind == _RANDOM and _IDENTIFIES.search(text, max(0, spot.start - 60), spot.start):
        return True
    value = text[spot.start : spot.end]
    bare = text[spot.start - 1 : spot.start] not in {'"', "'", "`"}
    if bare and not spot.sure and value.isidentifier() and file.language in _TEXT_IN_QUOTES:
        return True
    return bool(_LEFT_OUT.search(value) or _PATTERN.fullmatch(value))


def _masked(text: str, masked: str) -> bool:
    """Whether masking put a placeholder here; one that the source holds as its own words does not count."""
    return text != masked and any(one not in text for one in PLACEHOLDER.findall(masked))


ENGINE: Engine = Engine(name="secrets", prefix="manyeyes", languages=frozenset(), look=_look)
