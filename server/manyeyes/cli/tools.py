"""`manyeyes review`, `scan`, `docs` and `pipeline`: the tools for people."""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manyeyes.cli import applying
from manyeyes.cli.exits import DONE, SEVERITIES, code_for
from manyeyes.cli.screen import ProgressLine, complain, show, wants_colour
from manyeyes.errors import BadCall, NothingChanged

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.results import Result
    from manyeyes.settings import Settings
    from manyeyes.tool import Arguments, Tool
    from manyeyes.types import Json

_MOST_INPUT = 20_000_000
_ALL = 1_000_000
"""A limit of findings that no result comes near."""
_FLAGS = {
    "`code` (with `language`)": "--code-file",
    "`code`": "--code-file",
    "`paths`": "PATH",
    "`diff`": "--diff",
    "`git`": "--git",
    "`language`": "--language",
    "`model`": "--model",
    "`focus`": "--focus",
    "`depth`": "--depth",
    "`format`": "--format",
    "`mode`": "--mode",
    "`scan_type`": "--type",
    "scan_type": "--type",
    "`target_url`": "--target",
    "Send ": "Give ",
}
"""Words of the tools' messages, and what the same is called on the command line."""
_CALLED = re.compile(r"\A\w+ cannot be called like this: |\nIt takes: .*\Z")
"""What only an MCP client has a use for."""


@dataclass(frozen=True, slots=True)
class _Verb:
    """A verb for one tool.  `changes` says that it can look at a diff or a range, and does when nothing is named."""

    name: str
    tool: str
    help: str
    examples: str
    changes: bool = True


_VERBS = (
    _Verb(
        "review",
        "code_review",
        "review a change, files or a branch",
        "  manyeyes review                       what changed since the last commit\n"
        "  manyeyes review src/app.py --focus concurrency\n"
        "  manyeyes review src/app.py --model claude-opus-4-7\n"
        "  manyeyes review src --depth quick     one inexpensive model\n"
        "  git diff main | manyeyes review --diff -\n"
        "  manyeyes review --git main..HEAD --fail-on high --sarif review.sarif",
    ),
    _Verb(
        "scan",
        "security_scan",
        "look for vulnerabilities in code",
        "  manyeyes scan                         what changed since the last commit\n"
        "  manyeyes scan src\n"
        "  manyeyes scan app.py --depth panel    ask a model of each vendor\n"
        "  manyeyes scan . --fail-on high --sarif scan.sarif",
    ),
    _Verb(
        "docs",
        "doc_generator",
        "write documentation of code as Markdown, OpenAPI or HTML",
        "  manyeyes docs src/app.py > app.md\n"
        "  manyeyes docs src --format html --output reference.html\n"
        "  manyeyes docs src/api.py --format openapi --output openapi.json",
        changes=False,
    ),
    _Verb(
        "pipeline",
        "code_pipeline",
        "review, security scan and documentation in one go",
        "  manyeyes pipeline src --mode parallel",
    ),
)


def add(verbs: Verbs) -> None:
    """Add the verbs to the command line."""
    there = {entry.name for entry in entry_points(group="manyeyes.tools")}
    for verb in _VERBS:
        # A verb without `help` is known and not listed: its tool is not installed, and it says so when it is used.
        listed: dict[str, Any] = {"help": verb.help} if verb.tool in there else {}
        unnamed = " Without PATH it looks at what changed in git since the last commit." if verb.changes else ""
        parser = verbs.add_parser(
            verb.name,
            **listed,
            description=f"{verb.help[0].upper()}{verb.help[1:]}.{unnamed}",
            epilog=f"examples:\n{verb.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        given = parser.add_argument_group("what to look at")
        what = "files and folders; without any, the change in git" if verb.changes else "files and folders"
        given.add_argument("paths", nargs="*", metavar="PATH", help=what)
        given.add_argument("--code-file", metavar="FILE", help="the code is in FILE, wherever it lies; - is stdin")
        given.add_argument("--language", help="what language the code of --code-file is in")
        if verb.changes:
            given.add_argument("--diff", metavar="FILE", help="look at the change in a unified diff; - is stdin")
            given.add_argument("--git", metavar="RANGE", help="look at a change: main..HEAD, staged, working")
        work = parser.add_argument_group("how to look")
        work.add_argument("--model", help="ask this model: a reference provider:model, a name or an alias")
        work.add_argument("--depth", choices=("quick", "standard", "panel"), help="how many models to ask")
        _own_arguments(work, verb)
        out = parser.add_argument_group("what to write")
        out.add_argument("--json", action="store_true", help="print the whole result as one JSON object, in one line")
        out.add_argument("--output", metavar="FILE", type=Path, help="write to FILE instead, as Markdown or --json")
        if verb.changes:
            out.add_argument("--sarif", metavar="FILE", help="also write the findings as SARIF 2.1.0; - is stdout")
            out.add_argument("--fail-on", choices=SEVERITIES, help="exit with 1 on a finding this bad or worse")
        if verb.name in {"review", "scan"}:
            applying.add(out)
        out.add_argument("--progress", action="store_true", help="tell the progress even where there is no terminal")
        out.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
        parser.set_defaults(run=run, tool=verb.tool, diff=None, git=None, sarif=None, fail_on=None)


def _own_arguments(group: argparse._ArgumentGroup, verb: _Verb) -> None:
    if verb.name == "review":
        group.add_argument("--focus", help="what a model should look at most, in your words")
    elif verb.name == "scan":
        # Taken, since the tool takes them, and not shown, since it has only `sast` so far and says so itself.
        group.add_argument("--type", dest="scan_type", help=argparse.SUPPRESS)
        group.add_argument("--target", dest="target_url", help=argparse.SUPPRESS)
    elif verb.name == "docs":
        group.add_argument("--format", choices=("markdown", "openapi", "html"), help="markdown unless given")
    else:
        group.add_argument("--mode", choices=("sequential", "parallel"), help="sequential unless given")


def run(options: Options) -> int:
    """Call the tool and show what it returned."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    if options.sarif == "-" and options.json and options.output is None:
        raise BadCall("--json and --sarif - both want stdout. Give one of them a file.")
    applying.check(options)
    arguments, settings = _arguments(options)
    since = time.time()
    done: list[tuple[Tool[Arguments, Result], Result]] = []
    # A scan has all it found wherever it is shown: only a review keeps to what is worth a reader's time.
    limit = settings.limits.findings if options.tool == "code_review" else _ALL
    if options.json or options.sarif:
        # What programs read holds every finding; a report for people keeps to the limit.
        every = settings.limits.model_copy(update={"findings": max(limit, _ALL)})
        settings = settings.model_copy(update={"limits": every})

    async def work(desk: Desk) -> int:
        if options.tool not in desk.tools:
            there = ", ".join(desk.tools) or "none"
            raise BadCall(f"`{options.verb}` needs the tool {options.tool}, which is not there. There are: {there}.")
        tool = desk.tools[options.tool]
        if options.sarif and "sarif" not in tool.exports:
            raise BadCall(f"{tool.name} has no SARIF report. Leave --sarif out.")
        progress = ProgressLine(wanted=options.progress)
        try:
            result = await desk.call(tool.name, arguments, progress.update)
        except NothingChanged as nothing:
            complain(_in_flags(str(nothing)))
            return DONE
        except BadCall as error:
            raise BadCall(_in_flags(str(error))) from None
        finally:
            progress.clear()
        _write(tool, result, options, limit)
        done.append((tool, result))
        return code_for(result.model_dump(mode="json"), fail_on=options.fail_on, models_at_hand=bool(desk.providers))

    code = with_desk(work, settings)
    if getattr(options, "apply", False) and done:  # when nothing waits any more for whoever is asked
        written = applying.apply(*done[0], options, settings.roots, since)
        return code or written
    return code


def _arguments(options: Options) -> tuple[dict[str, Json], Settings]:
    """The tool's arguments, and the settings with the roots that they need."""
    from manyeyes.cli.session import repository, settings_for

    named = ("model", "depth", "focus", "scan_type", "target_url", "format", "mode")
    arguments: dict[str, Json] = {name: getattr(options, name, None) for name in named}
    here = Path.cwd()
    paths = [Path(path).expanduser() for path in options.paths]
    nothing = not (paths or options.code_file or options.diff or options.git)
    both = [name for name, one in _given(options) if one]
    if len(both) > 1:
        raise BadCall(f"{both[0]} and {both[1]} were both given. Give one of PATH, --code-file, --diff and --git.")
    if paths and arguments["scan_type"] in {None, "sast"}:
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            raise BadCall(f"There is no {missing}. Name files or folders that exist.")
    if paths:
        arguments["paths"] = [str(path.absolute()) for path in paths]
    if options.code_file:
        arguments["code"] = _read(options.code_file)
        arguments["language"] = options.language or _language(options.code_file)
    if options.diff:
        arguments["diff"] = _read(options.diff)
    arguments["git"] = options.git
    if nothing and options.tool == "doc_generator":
        raise BadCall("Nothing to document. Name files or folders: manyeyes docs src/app.py")
    if nothing and not arguments["target_url"]:
        arguments["git"] = "working"
    folders = [*paths, repository(here)] if arguments["git"] else paths
    settings = settings_for(folders)
    if nothing and arguments["git"] and settings.roots and not any(map(_in_git, settings.roots)):
        raise BadCall(
            f"There is no git repository here, and so no change to look at. Name files or folders: "
            f"manyeyes {options.verb} ."
        )
    return {name: value for name, value in arguments.items() if value is not None}, settings


def _given(options: Options) -> tuple[tuple[str, object], ...]:
    """The ways to say what to look at, and what was said by each."""
    named = (("PATH", "paths"), ("--code-file", "code_file"), ("--diff", "diff"), ("--git", "git"))
    return tuple((flag, getattr(options, name, None)) for flag, name in named)


def _in_git(folder: Path) -> bool:
    return any((up / ".git").exists() for up in (folder, *folder.parents))


def _in_flags(message: str) -> str:
    """A tool's message in the words of the command line."""
    message = _CALLED.sub("", message)
    return re.sub("|".join(map(re.escape, _FLAGS)), lambda match: _FLAGS[match[0]], message)


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_INPUT + 1) if name == "-" else _first(Path(name).expanduser())
    except OSError as error:
        raise BadCall(f"{name} cannot be read: {error.strerror}") from None
    if len(data) > _MOST_INPUT:
        raise BadCall(f"{name} is longer than {_MOST_INPUT:,} bytes. Send less at a time.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadCall(f"{'stdin' if name == '-' else name} is not UTF-8 text.") from None


def _first(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_INPUT + 1)


def _language(name: str) -> str | None:
    """A file's ending, which the tools know languages by too; nothing for stdin."""
    return Path(name).suffix.removeprefix(".").lower() or None


def _write(tool: Tool[Arguments, Result], result: Result, options: Options, limit: int) -> None:
    if options.sarif:
        sarif = tool.export(result, "sarif")
        if options.sarif == "-":
            show(sarif)
        else:
            _save(Path(options.sarif), sarif)
    document = getattr(result, "document", None)
    if options.json:
        text = result.model_dump_json() + "\n"
    elif isinstance(document, str) and (options.output or not sys.stdout.isatty()):
        # Documentation is written to be kept: a file or pipe gets the document alone, the rest goes to stderr.
        text = document
        _tell(result)
    elif options.output:
        text = tool.report(_for_people(result, options, limit))
    else:
        shown = _for_people(result, options, limit)
        form = tool.export(shown, "terminal") if "terminal" in tool.exports else tool.report(shown)
        if options.sarif != "-":
            show(form, colour=wants_colour(sys.stdout, refused=options.no_color))
        return
    if options.output:
        _save(options.output, text)
        complain(f"written to {options.output}: {' '.join(result.summary.split())}")
    elif options.sarif != "-":
        show(text)


def _for_people(result: Result, options: Options, limit: int) -> Result:
    """The result as a report shows it: no more findings than the limit, at the paths that were typed."""
    findings = getattr(result, "findings", None)
    if not isinstance(findings, list):
        return result
    named = [one.model_copy(update={"path": _typed(one.path, options)}) for one in findings[:limit]]
    update: dict[str, object] = {"findings": named}
    if len(findings) > limit:
        held = result.suppressed  # type: ignore[attr-defined]  # what has findings has this too
        more = len(findings) - limit
        reasons = {**held.reasons, f"there are more than {limit}": more}
        update["suppressed"] = held.model_copy(update={"count": held.count + more, "reasons": reasons})
    return result.model_copy(update=update)


def _typed(path: str, options: Options) -> str:
    """A file as whoever typed the command knows it, where its root is not the working folder."""
    if options.code_file:
        return options.code_file if options.code_file != "-" and path.startswith("code.") else path
    if len(options.paths) != 1 or Path(path).exists():
        return path
    name = Path(options.paths[0])
    folder = name if name.is_dir() else name.parent
    typed = folder / path
    return str(typed) if typed.exists() else path


def _tell(result: Result) -> None:
    """What goes with a document and is no part of it."""
    for problem in result.problems:
        complain(problem)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise BadCall(f"{path} cannot be written: {error.strerror}") from None
