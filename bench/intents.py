"""How often is the intent right, how well is it known when it is not, and what does a message cost?

    python bench/intents.py FOLDER [--json]

FOLDER holds `banking77/` (train.csv, test.csv) and `clinc150/` (data_full.json).  What is measured is the classifier
as it is packaged: trained, written to bytes, read back.  Thresholds are chosen on validation data alone: on clinc its
own validation part, on banking the training examples in turns.  Beside it stands the baseline of always saying the
commonest intent, and the shipped classifier on messages of other trades than its examples (tests/support).

`accuracy` is over all in-scope messages of the test part; `surest_accuracy` over those whose confidence is above the
validation data's 20th percentile, and `surest_share` says how many they are; `outside_recall` is the share of messages
about something else that are seen to be, at the threshold that leaves `inside_accuracy`: in-scope messages that are
taken for in-scope and understood.
`cpu_ms_mean` is computing time alone; the other times are by the clock, with whatever else the machine does.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

from manyeyes_tools.support.classifier import Classifier
from manyeyes_tools.support.model import packaged
from manyeyes_tools.support.training import Examples, train

WRITTEN = Path(__file__).parents[1] / "tests" / "support" / "written_apart.toml"


def banking(folder: Path) -> tuple[Examples, Examples | None, Examples]:
    def read(name: str) -> Examples:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return Examples(tuple((row["text"], row["category"]) for row in csv.DictReader(file)))

    return read("train.csv"), None, read("test.csv")


def clinc(folder: Path) -> tuple[Examples, Examples | None, Examples]:
    data = json.loads((folder / "data_full.json").read_text(encoding="utf-8"))

    def part(name: str, *outside: str) -> Examples:
        return Examples(tuple(map(tuple, data[name])), tuple(text for out in outside for text, _ in data[out]))

    return part("train"), part("val", "oos_train", "oos_val"), part("test", "oos_test")


def shipped() -> tuple[Classifier, Examples]:
    groups = tomllib.loads(WRITTEN.read_text(encoding="utf-8"))
    inside = tuple((text, intent) for intent, texts in groups["intents"].items() for text in texts)
    return packaged(), Examples(inside, tuple(groups["outside"]))


def row(name: str, classifier: Classifier, test: Examples, surest_from: float) -> dict[str, object]:
    right, sure, acted, known_right, spent = 0, [], [], 0, []
    computed = time.thread_time()
    for text, intent in test.inside:
        began = time.perf_counter()
        verdict = classifier.classify(text)
        spent.append(1000 * (time.perf_counter() - began))
        ok = verdict.intent == intent
        right += ok
        known_right += ok and verdict.known >= classifier.known_at
        if verdict.confidence >= surest_from:
            sure.append(ok)
        if verdict.sure:
            acted.append(ok)
    computed = time.thread_time() - computed
    total = len(test.inside)
    commonest = Counter(intent for _, intent in test.inside).most_common(1)[0][1]
    found: dict[str, object] = {
        "data": name,
        "intents": len(classifier.intents),
        "messages": total,
        "accuracy": round(right / total, 4),
        "always_commonest": round(commonest / total, 4),
        "surest_share": round(len(sure) / total, 4),
        "surest_accuracy": round(sum(sure) / max(len(sure), 1), 4),
        "without_a_model_share": round(len(acted) / total, 4),
        "without_a_model_accuracy": round(sum(acted) / max(len(acted), 1), 4),
        "cpu_ms_mean": round(1000 * computed / total, 3),
        "ms_mean": round(statistics.fmean(spent), 3),
        "ms_p50": round(statistics.median(spent), 3),
        "ms_p99": round(statistics.quantiles(spent, n=100)[-1], 3),
        "packaged_mb": round(len(classifier.pack()) / 1e6, 3),
    }
    if test.outside:
        caught = [classifier.classify(text).known < classifier.known_at for text in test.outside]
        found |= {
            "inside_accuracy": round(known_right / total, 4),
            "outside_messages": len(caught),
            "outside_recall": round(sum(caught) / len(caught), 4),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    for name, read in (("banking77", banking), ("clinc150", clinc)):
        examples, validation, test = read(options.folder / name)
        began = time.perf_counter()
        made = train(examples, validation=validation)
        classifier = Classifier.unpack(made.pack())
        took = time.perf_counter() - began
        surest_from = classifier.measured["confidence_p20"]
        rows.append({**row(name, classifier, test, surest_from), "train_s": round(took, 1)})
    classifier, test = shipped()
    rows.append(row("shipped", classifier, test, classifier.measured["confidence_p20"]))
    if options.json:
        print(json.dumps(rows))
        return
    for one in rows:
        print("  ".join(f"{key} {value}" for key, value in one.items()))


if __name__ == "__main__":
    sys.exit(main())
