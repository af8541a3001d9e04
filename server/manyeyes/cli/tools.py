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

from manyeyes.cli import applying, baseline, writing
from manyeyes.cli.consenting import consented
from manyeyes.cli.exits import DONE, FOUND, KEYLESS, SEVERITIES, code_for
from manyeyes.cli.flags import in_flags
from manyeyes.cli.reading import named, read_text
from manyeyes.cli.screen import ProgressLine, complain, show, wants_colour
from manyeyes.cli.writing import FOLDER, save, write_folder
from manyeyes.errors import BadCall, NothingChanged

if TYPE_CHECKING:
    from manyeyes.cli.baseline import Compared
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.results import Result
    from manyeyes.settings import Settings
    from manyeyes.tool import Arguments, Tool
    from manyeyes.types import Json

_ALL = 1_000_000
"""A limit of findings that no result comes near."""
_A_KEY = re.compile(r"no (\w+_API_KEY) is set")


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
        "  manyeyes scan --type sca              the dependencies of the project in this folder\n"
        "  manyeyes scan --target http://127.0.0.1:8000   probe an application that runs there\n"
        "  manyeyes scan . --fail-on high --sarif scan.sarif",
    ),
    _Verb(
        "docs",
        "doc_generator",
        "write documentation of code as Markdown, OpenAPI or HTML",
        "  manyeyes docs src/app.py > app.md\n"
        "  manyeyes docs src --format html --output reference.html\n"
        "  manyeyes docs src --output docs/api.md --check   exit with 1 when it is out of date\n"
        "  manyeyes docs src README.md --check   docstrings and guides against the code\n"
        "  manyeyes docs src/api.py --format openapi --output openapi.json",
        changes=False,
    ),
    _Verb(
        "pipeline",
        "code_pipeline",
        "review, security scan and documentation in one go",
        "  manyeyes pipeline src                 into the folder manyeyes-report\n"
        "  manyeyes pipeline src --mode parallel --output out\n"
        "  manyeyes pipeline --git main..HEAD --fail-on high --json",
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
        depths = "quick: one inexpensive model; standard unless given; panel: a model of each vendor"
        work.add_argument("--depth", choices=("quick", "standard", "panel"), help=depths)
        _own_arguments(work, verb)
        out = parser.add_argument_group("what to write")
        out.add_argument("--json", action="store_true", help="print the whole result as one JSON object, in one line")
        if verb.name == "pipeline":
            told = f"write report, findings and documentation into FOLDER ({FOLDER})"
            out.add_argument("--output", metavar="FOLDER", type=Path, help=told)
        else:
            out.add_argument("--output", metavar="FILE", type=Path, help="write to FILE instead, as Markdown or --json")
        if verb.changes:
            out.add_argument("--sarif", metavar="FILE", help="also write the findings as SARIF 2.1.0; - is stdout")
            out.add_argument("--fail-on", choices=SEVERITIES, help="exit with 1 on a finding this bad or worse")
        if verb.name in {"review", "scan"}:
            out.add_argument("--html", metavar="FILE", type=Path, help="also write the report as one HTML page")
            comment = "also write it as a comment on a pull request"
            out.add_argument("--markdown", metavar="FILE", type=Path, help=comment)
            baseline.add(out)
        if verb.name == "scan":
            bill = "for sca: also write a bill of materials (CycloneDX); - is stdout"
            out.add_argument("--sbom", metavar="FILE", help=bill)
        if verb.name in {"review", "scan"}:
            applying.add(out, probing=verb.name == "scan")
        out.add_argument("--progress", action="store_true", help="tell the progress even where there is no terminal")
        out.add_argument("--no-color", action="store_true", help="no colours; NO_COLOR=1 does the same")
        parser.set_defaults(run=run, tool=verb.tool, diff=None, git=None, sarif=None, fail_on=None)


def _own_arguments(group: argparse._ArgumentGroup, verb: _Verb) -> None:
    if verb.name == "review":
        group.add_argument("--focus", help="what a model should look at most, in your words")
    elif verb.name == "scan":
        kinds = "sast: the code (default); sca: its dependencies; dast: a running application, or the plan for it"
        group.add_argument("--type", dest="scan_type", metavar="TYPE", help=kinds)
        copy = "for sca: a folder or zip of OSV records; nobody is asked then"
        group.add_argument("--osv-db", metavar="PATH", type=Path, help=copy)
        probed = "probe the application that runs at URL (dast); asks before, unless --yes is given"
        group.add_argument("--target", dest="target_url", metavar="URL", help=probed)
        group.add_argument("--unsafe", action="store_true", help="with --target: also POST, PUT, PATCH and DELETE")
        sent = "with --target: send 'Name: value', such as a login; $VARIABLE in it is read from the environment"
        group.add_argument("--header", dest="headers", action="append", metavar="LINE", help=sent)
        also = "with --target: also run this scanner, held to the same bounds: wapiti or schemathesis"
        group.add_argument("--engine", dest="engines", action="append", choices=("wapiti", "schemathesis"), help=also)
    elif verb.name == "docs":
        told = "write nothing: hold FILE, or docstrings and the Markdown among PATH, against the code"
        group.add_argument("--check", action="store_true", help=told)
        group.add_argument("--format", choices=("markdown", "openapi", "html"), help="markdown unless given")
    else:
        group.add_argument("--mode", choices=("sequential", "parallel"), help="sequential unless given")


def run(options: Options) -> int:
    """Call the tool and show what it returned."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    if options.sarif == "-" and options.json and options.output is None:
        raise BadCall("--json and --sarif - both want stdout. Give one of them a file.")
    _check_dependencies(options)
    writing.check(options)
    applying.check(options)
    baseline.check(options)
    arguments, settings = _arguments(options)
    settings = consented(options, settings)
    since = time.time()
    done: list[tuple[Tool[Arguments, Result], Result]] = []
    # A scan has all it found wherever it is shown: only a review keeps to what is worth a reader's time.
    limit = settings.limits.findings if options.tool == "code_review" else _ALL
    if options.json or options.sarif or baseline.used(options):
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
            complain(in_flags(str(nothing)))
            _say_what_is_old(options)
            return DONE
        except BadCall as error:
            raise BadCall(in_flags(str(error))) from None
        finally:
            progress.clear()
        compared = baseline.compare(options, result)
        _write_sarif(tool, result, options, compared)
        result = compared.result
        _write_pages(tool, _for_people(result, options, _ALL), options)
        _write(tool, result, options, limit)
        done.append((tool, result))
        if getattr(result, "disagreements", None):
            return FOUND
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
    if arguments["target_url"] and arguments["scan_type"] is None:
        arguments["scan_type"] = "dast"
    paths = _paths(options, arguments, here)
    nothing = not (paths or options.code_file or options.diff or options.git)
    both = [name for name, one in _given(options) if one]
    if len(both) > 1:
        raise BadCall(f"{both[0]} and {both[1]} were both given. Give one of PATH, --code-file, --diff and --git.")
    if arguments["scan_type"] in {None, "sast", "sca"}:
        _see_that_they_exist(paths)
    if paths:
        arguments["paths"] = [str(path.absolute()) for path in paths]
    if options.code_file:
        arguments["code"] = read_text(options.code_file)
        arguments["language"] = options.language or _language(options.code_file)
    if options.diff:
        arguments["diff"] = read_text(options.diff)
    arguments["git"] = options.git
    arguments["check"] = _checked(options)
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
    settings = _with_database(settings, options)
    return {name: value for name, value in arguments.items() if value is not None}, settings


def _see_that_they_exist(paths: list[Path]) -> None:
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise BadCall(f"There is no {missing}. Name files or folders that exist.")


def _with_database(settings: Settings, options: Options) -> Settings:
    """The settings with the copy of OSV's records that the command names, if it names one."""
    database = getattr(options, "osv_db", None)
    if database is None:
        return settings
    osv = settings.osv.model_copy(update={"db": database.expanduser().absolute()})
    return settings.model_copy(update={"osv": osv})


def _paths(options: Options, arguments: dict[str, Json], here: Path) -> list[Path]:
    """The files and folders that were named; for work that is done on a whole project, the working folder."""
    kind, probing = arguments["scan_type"], arguments["target_url"]
    if (kind == "sca" or (kind == "dast" and not probing)) and not any(one for _, one in _given(options)):
        return [here]
    return [named(path) for path in options.paths]


def _given(options: Options) -> tuple[tuple[str, object], ...]:
    """The ways to say what to look at, and what was said by each."""
    named = (("PATH", "paths"), ("--code-file", "code_file"), ("--diff", "diff"), ("--git", "git"))
    return tuple((flag, getattr(options, name, None)) for flag, name in named)


def _check_dependencies(options: Options) -> None:
    """Raise `BadCall` for what only a scan of dependencies takes, or two that want stdout."""
    for flag, name in (("--sbom", "sbom"), ("--osv-db", "osv_db")):
        if getattr(options, name, None) and options.scan_type != "sca":
            raise BadCall(f"{flag} goes with `--type sca`: it is about dependencies.")
    for flag, name in (("--header", "headers"), ("--engine", "engines"), ("--unsafe", "unsafe")):
        if getattr(options, name, None) and not getattr(options, "target_url", None):
            raise BadCall(f"{flag} goes with --target: it is about a running application.")
    if getattr(options, "sbom", None) == "-" and (options.sarif == "-" or (options.json and options.output is None)):
        raise BadCall("--sbom - and another option both want stdout. Give one of them a file.")


def _in_git(folder: Path) -> bool:
    return any((up / ".git").exists() for up in (folder, *folder.parents))


def _language(name: str) -> str | None:
    """A file's ending, which the tools know languages by too; nothing for stdin."""
    return Path(name).suffix.removeprefix(".").lower() or None


def _write(tool: Tool[Arguments, Result], result: Result, options: Options, limit: int) -> None:
    if _wrote_bill(tool, result, options):
        return
    if options.verb == "pipeline" and not options.json:
        write_folder(tool, result, options)
        return
    document = getattr(result, "document", None)
    if getattr(options, "check", False):
        _show_check(tool, result, options)
        return
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
        save(options.output, text)
        complain(f"written to {options.output}: {' '.join(result.summary.split())}")
    elif options.sarif != "-":
        show(text)


def _write_pages(tool: Tool[Arguments, Result], result: Result, options: Options) -> None:
    """Write the report as a page, and as a comment, where that is wanted."""
    for path, form in ((getattr(options, "html", None), "html"), (getattr(options, "markdown", None), "pull_request")):
        if path is not None:
            save(path, tool.export(result, form))


def _say_what_is_old(options: Options) -> None:
    """Name the files that a run without a result does not write, and those that an earlier one wrote."""
    for name in ("output", "sarif", "html", "markdown", "sbom"):
        path = getattr(options, name, None)
        if path and str(path) != "-":
            old = ": it tells of an earlier run" if Path(path).is_file() else ", since nothing was looked at"
            complain(f"{path} was not written{old}.")


def _write_sarif(tool: Tool[Arguments, Result], result: Result, options: Options, compared: Compared) -> None:
    """Write all findings as SARIF where that is wanted, each marked as new or known where there is a baseline."""
    if not options.sarif:
        return
    sarif = compared.marked(tool.export(result, "sarif"))
    if options.sarif == "-":
        show(sarif)
    else:
        save(Path(options.sarif), sarif)


def _wrote_bill(tool: Tool[Arguments, Result], result: Result, options: Options) -> bool:
    """Write the bill of materials where one is wanted.  Whether it took stdout, so that nothing else goes there."""
    if not getattr(options, "sbom", None):
        return False
    bill = tool.export(result, "sbom")
    if options.sbom == "-":
        show(bill)
        return True
    save(Path(options.sbom), bill)
    return False


def _for_people(result: Result, options: Options, limit: int) -> Result:
    """The result as a report shows it: no more findings than the limit, at the paths that were typed."""
    findings = getattr(result, "findings", None)
    if not isinstance(findings, list):
        return result
    named = [
        one.model_copy(
            update={
                "path": _typed(one.path, options),
                "trace": [step.model_copy(update={"path": _typed(step.path, options)}) for step in one.trace],
            }
        )
        for one in findings[:limit]
    ]
    held = baseline.said_once(result.suppressed)  # type: ignore[attr-defined]  # what has findings has this too
    if len(findings) > limit:
        more = len(findings) - limit
        reasons = {**held.reasons, f"there are more than {limit}": more}
        held = held.model_copy(update={"count": held.count + more, "reasons": reasons})
    return result.model_copy(update={"findings": named, "suppressed": held})


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


def _checked(options: Options) -> str | None:
    """The document to hold against the code; empty for what stands in the code and beside it, None for none."""
    if not getattr(options, "check", False):
        return None
    if options.output is None:
        return ""
    if not options.output.is_file():
        raise BadCall(f"There is no {options.output} to check. Write it first: the same command without --check.")
    return read_text(str(options.output))


def _show_check(tool: Tool[Arguments, Result], result: Result, options: Options) -> None:
    """Where documentation and code disagree, with the document under its own name."""
    places = getattr(result, "disagreements", None) or []
    name = {"path": str(options.output)}
    named = [one.model_copy(update=name) if one.path == "the document" else one for one in places]
    result = result.model_copy(update={"disagreements": named})
    if options.json:
        show(result.model_dump_json() + "\n")
    elif sys.stdout.isatty():
        show(tool.export(result, "terminal"), colour=wants_colour(sys.stdout, refused=options.no_color))
    else:
        show(tool.report(result))


def _tell(result: Result) -> None:
    """What goes with a document and is no part of it."""
    for problem in result.problems:
        keys = sorted(set(_A_KEY.findall(problem))) if KEYLESS in problem else []
        complain(f"{KEYLESS} for prose. To ask one set {' or '.join(keys)}." if keys else problem)
