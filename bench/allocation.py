"""How well the router learns within its bounds, replayed on recorded outcomes of real models.

    python bench/allocation.py FOLDER [--json] [--seeds N]

The same tasks as the `bandit` and `drift` of `bench/routing.py`, which measure the bare sampling; here the plans of the
shipped router decide: the rules' first choice leads until a model has 20 outcomes, only models with so many may lead,
and others are tried in at most `explore_share` of the choices.  The rules' order is drawn anew for each seed, and all
models are of one tier, so that the catalogue tells nothing of them.

    utility_share   mean utility as a share of the best single model's; the baseline `rules` always asks the first one
    explored        the share of tasks on which another than the best known was tried
    recovery_tasks  after half of what the best model solves fails, from the middle on: when the mean of the last 100
                    tasks first reached 90 % of the utility of the model that is best then; the median over seeds
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from statistics import mean, median

from manyeyes.learning.record import Record
from manyeyes.learning.situation import Situation
from manyeyes.routing.learned import make_plan, put_first
from manyeyes.settings import Learning
from manyeyes.state.posteriors import Explored, Knowledge
from manyeyes.types import Candidate, ModelRef, Task, Tier
from routing import RATES, TASKS, WINDOW, Matrix, matrix

KIND = Situation("code_generation")
TASK = Task(kind=KIND.kind)


def replay(data: Matrix, rate: float, share: float, seed: int, hurt: str | None = None) -> tuple[list[float], float]:
    """The utility of each task, and the share that was explored."""
    dice = random.Random(seed)  # noqa: S311  # a replay, not secrets
    rules = [
        Candidate(ModelRef("m", model), taken=True, reason="", tier=Tier.FLAGSHIP)
        for model in dice.sample(data.models, len(data.models))
    ]
    order: list[str] = []
    while len(order) < TASKS:
        order += dice.sample(data.tasks, len(data.tasks))
    terms = Learning(usd=rate, explore_share=share, explore_usd_per_day=1e9, seed=seed)
    records: dict[str, Record] = {}
    explored, got = 0, []
    for number, task in enumerate(order[:TASKS]):
        knowledge = Knowledge({KIND: records}, Explored(number, explored, 0.0))
        plan = make_plan(TASK, rules, knowledge, terms, lambda *_: None)
        first = rules[0] if plan is None else put_first(plan, rules, None)[0]
        explored += plan is not None and plan.explores
        model = first.ref.model
        solved, cost = data.outcome[task, model]
        if model == hurt and number >= TASKS // 2 and dice.random() < 0.5:
            solved = 0.0
        record = records.setdefault(str(first.ref), Record())
        record.judge(solved)
        record.spend(cost)
        got.append(solved - rate * cost)
    return got, explored / TASKS


def measured(data: Matrix, seeds: int) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for rate in RATES:
        best = data.utility(data.best(rate), rate)
        rules = [
            data.utility(random.Random(seed).sample(data.models, 1)[0], rate) / best  # noqa: S311  # as above
            for seed in range(seeds)
        ]
        made.append({"experiment": "bandit", "rate": rate, "policy": "rules", "utility_share": mean(rules)})
        for share in (0.1, 0.3):
            runs = [replay(data, rate, share, seed) for seed in range(seeds)]
            shares = [mean(got) / best for got, _ in runs]
            last = [mean(got[-1000:]) / best for got, _ in runs]
            made.append(
                {
                    "experiment": "bandit",
                    "rate": rate,
                    "policy": f"learned, explores {share:.0%} at most",
                    "utility_share": mean(shares),
                    "last_1000": mean(last),
                    "worst_seed": min(shares),
                    "explored": mean(part for _, part in runs),
                }
            )
    rate, start = 0.2, TASKS // 2
    hurt = data.best(rate)
    wanted = 0.9 * max(data.utility(one, rate, solved=0.5 if one == hurt else 1.0) for one in data.models)
    for share in (0.1, 0.3):
        times = []
        for seed in range(seeds):
            got, _ = replay(data, rate, share, seed, hurt)
            ends = range(start + WINDOW, TASKS + 1)
            times.append(next((end - start for end in ends if mean(got[end - WINDOW : end]) >= wanted), TASKS))
        made.append(
            {
                "experiment": "drift",
                "rate": rate,
                "policy": f"learned, explores {share:.0%} at most",
                "recovery_tasks": median(times),
                "slowest_seed": max(times),
            }
        )
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    made = measured(matrix(arguments.folder), arguments.seeds)
    if arguments.json:
        print(json.dumps(made, indent=2))
        return
    for row in made:
        figures = "  ".join(
            f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
            for name, value in row.items()
            if name not in {"experiment", "policy", "rate"}
        )
        print(f"{row['experiment']:<7}  rate {row['rate']}  {row['policy']:<28}  {figures}")


if __name__ == "__main__":
    main()
