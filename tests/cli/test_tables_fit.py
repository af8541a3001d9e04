"""What commands show on a narrow terminal, and that a pipe gets all of it."""

from __future__ import annotations

import json

import pytest

from manyeyes.cli import doctor, main
from manyeyes.monitor.columns import plain


@pytest.fixture
def used(project, monkeypatch, capsys):
    """A project in which two models have been asked, one of them in vain."""
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", ())
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{project}/state.db")
    usage = {"input_tokens": 123_456, "output_tokens": 4_321}
    script = {"models": {
        "a-model-of-a-rather-long-name": [{"text": "An answer.", "usage": usage, "times": None}],
        "another": [{"error": "invalid_answer", "message": "no", "usage": usage, "times": None}],
    }}  # fmt: skip
    (project / "script.json").write_text(json.dumps(script))
    monkeypatch.setenv("MANYEYES_SCRIPTED_FILE", str(project / "script.json"))
    for model, code in (("a-model-of-a-rather-long-name", 0), ("another", 3)):
        assert main(["ask", "Why?", "--model", f"scripted:{model}"]) == code
    capsys.readouterr()
    return project


COMMANDS = [
    ["stats"],
    ["stats", "--costs"],
    ["stats", "--routing"],
    ["models", "--offline"],
    ["route", "chat", "--explain"],
    ["route", "chat", "--explain", "--model", "scripted:a-model-of-a-rather-long-name"],
    ["doctor"],
    ["pipeline", "bad.py", "--model", "scripted:another"],
]


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_on_a_terminal_no_line_is_wider_than_it(used, capsys, monkeypatch, command, columns):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    main(command)
    lines = plain(capsys.readouterr().out).splitlines()
    assert lines
    # A path is not broken in two: whoever copies it wants it whole.
    assert [line for line in lines if len(line) > columns and "/" not in line.split()[-1]] == []


def test_figures_are_whole_on_a_terminal_and_a_pipe_gets_every_column(used, capsys, monkeypatch):
    assert main(["stats"]) == 0
    piped = capsys.readouterr().out
    assert "hedges" in piped.splitlines()[2]
    assert "Left out" not in piped
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["stats"]) == 0
    shown = plain(capsys.readouterr().out)
    assert "hedges" not in shown.splitlines()[2]
    assert "Left out for want of room: " in shown
    for row in (line.split() for line in shown.splitlines() if line.startswith("scripted:")):
        calls = int(row[1])
        assert f"{calls * 123.456:.0f}k" in row  # of calls that failed as well
        assert f"{calls * 4321}" in row
