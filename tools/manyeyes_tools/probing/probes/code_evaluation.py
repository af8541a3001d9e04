"""Evaluation of code: functions of a programming language, called in a value, give a word that was not sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, around, marker, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-code-evaluation",
    title="Evaluation of sent code",
    severity=Severity.CRITICAL,
    cwe="CWE-95",
    explanation="What is sent in this value is evaluated as code of the application's own language, so whoever asks can do what the application can.",  # noqa: E501  one sentence
    remedy="Evaluate nothing that was sent; read numbers, JSON or a small grammar of your own instead.",
    expects="a word drawn for this request, made by the language's own functions from the numbers of its letters",
    sample="''.join(map(chr,[109,101]))",
)


async def look(point: Point, lab: Lab) -> Proof | None:
    """Try the languages that have such a function.  A calculator that only multiplies is not taken for it."""
    for language in ("Python", "JavaScript", "PHP"):
        word = marker()
        codes = [str(ord(letter)) for letter in word]
        payload = {
            "Python": f"''.join(map(chr,[{','.join(codes)}]))",
            "JavaScript": f"String.fromCharCode({','.join(codes)})",
            "PHP": ".".join(f"chr({code})" for code in codes),
        }[language]
        answer = await lab.ask(point, payload)
        if word in answer.body:
            shown = f"{language} made the word {word} from the numbers of its letters."
            return Proof(WEAKNESS, point.entry, point.parameter.name, shown, (told(answer, around(answer.body, word)),))
    return None


PROBE = Probe(WEAKNESS, look)
