"""Path traversal: a file that every system has comes back, and a file beside it that no system has does not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, marker, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-path-traversal",
    title="Path traversal",
    severity=Severity.HIGH,
    cwe="CWE-22",
    explanation="The value names a file, and may name one outside the folder that is meant, so whoever asks can read the server's files.",  # noqa: E501  one sentence
    remedy="Resolve the path and see that it still lies in the folder, or take names from a list.",
    expects="the lines that /etc/passwd or win.ini begin with, and not for a file that does not exist",
    sample="../../../../etc/passwd",
)
KNOWN = re.compile(r"^root:[^:\n]{0,100}:0:0:[^\n]{0,200}", re.MULTILINE)
WINDOWS = re.compile(r"^\[fonts\]\s*$[\s\S]{0,2000}^\[extensions\]\s*$", re.MULTILINE)
"""What the two files begin with on every system."""
_UP = "../" * 10
_WAYS = (
    (f"{_UP}etc/passwd", "passwd"),
    ("/etc/passwd", "passwd"),
    ("....//" * 10 + "etc/passwd", "passwd"),
    ("%2e%2e%2f" * 10 + "etc/passwd", "passwd"),
    ("..%2f" * 10 + "etc/passwd", "passwd"),
    (f"{_UP}etc/passwd\0.png", "passwd"),
    ("..\\" * 10 + "windows\\win.ini", "win.ini"),
)


async def look(point: Point, lab: Lab) -> Proof | None:
    """Ask for the file in the ways that checks forget."""
    before = (await lab.baseline(point.entry)).body
    ways: tuple[tuple[str, str], ...] = _WAYS
    if "." in point.parameter.value or point.parameter.place == "path":
        name = point.parameter.value.rpartition(".")[2][:5]
        ways = (*_WAYS, (f"{_UP}etc/passwd\0.{name}", "passwd"))
    for payload, file in ways:
        answer = await lab.ask(point, payload)
        pattern = WINDOWS if file == "win.ini" else KNOWN
        found = pattern.search(answer.body)
        if found is None or pattern.search(before):
            continue
        control = await lab.ask(point, payload.replace(file, marker()))
        if pattern.search(control.body):
            continue
        shown = f"The system's own {file} comes back, and nothing like it for a file that does not exist."
        steps = (told(answer, " ".join(found[0].split())[:60]), told(control, "nothing of the kind"))
        return Proof(WEAKNESS, point.entry, point.parameter.name, shown, steps)
    return None


PROBE = Probe(WEAKNESS, look)
