"""`manyeyes ask`, with a scripted model in place of a vendor's."""

from __future__ import annotations

import io
import json

import pytest

from manyeyes.cli import main

SAID = "It depends.\x1b]0;owned\x07 On the weather."


@pytest.fixture
def asked(project, capsys, monkeypatch):
    """Runs the command; gives exit code, stdout and stderr."""
    answers = [
        {"contains": "picnic", "text": SAID, "times": None},
        {"contains": "forbidden", "error": "refused", "message": "no", "times": None},
        {"shape": "PanelAnswer", "json": {"answer": "Yes.", "claims": []}, "times": None},
        {"text": "Else.", "times": None},
    ]
    (project / "script.json").write_text(json.dumps({"models": {"reader": answers}}))
    monkeypatch.setenv("MANYEYES_SCRIPTED_FILE", str(project / "script.json"))

    def run(*argv, stdin=None):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin or b"")))
        code = main(["ask", *argv])
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return run


def test_the_answer_alone_goes_into_a_pipe_and_the_rest_to_stderr(asked):
    code, out, err = asked("Will", "the", "picnic", "be", "dry?", "--model", "scripted:reader")
    assert (code, out) == (0, "It depends.?]0;owned? On the weather.\n")
    assert "answered by scripted:reader; run r-" in err


@pytest.mark.parametrize("argv", [[], ["-"]])
def test_the_question_comes_from_stdin(asked, argv):
    code, out, _ = asked(*argv, "--model", "scripted:reader", stdin=b"Will the picnic be dry?")
    assert code == 0
    assert out.startswith("It depends.")


def test_context_and_media_go_along(asked, project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "forecast.txt"
    elsewhere.write_text("picnic weather")
    assert asked("What is it about?", "--media", str(elsewhere), "--model", "scripted:reader")[1].startswith("It dep")
    code, out, _ = asked("What is it about?", "--context", "-", "--model", "scripted:reader", stdin=b"the picnic")
    assert (code, out[:10]) == (0, "It depends")
    assert asked("What is it about?", "--model", "scripted:reader")[1] == "Else.\n"


def test_one_json_object_holds_all_of_it(asked):
    code, out, err = asked("picnic?", "--json", "--model", "scripted:reader", "--task-type", "analysis")
    result = json.loads(out)
    assert (code, result["status"], result["answer"], err) == (0, "complete", SAID, "")


def test_a_search_says_when_no_page_was_cited(asked):
    code, _, err = asked("picnic?", "--search", "--model", "scripted:reader")
    assert code == 0
    assert "The model cited no page" in err


def test_who_refuses_leaves_it_undone(asked):
    code, out, err = asked("something forbidden", "--model", "scripted:reader")
    assert (code, out) == (3, "")
    assert "scripted:reader" in err
    assert "Traceback" not in err


def test_without_a_key_it_says_what_to_set(project, capsys):
    assert main(["ask", "Why?"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY" in captured.err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "There is no question on stdin"),
        (["--context", "-"], "--context - takes stdin, so give the question as an argument"),
        (["Why?", "--media", "missing.png"], "--media missing.png is not there"),
        (["Why?", "--media", "."], "--media . is no file"),
        (["Why?", "--media", ""], "An empty name was given"),
        (["Why?", "--media", "data:image/png;base64,!"], "--media is not valid base64"),
        (["Why?", "--context", "missing.txt"], "missing.txt cannot be read"),
        (["Why?", "--search", "--task-type", "chat"], "do not go together"),
        (["Why?", "--task-type", "poetry"], "invalid choice: 'poetry'"),
        (["Why?", "--max-tokens", "3"], "--max-tokens should be greater than or equal to 16"),
        (["Why?", "--max-tokens", "many"], "invalid int value"),
        (["Why?", "--model", "nobody"], "No model is called 'nobody'"),
    ],
)
def test_wrong_use_is_told_in_words_of_the_command_line(asked, argv, said):
    code, out, err = asked(*argv)
    assert (code, out) == (2, "")
    assert said in err


def test_there_is_no_waiting_at_a_terminal_without_a_question(project, capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["ask"]) == 2
    assert "There is no question. Give one" in capsys.readouterr().err
