"""CORS: answers that let the pages of a host made up for the request read them, with the visitor's session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Proof, Weakness, marker, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.entries import Entry
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-cors",
    title="Any site may read answers with the visitor's session",
    severity=Severity.HIGH,
    cwe="CWE-942",
    explanation="The answer names whatever origin asks and allows credentials, so anyone's page can read what a logged-in visitor may see.",  # noqa: E501  one sentence
    remedy="Answer with Access-Control-Allow-Origin only for origins from a list, compared as a whole.",
    expects="Access-Control-Allow-Origin names an origin drawn for this request, with Access-Control-Allow-Credentials: true",  # noqa: E501  as above
    sample="Origin: https://me123.invalid",
)


async def look(entry: Entry, lab: Lab) -> Proof | None:
    """Ask as a page of a host that does not exist, then as one without an origin."""
    asked = entry.asked()
    for origin in (f"https://{marker()}.invalid", "null"):
        request = type(asked)(asked.method, asked.target, (*asked.headers, ("Origin", origin)), asked.body)
        answer = await lab.client.ask(request)
        allowed, credentials = (answer.header(f"access-control-allow-{name}") for name in ("origin", "credentials"))
        if allowed == origin and credentials.lower() == "true":
            shown = f"Asked as a page of {origin}, it answers that such a page may read it, with credentials."
            step = f"Access-Control-Allow-Origin: {allowed}, Access-Control-Allow-Credentials: true"
            return Proof(WEAKNESS, entry, "", shown, (told(answer, step),))
    return None
