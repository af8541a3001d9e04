from __future__ import annotations

import gzip
import json

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from manyeyes_tools.findings import Severity, Step
from manyeyes_tools.reports import sarif
from manyeyes_tools.reports.fixes import Replacement, replacements


def run_of(result) -> dict:
    text = sarif.report(result, tool_version="1.2.3")
    Sarif.model_validate_json(text)  # generated from the official schema; unknown properties are refused
    return json.loads(text)["runs"][0]


def test_a_finding_becomes_a_result_with_its_rule(review):
    run = run_of(review)
    first, second = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CWE-89", "error-handling"]
    assert rules[first["ruleIndex"]]["id"] == first["ruleId"] == "CWE-89"
    assert rules[0]["shortDescription"]["text"] == "CWE-89: SQL Injection."
    assert {"security", "external/cwe/cwe-089", "injection"} <= set(rules[0]["properties"]["tags"])
    assert rules[0]["helpUri"] == "https://cwe.mitre.org/data/definitions/89.html"
    assert rules[0]["properties"]["security-severity"] == "9.5"
    assert "security-severity" not in rules[1]["properties"]
    assert (first["level"], second["level"]) == ("error", "note")
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "shop/payment.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == place["region"]["endLine"] == 12
    assert place["region"]["snippet"]["text"] == review.findings[0].quote
    assert first["partialFingerprints"]["manyeyesFindingId/v1"] == "F-1a2b3c4d"
    assert first["partialFingerprints"]["primaryLocationLineHash"].endswith(":1")
    assert first["rank"] == 95.0
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_the_worst_finding_sets_the_severity_of_its_rule(review, injection):
    mild = injection.model_copy(update={"severity": Severity.LOW, "id": "F-2"})
    run = run_of(review.model_copy(update={"findings": [mild, injection]}))
    assert run["tool"]["driver"]["rules"][0]["properties"]["security-severity"] == "9.5"
    assert [one["level"] for one in run["results"]] == ["note", "error"]


def test_a_failure_is_an_unsuccessful_run(scan):
    (invocation,) = run_of(scan)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"] == [
        {"level": "error", "message": {"text": "openai:gpt-5.5 failed: 500"}}
    ]


def test_evidence_alone_without_a_model_is_a_successful_run(scan, silent):
    alone = scan.model_copy(update={"run": silent, "status": "evidence_only", "problems": ["no key"]})
    (invocation,) = run_of(alone)["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["toolExecutionNotifications"][0]["level"] == "warning"


def test_the_same_result_gives_the_same_bytes(review):
    assert sarif.report(review, tool_version="1") == sarif.report(
        type(review).model_validate_json(review.model_dump_json()), tool_version="1"
    )


def test_a_patch_that_applies_becomes_a_fix(review):
    (fix,) = run_of(review)["results"][0]["fixes"]
    (change,) = fix["artifactChanges"]
    assert change["artifactLocation"]["uri"] == "shop/payment.py"
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 12, "startColumn": 1, "endLine": 14, "endColumn": 1},
            "insertedContent": {
                "text": '    query = "SELECT * FROM users WHERE id = ?"\n    return await db.execute(query, (user,))\n'
            },
        }
    ]


@pytest.mark.parametrize(
    "change",
    [{"applies": False}, {"patch": None}, {"patch": "@@ -1 +1 @@\n-a\n+<secret:aws:1>\n"}, {"patch": "nonsense"}],
)
def test_no_fix_is_offered_that_could_do_harm(review, injection, change):
    bad = injection.model_copy(update={"suggestion": injection.suggestion.model_copy(update=change)})
    assert "fixes" not in run_of(review.model_copy(update={"findings": [bad]}))["results"][0]


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("a b/ü#1.py", {"uri": "a%20b/%C3%BC%231.py", "uriBaseId": "%SRCROOT%"}),
        ("/tmp/x.py", {"uri": "file:///tmp/x.py"}),
        ("http://localhost:80/a?b=c", {"uri": "http://localhost:80/a?b=c"}),
    ],
)
def test_paths_become_addresses(review, injection, path, location):
    run = run_of(review.model_copy(update={"findings": [injection.model_copy(update={"path": path})]}))
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == location


def test_hostile_text_stays_text(review, injection):
    bad = injection.model_copy(
        update={
            "title": "\x1b[2J [x](1) {0}",
            "category": "a b/<c>",
            "quote": "\ud800\x00",
            "start_line": 0,
            "end_line": 0,
        }
    )
    result = run_of(review.model_copy(update={"findings": [bad]}))["results"][0]
    assert result["message"]["text"].startswith("\\x1b[2J \\[x\\](1) {{0}}.\n")
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "endLine": 1, "snippet": {"text": "\\ud800\\x00"}}


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ("@@ -3,0 +4,2 @@\n+a\n+b\n", [Replacement(4, 4, "a\nb\n")]),
        ("@@ -3,2 +2,0 @@\n-a\n-b\n", [Replacement(3, 5, "")]),
        ("@@ -1,3 +1,3 @@\n-a\n+b\n x\n-c\n+d\n", [Replacement(1, 2, "b\n"), Replacement(3, 4, "d\n")]),
        ("@@ -1 +1 @@\n--- sql comment\n+++ x\n", [Replacement(1, 2, "++ x\n")]),
        ("@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", []),
        ("@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", []),
        ("@@ -1 +1 @@\n-a\n+b\n--- a/two\n+++ b/two\n@@ -1 +1 @@\n-c\n+d\n", []),
        ("@@ -1,9 +1,9 @@\n-a\n", []),
        ("", []),
    ],
)
def test_a_diff_becomes_replacements(patch, expected):
    assert list(replacements(patch)) == expected


def traced(finding):
    return finding.model_copy(
        update={
            "trace": [
                Step(path="shop/web.py", line=4, note="`request.args` comes with the request"),
                Step(path="shop/payment.py", line=12, note="it does harm here"),
            ]
        }
    )


def test_a_trace_becomes_a_code_flow(review, injection):
    result = run_of(review.model_copy(update={"findings": [traced(injection)]}))["results"][0]
    ((thread,),) = [flow["threadFlows"] for flow in result["codeFlows"]]
    first, last = [step["location"] for step in thread["locations"]]
    assert first["physicalLocation"]["artifactLocation"]["uri"] == "shop/web.py"
    assert first["message"]["text"] == "`request.args` comes with the request"
    assert last["physicalLocation"]["region"] == {"startLine": 12}


def test_rules_are_related_to_cwe_and_owasp(review):
    run = run_of(review)
    related = run["tool"]["driver"]["rules"][0]["relationships"]
    names = [one["target"]["toolComponent"]["name"] for one in related]
    assert names == ["CWE", "OWASP Top 10"] == [one["name"] for one in run["taxonomies"]]
    for one in related:
        target = one["target"]
        taxa = run["taxonomies"][target["toolComponent"]["index"]]["taxa"]
        assert taxa[target["index"]]["id"] == target["id"]
    assert "It is one if:" in run["tool"]["driver"]["rules"][0]["help"]["text"]


def test_fingerprints_stay_when_lines_move(review, injection):
    moved = injection.model_copy(update={"start_line": 99, "end_line": 99})
    prints = [
        run_of(review.model_copy(update={"findings": [one]}))["results"][0]["partialFingerprints"]
        for one in (injection, moved)
    ]
    assert prints[0] == prints[1]


def test_what_models_dismissed_is_suppressed_with_their_words(scan, injection):
    gone = injection.model_copy(update={"id": "F-77777777", "dissent": "openai:gpt-6: it is constant"})
    run = run_of(scan.model_copy(update={"dismissed": [gone]}))
    kept, suppressed = run["results"]
    assert "suppressions" not in kept
    assert suppressed["suppressions"] == [{"kind": "external", "justification": "openai:gpt-6: it is constant"}]


def test_no_more_results_than_services_take_and_a_word_about_the_rest(review, injection):
    many = [injection.model_copy(update={"id": f"F-{number:08x}"}) for number in range(25_010)]
    text = sarif.report(review.model_copy(update={"findings": many}), tool_version="1.2.3")
    (run,) = json.loads(text)["runs"]
    assert len(run["results"]) == 25_000
    assert (
        "10 further findings are left out" in run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    )
    assert len(gzip.compress(text.encode(), 1)) < 25_000_000


def test_a_rule_has_no_more_tags_than_services_take(review, injection):
    many = [injection.model_copy(update={"id": f"F-{n}", "category": f"kind {n}"}) for n in range(40)]
    (rule,) = run_of(review.model_copy(update={"findings": many}))["tool"]["driver"]["rules"]
    assert len(rule["properties"]["tags"]) == 20
    assert {"security", "external/cwe/cwe-089"} <= set(rule["properties"]["tags"])
