"""How long a choice of the router takes, beside a bare look-up in a dict.

    python bench/routing_speed.py [--json] [--rounds N]

Prints p50 and p95 in microseconds for tasks of several shapes.  The aim: p50 of at most 30 us.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

from manyeyes.catalog import Catalog
from manyeyes.learning.record import Record
from manyeyes.learning.situation import Situation
from manyeyes.prices import Prices
from manyeyes.routing.allocation import Allocation
from manyeyes.routing.router import Router
from manyeyes.settings import Settings
from manyeyes.state.database import Database
from manyeyes.state.posteriors import Explored, Knowledge, Posteriors
from manyeyes.types import ModelRef, Task, Tier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

AIM_US = 30.0
CLOUD = {"anthropic": False, "openai": False, "google": False}


def router(settings: Mapping[str, object], providers: Mapping[str, bool]) -> Router:
    made = Settings.model_validate(settings)
    return Router.build(Catalog.load().with_settings(made), providers, made, Prices.of(made))


def shapes() -> dict[str, Callable[[], object]]:
    plain = router({}, CLOUD)
    none = router({}, {})
    endpoints = {
        f"box{n}": {"url": f"http://127.0.0.1:{n}/v1", "models": ["small", "large"]} for n in range(8001, 8005)
    }
    many = router({"endpoints": endpoints}, {**CLOUD, **dict.fromkeys(endpoints, True)})
    budget = router({"budget": {"usd_per_call": 0.25}}, CLOUD)
    private = router({"endpoints": endpoints, "privacy": "local-only"}, {**CLOUD, **dict.fromkeys(endpoints, True)})
    review = Task(kind="code_review", input_tokens=12_000, output_tokens=8_192, structured=True)
    long = Task(kind="long_context_analysis", input_tokens=950_000, output_tokens=8_192)
    image = Task(kind="multimodal_fusion", input_tokens=4_000, output_tokens=4_096, modalities=frozenset({"image"}))
    named = Task(kind="code_review", input_tokens=12_000, output_tokens=8_192, model="claude-4.7")
    closed = {ModelRef("anthropic", "claude-opus-5-5"): "5 failures in a row; asked again in 20 s"}
    bare = {("code_review", Tier.FLAGSHIP): ModelRef("anthropic", "claude-opus-5-5")}
    return {
        "baseline: bare dict look-up": lambda: bare["code_review", Tier.FLAGSHIP],
        "review, three vendors": lambda: plain.choose(review),
        "review, no key": lambda: none.choose(review),
        "review, three vendors and 8 local models": lambda: many.choose(review),
        "review, a breaker open": lambda: plain.choose(review, closed=closed),
        "review, a budget per call": lambda: budget.choose(review),
        "review, local-only": lambda: private.choose(review),
        "950,000 tokens of input": lambda: plain.choose(long),
        "with images": lambda: plain.choose(image),
        "a model asked for by alias": lambda: plain.choose(named),
        **learned(plain),
    }


def learned(plain: Router) -> dict[str, Callable[[], object]]:
    """The same review where enough was learned: a run makes its plan at its first choice, and keeps to it."""
    terms = Settings().learning
    prices = Prices.of(Settings())
    prices.warm()
    review = Task(kind="code_review", input_tokens=12_000, output_tokens=8_192, structured=True, language="python")
    records = {
        str(ref): Record(trials=200.0, quality=150.0, calls=200.0, cost_usd=9.0) for ref in plain.choose(review).taken
    }
    here = Situation.of(review.kind, review.language, review.input_tokens)
    knowledge = Knowledge({here: records, here.broader: records}, Explored(1_000, 0, 0.0))
    allocation = Allocation(terms, Posteriors(Database(None)), prices, knowledge=knowledge)
    lesson = allocation.lesson()
    return {
        "learned: the first choice of a run": lambda: plain.choose(review, learned=allocation.lesson()),
        "learned: its further choices": lambda: plain.choose(review, learned=lesson),
    }


def measure(call: Callable[[], object], rounds: int) -> tuple[float, float]:
    """p50 and p95 in microseconds."""
    for _ in range(100):
        call()
    samples = []
    for _ in range(rounds):
        begin = time.perf_counter_ns()
        call()
        samples.append(time.perf_counter_ns() - begin)
    samples.sort()
    return samples[rounds // 2] / 1000, samples[rounds * 95 // 100] / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--rounds", type=int, default=5_000)
    arguments = parser.parse_args()
    rows = []
    for shape, call in shapes().items():
        p50, p95 = measure(call, arguments.rounds)
        rows.append({"shape": shape, "p50_us": round(p50, 2), "p95_us": round(p95, 2), "within_aim": p50 <= AIM_US})
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    width = max(len(str(row["shape"])) for row in rows)
    print(f"{'shape':<{width}}  {'p50 us':>8}  {'p95 us':>8}  p50 <= {AIM_US:.0f} us")
    for row in rows:
        print(
            f"{row['shape']:<{width}}  {row['p50_us']:>8}  {row['p95_us']:>8}  {'yes' if row['within_aim'] else 'NO'}"
        )


if __name__ == "__main__":
    main()
