"""What ordinary answers tell by themselves: headers that are missing, and cookies without their flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.proof import Proof, Weakness, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.probing.client import Answer
    from manyeyes_tools.probing.entries import Entry
    from manyeyes_tools.probing.scope import Origin


def _missing(header: str, severity: Severity, cwe: str, explanation: str, remedy: str) -> Weakness:
    return Weakness(
        id=f"dast-header-{header.lower()}", title=f"No {header} header", severity=severity, cwe=cwe,
        explanation=explanation, remedy=remedy, expects=f"a page comes without {header}",
    )  # fmt: skip


CSP = _missing(
    "Content-Security-Policy", Severity.LOW, "CWE-693",
    "Without it a browser runs every script that found its way into a page.",
    "Send a policy that names where scripts may come from: default-src 'self'",
)  # fmt: skip
SNIFF = _missing(
    "X-Content-Type-Options", Severity.LOW, "CWE-693",
    "Without it a browser may take a file for a script or a page that was not meant as one.",
    "Send X-Content-Type-Options: nosniff",
)  # fmt: skip
FRAMES = _missing(
    "X-Frame-Options", Severity.LOW, "CWE-1021",
    "Without it, or frame-ancestors in a Content-Security-Policy, anyone's page can show this one in a frame and have "
    "visitors click on it unawares.",
    "Send X-Frame-Options: DENY, or frame-ancestors 'none' in the policy.",
)  # fmt: skip
HSTS = _missing(
    "Strict-Transport-Security", Severity.LOW, "CWE-319",
    "Without it a browser may be led to the unencrypted address first.",
    "Send Strict-Transport-Security: max-age=31536000",
)  # fmt: skip

HTTP_ONLY = Weakness(
    id="dast-cookie-httponly", title="Session cookie that scripts can read", severity=Severity.MEDIUM, cwe="CWE-1004",
    explanation="A script that found its way into a page can take the session along.",
    remedy="Set the cookie with HttpOnly.", expects="a session's cookie is set without HttpOnly",
)  # fmt: skip
SECURE = Weakness(
    id="dast-cookie-secure", title="Session cookie without Secure", severity=Severity.MEDIUM, cwe="CWE-614",
    explanation="The browser also sends it over unencrypted connections.",
    remedy="Set the cookie with Secure.", expects="a session's cookie is set over https without Secure",
)  # fmt: skip
SAME_SITE = Weakness(
    id="dast-cookie-samesite", title="Session cookie without SameSite", severity=Severity.LOW, cwe="CWE-1275",
    explanation="Whether other sites' requests carry the session is left to each browser.",
    remedy="Set the cookie with SameSite=Lax or Strict.",
    expects="a session's cookie is set without SameSite, or with None and without Secure",
)  # fmt: skip
WEAKNESSES = (CSP, SNIFF, FRAMES, HSTS, HTTP_ONLY, SECURE, SAME_SITE)
_SESSION = re.compile(r"sess|(?:^|[_.-])sid(?:$|[_.-])|auth|token|jwt|login|remember|connect\.sid", re.IGNORECASE)
_NOT_SESSION = re.compile(r"csrf|xsrf", re.IGNORECASE)


def look(answers: Sequence[tuple[Entry, Answer]], origin: Origin) -> Iterator[Proof]:
    """One proof for each header and each cookie, however many pages show it; the first page stands for all."""
    pages = [(entry, answer) for entry, answer in answers if answer.html and 200 <= answer.status < 300]  # noqa: PLR2004  pages that are shown
    for weakness, wrong in (
        (CSP, lambda one: not one.header("content-security-policy")),
        (SNIFF, lambda one: one.header("x-content-type-options").strip().lower() != "nosniff"),
        (FRAMES, _framed),
        *(((HSTS, lambda one: not one.header("strict-transport-security")),) if origin.scheme == "https" else ()),
    ):
        bare = [(entry, answer) for entry, answer in pages if wrong(answer)]
        if bare:
            entry, answer = bare[0]
            shown = f"{len(bare)} of {len(pages)} pages came without it."
            yield Proof(weakness, entry, "", shown, (told(answer, "without the header"),), 0.99)
    yield from _cookies(answers, origin)


def _framed(answer: Answer) -> bool:
    return not answer.header("x-frame-options") and "frame-ancestors" not in answer.header("content-security-policy")


def _cookies(answers: Sequence[tuple[Entry, Answer]], origin: Origin) -> Iterator[Proof]:
    seen: set[tuple[str, str]] = set()
    for entry, answer in answers:
        for line in answer.all("set-cookie"):
            first, *flags = [part.strip() for part in line.split(";")]
            name, _, value = first.partition("=")
            if not value or not _SESSION.search(name) or _NOT_SESSION.search(name):
                continue
            given = {flag.partition("=")[0].lower(): flag.partition("=")[2].lower() for flag in flags}
            for weakness, wrong in (
                (HTTP_ONLY, "httponly" not in given),
                (SECURE, origin.scheme == "https" and "secure" not in given),
                (SAME_SITE, "samesite" not in given or (given["samesite"] == "none" and "secure" not in given)),
            ):
                if wrong and (weakness.id, name) not in seen:
                    seen.add((weakness.id, name))
                    shown = f"The cookie {name} is set with {', '.join(flags) or 'no flags'}."
                    yield Proof(weakness, entry, name, shown, (told(answer, f"Set-Cookie: {name}=…"),), 0.99)
