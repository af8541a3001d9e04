from __future__ import annotations

import json
import subprocess

import pytest

from manyeyes.cli import main


@pytest.fixture
def clean(tmp_path, monkeypatch):
    """A repository without changes, as the working directory."""
    commit = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "start"]
    for command in (["git", "init", "-q"], commit):
        subprocess.run(command, cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    return tmp_path


@pytest.mark.parametrize(
    "arguments", [["review"], ["scan", "--git", "HEAD", "--fail-on", "low"], ["scan", "--git", "staged"]]
)
def test_a_check_on_a_tree_without_changes_passes(clean, arguments, capsys):
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert "no changes" in said.err
    assert said.out == ""


def test_an_empty_diff_passes(clean, tmp_path, capsys):
    (tmp_path / "empty.diff").write_text("")
    assert main(["review", "--diff", str(tmp_path / "empty.diff")]) == 0
    assert "no changes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "own"),
    [
        (["review"], {"findings": [], "verdict": None}),
        (["scan"], {"findings": [], "scan_type": "sast", "rules_run": 0}),
        (["scan", "--type", "sca", "--git", "HEAD"], {"findings": [], "scan_type": "sca", "packages": []}),
        (["pipeline", "--mode", "parallel"], {"mode": "parallel", "review": None, "merged": []}),
    ],
)
def test_programs_get_an_empty_result_that_says_so(clean, verb, own, capsys):
    assert main([*verb, "--json"]) == 0
    said = capsys.readouterr()
    assert "no changes" in said.err
    result = json.loads(said.out)
    assert result["status"] == "evidence_only"
    assert result["summary"].startswith("Nothing was looked at. There are no changes")
    assert result["run"]["models"] == []
    assert own.items() <= result.items()


@pytest.mark.parametrize("verb", ["review", "scan", "pipeline"])
def test_a_sarif_report_is_there_to_be_uploaded(clean, verb, tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("reports")
    report = folder / "report.sarif"
    report.write_text("of an earlier run")
    assert main([verb, "--git", "HEAD", "--sarif", str(report), "--fail-on", "low", "--output", str(folder / "o")]) == 0
    (run,) = json.loads(report.read_text())["runs"]
    assert run["results"] == []
    assert run["tool"]["driver"]["name"] == "manyeyes"
    assert run["invocations"][0]["executionSuccessful"] is True
    # Services tell the alerts of several tools apart by this; a change without code must not look like another tool.
    kind = "code-review" if verb == "review" else "security-scan-(sast)"
    assert run["automationDetails"]["id"] == f"manyeyes/{kind}/"


def test_every_report_that_was_wanted_is_written(clean, tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("reports")
    files = {name: folder / name for name in ("output", "html", "markdown")}
    assert main(["review", *(text for name, file in files.items() for text in (f"--{name}", str(file)))]) == 0
    for file in files.values():
        assert "Nothing was looked at." in file.read_text()
    assert main(["pipeline", "--output", str(folder / "all")]) == 0
    assert "Nothing was looked at." in (folder / "all" / "report.md").read_text()
    assert json.loads((folder / "all" / "findings.sarif").read_text())["runs"][0]["results"] == []


def test_what_would_tell_of_nothing_as_if_it_were_all_is_left_alone(clean, tmp_path_factory, capsys):
    folder = tmp_path_factory.mktemp("reports")
    known, bill = folder / "known.json", folder / "bom.json"
    known.write_text("{}")
    assert main(["review", "--write-baseline", str(known)]) == 0
    assert f"{known} was not written, since nothing was looked at" in capsys.readouterr().err
    assert known.read_text() == "{}"
    assert main(["scan", "--type", "sca", "--git", "HEAD", "--sbom", str(bill)]) == 0
    assert f"{bill} was not written, since nothing was looked at" in capsys.readouterr().err
    assert not bill.exists()
