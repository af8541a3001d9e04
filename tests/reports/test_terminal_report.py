from __future__ import annotations

import re

import pytest

from manyeyes_tools.reports import terminal

SGR = re.compile(r"\x1b\[[0-9;]*m")


def test_shows_the_source_with_its_number_and_an_underline(review):
    lines = terminal.report(review, colour=False, width=100).split("\n")
    at = next(number for number, line in enumerate(lines) if line.startswith("  12 |"))
    assert lines[at] == '  12 | query = f"SELECT * FROM users WHERE id = {user}"'
    assert lines[at + 1].index("^") == lines[at].index("query")
    assert lines[at + 1].count("^") == len(lines[at]) - lines[at].index("query")
    assert "  21 |     pay()" in lines
    assert lines[0] == "Code review: request changes"
    assert '    +    query = "SELECT * FROM users WHERE id = ?"' in lines


def test_colours_come_only_when_asked_for(review):
    plain = terminal.report(review, colour=False, width=80)
    coloured = terminal.report(review, colour=True, width=80)
    assert "\x1b" not in plain
    assert "\x1b[1;31mCRITICAL\x1b[0m" in coloured
    assert SGR.sub("", coloured) == plain


@pytest.mark.parametrize("width", [20, 40, 72, 200])
def test_prose_keeps_to_the_width(review, width):
    prose = "word " * 80
    long = review.model_copy(
        update={"summary": prose, "findings": [review.findings[1].model_copy(update={"explanation": prose})]}
    )
    room = max(width, 40)
    for line in terminal.report(long, colour=False, width=width).split("\n"):
        assert len(line) <= room or " " not in line.strip()


def test_nothing_of_the_code_reaches_the_terminal_as_a_command(review):
    nasty = "\x1b]0;owned\x07\x9b31m\x1b[2J\r\x00\u202e\U000e0041\ud800"
    fields = dict.fromkeys(("title", "path", "category", "quote", "explanation", "dissent", "id", "owasp"), nasty)
    suggestion = review.findings[0].suggestion.model_copy(update={"explanation": nasty, "patch": f"+{nasty}"})
    bad = review.findings[0].model_copy(update={**fields, "sources": [nasty], "suggestion": suggestion})
    hostile = review.model_copy(update={"summary": nasty, "problems": [nasty], "findings": [bad]})
    for colour in (True, False):
        text = SGR.sub("", terminal.report(hostile, colour=colour, width=100))
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff\U000e0000-\U000e007f]", text)
        assert "\\x1b]0;owned" in text
        text.encode()


def test_long_quotes_and_lines_are_cut_visibly(review):
    quote = "\n".join(f"line {number} " + "x" * 300 for number in range(40))
    finding = review.findings[0].model_copy(update={"quote": quote, "end_line": 51})
    lines = terminal.report(review.model_copy(update={"findings": [finding]}), colour=False, width=80).split("\n")
    numbered = [line for line in lines if re.match(r"  \d+ \|", line)]
    assert len(numbered) == 12
    assert all(len(line) <= 80 and line.endswith("…") for line in numbered)
    assert any("28 more lines" in line for line in lines)


def test_failures_are_told(scan):
    text = terminal.report(scan, colour=False, width=100)
    assert "What could not be done\n  - openai:gpt-5.5 failed: 500" in text
    assert "Cost: unknown" in text


def test_a_finding_without_a_quote_has_no_source_block(review):
    finding = review.findings[1].model_copy(update={"quote": ""})
    assert " | " not in terminal.report(review.model_copy(update={"findings": [finding]}), colour=False, width=90)
