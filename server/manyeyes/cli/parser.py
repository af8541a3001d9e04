"""Reads the command line and runs the verb."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from manyeyes import __version__
from manyeyes.cli import call, demo, doctor, models, route, serve, stats, tools
from manyeyes.cli.exits import NOT_DONE, WRONG_USE
from manyeyes.cli.screen import complain
from manyeyes.errors import BadCall, ManyEyesError, NoAnswer, SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOUT = """\
Many Eyes lets models of several vendors look at your code, grounded in deterministic evidence.

Without any key the engines on this machine answer alone. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY,
or name a local endpoint, and the model that suits the work is asked too."""

_EXAMPLES = """\
examples:
  manyeyes review                        review what changed since the last commit
  manyeyes review --git main..HEAD       review a branch
  manyeyes scan src --fail-on high       exit with 1 when something grave is found
  manyeyes docs src/api.py --format openapi --output api.json
  manyeyes route code_review             which model would be asked, and why
  manyeyes demo                          see all of it at work on a sample

exit codes:
  0 done   1 findings at or above --fail-on   2 wrong use   3 could not be done   4 done in part"""


def build_parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    parser = argparse.ArgumentParser(
        prog="manyeyes", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"manyeyes {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", dest="verb")
    for module in (serve, tools, call, route, models, doctor, stats, demo):
        module.add(verbs)
    return parser


def parse(argv: Sequence[str]) -> int:
    """Run what the command line asks for and return the exit code."""
    parser = build_parser()
    try:
        options = parser.parse_args(argv)
    except SystemExit as leaving:
        # argparse prints its message and leaves: 0 after help, 2 after wrong use.
        return leaving.code if isinstance(leaving.code, int) else WRONG_USE
    if options.verb is None:
        parser.print_help()
        return 0
    try:
        code: int = options.run(options)
    except (SettingsError, BadCall) as error:
        complain(str(error))
        return WRONG_USE
    except NoAnswer as error:
        complain(str(error))
        for attempt in error.attempts:
            complain(f"{attempt.ref}: {attempt.message}")
        return NOT_DONE
    except ManyEyesError as error:
        complain(str(error))
        return NOT_DONE
    return code
