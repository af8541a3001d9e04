"""Reads the command line and runs the verb."""

from __future__ import annotations

import argparse
from difflib import get_close_matches
from typing import TYPE_CHECKING

from manyeyes import __version__
from manyeyes.cli import call, demo, doctor, feedback, models, route, serve, stats, support, tools
from manyeyes.cli.exits import NOT_DONE, WRONG_USE
from manyeyes.cli.screen import complain
from manyeyes.errors import BadCall, ManyEyesError, NoAnswer, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ABOUT = """\
Many Eyes lets models of several vendors look at your code, grounded in deterministic evidence.

Without any key the engines on this machine answer alone. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY,
or name a local endpoint, and the model that suits the work is asked too."""

_EXAMPLES = """\
examples:
  manyeyes review                        review what changed since the last commit
  manyeyes review src --depth quick      review files, with one inexpensive model
  manyeyes review --git main..HEAD       review a branch
  manyeyes scan src --fail-on high       exit with 1 when something grave is found
  manyeyes docs src/api.py --format openapi --output api.json
  manyeyes route code_review             which model would be asked, and why
  manyeyes demo                          see all of it at work on a sample

exit codes:
  0 done   1 findings at or above --fail-on   2 wrong use   3 could not be done   4 done in part"""


_SAME = {"--port": "--http", "--host": "--http", "--url": "--http", "--out": "--output", "-o": "--output"}
"""Options of other programs, and ours for the same."""


def build_parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    parser = argparse.ArgumentParser(
        prog="manyeyes", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"manyeyes {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", dest="verb")
    for module in (serve, tools, call, route, models, doctor, stats, feedback, support, demo):
        module.add(verbs)
    return parser


def parse(argv: Sequence[str]) -> int:
    """Run what the command line asks for and return the exit code."""
    parser = build_parser()
    options = _options(parser, argv)
    if isinstance(options, int):
        return options
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


def _options(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace | int:
    """What the command line says, or the exit code where that is all there is to it."""
    verbs = _verbs(parser)
    if argv and not argv[0].startswith("-") and argv[0] not in verbs:
        complain(
            f"There is no command `{argv[0][:60]}`{_meant(argv[0], verbs)} `manyeyes --help` lists those there are."
        )
        return WRONG_USE
    try:
        options, unknown = parser.parse_known_args(argv)
    except SystemExit as leaving:
        # argparse prints its message and leaves: 0 after help, 2 after wrong use.
        return leaving.code if isinstance(leaving.code, int) else WRONG_USE
    if unknown:
        complain(_not_known(parser, options.verb, unknown))
        return WRONG_USE
    return options


def _verbs(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    groups = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001  # argparse has no other way to ask
    return dict(next(groups).choices)


def _not_known(parser: argparse.ArgumentParser, verb: str | None, unknown: Sequence[str]) -> str:
    """What of the command line nobody takes, and what may have been meant by it."""
    of = _verbs(parser)[verb] if verb else parser
    flags = [flag for action in of._actions for flag in action.option_strings]  # noqa: SLF001  # as above
    option = next((text.partition("=")[0] for text in unknown if text.startswith("-")), None)
    if option is None:
        return f"`{of.prog}` does not take `{unknown[0][:60]}`. `{of.prog} --help` shows what it takes."
    meant = _SAME.get(option)
    hint = f", did you mean `{meant}`?" if meant in flags else _meant(option, flags)
    return f"`{of.prog}` has no option `{option[:60]}`{hint} `{of.prog} --help` lists those it has."


def _meant(text: str, known: Iterable[str]) -> str:
    """The end of a sentence that names something unknown: what is close to it, if anything."""
    close = get_close_matches(text, list(known), n=1)
    return f", did you mean `{close[0]}`?" if close else "."
