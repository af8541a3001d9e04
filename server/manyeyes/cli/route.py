"""`manyeyes route`: which model would be asked, and why.  Calls nothing."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args

from manyeyes.cli.flags import in_flags
from manyeyes.cli.screen import folded, paint, show, table, wants_colour
from manyeyes.errors import BadCall
from manyeyes.learning.situation import Situation
from manyeyes.types import Modality, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.learning.choice import Draw
    from manyeyes.types import Route, Task


_BY_DEFAULT = frozenset({"analysis", "chat", "customer_service", "ask"})
"""Kinds of work that are known and have no row of their own; all that begin with `support_` are others."""
_STEPS = dict.fromkeys(("pipeline", "code_pipeline"), ("code_review", "security_scan", "doc_generator"))
"""What is done in steps, each of a kind of its own."""


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
        "  manyeyes route multimodal_fusion --modality image --json\n"
        "  manyeyes route pipeline\n"
        "  manyeyes route code_review --language python --explain\n\n"
        "kinds of work:\n"
        "  of ask      code_generation, long_context_analysis, real_time_chat,\n"
        "              multimodal_fusion, search_augmented, media_processing,\n"
        "              analysis, chat\n"
        "  tools       code_review, security_scan, doc_generator\n"
        "  pipeline    the three tools one after the other, each with its own route\n"
        "  customers   support_technical_support, support_sales_inquiry,\n"
        "              support_complaint, support_general, support_intent,\n"
        "              support_rules, support_summary; support_NAME for an intent\n"
        "              of yours\n"
        "  your own    any [routing.KIND] of your settings",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", metavar="TASK_TYPE", help="the kind of work, one of those below")
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
    """Print the route, or those of the steps.

    Raises:
        BadCall: there is no such kind of work, or no such model.
    """
    from manyeyes.cli.session import with_desk  # only to work, not for help
    from manyeyes.types import Task

    tasks = [
        Task(
            kind=kind,
            tier=options.tier,
            input_tokens=options.input_tokens,
            output_tokens=options.output_tokens,
            modalities=frozenset(options.modality or ["text"]),
            structured=options.structured,
            search=options.search,
            model=options.model,
            language=options.language,
        )
        for kind in _STEPS.get(options.kind, (options.kind,))
    ]

    async def choose(desk: Desk) -> list[_Chosen]:
        _see_that_it_is_known(options.kind, {*desk.router.rules, *desk.tools})
        allocation = desk.allocation
        if allocation is None:
            return [_Chosen(task, desk.router.choose(task)) for task in tasks]
        import anyio.to_thread  # loaded by now

        await anyio.to_thread.run_sync(allocation.refresh)
        chosen = []
        for task in tasks:
            lesson = allocation.lesson()
            route = desk.router.choose(task, learned=lesson)
            draws = await anyio.to_thread.run_sync(allocation.explain, task, route, lesson) if options.explain else []
            where = Situation.of(task.kind, task.language, task.input_tokens)
            chosen.append(_Chosen(task, route, draws, allocation.knowledge.resolved.get(where, {})))
        return chosen

    try:
        chosen = with_desk(choose)
    except BadCall as error:
        raise BadCall(in_flags(str(error))) from None
    if options.json:
        told = [one.as_json(explain=options.explain) for one in chosen]
        show(json.dumps({"task_type": options.kind, "steps": told} if options.kind in _STEPS else told[0]))
        return 0
    colour = wants_colour(sys.stdout, refused=options.no_color)
    parts = [part for one in chosen for part in (one.shown(), *([one.explained()] if options.explain else []))]
    show("\n\n".join(parts), colour=colour)
    return 0


def _see_that_it_is_known(kind: str, rows: set[str]) -> None:
    """Raise `BadCall` for a kind of work that nothing does: a slip of the pen would show the default row as its own."""
    known = rows | _BY_DEFAULT | _STEPS.keys()
    if kind in known or kind.startswith("support_"):
        return
    close = get_close_matches(kind, sorted(known), n=1)
    meant = f", did you mean `{close[0]}`?" if close else "."
    raise BadCall(f"There is no kind of work `{kind[:60]}`{meant} `manyeyes route --help` lists those there are.")


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A route, and what was learned of its models: None for `draws` where nothing is to be learned."""

    task: Task
    route: Route
    draws: list[Draw] | None = None
    resolved: Mapping[str, int] = field(default_factory=dict)

    @property
    def first(self) -> str | None:
        """The model that would be asked first."""
        return str(self.route.taken[0]) if self.route.taken else None

    def as_json(self, *, explain: bool) -> dict[str, object]:
        """For programs."""
        rows = [{"ref": str(one.ref), "taken": one.taken, "reason": one.reason} for one in self.route.candidates]
        told: dict[str, object] = {"task_type": self.task.kind, "chosen": self.first, "candidates": rows}
        if explain:
            draws = self.draws
            told["posterior"] = (
                None
                if draws is None
                else [{**asdict(one), "resolved": self.resolved.get(one.name, 0)} for one in draws]
            )
        return told

    def shown(self) -> str:
        """For people: who would be asked, and why."""
        kind = self.task.kind
        head = f"{kind}: {self.first} would be asked." if self.first else f"{kind}: no model can be asked."
        rows = [
            (paint("ask", "32") if one.taken else paint("-", "2"), str(one.ref), one.reason)
            for one in self.route.candidates
        ]
        return f"{head}\n\n{table(('', 'model', 'why'), rows)}"

    def explained(self) -> str:
        """What was learned of each model for the task, and what it led to."""
        if self.draws is None:
            from manyeyes.routing.allocation import OFF  # only to work, not for help

            return folded(OFF)
        if not self.draws:
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
                str(self.resolved.get(one.name, 0) or "-"),
            )
            for one in self.draws
        ]
        where = Situation.of(self.task.kind, self.task.language, self.task.input_tokens)
        heads = ("model", "outcomes", "quality", "cost", "time", "utility", "drawn", "resolved")
        said = folded(
            f"Posterior for {where}; quality less cost and time at your rates is the utility, and chance draws around "
            "it. The rules alone decide until a model has enough outcomes. `resolved` counts findings that it had "
            "named and that a later review found mended; they are among the outcomes."
        )
        return f"{said}\n\n{table(heads, rows, least=('time', 'cost', 'drawn'), words=False)}"


def _count(text: str) -> int:
    """A number of tokens, also written 600k or 1m, or with _ between the digits."""
    factor = {"k": 1_000, "m": 1_000_000}.get(text[-1:].lower(), 1)
    digits = text[:-1] if factor > 1 else text
    if not digits.replace("_", "").isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens, such as 20000 or 600k")
    return int(digits) * factor
