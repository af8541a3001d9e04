"""How well the router learns within its bounds, replayed on recorded outcomes of real models.

    python bench/allocation.py FOLDER [--json] [--seeds N] [--choose]

The same tasks as the `bandit` and `drift` of `bench/routing.py`, which measure the bare sampling; here the plans of the
shipped router decide: the rules' first choice leads until a model has `least` outcomes, only models with so many may
lead, and others are tried in at most `explore_share` of the choices, of which `explore_first` may come at once.  The
rules' order is drawn anew for each seed, and all models are of one tier, so that the catalogue tells nothing of them.
`least` and `explore_first` were chosen on other data: with `--choose`, on the problems of LiveCodeBench in FOLDER
(`livecodebench_per_problem.csv.gz`), whose models get costs that are drawn at random; no task above is looked at.
There 40 and 60 first tries do about equally well, and 40 tries out less.

    utility_share   mean utility as a share of the best single model's; the baseline `rules` always asks the first one
    explored        the share of tasks on which another than the best known was tried
    recovery_tasks  after half of what the best model solves fails, from the middle on: when the mean of the last 100
                    tasks first reached 90 % of the utility of the model that is best then; the median over seeds
"""

from __future__ import annotations

import argparse
import json
import random
from itertools import product
from math import exp, log
from pathlib import Path
from statistics import mean, median

from manyeyes.learning.record import Record
from manyeyes.learning.situation import Situation
from manyeyes.routing.learned import make_plan, put_first
from manyeyes.settings import Learning
from manyeyes.state.posteriors import Explored, Knowledge
from manyeyes.types import Candidate, ModelRef, Task, Tier
from routing import RATES, TASKS, WINDOW, Matrix, matrix, rows

KIND = Situation("code_generation")
TASK = Task(kind=KIND.kind)


def replay(
    data: Matrix, rate: float, share: float, seed: int, hurt: str | None = None, **more: int
) -> tuple[list[float], float]:
    """The utility of each task, and the share that was explored; `more` are settings of `learning`."""
    dice = random.Random(seed)  # noqa: S311  # a replay, not secrets
    rules = [
        Candidate(ModelRef("m", model), taken=True, reason="", tier=Tier.FLAGSHIP)
        for model in dice.sample(data.models, len(data.models))
    ]
    order: list[str] = []
    while len(order) < TASKS:
        order += dice.sample(data.tasks, len(data.tasks))
    terms = Learning(
        **{"usd": rate, "explore_share": share, "explore_usd_per_day": 1e9, "seed": seed, **more}  # type: ignore[arg-type]
    )
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


def others(folder: Path, seed: int) -> Matrix:
    """Problems of LiveCodeBench and models that were asked all of them, each with a cost drawn for this seed."""
    passed = {
        (row["question_id"], row["model"]): float(row["pass_at_1"]) / 100
        for row in rows(folder / "livecodebench_per_problem.csv.gz")
    }
    models = sorted({model for _, model in passed})
    tasks = sorted({task for task, _ in passed})
    tasks = [task for task in tasks if all((task, model) in passed for model in models)]
    dice = random.Random(seed)  # noqa: S311  # a replay, not secrets
    usd = {model: exp(dice.uniform(log(0.03), log(1.1))) for model in models}
    long = {task: exp(dice.gauss(0.0, 0.6)) for task in tasks}
    outcome = {(task, model): (passed[task, model], usd[model] * long[task]) for task in tasks for model in models}
    return Matrix(tuple(models), tuple(tasks), outcome)


def choice(folder: Path, seeds: int) -> list[dict[str, object]]:
    """What other bounds would have brought on other data, the best first; ties go to the one that tries out less."""
    made: list[dict[str, object]] = []
    cases = [others(folder, seed) for seed in range(seeds)]
    for least, first in product((3, 5, 20), (0, 40, 60)):
        shares = [
            mean(replay(data, rate, 0.1, seed, least=least, explore_first=first)[0])
            / data.utility(data.best(rate), rate)
            for seed, data in enumerate(cases)
            for rate in RATES
        ]
        policy = f"least {least}, explore_first {first}"
        made.append({"experiment": "choose", "rate": "all", "policy": policy, "utility_share": round(mean(shares), 3)})
    return sorted(made, key=lambda row: -float(str(row["utility_share"])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--choose", action="store_true", help="compare bounds on other data, by which they were chosen")
    arguments = parser.parse_args()
    if arguments.choose:
        made = choice(arguments.folder, arguments.seeds)
    else:
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
