from __future__ import annotations

import io
import json
import subprocess

from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from cli.commands import out
from manyeyes.calls.fallback import describe
from manyeyes.cli import main
from manyeyes.desk import Desk
from manyeyes.errors import AllFailed
from manyeyes.types import Attempt, ModelRef, Route


def test_findings_are_shown_and_counted_when_asked(project, capsys):
    assert main(["scan", "bad.py"]) == 0
    text = out(capsys)
    assert "bad.py:2" in text
    assert "2 |" in text
    assert "\x1b" not in text
    assert main(["scan", "bad.py", "--fail-on", "high"]) == 1
    assert main(["scan", "good.py", "--fail-on", "info"]) == 0
    assert main(["scan", "bad.py", "--fail-on", "high", "--sure", "50"]) == 1
    assert main(["scan", "bad.py", "--fail-on", "high", "--sure", "100"]) == 0
    capsys.readouterr()
    assert main(["scan", "bad.py", "--sure", "50"]) == 2
    assert "Add --fail-on" in capsys.readouterr().err
    assert main(["scan", "bad.py", "--fail-on", "high", "--sure", "101"]) == 2
    assert "from 0 to 100" in capsys.readouterr().err


def test_json_and_sarif_carry_the_whole_result(project, capsys):
    assert main(["scan", "bad.py", "--json", "--sarif", "scan.sarif"]) == 0
    result = json.loads(out(capsys))
    assert result["status"] == "evidence_only"
    assert any(one["start_line"] == 2 for one in result["findings"])
    log = json.loads((project / "scan.sarif").read_text())
    Sarif.model_validate(log)
    assert len(log["runs"][0]["results"]) == len(result["findings"])
    assert main(["scan", "bad.py", "--sarif", "-"]) == 0
    assert json.loads(out(capsys))["version"] == "2.1.0"


def test_a_report_goes_to_a_file(project, capsys):
    assert main(["review", "bad.py", "--output", "report.md"]) == 0
    assert (project / "report.md").read_text().startswith("# Code review")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "written to report.md" in captured.err


def test_documentation_alone_goes_into_a_pipe(project, capsys):
    assert main(["docs", "good.py"]) == 0
    text = out(capsys)
    assert "Nothing wrong." in text
    assert "Cost" not in text


def test_colours_on_demand(project, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert main(["scan", "bad.py"]) == 0
    assert "\x1b[" in out(capsys)
    assert main(["scan", "bad.py", "--no-color"]) == 0
    assert "\x1b[" not in out(capsys)


def test_code_and_diff_come_from_stdin(project, capsys, monkeypatch):
    def stdin(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))

    stdin(b"eval(input())\n")
    assert main(["scan", "--code-file", "-", "--language", "python", "--fail-on", "high"]) == 1
    stdin(b"--- a/bad.py\n+++ b/bad.py\n@@ -1,2 +1,2 @@\n def run():\n-    pass\n+    return eval(input())\n")
    capsys.readouterr()
    assert main(["scan", "--diff", "-", "--json"]) == 0
    assert [one["start_line"] for one in json.loads(out(capsys))["findings"]][:1] == [2]
    stdin(b"\xff\xfe\xff")
    assert main(["scan", "--code-file", "-"]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_without_a_word_the_change_of_the_repository_is_reviewed(project, capsys, monkeypatch):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    (project / "sub").mkdir()
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "good.py", "pyproject.toml"], check=True)
    subprocess.run([*git, "commit", "-qm", "first"], check=True)
    (project / "good.py").write_text("def run():\n    return eval(input())\n")
    monkeypatch.chdir(project / "sub")  # a folder inside a repository is enough
    assert main(["review", "--json"]) == 0
    result = json.loads(out(capsys))
    assert any(one["path"].endswith("good.py") and one["start_line"] == 2 for one in result["findings"])


def test_a_named_path_may_be_read_unless_the_operator_says_otherwise(project, capsys, monkeypatch, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "other.py").write_text("eval(input())\n")
    assert main(["scan", str(elsewhere / "other.py"), "--fail-on", "high"]) == 1
    monkeypatch.setenv("MANYEYES_ROOTS", str(project))
    assert main(["scan", str(elsewhere / "other.py"), "--fail-on", "high"]) == 2
    assert "other.py" in capsys.readouterr().err


def test_a_vendor_that_fails_leaves_the_work_done_in_part(project, capsys, monkeypatch, serving):
    port = serving(500, {"error": {"message": "down"}})
    monkeypatch.setenv("MANYEYES_ENDPOINTS_HOUSE_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("MANYEYES_ENDPOINTS_HOUSE_MODELS", "tiny")
    assert main(["scan", "bad.py", "--model", "house:tiny"]) == 4
    text = out(capsys)
    assert "bad.py:2" in text
    assert "house" in text


def test_a_call_prints_one_json_object(project, capsys):
    assert main(["call", "security_scan", "--args", '{"paths": ["bad.py"]}', "--progress"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    result = json.loads(captured.out)
    assert result["scan_type"] == "sast"
    assert result["findings"]
    assert "%" in captured.err


def test_arguments_of_a_call_come_from_a_file_or_stdin(project, capsys, monkeypatch):
    (project / "args.json").write_text('{"paths": ["good.py"]}')
    assert main(["call", "security_scan", "--args", "@args.json"]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO('{"paths": ["good.py"]}'))
    assert main(["call", "security_scan", "--args", "-"]) == 0
    first, second = map(json.loads, out(capsys).splitlines())
    assert first["findings"] == second["findings"] == []


def test_work_that_no_model_did_is_not_done(project, capsys, monkeypatch):
    ref = ModelRef("openai", "gpt-5.5")
    attempt = Attempt(ref=ref, error="vendor_fault", message="the vendor failed: 500", seconds=1.0)

    async def fails(*_arguments: object) -> None:
        raise AllFailed("No model answered.", route=Route(()), attempts=(attempt,))

    monkeypatch.setattr(Desk, "call", fails)
    assert main(["scan", "bad.py", "--fail-on", "low"]) == 3
    assert capsys.readouterr().err == ("manyeyes: No model answered.\n  openai:gpt-5.5: the vendor failed: 500\n")


def test_each_failure_is_told_once(project, capsys, monkeypatch):
    tried = [
        ("openai:gpt-5.5", "the vendor failed: 500; asked 2 times"),
        ("google:g", "no; really"),
        ("google:g", "no"),
    ]
    attempts = [
        Attempt(ref=ModelRef(*name.split(":")), error="vendor_fault", message=message, seconds=1.0)
        for name, message in tried
    ]

    async def fails(*_arguments: object) -> None:
        raise AllFailed(describe(attempts[:many]), route=Route(()), attempts=tuple(attempts[:many]))

    monkeypatch.setattr(Desk, "call", fails)
    many = 3
    assert main(["review", "bad.py"]) == 3
    assert capsys.readouterr().err == (
        "manyeyes: No model answered:\n"
        "  openai:gpt-5.5 vendor fault (the vendor failed: 500; asked 2 times)\n"
        "  google:g vendor fault (no; really)\n"
        "  google:g vendor fault (no)\n"
    )
    many = 1
    assert main(["review", "bad.py"]) == 3
    told = "openai:gpt-5.5 vendor fault (the vendor failed: 500; asked 2 times)"
    assert capsys.readouterr().err == f"manyeyes: No model answered: {told}\n"


def test_files_may_stand_on_both_sides_of_an_option(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("x = eval(input())\n")
    assert main(["scan", "one.py", "--fail-on", "high", "two.py"]) == 1
    said = capsys.readouterr().out
    assert "one.py:1" in said
    assert "two.py:1" in said
    assert "it does harm here" not in said  # a way of one step, which is the place itself
