"""The whole tool against the weak application and its repaired twin."""

from __future__ import annotations

import json

import anyio
import httpx2
import pytest

from manyeyes.errors import BadCall
from manyeyes_tools.reports import markdown, sarif, terminal

ALL = {"MANYEYES_DAST_UNSAFE_METHODS": "true"}
PLANTED = {
    ("sql-injection", "/search"), ("sql-injection", "/quiet"), ("sql-injection", "/user/1"),
    ("reflected-xss", "/greet"), ("reflected-xss", "/attribute"), ("reflected-xss", "/inline"),
    ("stored-xss", "/notes"), ("path-traversal", "/file"), ("command-injection", "/ping"),
    ("server-side-request", "/fetch"), ("open-redirect", "/go"), ("template-injection", "/card"),
    ("code-evaluation", "/calculate"), ("header-content-security-policy", "/"), ("cors", "/profile"),
    ("header-x-content-type-options", "/"), ("header-x-frame-options", "/"), ("cookie-httponly", "/"),
    ("cookie-samesite", "/"), ("error-leak", "/number"), ("sql-injection", "/queue"), ("path-traversal", "/assets/"),
    ("sql-injection", "/api/items"),
}  # fmt: skip


def proved(result, url):
    return {
        (source.removeprefix("manyeyes:dast-"), step.path.removeprefix(url))
        for finding in result.findings
        for source in finding.sources
        if source.startswith("manyeyes:dast-")
        for step in finding.trace
        if step.path.startswith(url)
    }


@pytest.mark.anyio
async def test_every_planted_weakness_is_proved(weak, away, scan):
    result = await scan(weak, ALL, target_url=weak)
    assert proved(result, weak) - PLANTED <= {("error-leak", "/go")}
    assert proved(result, weak) >= PLANTED
    assert (result.status, result.problems) == ("complete", [])
    assert all(one.trace and one.cwe and one.suggestion and one.confidence >= 0.95 for one in result.findings)
    assert any("/logout" in note for note in result.notes)
    assert any(away[0] in note for note in result.notes)
    assert away[1] == []
    log = json.loads(sarif.report(result, tool_version="1"))
    places = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in log["runs"][0]["results"]]
    assert all(place.startswith(weak) for place in places)
    assert len({finding.id for finding in result.findings}) == len(result.findings)


@pytest.mark.anyio
async def test_nothing_is_reported_where_it_was_repaired(repaired, away, scan):
    result = await scan(repaired, ALL, target_url=repaired)
    assert result.findings == []
    assert "Nothing was proved" in result.summary
    assert (result.status, away[1]) == ("complete", [])


PART = """\
import sqlite3, subprocess, urllib.request
from flask import Flask, request

app = Flask(__name__)


@app.get("/search")
def search():
    name = request.args.get("q", "")
    return str(sqlite3.connect("a").execute(f"SELECT name FROM users WHERE name = '{name}'").fetchall())


@app.get("/ping")
def ping():
    host = request.args.get("host", "")
    return subprocess.run(f"echo ping {host}", shell=True, capture_output=True, text=True).stdout


@app.get("/go")
def go():
    return later(request.args["next"])


@app.get("/turns")
def turns():
    q = request.args.get("q", "")
    return eval(q)


@app.post("/notes")
def notes():
    return request.form["text"]


@app.get("/logout")
def logout():
    return ""
"""


@pytest.mark.anyio
async def test_findings_of_the_code_are_marked_where_they_were_proved(weak, scan):
    few = {"MANYEYES_DAST_MAX_PAGES": "1"}
    result = await scan(weak, few, target_url=f"{weak}/about", code=PART, language="python")
    static = [one for one in result.findings if any(not two.startswith("manyeyes:dast-") for two in one.sources)]
    both = [one for one in static if any(two.startswith("manyeyes:dast-") for two in one.sources)]
    assert sorted(one.cwe for one in both) == ["CWE-78", "CWE-89"]
    assert all(one.confidence == 0.99 and "Proved at" in one.explanation for one in both)
    assert all(one.path == "code.py" and one.trace[-1].path.startswith(weak) for one in both)
    (seen,) = [one for one in static if one.cwe == "CWE-95"]  # the code says so, and no request could show it
    assert seen.confidence < 0.99
    (own,) = [one for one in result.findings if one not in static and one.cwe == "CWE-601"]
    assert (own.path, own.quote) == ("code.py", "def go():")
    assert any("POST /notes" in problem and "unsafe_methods" in problem for problem in result.problems)
    assert result.status == "partial"
    async with httpx2.AsyncClient(trust_env=False) as http:
        assert "LOGGED OUT" not in (await http.get(f"{weak}/notes")).text  # the code tells of /logout too


@pytest.mark.anyio
async def test_without_a_target_nothing_is_run_and_the_plan_is_told(away, scan):
    result = await scan("", paths=["weak_application.py"])
    assert result.summary.startswith("Nothing was run.")
    assert (result.findings, result.status, result.rules_run) == ([], "partial", 0)
    assert {"CWE-89", "CWE-79", "CWE-22", "CWE-78", "CWE-918", "CWE-601", "CWE-1336", "CWE-942", "CWE-209"} <= {
        row.cwe for row in result.plan
    }
    searches = [row for row in result.plan if "?q=" in row.request]
    assert searches
    assert {tuple(row.parameters) for row in searches} <= {("q",), ()}
    assert all(row.expects for row in result.plan)
    for text in (markdown.report(result), terminal.report(result, colour=False, width=100)):
        assert "What a target would get" in text
        assert "CWE-1336" in text
    assert away[1] == []


@pytest.mark.anyio
@pytest.mark.parametrize("change", ["localhost", "port", "scheme", "host"])
async def test_a_target_out_of_scope_is_refused(weak, away, scan, change):
    other = {
        "localhost": weak.replace("127.0.0.1", "localhost"),
        "port": away[0],
        "scheme": weak.replace("http:", "https:"),
        "host": "http://example.com",
    }[change]
    refused = await scan(weak, target_url=other)
    assert isinstance(refused, BadCall)
    assert "has not listed" in str(refused)
    assert away[1] == []


@pytest.mark.anyio
async def test_a_project_cannot_list_a_target(weak, scan, tmp_path):
    (tmp_path / "manyeyes.toml").write_text(f'[dast]\ntargets = ["{weak}"]\n')
    (tmp_path / "app.py").write_text("x = 1\n")
    refused = await scan("", {"MANYEYES_ROOTS": str(tmp_path)}, target_url=weak, paths=["app.py"])
    assert isinstance(refused, BadCall)
    assert "has not listed" in str(refused)


@pytest.mark.anyio
async def test_bounds_are_kept_and_told(weak, scan):
    few = await scan(weak, {"MANYEYES_DAST_MAX_REQUESTS": "40"}, target_url=weak)
    assert " 40 requests" in few.summary
    assert any("the limit of 40 requests is reached" in problem for problem in few.problems)
    assert few.status == "partial"
    short = await scan(weak, {"MANYEYES_DAST_MAX_SECONDS": "0.2"}, target_url=weak)
    assert any("0.2 seconds were up" in problem for problem in short.problems)


@pytest.mark.anyio
async def test_it_stops_on_request(weak, scan):
    with anyio.move_on_after(0.5) as scope:
        await scan(weak, {"MANYEYES_DAST_REQUESTS_PER_SECOND": "20"}, target_url=weak)
    assert scope.cancelled_caught


@pytest.mark.anyio
async def test_a_target_that_is_not_there_is_no_clean_target(scan):
    refused = await scan("http://127.0.0.1:9", target_url="http://127.0.0.1:9")
    assert isinstance(refused, BadCall)
    assert "Nothing answers" in str(refused)


@pytest.mark.anyio
async def test_without_code_or_target_there_is_nothing_to_do(scan):
    assert "target_url" in str(await scan(""))
    assert "nothing can be planned" in str(await scan("", code="x = 1", language="python"))
