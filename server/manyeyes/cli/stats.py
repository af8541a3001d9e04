"""`manyeyes stats`: the monitoring dashboard in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from manyeyes.cli.screen import complain, show, wants_colour

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.monitor.dashboard import Dashboard

_DAY_S = 86_400.0


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "stats",
        help="show calls, success, latency, tokens and cost, by model and tool",
        description="Show what the tools and models have done: calls, success rate, latency, tokens and cost. "
        "The figures come from every server and command that shares this state.",
        epilog="examples:\n  manyeyes stats\n  manyeyes stats --days 1 --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--days", type=float, metavar="N", help="only the last N days")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Print the dashboard."""
    from manyeyes.cli.session import with_desk  # only to work, not for help
    from manyeyes.monitor.dashboard import fold
    from manyeyes.monitor.forms import as_json, render_text

    since = 0.0 if options.days is None else time.time() - options.days * _DAY_S

    async def look(desk: Desk) -> Dashboard:
        import anyio.to_thread  # loaded by now

        return await anyio.to_thread.run_sync(lambda: fold(desk.store.events(since), notice=desk.store.notice))

    board = with_desk(look)
    if options.json:
        show(json.dumps(as_json(board)))
    else:
        colour = wants_colour(sys.stdout, refused=options.no_color)
        show(render_text(board, colour=colour), colour=colour)
    if board.notice:
        complain(board.notice)
    return 0
