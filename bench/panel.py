"""How good a panel of models is at finding weaknesses, by how its reports are put together.

    python bench/panel.py FOLDER [--json] [--write FILE]

FOLDER holds `findings.csv.gz` (repo, scanner, run, file, line, cwe, severity), `truth.csv.gz` (repo, id,
is_vulnerable, file, start_line, end_line, acceptable_cwes, severity) and `runs.csv.gz` (repo, scanner, run, cost_usd).
Panels of two, three and four models of different vendors are judged by four methods:

    single   the best single model of the panel (chosen in hindsight)
    vote     reports that as many models agree on as did best in the other repositories
    union    whatever anyone reported, equal reports once
    merger   what ships: reports aligned across lines and CWE numbers, weighed by a fitted logistic model

A report hits a row of the truth in the same file whose CWE numbers it has and whose lines are at most ten away; each
row is hit once, a further hit is a false positive, and so is a hit on a row that is not vulnerable.  Figures are over
all repositories and runs pooled; where a model has no run for a repository the panel is smaller there and nothing is
reported for it.  The merger never sees the repository it is judged on: skills, kinds, coefficients and the threshold
(one for F1, one for F3) come from the others, the threshold from those of them that were left out in turn.
Intervals are 95 % from resampling whole repositories.  Three numbers were chosen while looking at left-out figures
(`RIDGE`, `SHRINK` and the reach of the alignment; F1 moved by about one point among all those tried).

`--write FILE` fits on all repositories and writes the coefficients in the form that ships.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from math import exp, sqrt
from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes_tools.agreement.alignment import align, kin_of
from manyeyes_tools.agreement.belief import (
    FEATURES,
    Belief,
    Experience,
    Merger,
    Settled,
    Skill,
    features,
    trusted_first,
)
from manyeyes_tools.agreement.reports import Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from manyeyes_tools.agreement.reports import Level

ENGINES = ("semgrep", "snyk", "sonarqube")
NO_MODELS = ("claude-haiku-4-5-v1", "kolega-v0.0.1")
"""A model asked once instead of left to look for itself, and a product: what they teach is not of use elsewhere."""
GPT, GEMINI, KIMI, GLM = "gpt-5.5", "gemini-3.1-pro", "kimi-k2.6", "glm-5.1"
OPUS, OPUS_OLD, SONNET, DEEPSEEK = "claude-opus-4-7", "claude-opus-4-6", "claude-sonnet-4-6", "deepseek-v4-pro"
PANELS = (
    (GPT, OPUS),
    (GPT, GEMINI),
    (GPT, KIMI),
    (GPT, OPUS, GEMINI),
    (GPT, OPUS_OLD, GEMINI),
    (GPT, SONNET, GEMINI),
    (GPT, OPUS, KIMI),
    (KIMI, DEEPSEEK, GEMINI),
    (GPT, OPUS, GEMINI, KIMI),
    (GPT, OPUS, GEMINI, GLM),
    (GPT, SONNET, KIMI, DEEPSEEK),
)
RUNS = (1, 2, 3)
REACH = 10
"""Lines that a report may lie outside the rows of the truth."""
RIDGE = 0.07
"""Strength of the penalty on standardised weights, for each example: there are only thirteen repositories."""
SHRINK = 25
"""Reports' worth of the average that skills and kinds start with."""
LEVELS: dict[str, Level] = {
    "critical": "high",
    "error": "high",
    "high": "high",
    "warning": "medium",
    "medium": "medium",
}
INNER = 3
"""Parts of the other repositories that are left out in turn to choose a threshold."""
ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """A weakness, or a trap, that is known to be there."""

    path: str
    start: int
    end: int
    cwes: frozenset[str]
    real: bool


@dataclass(frozen=True)
class Data:
    """What was reported, run by run, and what is true."""

    reports: Mapping[tuple[str, int, str], tuple[Report, ...]]
    truth: Mapping[str, tuple[Row, ...]]
    costs: Mapping[str, float]

    @property
    def repositories(self) -> list[str]:
        """All repositories, by name."""
        return sorted(self.truth)

    def real(self, repositories: Iterable[str]) -> int:
        """How many weaknesses all runs together could find."""
        return len(RUNS) * sum(row.real for repository in repositories for row in self.truth[repository])


def load(folder: Path) -> Data:
    """Read the three files.

    Raises:
        SystemExit: one of them is missing.
    """

    def rows(name: str) -> list[dict[str, str]]:
        try:
            with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
        except FileNotFoundError:
            raise SystemExit(f"{folder / name} is missing.") from None

    truth: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows("truth.csv.gz"):
        truth[row["repo"]].append(
            Row(
                row["file"],
                int(row["start_line"]),
                int(row["end_line"]),
                frozenset(row["acceptable_cwes"].split()),
                row["is_vulnerable"] == "True",
            )
        )
    reports: defaultdict[tuple[str, int, str], list[Report]] = defaultdict(list)
    for row in rows("findings.csv.gz"):
        name = _model(row["scanner"])
        report = Report(name, row["file"], int(row["line"] or 0), row["cwe"], LEVELS.get(row["severity"], "low"))
        reports[name, int(row["run"]), row["repo"]].append(report)
    costs: defaultdict[str, float] = defaultdict(float)
    for row in rows("runs.csv.gz"):
        costs[_model(row["scanner"])] += float(row["cost_usd"] or 0) / len(RUNS)
    return Data({key: tuple(sorted(set(value))) for key, value in reports.items()}, dict(truth), costs)


def _model(scanner: str) -> str:
    return scanner.removesuffix("-v1").removesuffix("-agentic") if "-agentic" in scanner else scanner


def hits(places: Iterable[tuple[str, int, str]], rows: Sequence[Row]) -> list[bool]:
    """Which of the places (path, line, CWE) are real, each row of the truth hit once."""
    free = set(range(len(rows)))
    real = []
    for path, line, cwe in places:
        hit = next(
            (
                number
                for number, row in enumerate(rows)
                if number in free
                and row.path == path
                and cwe in row.cwes
                and row.start - REACH <= line <= row.end + REACH
            ),
            None,
        )
        free.discard(hit)  # type: ignore[arg-type]
        real.append(hit is not None and rows[hit].real)
    return real


def figures(true: int, shown: int, real: int) -> dict[str, float]:
    """Precision, recall, F1 and F3."""
    precision, recall = true / shown if shown else 0.0, true / real if real else 0.0

    def f(beta: float) -> float:
        below = beta * beta * precision + recall
        return (1 + beta * beta) * precision * recall / below if below else 0.0

    return {"precision": precision, "recall": recall, "f1": f(1), "f3": f(3)}


def experience(data: Data, repositories: Sequence[str]) -> Experience:
    """Skills and kinds as these repositories show them, shrunk towards the average."""
    true: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    could: Counter[str] = Counter()
    kind_true: Counter[str] = Counter()
    kind_shown: Counter[str] = Counter()
    for (name, _, repository), reports in data.reports.items():
        if repository not in repositories or name in ENGINES:
            continue
        real = hits(((one.path, one.line, one.cwe) for one in reports), data.truth[repository])
        true[name] += sum(real)
        shown[name] += len(reports)
        could[name] += sum(row.real for row in data.truth[repository])
        for report, is_real in zip(reports, real, strict=True):
            kind_true[kin_of(report.cwe)] += is_real
            kind_shown[kin_of(report.cwe)] += 1
    precision, recall = true.total() / shown.total(), true.total() / could.total()

    def shrunk(part: int, whole: int, average: float) -> float:
        return (part + SHRINK * average) / (whole + SHRINK)

    return Experience(
        {
            name: Skill(shrunk(true[name], shown[name], precision), shrunk(true[name], could[name], recall))
            for name in shown
        },
        Skill(precision, recall),
        {kind: shrunk(kind_true[kind], kind_shown[kind], precision) for kind in kind_shown},
        precision,
    )


Example = tuple[tuple[float, ...], bool]


def examples(data: Data, panel: Sequence[str], repositories: Iterable[str], known: Experience) -> list[Example]:
    """Every group that the panel reports, as features, and whether it is real."""
    made: list[Example] = []
    for run in RUNS:
        for repository in repositories:
            present = trusted_first(_present(data, panel, run, repository), known)
            if not present:
                continue
            groups = align((one for name in present for one in data.reports[name, run, repository]), present)
            groups.sort(key=lambda one: -len(one.reports))
            places = [(one.path, one.line_of(cwe), cwe) for one in groups for cwe in (one.cwe(known.odds),)]
            values = features(groups, present, known, _engines(data, repository))
            made += zip(values, hits(places, data.truth[repository]), strict=True)
    return made


def _present(data: Data, panel: Iterable[str], run: int, repository: str) -> list[str]:
    return [name for name in panel if (name, run, repository) in data.reports]


def _engines(data: Data, repository: str) -> list[Report]:
    return [one for name in ENGINES for one in data.reports.get((name, 1, repository), ())]


def fit(rows: Sequence[Example], ridge: float = RIDGE) -> Belief:
    """Logistic regression with a penalty on the squares of the weights, by Newton's method."""
    columns = list(zip(*(values for values, _ in rows), strict=True))
    means = tuple(sum(column) / len(rows) for column in columns)
    scales = tuple(
        sqrt(sum((value - mean) ** 2 for value in column) / len(rows)) or 1.0
        for column, mean in zip(columns, means, strict=True)
    )
    size = len(means) + 1
    standard = [
        (1.0, *((value - mean) / scale for value, mean, scale in zip(values, means, scales, strict=True)))
        for values, _ in rows
    ]
    weights = [0.0] * size
    penalty = [0.0] + [ridge * len(rows)] * (size - 1)
    for _ in range(8):
        slope = [-each * weight for each, weight in zip(penalty, weights, strict=True)]
        curve = [[penalty[i] if i == j else 0.0 for j in range(size)] for i in range(size)]
        for row, (_, real) in zip(standard, rows, strict=True):
            sure = 1 / (1 + exp(-sum(weight * value for weight, value in zip(weights, row, strict=True))))
            error, bend = real - sure, sure * (1 - sure)
            for i, value in enumerate(row):
                slope[i] += error * value
                bent, line = bend * value, curve[i]
                for j in range(i + 1):
                    line[j] += bent * row[j]
        for i in range(size):
            for j in range(i):
                curve[j][i] = curve[i][j]
        weights = [weight + step for weight, step in zip(weights, _solved(curve, slope), strict=True)]
    return Belief(weights[0], tuple(weights[1:]), means, scales)


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination with pivots."""
    rows = [[*line, value] for line, value in zip(matrix, right, strict=True)]
    size = len(rows)
    for i in range(size):
        pivot = max(range(i, size), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [one - factor * other for one, other in zip(rows[k], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, size))
        solution[i] = (rows[i][size] - known) / rows[i][i]
    return solution


Judged = list[tuple[str, float, bool]]
"""Repository, probability and truth of each weakness that was reported."""


def threshold(rows: Sequence[tuple[float, bool]], real: int, figure: str) -> float:
    """The probability from which on reporting is best, on repositories that are not judged."""
    best, chosen, true = -1.0, 0.5, 0
    for shown, (sure, is_real) in enumerate(sorted(rows, reverse=True), 1):
        true += is_real
        if (value := figures(true, shown, real)[figure]) > best:
            best, chosen = value, sure
    return chosen


@dataclass(frozen=True)
class Fold:
    """One repository left out: what the others taught."""

    repository: str
    others: tuple[str, ...]
    known: Experience
    belief: Belief
    inner: Mapping[tuple[str, ...], list[tuple[float, bool]]]
    """By panel: probability and truth in the other repositories, each judged by what the rest of them taught."""


def folds(data: Data) -> list[Fold]:
    """For each repository what is learned from all the others, over all panels."""
    made = []
    for repository in data.repositories:
        others = tuple(one for one in data.repositories if one != repository)
        inner: dict[tuple[str, ...], list[tuple[float, bool]]] = {panel: [] for panel in PANELS}
        for part in range(INNER):
            left_out = others[part::INNER]
            known, belief = _learned(data, [one for one in others if one not in left_out])
            for panel, judged in inner.items():
                judged += [(belief.probability(v), real) for v, real in examples(data, panel, left_out, known)]
        made.append(Fold(repository, others, *_learned(data, others), inner))
    return made


def _learned(data: Data, repositories: Sequence[str]) -> tuple[Experience, Belief]:
    known = experience(data, repositories)
    return known, fit([row for panel in PANELS for row in examples(data, panel, repositories, known)])


def merged(data: Data, panel: Sequence[str], learned: Sequence[Fold]) -> list[dict[str, object]]:
    """The merger at its threshold for F1 and at that for F3."""
    judged: Judged = []
    chosen: dict[str, Judged] = {"f1": [], "f3": []}
    for fold in learned:
        here = [
            (fold.repository, one.probability, real)
            for run in RUNS
            for settled in (_settle(data, panel, run, fold),)
            for one, real in zip(
                settled, hits(((s.path, s.line, s.cwe) for s in settled), data.truth[fold.repository]), strict=True
            )
        ]
        judged += here
        for figure, shown in chosen.items():
            least = threshold(fold.inner[tuple(panel)], data.real(fold.others), figure)
            shown += [one for one in here if one[1] >= least]
    sure = [real for _, probability, real in judged if probability >= 0.9]
    common = {
        "ece": calibration_error(judged),
        "sure": len(sure),
        "sure_precision": sum(sure) / len(sure) if sure else None,
    }
    return [_row(data, "merger", panel, shown) | {"threshold_for": figure} | common for figure, shown in chosen.items()]


def _settle(data: Data, panel: Sequence[str], run: int, fold: Fold) -> list[Settled]:
    present = _present(data, panel, run, fold.repository)
    reports = (one for name in present for one in data.reports[name, run, fold.repository])
    merger = Merger(fold.belief, fold.known)
    return merger.settle(reports, present, _engines(data, fold.repository)) if present else []


def calibration_error(judged: Judged, bins: int = 10) -> float:
    """Expected calibration error: mean distance between what was said and what was so, in ten equal bins."""
    binned: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for _, sure, real in judged:
        binned[min(int(sure * bins), bins - 1)].append((sure, real))
    return sum(abs(sum(s for s, _ in one) - sum(r for _, r in one)) for one in binned.values()) / max(len(judged), 1)


def _row(data: Data, method: str, panel: Sequence[str], shown: Judged) -> dict[str, object]:
    real = data.real(data.repositories)
    row: dict[str, object] = {"method": method, "models": list(panel)}
    row |= figures(sum(one[2] for one in shown), len(shown), real)
    row |= {"ece": None, "cost_usd": round(sum(data.costs[name] for name in panel), 2)}
    for figure in ("f1", "f3"):
        row[f"{figure}_interval"] = _interval(data, shown, figure)
    return row


def _interval(data: Data, shown: Judged, figure: str) -> list[float]:
    true: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for repository, _, real in shown:
        true[repository] += real
        count[repository] += 1
    weaknesses = {one: data.real([one]) for one in data.repositories}
    dice = random.Random(1)  # noqa: S311  # resampling, not secrets
    values = []
    for _ in range(ROUNDS):
        drawn = dice.choices(data.repositories, k=len(data.repositories))
        values.append(
            figures(
                sum(true[one] for one in drawn), sum(count[one] for one in drawn), sum(weaknesses[one] for one in drawn)
            )[figure]
        )
    values.sort()
    return [round(values[int(ROUNDS * 0.025)], 3), round(values[int(ROUNDS * 0.975)], 3)]


def single(data: Data, panel: Sequence[str]) -> dict[str, object]:
    """The model of the panel with the best F1."""

    @cache
    def alone(name: str) -> dict[str, object]:
        return _row(data, "single", [name], _judged(data, lambda run, repository: [
            (one.path, one.line, one.cwe) for one in data.reports.get((name, run, repository), ())
        ]))  # fmt: skip

    return max((alone(name) for name in panel), key=lambda row: float(str(row["f1"])))


def voted(data: Data, panel: Sequence[str]) -> tuple[dict[str, object], dict[str, object]]:
    """Plain counting: so many models within ten lines with the same CWE number, and one is enough (the union)."""

    def places(votes: int) -> Callable[[int, str], list[tuple[str, int, str]]]:
        def of(run: int, repository: str) -> list[tuple[str, int, str]]:
            left = [one for name in panel for one in data.reports.get((name, run, repository), ())]
            found = []
            while left:
                first = left[0]
                same = [
                    one
                    for one in left
                    if (one.path, one.cwe) == (first.path, first.cwe) and abs(one.line - first.line) <= REACH
                ]
                one_each = {one.observer: one for one in reversed(same)}
                if len(one_each) >= votes:
                    found.append((len(one_each), (first.path, first.line, first.cwe)))
                taken = set(map(id, one_each.values()))
                left = [one for one in left if id(one) not in taken]
            return [place for _, place in sorted(found, key=lambda one: -one[0])]

        return of

    judged = {votes: _judged(data, places(votes)) for votes in range(1, len(panel) + 1)}
    chosen: Judged = []
    for repository in data.repositories:
        others = [one for one in data.repositories if one != repository]

        def elsewhere(votes: int, others: Sequence[str] = others) -> float:
            rows = [one for one in judged[votes] if one[0] in others]
            return figures(sum(one[2] for one in rows), len(rows), data.real(others))["f1"]

        best = max(list(judged)[1:], key=elsewhere)
        chosen += [one for one in judged[best] if one[0] == repository]
    return _row(data, "vote", panel, chosen), _row(data, "union", panel, judged[1])


def _judged(data: Data, places: Callable[[int, str], list[tuple[str, int, str]]]) -> Judged:
    return [
        (repository, 1.0, real)
        for run in RUNS
        for repository in data.repositories
        for real in hits(places(run, repository), data.truth[repository])
    ]


def written(data: Data, source: str) -> str:
    """The coefficients fitted on all repositories, as TOML."""
    known, belief = _learned(data, data.repositories)
    lines = [f"# {line}".rstrip() for line in source.strip().splitlines()]
    lines += ["", f"intercept = {belief.intercept:.4f}", f"unknown_kind = {known.kind:.3f}", ""]
    lines += [f"unknown_model = {{ precision = {known.skill.precision:.3f}, recall = {known.skill.recall:.3f} }}", ""]
    lines += ["[features]"]
    lines += [
        f"{name} = {{ weight = {weight:.4f}, mean = {mean:.4f}, scale = {scale:.4f} }}"
        for name, weight, mean, scale in zip(FEATURES, belief.weights, belief.means, belief.scales, strict=True)
    ]
    lines += ["", "[models]"]
    lines += [
        f'"{name}" = {{ precision = {skill.precision:.3f}, recall = {skill.recall:.3f} }}'
        for name, skill in sorted(known.skills.items())
        if name not in NO_MODELS
    ]
    lines += ["", "[kinds]"]
    lines += [f'"{kind}" = {share:.3f}' for kind, share in sorted(known.kinds.items())]
    return "\n".join(lines) + "\n"


SOURCE = """
How probable a weakness is that several observers report; read by `belief.py`.
Written by `python bench/panel.py FOLDER --write FILE`.

Fitted on the reports of 18 models and 3 scanners about 13 deliberately vulnerable Python applications, up to three
runs each, with their ground truth: kolega-ai/Real-Vuln-Benchmark (MIT licence).  Logistic regression with a ridge
penalty of 0.07 an example on standardised features, over eleven panels of two to four models.  `models` and `kinds`
are shares of reports that were real and of real weaknesses that were reported, shrunk by 25 reports' worth of the
average.  Left-out figures: `python bench/panel.py FOLDER`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="one JSON list of objects")
    parser.add_argument("--write", type=Path, metavar="FILE", help="fit on everything and write the coefficients")
    options = parser.parse_args()
    data = load(options.folder)
    if options.write:
        options.write.write_text(written(data, SOURCE), encoding="utf-8")
        return
    learned = folds(data)
    rows = []
    for panel in PANELS:
        vote, union = voted(data, panel)
        rows += [single(data, panel), vote, union, *merged(data, panel, learned)]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print(f"{len(data.repositories)} repositories, {data.real(data.repositories)} weaknesses in {len(RUNS)} runs\n")
    print(
        f"{'method':<14}{'P':>6}{'R':>6}{'F1':>6} {'interval':<12}{'F3':>6} {'interval':<12}"
        f"{'ECE':>6}{'>=.9':>12}{'USD':>7}"
    )
    for number, row in enumerate(rows):
        if number % 5 == 0:
            print(f"\n{' + '.join(rows[number + 1]['models'])}")  # type: ignore[arg-type]
        name = f"{row['method']} {row.get('threshold_for', '')}"
        low = "{:.2f}-{:.2f}"
        print(
            f"{name:<14}"
            + "".join(f"{100 * float(str(row[key])):6.1f}" for key in ("precision", "recall", "f1"))
            + f" {low.format(*row['f1_interval']):<12}{100 * float(str(row['f3'])):6.1f}"
            + f" {low.format(*row['f3_interval']):<12}"
            + (f"{row['ece']:6.3f}" if row["ece"] is not None else " " * 6)
            + (f"{row['sure_precision']:7.3f} /{row['sure']:>3}" if row.get("sure") else " " * 12)
            + f"{row['cost_usd']:7.2f}"
        )


if __name__ == "__main__":
    main()
