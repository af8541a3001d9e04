"""What a second call buys: latency with and without hedging, and how many more calls it takes.

    python bench/hedging.py [--calls N] [--seed N] [--json]

The product's own fallback, hedges and event records run on an event loop whose clock jumps to the next thing to do,
so that hours of waiting take seconds.  Two vendors answer like language models: a silence, then a stream.  Calls come
a few at a time.  Each scenario is run twice with the same times, without and with hedging:

- stragglers: 2 % of the calls of each vendor take ten times as long.  The aim: p99 at least 60 % lower, at most 5 %
  more calls.
- slowdown: after a calm start every call of every vendor takes ten times as long.  The aim: at most 10 % more calls
  from then on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import selectors
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from manyeyes.calls.fallback import Fallback
from manyeyes.calls.hedge import Hedges
from manyeyes.calls.observed import Caller, Observed
from manyeyes.model import no_pulse
from manyeyes.monitor.quantiles import latency
from manyeyes.settings import Hedge
from manyeyes.types import Candidate, Completion, Message, ModelRef, Request, Route, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from manyeyes.events import Event

ASK = Request(messages=(Message(role="user", text="hello"),))
CALLER = Caller(run_id="r", tool="t", role="r")
USAGE = Usage(input_tokens=1, output_tokens=1)
VENDORS = (ModelRef("a", "model"), ModelRef("b", "model"))
AT_ONCE = 8
SLOW = 10.0
STRAGGLERS = 0.02
AIM_LOWER = 0.60
AIM_EXTRA = 0.05
AIM_EXTRA_SLOW = 0.10


class _NoWaiting(selectors.DefaultSelector):
    """Waits for no file, only lets time pass."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Let the time-out pass."""
        self.now += max(0.0, timeout or 0.0)
        return super().select(0 if timeout is not None else None)


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer as soon as nothing else is to do."""

    def __init__(self) -> None:
        self._virtual = _NoWaiting()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._virtual.now


@dataclass(frozen=True, slots=True)
class Times:
    """One call's: silence, then the rest of the answer, in seconds."""

    silence: float
    rest: float


def ordinary(chance: random.Random) -> Times:
    """About 0.8 s to the first token and 3 s for the rest, spread as such times are."""
    return Times(chance.lognormvariate(-0.22, 0.3), chance.lognormvariate(1.1, 0.4))


def straggling(chance: random.Random) -> Times:
    """The same, and now and then ten times as long."""
    times, factor = ordinary(chance), SLOW if chance.random() < STRAGGLERS else 1.0
    return Times(times.silence * factor, times.rest * factor)


def slow(chance: random.Random) -> Times:
    times = ordinary(chance)
    return Times(times.silence * SLOW, times.rest * SLOW)


@dataclass
class Vendor:
    """A model that answers in the time drawn for each request."""

    ref: ModelRef
    times: Times

    async def complete(self, _request: Request, pulse: Callable[[], None]) -> Completion:
        """Be silent, then answer."""
        await anyio.sleep(self.times.silence)
        pulse()
        await anyio.sleep(self.times.rest)
        return Completion(ref=self.ref, text="answer", usage=USAGE)


@dataclass
class Tally:
    """Counts wire calls and passes them on to the hedges."""

    hedges: Hedges
    calls: int = 0
    attempts: list[str] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Count it."""
        self.calls += 1
        self.hedges.note(event)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Seconds that each request took, and how many wire calls they needed."""

    seconds: tuple[float, ...]
    wire_calls: int


async def load(draws: Iterable[tuple[Times, Times]], tally: Tally) -> Outcome:
    """Answer requests, a few at a time; each draw holds the time that either vendor would need."""
    route = Route(tuple(Candidate(ref, taken=True, reason="") for ref in VENDORS))
    waiting = iter(list(draws))
    seconds: list[float] = []
    before = tally.calls

    async def client() -> None:
        for pair in waiting:
            models = tuple(
                Observed(Vendor(ref, times), CALLER, tally, lambda *_: 0.0)
                for ref, times in zip(VENDORS, pair, strict=True)
            )
            began = anyio.current_time()
            chain = Fallback(
                models, route, lambda attempt, _: tally.attempts.append(attempt.error), hedges=tally.hedges
            )
            await chain.complete(ASK, no_pulse)
            seconds.append(anyio.current_time() - began)

    async with anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(client)
    return Outcome(tuple(seconds), tally.calls - before)


def simulate(phases: list[tuple[int, Callable[[random.Random], Times]]], *, hedged: bool, seed: int) -> list[Outcome]:
    """Phases of so many requests each, one after the other, with the same draws whether hedged or not."""
    chance = random.Random(seed)  # noqa: S311  # a simulation
    drawn = [[(draw(chance), draw(chance)) for _ in range(calls)] for calls, draw in phases]

    async def run() -> list[Outcome]:
        tally = Tally(Hedges(Hedge(enabled=hedged), clock=anyio.current_time))
        return [await load(draws, tally) for draws in drawn]

    return anyio.run(run, backend_options={"loop_factory": VirtualTime})


def scenario(
    name: str, phases: list[tuple[int, Callable[[random.Random], Times]]], seed: int
) -> dict[str, str | int | float | bool]:
    """The last phase without and with hedging, side by side."""
    plain, hedged = (simulate(phases, hedged=on, seed=seed)[-1] for on in (False, True))
    before, after = latency(plain.seconds), latency(hedged.seconds)
    assert before is not None
    assert after is not None
    lower, extra = 1 - after.p99 / before.p99, hedged.wire_calls / plain.wire_calls - 1
    within = extra <= AIM_EXTRA_SLOW if name == "slowdown" else lower >= AIM_LOWER and extra <= AIM_EXTRA
    return {
        "scenario": name,
        "requests": len(plain.seconds),
        "p50_s": round(before.p50, 2),
        "p50_hedged_s": round(after.p50, 2),
        "p99_s": round(before.p99, 2),
        "p99_hedged_s": round(after.p99, 2),
        "p99_lower": round(lower, 4),
        "extra_calls": round(extra, 4),
        "within_aim": within,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    options = parser.parse_args()
    rows = [
        scenario("stragglers", [(options.calls, straggling)], options.seed),
        scenario("slowdown", [(1_000, ordinary), (options.calls, slow)], options.seed),
    ]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
