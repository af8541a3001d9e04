"""Findings as SARIF 2.1.0, the form that code scanning services read.

The same result always gives the same bytes.  Addresses are relative to `%SRCROOT%`, the root of the repository.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from manyeyes.types import Json
from manyeyes_tools.findings import Severity
from manyeyes_tools.reports import wording
from manyeyes_tools.reports.fixes import replacements
from manyeyes_tools.weaknesses import WEAKNESSES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from manyeyes_tools.findings import Finding, FindingsResult

Object: TypeAlias = dict[str, Json]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# The middle of the bands that GitHub's code scanning reads as critical, high, medium and low.
_SECURITY_SEVERITY = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.0",
    Severity.INFO: "0.1",
}
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9.-]+")
_LINK = re.compile(r"\[([^\[\]\n]*)\](?=\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_PLACEHOLDER_OF_SECRET = "<secret:"  # noqa: S105  a mark of masked secrets, not one


def report(result: FindingsResult, *, tool_version: str) -> str:
    """The result as one SARIF log with one run."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in result.findings:
        by_rule.setdefault(_rule_id(finding), []).append(finding)
    rules = sorted(by_rule)
    index = {rule: number for number, rule in enumerate(rules)}
    run: Object = {
        "tool": {
            "driver": {
                "name": "manyeyes",
                "version": tool_version,
                "semanticVersion": tool_version,
                "rules": [_rule(rule, by_rule[rule]) for rule in rules],
            }
        },
        "automationDetails": {"id": f"manyeyes/{wording.kind(result).lower().replace(' ', '-')}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(result)],
        "results": [_result(finding, index) for finding in result.findings],
        "properties": {"status": result.status, "runId": result.run.id},
    }
    log: Object = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rule_id(finding: Finding) -> str:
    """Findings share a rule when they share a CWE, else a category."""
    return finding.cwe or _NOT_A_NAME.sub("-", finding.category).strip("-").lower() or "other"


def _rule(rule: str, findings: list[Finding]) -> Object:
    worst = min((finding.severity for finding in findings), key=lambda severity: severity.rank)
    tags = [_NOT_A_NAME.sub("-", finding.category).strip("-").lower() for finding in findings]
    weakness = WEAKNESSES.get(rule)
    name = weakness.name if weakness else wording.one_line(findings[0].category) or rule
    text = f"{rule}: {name}." if name != rule else f"{name}."
    described: Object = {
        "id": rule,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[worst]},
    }
    if number := rule.removeprefix("CWE-") if rule.startswith("CWE-") else "":
        address = f"https://cwe.mitre.org/data/definitions/{number}.html"
        described["helpUri"] = address
        described["help"] = {"text": f"{text} See {address}", "markdown": f"{text} See [{rule}]({address})."}
        tags += ["security", f"external/cwe/cwe-{number.zfill(3)}"]
    tags += [_NOT_A_NAME.sub("-", finding.owasp).strip("-").lower() for finding in findings if finding.owasp]
    properties: Object = {"tags": list[Json](sorted({tag for tag in tags if tag}))}
    if "security" in tags:
        properties["security-severity"] = _SECURITY_SEVERITY[worst]
    described["properties"] = properties
    return described


def _result(finding: Finding, index: dict[str, int]) -> Object:
    rule = _rule_id(finding)
    shown: Object = {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "level": _LEVELS[finding.severity],
        "message": {"text": _message(f"{wording.one_line(finding.title)}\n{finding.explanation}")},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(finding.path), "region": _region(finding)}}],
        "partialFingerprints": {"manyeyesFindingId/v1": finding.id},
        "rank": round(100 * finding.confidence, 1),
        "properties": {
            "severity": finding.severity.value,
            "category": finding.category,
            "confidence": finding.confidence,
            "sources": list[Json](finding.sources),
        },
    }
    if fixes := _fixes(finding):
        shown["fixes"] = fixes
    return shown


def _region(finding: Finding) -> Object:
    first = max(finding.start_line, 1)
    return {
        "startLine": first,
        "endLine": max(finding.end_line, first),
        "snippet": {"text": wording.visible(finding.quote)},
    }


def _artifact(path: str) -> Object:
    """Where the file is: relative to the repository's root, or an address of its own."""
    if "://" in path:
        return {"uri": quote(path, safe="/:?&=%#~")}
    if path.startswith("/"):
        return {"uri": "file://" + quote(path)}
    return {"uri": quote(path), "uriBaseId": "%SRCROOT%"}


def _fixes(finding: Finding) -> list[Json]:
    """The patch as replacements, when it was seen to apply and holds no masked secret, which it would put in."""
    suggestion = finding.suggestion
    if suggestion is None or not suggestion.applies or not suggestion.patch:
        return []
    if _PLACEHOLDER_OF_SECRET in suggestion.patch:
        return []
    changes: list[Json] = [
        {
            "deletedRegion": {"startLine": one.first, "startColumn": 1, "endLine": one.after, "endColumn": 1},
            **({"insertedContent": {"text": one.text}} if one.text else {}),
        }
        for one in replacements(suggestion.patch)
    ]
    if not changes:
        return []
    return [
        {
            "description": {"text": _message(suggestion.explanation) or "Suggested change."},
            "artifactChanges": [{"artifactLocation": _artifact(finding.path), "replacements": changes}],
        }
    ]


def _invocation(result: FindingsResult) -> Object:
    """Whether the work was done: evidence alone counts when no model was there to fail."""
    failed = result.status == "partial" or any(one.error != "cancelled" for one in result.run.attempts)
    return {
        "executionSuccessful": not failed,
        "toolExecutionNotifications": list[Json](_notifications(result.problems, "error" if failed else "warning")),
    }


def _notifications(problems: Iterable[str], level: str) -> list[Object]:
    return [{"level": level, "message": {"text": _message(problem)}} for problem in problems]


def _message(text: str) -> str:
    """Text as a SARIF message: nothing in it is taken for a link or for a numbered gap to fill."""
    linkless = _LINK.sub(r"\\[\1\\]", wording.visible(text).strip())
    return _PLACEHOLDER.sub(r"{{\1}}", linkless)
