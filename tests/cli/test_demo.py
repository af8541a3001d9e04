"""The demo with models to ask: what is told and asked before, what bounds the cost, how results are shown."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from argparse import Namespace

import pytest

from manyeyes import settings as operator
from manyeyes.cli import demo, demo_outlook, demo_page, main
from manyeyes.cli.demo_outlook import Outlook, consent, limits, most_usd, outlook
from manyeyes.errors import BadCall
from manyeyes.monitor.columns import plain
from wire.members import Member
from wire.vendors import ChatWords

ANTHROPIC = {"ANTHROPIC_API_KEY": "x", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
BOX = {"MANYEYES_ENDPOINTS_BOX_URL": "http://127.0.0.1:9/v1", "MANYEYES_ENDPOINTS_BOX_MODELS": "small"}
FAR = {"MANYEYES_ENDPOINTS_FAR_URL": "http://far.example/v1", "MANYEYES_ENDPOINTS_FAR_MODELS": "large"}
PAID = Outlook(("anthropic:claude",), 1, 0.31, paid=True)


def options(**given):
    return Namespace(**{"yes": False, "max_usd": None, **given})


@pytest.mark.parametrize(
    ("environ", "first", "panel", "free", "paid"),
    [
        ({}, None, 0, True, False),
        (BOX, "box:small", 1, True, False),
        (ANTHROPIC, "anthropic:", 1, False, True),
        ({**ANTHROPIC, "OPENAI_API_KEY": "x", **BOX}, "anthropic:", 3, False, True),
        (FAR, "far:large", 1, False, False),
        ({**ANTHROPIC, **BOX, "MANYEYES_PRIVACY": "local-only"}, "box:small", 1, True, False),
    ],
)
def test_who_would_be_asked_and_what_it_costs(tmp_path, *, environ, first, panel, free, paid):
    expected = outlook(operator.load({"HOME": str(tmp_path), **environ}, cwd=tmp_path))
    assert [name.startswith(first) for name in expected.models[:1]] == ([] if first is None else [True])
    assert (expected.panel, expected.free, expected.paid) == (panel, free, paid)
    assert (expected.usd is None) == ("MANYEYES_ENDPOINTS_FAR_URL" in environ)
    if paid:
        assert 0.01 < expected.usd < demo_outlook.MOST_USD


@pytest.mark.parametrize(
    ("expected", "given", "most"),
    [
        (PAID, None, demo_outlook.MOST_USD),
        (PAID, 0.5, 0.5),
        (Outlook(("far:large",), 1, None, paid=False), None, None),
        (Outlook(("far:large",), 1, None, paid=False), 1.0, 1.0),
    ],
)
def test_what_may_be_spent(expected, given, most):
    assert most_usd(options(max_usd=given), expected) == most


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("typed", "chosen"), [("y\n", "all"), ("L\n", "local"), ("n\n", None), ("\n", None), ("", None)]
)
def test_a_person_is_asked_before_money_is_spent(monkeypatch, capsys, typed, chosen):
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    if chosen is None:
        with pytest.raises(BadCall, match="Nobody was asked"):
            consent(options(), PAID)
    else:
        assert consent(options(), PAID) == chosen
    said = capsys.readouterr().err
    assert "anthropic:claude" in said
    assert "About $0.31 is expected, and no more than $2.00 is spent" in said


def test_nobody_is_asked_where_it_costs_nothing_or_was_allowed(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert consent(options(), Outlook((), 0, 0.0, paid=False)) == "all"
    assert consent(options(), Outlook(("box:small",), 1, 0.0, paid=False)) == "all"
    assert consent(options(yes=True), PAID) == "all"
    assert capsys.readouterr().err == ""


def test_without_a_terminal_nothing_is_spent_unasked(monkeypatch, capsys):
    for name, value in ANTHROPIC.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["demo"]) == 2
    assert "give --yes, or --local" in capsys.readouterr().err


@pytest.mark.parametrize(("own", "day"), [(None, 2.0), (0.25, 0.25), (9.0, 2.0)])
def test_the_limit_keeps_to_the_operators_own(monkeypatch, tmp_path, own, day):
    settings = operator.load({"HOME": str(tmp_path)}, cwd=tmp_path)
    budget = settings.budget.model_copy(update={"usd_per_day": own})
    settings = settings.model_copy(update={"budget": budget})
    monkeypatch.setattr(demo_outlook, "spent_today", lambda _settings: 0.0)
    [(name, value)] = limits(settings, 2.0)
    assert name == "MANYEYES_BUDGET_USD_PER_DAY"
    assert float(value) == day
    assert list(limits(settings, None)) == []


def test_what_the_day_has_cost_is_added_to_the_limit(monkeypatch, tmp_path):
    settings = operator.load({"HOME": str(tmp_path)}, cwd=tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert demo_outlook.spent_today(settings) == 0.0
    monkeypatch.setattr(demo_outlook, "spent_today", lambda _settings: 1.5)
    assert dict(limits(settings, 2.0)) == {"MANYEYES_BUDGET_USD_PER_DAY": "3.500000"}


@pytest.mark.parametrize("text", ["-1", "many", "nan", "inf"])
def test_an_amount_that_is_none_is_wrong_use(capsys, text):
    assert main(["demo", "--max-usd", text]) == 2
    assert "is not an amount of US dollars" in capsys.readouterr().err


def test_what_is_told_on_a_terminal_is_folded_between_words(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    shown = demo.Demonstration({}, tmp_path, Outlook((), 0, 0.0, paid=False), None, colour=False, quiet=False)
    document = "  | a line of a document is left as it stands in it"
    shown._tell(["  a reply that is longer than the terminal is wide", document])
    assert capsys.readouterr().out.splitlines() == [
        "  a reply that is longer than the",
        "    terminal is wide",
        document,
    ]


def test_a_demo_that_costs_nothing_leaves_nothing_behind(tmp_path):
    """A model on this machine that answers nonsense: the parts are there, and the user's own state is not touched."""
    with Member(ChatWords(), lambda texts: "no JSON at all") as box:
        environ = {
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "MANYEYES_ENDPOINTS_BOX_URL": f"{box.url}/v1",
            "MANYEYES_ENDPOINTS_BOX_MODELS": "small",
        }
        command = [sys.executable, "-m", "manyeyes", "demo", "--json"]
        done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["found"] is True
    assert [len(told[part]) for part in ("pipeline", "parallel", "conversation")] == [1, 1, 6]
    assert "panel" not in told
    assert box.asked
    assert "box:small" in told["dashboard"]
    assert list(tmp_path.iterdir()) == []


# How results are shown.

RUN = {"models": [], "route": [], "attempts": [], "cost_usd": 0.0, "seconds": 1.0}


def use(ref, role="reviewer", usd=0.01):
    return {"ref": ref, "role": role, "cost_usd": usd}


def finding(title, *sources, dissent=None, **more):
    made = {"id": f"F-{title}", "title": title, "severity": "high", "path": "a.py", "start_line": 3, "cwe": None}
    return {**made, "quote": "x = 1", "sources": list(sources), "confidence": 0.3, "dissent": dissent, **more}


def text(lines):
    return plain("\n".join(lines))


def test_a_scan_after_a_review_tells_what_became_of_the_findings():
    reviewed = {"findings": [finding(name, "claude:a") for name in ("right", "wrong", "open")]}
    scanned = {
        "run": {**RUN, "models": [use("gpt:b", "security engineer")]},
        "summary": "All said.",
        "problems": [],
        "findings": [
            finding("right", "claude:a", "gpt:b"),
            finding("wrong", "claude:a", dissent="gpt:b: the value is bound"),
            finding("open", "claude:a"),
            finding("besides", "gpt:b"),
        ],
        "dismissed": [finding("noise", "manyeyes:eval", dissent="gpt:b: it is a constant")],
    }
    said = text(demo_page.security(scanned, reviewed, usd=0.01, seconds=2.0))
    assert "Asked gpt:b as security engineer. Cost $0.0100, 2.0 s." in said
    assert "confirmed 1 of the 3 findings of the review" in said
    assert "left open 1 of the 3 findings of the review" in said
    assert "disputed  HIGH     a.py:3 wrong [claude:a], now 30%\n            gpt:b: the value is bound" in said
    assert "dismissed HIGH     a.py:3 noise [manyeyes:eval]\n            gpt:b: it is a constant" in said
    assert "new       HIGH     a.py:3 besides [gpt:b]" in said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("claude:a", "Asked claude:a as reviewer (first choice)."),
        ("gpt:b", "Asked gpt:b as reviewer (in place of claude:a)."),
    ],
)
def test_who_was_asked_is_told_with_the_reason(asked, said):
    route = [
        {"ref": "claude:a", "taken": True, "reason": "first choice"},
        {"ref": "gpt:b", "taken": True, "reason": "2"},
    ]
    result = {
        "run": {**RUN, "models": [use(asked)], "route": route},
        "verdict": "comment",
        "summary": "",
        "findings": [],
    }
    shown = text(demo_page.review(result, usd=0.01, seconds=1.0))
    assert said in shown
    assert "code_review: comment" in shown


def test_a_panel_shows_who_lied_and_who_agreed_with_everything():
    remark = {"where": "a.py:3", "reason": "it is a slice", "quote": "", "round": 1, "borne": True}
    record = {
        "exchange": [
            {**remark, "speaker": "claude:a", "claim": "[high] All is printed. Whole.", "stand": "dispute"},
            {**remark, "speaker": "gemini:c", "claim": "[high] All is printed. Whole.", "stand": "confirm"},
            {**remark, "speaker": "claude:a", "claim": "(a trial, known to be false) [high] No.", "stand": "dispute"},
            {**remark, "speaker": "gemini:c", "claim": "(a trial, known to be false) [high] No.", "stand": "confirm"},
        ],
        "trust": {"claude:a": 1.0, "gemini:c": 0.0},
    }
    result = {
        "run": {**RUN, "models": [use("claude:a"), use("claude:a", "panel"), use("claude:a", "panel")]},
        "findings": [finding("right", "claude:a")],
        "suppressed": {"count": 1, "reasons": {"other models refuted it": 1}},
        "problems": [],
    }
    said = text(demo_page.panel(result, record))
    assert "Asked claude:a as reviewer, panel (2 times)." in said
    assert "1 finding shown, 1 thrown out" in said
    assert "disputed  a.py:3 All is printed\n            claude:a: it is a slice" in said
    assert "gemini:c confirmed a line that is not in the file; its agreement counts 0%" in said
    assert "claude:a confirmed" not in said


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        ("No model was asked: no ANTHROPIC_API_KEY is set; no OPENAI_API_KEY is set.", False),
        ("No model was asked: no OPENAI_API_KEY is set; box:small window too small.", True),
        ("Not judged: payment.py. No model answered: box:small truncated.", True),
    ],
)
def test_that_there_is_no_key_is_told_once_and_all_else_where_it_happens(problem, shown):
    said = text(demo_page.remarks({"problems": [problem]}))
    assert (said == f"  not done  {problem}") is shown


def test_what_does_not_hold_up_is_marked():
    result = {
        "notes": ["The answer of box:small did not hold up: 2 of its 2 quotes are not in the code.", "Else."],
        "suppressed": {"reasons": {"its quote is not in the code": 2}},
    }
    said = text(demo_page.remarks(result)).split("\n")
    assert said == [
        "  does not hold up  The answer of box:small did not hold up: 2 of its 2 quotes are not in the code.",
        "  thrown away  2 claims: its quote is not in the code",
    ]


def test_costs_are_unknown_where_a_part_is():
    known, unknown = {"run": {**RUN, "cost_usd": 0.5}}, {"run": {**RUN, "cost_usd": None}}
    assert demo_page.spent([known, known]) == "$1.0000"
    assert demo_page.spent([known, unknown]) == "unknown"
    assert demo_page.used({"run": {**RUN, "models": [use("a:b", usd=0.1), use("a:b", usd=None)]}}) is None
    attempts = [{"cost_usd": None}, {"cost_usd": 0.2}]
    assert demo_page.used({"run": {**RUN, "models": [use("a:b", usd=0.1)], "attempts": attempts}}) == pytest.approx(0.3)


def test_what_a_customer_reads_cannot_command_the_terminal():
    result = {
        "intent": "general",
        "intent_confidence": 0.9,
        "handled_by": "box:small",
        "needs_human": True,
        "human_reason": "unsure\x1b[2J",
        "reply": "Hello\x1b]0;title\x07 there",
        "problems": ["The reply of box:small was not sent: it says the same over and over."],
    }
    assert "not done: The reply of box:small was not sent" in text(demo_page.turn("Hi", result))
    assert "\x1b[2J" not in "\n".join(demo_page.turn("Hi", result))
    assert "\x1b]0" not in "\n".join(demo_page.turn("Hi", result))
