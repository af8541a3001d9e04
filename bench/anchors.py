"""Do quotes find their lines, and hardly ever others'?

    python bench/anchors.py [--quotes N] [--seed N] [--json]

Quotes of one to eight lines are taken from real files of several languages and copied as badly as models copy: other
spacing or case, a line dropped, typographic quotes, line numbers or the marks of a diff before the lines, dots at the
end or in the middle, a wrong character, Windows line ends, tabs for spaces; with the right line as a hint, one nearby,
a wrong one or none.  A quote is `right` when the place found covers lines it was taken from, or other lines that hold
the very same text where no hint tells them apart, `exact` when they are the very lines; `wrong` when it names others;
`lost` when it has no place, which the tools count and show under `suppressed`.  The baselines are the hint alone and
a plain search for the quote's text.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from real_files import Real, real_files

from manyeyes_tools.anchors import anchor
from manyeyes_tools.material import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = (
    "as it is", "spacing", "case", "a line dropped", "typographic quotes", "line numbers", "marks of a diff",
    "dots at the end", "dots in the middle", "a wrong character", "Windows line ends", "tabs for spaces",
    "indentation left off", "in a fence", "several at once", "made up",
)  # fmt: skip
SEVERAL = ("spacing", "case", "typographic quotes", "indentation left off", "a line dropped", "a wrong character")
HINTS = (("right", 5), ("near", 3), ("wrong", 1), ("none", 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A quote as a model gives it, and where it was taken from: first and last line, from 1."""

    kind: str
    source: SourceFile
    quote: str
    hint: int | None
    hinted: str
    first: int
    last: int


def perturbed(rng: random.Random, kind: str, lines: Sequence[str], at: int) -> list[str]:  # noqa: C901, PLR0911, PLR0912 -- one branch for each way
    lines = list(lines)
    match kind:
        case "spacing":
            return [re.sub(r" ?([=+,(){}]) ?", rng.choice((r"\1", r" \1 ", r"\1 ")), line) for line in lines]
        case "case":
            return [line.upper() if rng.random() < 0.5 else line.lower() for line in lines]
        case "a line dropped" if len(lines) > 2:
            del lines[rng.randrange(1, len(lines) - 1)]
        case "typographic quotes":
            return [line.replace("'", "\u2019").replace('"', "\u201d").replace("--", "\u2014") for line in lines]
        case "line numbers":
            form = rng.choice(("{} | {}", "{:>5}  | {}", "{}: {}", "{:>5}→{}", "{}\t{}"))
            return [form.format(number, line) for number, line in enumerate(lines, at + 1)]
        case "marks of a diff":
            mark = rng.choice("+-")
            return [mark + line for line in lines]
        case "dots at the end":
            return [*lines, "..."] if rng.random() < 0.5 else [*lines[:-1], lines[-1].rstrip() + " ..."]
        case "dots in the middle" if len(lines) > 3:
            lines[1:-1] = ["    ..."]
        case "a wrong character":
            number = rng.randrange(len(lines))
            where = rng.randrange(max(1, len(lines[number])))
            lines[number] = lines[number][:where] + rng.choice("abcxyz_(0") + lines[number][where + 1 :]
        case "Windows line ends":
            return [line + "\r" for line in lines]
        case "tabs for spaces":
            return [line.replace("    ", "\t") for line in lines]
        case "indentation left off":
            return [line.strip() for line in lines]
        case "in a fence":
            return ["```", *lines, "```"]
        case "several at once":
            for one in rng.sample(SEVERAL, 2):
                lines = perturbed(rng, one, lines, at)
        case "made up":
            words = re.findall(r"\w+", " ".join(lines))
            rng.shuffle(words)
            return [f"{' '.join(words[:4])} = never_there_{rng.randrange(10**6)}({', '.join(words[4:8])})"]
    return lines


def hint(rng: random.Random, first: int, last: int, count: int) -> tuple[int | None, str]:
    kind = rng.choices([name for name, _ in HINTS], [weight for _, weight in HINTS])[0]
    if kind == "none":
        return None, kind
    if kind == "wrong":
        return rng.randint(1, count), kind
    return (first if kind == "right" else max(1, rng.randint(first - 4, last + 4))), kind


def cases(rng: random.Random, files: Sequence[Real], count: int) -> list[Case]:
    sources = {
        file: SourceFile(path=file.name, language=file.language, text=file.text, masked=file.text) for file in files
    }
    languages = sorted({file.language for file in files})
    made: list[Case] = []
    while len(made) < count:
        kind = KINDS[len(made) % len(KINDS)]
        language = languages[len(made) % len(languages)]
        file = rng.choice([one for one in files if one.language == language])
        lines = file.text.split("\n")
        size = rng.choice((1, 1, 2, 3, 4, 5, 8))
        at = rng.randrange(max(1, len(lines) - size))
        taken = lines[at : at + size]
        if not taken[0].strip() or not taken[-1].strip() or len("".join(taken).strip()) < 4:
            continue
        number, hinted = hint(rng, at + 1, at + size, len(lines))
        quote = "\n".join(perturbed(rng, kind, taken, at))
        made.append(
            Case(kind=kind, source=sources[file], quote=quote, hint=number, hinted=hinted, first=at + 1, last=at + size)
        )
    return made


def same_text(case: Case, first: int, last: int) -> bool:
    """Whether other lines hold the very text that the quote was taken from, so that the quote is right there too."""
    lines = [" ".join(line.split()).casefold() for line in case.source.text.split("\n")]
    taken, found = lines[case.first - 1 : case.last], lines[first - 1 : last]
    if not found:
        return False  # a hint behind the file's end
    if case.kind in {"dots in the middle", "dots at the end", "a line dropped", "several at once"}:
        taken, found = [taken[0], taken[-1]], [found[0], found[-1]]
    return [line for line in taken if line] == [line for line in found if line]


def judged(case: Case, place: tuple[int, int] | None) -> str:
    if place is None:
        return "lost"
    if case.kind == "made up":
        return "wrong"
    if place[0] <= case.last and case.first <= place[1]:
        return "right"
    if case.hinted != "right" and same_text(case, *place):
        return "right"  # nothing but a hint could have told the two places apart
    return "wrong"


def plainly(case: Case) -> tuple[int, int] | None:
    """The baseline: where the quote's text stands first."""
    at = case.source.text.find(case.quote.strip())
    if at < 0:
        return None
    first = case.source.text.count("\n", 0, at) + 1
    return first, first + case.quote.strip().count("\n")


def measure(every: Sequence[Case], *, show: bool) -> list[dict[str, object]]:
    tallies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    began = time.perf_counter()
    places = [anchor(case.source, case.quote, case.hint) for case in every]
    seconds = time.perf_counter() - began
    for case, place in zip(every, places, strict=True):
        found = place and (place.start_line, place.end_line)
        verdict = judged(case, found)
        for name in (case.kind, case.source.language, "all"):
            tally = tallies[name]
            tally["quotes"] += 1
            tally[verdict] += 1
            tally["exact"] += found == (case.first, case.last)
            if place is not None and not (1 <= place.start_line <= place.end_line):
                tally["wrong"] += 1
            tally["hint_wrong"] += case.hint is not None and judged(case, (case.hint, case.hint)) == "wrong"
            simple = judged(case, plainly(case))
            tally["search_wrong"] += simple == "wrong"
            tally["search_lost"] += simple == "lost"
        if show and (
            verdict == "wrong" or (verdict == "lost" and show and case.kind != "made up" and case.hinted == "right")
        ):
            print(
                f"{verdict} {case.kind} {case.source.path} {case.first}-{case.last} "
                f"hint {case.hint} found {found}\n{case.quote}\n",
                file=sys.stderr,
            )
    rows: list[dict[str, object]] = []
    for name in (*KINDS, *sorted({case.source.language for case in every}), "all"):
        tally = tallies[name]
        names = ("quotes", "right", "exact", "wrong", "lost", "hint_wrong", "search_wrong", "search_lost")
        rows.append({"quotes_of": name, **{column: tally[column] for column in names}})
        rows[-1]["wrong_share"] = round(tally["wrong"] / max(tally["quotes"], 1), 5)
    rows[-1]["ms_each"] = round(1000 * seconds / len(every), 2)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quotes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=20250101)
    parser.add_argument("--show", action="store_true", help="print what went wrong, on stderr")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    files = real_files(most=30, size=(1_500, 20_000))
    rows = measure(cases(random.Random(options.seed), files, options.quotes), show=options.show)  # noqa: S311  # the same cases in every run
    assert all(row["right"] + row["wrong"] + row["lost"] == row["quotes"] for row in rows)  # type: ignore[operator]
    if options.json:
        json.dump(rows, sys.stdout)
        return
    print(f"{len(files)} files in {', '.join(sorted({file.language for file in files}))}")
    for row in rows:
        print(
            f"{row['quotes_of']!s:<22}"
            + "  ".join(f"{key} {value}" for key, value in row.items() if key != "quotes_of")
        )


if __name__ == "__main__":
    main()
