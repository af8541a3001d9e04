from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from cli.commands import run
from manyeyes.cli import main, serve


def test_an_interrupt_ends_quietly(project, capsys, monkeypatch):
    def interrupted(_http: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(serve, "serve", interrupted)
    assert main(["serve"]) == 130
    assert capsys.readouterr().err == ""


def test_an_interrupt_ends_a_server_that_waits_for_its_client(project):
    command = [sys.executable, "-m", "manyeyes", "serve"]
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:
        server.stdin.write(json.dumps(hello) + "\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["result"]["serverInfo"]["name"] == "manyeyes"
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == -signal.SIGINT  # a shell shows 130
        assert server.stderr.read() == ""


def test_the_server_ends_with_its_client_and_a_crash_is_no_finding(project):
    assert run().returncode == 0
    crash = "import sys, manyeyes.cli as cli; cli._run = lambda argv: 1 / 0; cli.main()"
    done = subprocess.run([sys.executable, "-c", crash], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr


def test_a_reader_that_leaves_is_no_error(project):
    reading, writing = os.pipe()
    os.close(reading)
    done = run("models", "--offline", stdout=writing)
    os.close(writing)
    assert done.returncode == 141
    assert done.stderr == ""


def test_a_full_disk_and_closed_streams_are_told_in_words(project):
    with Path("/dev/full").open("w") as full:
        done = run("models", "--offline", stdout=full)
    assert (done.returncode, done.stderr) == (3, "manyeyes: The output cannot be written: No space left on device.\n")
    closed = "exec {} -m manyeyes {} 0<&- 1>&-"
    for argv, code in (("models --offline", 0), ("scan --code-file -", 2)):
        done = subprocess.run(
            ["sh", "-c", closed.format(sys.executable, argv)], stderr=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == code
        assert "Traceback" not in done.stderr


def test_a_folder_that_is_gone_is_told_in_words(tmp_path):
    (tmp_path / "gone").mkdir()
    script = f"cd {tmp_path}/gone && rmdir ../gone && exec {sys.executable} -m manyeyes stats"
    done = subprocess.run(["sh", "-c", script], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "manyeyes: The folder this was started in is gone. Change into one that exists.\n"


def test_help_is_shown_where_not_all_of_it_can_be_encoded(project):
    done = run("--help", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "manyeyes ask 'Why ??'" in done.stdout


def test_an_interrupt_of_work_is_quiet(project):
    (project / "many").mkdir()
    for number in range(60):
        (project / "many" / f"m{number}.py").write_text("def run(x):\n    return eval(x)\n" * 400)
    command = [sys.executable, "-m", "manyeyes", "scan", "many", "--progress"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as work:
        assert "reading" in work.stderr.readline()
        work.send_signal(signal.SIGINT)
        assert work.wait(20) == 130
        assert "Traceback" not in work.stderr.read()


def test_starting_imports_nothing_that_it_does_not_need():
    code = "import sys, manyeyes.cli; print([m for m in ('anyio','pydantic','mcp','argparse') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
