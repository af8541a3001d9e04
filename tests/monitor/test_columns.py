"""Tables that fit a terminal: nothing is cut, and what is missing is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manyeyes.events import CallEvent, RunEvent
from manyeyes.monitor.columns import left_out, plain, set_in_columns
from manyeyes.monitor.dashboard import fold
from manyeyes.monitor.forms import refitted, render_text
from manyeyes.types import ModelRef, Usage

HEADS = ("model", "calls", "p99", "why")
ROWS = [("a:one", "12", "1.0 s", "it is the best of all those that can be asked here"), ("b:two", "3", "-", "-")]
WORDS = st.text("abc ", max_size=60)


def test_without_a_width_all_is_on_one_line():
    table = set_in_columns(HEADS, ROWS, right=("calls", "p99"), least=("p99",))
    assert table.head == "model  calls    p99  why"
    assert table.rows == (
        "a:one     12  1.0 s  it is the best of all those that can be asked here",
        "b:two      3      -  -",
    )
    assert left_out([table], None) == ""


def test_words_are_folded_beside_the_figures():
    table = set_in_columns(HEADS, ROWS, width=48, right=("calls", "p99"), least=("p99",))
    assert (
        table.rows[0] == "a:one     12  1.0 s  it is the best of all those\n                     that can be asked here"
    )
    assert table.left_out == ()


def test_a_column_goes_and_words_stand_beneath_where_it_is_narrower():
    table = set_in_columns(HEADS, ROWS, width=16, right=("calls", "p99"), least=("p99",))
    assert table.head == "model  calls"
    assert table.rows == (
        "a:one     12\n    why: it is the best of\n    all those that can be\n    asked here",
        "b:two      3",
    )
    assert left_out([table], 80) == "Left out for want of room: p99. A wider terminal, a pipe and --json have all."


def test_colours_take_no_room():
    table = set_in_columns(("", "why"), [("\x1b[32mok\x1b[0m", "so"), ("", "else")])
    assert table.rows == ("\x1b[32mok\x1b[0m  so", "    else")


@given(st.lists(st.tuples(st.integers(0, 10**9).map(str), st.integers(0, 10**9).map(str), WORDS), max_size=5),
       st.integers(1, 90))  # fmt: skip
def test_no_figure_is_ever_cut_and_words_are_all_there(rows, width):
    table = set_in_columns(("first", "second", "words"), rows, width=width, right=("second",), least=("second",))
    for cells, row in zip(rows, table.rows, strict=True):
        told = row.replace("words:", "").split()
        assert told[0] == cells[0]
        assert told[1:] == [*([] if "second" in table.left_out else [cells[1]]), *cells[2].split()]
    if "second" not in table.left_out and width >= 50:
        assert all(len(line) <= width for row in table.rows for line in plain(row).split("\n"))


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_dashboard_fits_its_terminal(width):
    ref = ModelRef("anthropic", "claude-opus-5-5")
    call = {"at": 1e9, "run_id": "r", "tool": "code_review", "role": "reviewer", "ref": ref, "seconds": 12.0}
    board = fold(
        [
            CallEvent(**call, usage=Usage(input_tokens=123_456, output_tokens=1_234), cost_usd=0.1234, error=""),
            *(CallEvent(**call, error=error) for error in ("timed_out", "invalid_answer", "rate_limited")),
            RunEvent(at=1e9, run_id="r", tool="code_review", status="partial", seconds=70.0, cost_usd=0.1234),
        ]
    )
    fitted = plain(render_text(board, colour=True, width=width))
    assert refitted(render_text(board, colour=False), width) == fitted
    lines = fitted.split("\n")
    assert max(map(len, lines)) <= width
    shown = " ".join(" ".join(lines).split())
    for figure in ("claude-opus-5-5 4 ", "123k+", "1234+", "$0.1234", "1 timed_out, 1 invalid_answer, 1 rate_limited"):
        assert figure in shown
    assert ("Left out for want of room: hedges" in shown) == (width < 200)
