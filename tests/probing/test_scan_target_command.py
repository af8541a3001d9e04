"""`manyeyes scan --target`: the person is asked in place of the list."""

from __future__ import annotations

import io
import json

import pytest

from manyeyes.cli import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MANYEYES_STATE_URL", "sqlite://")
    monkeypatch.setenv("MANYEYES_DAST_MAX_REQUESTS", "30")
    monkeypatch.setenv("MANYEYES_DAST_REQUESTS_PER_SECOND", "5000")
    return tmp_path


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_yes_is_for_scripts(repaired, here, capsys):
    assert main(["scan", "--target", repaired, "--yes", "--json"]) == 4
    result = json.loads(capsys.readouterr().out)
    assert result["scan_type"] == "dast"
    assert any("30 requests" in problem for problem in result["problems"])


@pytest.mark.parametrize(("answer", "code"), [("y\n", 4), ("n\n", 2), ("", 2)])
@pytest.mark.usefixtures("here")
def test_a_person_is_asked(repaired, capsys, monkeypatch, answer, code):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(["scan", "--target", repaired]) == code
    said = capsys.readouterr()
    assert f"Attacks will be tried on {repaired} (GET, HEAD and OPTIONS alone)" in said.err
    assert ("Nothing was sent." in said.err) == (code == 2)


def test_without_a_terminal_nobody_consented(repaired, here, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["scan", "--target", repaired]) == 2
    assert "Give --yes" in capsys.readouterr().err
    assert main(["scan", "--target", "nowhere", "--yes"]) == 2
    assert "--target" in capsys.readouterr().err


def test_consent_is_for_this_command_alone(repaired, here, capsys):
    assert main(["scan", "--target", repaired, "--yes", "--json"]) == 4
    capsys.readouterr()
    values = json.dumps({"scan_type": "dast", "target_url": repaired})
    assert main(["call", "security_scan", "--args", values]) == 2
    assert "has not listed" in capsys.readouterr().err
