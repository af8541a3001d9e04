"""What a client must see of the server, whichever client it is: results as they come over the wire."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from clients.harness import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

TOOLS = {"code_pipeline", "code_review", "security_scan", "doc_generator"}
RESOURCES = {"manyeyes://dashboard", "manyeyes://models"}
TEMPLATES = {"manyeyes://runs/{id}", "manyeyes://runs/{id}/sarif"}
PROMPTS = {"review_my_changes", "audit_dependencies", "document_module"}


def check_lists(lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Everything the contract names is listed, and every tool says what it gives back."""
    for kind, key, names in (
        ("tools", "name", TOOLS),
        ("resources", "uri", RESOURCES),
        ("resourceTemplates", "uriTemplate", TEMPLATES),
        ("prompts", "name", PROMPTS),
    ):
        missing = names - {entry[key] for entry in lists[kind]}
        check(not missing, f"{kind}: not listed: {', '.join(sorted(missing))}")
    for tool in lists["tools"]:
        check(tool.get("outputSchema", {}).get("properties"), f"{tool['name']} has no output schema")
        check(tool.get("annotations", {}).get("readOnlyHint") is True, f"{tool['name']} is not marked as read-only")


def check_findings(result: Mapping[str, Any], *lines: int) -> None:
    """A tool result with a finding on each of `lines`, in the structured part and in the text."""
    check(not result.get("isError"), f"the call failed: {json.dumps(result)[:300]}")
    check_structured(result["structuredContent"], *lines)
    text = result["content"][0]["text"]
    for finding in result["structuredContent"]["findings"]:
        check(finding["title"] in text, f"the text lacks {finding['title']!r}")
    for line in lines:
        check(f"code.py:{line}`" in text, f"the text does not name line {line}")


def check_structured(content: Mapping[str, Any], *lines: int) -> None:
    """No key was given, so evidence alone speaks, and says so."""
    check(content["status"] == "evidence_only", f"status is {content['status']} without any key")
    check(content["summary"] and content["run"]["id"], "no summary or no run id")
    check(not content["run"]["models"], "a model was heard without any key")
    found = {finding["start_line"] for finding in content["findings"]}
    missing = set(lines) - found
    check(not missing, f"no finding on line {missing}: {sorted(found)}")
    for finding in content["findings"]:
        check(finding["quote"] and finding["sources"], f"{finding['title']!r} has no quote or no source")


def check_documentation(result: Mapping[str, Any]) -> None:
    check(not result.get("isError"), f"the call failed: {json.dumps(result)[:300]}")
    content = result["structuredContent"]
    check(all(name in content["document"] for name in ("find", "total")), "the document lacks a function")
    check(content["coverage"]["symbols"] >= len(("find", "total")), f"coverage: {content['coverage']}")


def check_resources(read: Callable[[str], Sequence[Mapping[str, Any]]], run_id: str) -> None:
    """The dashboard counts the calls made, the models are listed, and a run can be read again in both forms."""
    dashboard = read("manyeyes://dashboard")[0]["text"]
    check("security_scan" in dashboard, f"the dashboard does not know of the call: {dashboard[:200]}")
    models = json.loads(read("manyeyes://models")[0]["text"])
    check({"anthropic", "openai", "google"} <= {model["ref"].partition(":")[0] for model in models}, "a vendor lacks")
    check(not any(model["available"] for model in models), "keys appeared")
    again = json.loads(read(f"manyeyes://runs/{run_id}")[0]["text"])
    check(again["run"]["id"] == run_id, "the run read again is another one")
    sarif = json.loads(read(f"manyeyes://runs/{run_id}/sarif")[0]["text"])
    check(sarif["version"] == "2.1.0" and sarif["runs"][0]["results"], "the SARIF report is empty")


def check_progress(steps: Iterable[float]) -> None:
    steps = list(steps)
    check(steps, "no progress was reported")
    check(all(later > earlier for earlier, later in pairwise(steps)), f"progress went back: {steps}")
