"""How probable it is that what a group of observers reported is real.

A logistic model over a few features that mean the same for every panel, so that its coefficients hold for models it
was not fitted on: how reliable those are who reported it and those who kept silent, how the kind of weakness usually
fares, how exactly they agree, and whether a better supported report lies beside it.  `coefficients.toml` tells what
the shipped numbers were fitted on.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log, log1p
from typing import TYPE_CHECKING

from manyeyes_tools.agreement.alignment import REACH, Group, align, kin_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from manyeyes_tools.agreement.reports import Report

FEATURES = (
    "reporters",  # sum of their log odds of being right
    "silence",  # sum of the log probability that those who kept silent overlooked it
    "share",  # of the panel that reports it
    "alone",  # reported by one only
    "kind",  # log odds of the kind of weakness, the best of the numbers given
    "level",  # how bad, mean, low 1 to high 3
    "outvoted",  # a group with more reporters lies within three lines
    "crowded",  # any other group lies within three lines
    "spread",  # the lines named differ by more than five
    "mixed",  # different CWE numbers
    "repeated",  # log of 1 + groups of the same kind within reach
    "echo",  # one of those has more reporters
    "panel",  # one over the panel's size
    "engine",  # a deterministic engine reported the same kind within reach
)
"""The names of the features, in the order of `features`."""

LEVELS = {"high": 3.0, "medium": 2.0, "low": 1.0}
BESIDE = 3
"""Lines within which two groups are about the same statement."""
WIDE = 5
"""Lines named further apart than this count as disagreement about the place."""


@dataclass(frozen=True, slots=True)
class Skill:
    """How reliable an observer is: the shares of its reports that are real, and of real weaknesses it reports."""

    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class Experience:
    """What is known beforehand: of observers by name, of kinds of weakness; both have a default for the unknown.

    `kinds` holds the share of reports of that kind that are real.
    """

    skills: Mapping[str, Skill]
    skill: Skill
    kinds: Mapping[str, float]
    kind: float

    def of(self, observer: str) -> Skill:
        """What is known of an observer, `provider:model` or a bare name; dates and variants after it do not matter."""
        name = observer.rpartition(":")[2].rpartition("/")[2]
        known = max((one for one in self.skills if name.startswith(one)), key=len, default=None)
        return self.skills[known] if known else self.skill

    def odds(self, cwe: str) -> float:
        """Log odds that a report with this number is real."""
        share = self.kinds.get(kin_of(cwe), self.kind)
        return log(share / (1 - share))


@dataclass(frozen=True, slots=True)
class Belief:
    """The fitted model: a feature counts `weight * (value - mean) / scale`."""

    intercept: float
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    def probability(self, values: Sequence[float]) -> float:
        """Between 0 and 1, from the features in the order of `FEATURES`."""
        total = self.intercept + sum(
            weight * (value - mean) / scale
            for weight, value, mean, scale in zip(self.weights, values, self.means, self.scales, strict=True)
        )
        return 1 / (1 + exp(-max(min(total, 30.0), -30.0)))


@dataclass(frozen=True, slots=True)
class Settled:
    """One weakness after all reports were weighed.  `probability` is calibrated."""

    path: str
    line: int
    cwe: str
    probability: float
    group: Group


@dataclass(frozen=True, slots=True)
class Merger:
    """Turns what a panel reported into weaknesses with a probability each."""

    belief: Belief
    experience: Experience

    def settle(
        self, reports: Iterable[Report], panel: Sequence[str], engines: Collection[Report] = ()
    ) -> list[Settled]:
        """Weigh the reports of a panel of models, the surest first.

        Args:
            reports: What the models reported.
            panel: The models that looked, those that reported nothing included.
            engines: What deterministic engines reported: it supports a model's report and stands for none itself.
        """
        trusted = trusted_first(panel, self.experience)
        groups = align(reports, trusted)
        values = features(groups, trusted, self.experience, engines)
        settled = []
        for group, row in zip(groups, values, strict=True):
            cwe = group.cwe(self.experience.odds)
            settled.append(Settled(group.path, group.line_of(cwe), cwe, self.belief.probability(row), group))
        return sorted(settled, key=lambda one: (-one.probability, one.path, one.line, one.cwe))


def trusted_first(panel: Iterable[str], experience: Experience) -> list[str]:
    """The panel, the most precise first; names break ties."""
    return sorted(panel, key=lambda one: (-experience.of(one).precision, one))


def features(
    groups: Sequence[Group], panel: Sequence[str], experience: Experience, engines: Collection[Report] = ()
) -> list[tuple[float, ...]]:
    """The features of each group, in the order of `FEATURES`."""
    by_path: dict[str, list[Group]] = {}
    for group in groups:
        by_path.setdefault(group.path, []).append(group)
    found: dict[str, list[Report]] = {}
    for report in engines:
        found.setdefault(report.path, []).append(report)
    return [_features(group, by_path[group.path], panel, experience, found.get(group.path, [])) for group in groups]


def _features(
    group: Group, neighbours: Sequence[Group], panel: Sequence[str], experience: Experience, engines: Sequence[Report]
) -> tuple[float, ...]:
    observers = group.observers
    size, voices = len(panel), len(observers)
    line, kinds = group.line, group.kinds
    beside = [one for one in neighbours if one is not group and abs(one.line - line) <= BESIDE]
    akin = [one for one in neighbours if one is not group and abs(one.line - line) <= REACH and one.kinds & kinds]
    skills = [experience.of(one) for one in sorted(observers)]
    return (
        sum(log(one.precision / (1 - one.precision)) for one in skills),
        sum(log(1 - experience.of(one).recall) for one in panel if one not in observers),
        voices / size,
        float(voices == 1),
        max(experience.odds(report.cwe) for report in group.reports),
        sum(LEVELS[report.level] for report in group.reports) / len(group.reports),
        float(any(len(one.observers) > voices for one in beside)),
        float(bool(beside)),
        float(group.spread > WIDE),
        float(len({report.cwe for report in group.reports}) > 1),
        log1p(len(akin)),
        float(any(len(one.observers) > voices for one in akin)),
        1 / size,
        float(any(abs(one.line - line) <= REACH and kin_of(one.cwe) in kinds for one in engines)),
    )


@cache
def shipped() -> Merger:
    """The merger with the coefficients of `coefficients.toml`."""
    table = tomllib.loads(files(__package__).joinpath("coefficients.toml").read_text(encoding="utf-8"))
    rows = [table["features"][name] for name in FEATURES]
    return Merger(
        Belief(
            intercept=table["intercept"],
            weights=tuple(row["weight"] for row in rows),
            means=tuple(row["mean"] for row in rows),
            scales=tuple(row["scale"] for row in rows),
        ),
        Experience(
            skills={name: Skill(**skill) for name, skill in table["models"].items()},
            skill=Skill(**table["unknown_model"]),
            kinds=table["kinds"],
            kind=table["unknown_kind"],
        ),
    )
