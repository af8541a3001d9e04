from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manyeyes.cli import main
from manyeyes.monitor.columns import plain

if TYPE_CHECKING:
    from pathlib import Path


def test_documents_that_disagree_fail(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "code.py").write_text('"""Pays."""\n\ndef pay(amount: int = 3) -> int:\n    """Pay."""\n')
    write = ["docs", "code.py", "--output", "api.md"]
    assert main([*write, "--check"]) == 2
    assert "Write it first" in capsys.readouterr().err
    assert main(write) == 0
    told = capsys.readouterr().err
    assert "No model was asked" in told
    assert len(told.splitlines()[0]) < 120
    assert main([*write, "--check"]) == 0
    assert "they agree" in capsys.readouterr().out
    before = (project / "api.md").read_text()
    (project / "code.py").write_text('"""Pays."""\n\ndef pay(amount: int = 4) -> int:\n    """Pay."""\n')
    assert main([*write, "--check"]) == 1
    out = capsys.readouterr().out
    assert "api.md:" in out
    assert "amount: int = 4" in out
    assert "without --check" in out
    assert (project / "api.md").read_text() == before


def test_guides_and_docstrings_are_checked_without_a_document(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "code.py").write_text('"""Pays."""\n\ndef pay(amount: int = 3) -> int:\n    """Pay."""\n')
    (project / "README.md").write_text("# Use\n\n## `pay(amount)`\n\nThe `amount` defaults to `5`.\n")
    assert main(["docs", "code.py", "README.md", "--check"]) == 1
    assert "README.md:5" in capsys.readouterr().out


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_shows_what_disagrees_without_marks_of_markdown(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, colour: bool
) -> None:
    (project / "code.py").write_text('"""Pays."""\n\ndef pay(amount: int = 3) -> int:\n    """Pay."""\n')
    (project / "README.md").write_text("# Use\n\n## `pay(amount)`\n\nThe `amount` defaults to `5`.\n")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "70")
    monkeypatch.setenv("TERM", "xterm")
    assert main(["docs", "code.py", "README.md", "--check", *([] if colour else ["--no-color"])]) == 1
    out = capsys.readouterr().out
    lines = plain(out).splitlines()
    assert ("\x1b[1mREADME.md:5\x1b[0m" in out) is colour
    assert "README.md:5" in lines
    assert lines[lines.index("README.md:5") + 1].startswith("  says          The `amount` defaults to `5`")
    assert not [line for line in lines if line.startswith(("**", "- ", "---", "#"))]
    assert max(map(len, lines)) <= 72
    assert main(["docs", "code.py"]) == 0
    out = capsys.readouterr().out
    assert "**Markdown reference" not in out
    assert "Status: evidence only, no model was heard." in out
    assert "\x1b[1m# Module `code`\x1b[0m" in out
