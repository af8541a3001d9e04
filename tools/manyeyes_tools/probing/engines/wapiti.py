"""Wapiti: a scanner that crawls and tries patterns.  It is under the GPL: the operator's program, run by its name."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from manyeyes_tools.findings import Severity
from manyeyes_tools.probing.engines.engine import Engine, Kind, Nonsense, Reported, Task, rows, table, text

_MODULES = "sql,xss,permanentxss,exec,file,redirect,crlf,ldap,xxe,csrf"
"""Left out: what our own look at answers tells for certain, and what asks addresses of Wapiti's makers."""
_MOST = 500
_SHARE = 0.4
"""Of its time it is told so much: it ends what it began, and writes its report only after that."""
_KINDS = {
    "SQL Injection": Kind(
        "sql", "SQL injection", "CWE-89", Severity.CRITICAL,
        "What is sent in this value seems to become a part of the SQL statement.",
        "Give the value to the database as a parameter of the statement.",
    ),
    "Blind SQL Injection": Kind(
        "timesql", "SQL injection", "CWE-89", Severity.CRITICAL,
        "What is sent in this value seems to become a part of the SQL statement.",
        "Give the value to the database as a parameter of the statement.",
    ),
    "Reflected Cross Site Scripting": Kind(
        "xss", "Cross-site scripting, reflected", "CWE-79", Severity.HIGH,
        "What is sent in this value seems to come back in the page as a script.",
        "Escape the value for the place it is written to.",
    ),
    "Stored Cross Site Scripting": Kind(
        "permanentxss", "Cross-site scripting, stored", "CWE-79", Severity.HIGH,
        "What is sent in this value seems to be kept and shown later as a script.",
        "Escape what was stored whenever it is shown.",
    ),
    "HTML Injection": Kind(
        "html", "Markup from a value", "CWE-80", Severity.MEDIUM,
        "What is sent in this value seems to become markup of the page.", "Escape the value.",
    ),
    "Stored HTML Injection": Kind(
        "permanenthtml", "Markup from a value, stored", "CWE-80", Severity.MEDIUM,
        "What is sent in this value seems to become markup of a page.", "Escape what was stored when it is shown.",
    ),
    "Command execution": Kind(
        "exec", "Command or code injection", "CWE-78", Severity.CRITICAL,
        "What is sent in this value seems to be run as a command or as code.",
        "Call programs with a list of arguments and no shell, and evaluate nothing that was sent.",
    ),
    "Path Traversal": Kind(
        "file", "Path traversal", "CWE-22", Severity.HIGH,
        "The value seems to name a file, and one outside the folder that is meant.",
        "Resolve the path and see that it still lies in the folder.",
    ),
    "Open Redirect": Kind(
        "redirect", "Open redirect", "CWE-601", Severity.MEDIUM,
        "The value seems to decide where visitors are sent.", "Redirect to paths of your own, or to those of a list.",
    ),
    "CRLF Injection": Kind(
        "crlf", "Line ends in headers", "CWE-113", Severity.MEDIUM,
        "Line ends in this value seem to begin a new header of the answer.",
        "Refuse line ends in what goes into headers.",
    ),
    "LDAP Injection": Kind(
        "ldap", "LDAP injection", "CWE-90", Severity.HIGH,
        "What is sent in this value seems to become a part of a directory's filter.", "Escape it for the filter.",
    ),
    "XPATH Injection": Kind(
        "xpath", "XPath injection", "CWE-643", Severity.HIGH,
        "What is sent in this value seems to become a part of an XPath expression.", "Give it as a variable.",
    ),
    "XML External Entity": Kind(
        "xxe", "External entities in XML", "CWE-611", Severity.HIGH,
        "XML that is sent here seems to be read with external entities.", "Turn external entities and DTDs off.",
    ),
    "Server Side Request Forgery": Kind(
        "ssrf", "Server-side request forgery", "CWE-918", Severity.HIGH,
        "The server seems to open whatever address is sent in this value.", "Take addresses from a list.",
    ),
    "Cross Site Request Forgery": Kind(
        "csrf", "Form without protection against requests of other sites", "CWE-352", Severity.MEDIUM,
        "The form seems to be taken without a token that only its own page knows.",
        "Check a token of the session, and set its cookie with SameSite.",
    ),
    "Unrestricted File Upload": Kind(
        "upload", "Upload of any file", "CWE-434", Severity.HIGH,
        "Files of any kind seem to be taken.", "Take only the kinds that are meant, under names of your own.",
    ),
    "Internal Server Error": Kind(
        "error", "Requests that the server fails at", "CWE-755", Severity.LOW,
        "A request with an unexpected value makes the server fail.",
        "Check the value, and answer what is wrong with it.",
    ),
}  # fmt: skip


def _arguments(task: Task) -> list[str]:
    soft = max(1, int(task.seconds * _SHARE))
    return [
        "--url", f"{task.url}/", "--start", f"{task.url}{task.start}", "--scope", "domain",
        "--proxy", task.proxy, "--verify-ssl", "0", "--user-agent", task.agent,
        "--module", _MODULES, "--max-scan-time", str(soft), "--max-attack-time", str(max(1, soft // 3)),
        "--timeout", f"{task.timeout_s:g}", "--tasks", "4", "--scan-force", "normal", "--verbose", "0",
        "--store-session", str(task.folder / "session"), "--store-config", str(task.folder / "config"),
        "--flush-session", "--no-bugreport", "--format", "json", "--output", str(task.output),
    ]  # fmt: skip


def read(data: bytes, _task: Task) -> list[Reported]:
    """What a report in Wapiti's JSON holds.

    Raises:
        Nonsense: it is none.
    """
    try:
        report = json.loads(data)
    except (ValueError, RecursionError):
        raise Nonsense("what it wrote is no report in JSON") from None
    if not isinstance(report, dict) or not isinstance(report.get("vulnerabilities"), dict):
        raise Nonsense("what it wrote is no report of Wapiti's")
    found: dict[Reported, None] = {}
    for part in ("vulnerabilities", "anomalies"):
        for category, entries in table(report.get(part)).items():
            kind = _KINDS.get(category)
            for entry in rows(entries) if kind else ():
                if kind and len(found) < _MOST and (one := _reported(kind, table(entry))):
                    found[one] = None
    return list(found)


def _reported(kind: Kind, entry: dict[str, object]) -> Reported | None:
    """One entry; None where it does not say of what."""
    path, method = text(entry.get("path"), 2_000), text(entry.get("method"), 20).upper()
    if not path.startswith("/") or not method.isalpha():
        return None
    request = entry.get("http_request")
    head, _, body = (request if isinstance(request, str) else "").replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    words = first.split(" ")
    target = words[1] if len(words) > 1 and words[1].startswith("/") else path
    kept = [line.partition(":") for line in lines if line.lower().startswith("content-type:")]
    return Reported(
        engine="wapiti",
        kind=kind,
        method=method,
        path=urlsplit(path).path or "/",
        parameter=text(entry.get("parameter"), 100),
        said=text(entry.get("info")),
        target=target[:2_000],
        headers=tuple((name, value.strip()) for name, _, value in kept),
        body=body.encode()[:10_000],
    )


ENGINE = Engine(
    name="wapiti",
    arguments=_arguments,
    read=read,
    ends=frozenset({0}),
    needs=lambda _task: "",
    install="pipx install wapiti3",
)
