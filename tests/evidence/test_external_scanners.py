"""Scanners of the operator's: what they report is used, and what goes wrong with them is said."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import anyio
import pytest

from manyeyes import settings as operator
from manyeyes.desk import Desk
from manyeyes.errors import SettingsError
from manyeyes_tools.evidence import scanner_process
from manyeyes_tools.merging import is_engine

pytestmark = pytest.mark.anyio

APP = "import hashlib\n\n\ndef weak(text):\n    return run(text)\n"
FAKE = """\
import json, os, sys
how, output, *paths = sys.argv[1:]
if how == "environment":
    sys.stderr.write("\\n".join(os.environ))
    sys.exit(3)
if how == "silent":
    sys.exit(0)
if how == "garbage":
    print("no findings!")
    sys.exit(0)
if how == "sleep":
    import time
    time.sleep(60)
if how == "flood":
    while True:
        sys.stdout.write("x" * 65536)
result = {
    "ruleId": "X1", "level": "error", "message": {"text": "what is run comes from outside"},
    "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": paths[0]}, "region": {"startLine": 5}}}],
}
if how == "outside":
    result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] = "../../../etc/passwd"
if how == "import":
    import colour  # lies in the project, not beside us
log = {"version": "2.1.0", "runs": [{
    "tool": {"driver": {"name": "fake", "rules": [{
        "id": "X1", "shortDescription": {"text": "Anything is run."}, "help": {"text": "Do not run it."},
        "properties": {"tags": ["security", "external/cwe/cwe-78"], "security-severity": "9.8", "precision": "high"},
    }]}},
    "invocations": [{"executionSuccessful": how != "failed", "toolExecutionNotifications": []}],
    "results": [result],
}]}
text = json.dumps(log)
if output == "-":
    print(text)
else:
    open(output, "w").write(text)
sys.exit(1)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "app.py").write_text(APP)
    return folder


async def scan(project: Path, *scanners: dict[str, object], **arguments: object) -> dict[str, object]:
    """The result of a scan with these scanners in the operator's file."""
    home = project.parent
    text = "".join(
        "[[security.external]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in one.items())
        for one in scanners
    )
    (home / "operator.toml").write_text(text)
    environ = {
        "MANYEYES_CONFIG": str(home / "operator.toml"),
        "MANYEYES_ROOTS": str(project),
        "MANYEYES_STATE_URL": "sqlite://",
        "HOME": str(home),
    }
    async with Desk.open(operator.load(environ, cwd=project), environ) as desk:
        return (await desk.call("security_scan", arguments or {"paths": ["."]})).model_dump(mode="json")


def fake(project: Path, how: str, output: str = "-", **more: object) -> dict[str, object]:
    script = project.parent / "fake.py"
    script.write_text(FAKE)
    return {"name": "fake", "command": [sys.executable, str(script), how, output, "{paths}"], **more}


@pytest.mark.parametrize("output", ["-", "{output}"])
async def test_what_a_scanner_reports_becomes_a_finding(project: Path, output: str) -> None:
    result = await scan(project, fake(project, "report", output, languages=["python"]))
    [one] = [one for one in result["findings"] if one["sources"] == ["fake/X1"]]
    assert (one["path"], one["start_line"], one["cwe"], one["severity"]) == ("app.py", 5, "CWE-78", "critical")
    assert one["quote"] == "    return run(text)"
    assert one["title"] == "Anything is run"
    assert one["confidence"] == 0.8
    assert one["suggestion"]["explanation"] == "Do not run it."
    assert is_engine("fake/X1")
    assert not any("fake" in line for line in result["problems"])


async def test_code_that_came_as_text_is_written_for_a_scanner(project: Path) -> None:
    result = await scan(project, fake(project, "report"), code=APP, language="python")
    assert ["fake/X1"] in [one["sources"] for one in result["findings"]]


@pytest.mark.parametrize(("how", "said"), [
    ("silent", "fake gave no evidence: it wrote nothing"),
    ("garbage", "fake gave no evidence: what it wrote is no SARIF"),
    ("sleep", "longer than 0.5 seconds"),
    ("flood", "wrote more than"),
    ("failed", "did not succeed"),
    ("environment", "exit code 3"),
    ("import", "No module named 'colour'"),
])  # fmt: skip
async def test_a_scanner_that_fails_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, how: str, said: str
) -> None:
    if how == "flood":
        monkeypatch.setattr(scanner_process, "MOST_OUTPUT", 1_000_000)
    (project / "colour.py").write_text("raise SystemExit('the project was run')\n")
    result = await scan(project, fake(project, how, timeout_s=0.5 if how == "sleep" else 20))
    assert any(said in line for line in result["problems"]), result["problems"]


async def test_a_scanner_that_is_not_there_is_named(project: Path) -> None:
    (project / "mine").write_text("#!/bin/sh\ntouch executed\n")
    (project / "mine").chmod(0o755)
    result = await scan(
        project,
        {"name": "none", "command": ["no-such-scanner-here"]},
        {"name": "near", "command": ["./mine", "{root}"]},
    )
    assert any("none gave no evidence: `no-such-scanner-here` is not installed" in line for line in result["problems"])
    assert any("near gave no evidence: its command must be" in line for line in result["problems"])
    assert not (project / "executed").exists()


async def test_files_outside_are_no_findings(project: Path) -> None:
    result = await scan(project, fake(project, "outside"))
    assert not [one for one in result["findings"] if "fake/X1" in one["sources"]]
    assert any("fake: 1 result outside the files at hand" in line for line in result["notes"])


async def test_a_scanner_is_given_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "MY_PASSWORD", "PYTHONPATH"):
        monkeypatch.setenv(name, "value")
    script = tmp_path / "show.py"
    script.write_text("import os\nprint(sorted(os.environ))\n")
    ended = await scanner_process.run_scanner([sys.executable, str(script)], cwd=tmp_path, timeout_s=20)
    given = set(json.loads(ended.output.decode().replace("'", '"')))
    assert given <= {
        *scanner_process.KEPT, *(one for one in given if one.startswith("LC_")),
        "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUTF8", "NO_COLOR",
    }  # fmt: skip
    assert "PATH" in given


@pytest.mark.skipif(os.name != "posix", reason="sessions of processes are a thing of POSIX")
async def test_what_a_scanner_started_ends_with_it(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    with anyio.move_on_after(20):
        async with anyio.create_task_group() as group:

            async def run() -> None:
                await scanner_process.run_scanner([sys.executable, str(script)], cwd=tmp_path, timeout_s=30)

            group.start_soon(run)
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                await anyio.sleep(0.02)
            group.cancel_scope.cancel()
    state = Path(f"/proc/{(tmp_path / 'pid').read_text()}/stat")
    with anyio.move_on_after(5):
        while state.exists() and state.read_text().split()[2] != "Z":
            await anyio.sleep(0.02)
    assert not state.exists() or state.read_text().split()[2] == "Z"


async def test_a_file_named_like_an_option_is_none(project: Path) -> None:
    (project / "app.py").rename(project / "--output=x.py")
    result = await scan(project, fake(project, "report"))
    assert [one["path"] for one in result["findings"] if "fake/X1" in one["sources"]] == ["--output=x.py"]


@pytest.mark.parametrize("text", [
    'name = "a/b"\ncommand = ["x"]\n',
    'name = "a"\ncommand = []\n',
    'name = "a"\ncommand = "x -y"\n',
    'name = "a"\ncommand = ["x"]\n[[security.external]]\nname = "a"\ncommand = ["y"]\n',
])  # fmt: skip
def test_settings_that_cannot_be(tmp_path: Path, text: str) -> None:
    (tmp_path / "operator.toml").write_text(f"[[security.external]]\n{text}")
    with pytest.raises(SettingsError):
        operator.load({"MANYEYES_CONFIG": str(tmp_path / "operator.toml"), "HOME": str(tmp_path)}, cwd=tmp_path)


async def test_a_project_names_no_scanner(project: Path) -> None:
    (project / "manyeyes.toml").write_text(
        f'[[security.external]]\nname = "mine"\ncommand = ["{shutil.which("touch")}", "executed"]\n'
    )
    result = await scan(project)
    assert any("security" in line for line in result["problems"])
    assert not (project / "executed").exists()


BANDIT = shutil.which("bandit")


@pytest.mark.skipif(BANDIT is None, reason="bandit with bandit-sarif-formatter is not installed")
async def test_a_real_scanner(project: Path) -> None:
    (project / "app.py").write_text("import subprocess\n\n\ndef go(what):\n    subprocess.call(what, shell=True)\n")
    result = await scan(
        project, {"name": "bandit", "command": [str(BANDIT), "--quiet", "--format", "sarif", "{paths}"]}
    )
    if any("bandit gave no evidence" in line and "sarif" in line for line in result["problems"]):
        pytest.skip("bandit-sarif-formatter is not installed")
    assert "bandit/B602" in {source for one in result["findings"] for source in one["sources"]}, result["problems"]
    joined = next(one for one in result["findings"] if "bandit/B602" in one["sources"])
    assert len(joined["sources"]) > 1
