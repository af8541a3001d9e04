"""`manyeyes pipeline`: the folder that it writes."""

from __future__ import annotations

import json

import pytest

from manyeyes.cli import main


def test_a_folder_that_it_makes_is_kept_out_of_git(project, capsys):
    assert main(["pipeline", "bad.py"]) == 0
    made = project / "manyeyes-report"
    assert sorted(file.name for file in made.iterdir()) == [
        ".gitignore", "documentation.md", "findings.sarif", "report.md",
    ]  # fmt: skip
    assert (made / ".gitignore").read_text() == "*\n"
    (made / ".gitignore").write_text("mine\n")
    assert main(["pipeline", "bad.py"]) == 0
    assert (made / ".gitignore").read_text() == "mine\n"


def test_a_folder_that_was_there_gets_no_gitignore(project, capsys):
    (project / "out").mkdir()
    assert main(["pipeline", "bad.py", "--output", "out"]) == 0
    assert not (project / "out" / ".gitignore").exists()
    assert json.loads((project / "out" / "findings.sarif").read_text())["version"] == "2.1.0"


def test_what_an_earlier_run_left_is_told_apart(project, capsys):
    assert main(["pipeline", "bad.py"]) == 0
    assert "earlier run" not in capsys.readouterr().err
    assert main(["pipeline", "bad.py", "--mode", "parallel"]) == 0
    assert "of an earlier run: manyeyes-report/documentation.md" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "said"),
    [("bad.py", "bad.py is a file"), ("bad.py/x", "bad.py is not writable"), ("", "")],
)
def test_what_cannot_be_written_is_told_before_anything_is_looked_at(project, capsys, monkeypatch, output, said):
    from manyeyes.desk import Desk

    async def never(*_):
        raise AssertionError("it was looked at")

    if said:
        monkeypatch.setattr(Desk, "call", never)
        assert main(["pipeline", "good.py", "--output", output]) == 2
        assert said in capsys.readouterr().err
    else:  # `--output ''` is this folder
        assert main(["pipeline", "good.py", "--output", output]) == 0
