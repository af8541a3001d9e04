"""What people meet who use the command line for the first time."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from manyeyes.cli import doctor, main
from manyeyes.cli.session import settings_for

MANY = "".join(f"def f{number}(a=[]):\n    a.append({number})\n    return a\n" for number in range(60))
WEAK = "".join(f"eval(input({number}))\n" for number in range(60))
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b.c")


@pytest.fixture
def repository(project):
    """The project as a repository with one commit."""
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "first"]):
        subprocess.run([*GIT, *command], check=True, cwd=project)
    return project


def test_programs_get_every_finding_and_people_as_many_as_they_can_read(project, capsys):
    (project / "many.py").write_text(MANY)
    assert main(["review", "many.py", "--sarif", "review.sarif"]) == 0
    text = capsys.readouterr().out
    assert len(json.loads((project / "review.sarif").read_text())["runs"][0]["results"]) == 60
    assert text.count("many.py:") == 8
    assert "52 beyond the limit of 8 (MANYEYES_LIMITS_FINDINGS" in text
    assert main(["review", "many.py", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert len(result["findings"]) == 60
    assert result["suppressed"]["count"] == 0


def test_the_limit_is_named_where_a_result_is_cut_by_it(project, capsys):
    (project / "many.py").write_text(MANY)
    assert main(["review", "many.py"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "52 findings are not shown: 52 beyond the limit of 8 (MANYEYES_LIMITS_FINDINGS" in text


def test_a_scan_has_all_and_a_gate_sees_what_a_review_leaves_out(project, capsys):
    (project / "manyeyes.toml").write_text("[limits]\nfindings = 1\n")
    (project / "weak.py").write_text(WEAK)
    assert main(["scan", "weak.py"]) == 0
    assert capsys.readouterr().out.count("weak.py:") >= 60
    (project / "many.py").write_text(MANY)
    assert main(["review", "many.py", "--fail-on", "medium", "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["findings"]) == 1
    assert shown["counts"] == {"medium": 60}


def test_a_projects_own_limit_still_holds(project, capsys):
    (project / "many.py").write_text(MANY)
    (project / "manyeyes.toml").write_text("[limits]\nfindings = 3\n")
    assert main(["review", "many.py", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["findings"]) == 3


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["review", "--git", "stagd"], "Did you mean `staged`?"),
        (["review", "--git", "mian"], "Did you mean `main`?"),
        (["review", "--git", "HEAD~1"], "the history of `HEAD` has 1 commit here. Give `staged`, `working`"),
        (["review", "--git", "HEAD~1..HEAD"], "the history of `HEAD` has 1 commit here"),
    ],
)
def test_a_revision_that_is_not_there_is_told_with_what_is(repository, capsys, argv, said):
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Send " not in error


def test_a_report_names_files_as_they_were_typed(project, capsys, monkeypatch):
    (project / "sub").mkdir()
    monkeypatch.chdir(project / "sub")
    assert main(["scan", "../bad.py"]) == 0
    assert "  ../bad.py:2 " in capsys.readouterr().out
    assert main(["scan", "--code-file", "../bad.py"]) == 0
    assert "  ../bad.py:2 " in capsys.readouterr().out
    assert main(["scan", "../bad.py", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"][0]["path"] == "bad.py"


def test_without_a_key_one_line_says_what_to_do(project, capsys):
    assert main(["scan", "bad.py"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "What could not be done" not in text
    assert text.count("No model was asked. To ask one set one of ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENAI") == 1


def test_a_kind_of_work_that_nobody_knows_is_wrong_use(project, capsys):
    for slip, meant in (("code_reveiw", ", did you mean `code_review`?"), ("nope", ".")):
        assert main(["route", slip, "--json"]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert f"There is no kind of work `{slip}`{meant} `manyeyes route --help` lists" in said.err
    assert main(["route", "chat", "--model", "nope"]) == 2
    assert "leave --model out" in capsys.readouterr().err
    for kind in ("chat", "analysis", "code_review", "default"):
        assert main(["route", kind]) == 0
    assert capsys.readouterr().err == ""


def test_a_lone_path_is_a_list_of_one(project, capsys):
    assert main(["call", "security_scan", "--args", '{"paths": "bad.py"}']) == 0
    assert json.loads(capsys.readouterr().out)["findings"]


def test_a_root_that_is_not_there_is_named_and_stops_nothing(project, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", ())
    monkeypatch.setenv("MANYEYES_ROOTS", "/path/to/project")
    assert main(["call", "security_scan", "--args", '{"paths": ["bad.py"]}']) == 2
    error = capsys.readouterr().err
    assert "No folder may be read" in error
    assert "MANYEYES_ROOTS: /path/to/project is no folder on this machine." in error
    assert main(["scan", "bad.py"]) == 2, "a path that is typed opens no root where the operator has set some"
    assert main(["doctor", "--json"]) == 4
    roots = next(one for one in json.loads(capsys.readouterr().out) if one["name"] == "roots")
    assert roots["state"] == "broken"
    assert "/path/to/project" in roots["detail"]
    monkeypatch.setenv("MANYEYES_ROOTS", f"/path/to/project:{project}")
    assert main(["call", "security_scan", "--args", '{"paths": ["bad.py"]}']) == 0
    assert main(["call", "security_scan", "--args", '{"paths": ["none.py"]}']) == 2
    assert "/path/to/project is no folder" in capsys.readouterr().err


def test_an_endpoint_takes_one_line_and_is_asked_whether_it_runs(project, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", (("Ollama", port),))
    monkeypatch.setenv("MANYEYES_ENDPOINTS_OLLAMA_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("MANYEYES_ENDPOINTS_OLLAMA_MODELS", "tiny")
    assert main(["doctor"]) == 4
    about = [line for line in capsys.readouterr().out.splitlines() if "ollama" in line.lower()]
    assert len(about) == 1
    assert about[0].startswith("!!  ollama")
    assert about[0].endswith("is it running?")


def test_a_server_over_http_says_where_it_is_and_a_taken_port_is_told_in_one_line(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "manyeyes", "serve", "--http", f"127.0.0.1:{port}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == f"manyeyes: Port {port} is in use; choose another: --http 127.0.0.1:{port + 1}\n"
    command[-1] = "127.0.0.1:0"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        watch = threading.Timer(60, server.kill)
        watch.start()
        line = server.stderr.readline()
        server.terminate()
        watch.cancel()
    assert line.startswith("manyeyes: listening on http://127.0.0.1:")
    assert line.endswith(f"/mcp, roots: {project.resolve()}\n")


def test_help_shows_what_there_is(capsys):
    assert main(["--help"]) == 0
    assert "pipeline" in capsys.readouterr().out
    assert main(["scan", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(word in text for word in ("dast:", "sca:", "--target URL", "--unsafe"))
    assert "Without PATH" in text
    assert main(["review", "--help"]) == 0
    examples = capsys.readouterr().out.partition("examples:")[2]
    assert all(option in examples for option in ("--depth", "--model", "--focus"))


def test_wrong_use_is_no_failure_of_the_tool(project, capsys, monkeypatch):
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{project}/state.db")
    assert main(["scan", "good.py"]) == 0
    assert main(["scan", "good.py", "--type", "sca"]) == 2
    assert main(["call", "security_scan", "--args", '{"paths": ["none.py"]}']) == 2
    capsys.readouterr()
    assert main(["stats", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["tools"]
    assert (row["runs"], row["success_rate"]) == (1, 1.0)


def test_a_server_on_a_terminal_says_that_it_waits_and_for_whom(project, capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("anyio.run", lambda *_arguments: None)
    monkeypatch.setattr("signal.signal", lambda *_arguments: None)
    monkeypatch.setenv("MANYEYES_ROOTS", "/path/to/project")
    assert main(["serve"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "waiting for an MCP client on stdin" in said.err
    assert "/path/to/project is no folder" in said.err


def test_files_of_several_folders_are_called_what_they_were_called(tmp_path, monkeypatch, capsys):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.py").write_text("import os\n\n\ndef f(name):\n    os.system('ls ' + name)\n")
    monkeypatch.chdir(tmp_path)
    main(["scan", "one", "two", "--json"])
    paths = {one["path"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert paths == {"one/x.py", "two/x.py"}


@pytest.mark.parametrize("marked", [None, "one/.git", "one/setup.py"])
def test_folders_of_several_projects_do_not_open_what_lies_beside_them(tmp_path, monkeypatch, marked):
    real = tmp_path.resolve()
    for name in ("one/src", "two", "three"):
        (real / name).mkdir(parents=True)
    if marked:
        (real / marked).mkdir()
    monkeypatch.chdir(real)
    opened = settings_for([Path("one/src"), Path("two")]).roots
    assert opened == ((real / "one/src", real / "two") if marked else (real,))


def test_folders_in_a_home_that_is_a_link_do_not_open_the_home(tmp_path, monkeypatch):
    home = tmp_path.resolve() / "home"
    for name in ("one", "two"):
        (home / name).mkdir(parents=True)
    (home.parent / "link").symlink_to(home)
    monkeypatch.setenv("HOME", str(home.parent / "link"))
    monkeypatch.chdir(home)
    assert settings_for([Path("one"), Path("two")]).roots == (home / "one", home / "two")
