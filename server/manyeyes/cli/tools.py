"""`manyeyes review`, `scan`, `docs` and `pipeline`: the tools for people."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
        "  git diff main | manyeyes review --diff -\n"
        "  manyeyes review --git main..HEAD --fail-on high --sarif review.sarif",
    ),
    _Verb(
        "scan",
        "security_scan",
        "look for vulnerabilities in code, dependencies or a running service",
        "  manyeyes scan src\n"
        "  manyeyes scan --type sca requirements.txt\n"
        "  manyeyes scan --type dast --target http://127.0.0.1:8080\n"
        "  manyeyes scan . --fail-on high --sarif scan.sarif",
    ),
    _Verb(
        "docs",
        "doc_generator",
        "write documentation of code as Markdown, OpenAPI or HTML",
        "  manyeyes docs src/app.py > app.md\n  manyeyes docs src/api.py --format openapi --output openapi.json",
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
    for verb in _VERBS:
        parser = verbs.add_parser(
            verb.name,
            help=verb.help,
            description=verb.help[0].upper() + verb.help[1:] + ".",
            epilog=f"examples:\n{verb.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        given = parser.add_argument_group("what to look at")
        given.add_argument("paths", nargs="*", metavar="PATH", help="files and folders")
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
        out.add_argument("--json", action="store_true", help="print the whole result as one JSON object")
        out.add_argument("--output", metavar="FILE", type=Path, help="write to FILE instead, as Markdown or --json")
        if verb.changes:
            out.add_argument("--sarif", metavar="FILE", help="also write the findings as SARIF 2.1.0; - is stdout")
            out.add_argument("--fail-on", choices=SEVERITIES, help="exit with 1 on a finding this bad or worse")
        out.add_argument("--progress", action="store_true", help="tell the progress even where there is no terminal")
        out.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
        parser.set_defaults(run=run, tool=verb.tool, diff=None, git=None, sarif=None, fail_on=None)


def _own_arguments(group: argparse._ArgumentGroup, verb: _Verb) -> None:
    if verb.name == "review":
        group.add_argument("--focus", help="what to look at most, in your words")
    elif verb.name == "scan":
        group.add_argument("--type", choices=("sast", "dast", "sca"), dest="scan_type", help="sast unless given")
        group.add_argument("--target", dest="target_url", metavar="URL", help="the running service, for dast")
    elif verb.name == "docs":
        group.add_argument("--format", choices=("markdown", "openapi", "html"), help="markdown unless given")
    else:
        group.add_argument("--mode", choices=("sequential", "parallel"), help="sequential unless given")


def run(options: Options) -> int:
    """Call the tool and show what it returned."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    if options.sarif == "-" and options.json and options.output is None:
        raise BadCall("--json and --sarif - both want stdout. Give one of them a file.")
    arguments, settings = _arguments(options)

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
            complain(str(nothing))
            return DONE
        finally:
            progress.clear()
        _write(tool, result, options)
        return code_for(result.model_dump(mode="json"), fail_on=options.fail_on, models_at_hand=bool(desk.providers))

    return with_desk(work, settings)


def _arguments(options: Options) -> tuple[dict[str, Json], Settings]:
    """The tool's arguments, and the settings with the roots that they need."""
    from manyeyes.cli.session import repository, settings_for

    named = ("model", "depth", "focus", "scan_type", "target_url", "format", "mode")
    arguments: dict[str, Json] = {name: getattr(options, name, None) for name in named}
    here = Path.cwd()
    paths = [Path(path).expanduser() for path in options.paths]
    nothing = not (paths or options.code_file or options.diff or options.git)
    if paths:
        missing = next((path for path in paths if not path.exists()), None)
        if missing is not None:
            raise BadCall(f"There is no {missing}. Name files or folders that exist.")
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
    return {name: value for name, value in arguments.items() if value is not None}, settings_for(folders)


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


def _write(tool: Tool[Arguments, Result], result: Result, options: Options) -> None:
    if options.sarif:
        sarif = tool.export(result, "sarif")
        if options.sarif == "-":
            show(sarif)
        else:
            _save(Path(options.sarif), sarif)
    document = getattr(result, "document", None)
    if options.json:
        text = result.model_dump_json(indent=2) + "\n"
    elif isinstance(document, str) and (options.output or not sys.stdout.isatty()):
        # Documentation is written to be kept: a file or pipe gets the document alone, the rest goes to stderr.
        text = document
        _tell(result)
    elif options.output:
        text = tool.report(result)
    else:
        form = tool.export(result, "terminal") if "terminal" in tool.exports else tool.report(result)
        if options.sarif != "-":
            show(form, colour=wants_colour(sys.stdout, refused=options.no_color))
        return
    if options.output:
        _save(options.output, text)
        complain(f"written to {options.output}: {' '.join(result.summary.split())}")
    elif options.sarif != "-":
        show(text)


def _tell(result: Result) -> None:
    """What goes with a document and is no part of it."""
    for problem in result.problems:
        complain(problem)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise BadCall(f"{path} cannot be written: {error.strerror}") from None
