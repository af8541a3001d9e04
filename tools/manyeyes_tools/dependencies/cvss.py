"""The base score of a CVSS vector, versions 2, 3.0, 3.1 and 4.0, as a severity.

Weights and formulas are those of the specifications that FIRST publishes at https://www.first.org/cvss/; the scores of
version 4.0's macro vectors are the table of its section 8.3, of which base metrics alone reach the part below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from manyeyes_tools.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

_V3 = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_V3_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_V2 = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
    "C": {"N": 0.0, "P": 0.275, "C": 0.66},
    "I": {"N": 0.0, "P": 0.275, "C": 0.66},
    "A": {"N": 0.0, "P": 0.275, "C": 0.66},
}
_V4_LEVELS = {
    "AV": "NALP", "PR": "NLH", "UI": "NPA", "AC": "LH", "AT": "NP",
    "VC": "HLN", "VI": "HLN", "VA": "HLN", "SC": "SHLN", "SI": "SHLN", "SA": "SHLN",
}  # fmt: skip
"""Each metric's values, the worst first; a step down is a distance of one."""
_V4_SCORES = {
    (0, 0): (10, 10, 9.3, 9.9, 9.6, 9.0, 9.8, 9.3, 8.8, 9.5, 9.2, 8.0, 9.2, 7.9, 6.9),
    (0, 1): (9.9, 9.5, 9.2, 9.7, 9.1, 8.1, 9.5, 9.2, 8.4, 9.3, 8.2, 7.0, 8.6, 7.1, 6.3),
    (1, 0): (9.8, 9.4, 8.7, 9.5, 8.9, 7.5, 9.4, 8.6, 7.2, 8.9, 7.6, 5.7, 8.3, 6.5, 5.3),
    (1, 1): (9.5, 9.0, 7.7, 9.0, 7.7, 6.6, 8.9, 7.4, 6.1, 7.8, 5.9, 5.2, 7.1, 5.8, 2.3),
    (2, 0): (9.3, 8.6, 7.0, 8.7, 7.4, 5.4, 8.5, 7.2, 5.3, 7.5, 5.7, 3.6, 6.4, 4.7, 2.4),
    (2, 1): (8.8, 7.3, 5.0, 7.5, 5.5, 3.3, 7.5, 5.3, 4.0, 5.5, 4.0, 2.7, 5.3, 2.4, 1.0),
}
"""By the classes EQ1 and EQ2; then three scores by EQ4 for each of the pairs of EQ3 and EQ6 in `_V4_PAIRS`."""
_V4_PAIRS = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 1))
_V4_EQ1 = (("NNN",), ("ANN", "NLN", "NNP"), ("PNN", "ALP"))
_V4_EQ2 = (("LN",), ("HN", "LP"))
_V4_EQ3 = {(0, 0): ("HHH",), (0, 1): ("HHL", "HHN"), (1, 0): ("LHH", "HLH"), (1, 1): ("LHL", "HLH"), (2, 1): ("LLL",)}
_V4_EQ4 = (("HSS",), ("HHH",), ("LLL",))
_V4_DEPTH = ((1, 4, 5), (1, 2), {(0, 0): 7, (0, 1): 6, (1, 0): 8, (1, 1): 8, (2, 1): 10}, (6, 5, 4))
_BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
_LONGEST = 300


def severity_of_vector(vector: str) -> Severity | None:
    """The severity by the base score; `info` for a score of nothing, None when it is no vector that is known."""
    score = base_score(vector)
    if score is None:
        return None
    return next((severity for least, severity in _BANDS if score >= least), Severity.INFO)


def base_score(vector: str) -> float | None:
    """The base score, 0 to 10; None when it is no vector that is known."""
    parts = dict(part.split(":", 1) for part in vector[:_LONGEST].strip("()").split("/") if ":" in part)
    version = parts.pop("CVSS", "2")
    try:
        if version.startswith("4"):
            return _v4(parts)
        return _v3(parts) if version.startswith("3") else _v2(parts)
    except (KeyError, ValueError):
        return None


def _v3(metrics: Mapping[str, str]) -> float:
    def weight(metric: str) -> float:
        return _V3[metric][metrics[metric]]

    changed = metrics["S"] == "C"
    privileges = _V3_PRIVILEGES[metrics["S"]][metrics["PR"]]
    share = 1 - (1 - weight("C")) * (1 - weight("I")) * (1 - weight("A"))
    impact = 7.52 * (share - 0.029) - 3.25 * (share - 0.02) ** 15 if changed else 6.42 * share
    ease = 8.22 * weight("AV") * weight("AC") * privileges * weight("UI")
    if impact <= 0:
        return 0.0
    return _up(min((1.08 if changed else 1.0) * (impact + ease), 10))


def _up(score: float) -> float:
    """Rounded up to one place, as the specification does it in whole numbers."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10


def _v2(metrics: Mapping[str, str]) -> float:
    def weight(metric: str) -> float:
        return _V2[metric][metrics[metric]]

    impact = 10.41 * (1 - (1 - weight("C")) * (1 - weight("I")) * (1 - weight("A")))
    ease = 20 * weight("AV") * weight("AC") * weight("Au")
    return round((0.6 * impact + 0.4 * ease - 1.5) * (1.176 if impact else 0), 1)


def _v4(metrics: Mapping[str, str]) -> float:
    for metric, values in _V4_LEVELS.items():
        if metrics[metric] not in values or (metric == "SC" and metrics[metric] == "S"):
            raise ValueError(metric)
    if all(metrics[metric] == "N" for metric in ("VC", "VI", "VA", "SC", "SI", "SA")):
        return 0.0
    reach, hard = [metrics[name] for name in ("AV", "PR", "UI")], [metrics[name] for name in ("AC", "AT")]
    own, others = [metrics[name] for name in ("VC", "VI", "VA")], [metrics[name] for name in ("SC", "SI", "SA")]
    eq1 = 0 if reach == ["N", "N", "N"] else 1 if "N" in reach and reach[0] != "P" else 2
    eq2 = 0 if hard == ["L", "N"] else 1
    eq3 = 0 if own[:2] == ["H", "H"] else 1 if "H" in own else 2
    pair = (eq3, 0 if "H" in own else 1)
    eq4 = 0 if "S" in others[1:] else 1 if "H" in others else 2
    score = _score(eq1, eq2, pair, eq4)
    lower = [
        _score(eq1 + 1, eq2, pair, eq4) if eq1 < 2 else None,  # noqa: PLR2004  # the last class
        _score(eq1, eq2 + 1, pair, eq4) if eq2 < 1 else None,
        max((_score(eq1, eq2, one, eq4) for one in _below(pair)), default=None),
        _score(eq1, eq2, pair, eq4 + 1) if eq4 < 2 else None,  # noqa: PLR2004  # the last class
    ]
    distances = (
        _distance(("AV", "PR", "UI"), metrics, _V4_EQ1[eq1]),
        _distance(("AC", "AT"), metrics, _V4_EQ2[eq2]),
        _distance(("VC", "VI", "VA"), metrics, _V4_EQ3[pair]),
        _distance(("SC", "SI", "SA"), metrics, _V4_EQ4[eq4]),
    )
    depths = (_V4_DEPTH[0][eq1], _V4_DEPTH[1][eq2], _V4_DEPTH[2][pair], _V4_DEPTH[3][eq4])
    down = [
        (score - below) * distance / depth
        for below, distance, depth in zip(lower, distances, depths, strict=True)
        if below is not None
    ]
    # The class of exploit maturity, which base metrics leave at its worst, counts among those that could be lower.
    return max(0.0, min(10.0, int((score - sum(down) / (len(down) + 1)) * 10 + 0.5 + 1e-9) / 10))


def _score(eq1: int, eq2: int, pair: tuple[int, int], eq4: int) -> float:
    return _V4_SCORES[eq1, eq2][_V4_PAIRS.index(pair) * 3 + eq4]


def _below(pair: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return {(0, 0): ((0, 1), (1, 0)), (0, 1): ((1, 1),), (1, 0): ((1, 1),), (1, 1): ((2, 1),), (2, 1): ()}[pair]


def _distance(names: tuple[str, ...], metrics: Mapping[str, str], worst: tuple[str, ...]) -> int:
    """Steps down from the first of the class's worst combinations that is nowhere better than this one."""
    for combination in worst:
        steps = [
            _V4_LEVELS[name].index(metrics[name]) - _V4_LEVELS[name].index(value)
            for name, value in zip(names, combination, strict=True)
        ]
        if min(steps) >= 0:
            return sum(steps)
    return 0
