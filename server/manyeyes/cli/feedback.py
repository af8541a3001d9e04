"""`manyeyes feedback`: say whether a run was any good, so that the router learns whom to ask."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from manyeyes.cli.screen import complain, show

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "feedback",
        help="say whether a run was good or bad, so that better suited models are asked",
        description="Say whether the result of a run was any good. The router learns of it whom to ask for such work. "
        "Saying it again changes nothing; saying the opposite takes it back.",
        epilog="examples:\n  manyeyes feedback r-3f9a21c07b44 good\n"
        "  manyeyes stats --routing               what was learned so far",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run_id", metavar="RUN", help="the run's id, as the result shows it")
    parser.add_argument("verdict", choices=("good", "bad"), help="what you say of it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Keep it, and say which models it is about."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    async def keep(desk: Desk) -> tuple[tuple[str, ...], str]:
        return await desk.feedback(options.run_id, good=options.verdict == "good"), desk.store.notice

    models, notice = with_desk(keep)
    if options.json:
        show(json.dumps({"run_id": options.run_id, "verdict": options.verdict, "models": list(models)}))
    else:
        show(f"Kept: {options.run_id} was {options.verdict}. It is about {', '.join(models)}.")
    if notice:
        complain(notice)
    return 0
