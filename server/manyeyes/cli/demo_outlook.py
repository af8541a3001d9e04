"""Before the demonstration: which models would be asked, what that may cost, and whether the person wants it."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from manyeyes.cli.screen import safe
from manyeyes.errors import BadCall
from manyeyes.types import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes.cli.verbs import Options
    from manyeyes.desk import Desk
    from manyeyes.settings import Settings
    from manyeyes.types import ModelRef

MOST_USD = 2.0
"""What the demonstration may cost where nothing else is said.  It is expected to cost a fraction of that; but what an
answer might cost is set aside before it is asked for, and an answer may be long."""


class _Load(NamedTuple):
    """Calls of a kind: how many, and how long question and answer are.

    The questions were counted; an answer is as long as those of models that think before they answer.
    """

    kind: str
    calls: int
    input_tokens: int
    output_tokens: int


_LOADS = (
    _Load("code_review", 3, 1_800, 2_500),
    _Load("security_scan", 4, 2_200, 2_000),
    _Load("doc_generator", 1, 600, 800),
    _Load("support_general", 1, 700, 400),
    _Load("support_technical_support", 2, 900, 400),
    _Load("support_sales_inquiry", 1, 900, 400),
    _Load("support_complaint", 2, 1_000, 400),
)
_PANEL = (_Load("code_review", 1, 1_800, 2_500), _Load("code_review", 2, 2_300, 1_500))
"""Of each member: it reads, and judges twice what the others say."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected.

    Attributes:
        models: Who would be asked first for some part, in the order of the parts; empty when nobody can be.
        panel: How many would sit on a panel.
        usd: What it is expected to cost; None when a price is not known.
        paid: Whether any of them is known to cost something.
    """

    models: tuple[str, ...]
    panel: int
    usd: float | None
    paid: bool

    @property
    def free(self) -> bool:
        """Whether it is known to cost nothing."""
        return self.usd == 0


def outlook(settings: Settings) -> Outlook:
    """Who would be asked under these settings, by the rules alone.  Asks nobody, and reads and writes no state."""
    from manyeyes.cli.session import with_desk  # only to work, not for help
    from manyeyes.settings import State

    async def look(desk: Desk) -> Outlook:
        import anyio.to_thread  # loaded by now

        if not desk.providers:
            return Outlook((), 0, 0.0, paid=False)
        await anyio.to_thread.run_sync(desk.prices.warm)
        calls = [(ref, load) for load in _LOADS for ref in _first(desk, load.kind)]
        seats = _seats(desk)
        if len(seats) > 1:
            calls += [(ref, load) for ref in seats for load in _PANEL]
        costs = [
            None if (each := desk.prices.ceiling_usd(ref, load.input_tokens, load.output_tokens)) is None
            else each * load.calls
            for ref, load in calls
        ]  # fmt: skip
        known = [cost for cost in costs if cost is not None]
        return Outlook(
            models=tuple(dict.fromkeys(str(ref) for ref, _ in calls)),
            panel=len(seats),
            usd=sum(known) if len(known) == len(costs) else None,
            paid=any(known),
        )

    return with_desk(look, settings.model_copy(update={"state": State(url="sqlite://")}))


def _first(desk: Desk, kind: str) -> tuple[ModelRef, ...]:
    return desk.router.choose(Task(kind=kind, structured=True)).taken[:1]


def _seats(desk: Desk) -> list[ModelRef]:
    """The first model of each vendor; the endpoints have one seat together."""
    from manyeyes.prices import VENDORS

    seats: dict[str, ModelRef] = {}
    for ref in desk.router.choose(Task(kind="code_review", structured=True)).taken:
        seats.setdefault(ref.provider if ref.provider in VENDORS else "", ref)
    return list(seats.values())


def consent(options: Options, expected: Outlook) -> str:
    """What to do: `all` asks the models, `local` only those on this machine.

    Raises:
        BadCall: the person wants neither, or nobody is there to ask.
    """
    if not expected.models or expected.free or options.yes:
        return "all"
    limit = most_usd(options, expected)
    what = "What it will cost is not known" if expected.usd is None else f"About ${expected.usd:.2f} is expected"
    bound = "" if limit is None else f", and no more than ${limit:.2f} is spent (--max-usd)"
    said = f"{what}{bound}."
    if not sys.stdin.isatty():
        raise BadCall(
            f"Models would be asked that cost money. {said} There is no terminal to ask at: give --yes, or --local for "
            "what is on this machine alone."
        )
    sys.stderr.write(safe(f"Models that would be asked: {', '.join(expected.models)}.\n{said}\n"))
    sys.stderr.write("Ask them? [y]es, [n]o, [l]ocal models and engines alone: ")
    sys.stderr.flush()
    answer = sys.stdin.readline().strip().lower()[:1]
    if answer == "l":
        return "local"
    if answer != "y":
        raise BadCall("Nobody was asked.")
    return "all"


def most_usd(options: Options, expected: Outlook) -> float | None:
    """What may be spent; None for no limit, where no price is known: a limit would leave those models out."""
    if options.max_usd is not None:
        return float(options.max_usd)
    return MOST_USD if expected.paid else None


def limits(settings: Settings, most: float | None) -> Iterator[tuple[str, str]]:
    """Variables that keep the demonstration to its limit, and the operator's own limit of the day as it is.

    What is spent is counted by day, in the operator's own books: so what the day has cost so far is added.
    """
    if most is None:
        return
    day = spent_today(settings) + most
    own = settings.budget.usd_per_day
    yield "MANYEYES_BUDGET_USD_PER_DAY", f"{day if own is None else min(day, own):.6f}"


def spent_today(settings: Settings) -> float:
    """US dollars spent or set aside since midnight UTC, as the operator's state has it."""
    from manyeyes.cli.session import with_desk  # as above
    from manyeyes.monitor.costs import fold_costs
    from manyeyes.state.budget import day_of
    from manyeyes.state.money import dollars
    from manyeyes.state.reservations import entries

    now = time.time()

    async def look(desk: Desk) -> float:
        import anyio.to_thread  # as above

        found = await anyio.to_thread.run_sync(lambda: entries(desk.store.database))
        return dollars(fold_costs(found, now=now, today=day_of(now)).today)

    return with_desk(look, settings)


def without_remote(environ: dict[str, str] | None = None) -> dict[str, str]:
    """The environment in which only what is on this machine is asked."""
    return {**(os.environ if environ is None else environ), "MANYEYES_PRIVACY": "local-only"}
