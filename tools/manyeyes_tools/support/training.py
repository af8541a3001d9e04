"""Trains the classifier of intents from examples.  Needs the extra `manyeyes[train]`; running it does not."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

from manyeyes_tools.support.classifier import Classifier, Scale
from manyeyes_tools.support.grams import character_grams, word_grams

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FEWEST = 5
"""Examples that every intent needs: one for each part that the figures are measured on, and the others to learn."""
SEED = 7

_COST = 1.0
"""How much a wrong example weighs against small weights."""
_SPLITS, _MANY_SPLITS, _MANY = 5, 3, 5_000
"""In so many parts the examples are measured, each by a classifier trained on the others; fewer when they are many."""
_STEPS = 127
_ALIKE = 0.35
"""How near two examples are, as the cosine of their words, that must not be measured by each other."""
_LOSS = 0.022
"""The share of all messages that are answered rightly and may be given up to catch those about something else."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What to learn from: messages by intent, and messages that are about none of them."""

    inside: tuple[tuple[str, str], ...]
    outside: tuple[str, ...] = ()

    @property
    def intents(self) -> tuple[str, ...]:
        """The names of the intents, sorted."""
        return tuple(sorted({intent for _, intent in self.inside}))


class TooFewExamples(ValueError):
    """There is not enough to learn from."""


def train(
    examples: Examples, *, right: float = 0.97, validation: Examples | None = None, apart: bool = False
) -> Classifier:
    """Learn from examples, and measure on others how far the answers can be trusted.

    Args:
        examples: What to learn from.
        right: Which share of the answers that are acted upon is to be right.
        validation: What to measure on; without it the examples themselves in turns, each by a classifier that was
            trained on others.  Its messages about something else are never learned from.
        apart: The messages to come will be of other trades than the examples: those that are alike are never measured
            by a classifier that was trained on one of them, so that the figures do not flatter.

    Raises:
        TooFewExamples: there are fewer than two intents, or one of them has too few examples.
        ImportError: the extra `manyeyes[train]` is not installed.
    """
    intents = examples.intents
    counts = Counter(intent for _, intent in examples.inside)
    if len(intents) < 2:  # noqa: PLR2004  # one is no choice
        raise TooFewExamples("There must be at least two intents.")
    rare = min(intents, key=lambda intent: counts[intent])
    if counts[rare] < FEWEST:
        raise TooFewExamples(f"Intent {rare!r} has {counts[rare]} examples; each needs at least {FEWEST}.")
    whole = _fit(examples.inside, intents)
    figures = _in_turns(examples, intents, apart=apart) if validation is None else _measure(whole, validation)
    return _calibrated(whole, figures, right)


@dataclass(slots=True)
class _Figures:
    """What was measured on messages that were not learned from: the three figures, and whether the answer was right."""

    inside: list[tuple[float, float, float]]
    correct: list[bool]
    outside: list[tuple[float, float, float]]


def _in_turns(examples: Examples, intents: tuple[str, ...], *, apart: bool) -> _Figures:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold  # type: ignore[import-untyped]

    splits = _SPLITS if len(examples.inside) < _MANY else _MANY_SPLITS
    found = _Figures([], [], [])
    names = [intent for _, intent in examples.inside]
    if apart:
        turns = StratifiedGroupKFold(splits, shuffle=True, random_state=SEED).split(names, names, _alike(examples))
    else:
        turns = StratifiedKFold(splits, shuffle=True, random_state=SEED).split(names, names)
    for number, (learn, held) in enumerate(turns):
        part = _fit([examples.inside[at] for at in learn], intents)
        test = Examples(tuple(examples.inside[at] for at in held), examples.outside[number::splits])
        measured = _measure(part, test)
        found.inside += measured.inside
        found.correct += measured.correct
        found.outside += measured.outside
    return found


def _alike(examples: Examples) -> Any:
    """A number for each example, the same for those that share much of their rarer words."""
    from scipy.sparse.csgraph import connected_components  # type: ignore[import-untyped]
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

    matrix = TfidfVectorizer(stop_words="english").fit_transform(text for text, _ in examples.inside)
    return connected_components(matrix @ matrix.T > _ALIKE, directed=False)[1]


def _measure(classifier: Classifier, examples: Examples) -> _Figures:
    found = _Figures([], [], [])
    for text, intent in examples.inside:
        best, figures = _figures(classifier, text)
        found.inside.append(figures)
        found.correct.append(best == intent)
    found.outside += [_figures(classifier, text)[1] for text in examples.outside]
    return found


def _figures(classifier: Classifier, text: str) -> tuple[str, tuple[float, float, float]]:
    scores, unseen = classifier.scores(text)
    second, best = sorted(scores)[-2:]
    return classifier.intents[scores.index(best)], (best, best - second, unseen)


def _fit(examples: Sequence[tuple[str, str]], intents: tuple[str, ...]) -> Classifier:
    """One classifier for each intent against all others, as one, its figures still without meaning."""
    import numpy as np
    from scipy.sparse import csr_matrix, hstack  # type: ignore[import-untyped]
    from sklearn.preprocessing import normalize  # type: ignore[import-untyped]
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

    blocks: list[Any] = []
    hashes: list[int] = []
    rarity: list[float] = []
    for grams in (word_grams, character_grams):
        counts = [grams(text) for text, _ in examples]
        seen = Counter(gram for one in counts for gram in one)
        # A hash may stand for a word and for a piece of one, once in four thousand millions: then for the word.
        kept = sorted(seen.keys() - set(hashes))
        rare = {gram: log((1 + len(examples)) / (1 + seen[gram])) + 1 for gram in kept}
        blocks.append(normalize(_matrix(counts, {gram: at for at, gram in enumerate(kept)}, rare, csr_matrix)))
        hashes += kept
        rarity += [rare[gram] for gram in kept]
    wanted = np.array([intents.index(intent) for _, intent in examples])
    weights, biases = _separated(LinearSVC, hstack(blocks).tocsr(), wanted, len(intents))
    step = float(abs(weights).max()) / _STEPS
    rounded = np.clip(np.rint(weights / step), -_STEPS, _STEPS).astype(np.int16)
    nothing = Scale(0.0, 0.0, 0.0, 0.0)
    return Classifier(
        intents=intents,
        rows={gram: row for row, gram in enumerate(hashes)},
        rarity=array("f", rarity),
        weights=(rounded + _STEPS + 1).astype(np.uint8).tobytes(),
        step=step,
        biases=tuple(float(bias) for bias in biases),
        right=nothing,
        inside=None,
        sure_at=1.0,
        known_at=0.0,
        measured={},
    )


def _separated(machine: Any, matrix: Any, wanted: Any, classes: int) -> tuple[Any, Any]:
    """Weights by n-gram and intent, and biases.  Of two intents one is the other's opposite."""
    import numpy as np

    fitted = machine(C=_COST, random_state=SEED).fit(matrix, wanted)
    if classes == 2:  # noqa: PLR2004  # as said above
        return np.hstack([-fitted.coef_.T, fitted.coef_.T]), np.hstack([-fitted.intercept_, fitted.intercept_])
    return fitted.coef_.T, fitted.intercept_


def _matrix(
    counts: Iterable[Mapping[int, int]], columns: Mapping[int, int], rarity: Mapping[int, float], sparse: Any
) -> Any:
    values, at, ends = array("d"), array("i"), array("i", [0])
    for one in counts:
        for gram, count in one.items():
            if gram not in columns:
                continue
            at.append(columns[gram])
            values.append((1 + log(count)) * rarity[gram])
        ends.append(len(at))
    return sparse((values, at, ends), shape=(len(ends) - 1, len(columns)))


def _calibrated(classifier: Classifier, figures: _Figures, wanted: float) -> Classifier:
    right = _scale(figures.inside, figures.correct)
    inside = None
    known_at = 0.0
    if figures.outside:
        both = [*figures.inside, *figures.outside]
        inside = _scale(both, [True] * len(figures.inside) + [False] * len(figures.outside))
        known_at = _known_from([inside.probability(one) for one in figures.inside], figures.correct)
    chances = [right.probability(one) for one in figures.inside]
    known = [inside is None or inside.probability(one) >= known_at for one in figures.inside]
    sure_at = _sure_from(
        [chance for chance, k in zip(chances, known, strict=True) if k],
        [ok for ok, k in zip(figures.correct, known, strict=True) if k],
        wanted,
    )
    acted = [ok for ok, chance, k in zip(figures.correct, chances, known, strict=True) if k and chance >= sure_at]
    measured = {
        "confidence_p20": sorted(chances)[len(chances) // 5],
        "examples": float(len(figures.inside)),
        "accuracy": sum(figures.correct) / len(figures.correct),
        "sure_share": len(acted) / len(figures.correct),
        "sure_accuracy": sum(acted) / len(acted) if acted else 0.0,
    }
    if inside is not None:
        caught = [inside.probability(one) < known_at for one in figures.outside]
        measured["outside_caught"] = sum(caught) / len(caught)
    return Classifier(
        intents=classifier.intents,
        rows=classifier.rows,
        rarity=classifier.rarity,
        weights=classifier.weights,
        step=classifier.step,
        biases=classifier.biases,
        right=right,
        inside=inside,
        sure_at=sure_at,
        known_at=known_at,
        measured={name: round(value, 4) for name, value in measured.items()},
    )


def _scale(figures: Sequence[tuple[float, float, float]], true: Sequence[bool]) -> Scale:
    """The logistic curve that fits best; where all are true, or none, a flat one."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    if len(set(true)) == 1:
        return Scale(0.0, 0.0, 0.0, 6.0 if true[0] else -6.0)
    fitted = LogisticRegression(C=10.0, max_iter=1_000).fit(figures, true)
    top, lead, unseen = (float(one) for one in fitted.coef_[0])
    return Scale(top, lead, unseen, float(fitted.intercept_[0]))


def _known_from(chances: Sequence[float], correct: Sequence[bool]) -> float:
    """The highest threshold that gives up no more right answers than is allowed."""
    right = sorted(chance for chance, ok in zip(chances, correct, strict=True) if ok)
    return right[min(int(_LOSS * len(chances)), len(right) - 1)] if right else 0.0


def _sure_from(chances: Sequence[float], correct: Sequence[bool], wanted: float) -> float:
    """The lowest threshold above which the wanted share is right; above 1 when there is none."""
    best, right = 1.01, 0
    pairs = sorted(zip(chances, correct, strict=True), reverse=True)
    for number, (chance, ok) in enumerate(pairs, 1):
        right += ok
        if right / number >= wanted and (number == len(pairs) or pairs[number][0] < chance):
            best = chance
    return best
