"""Are calls answered while a vendor is down, then rate limited, then flapping?

    python bench/outage.py [--calls N] [--seed N] [--seeds N] [--deadline SECONDS] [--hangs-first] [--json]

The calls go through the wrappers of the call path, with the settings' defaults, to two vendors that act out the
story below; then through plain fallback alone, against the same story.  The event loop's clock jumps to whatever
happens next, so the minutes of the story take seconds.  The second vendor is no rock either: it fails now and then
and refuses what comes too fast.  With `--seeds N` the story is told for so many seeds, in both orders.

A probe that the first vendor itself fails while it is well otherwise (each fiftieth call does) is told apart: what
must close the breaker is the first probe that is answered.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

from manyeyes.calls.breaker import Breaker
from manyeyes.calls.deadline import Deadline
from manyeyes.calls.fallback import Fallback
from manyeyes.calls.lane import Lanes
from manyeyes.calls.limited import Limited
from manyeyes.calls.patient import Patient
from manyeyes.calls.retrying import Retrying
from manyeyes.errors import AllFailed, BreakerOpen, ModelError, Overloaded, RateLimited, Unreachable
from manyeyes.model import no_pulse
from manyeyes.settings import Settings
from manyeyes.state.breakers import Breakers
from manyeyes.types import Candidate, Completion, Message, ModelRef, Request, Route
from virtual_time import BACKEND

if TYPE_CHECKING:
    from manyeyes.model import Model, Pulse

FIRST, SECOND = ModelRef("first", "model"), ModelRef("second", "model")
ASK = Request(messages=(Message(role="user", text="hello"),))
REFUSES, HANGS = "refuses connections", "hangs"
SEQUEL = ((180, "well again"), (280, "rate limited"), (380, "flapping"))  # the first and last are UP_S and FLAPS_S
"""What the first vendor does from which second on.  Before, from `DOWN_S`, it refuses and then hangs, or the reverse.
"""
LENGTH_S = 500.0
DOWN_S, UP_S, FLAPS_S = 60, 180, 380


@dataclass
class Vendor:
    """Answers within about a second, if at all.  `per_second` is how many it takes; more get a 429."""

    ref: ModelRef
    story: tuple[tuple[float, str], ...]
    per_second: float
    dice: random.Random
    began: float
    asked: int = 0
    _window: list[float] = field(default_factory=list)

    async def complete(self, _: Request, pulse: Pulse) -> Completion:
        """Answer as the story goes."""
        self.asked += 1
        now = anyio.current_time() - self.began
        act = [what for since, what in self.story if since <= now][-1]
        await anyio.sleep(0.02)
        if act == REFUSES or (act == "flapping" and now % 20 < 10):
            raise Unreachable(self.ref, "connection refused")
        if act == HANGS:
            await anyio.sleep(120)
            raise Unreachable(self.ref, "gone")
        self._window = [at for at in self._window if at > now - 1]
        if len(self._window) >= (1 if act == "rate limited" else self.per_second):
            raise RateLimited(self.ref, "429", retry_after=2.0)
        self._window.append(now)
        if self.dice.random() < 0.02:
            raise Overloaded(self.ref, "529")
        for _ in range(5):
            await anyio.sleep(self.dice.uniform(0.1, 0.3))
            pulse()
        return Completion(ref=self.ref, text="answer")


@dataclass
class Watch:
    """Counts what happens between the retries and the breaker, to the first vendor."""

    inner: Model
    seen: Seen

    @property
    def ref(self) -> ModelRef:
        """The model inside."""
        return self.inner.ref

    async def complete(self, request: Request, pulse: Pulse) -> Completion:
        """Ask, and look at the breaker before and after."""
        if self.ref != FIRST:
            return await self.inner.complete(request, pulse)
        began, was_out = self.seen.now(), self.seen.out()
        went, ill = True, False
        try:
            return await self.inner.complete(request, pulse)
        except ModelError as failure:
            went, ill = not isinstance(failure, BreakerOpen), failure.health == "ill"
            if went and self.seen.now() >= DOWN_S and self.seen.opened_at is None:
                self.seen.failures += failure.health == "ill"
            raise
        finally:
            now, out = self.seen.now(), self.seen.out()
            if out and now >= DOWN_S and self.seen.opened_at is None:
                self.seen.opened_at = now
            if began >= UP_S and self.seen.closed_at is None:
                self.seen.probes += went and was_out
                self.seen.failed_probes += went and was_out and ill and began < FLAPS_S
                if not out:
                    self.seen.closed_at = now


@dataclass
class Seen:
    """What the breaker did around the outage.  Times are seconds of the story."""

    breakers: Breakers
    began: float
    failures: int = 0
    opened_at: float | None = None
    probes: int = 0
    failed_probes: int = 0
    closed_at: float | None = None

    def now(self) -> float:
        """Seconds of the story."""
        return anyio.current_time() - self.began

    def out(self) -> bool:
        """Whether the first vendor's model is out."""
        return str(FIRST) in self.breakers.reasons()


async def play(options: argparse.Namespace, *, wrapped: bool) -> dict[str, Any]:
    """The story once: what the callers got."""
    calls, seed, deadline = options.calls, options.seed, options.deadline
    down = (HANGS, REFUSES) if options.hangs_first else (REFUSES, HANGS)
    story = ((0, "well"), *zip((DOWN_S, 120), down, strict=True), *SEQUEL)
    began, rules, dice = anyio.current_time(), Settings(), random.Random(seed)  # noqa: S311  # no secret
    vendors = (Vendor(FIRST, story, 20, dice, began), Vendor(SECOND, ((0, "well"),), 6, dice, began))
    breakers, lanes = Breakers(rules.breaker, clock=anyio.current_time), Lanes(rules.rates)
    seen = Seen(breakers, began)
    took: list[float] = []
    failed: list[str] = []

    def path(vendor: Vendor, at: float, others: int) -> Model:
        if not wrapped:
            return Deadline(vendor, at)
        longest = rules.retry.retry_after_cap_s if others else float("inf")
        patient = Patient(vendor, rules.patience, at, others)
        limited = Limited(patient, lanes.of(vendor.ref.provider), at, longest)
        watched = Watch(Breaker(limited, breakers), seen)
        return Deadline(Retrying(watched, rules.retry, at, others, uniform=dice.uniform), at)

    async def call() -> None:
        started = anyio.current_time()
        at = started + deadline
        closed = breakers.closed()
        route = [vendor for vendor in vendors if vendor.ref not in closed]
        models = tuple(path(vendor, at, len(route) - 1 - index) for index, vendor in enumerate(route))
        candidates = Route(tuple(Candidate(vendor.ref, taken=True, reason="") for vendor in route))
        if not models:
            failed.append("no model")
            return
        try:
            await Fallback(models, candidates, lambda *_: None).complete(ASK, no_pulse)
        except AllFailed as failure:
            failed.append(failure.attempts[-1].error)
        took.append(anyio.current_time() - started)

    async with anyio.create_task_group() as group:
        for number in range(calls):
            group.start_soon(call)
            await anyio.sleep(max(0.0, began + (number + 1) * LENGTH_S / calls - anyio.current_time()))
    took.sort()
    result: dict[str, Any] = {
        "calls": calls,
        "answered": calls - len(failed),
        "answered_share": (calls - len(failed)) / calls,
        "past_deadline": sum(seconds > deadline + 1e-6 for seconds in took),
        "p50_s": round(took[len(took) // 2], 2),
        "p99_s": round(took[int(len(took) * 0.99)], 2),
        "wire_calls": [vendor.asked for vendor in vendors],
        "failures": {kind: failed.count(kind) for kind in sorted(set(failed))},
    }
    if wrapped:
        result |= {
            "failures_until_open": seen.failures if seen.opened_at is not None else None,
            "opened_after_s": None if seen.opened_at is None else round(seen.opened_at - DOWN_S, 2),
            "probes_until_closed": seen.probes if seen.closed_at is not None else None,
            "of_them_failed_by_chance": seen.failed_probes,
            "closed_after_s": None if seen.closed_at is None else round(seen.closed_at - UP_S, 2),
        }
    return result


def as_asked(path: dict[str, Any]) -> bool:
    """Whether the call path did what is asked of it."""
    return (
        path["answered_share"] >= 0.999
        and path["past_deadline"] == 0
        and path["failures_until_open"] is not None
        and path["failures_until_open"] <= 5
        and path["probes_until_closed"] is not None
        and path["probes_until_closed"] - path["of_them_failed_by_chance"] == 1
    )


def run(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The story through the call path, and through plain fallback."""
    backend, own_loop = BACKEND
    return {
        name: anyio.run(partial(play, options, wrapped=wrapped), backend=backend, backend_options=own_loop)
        for name, wrapped in (("call path", True), ("plain fallback", False))
    }


def run_many(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The story for seeds 1 to N in both orders: one row each, of the call path."""
    rows = []
    for seed in range(1, options.seeds + 1):
        for hangs_first in (False, True):
            story = argparse.Namespace(**{**vars(options), "seed": seed, "hangs_first": hangs_first})
            path, plain = run(story).values()
            order = "hangs, refuses" if hangs_first else "refuses, hangs"
            plainly = {"plain_fallback_answered": plain["answered"]}
            rows.append({"seed": seed, "order": order, **path, **plainly, "ok": as_asked(path)})
    return rows


def print_many(rows: list[dict[str, Any]]) -> None:
    """One line for each story, and the sum."""
    keys = (
        *("seed", "order", "answered", "past_deadline", "p50_s", "p99_s", "failures_until_open"),
        *("probes_until_closed", "of_them_failed_by_chance", "closed_after_s", "plain_fallback_answered", "ok"),
    )
    lines = [tuple(key.replace("_", " ") for key in keys), *(tuple(str(row[key]) for key in keys) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(map(str.rjust, line, widths)))
    calls, answered, fine = (sum(row[key] for row in rows) for key in ("calls", "answered", "ok"))
    print(f"answered {answered:,} of {calls:,} ({answered / calls:.3%}); {fine} of {len(rows)} stories as it should")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=0, help="all of 1 to N, in both orders")
    parser.add_argument("--deadline", type=float, default=30.0)
    parser.add_argument("--hangs-first", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    if options.seeds:
        rows = run_many(options)
        if options.json:
            print(json.dumps(rows, indent=2))
        else:
            print_many(rows)
        return 0 if all(row["ok"] for row in rows) else 1
    results = run(options)
    ok = as_asked(results["call path"])
    if options.json:
        print(json.dumps({**results, "ok": ok, "took_s": round(time.perf_counter() - began, 1)}, indent=2))
    else:
        for name, result in results.items():
            print(f"{name}:")
            for key, value in result.items():
                print(f"  {key.replace('_', ' '):24} {f'{value:.2%}' if key == 'answered_share' else value}")
        verdict = "as it should" if ok else "NOT as it should"
        print(f"{LENGTH_S:g} s of story, twice, in {time.perf_counter() - began:.1f} s: {verdict}")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
