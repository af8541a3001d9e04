from __future__ import annotations

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


def test_a_report_of_before_is_not_taken_for_this_one(clean, tmp_path_factory, capsys):
    report = tmp_path_factory.mktemp("reports") / "old.sarif"
    assert main(["review", "--sarif", str(report)]) == 0
    assert "earlier run" not in capsys.readouterr().err
    report.write_text("{}")
    assert main(["review", "--sarif", str(report)]) == 0
    assert f"{report} was not written: it tells of an earlier run." in capsys.readouterr().err
