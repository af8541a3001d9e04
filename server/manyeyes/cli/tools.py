"""`manyeyes review`, `scan`, `docs` and `pipeline`: the tools for people."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manyeyes.cli import applying, baseline, working
from manyeyes.cli.exits import SEVERITIES
from manyeyes.cli.writing import FOLDER

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Verbs


@dataclass(frozen=True, slots=True)
class _Verb:
    """A verb for one tool.  `changes` says that it can look at a diff or a range, and does when nothing is named.

    `found` is what the exit code 1 means.
    """

    name: str
    tool: str
    help: str
    examples: str
    changes: bool = True
    found: str = "findings at or above --fail-on"


_CODES = "  0  done\n  1  {}\n  2  wrong use\n  3  could not be done\n  4  done in part"

_VERBS = (
    _Verb(
        "review",
        "code_review",
        "review a change, files or a branch",
        "  manyeyes review                     what changed since the last commit\n"
        "  manyeyes review src --depth quick   one inexpensive model\n"
        "  manyeyes review src/app.py --apply  show the patches that fit, ask, write\n"
        "  manyeyes review src/app.py --focus concurrency --model claude-opus-4-7\n"
        "  git diff main | manyeyes review --diff -\n"
        "  manyeyes review --git main..HEAD --fail-on high --sarif review.sarif",
    ),
    _Verb(
        "scan",
        "security_scan",
        "look for vulnerabilities in code",
        "  manyeyes scan                       what changed since the last commit\n"
        "  manyeyes scan src                   files and folders\n"
        "  manyeyes scan app.py --depth panel  ask a model of each vendor\n"
        "  manyeyes scan --type sca            the dependencies of this project\n"
        "  manyeyes scan --target http://127.0.0.1:8000\n"
        "                                      probe what runs there\n"
        "  manyeyes scan . --fail-on high --sarif scan.sarif\n"
        "  manyeyes scan . --write-baseline known.json\n"
        "  manyeyes scan . --baseline known.json --fail-on high\n"
        "                                      fail on what is new",
    ),
    _Verb(
        "docs",
        "doc_generator",
        "write documentation of code as Markdown, OpenAPI or HTML",
        "  manyeyes docs src/app.py > app.md\n"
        "  manyeyes docs src --format html --output reference.html\n"
        "  manyeyes docs src/api.py --format openapi --output openapi.json\n"
        "  manyeyes docs src --output docs/api.md --check  is it out of date?\n"
        "  manyeyes docs src README.md --check             do they agree?",
        changes=False,
        found="with --check: they disagree",
    ),
    _Verb(
        "pipeline",
        "code_pipeline",
        "review, security scan and documentation in one go",
        "  manyeyes pipeline src              into the folder manyeyes-report\n"
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
            epilog=f"examples:\n{verb.examples}\n\nexit codes:\n{_CODES.format(verb.found)}",
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
        work.add_argument("--model", help="ask this model: provider:model, a name or an alias; see `manyeyes models`")
        depths = "quick: one inexpensive model; standard unless given; panel: a model of each vendor"
        work.add_argument("--depth", choices=("quick", "standard", "panel"), help=depths)
        _own_arguments(work, verb)
        out = parser.add_argument_group("what to write")
        out.add_argument("--json", action="store_true", help="print the whole result as one JSON object, in one line")
        if verb.name == "pipeline":
            told = f"write report, findings and documentation into FOLDER ({FOLDER})"
            out.add_argument("--output", metavar="FOLDER", type=Path, help=told)
        else:
            told = "the report as Markdown" if verb.changes else "the document"
            told = f"write {told} to FILE instead; with --json the whole result"
            out.add_argument("--output", metavar="FILE", type=Path, help=told)
        if verb.changes:
            out.add_argument("--sarif", metavar="FILE", help="also write the findings as SARIF 2.1.0; - is stdout")
            out.add_argument("--fail-on", choices=SEVERITIES, help="exit with 1 on a finding this bad or worse")
            sure = "with --fail-on: leave aside what is less sure, such as guesses without a model"
            out.add_argument("--sure", type=_percent, default=0, metavar="PERCENT", help=sure)
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
        parser.set_defaults(run=working.run, tool=verb.tool, diff=None, git=None, sarif=None, fail_on=None, sure=0)


def _percent(text: str) -> int:
    if not text.isdecimal() or int(text) > 100:  # noqa: PLR2004  # as per cent are
        raise argparse.ArgumentTypeError("a whole number from 0 to 100")
    return int(text)


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
