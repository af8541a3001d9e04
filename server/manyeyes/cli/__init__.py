"""The command line: the same tools for people and scripts, and the ways to start the server.

Each verb is one module with `add` (its arguments) and `run` (what it does, returning the exit code).  Nothing heavy is
imported before a verb runs, and starting the server over stdio does not even build the parser.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from manyeyes.cli.exits import NOT_DONE, WRONG_USE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

INTERRUPTED = 130
PIPE_CLOSED = 141
"""What a shell reports for a program that SIGINT or SIGPIPE ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code, see `manyeyes.cli.exits`."""
    if argv is None:
        sys.excepthook = _crashed
        _open_what_is_closed()
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _run(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _write_no_more()
        return PIPE_CLOSED
    return _flushed(code)


def _flushed(code: int) -> int:
    """The exit code, once all output is where it belongs."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    except OSError as error:
        sys.stderr.write(f"manyeyes: The output cannot be written: {error.strerror}.\n")
        code = NOT_DONE
    else:
        return code
    _write_no_more()
    return code


def _write_no_more() -> None:
    """Send into nothing what the interpreter flushes once more on its way out: nobody can take it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_what_is_closed() -> None:
    """Put nothing in place of streams that whoever started us has closed, so that reading and writing them works."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115  # pathlib is slow to import, and it stays open


def _run(argv: list[str]) -> int:
    try:
        os.getcwd()  # noqa: PTH109  # pathlib is slow to import
    except FileNotFoundError:
        sys.stderr.write("manyeyes: The folder this was started in is gone. Change into one that exists.\n")
        return WRONG_USE
    if argv == ["serve"] or (not argv and not _on_terminal()):
        from manyeyes.cli.serve import serve  # the server starts without the rest

        return serve(None)
    from manyeyes.cli.parser import parse  # not for the server

    return parse(argv)


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End with `could not be done`: Python's own exit code for a crash, 1, means that something was found."""
    traceback.print_exception(kind, error, trace)
    sys.stderr.flush()
    os._exit(NOT_DONE)


def _on_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
