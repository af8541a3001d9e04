"""`manyeyes stats`: the monitoring dashboard and the account of costs in the terminal."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from manyeyes.cli.exits import NOT_DONE
from manyeyes.cli.screen import complain, room, show, wants_colour

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.monitor.costs import Costs
    from manyeyes.monitor.dashboard import Dashboard
    from manyeyes.monitor.learning import Lessons

_DAY_S = 86_400.0
_MOST_DAYS = 1_000_000


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "stats",
        help="show calls, success, latency, tokens and cost, by model and tool",
        description="Show what the tools and models have done: calls, success rate, latency, tokens and cost, answers "
        "from the cache, fallbacks, second calls beside slow ones, and what is not asked at the moment. "
        "The figures come from every server and command that shares this state.",
        epilog="examples:\n  manyeyes stats\n  manyeyes stats --days 1 --json\n"
        "  manyeyes stats --costs           what models cost, by day, tool and model\n"
        "  manyeyes stats --routing         what was learned of models, what it saved",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--days", type=_days, metavar="N", help="only the last N days")
    parser.add_argument("--costs", action="store_true", help="what models cost, by day, tool and model")
    parser.add_argument("--routing", action="store_true", help="what was learned of models, and what that has saved")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Print the dashboard, or the account."""
    if options.costs:
        return _costs(options)
    if options.routing:
        return _routing(options)
    from manyeyes.cli.session import with_desk  # only to work, not for help
    from manyeyes.monitor.dashboard import fold
    from manyeyes.monitor.forms import as_json, render_text

    since = _since(options)

    async def look(desk: Desk) -> Dashboard:
        import anyio.to_thread  # loaded by now

        def board() -> Dashboard:
            events = desk.store.events(since)
            return fold(events, breakers=desk.gateway.breakers.reasons(), notice=desk.store.notice)

        return await anyio.to_thread.run_sync(board)

    board = with_desk(look)
    if options.json:
        show(json.dumps(as_json(board)))
    else:
        colour = wants_colour(sys.stdout, refused=options.no_color)
        show(render_text(board, colour=colour, width=room()), colour=colour)
    if board.notice:
        complain(board.notice)
    return 0


def _costs(options: Options) -> int:
    from manyeyes.cli.session import with_desk  # as above
    from manyeyes.monitor.costs import costs_json, fold_costs, render_costs
    from manyeyes.state.budget import day_of
    from manyeyes.state.money import nanos
    from manyeyes.state.reservations import entries

    since, now = _since(options), time.time()

    async def look(desk: Desk) -> tuple[Costs, str]:
        import anyio.to_thread  # as above

        found = await anyio.to_thread.run_sync(lambda: entries(desk.store.database))
        limit = desk.settings.budget.usd_per_day
        costs = fold_costs(
            found,
            since=since,
            now=now,
            today=day_of(now),
            limit=None if limit is None else nanos(limit),
        )
        return costs, desk.store.notice

    costs, notice = with_desk(look)
    show(json.dumps(costs_json(costs)) if options.json else render_costs(costs, width=room()))
    if notice:
        complain(notice)
    return 0


def _routing(options: Options) -> int:
    from manyeyes.cli.session import with_desk  # as above
    from manyeyes.monitor.learning import fold_lessons, lessons_json, render_lessons
    from manyeyes.routing.allocation import OFF

    since = _since(options)

    async def look(desk: Desk) -> tuple[Lessons | None, str]:
        import anyio.to_thread  # as above

        def lessons() -> Lessons | None:
            if desk.allocation is None:
                return None
            kept = desk.allocation.posteriors
            return fold_lessons(kept.load(), kept.outcomes(since), desk.settings.learning)

        return await anyio.to_thread.run_sync(lessons), desk.store.notice

    lessons, notice = with_desk(look)
    if lessons is None:
        complain(OFF)
        return NOT_DONE
    show(json.dumps(lessons_json(lessons)) if options.json else render_lessons(lessons, width=room()))
    if notice:
        complain(notice)
    return 0


def _days(text: str) -> float:
    """A number of days above 0, of any length that a clock can go back."""
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of days above 0, such as 7 or 0.5")
    return days


def _since(options: Options) -> float:
    return 0.0 if options.days is None else time.time() - options.days * _DAY_S
