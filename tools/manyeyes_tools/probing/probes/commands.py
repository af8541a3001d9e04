"""Command injection: the system's shell computes a product and writes it between two words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, around, marker, number, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-command-injection",
    title="Command injection",
    severity=Severity.CRITICAL,
    cwe="CWE-78",
    explanation="What is sent in this value is run by the system's shell, so whoever asks can run any program on the server.",  # noqa: E501  one sentence
    remedy="Start the program without a shell and give the value as an argument of its own, after checking it.",
    expects="the product of two numbers drawn for this request, between two words",
    sample=";echo me$((12345*23456))me",
)
_WAYS = (
    "{v};{c}",
    "{v}|{c}",
    "{v}&&{c}",
    "{v}\n{c}\n",
    "{v}$({c})",
    "{c}",
    "{v}';{c};'",
    '{v}";{c};"',
    "{v}'`{c}`'",
    '{v}"`{c}`"',
    "{v}||{c}",
)
_WINDOWS = "{v}&set /a {a}*{b}"


async def look(point: Point, lab: Lab) -> Proof | None:
    """Try what ends the argument or the command before."""
    for way in _WAYS:
        one, two, word = number(), number(), marker()
        payload = way.format(v=point.parameter.value, c=f"echo {word}$(({one}*{two})){word}")
        answer = await lab.ask(point, payload)
        computed = f"{word}{one * two}{word}"
        if computed in answer.body:
            shown = f"The shell multiplied {one} by {two} and wrote the product."
            return Proof(
                WEAKNESS, point.entry, point.parameter.name, shown, (told(answer, around(answer.body, computed)),)
            )
    one, two = number(), number()
    answer = await lab.ask(point, _WINDOWS.format(v=point.parameter.value, a=one, b=two))
    if str(one * two) in answer.body:
        three, four = number(), number()
        again = await lab.ask(point, _WINDOWS.format(v=point.parameter.value, a=three, b=four))
        if str(three * four) in again.body:
            shown = f"The shell multiplied {one} by {two}, and then {three} by {four}."
            steps = tuple(
                told(one_of, around(one_of.body, str(product)))
                for one_of, product in ((answer, one * two), (again, three * four))
            )
            return Proof(WEAKNESS, point.entry, point.parameter.name, shown, steps)
    return None


PROBE = Probe(WEAKNESS, look)
