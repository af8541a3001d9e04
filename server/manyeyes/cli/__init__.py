"""The command line: the same tools for people and scripts, and the ways to start the server.

Each verb is one module with `add` (its arguments) and `run` (what it does, returning the exit code).  Nothing heavy is
imported before a verb runs, and starting the server over stdio does not even build the parser.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from manyeyes.cli.exits import NOT_DONE

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
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _run(argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone.  The interpreter flushes once more on its way out: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    return code


def _run(argv: list[str]) -> int:
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
