"""Template injection: the template engine computes a product that was sent as an expression."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, around, marker, number, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-template-injection",
    title="Template injection",
    severity=Severity.CRITICAL,
    cwe="CWE-1336",
    explanation="What is sent in this value becomes a part of the template, whose expressions reach the application's own objects and often any code.",  # noqa: E501  one sentence
    remedy="Give the value to the template as a variable, never inside its text.",
    expects="the product of two numbers drawn for this request, between two words",
    sample="{{12345*23456}}",
)
_WAYS = ("{{{{{e}}}}}", "${{{e}}}", "<%= {e} %>", "#{{{e}}}", "{{{e}}}", "*{{{e}}}", "@({e})")


async def look(point: Point, lab: Lab) -> Proof | None:
    """Try the marks that engines know expressions by."""
    for way in _WAYS:
        one, two, word = number(), number(), marker()
        payload = word + way.format(e=f"{one}*{two}") + word
        answer = await lab.ask(point, payload)
        computed = f"{word}{one * two}{word}"
        if computed in answer.body:
            shown = f"The template engine multiplied {one} by {two}."
            return Proof(
                WEAKNESS, point.entry, point.parameter.name, shown, (told(answer, around(answer.body, computed)),)
            )
    return None


PROBE = Probe(WEAKNESS, look)
