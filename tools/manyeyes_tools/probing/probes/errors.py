"""Leaking errors: malformed input brings a stack trace that the ordinary answer has not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.client import Answer
    from manyeyes_tools.probing.entries import Entry, Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-error-leak",
    title="Stack trace in an answer",
    severity=Severity.MEDIUM,
    cwe="CWE-209",
    explanation="When something fails, the answer shows the application's call stack: paths, names and often values.",
    remedy="Answer failures with a plain text and write the details to the log; switch debug mode off.",
    expects="frames of a call stack that the ordinary answer has not",
    sample="%00'\"{[",
)
_TRACES = (
    re.compile(r"Traceback \(most recent call last\)[\s\S]{0,3000}?File (?:\"|&quot;|&#34;)[^\n]{1,300}line \d+"),
    re.compile(r"(?:\bat [\w$.<>]+\([\w$]+\.(?:java|kt|scala|groovy):\d+\)\s*){2}"),
    re.compile(
        r"(?:\bat (?:[\w$.<> \[\]]+ \()?(?:file://|node:|[A-Za-z]:\\|/)[^()\s]+:\d+:\d+\)?(?:\s|<br>|&nbsp;)*){2}"
    ),
    re.compile(
        r"(?:PHP )?(?:Fatal error|Warning|Parse error)(?:</b>)?:[^\n]{1,400} in (?:<b>)?/[^\n]{1,200} "
        r"on line (?:<b>)?\d+"
    ),
    re.compile(r"#0 /[^\n]{1,200}\(\d+\):[^\n]*\n#1 "),
    re.compile(r"(?:\bat [\w.`<>]+\([^)\n]{0,200}\) in [^\n]{1,200}:line \d+\s*){1}"),
    re.compile(r"\bfrom [^\s:]{1,200}\.rb:\d+:in [`'][^\n]{1,100}['`]"),
    re.compile(r"goroutine \d+ \[running\]:\s*\n[\s\S]{0,400}?\.go:\d+"),
)
_READ = 100_000
"""So many characters of an answer are searched: a call stack that is meant to be read comes early."""
_MALFORMED = ("'\"<{[(%\\", "", "\0", "9" * 400, "NaN")


def trace_in(answer: Answer) -> str:
    """What of an answer is a call stack; empty when nothing is."""
    return next((found[0] for pattern in _TRACES if (found := pattern.search(answer.body, 0, _READ))), "")


async def look(point: Point, lab: Lab) -> Proof | None:
    """Send what no application expects."""
    if trace_in(await lab.baseline(point.entry)):
        return None
    for payload in _MALFORMED:
        answer = await lab.ask(point, payload)
        if found := trace_in(answer):
            return _proof(point.entry, point.parameter.name, answer, found)
    return None


def met(lab: Lab, known: set[tuple[tuple[str, str], str]]) -> list[Proof]:
    """Call stacks that other probes' requests brought up."""
    proofs = []
    for entry, parameter, answer in lab.seen:
        if (entry.key, parameter) not in known and (found := trace_in(answer)):
            known.add((entry.key, parameter))
            ordinary = lab.ordinary(entry)
            proofs.append(
                _proof(entry, parameter, answer, found, always=ordinary is not None and bool(trace_in(ordinary)))
            )
    return proofs


def _proof(entry: Entry, parameter: str, answer: Answer, found: str, *, always: bool = False) -> Proof:
    ordinary = "so does the answer" if always else "the answer"
    shown = f"The answer holds a call stack; {ordinary} to an ordinary request{'' if always else ' does not'}."
    return Proof(WEAKNESS, entry, parameter, shown, (told(answer, " ".join(found.split())[:160]),))


PROBE = Probe(WEAKNESS, look)
