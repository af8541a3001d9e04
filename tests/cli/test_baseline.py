from __future__ import annotations

import json

import pytest

from manyeyes.cli import main

NEW = "import os\nfrom flask import request\n\n\ndef listing():\n    os.system('ls ' + request.args['x'])\n"


@pytest.fixture
def scan(project, capsys):
    """Scans the project: exit code, result, what stderr says."""

    def scanned(*more):
        code = main(
            ["scan", "bad.py", "good.py", *(["new.py"] if (project / "new.py").exists() else []), "--json", *more]
        )
        seen = capsys.readouterr()
        return code, json.loads(seen.out) if seen.out.strip() else {}, seen.err

    return scanned


def test_only_what_is_new_counts(project, scan):
    code, first, err = scan("--write-baseline", "known.json", "--fail-on", "high")
    assert code == 1
    assert first["findings"]
    assert f"{len(first['findings'])} findings are known from now on" in err
    code, again, _ = scan("--baseline", "known.json", "--fail-on", "info")
    assert (code, again["findings"], again["counts"]) == (0, [], {})
    assert again["suppressed"]["reasons"]["it is in the baseline"] == len(first["findings"])
    (project / "new.py").write_text(NEW)
    code, third, _ = scan("--baseline", "known.json", "--fail-on", "high")
    assert code == 1
    assert {one["path"] for one in third["findings"]} == {"new.py"}


def test_what_is_known_is_told_once(project, scan, capsys):
    scan("--write-baseline", "known.json")
    assert main(["scan", "bad.py", "--baseline", "known.json"]) == 0
    text = capsys.readouterr().out
    assert "Against known.json: 0 new, " in text
    assert "it is in the baseline" not in text
    assert "not shown" not in text


def test_lines_that_move_make_nothing_new(project, scan):
    scan("--write-baseline", "known.json")
    bad = project / "bad.py"
    bad.write_text("# a comment\n\n\n" + bad.read_text())
    code, result, _ = scan("--baseline", "known.json", "--fail-on", "info")
    assert (code, result["findings"]) == (0, [])


def test_what_was_fixed_is_counted_and_leaves_with_an_update(project, scan):
    _, first, _ = scan("--write-baseline", "known.json")
    (project / "bad.py").write_text("def run():\n    return 1\n")
    _, result, _ = scan("--baseline", "known.json", "--update")
    assert f"{len(first['findings'])} fixed." in result["summary"]
    assert json.loads((project / "known.json").read_text())["findings"] == []


def test_the_sarif_report_tells_new_from_known(project, scan):
    scan("--write-baseline", "known.json")
    (project / "new.py").write_text(NEW)
    scan("--baseline", "known.json", "--sarif", "out.sarif")
    results = json.loads((project / "out.sarif").read_text())["runs"][0]["results"]
    states = {
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]: one["baselineState"] for one in results
    }
    assert states == {"bad.py": "unchanged", "new.py": "new"}


def test_a_sarif_report_serves_as_a_baseline(project, scan):
    scan("--sarif", "before.sarif")
    code, result, _ = scan("--baseline", "before.sarif", "--fail-on", "info")
    assert (code, result["findings"]) == (0, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [(None, "Write it first"), ("{", "is no JSON"), ("[]", "is no baseline"), ('{"findings": []}', "is no baseline")],
)
def test_a_baseline_that_is_none_is_wrong_use(project, scan, text, told):
    if text is not None:
        (project / "known.json").write_text(text)
    code, _, err = scan("--baseline", "known.json")
    assert code == 2
    assert told in err


def test_pages_are_written_beside_the_report(project, scan):
    scan("--html", "out.html", "--markdown", "out.md")
    assert (project / "out.html").read_text().startswith("<!doctype html>")
    assert (project / "out.md").read_text().startswith("### Security scan (sast)")


def test_what_models_had_found_stays_known_while_they_fail(project, scan, serving, monkeypatch):
    scan("--write-baseline", "known.json")
    known = json.loads((project / "known.json").read_text())
    known["findings"].append({"id": "F-00000001", "severity": "high", "cwe": "", "path": "bad.py", "title": "Named"})
    (project / "known.json").write_text(json.dumps(known))
    port = serving(500, {"error": {"message": "down"}})
    monkeypatch.setenv("MANYEYES_ENDPOINTS_HOUSE_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("MANYEYES_ENDPOINTS_HOUSE_MODELS", "tiny")
    code, result, _ = scan("--model", "house:tiny", "--baseline", "known.json", "--update")
    assert code == 4
    assert result["status"] == "evidence_only"
    assert "fixed" not in result["summary"]
    assert "F-00000001" in {one["id"] for one in json.loads((project / "known.json").read_text())["findings"]}
