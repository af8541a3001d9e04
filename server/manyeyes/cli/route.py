"""`manyeyes route`: which model would be asked, and why.  Calls nothing."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from manyeyes.cli.screen import complain, paint, show, table, wants_colour
from manyeyes.learning.situation import Situation
from manyeyes.types import Modality, Tier

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.learning.choice import Draw
    from manyeyes.types import Route, Task


_BY_DEFAULT = frozenset({"analysis", "chat", "code_pipeline", "customer_service", "ask"})
"""Kinds of work that are known and have no row of their own."""


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "route",
        help="show which model would be asked for a kind of work, and why",
        description="Show which models would be asked for a kind of work, in order, and why the others would not. "
        "A dry run: nothing is called and nothing spent.",
        epilog="examples:\n"
        "  manyeyes route code_review\n"
        "  manyeyes route long_context_analysis --input-tokens 600000\n"
        "  manyeyes route multimodal_fusion --modality image --json\n\n"
        "kinds of work: code_generation, long_context_analysis, real_time_chat, multimodal_fusion, search_augmented,\n"
        "media_processing, analysis, chat, and the tools: code_review, security_scan, doc_generator",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", metavar="TASK_TYPE", help="the kind of work; an unknown one takes the default row")
    parser.add_argument("--input-tokens", type=_count, default=0, metavar="N", help="how long the prompt is")
    parser.add_argument("--output-tokens", type=_count, default=0, metavar="N", help="how long the answer may be")
    parser.add_argument(
        "--modality", action="append", choices=get_args(Modality), help="what the input consists of; may be repeated"
    )
    parser.add_argument("--tier", choices=list(Tier), type=Tier, help="how capable a model, in place of the row's")
    parser.add_argument("--model", help="insist on this model: a reference provider:model, a name or an alias")
    parser.add_argument("--structured", action="store_true", help="an answer of a given shape is needed")
    parser.add_argument("--search", action="store_true", help="the model must be able to search the web")
    parser.add_argument("--language", default="", help="the language of the code, where that is known")
    parser.add_argument(
        "--explain", action="store_true", help="show what was learned of each model, and what it led to"
    )
    parser.add_argument("--json", action="store_true", help="print the route as one JSON object")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Print the route."""
    from manyeyes.cli.session import with_desk  # only to work, not for help
    from manyeyes.types import Task

    task = Task(
        kind=options.kind,
        tier=options.tier,
        input_tokens=options.input_tokens,
        output_tokens=options.output_tokens,
        modalities=frozenset(options.modality or ["text"]),
        structured=options.structured,
        search=options.search,
        model=options.model,
        language=options.language,
    )

    async def choose(desk: Desk) -> tuple[Route, list[Draw] | None, set[str]]:
        known = {*desk.router.rules, *desk.tools}
        allocation = desk.allocation
        if allocation is None:
            return desk.router.choose(task), None, known
        import anyio.to_thread  # loaded by now

        await anyio.to_thread.run_sync(allocation.refresh)
        lesson = allocation.lesson()
        route = desk.router.choose(task, learned=lesson)
        draws = await anyio.to_thread.run_sync(allocation.explain, task, route, lesson) if options.explain else []
        return route, draws, known

    route, draws, rows_known = with_desk(choose)
    if task.kind not in rows_known | _BY_DEFAULT:
        close = get_close_matches(task.kind, sorted(rows_known | _BY_DEFAULT), n=1)
        complain(f"unknown kind of work, default row used{f'; close: {close[0]}' if close else ''}")
    chosen = route.taken[0] if route.taken else None
    if options.json:
        rows = [{"ref": str(one.ref), "taken": one.taken, "reason": one.reason} for one in route.candidates]
        told: dict[str, object] = {
            "task_type": task.kind,
            "chosen": str(chosen) if chosen else None,
            "candidates": rows,
        }
        if options.explain:
            told["posterior"] = None if draws is None else [asdict(one) for one in draws]
        show(json.dumps(told))
        return 0
    head = f"{task.kind}: {chosen} would be asked." if chosen else f"{task.kind}: no model can be asked."
    rows_shown = [
        (paint("ask", "32") if one.taken else paint("-", "2"), str(one.ref), one.reason) for one in route.candidates
    ]
    colour = wants_colour(sys.stdout, refused=options.no_color)
    show(f"{head}\n\n{table(('', 'model', 'why'), rows_shown)}", colour=colour)
    if options.explain:
        show(f"\n{_explained(task, draws)}", colour=colour)
    return 0


def _explained(task: Task, draws: list[Draw] | None) -> str:
    """What was learned of each model for a task, and what it led to."""
    if draws is None:
        from manyeyes.routing.allocation import OFF  # only to work, not for help

        return OFF
    if not draws:
        return "Nothing is compared: no model can be asked."
    rows = [
        (
            one.name,
            f"{one.trials:.1f}",
            f"{one.quality:.2f} ± {one.spread:.2f}",
            f"${one.cost_usd:.4f}",
            f"{one.seconds:.1f} s",
            f"{one.utility:.3f}",
            f"{one.drawn:.3f}",
        )
        for one in draws
    ]
    where = Situation.of(task.kind, task.language, task.input_tokens)
    heads = ("model", "outcomes", "quality", "cost", "time", "utility", "drawn")
    return (
        f"Posterior for {where}; quality less cost and time at your rates is the utility, and chance draws around it. "
        f"The rules alone decide until a model has enough outcomes.\n\n{table(heads, rows)}"
    )


def _count(text: str) -> int:
    """A number of tokens, also written 600k or 1m, or with _ between the digits."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.replace("_", "").isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens, such as 20000 or 600k")
    return int(digits) * factor
