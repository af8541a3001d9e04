from __future__ import annotations

import io

import pytest

from cli.commands import out
from manyeyes import __version__
from manyeyes.cli import main, serve

VERBS = (
    "serve", "review", "scan", "docs", "pipeline", "ask", "call", "route", "models", "doctor", "stats", "feedback",
    "support", "demo",
)  # fmt: skip
HELP = [*([verb] for verb in VERBS), ["support", "train"], ["support", "try"], ["support", "forget"]]


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
    codes = ("0  done", "1  findings at or above", "2  wrong use", "3  could not be done", "4  done in part")
    assert all(f"\n  {code}" in text for code in codes)


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


@pytest.mark.parametrize("width", ["40", "80"])
def test_help_keeps_to_the_width(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", width)
    assert main(["stats", "--help"]) == 0
    prose = out(capsys).partition("examples:")[0].splitlines()
    assert max(map(len, prose)) <= int(width)


@pytest.mark.parametrize("verb", [[], *HELP], ids=" ".join)
def test_every_help_fits_a_terminal_says_what_for_and_has_an_example(capsys, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*verb, "--help"]) == 0
    lines = out(capsys).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert "" in lines
    said = lines[lines.index("") + 1]
    assert said[:1].isupper()  # what it does stands right under how it is called
    start = next(number for number, line in enumerate(lines) if line in {"example:", "examples:"})
    assert any(line.strip().startswith(" ".join(["manyeyes", *verb])) for line in lines[start + 1 :])
