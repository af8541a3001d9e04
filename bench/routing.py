"""How well allocation learns, replayed on recorded outcomes of real models.

    python bench/routing.py FOLDER [--json] [--seeds N]

FOLDER holds `swebench_verified_bashonly_25models.csv.gz` (instance_id, model, resolved, cost_usd), and
`livecodebench_per_problem.csv.gz` (question_id, model, date, pass_at_1) with `livecodebench_questions.csv.gz`
(question_id, question_title, question_content).  Nothing that ships is fitted on them.

    bandit         3,000 tasks, 25 models, the outcome of the chosen one alone is seen; utility is solved less
                   rate x dollars; `utility_share` is the mean utility as a share of the best single model's
    drift          the same at rate 0.2; from task 1,500 on half of what the best model solves fails; `recovery_tasks`
                   is when the mean of the last 100 first reached 90 % of the utility of the model that is best then
    escalate       a ladder of models with a check that errs 10 % each way, chosen on half of the tasks within
                   $0.30 a task and judged on the other half; `solved` and `cost_usd` a task
    livecodebench  which problems go to o4-mini-high instead of Claude-3.5-Sonnet-20241022, learned from problems before
                   2024-10, judged on later ones; `apgr` is the mean share of the gap that is closed, over all shares
                   of problems sent to the stronger model, with a 95 % interval from resampling the problems

Policies see no task, only the outcome of the model they chose: tasks come back in the replay, and whoever recognised
them would seem to learn.  `ours` is what ships, with no prior knowledge of any model.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING

from manyeyes.learning.benefit import Benefit
from manyeyes.learning.choice import Arm, Rates, draw
from manyeyes.learning.ladder import Rung, best_ladder
from manyeyes.learning.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

TASKS = 3_000
RATES = (0.0, 0.2, 0.5)
WINDOW = 100
BUDGET_USD = 0.30
ERR = 0.1
WEAK, STRONG = "Claude-3.5-Sonnet-20241022", "O4-Mini (High)"
CUT = "2024-10"
Outcome = tuple[float, float]
"""Solved (1 or 0) and dollars."""


@dataclass(frozen=True)
class Matrix:
    """What every model did on every task."""

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    outcome: Mapping[tuple[str, str], Outcome]

    def utility(self, model: str, rate: float, *, solved: float = 1.0) -> float:
        """Mean utility of a model; `solved` is the share of its successes that still count."""
        return mean(solved * self.outcome[t, model][0] - rate * self.outcome[t, model][1] for t in self.tasks)

    def best(self, rate: float) -> str:
        """The best single model."""
        return max(self.models, key=lambda model: self.utility(model, rate))


def rows(path: Path) -> list[dict[str, str]]:
    """A gzipped table.

    Raises:
        SystemExit: it is missing.
    """
    csv.field_size_limit(10**8)
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    except FileNotFoundError:
        raise SystemExit(f"{path} is missing.") from None


def matrix(folder: Path) -> Matrix:
    table = rows(folder / "swebench_verified_bashonly_25models.csv.gz")
    outcome = {(r["instance_id"], r["model"]): (float(r["resolved"]), float(r["cost_usd"])) for r in table}
    return Matrix(tuple(sorted({r["model"] for r in table})), tuple(sorted({r["instance_id"] for r in table})), outcome)


class Ours:
    """What ships."""

    def __init__(self, models: Sequence[str], rate: float, dice: random.Random, temper: float = 0.5) -> None:
        self.arms = [Arm(model) for model in models]
        self.records = {model: Record() for model in models}
        self.rates, self.dice, self.temper = Rates(usd=rate), dice, temper

    def choose(self) -> str:  # noqa: D102  # the model to ask
        return draw(self.arms, self.records, self.rates, self.dice, temper=self.temper)[0].name

    def see(self, model: str, outcome: Outcome) -> None:  # noqa: D102  # how it turned out
        self.records[model].judge(outcome[0])
        self.records[model].spend(outcome[1])


class Thompson:
    """The textbook's: a uniform Beta prior for each model, means of cost."""

    def __init__(self, models: Sequence[str], rate: float, dice: random.Random) -> None:
        self.won = dict.fromkeys(models, 0.0)
        self.lost = dict.fromkeys(models, 0.0)
        self.cost: defaultdict[str, list[float]] = defaultdict(list)
        self.rate, self.dice = rate, dice

    def choose(self) -> str:  # noqa: D102  # the model to ask
        return max(
            self.won,
            key=lambda one: (
                self.dice.betavariate(1 + self.won[one], 1 + self.lost[one])
                - self.rate * (mean(self.cost[one]) if self.cost[one] else 0.0)
            ),
        )

    def see(self, model: str, outcome: Outcome) -> None:  # noqa: D102  # how it turned out
        self.won[model] += outcome[0]
        self.lost[model] += 1 - outcome[0]
        self.cost[model].append(outcome[1])


class Greedy:
    """Epsilon-greedy: nine times in ten the best mean so far, each model once at first."""

    def __init__(self, models: Sequence[str], rate: float, dice: random.Random) -> None:
        self.sums = dict.fromkeys(models, (0, 0.0))
        self.rate, self.dice = rate, dice

    def choose(self) -> str:  # noqa: D102  # the model to ask
        if self.dice.random() < 0.1:
            return self.dice.choice(list(self.sums))
        return max(self.sums, key=lambda one: self.sums[one][1] / self.sums[one][0] if self.sums[one][0] else 9.0)

    def see(self, model: str, outcome: Outcome) -> None:  # noqa: D102  # how it turned out
        count, total = self.sums[model]
        self.sums[model] = (count + 1, total + outcome[0] - self.rate * outcome[1])


class Chance:
    """Chance."""

    def __init__(self, models: Sequence[str], rate: float, dice: random.Random) -> None:  # noqa: ARG002  # as the others
        self.models, self.dice = models, dice

    def choose(self) -> str:  # noqa: D102  # the model to ask
        return self.dice.choice(list(self.models))

    def see(self, model: str, outcome: Outcome) -> None:
        """Learns nothing."""


POLICIES: dict[str, Callable[[Sequence[str], float, random.Random], Ours | Thompson | Greedy | Chance]] = {
    "ours": Ours,
    "thompson": Thompson,
    "epsilon-greedy": Greedy,
    "random": Chance,
}


def replay(data: Matrix, policy: str, rate: float, seed: int, *, hurt: str | None = None) -> list[float]:
    """The utility of each task.  `hurt` names a model half of whose successes fail from the middle on."""
    dice = random.Random(seed)  # noqa: S311  # a replay, not secrets
    chooser = POLICIES[policy](data.models, rate, dice)
    order: list[str] = []
    while len(order) < TASKS:
        order += dice.sample(data.tasks, len(data.tasks))
    got = []
    for number, task in enumerate(order[:TASKS]):
        model = chooser.choose()
        solved, cost = data.outcome[task, model]
        fails = dice.random() < 0.5
        if model == hurt and number >= TASKS // 2 and fails:
            solved = 0.0
        chooser.see(model, (solved, cost))
        got.append(solved - rate * cost)
    return got


def bandit(data: Matrix, seeds: int) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for rate in RATES:
        best = data.utility(data.best(rate), rate)
        common = {"experiment": "bandit", "rate": rate}
        for policy in POLICIES:
            shares = [mean(replay(data, policy, rate, seed)) / best for seed in range(seeds)]
            made.append({**common, "policy": policy, "utility_share": mean(shares), "worst_seed": min(shares)})
        made.append({**common, "policy": f"best single ({data.best(rate)})", "utility_share": 1.0})
        oracle = mean(
            max(o - rate * c for o, c in (data.outcome[t, model] for model in data.models)) for t in data.tasks
        )
        made.append({**common, "policy": "oracle", "utility_share": oracle / best})
    return made


def drift(data: Matrix, seeds: int) -> list[dict[str, object]]:
    rate, made = 0.2, []
    hurt = data.best(rate)
    left = {model: data.utility(model, rate, solved=0.5 if model == hurt else 1.0) for model in data.models}
    wanted = 0.9 * max(left.values())
    for policy in POLICIES:
        times: list[float] = []
        for seed in range(seeds):
            got = replay(data, policy, rate, seed, hurt=hurt)
            start = TASKS // 2
            times.append(
                next(
                    (
                        end - start
                        for end in range(start + WINDOW, TASKS + 1)
                        if mean(got[end - WINDOW : end]) >= wanted
                    ),
                    float("inf"),
                )
            )
        made.append(
            {
                "experiment": "drift",
                "policy": policy,
                "recovery_tasks": _finite(median(times)),
                "slowest_seed": _finite(max(times)),
            }
        )
    return made


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value


def escalate(data: Matrix, seeds: int) -> list[dict[str, object]]:
    figures: defaultdict[str, list[Outcome]] = defaultdict(list)
    for seed in range(seeds):
        dice = random.Random(seed)  # noqa: S311  # a replay, not secrets
        mixed = dice.sample(data.tasks, len(data.tasks))
        for seen, judged in ((mixed[::2], mixed[1::2]), (mixed[1::2], mixed[::2])):
            known = [_rung(model, [data.outcome[t, model] for t in seen]) for model in data.models]
            ladder = best_ladder(known, BUDGET_USD, miss=ERR, alarm=ERR)
            assert ladder is not None
            ours = _climbed(data, [one.name for one in ladder.rungs], judged, dice)
            figures["ours"].append(ours)
            top = max(known, key=lambda one: one.quality).name
            figures["best single"].append(_climbed(data, [top], judged, dice))
            cheap = max((one for one in known if one.cost_usd <= ours[1]), key=lambda one: one.quality).name
            figures["best single at the same budget"].append(_climbed(data, [cheap], judged, dice))
            figures["random"].append(_mixed(data, list(data.models), judged, dice))
            share = _share(data, cheap, top, judged, ours[1])
            figures["random mix at the same budget"].append(
                _mixed(data, [top if dice.random() < share else cheap for _ in range(200)], judged, dice)
            )
            # Knows beforehand which model solves what, and takes the cheapest of them.
            figures["oracle"].append(
                _mean(
                    min(
                        (o for m in data.models for o in (data.outcome[t, m],) if o[0]),
                        key=lambda o: o[1],
                        default=(0.0, 0.0),
                    )
                    for t in judged
                )
            )
    return [
        {"experiment": "escalate", "policy": policy, "solved": solved, "cost_usd": cost}
        for policy, results in figures.items()
        for solved, cost in (_mean(results),)
    ]


def _rung(model: str, outcomes: Sequence[Outcome]) -> Rung:
    solved = [cost for right, cost in outcomes if right]
    failed = [cost for right, cost in outcomes if not right]
    every = mean(solved + failed)
    return Rung(model, len(solved) / len(outcomes), mean(solved or [every]), mean(failed or [every]))


def _climbed(data: Matrix, ladder: Sequence[str], tasks: Iterable[str], dice: random.Random) -> Outcome:
    results = []
    for task in tasks:
        spent = 0.0
        for number, model in enumerate(ladder, 1):
            solved, cost = data.outcome[task, model]
            spent += cost
            passes = (solved == 1) != (dice.random() < ERR)
            if passes or number == len(ladder):
                results.append((solved, spent))
                break
    return _mean(results)


def _mixed(data: Matrix, models: Sequence[str], tasks: Iterable[str], dice: random.Random) -> Outcome:
    return _mean(data.outcome[task, dice.choice(models)] for task in tasks)


def _share(data: Matrix, cheap: str, dear: str, tasks: Sequence[str], budget: float) -> float:
    low, high = (mean(data.outcome[t, model][1] for t in tasks) for model in (cheap, dear))
    return min(max((budget - low) / (high - low), 0.0), 1.0) if high > low else 0.0


def _mean(outcomes: Iterable[Outcome]) -> Outcome:
    every = list(outcomes)
    return mean(one[0] for one in every), mean(one[1] for one in every)


def livecodebench(folder: Path) -> list[dict[str, object]]:
    passed: dict[tuple[str, str], float] = {}
    dates: dict[str, str] = {}
    for row in rows(folder / "livecodebench_per_problem.csv.gz"):
        passed[row["question_id"], row["model"]] = float(row["pass_at_1"]) / 100
        dates[row["question_id"]] = row["date"]
    texts = {
        row["question_id"]: f"{row['question_title']}\n{row['question_content']}"
        for row in rows(folder / "livecodebench_questions.csv.gz")
    }
    known = sorted(one for one in texts if (one, WEAK) in passed and (one, STRONG) in passed)
    gain = {one: passed[one, STRONG] - passed[one, WEAK] for one in known}
    before = sorted((one for one in known if dates[one] < CUT), key=lambda one: dates[one])
    after = [one for one in known if dates[one] >= CUT]
    benefit = Benefit()
    dice = random.Random(0)  # noqa: S311  # a replay, not secrets
    for _ in range(3):
        for one in before:
            benefit.learn(texts[one], gain[one])
        dice.shuffle(before)
    policies: dict[str, Callable[[str], float]] = {
        "ours": lambda one: benefit.expect(texts[one]),
        "prompt length": lambda one: len(texts[one]),
        "oracle": lambda one: gain[one],
    }
    scores = {name: {one: score(one) for one in after} for name, score in policies.items()}
    made: list[dict[str, object]] = []
    for name, score in scores.items():
        low, high = _resampled(after, score, gain)
        made.append({"policy": name, "apgr": apgr(after, score, gain), "interval": [low, high]})
    lead = [apgr(d, scores["ours"], gain) - apgr(d, scores["prompt length"], gain) for d in _draws(after)]
    lead.sort()
    made[0]["above_length_interval"] = [round(lead[25], 3), round(lead[974], 3)]
    made += [
        {"policy": "random", "apgr": 0.5},
        {"policy": f"always {WEAK}", "apgr": 0.0},
        {"policy": f"best single ({STRONG})", "apgr": 1.0},
    ]
    return [{"experiment": "livecodebench", "problems": len(after), **row} for row in made]


def apgr(problems: Sequence[str], score: Mapping[str, float], gain: Mapping[str, float]) -> float:
    """Mean share of the gap that is closed when the problems with the highest score go to the stronger model."""
    total = sum(gain[one] for one in problems)
    closed, shares = 0.0, [0.0]
    for one in sorted(problems, key=lambda one: -score[one]):
        closed += gain[one]
        shares.append(closed / total)
    return mean(shares)


def _draws(problems: Sequence[str]) -> list[list[str]]:
    dice = random.Random(2)  # noqa: S311  # a replay, not secrets
    return [dice.choices(problems, k=len(problems)) for _ in range(1_000)]


def _resampled(problems: Sequence[str], score: Mapping[str, float], gain: Mapping[str, float]) -> tuple[float, float]:
    values = sorted(apgr(drawn, score, gain) for drawn in _draws(problems))
    return round(values[25], 3), round(values[974], 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON list of objects")
    parser.add_argument("--seeds", type=int, default=10, help="replays of each policy (10)")
    options = parser.parse_args()
    data = matrix(options.folder)
    results = [
        *bandit(data, options.seeds),
        *drift(data, options.seeds),
        *escalate(data, options.seeds),
        *livecodebench(options.folder),
    ]
    if options.json:
        print(json.dumps(results, indent=1))
        return
    before = None
    for row in results:
        heading = f"{row['experiment']}" + (f", rate {row['rate']}" if "rate" in row else "")
        if heading != before:
            print(f"\n{heading}")
            before = heading
        figures = {k: v for k, v in row.items() if k not in {"experiment", "policy", "rate", "problems"}}
        shown = "  ".join(f"{k} {f'{v:.3f}' if isinstance(v, float) else v}" for k, v in figures.items())
        print(f"  {row['policy']:<46}{shown}")


if __name__ == "__main__":
    main()
