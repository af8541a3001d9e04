"""Cross-site scripting: a call that is found nowhere else comes back where a browser would run it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.pages import runs
from manyeyes_tools.probing.proof import Probe, Proof, Weakness, around, marker, told

if TYPE_CHECKING:
    from manyeyes_tools.probing.client import Answer
    from manyeyes_tools.probing.entries import Entry, Point
    from manyeyes_tools.probing.proof import Lab

WEAKNESS = Weakness(
    id="dast-reflected-xss",
    title="Cross-site scripting, reflected",
    severity=Severity.HIGH,
    cwe="CWE-79",
    explanation="What is sent in this value comes back in the page as a script, which runs in the browser of whoever follows a prepared link.",  # noqa: E501  one sentence
    remedy="Escape the value for the place it is written to, best by a template engine that does so by itself.",
    expects="the call stands unescaped where a browser runs it: a script element, an event attribute, a javascript: address",  # noqa: E501  as above
    sample="<script>me123()</script>",
)
STORED = Weakness(
    id="dast-stored-xss",
    title="Cross-site scripting, stored",
    severity=Severity.HIGH,
    cwe="CWE-79",
    explanation="What is sent in this value is kept and later shown as a script, which runs in the browser of everyone who opens the page.",  # noqa: E501  as above
    remedy="Escape what was stored whenever it is shown, best by a template engine that does so by itself.",
    expects="the call that was sent stands on another page, unescaped, where a browser runs it",
    sample="<script>me123()</script>",
)
HELD = Weakness(
    id="dast-markup-injection",
    title="Markup from a value, its scripts held back by the page's policy",
    severity=Severity.LOW,
    cwe="CWE-80",
    explanation=(
        "What is sent in this value becomes a part of the page. Its Content-Security-Policy keeps scripts in it from "
        "running, but forms and links that deceive can still be put there."
    ),
    remedy="Escape the value for the place it is written to; a policy is the second line of defence, not the first.",
    expects="the call stands unescaped in the page, whose policy allows no scripts within pages",
)
_INLINE = re.compile(r"'unsafe-inline'")
_STRICT = re.compile(r"'(?:nonce-|sha\d+-|strict-dynamic)")
_PAYLOADS = (
    "{v}--></title></textarea></style></script><script>{c}</script>",
    "{v}'\"--></title></textarea></script><script>{c}</script>",
    '{v}" autofocus onfocus="{c}',
    "{v}' autofocus onfocus='{c}",
    "{v} onmouseover={c} ",
    "javascript:{c}",
    "{v}';{c};//",
    '{v}";{c};//',
)


async def look(point: Point, lab: Lab) -> Proof | None:
    """Try what leaves each kind of place; what is sent is remembered, since other pages may show it."""
    first = marker()
    lab.planted[f"{first}()"] = point, ""
    seen = ""
    for number, payload in enumerate(_PAYLOADS):
        if number >= 2 and not seen:  # noqa: PLR2004  where nothing comes back, further ways would not either
            return None
        call = f"{first}{number}()"
        sent = payload.format(v=point.parameter.value, c=call)
        lab.planted[call] = point, sent
        answer = await lab.ask(point, sent, follow=True)
        seen = seen or around(answer.body, f"{first}{number}")
        if answer.html and (how := await _runs(answer, call)):
            shown = f"The call {call} that was sent comes back {how}."
            weakness = HELD if held_back(answer) else WEAKNESS
            return Proof(weakness, point.entry, point.parameter.name, shown, (told(answer, around(answer.body, call)),))
    return None


async def _runs(answer: Answer, call: str) -> str:
    """As `runs`, in a thread: a page may be long."""
    return await compute(runs, answer.body, call) if call in answer.body else ""


def held_back(answer: Answer) -> bool:
    """Whether the policy of a page keeps a browser from running scripts that stand in the page itself."""
    for policy in answer.all("content-security-policy"):
        rules = {words[0].lower(): " ".join(words[1:]) for part in policy.split(";") if (words := part.split())}
        allowed = rules.get("script-src", rules.get("default-src"))
        if allowed is not None and (not _INLINE.search(allowed) or _STRICT.search(allowed)):
            return True
    return False


async def stored(entry: Entry, answer: Answer, lab: Lab, known: set[tuple[tuple[str, str], str]]) -> list[Proof]:
    """The scripts that were put elsewhere, or here by an earlier request, and would run on this page."""
    if not answer.html:
        return []
    proofs = []
    for call, (point, sent) in lab.planted.items():
        if not sent or (point.entry.key, point.parameter.name) in known or call not in answer.body:
            continue
        if how := await _runs(answer, call):
            known.add((point.entry.key, point.parameter.name))
            shown = f"The call {call}, sent to {point.entry.path} before, stands on {entry.path} {how}."
            steps = ((str(point.asked(sent))[:600], "sent before"), told(answer, around(answer.body, call)))
            weakness = HELD if held_back(answer) else STORED
            proofs.append(Proof(weakness, point.entry, point.parameter.name, shown, steps))
    return proofs


PROBE = Probe(WEAKNESS, look)
