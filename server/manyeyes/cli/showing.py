"""What a tool returned, in the forms that were wanted: on the terminal, in files, for programs."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes.cli import baseline
from manyeyes.cli.exits import KEYLESS
from manyeyes.cli.screen import complain, show, wants_colour
from manyeyes.cli.writing import save, write_folder

if TYPE_CHECKING:
    from manyeyes.cli.baseline import Compared
    from manyeyes.cli.verbs import Options
    from manyeyes.results import Result
    from manyeyes.tool import Arguments, Tool

ALL = 1_000_000
"""A limit of findings that no result comes near."""
_A_KEY = re.compile(r"no (\w+_API_KEY) is set")


def write_all(tool: Tool[Arguments, Result], result: Result, options: Options, limit: int) -> Result:
    """Write a result in every form that is wanted.

    Args:
        tool: What returned it.
        result: With all findings.
        options: What was given on the command line.
        limit: How many findings a report on the terminal shows.

    Returns:
        What counts: where there is a baseline, the result without what was known before.
    """
    compared = baseline.compare(options, result)
    _write_sarif(tool, result, options, compared)
    _write_pages(tool, _for_people(compared.result, options, ALL), options)
    if not _wrote_bill(tool, compared.result, options):
        _write(tool, compared.result, options, limit)
    return compared.result


def write_nothing(tool: Tool[Arguments, Result], result: Result, options: Options) -> None:
    """Write the result of a run that had nothing to look at, wherever one was to be kept or read by a program.

    A baseline stays as it is, and no bill of materials is written: an empty one would say that nothing is used.
    """
    _write_sarif(tool, result, options, baseline.Compared(result))
    _write_pages(tool, result, options)
    if options.verb == "pipeline" or options.json or options.output:
        _write(tool, result, options, ALL)
    for name in ("sbom", "write_baseline"):
        path = getattr(options, name, None)
        if path and str(path) != "-":
            old = "it is as it was" if Path(path).is_file() else "it would tell of nothing"
            complain(f"{path} was not written, since nothing was looked at: {old}.")


def _write(tool: Tool[Arguments, Result], result: Result, options: Options, limit: int) -> None:
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
