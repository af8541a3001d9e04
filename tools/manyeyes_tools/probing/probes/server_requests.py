"""Server-side request forgery: the target itself asks our listener for an address that only it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, marker, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-server-side-request",
    title="Server-side request forgery",
    severity=Severity.HIGH,
    cwe="CWE-918",
    explanation="The server opens whatever address is sent in this value, so whoever asks can reach what only the server can.",  # noqa: E501  one sentence
    remedy="Take addresses from a list, or check host and port after the name was looked up and at every redirect.",
    expects="our own listener is asked for a path drawn for this request",
    sample="http://{listener}/me123",
)


async def look(point: Point, lab: Lab) -> Proof | None:
    """Give the value an address of our own and listen."""
    if lab.listener is None:
        return None
    word = marker()
    payload = f"{lab.listener.url}/{word}"
    lab.called[word] = point, payload
    answer = await lab.ask(point, payload)
    if lab.listener.heard(word):
        return _proof(point, told(answer, "our listener was asked for it meanwhile"), word)
    return None


def late(lab: Lab, known: set[tuple[tuple[str, str], str]]) -> list[Proof]:
    """What was asked for only after the answer had come."""
    proofs = []
    for word, (point, payload) in lab.called.items():
        if (
            lab.listener is not None
            and lab.listener.heard(word)
            and (point.entry.key, point.parameter.name) not in known
        ):
            proofs.append(_proof(point, (str(point.asked(payload))[:600], "our listener was asked for it later"), word))
    return proofs


def _proof(point: Point, step: tuple[str, str], word: str) -> Proof:
    shown = f"The target asked our own listener for /{word}, which was sent in this value alone."
    return Proof(WEAKNESS, point.entry, point.parameter.name, shown, (step,))


PROBE = Probe(WEAKNESS, look)
