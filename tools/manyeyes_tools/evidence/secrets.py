"""Secrets in the code: wherever masking replaced something, something stood that should not."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.rules import Engine, Hit, Looked, Rule
from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.material import Material, SourceFile

_PLACEHOLDER = re.compile(r"<secret:(?P<kind>[^:<>\n]+):(?P<number>\d+)>")

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
_UNSURE_KINDS = frozenset({"random-string", "keyword", "secret-keyword"})
"""Kinds found by their looks or by a name nearby, not by a form that only secrets have."""
_UNSURE = 0.6
_KEY = "private-key"
"""The kind that goes over several lines, each with a placeholder of its own."""


async def _look(material: Material, purpose: Purpose) -> Looked:  # noqa: ARG001  # the same for either purpose
    return Looked(hits=tuple(hit for file in material.files for hit in _secrets(file)), rules=2)


def _secrets(file: SourceFile) -> list[Hit]:
    hits: list[Hit] = []
    pairs = zip(file.text.split("\n"), file.masked.split("\n"), strict=False)  # masking keeps the number of lines
    for number, (text, masked) in enumerate(pairs, start=1):
        if text == masked:
            continue
        # A placeholder may also stand in the source as its own words; only what the masking put there counts.
        for kind in dict.fromkeys(one["kind"] for one in _PLACEHOLDER.finditer(masked) if one.group() not in text):
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
                    confidence=_UNSURE if kind in _UNSURE_KINDS else None,
                )
            )
    return hits


ENGINE: Engine = Engine(name="secrets", prefix="manyeyes", languages=frozenset(), look=_look)
