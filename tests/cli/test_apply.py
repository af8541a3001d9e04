"""`review --apply`: what it shows, asks and writes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import time

import pytest

from manyeyes.cli import main

CODE = 'import ast\n\nTOKEN = "hunter2-Ab9xQ7zz"\n\n\ndef run():\n    return eval(input())\n'
EVAL = ("    return eval(input())", "    return ast.literal_eval(input())")
SECRET = ('TOKEN = "<secret:{}:1>"', 'TOKEN = ast.literal_eval("1")')


@pytest.fixture
def says(project, monkeypatch, tmp_path_factory):
    """Makes a scripted model offer changes to a file of the project."""

    def script(*changes, path="bad.py", text=CODE):
        (project / path).write_text(text)
        time.sleep(0.02)
        findings = [
            {
                "path": path, "quote": search, "line": 1, "title": f"Fault {number} in the code", "severity": "high",
                "category": "bug", "explanation": "Wrong.", "confidence": 0.9, "search": search, "replace": replace,
            }
            for number, (search, replace) in enumerate(changes)
        ]  # fmt: skip
        answer = {"summary": "s", "verdict": "comment", "findings": findings, "disputed": []}
        file = tmp_path_factory.mktemp("script") / "script.json"
        file.write_text(json.dumps({"models": {"m": [{"json": answer, "times": None}]}}))
        monkeypatch.setenv("MANYEYES_SCRIPTED_FILE", str(file))
        return project / path

    return script


class Terminal(io.StringIO):
    def isatty(self):
        return True


def review(*more):
    return main(["review", "--model", "scripted:m", "--depth", "quick", *more])


def test_all_is_written_with_yes_and_the_report_alone_is_on_stdout(says, capsys):
    file = says(EVAL)
    assert review("bad.py", "--apply", "--yes", "--json") == 0
    out, err = capsys.readouterr()
    (finding,) = [one for one in json.loads(out)["findings"] if one["suggestion"] and one["suggestion"]["patch"]]
    assert finding["suggestion"]["applies"]
    assert "+    return ast.literal_eval(input())" in err
    assert "1 patch written to bad.py" in err
    assert file.read_text() == CODE.replace("eval(", "ast.literal_eval(")


@pytest.mark.parametrize(
    ("answers", "written"),
    [("y\nn\n", [0]), ("n\ny\n", [1]), ("a\n", [0, 1]), ("q\n", []), ("", []), ("what\ny\nq\n", [0])],
)
def test_each_patch_is_asked_for(says, monkeypatch, capsys, answers, written):
    changes = (("import ast", "import ast as tree"), ("def run():", "def runs():"))
    file = says(*changes)
    monkeypatch.setattr("sys.stdin", Terminal(answers))
    assert review("bad.py", "--apply") == 0
    text = CODE
    for number in written:
        text = text.replace(*changes[number])
    assert file.read_text() == text
    assert ("nothing was written" in capsys.readouterr().err) is not bool(written)


def test_a_masked_secret_goes_and_is_shown_to_nobody(says, capsys):
    file = says(tuple(part.format("password") for part in SECRET))
    code = review("bad.py", "--apply", "--yes", "--json")
    out, err = capsys.readouterr()
    kinds = {one["quote"].partition("<secret:")[2].partition(":")[0] for one in json.loads(out)["findings"]} - {""}
    if kinds != {"password"}:  # whatever the masking calls it
        file = says(tuple(part.format(kinds.pop()) for part in SECRET))
        code = review("bad.py", "--apply", "--yes", "--json")
        out, err = capsys.readouterr()
    assert code == 0
    assert "hunter2" not in out + err
    assert file.read_text() == CODE.replace('"hunter2-Ab9xQ7zz"', 'ast.literal_eval("1")')


def test_nobody_can_be_asked_without_a_terminal(says, monkeypatch, capsys):
    file = says(EVAL)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert review("bad.py", "--apply") == 2
    assert "--yes" in capsys.readouterr().err
    assert file.read_text() == CODE


@pytest.mark.parametrize("wrong", [["--yes"], ["--code-file", "bad.py", "--apply", "--yes"]])
def test_wrong_use_is_told_before_anything_is_asked(says, capsys, wrong):
    says(EVAL)
    assert review(*wrong) == 2
    assert "apply" in capsys.readouterr().err


def test_the_working_trees_change_is_reviewed_and_mended(says, project, capsys):
    says(EVAL)
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*git, *command], check=True, cwd=project)
    file = says(EVAL, text=CODE.replace("def run", "# changed\ndef run"))
    assert review("--apply", "--yes") == 0
    assert "ast.literal_eval" in file.read_text()
    done = subprocess.run([*git, "diff", "--stat"], check=True, cwd=project, capture_output=True, text=True)
    assert "bad.py" in done.stdout


def test_a_patch_that_is_refused_is_named_and_the_others_are_written(says, monkeypatch, capsys):
    file = says(("import ast", "import ast as tree"))
    real = os.rename

    def changed(*arguments, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("manyeyes_tools.atomic_write.os.rename", changed)
    assert review("bad.py", "--apply", "--yes") == 4
    monkeypatch.setattr("manyeyes_tools.atomic_write.os.rename", real)
    assert "not written to bad.py: cannot be written: permission denied" in capsys.readouterr().err
    assert file.read_text() == CODE


def test_scan_applies_too(says, capsys):
    file = says(EVAL)
    assert main(["scan", "bad.py", "--model", "scripted:m", "--depth", "quick", "--apply", "--yes"]) == 0
    assert file.read_text() == CODE.replace("eval(", "ast.literal_eval(")
