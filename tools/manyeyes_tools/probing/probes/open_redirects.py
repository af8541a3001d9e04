"""Open redirect: the answer sends the browser to a host that was made up for this request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, marker, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-open-redirect",
    title="Open redirect",
    severity=Severity.MEDIUM,
    cwe="CWE-601",
    explanation="The value decides where the browser is sent, so a link to this application can lead to anyone's page.",
    remedy="Redirect to paths of your own alone, or to hosts from a list.",
    expects="a Location header that leads to a host drawn for this request; it is not followed",
    sample="https://me123.invalid/",
)
_WAYS = ("https://{h}/", "//{h}/", "/\\{h}/", "https:{h}/")


async def look(point: Point, lab: Lab) -> Proof | None:
    """Send a host that does not exist, in the forms that browsers understand."""
    for way in _WAYS:
        host = f"{marker()}.invalid"
        answer = await lab.ask(point, way.format(h=host))
        location = answer.header("location")
        if not 300 <= answer.status < 400 or not location:  # noqa: PLR2004  a redirect
            if way is _WAYS[0] and host not in location:
                return None
            continue
        try:
            leads = urlsplit(urljoin(str(lab.client.origin), location.strip().replace("\\", "/"))).hostname
        except ValueError:
            continue
        if leads == host:
            shown = f"The answer leads to {host}, which was made up for this request. It was not followed."
            steps = (told(answer, f"Location: {location[:120]}"),)
            return Proof(WEAKNESS, point.entry, point.parameter.name, shown, steps)
    return None


PROBE = Probe(WEAKNESS, look)
