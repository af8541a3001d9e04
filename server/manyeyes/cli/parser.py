"""Reads the command line and runs the verb."""

from __future__ import annotations

import argparse
import sys
import textwrap
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

from manyeyes import __version__
from manyeyes.cli import ask, call, demo, doctor, feedback, models, route, serve, stats, support, tools
from manyeyes.cli.exits import NOT_DONE, WRONG_USE
from manyeyes.cli.screen import complain
from manyeyes.errors import BadCall, ManyEyesError, NoAnswer, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from _typeshed import SupportsWrite

_ABOUT = """\
Many Eyes lets models of several vendors look at your code, grounded in deterministic evidence.

Without any key the engines on this machine answer alone. Set ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY,
or name a local endpoint, and the model that suits the work is asked too."""

_EXAMPLES = """\
examples:
  manyeyes demo                        see all of it at work on a sample
  manyeyes doctor                      what works here, and how to mend the rest
  manyeyes review                      review what changed since the last commit
  manyeyes review src --depth quick    review files, with one inexpensive model
  manyeyes review --git main..HEAD     review a branch
  manyeyes scan src --fail-on high     exit with 1 on something grave
  manyeyes docs src/api.py --format openapi --output api.json
  manyeyes ask 'Why …?' --depth panel  ask models of several vendors
  manyeyes route code_review           which model would be asked, and why

`manyeyes COMMAND --help` has the options and examples of each.

exit codes:
  0  done
  1  findings at or above --fail-on
  2  wrong use
  3  could not be done
  4  done in part"""


_SAME = {"--port": "--http", "--host": "--http", "--url": "--http", "--out": "--output", "-o": "--output"}
"""Options of other programs, and ours for the same."""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, where argparse shows all that could be said before."""

    def error(self, message: str) -> NoReturn:
        """Leave with what is wrong and where to look."""
        complain(f"{message.removeprefix('argument ')}. `{self.prog} --help` shows what it takes.")
        sys.exit(WRONG_USE)

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        encoding = getattr(file, "encoding", None) or "utf-8"
        super()._print_message(message.encode(encoding, "replace").decode(encoding), file)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Folds prose to the terminal's width and leaves examples and tables as they are written."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines: list[str] = []
        prose: list[str] = []
        for line in [*text.splitlines(), ""]:
            if line and not line.startswith("  ") and "   " not in line:
                prose.append(line)
                continue
            lines += textwrap.wrap(" ".join(prose), width)
            lines.append(line)
            prose = []
        return "\n".join(indent + line for line in lines[:-1])


def build_parser() -> argparse.ArgumentParser:
    """The parser with all verbs."""
    parser = _Parser(
        prog="manyeyes", description=_ABOUT, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"manyeyes {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", dest="verb")
    for module in (serve, tools, ask, call, route, models, doctor, stats, feedback, support, demo):
        module.add(verbs)
    for one in _every(parser):
        one.formatter_class = _Help
    return parser


def _every(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser, those of its verbs, and of what these have below them."""
    yield parser
    for group in parser._actions:  # noqa: SLF001  # argparse has no other way to ask
        if isinstance(group, argparse._SubParsersAction):  # noqa: SLF001  # as above
            for one in dict.fromkeys(group.choices.values()):
                yield from _every(one)


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
        complain(_one_a_line(error))
        return NOT_DONE
    except ManyEyesError as error:
        complain(str(error))
        return NOT_DONE
    return code


def _one_a_line(error: NoAnswer) -> str:
    """What went wrong with each model that was asked, once, and on lines of their own where there are several."""
    text = str(error)
    rest = [f"{one.ref}: {one.message}" for one in error.attempts if str(one.ref) not in text]
    if len(error.attempts) > 1 and not rest:
        text = text.replace(": ", ":\n  ", 1)
        for name in dict.fromkeys(str(one.ref) for one in error.attempts):
            text = text.replace(f"; {name} ", f"\n  {name} ")
    return "\n  ".join([text, *rest])


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
        of = verbs.get(options.verb)
        more = bool(unknown) and not any(text.startswith("-") for text in unknown)
        if more and of is not None and not any(map(_nests, of._actions)):  # noqa: SLF001  # argparse has no other way to ask
            # Files on both sides of an option: argparse takes only those before it unless asked like this.
            options, unknown = of.parse_known_intermixed_args(argv[1:], options)
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


def _nests(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)  # noqa: SLF001  # as above


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
