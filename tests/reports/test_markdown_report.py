from __future__ import annotations

import pytest

from manyeyes.results import Cut
from manyeyes_tools.reports import markdown


def test_says_everything_the_structured_result_says(review):
    text = markdown.report(review)
    finding = review.findings[0]
    for part in (
        "# Code review: request changes",
        "Two faults, one of them grave.",
        "1 critical, 1 low",
        "## 1. critical: SQL injection in `pay`",
        "`shop/payment.py:12` · injection · CWE-89 · A05:2025-Injection",
        f"```py\n{finding.quote}\n```",
        "> Anyone can read every row.",
        "> Bind the value.",
        "```diff\n--- a/shop/payment.py",
        "it applies",
        "> openai:gpt-5.5 holds that `user` is a number.",
        "Reported by ruff, anthropic:claude-opus-5-5, confidence 95% · id `F-1a2b3c4d`",
        "`shop/payment.py:20-22`",
        "3 findings are not shown: 2 since below the bar, 1 since said twice.",
    ):
        assert part in text
    assert text.endswith("Models: anthropic:claude-opus-5-5 (reviewer) · Cost: $0.0123 · 3.4 s · Run r-0123\n")
    assert "could not be done" not in text


def test_failures_are_told_and_an_unknown_cost_stays_unknown(scan):
    text = markdown.report(scan)
    assert text.startswith("# Security scan (sast)\n")
    assert "**Status:** done in part" in text
    assert "## What could not be done\n\n- openai:gpt-5.5 failed: 500" in text
    assert "Cost: unknown" in text


def test_a_run_without_a_model_says_so(scan, silent):
    text = markdown.report(scan.model_copy(update={"run": silent, "status": "evidence_only", "problems": []}))
    assert "evidence only, no model was heard" in text
    assert "Models: none · Cost: $0.00 (no model asked)" in text


@pytest.mark.parametrize("cost", ["under $0.0001"])
def test_a_tiny_cost_is_not_nothing(review, cost):
    run = review.run.model_copy(update={"cost_usd": 0.00001})
    assert cost in markdown.report(review.model_copy(update={"run": run}))


def test_a_quote_cannot_end_its_fence():
    block = markdown.fenced("a\n`````\n# owned", "py")
    opening, *inner, closing = block.split("\n")
    assert opening == "``````py"
    assert closing == "``````"
    assert all(len(line) < len(closing) or set(line) != {"`"} for line in inner)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("one\n## two", "one ## two"),
        ("![x](http://evil/?q)", "!\\[x]\\(http\\://evil/?q)"),
        ("[click](http://evil)", "[click]\\(http\\://evil)"),
        ("<img src=x>", "\\<img src=x>"),
        ("a < b and List`<int>`", "a < b and List`<int>`"),
        ("`code ![a](b)`", "`code ![a](b)`"),
        ("a ` b <i>", "a \\` b \\<i>"),
        ("`` x ` <b>", "\\`\\` x \\` \\<b>"),
        ("\\`<b>`", "\\`\\<b>\\`"),
        ("bidi \u202e here, esc \x1b[2J", "bidi \\u202e here, esc \\x1b[2J"),
    ],
)
def test_a_title_stays_one_harmless_line(hostile, shown):
    assert markdown.inline(hostile) == shown


def test_prose_stays_in_its_block_quote():
    text = markdown.quoted("fine\n\n# head\n```py\n<b>kept</b>\n```\n<b>\n- a\n  ```\n<img>")
    assert all(line.startswith(">") for line in text.split("\n"))
    assert "> <b>kept</b>" in text  # code in its own fence is shown as it is
    assert "> \\<b>" in text
    assert "> \\<img>" in text  # a fence inside a list ends with the list


def test_a_span_can_hold_backticks():
    assert markdown.span("a`b") == "``a`b``"
    assert markdown.span("`a") == "`` `a ``"


def test_a_cut_says_how_to_read_on(review):
    cut = Cut(shown=2, total=9, unit="findings", cursor="r-0123.2", resource="manyeyes://runs/r-0123")
    text = markdown.report(review.model_copy(update={"cut": cut}))
    assert "2 of 9 findings" in text
    assert "'r-0123.2'" in text
