"""Findings as SARIF 2.1.0, the form that code scanning services read.

The same result always gives the same bytes.  Addresses are relative to `%SRCROOT%`, the root of the repository.  It
keeps to the limits of GitHub's code scanning: 25,000 results in a run, 20 tags on a rule, 25 MB when compressed.
What models dismissed is there as suppressed results, each with its justification.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from manyeyes.types import Json
from manyeyes_tools.findings import ScanResult, Severity
from manyeyes_tools.questions import question_for
from manyeyes_tools.reports import wording
from manyeyes_tools.reports.fixes import replacements
from manyeyes_tools.reports.paging import clipped
from manyeyes_tools.reports.taxonomies import address_of, relationships, taxonomies
from manyeyes_tools.weaknesses import WEAKNESSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from manyeyes_tools.findings import Finding, FindingsResult, Step

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
MOST_RESULTS = 25_000
"""More of them in one run are refused; the worst and surest come first."""
_MOST_TAGS = 20
_MOST_STEPS = 1_000
_LONGEST_SNIPPET = 2_000
_LONGEST_MESSAGE = 4_000
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9.-]+")
_LINK = re.compile(r"\[([^\[\]\n]*)\](?=\()")
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_PLACEHOLDER_OF_SECRET = "<secret:"  # noqa: S105  a mark of masked secrets, not one


def report(result: FindingsResult, *, tool_version: str) -> str:
    """The result as one SARIF log with one run."""
    shown = result.findings[:MOST_RESULTS]
    dismissed = result.dismissed[: MOST_RESULTS - len(shown)] if isinstance(result, ScanResult) else []
    by_rule: dict[str, list[Finding]] = {}
    for finding in (*shown, *dismissed):
        by_rule.setdefault(_rule_id(finding), []).append(finding)
    rules = sorted(by_rule)
    index = {rule: number for number, rule in enumerate(rules)}
    lists = taxonomies((*shown, *dismissed))
    driver: Object = {
        "name": "manyeyes",
        "version": tool_version,
        "semanticVersion": tool_version,
        "informationUri": _about(tool_version),
        "rules": [_rule(rule, by_rule[rule], lists) for rule in rules],
    }
    if lists:
        driver["supportedTaxonomies"] = [{"name": one["name"], "index": at} for at, one in enumerate(lists)]
    run: Object = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"manyeyes/{wording.kind(result).lower().replace(' ', '-')}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(result)],
        "results": [
            *(_result(finding, index) for finding in shown),
            *(_suppressed(finding, index) for finding in dismissed),
        ],
        "properties": {"status": result.status, "runId": result.run.id},
    }
    if lists:
        run["taxonomies"] = list[Json](lists)
    log: Object = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _rule_id(finding: Finding) -> str:
    """Findings share a rule when they share a CWE, else a category."""
    return finding.cwe or _NOT_A_NAME.sub("-", finding.category).strip("-").lower() or "other"


def _about(version: str) -> str:
    """Where there is more to read on this tool, as its distribution says."""
    try:
        addresses = metadata("manyeyes").get_all("Project-URL") or []
    except PackageNotFoundError:
        addresses = []
    return next((one.partition(",")[2].strip() for one in addresses), f"urn:manyeyes:{version}")


def _name(words: str) -> str:
    """A rule's name as SARIF wants it: `SqlInjection`."""
    return "".join(word[:1].upper() + word[1:].lower() for word in re.findall(r"[A-Za-z0-9]+", words)) or "Other"


def _rule(rule: str, findings: list[Finding], lists: Sequence[Object]) -> Object:
    worst = min((finding.severity for finding in findings), key=lambda severity: severity.rank)
    tags = [_NOT_A_NAME.sub("-", finding.category).strip("-").lower() for finding in findings]
    weakness = WEAKNESSES.get(rule)
    name = weakness.name if weakness else wording.one_line(findings[0].category) or rule
    text = f"{rule}: {name}." if name != rule else f"{name}."
    described: Object = {
        "id": rule,
        "name": _name(name),
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVELS[worst]},
    }
    if number := rule.removeprefix("CWE-") if rule.startswith("CWE-") else "":
        address = address_of(rule)
        question = question_for(rule)
        described["helpUri"] = address
        described["help"] = {
            "text": f"{text}\nIt is one if: {question.real}\nIt is none if: {question.safe}\nSee {address}",
            "markdown": (
                f"{text}\n\n**It is one if:** {question.real}\n\n**It is none if:** {question.safe}\n\n"
                f"See [{rule}]({address})."
            ),
        }
        tags += ["security", f"external/cwe/cwe-{number.zfill(3)}"]
    tags += [_NOT_A_NAME.sub("-", finding.owasp).strip("-").lower() for finding in findings if finding.owasp]
    if related := relationships(findings[0], lists):
        described["relationships"] = related
    # The tags that services go by come first where there are too many.
    kept = sorted({tag for tag in tags if tag}, key=lambda tag: (not tag.startswith(("security", "external")), tag))
    properties: Object = {"tags": list[Json](sorted(kept[:_MOST_TAGS]))}
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
        "message": {"text": _message(clipped(_said(finding), _LONGEST_MESSAGE))},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(finding.path), "region": _region(finding)}}],
        # Neither depends on line numbers.  GitHub goes by the second alone.
        "partialFingerprints": {
            "manyeyesFindingId/v1": finding.id,
            "primaryLocationLineHash": f"{sha256(finding.id.encode()).hexdigest()[:16]}:1",
        },
        "rank": round(100 * finding.confidence, 1),
        "properties": {
            "severity": finding.severity.value,
            "category": finding.category,
            "confidence": finding.confidence,
            "sources": list[Json](finding.sources),
        },
    }
    if finding.trace:
        shown["codeFlows"] = [_flow(finding.trace)]
    if fixes := _fixes(finding):
        shown["fixes"] = fixes
    return shown


def _said(finding: Finding) -> str:
    """The title as a sentence, and what is told of it."""
    title = wording.one_line(finding.title)
    said = f"{title}{'' if title.endswith(('.', '!', '?')) else '.'}\n{finding.explanation}".rstrip()
    advice = finding.suggestion
    if advice is None or advice.patch:  # a patch stands in `fixes`
        return said
    return f"{said}\n{advice.explanation}".rstrip()


def _suppressed(finding: Finding, index: dict[str, int]) -> Object:
    """A finding that models dismissed, with what they said."""
    why = clipped(finding.dissent or "Dismissed.", _LONGEST_MESSAGE)
    suppression: Object = {"kind": "external", "justification": wording.visible(why)}
    return {**_result(finding, index), "suppressions": [suppression]}


def _flow(trace: Sequence[Step]) -> Object:
    """The way of a value, step by step."""
    kept = trace if len(trace) <= _MOST_STEPS else [*trace[: _MOST_STEPS - 1], trace[-1]]
    steps: list[Json] = [
        {
            "location": {
                "physicalLocation": {
                    "artifactLocation": _artifact(step.path),
                    "region": {"startLine": max(step.line, 1)},
                },
                "message": {"text": _message(clipped(wording.one_line(step.note), 500)) or "Here."},
            },
            "executionOrder": number,
        }
        for number, step in enumerate(kept, 1)
    ]
    return {"threadFlows": [{"locations": steps}]}


def _region(finding: Finding) -> Object:
    first = max(finding.start_line, 1)
    return {
        "startLine": first,
        "endLine": max(finding.end_line, first),
        "snippet": {"text": clipped(wording.visible(finding.quote), _LONGEST_SNIPPET)},
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
    notes = _notifications(result.problems, "error" if failed else "warning")
    if (more := len(result.findings) - MOST_RESULTS) > 0:
        notes += _notifications([f"{more} further findings are left out: a run holds {MOST_RESULTS:,}."], "warning")
    return {"executionSuccessful": not failed, "toolExecutionNotifications": list[Json](notes)}


def _notifications(problems: Iterable[str], level: str) -> list[Object]:
    return [{"level": level, "message": {"text": _message(problem)}} for problem in problems]


def _message(text: str) -> str:
    """Text as a SARIF message: nothing in it is taken for a link or for a numbered gap to fill."""
    linkless = _LINK.sub(r"\\[\1\\]", wording.visible(text).strip())
    return _PLACEHOLDER.sub(r"{{\1}}", linkless)
