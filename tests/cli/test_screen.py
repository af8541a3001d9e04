from __future__ import annotations

import io

import anyio
import pytest

from manyeyes.cli import screen
from manyeyes_tools.reports import terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "stream", "refused", "wanted"),
    [
        ({}, Terminal(), False, True),
        ({}, io.StringIO(), False, False),
        ({}, Terminal(), True, False),
        ({"NO_COLOR": "1"}, Terminal(), False, False),
        ({"NO_COLOR": "", "FORCE_COLOR": "1"}, io.StringIO(), False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, Terminal(), False, False),
        ({"TERM": "dumb"}, Terminal(), False, False),
    ],
)
def test_colours_where_they_are_wanted(monkeypatch, environ, stream, refused, wanted):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert screen.wants_colour(stream, refused=refused) is wanted


@pytest.mark.anyio
async def test_progress_is_one_line_on_a_terminal():
    line = screen.ProgressLine(stream=Terminal())
    await line.update(1, 4, "reading\nthe \x1b[2J code")
    assert line.stream.getvalue() == "\r\x1b[2K[###.........]  25% reading the ?[2J code"
    line.clear()
    assert line.stream.getvalue().endswith("\r\x1b[2K")


@pytest.mark.anyio
async def test_progress_counts_the_seconds_while_nothing_new_comes(monkeypatch):
    monkeypatch.setattr(screen, "_SILENT_S", 1.0)
    line = screen.ProgressLine(stream=Terminal())
    await line.update(1, 4, "asking a model")
    await anyio.sleep(1.3)
    assert line.stream.getvalue().endswith("25% asking a model (1 s)")
    await line.update(2, 4, "judged")
    assert line.stream.getvalue().endswith("50% judged")
    line.clear()
    written = line.stream.getvalue()
    await anyio.sleep(1.2)
    assert line.stream.getvalue() == written


@pytest.mark.anyio
async def test_a_terminal_that_goes_away_while_seconds_are_counted_is_no_fault(monkeypatch):
    class Gone(Terminal):
        def write(self, text: str) -> int:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().write(text)

    monkeypatch.setattr(screen, "_SILENT_S", 0.5)
    line = screen.ProgressLine(stream=Gone())
    await line.update(1, 4, "asking a model")
    await anyio.sleep(1.3)
    assert line._counting.done()
    assert line._counting.exception() is None


@pytest.mark.anyio
async def test_progress_too_long_for_its_line_says_that_it_is_cut(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    line = screen.ProgressLine(stream=Terminal())
    await line.update(1, 4, "looked with ruff and many others")
    assert line.stream.getvalue() == "\r\x1b[2K[###.........]  25% looked with ruff a…"


@pytest.mark.anyio
@pytest.mark.parametrize(("wanted", "shown"), [(False, ""), (True, " 50% half\n  0% ?\n")])
async def test_progress_elsewhere_only_when_wanted(wanted, shown):
    line = screen.ProgressLine(wanted=wanted, stream=io.StringIO())
    await line.update(1, 2, "half")
    await line.update(1, None, "?")
    line.clear()
    assert line.stream.getvalue() == shown


def test_a_table_aligns_by_what_is_seen():
    text = screen.plain(screen.table(("a", "b"), [(screen.paint("xyz", "31"), "1"), ("x", "2")]))
    assert text == "a    b\nxyz  1\nx    2"


def test_output_survives_an_encoding_that_lacks_a_character(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    screen.show("naïve … text\n")
    stream.flush()
    assert stream.buffer.getvalue() == b"na?ve ? text\n"


def test_errors_cannot_command_the_terminal(capsys):
    screen.complain("bad \x1b[2J path\x07")
    assert capsys.readouterr().err == "manyeyes: bad ?[2J path?\n"


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("20", 40), ("300", 100)])
def test_a_report_is_as_wide_as_its_terminal_and_no_wider_than_is_read_well(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout", Terminal())
    assert terminal.columns() == width
    monkeypatch.setattr("sys.stdout", io.StringIO())
    assert terminal.columns() == 100
