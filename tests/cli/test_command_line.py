from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

from manyeyes import __version__
from manyeyes.cli import demo, doctor, main, serve
from manyeyes.desk import Desk
from manyeyes.errors import AllFailed
from manyeyes.types import Attempt, ModelRef, Route

VERBS = (
    "serve", "review", "scan", "docs", "pipeline", "ask", "call", "route", "models", "doctor", "stats", "feedback",
    "support", "demo",
)  # fmt: skip
KEY = "sk-ant-never-to-be-shown"


def out(capsys) -> str:
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(capsys, verb):
    assert main([verb, "--help"]) == 0
    text = out(capsys)
    assert text.startswith(f"usage: manyeyes {verb}")
    assert f"manyeyes {verb}" in text[len("usage: ") + 1 :] or verb in {"doctor", "demo"}


def test_the_help_names_every_verb_and_exit_code(capsys):
    assert main(["--help"]) == 0
    text = out(capsys)
    assert all(f"    {verb} " in text for verb in VERBS if verb != "pipeline")
    assert "4 done in part" in text


def test_the_version(capsys):
    assert main(["--version"]) == 0
    assert out(capsys) == f"manyeyes {__version__}\n"


def test_a_bare_command_helps_on_a_terminal_and_serves_elsewhere(capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main([]) == 0
    assert out(capsys).startswith("usage: manyeyes")
    served = []
    monkeypatch.setattr(serve, "serve", lambda http: served.append(http) or 0)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert main([]) == 0
    assert main(["serve"]) == 0
    assert served == [None, None]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nonsense"], "There is no command `nonsense`. "),
        (["scam"], "did you mean `scan`?"),
        (["scan", "--failon", "high"], "did you mean `--fail-on`?"),
        (["serve", "--port", "8000"], "did you mean `--http`?"),
        (["scan", "--no-such-thing"], "has no option `--no-such-thing`. "),
        (["route", "chat", "more"], "does not take `more`"),
        (["serve", "--http", "8000"], "did you mean 127.0.0.1:8000?"),
        (["stats", "--days", "-1"], "not a number of days above 0"),
        (["stats", "--days", "x"], "not a number of days above 0"),
        (["stats", "--days", "nan"], "not a number of days above 0"),
        (["scan", "--type", "sca", "missing.txt"], "There is no missing.txt"),
        (["scan", "--type", "sxst", "bad.py"], "--type should be 'sast'"),
        (["scan"], "There is no git repository here"),
        (["scan", "bad.py", "--git", "working"], "PATH and --git were both given"),
        (["docs", "bad.py", "--code-file", "good.py"], "PATH and --code-file were both given"),
        (["call", "code_review", "--args", '{"cod": "x"}'], "did you mean `code`?\n"),
        (["call", "code_review", "--args", '{"paths": 5}'], "`paths` should be a list of strings"),
        (["call", "code_review", "--args", '{"paths": [5]}'], "each item of `paths` should be a valid string"),
        (["scan", "--fail-on", "awful"], "invalid choice"),
        (["scan", "missing.py"], "There is no missing.py"),
        (["docs"], "Nothing to document"),
        (["review", "--diff", "missing.diff"], "missing.diff cannot be read"),
        (["review", "bad.py", "--json", "--sarif", "-"], "both want stdout"),
        (["review", "bad.py", "--sarif", "no/such/folder.sarif"], "cannot be written"),
        (["review", "bad.py", "--model", "no-such-model"], "No model is called"),
        (["pipeline", "missing.py"], "There is no missing.py"),
        (["call", "no_such_tool"], "no_such_tool"),
        (["call", "code_review", "--args", "{"], "--args is not JSON"),
        (["scan", ""], "An empty name was given"),
        (["scan", "~nobody-of-this-name/a.py"], "There is no ~nobody-of-this-name/a.py"),
        (["scan", "bad.py", "--output", "."], "cannot be written: it is a folder"),
        (
            ["scan", "bad.py", "--html", "no/x.html"],
            "cannot be written: there is no folder no. Make it, or change --html",
        ),
        (["scan", "bad.py", "--depth", "deep"], "`manyeyes scan --help` shows what it takes"),
        (["route"], "are required: TASK_TYPE. `manyeyes route --help` shows"),
        (["support", "nope"], "`manyeyes support --help` shows"),
        (["support", "train", "missing.csv"], "There is no missing.csv. Name a .toml"),
        (["support", "try", ""], "MESSAGE is empty"),
        (["call", "ask", "--args", '{"prompt": "x"}'], "set MANYEYES_TOOLSETS=default,chat"),
        (["call", "code_review", "--args", "[]"], "must be a JSON object"),
        (["call", "code_review", "--args", "@missing.json"], "cannot be read"),
        (["route", "chat", "--input-tokens", "many"], "not a number of tokens"),
        (["route", "chat", "--model", "no-such-model"], "No model is called"),
        (["serve", "--http", "here:there"], "is not HOST:PORT"),
        (["serve", "--http", "0.0.0.0:9"], "refused"),
    ],
)
def test_wrong_use_is_told_in_words(project, capsys, argv, said):
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == "" or "sarif" in " ".join(argv)


@pytest.mark.parametrize(
    "argv", [["review"], ["docs"], ["scan", "--type", "sca"], ["ask", "why?", "--media"], ["review", "--diff"]]
)
@pytest.mark.usefixtures("project")
def test_a_name_that_cannot_be_one_is_wrong_use(capsys, argv):
    assert main([*argv, "a" * 5_000]) == 2
    assert "cannot be read: File name too long" in capsys.readouterr().err


def test_unusable_settings_are_wrong_use(project, capsys, monkeypatch):
    monkeypatch.setenv("MANYEYES_DEADLINE_S", "soon")
    assert main(["stats"]) == 2
    assert main(["serve"]) == 2
    said = capsys.readouterr().err
    assert "`deadline_s` (MANYEYES_DEADLINE_S, " in said
    assert said.count("must be a valid number.") == 2
    monkeypatch.setenv("MANYEYES_ENDPOINTS_HOUSE_URL", "house")
    monkeypatch.setenv("MANYEYES_DEADLINE_S", "9")
    assert main(["stats"]) == 2
    assert capsys.readouterr().err.endswith(" must be an address such as https://host/v1.\n")


def test_findings_are_shown_and_counted_when_asked(project, capsys):
    assert main(["scan", "bad.py"]) == 0
    text = out(capsys)
    assert "bad.py:2" in text
    assert "2 |" in text
    assert "\x1b" not in text
    assert main(["scan", "bad.py", "--fail-on", "high"]) == 1
    assert main(["scan", "good.py", "--fail-on", "info"]) == 0


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


def test_a_route_says_who_and_why(project, capsys, monkeypatch):
    assert main(["route", "code_review", "--json"]) == 0
    route = json.loads(out(capsys))
    assert route["chosen"] is None
    assert all(one["reason"] and not one["taken"] for one in route["candidates"])
    assert main(["route", "code_review"]) == 0
    assert "no model can be asked" in out(capsys)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert main(["route", "code_review", "--input-tokens", "20k", "--json"]) == 0
    assert json.loads(out(capsys))["chosen"].startswith("anthropic:")
    assert main(["route", "code_review", "--input-tokens", "90m"]) == 0
    assert "window too small" in out(capsys)


def test_the_catalogue_has_prices_and_says_what_is_here(project, capsys, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert main(["models", "--offline", "--json"]) == 0
    rows = {row["ref"]: row for row in json.loads(out(capsys))["models"]}
    article = rows["anthropic:claude-opus-4-7"]
    assert article["usd_per_million_input"] > 0
    assert article["available"] is True
    assert article["served"] is None
    assert rows["openai:gpt-5.5"]["available"] is False
    assert main(["models", "--offline"]) == 0
    assert "anthropic:claude-opus-4-7" in out(capsys)


def test_endpoints_are_asked_what_they_serve_and_failures_are_named(project, capsys, monkeypatch, serving):
    there = {"object": "list", "data": [{"id": "tiny", "object": "model", "created": 0, "owned_by": "us"}]}
    good, bad = serving(200, there), serving(500, {"error": {"message": "down"}})
    for name, port in (("GOOD", good), ("BAD", bad)):
        monkeypatch.setenv(f"MANYEYES_ENDPOINTS_{name}_URL", f"http://127.0.0.1:{port}/v1")
        monkeypatch.setenv(f"MANYEYES_ENDPOINTS_{name}_MODELS", "tiny")
    assert main(["models", "--json"]) == 4
    captured = capsys.readouterr()
    shown = json.loads(captured.out)
    rows = {row["ref"]: row for row in shown["models"]}
    assert rows["good:tiny"]["served"] is True
    assert rows["bad:tiny"]["served"] is None
    assert list(shown["failed"]) == ["bad"]
    assert "bad did not say what it serves" in captured.err
    assert main(["models"]) == 4
    assert "good:tiny" in out(capsys)
    assert main(["doctor", "--json"]) == 4
    checks = {check["name"]: check for check in json.loads(out(capsys))}
    assert checks["good"]["state"] == "ok"
    assert "serves 1 models" in checks["good"]["detail"]
    assert checks["bad"]["state"] == "broken"


def test_the_doctor_never_shows_a_key(project, capsys, monkeypatch, serving):
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    port, other = serving(200, {"data": [{"id": "llama"}]}), serving(200, ["something else"])
    servers = (("Ollama", port), ("LM Studio", other), ("llama.cpp", serving(404, {})))
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", servers)
    assert main(["doctor", "--json"]) == 0
    text = out(capsys)
    assert KEY not in text
    checks = {check["name"]: check for check in json.loads(text)}
    assert checks["anthropic"]["state"] == "ok"
    assert checks["openai"]["state"] == "absent"
    assert checks["Ollama"]["state"] == "ok"
    assert "llama" in checks["Ollama"]["detail"]
    assert checks["LM Studio"]["state"] == checks["llama.cpp"]["state"] == "absent"
    assert checks["git"]["state"] == "ok"
    assert checks["roots"]["detail"] == str(project.resolve())
    assert main(["doctor"]) == 0
    assert "key set" in out(capsys)


def test_state_that_cannot_be_used_is_a_fault(project, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_LOCAL_SERVERS", ())
    (project / "file").touch()
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{project}/file/state.db")
    assert main(["doctor"]) == 4
    assert "cannot be used" in out(capsys)


def test_statistics_remember_what_was_called(project, capsys, monkeypatch):
    monkeypatch.setenv("MANYEYES_STATE_URL", f"sqlite:///{project}/state.db")
    assert main(["stats"]) == 0
    assert "Nothing has been called" in out(capsys)
    assert main(["scan", "good.py"]) == 0
    capsys.readouterr()
    assert main(["stats"]) == 0
    assert "security_scan" in out(capsys)
    assert main(["stats", "--json", "--days", "1"]) == 0
    assert "security_scan" in json.dumps(json.loads(out(capsys)))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:81", ("127.0.0.1", 81)),
        (":81", ("127.0.0.1", 81)),
        ("localhost", ("localhost", 8000)),
        ("[::1]:81", ("::1", 81)),
        ("[::1]", ("::1", 8000)),
    ],
)
def test_addresses(text, address):
    assert serve.address(text) == address


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


def test_work_that_no_model_did_is_not_done(project, capsys, monkeypatch):
    ref = ModelRef("openai", "gpt-5.5")
    attempt = Attempt(ref=ref, error="vendor_fault", message="the vendor failed: 500", seconds=1.0)

    async def fails(*_arguments: object) -> None:
        raise AllFailed("No model answered.", route=Route(()), attempts=(attempt,))

    monkeypatch.setattr(Desk, "call", fails)
    assert main(["scan", "bad.py", "--fail-on", "low"]) == 3
    assert capsys.readouterr().err == (
        "manyeyes: No model answered.\nmanyeyes: openai:gpt-5.5: the vendor failed: 500\n"
    )


def run(*argv: str, **options: object) -> subprocess.CompletedProcess[str]:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-m", "manyeyes", *argv]
    return subprocess.run(command, text=True, timeout=100, check=False, **{**pipes, **options})


def test_the_demo_finds_the_injection_on_its_line(tmp_path):
    done = run("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    sample = Path(__file__).parents[2] / "examples" / "payment.py"
    line = next(number for number, text in enumerate(sample.read_text().splitlines(), 1) if 'f"SELECT' in text)
    assert f"The SQL injection was found on its line, payment.py:{line}." in done.stdout
    for part in ("code_review", "security_scan", "doc_generator", "would be asked", "Cost of all: $0.00."):
        assert part in done.stdout
    for part in (
        "in parallel",
        "technical_support",
        "sales_inquiry",
        "complaint",
        "general",
        "49 dollars",
        "a person is needed",
    ):
        assert part in done.stdout
    assert "customer_service     6" in done.stdout
    assert len(done.stdout.splitlines()) < 140


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"_FLAW": "CWE-0"}, 1, "on line 15 of the sample was not found"),
        ({"_PARALLEL": "sideways"}, 3, "`mode` should be"),
        ({"SERVER": ("-c", "raise SystemExit(7)")}, 3, "did not answer as it should"),
    ],
)
def test_a_demo_that_fails_says_so(monkeypatch, capfd, change, code, said):
    for name, value in change.items():
        monkeypatch.setattr(demo, name, value)
    assert main(["demo"]) == code
    assert said in capfd.readouterr().err


def test_the_packaged_sample_is_the_example():
    root = Path(__file__).parents[2]
    packaged = root / "server" / "manyeyes" / "cli" / "payment.py.sample"
    assert packaged.read_bytes() == (root / "examples" / "payment.py").read_bytes()


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


@pytest.mark.parametrize("width", ["40", "80"])
def test_help_keeps_to_the_width(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    assert main(["stats", "--help"]) == 0
    prose = out(capsys).partition("examples:")[0].splitlines()
    assert max(map(len, prose)) <= int(width)


def test_starting_imports_nothing_that_it_does_not_need():
    code = "import sys, manyeyes.cli; print([m for m in ('anyio','pydantic','mcp','argparse') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_files_may_stand_on_both_sides_of_an_option(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("x = eval(input())\n")
    assert main(["scan", "one.py", "--fail-on", "high", "two.py"]) == 1
    said = capsys.readouterr().out
    assert "one.py:1" in said
    assert "two.py:1" in said
    assert "it does harm here" not in said  # a way of one step, which is the place itself
