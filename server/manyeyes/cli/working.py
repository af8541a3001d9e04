"""Runs a tool for people: what was wanted, the call, what came of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from manyeyes.cli import applying, baseline, showing, wanted, writing
from manyeyes.cli.consenting import consented
from manyeyes.cli.exits import DONE, FOUND, code_for
from manyeyes.cli.flags import in_flags
from manyeyes.cli.screen import ProgressLine, complain
from manyeyes.errors import BadCall, NothingChanged

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options
    from manyeyes.desk import Desk
    from manyeyes.results import Result
    from manyeyes.settings import Settings
    from manyeyes.tool import Arguments, Tool


def run(options: Options) -> int:
    """Call the tool and show what it returned."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    if options.sarif == "-" and options.json and options.output is None:
        raise BadCall("--json and --sarif - both want stdout. Give one of them a file.")
    wanted.check(options)
    writing.check(options)
    applying.check(options)
    baseline.check(options)
    arguments, settings = wanted.arguments(options)
    settings = consented(options, settings)
    since = time.time()
    done: list[tuple[Tool[Arguments, Result], Result]] = []
    # A scan has all it found wherever it is shown: only a review keeps to what is worth a reader's time.
    limit = settings.limits.findings if options.tool == "code_review" else showing.ALL
    if options.json or options.sarif or options.sure or baseline.used(options):
        settings = _with_every_finding(settings)

    async def work(desk: Desk) -> int:
        tool = _tool(desk, options)
        progress = ProgressLine(wanted=options.progress)
        try:
            result = await desk.call(tool.name, arguments, progress.update)
        except NothingChanged as nothing:
            from manyeyes.cli.nothing import of_nothing  # for this alone

            complain(in_flags(str(nothing)))
            showing.write_nothing(tool, of_nothing(tool, arguments, in_flags(str(nothing))), options)
            return DONE
        except BadCall as error:
            raise BadCall(in_flags(str(error))) from None
        finally:
            progress.clear()
        result = showing.write_all(tool, result, options, limit)
        done.append((tool, result))
        if getattr(result, "disagreements", None):
            return FOUND
        at_hand, sure = bool(desk.providers), options.sure / 100
        return code_for(result.model_dump(mode="json"), fail_on=options.fail_on, models_at_hand=at_hand, sure=sure)

    code = with_desk(work, settings)
    if getattr(options, "apply", False) and done:  # when nothing waits any more for whoever is asked
        written = applying.apply(*done[0], options, settings.roots, since)
        return code or written
    return code


def _tool(desk: Desk, options: Options) -> Tool[Arguments, Result]:
    if options.tool not in desk.tools:
        there = ", ".join(desk.tools) or "none"
        raise BadCall(f"`{options.verb}` needs the tool {options.tool}, which is not there. There are: {there}.")
    tool = desk.tools[options.tool]
    if options.sarif and "sarif" not in tool.exports:
        raise BadCall(f"{tool.name} has no SARIF report. Leave --sarif out.")
    return tool


def _with_every_finding(settings: Settings) -> Settings:
    """What programs read holds every finding; a report for people keeps to the limit."""
    limits = settings.limits
    every = limits.model_copy(update={"findings": max(limits.findings, showing.ALL)})
    return settings.model_copy(update={"limits": every})
